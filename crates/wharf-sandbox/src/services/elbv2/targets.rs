//! Targets: how they come, are checked, and go. Also what ECS asks of target groups.

use std::time::Duration;

use super::{
    availability,
    probe::{self, Verdict},
    state::{Elbv2Event, Health, RegisteredTarget, TargetApp, TargetGroup, TargetState},
};
use crate::world::{Event, World};

impl World {
    /// Finds a target group.
    pub fn target_group(&self, region: &str, arn: &str) -> Option<&TargetGroup> {
        self.regions.get(region)?.elbv2.target_groups.get(arn)
    }

    /// Returns the ARN of the balancer whose listeners or rules use a target group.
    pub fn balancer_of_target_group(&self, region: &str, arn: &str) -> Option<String> {
        let balancer = self.regions.get(region)?.elbv2.balancer_of(arn)?;
        Some(balancer.arn.clone())
    }

    /// Registers a target with the application behind it, as ECS does for a task; a target that
    /// was draining begins anew. Returns false if there is no such target group.
    pub fn register_target(
        &mut self,
        region: &str,
        group: &str,
        ip: &str,
        port: u16,
        app: TargetApp,
    ) -> bool {
        self.add_target(region, group, ip, port, Some(app))
    }

    /// Registers a target; nothing answers there without an application.
    pub(super) fn add_target(
        &mut self,
        region: &str,
        group: &str,
        ip: &str,
        port: u16,
        app: Option<TargetApp>,
    ) -> bool {
        let key = key(ip, port);
        let Some(found) = self.region(region).elbv2.target_groups.get_mut(group) else {
            return false;
        };
        let before = found.targets.get_mut(&key);
        if let Some(target) = before.filter(|it| it.health.state != TargetState::Draining) {
            if app.is_some() {
                target.app = app;
            }
        } else {
            let target = RegisteredTarget {
                ip: ip.to_owned(),
                port,
                health: registering(),
                app,
                successes: 0,
                failures: 0,
                serial: 0,
                asleep: true,
            };
            found.targets.insert(key, target);
        }
        self.targets_changed(region);
        true
    }

    /// Begins to drain a target, as ECS does before it stops a task: the target is gone after the
    /// group's deregistration delay, or at once if no balancer uses the group.
    pub fn deregister_target(&mut self, region: &str, group: &str, ip: &str, port: u16) {
        let key = key(ip, port);
        let elb = &mut self.region(region).elbv2;
        let used = elb.balancer_of(group).is_some();
        elb.serial += 1;
        let serial = elb.serial;
        let Some(found) = elb.target_groups.get_mut(group) else { return };
        let delay = found.drain_seconds();
        let Some(target) = found.targets.get_mut(&key) else { return };
        if target.health.state == TargetState::Draining {
            return;
        }
        if !used || delay == 0 {
            found.targets.remove(&key);
        } else {
            target.health = health(
                TargetState::Draining,
                "Target.DeregistrationInProgress",
                "Target deregistration is in progress",
            );
            (target.serial, target.asleep) = (serial, true);
            let event = Elbv2Event::Drained { group: group.to_owned(), target: key, serial };
            self.schedule(Duration::from_secs(delay), region, Event::Elbv2(event));
        }
        self.targets_changed(region);
    }

    /// Says that nothing answers at an address any more: its task has stopped.
    pub fn target_app_stopped(&mut self, region: &str, ip: &str) {
        let groups = self.region(region).elbv2.target_groups.values_mut();
        for target in groups.flat_map(|group| group.targets.values_mut()) {
            if target.ip == ip {
                target.app = None;
            }
        }
        self.targets_changed(region);
    }

    /// Returns how a target is, `None` if it is not registered. Of several ports, one that is not
    /// draining wins.
    pub fn target_health(&self, region: &str, group: &str, ip: &str) -> Option<Health> {
        let targets = || self.target_group(region, group).into_iter().flat_map(|it| &it.targets);
        let mut found: Vec<&Health> =
            targets().filter(|(_, it)| it.ip == ip).map(|(_, it)| &it.health).collect();
        found.sort_by_key(|health| health.state == TargetState::Draining);
        found.first().map(|health| (*health).clone())
    }

    /// Looks again at which targets are used at all and schedules checks where something may have
    /// changed. To be called after any change of listeners, rules, balancers, target groups,
    /// security groups, interfaces, or of an application behind a target.
    pub fn targets_changed(&mut self, region: &str) {
        let keys = self.target_keys(region);
        for (group, key) in keys {
            let use_now = probe::use_of(self, region, &group, &key);
            let elb = &mut self.region(region).elbv2;
            let Some(found) = elb.target_groups.get_mut(&group) else { continue };
            let interval = Duration::from_secs(found.check.interval.into());
            let Some(target) = found.targets.get_mut(&key) else { continue };
            if target.health.state == TargetState::Draining {
                continue;
            }
            if let Err(unused) = use_now {
                target.health = unused;
                (target.successes, target.failures) = (0, 0);
                (target.serial, target.asleep) = (0, true);
                continue;
            }
            if target.health.state == TargetState::Unused {
                target.health = registering();
            }
            if target.asleep {
                self.schedule_check(interval, region, &group, &key);
            }
        }
        self.record_availability(region);
    }

    fn target_keys(&mut self, region: &str) -> Vec<(String, String)> {
        let groups = self.region(region).elbv2.target_groups.values();
        groups
            .flat_map(|group| group.targets.keys().map(|key| (group.arn.clone(), key.clone())))
            .collect()
    }

    fn schedule_check(&mut self, after: Duration, region: &str, group: &str, key: &str) {
        let elb = &mut self.region(region).elbv2;
        elb.serial += 1;
        let serial = elb.serial;
        let target = elb.target_groups.get_mut(group).and_then(|it| it.targets.get_mut(key));
        let Some(target) = target else { return };
        (target.serial, target.asleep) = (serial, false);
        let (group, target) = (group.to_owned(), key.to_owned());
        self.schedule(after, region, Event::Elbv2(Elbv2Event::Check { group, target, serial }));
    }

    fn record_availability(&mut self, region: &str) {
        let now = self.now;
        availability::record(&mut self.region(region).elbv2, now);
    }
}

/// A target has drained.
pub(super) fn drained(world: &mut World, region: &str, group: &str, key: &str, serial: u64) {
    let elb = &mut world.region(region).elbv2;
    let Some(found) = elb.target_groups.get_mut(group) else { return };
    if found.targets.get(key).is_some_and(|target| target.serial == serial) {
        found.targets.remove(key);
    }
    world.record_availability(region);
}

/// Checks a target once (ALB guide, "Health checks for target groups"): the first success makes a
/// new target healthy, later changes take as many checks in a row as the thresholds say.
pub(super) fn check(world: &mut World, region: &str, group: &str, key: &str, serial: u64) {
    let current = world.target_group(region, group).and_then(|it| it.targets.get(key));
    if current.is_none_or(|target| target.serial != serial) {
        return;
    }
    let verdict = probe::probe(world, region, group, key);
    let elb = &mut world.region(region).elbv2;
    let Some(found) = elb.target_groups.get_mut(group) else { return };
    let check = found.check.clone();
    let Some(target) = found.targets.get_mut(key) else { return };
    let before = target.health.state;
    let settled = match verdict {
        Verdict::Success => {
            (target.successes, target.failures) = (target.successes.saturating_add(1), 0);
            if before == TargetState::Initial || target.successes >= check.healthy {
                target.health = health(TargetState::Healthy, "", "");
            }
            target.health.state == TargetState::Healthy
        }
        Verdict::Failure { reason, description, lasting } => {
            (target.successes, target.failures) = (0, target.failures.saturating_add(1));
            let ill = target.failures >= check.unhealthy;
            if ill {
                target.health = health(TargetState::Unhealthy, &reason, &description);
            } else if before == TargetState::Initial {
                target.health = initial_checks();
            }
            ill && lasting
        }
    };
    if settled {
        target.asleep = true;
    } else {
        let interval = Duration::from_secs(check.interval.into());
        world.schedule_check(interval, region, group, key);
    }
    world.record_availability(region);
}

/// The key of a target in its group.
pub(super) fn key(ip: &str, port: u16) -> String {
    format!("{ip}:{port}")
}

/// Makes a health.
pub(super) fn health(state: TargetState, reason: &str, description: &str) -> Health {
    Health { state, reason: reason.to_owned(), description: description.to_owned() }
}

fn registering() -> Health {
    let text = "Target registration is in progress";
    health(TargetState::Initial, "Elb.RegistrationInProgress", text)
}

fn initial_checks() -> Health {
    let text = "Initial health checks in progress";
    health(TargetState::Initial, "Elb.InitialHealthChecking", text)
}
