//! Deployments that stand a new set of tasks beside the old one and move requests over
//! (ECS Developer Guide, "Amazon ECS blue/green service deployments workflow").

use std::time::Duration;

use super::{
    outside, rollout,
    scheduler::{self, RESTLESS, View, count, rang},
    state::{
        LoadBalancer, Revision, Rollout, Service, ServiceDeployment, Stage, StopCode, Strategy,
    },
    task_life,
};
use crate::world::World;

/// How long ECS tries again with a role it cannot use: IAM may not have told it yet.
const ROLE_PATIENCE: Duration = Duration::from_mins(1);

/// The sum of the weights of a rule's two groups.
const WHOLE: u32 = 100;

/// Says whether a deployment moves requests at present. One that goes back is an ordinary one.
pub(super) fn is_under_way(service: &Service) -> bool {
    service.status == "ACTIVE" && open(service).is_some()
}

fn open(service: &Service) -> Option<&ServiceDeployment> {
    let fits =
        |it: &&ServiceDeployment| !it.is_over() && it.rollback.is_none() && it.stage.is_some();
    service.history.iter().find(fits)
}

fn open_mut(service: &mut Service) -> Option<&mut ServiceDeployment> {
    service.history.iter_mut().find(|it| !it.is_over() && it.rollback.is_none())
}

/// Returns the target groups that the tasks of a new revision go to: those that get no requests, if
/// something serves already and the strategy moves them.
pub(super) fn groups(service: &Service, new: &Revision) -> Vec<String> {
    let serving = serving(service);
    let shifts = service.configuration.strategy != Strategy::Rolling;
    let choose = |(entry, balancer): (usize, &LoadBalancer)| {
        let own = &balancer.target_group;
        let Some(advanced) = &balancer.advanced else { return own.clone() };
        let serves = serving.and_then(|revision| revision.group(entry));
        match serves {
            Some(serves) if *serves == advanced.alternate && !shifts => serves.clone(),
            Some(serves) if serves == own && shifts => advanced.alternate.clone(),
            _ => own.clone(),
        }
    };
    new.balancers.iter().enumerate().map(choose).collect()
}

/// Returns the revision that last succeeded.
fn serving(service: &Service) -> Option<&Revision> {
    service.completed.as_ref().and_then(|done| service.revision(&done.revision))
}

/// Looks at a service whose deployment moves requests, and does what is to be done now.
pub(super) fn round(world: &mut World, region: &str, service: &mut Service) {
    let tasks = scheduler::views(world, region, service);
    let Some(green) = service.deployments.first().map(|it| it.id.clone()) else { return };
    let blue = service.completed.as_ref().map(|it| it.id.clone()).filter(|id| *id != green);
    let others: Vec<&View> = tasks.iter().filter(|it| it.deployment != green).collect();
    service.deployments.retain(|it| {
        it.id == green
            || Some(&it.id) == blue.as_ref()
            || others.iter().any(|task| task.deployment == it.id)
    });
    if !has_failed(world, region, service) {
        let own: Vec<&View> = tasks.iter().filter(|it| it.deployment == green).collect();
        advance(world, region, service, (&own, &others), blue.as_deref());
    }
    rollout::look_again(world, region, service, RESTLESS);
}

/// Ends the deployment if alarms went off or too many tasks failed.
fn has_failed(world: &mut World, region: &str, service: &mut Service) -> bool {
    let watched = service.configuration.watched();
    let rang = rang(world, region, service, &watched);
    let breaker = &service.configuration.breaker;
    let failures = service.deployments.first().map_or(0, |it| it.failures);
    if !rang.is_empty() {
        rollout::alarmed(world, service, &rang);
    } else if breaker.enable && failures >= breaker.limit(service.desired) {
        rollout::give_up(world, service);
    } else {
        return false;
    }
    true
}

fn advance(
    world: &mut World,
    region: &str,
    service: &mut Service,
    (own, others): (&[&View], &[&View]),
    blue: Option<&str>,
) {
    let Some((stage, since)) = open(service).and_then(|record| record.stage) else { return };
    let stayed = world.now.since(since);
    let minutes = |minutes: i64| Duration::from_mins(u64::try_from(minutes).unwrap_or(0));
    if stage != Stage::Reconcile {
        let need = service.desired - count(own.iter().filter(|task| task.wanted));
        if need > 0 && world.now >= service.throttled_until {
            scheduler::launch(world, region, service, need);
        }
    }
    match stage {
        Stage::Reconcile => {
            match unfit(world, region, service) {
                Some(Unfit::Role(_)) if stayed < ROLE_PATIENCE => return,
                Some(Unfit::Role(reason) | Unfit::Rule(reason)) => {
                    return fail(world, service, &reason);
                }
                None => {}
            }
            let left: Vec<&View> =
                others.iter().copied().filter(|it| Some(it.deployment.as_str()) != blue).collect();
            stop(world, region, service, &left);
            if left.is_empty() {
                enter(world, service, Stage::ScaleUp);
            }
        }
        Stage::ScaleUp => {
            let healthy = count(own.iter().filter(|task| task.healthy));
            if healthy >= service.desired {
                let first = blue.is_none();
                enter(world, service, if first { Stage::CleanUp } else { Stage::Shift });
                if !first {
                    shift(world, region, service);
                }
            }
        }
        Stage::Shift => {
            let step = match service.configuration.strategy {
                Strategy::Linear(steps) | Strategy::Canary(steps) => minutes(steps.bake),
                Strategy::BlueGreen | Strategy::Rolling => Duration::ZERO,
            };
            let moved = open(service).map_or(0.0, |record| record.shifted);
            if moved >= 100.0 {
                enter(world, service, Stage::Bake);
            } else if stayed >= step {
                enter(world, service, Stage::Shift);
                shift(world, region, service);
            }
        }
        Stage::Bake => {
            if stayed >= minutes(service.configuration.bake) {
                enter(world, service, Stage::CleanUp);
            }
        }
        Stage::CleanUp => {
            stop(world, region, service, others);
            if others.is_empty() {
                rollout::complete(world, service);
            }
        }
    }
}

fn enter(world: &World, service: &mut Service, stage: Stage) {
    let now = world.now;
    if let Some(record) = open_mut(service) {
        record.stage = Some((stage, now));
        record.updated = now;
    }
}

/// Moves the next part of the requests.
fn shift(world: &mut World, region: &str, service: &mut Service) {
    let strategy = service.configuration.strategy;
    let Some(record) = open_mut(service) else { return };
    record.shifted = match strategy {
        Strategy::Linear(steps) => (record.shifted + steps.percent).min(100.0),
        Strategy::Canary(steps) if record.shifted == 0.0 => steps.percent,
        _ => 100.0,
    };
    let (moved, target) = (record.shifted, record.target.clone());
    // Weights are whole: a part below one percent is one.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 100"
    )]
    let weight = (moved.round() as u32).clamp(1, WHOLE);
    let Some(new) = service.revision(&target).cloned() else { return };
    weigh(world, region, &new, weight);
}

/// Gives the groups of a revision this much of the requests, and the groups opposite the rest.
fn weigh(world: &mut World, region: &str, revision: &Revision, weight: u32) {
    for (entry, balancer) in revision.balancers.iter().enumerate() {
        let (Some(advanced), Some(own)) = (&balancer.advanced, revision.group(entry)) else {
            continue;
        };
        let own_is_first = *own == balancer.target_group;
        let other = if own_is_first { &advanced.alternate } else { &balancer.target_group };
        let weights = [(own.clone(), weight), (other.clone(), WHOLE - weight)];
        world.weigh(region, &advanced.rule, &weights);
    }
}

/// Sends all requests back to the tasks of a revision that a deployment goes back to.
pub(super) fn back(world: &mut World, service: &Service, revision: &str) {
    let moved = service.history.iter().any(|it| !it.is_over() && it.shifted > 0.0);
    let region = service.arn.split(':').nth(3).unwrap_or_default().to_owned();
    if let (true, Some(revision)) = (moved, service.revision(revision)) {
        weigh(world, &region, revision, WHOLE);
    }
}

/// Why a deployment cannot move requests.
enum Unfit {
    Rule(String),
    Role(String),
}

/// Says what keeps the deployment from moving requests.
fn unfit(world: &mut World, region: &str, service: &Service) -> Option<Unfit> {
    let first = serving(service).is_none();
    let new = service.current()?;
    new.balancers.iter().enumerate().find_map(|(entry, balancer)| {
        let advanced = balancer.advanced.as_ref()?;
        let (arn, new) = (&advanced.rule, new.group(entry)?);
        let wrong = |text: String| Some(Unfit::Rule(format!("invalid networking configuration{text}")));
        let Some(rule) = world.forward_rule(region, arn) else {
            return wrong(format!(". productionListenerRule {arn} should only have a forward action."));
        };
        if !outside::may_change(world, &advanced.role, &rule) {
            return Some(Unfit::Role(format!(
                "invalid networking configuration. ECS was unable to manage the ELB resources due to \
                 missing permissions on ECS Infrastructure Role '{}'.",
                advanced.role
            )));
        }
        for group in [&balancer.target_group, &advanced.alternate] {
            if !rule.groups.iter().any(|(named, _)| named == group) {
                return wrong(format!(
                    ": Target group {group} is not associated with either productionListenerRule or \
                     testListenerRule."
                ));
            }
        }
        let serving: Vec<&String> =
            rule.groups.iter().filter(|(_, weight)| *weight > 0).map(|(arn, _)| arn).collect();
        match serving.as_slice() {
            [only] if first == (*only == new) => None,
            [only] => wrong(format!(
                ". Production listener rule is forwarding traffic to unexpected target group {only}"
            )),
            several => wrong(format!(
                ". productionListenerRule {arn} should have exactly one target group serving traffic \
                 but found {} target groups which are serving traffic",
                several.len()
            )),
        }
    })
}

/// Gives a deployment up that cannot move requests.
fn fail(world: &mut World, service: &mut Service, reason: &str) {
    let now = world.now;
    let Some(primary) = service.deployments.first_mut() else { return };
    let words = format!("Service deployment rolled back because of {reason}");
    primary.rollout = Rollout::Failed;
    primary.reason.clone_from(&words);
    primary.updated = now;
    let id = primary.id.clone();
    rollout::event(world, service, &format!("(deployment {id}) deployment failed: {reason}"), true);
    rollout::roll_back(world, service, &words);
}

fn stop(world: &mut World, region: &str, service: &mut Service, tasks: &[&View]) {
    let Some(primary) = service.deployments.first().map(|it| it.id.clone()) else { return };
    let reason = format!("Scaling activity initiated by (deployment {primary})");
    let ids: Vec<&str> =
        tasks.iter().filter(|task| task.wanted).map(|task| task.id.as_str()).collect();
    for id in &ids {
        task_life::stop(world, region, id, StopCode::ServiceSchedulerInitiated, &reason);
    }
    let balanced = service.current().is_some_and(|revision| !revision.balancers.is_empty());
    scheduler::farewell(world, service, &ids, balanced);
}
