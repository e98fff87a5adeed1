//! What must hold after a run, whatever happened before and during it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use wharf_sandbox::SimTime;
use wharf_sandbox::services::elbv2::state::{Deed, Elbv2State, TargetGroup};

use crate::account::{Inventory, inventory, is_history, kind_of, text};
use crate::judge::Trial;
use crate::spec::{APP, REGION, Spec};

/// What AWS may refuse even when nothing goes wrong, because it takes a while to let go or to know: ACM holds a
/// certificate to be in use for minutes after its last listener went (whether one is, `needed.rs` looks), and a
/// role that was just made is not known everywhere yet.
const PATIENCE: &[&str] =
    &["acm/certificate-unused", "ecs/role-assumable", "scheduler/role-assumable"];
/// What stands in the tag `wharf:spec` of a service in place of a hash, as long as its rollout is not through.
const NO_HASH: &[&str] = &["unfinished", "rolled back", "failed"];

impl Trial<'_> {
    /// Where nothing goes wrong, AWS refuses nothing: every call comes when it can be carried out.
    pub(crate) fn check_order(&self, from: usize) -> Result<(), String> {
        self.watch.checked("nothing refused in calm weather");
        let calls = self.sandbox.calls();
        let refused = calls[from..]
            .iter()
            .find(|call| call.mutating && call.rule.is_some_and(|rule| !PATIENCE.contains(&rule)));
        refused.map_or(Ok(()), |call| {
            let rule = call.rule.unwrap_or_default();
            Err(format!("{} at {} came too early: {rule}", call.operation, call.at))
        })
    }

    /// Nothing is ever made twice, whatever answers are lost.
    pub(crate) fn check_once(&self, now: &Inventory) -> Result<(), String> {
        self.watch.checked("nothing is there twice");
        crate::ends::check_one_at_a_time(&self.sandbox)?;
        let mut seen: BTreeMap<(String, String), String> = BTreeMap::new();
        for (path, thing) in now {
            let tags = &thing["tags"];
            let (address, hash) = (text(&tags["wharf:resource"]), text(&tags["wharf:spec"]));
            if address.is_empty()
                || ["ecs/revisions", "ecs/tasks"].contains(&kind_of(path))
                || self.foreign.contains_key(path)
                || is_history(path, thing)
            {
                continue;
            }
            let hash = match hash {
                // The old service and the new one of a replacement may both stand with their rollout open.
                word if NO_HASH.contains(&word) => {
                    format!("{word} {}", thing["request"]["loadBalancers"])
                }
                hash => hash.to_owned(),
            };
            let key = (address.to_owned(), hash);
            if let Some(other) = seen.insert(key, path.clone()) {
                return Err(format!("{address} was made twice: {other} and {path}"));
            }
        }
        Ok(())
    }

    pub(crate) fn check_availability(&self, since: SimTime) -> Result<(), String> {
        self.watch.checked("no downtime where none was planned");
        let silent = {
            let mut seen = self.watch.lock();
            seen.answering.clear();
            std::mem::take(&mut seen.silent)
        };
        if self.watch.lock().outage_planned {
            return Ok(());
        }
        if !silent.is_empty() {
            return Err(format!("no downtime was promised, and yet: {}", silent.join(", ")));
        }
        let gaps: Vec<String> = self
            .sandbox
            .availability()
            .into_iter()
            .filter(|gap| gap.from >= since)
            .map(|gap| format!("{gap:?}"))
            .collect();
        if gaps.is_empty() {
            return Ok(());
        }
        Err(format!("no downtime was promised, and yet:\n  {}", gaps.join("\n  ")))
    }

    pub(crate) fn check_foreign(&self) -> Result<(), String> {
        self.check_foreign_in(&inventory(&self.sandbox))
    }

    pub(crate) fn check_foreign_in(&self, now: &Inventory) -> Result<(), String> {
        self.watch.checked("what is foreign is as it was");
        for (path, thing) in &self.foreign {
            if now.get(path) != Some(thing) {
                let other = now.get(path).map_or("gone".to_owned(), ToString::to_string);
                return Err(format!("foreign {path} was {thing} and is {other}"));
            }
        }
        Ok(())
    }

    /// Everything is there once, whole, and ours by its tags.
    pub(crate) async fn check_applied(&mut self, spec: &Spec) -> Result<(), String> {
        self.watch.checked("all is there once, whole, and runs");
        self.sandbox.stop_intercepting();
        if !self.case.edits.is_empty() || self.case.meanwhile.is_some() {
            // What was put back takes some checks to be known as healthy, and what somebody asked for, such as
            // one task more, a while to be there.
            tokio::time::sleep(Duration::from_mins(2)).await;
        }
        let addresses: BTreeSet<String> =
            Box::pin(self.process(spec).addresses()).await.into_iter().collect();
        self.calm();
        let now = inventory(&self.sandbox);
        let mut at: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (path, thing) in &now {
            if self.foreign.contains_key(path) || is_history(path, thing) {
                continue;
            }
            match kind_of(path) {
                // Parts of something else, and what AWS makes by itself.
                "ec2/interfaces"
                | "ec2/rules"
                | "ecs/tasks"
                | "route53/records"
                | "scheduler/schedules" => {}
                "autoscaling/targets" => check_range(path, thing, &now, &addresses)?,
                "ssm/parameters" => return Err(format!("the lease {path} stayed behind")),
                kind => {
                    let tags = &thing["tags"];
                    let address = text(&tags["wharf:resource"]);
                    if self.is_shared(kind) && text(&tags["wharf:app"]) == APP {
                        continue;
                    }
                    if text(&tags["wharf:app"]) != APP || !addresses.contains(address) {
                        return Err(format!("{path} is an orphan: {tags}"));
                    }
                    // What drains goes by itself, and nobody has to wait for it.
                    if kind != "ecs/revisions" && thing["status"] != "DRAINING" {
                        at.entry(address.to_owned()).or_default().push(path.clone());
                    }
                }
            }
        }
        if let Some((address, paths)) = at.iter().find(|(_, paths)| paths.len() > 1) {
            return Err(format!("{address} exists more than once: {}", paths.join(", ")));
        }
        self.check_foreign()?;
        spec.ends.check(&self.sandbox)?;
        self.check_running(spec)
    }

    pub(crate) fn check_running(&self, spec: &Spec) -> Result<(), String> {
        self.sandbox.with_world(|world| {
            let region = world.region(REGION);
            let ecs = &region.ecs;
            for (name, wanted) in &spec.services {
                let address = format!("service.{name}");
                let found = ecs.services.iter().find(|(_, service)| {
                    service.status == "ACTIVE"
                        && service.tags.get("wharf:resource") == Some(&address)
                        && service.tags.get("wharf:app").is_some_and(|app| app == APP)
                });
                let Some((key, _)) = found else { return Err(format!("{address} does not exist")) };
                let running =
                    ecs.tasks_of(key).iter().filter(|it| it.last_status == "RUNNING").count();
                if running < wanted.fewest() as usize {
                    return Err(format!("{address} runs {running} tasks of {}", wanted.fewest()));
                }
                if wanted.port.is_none() {
                    continue;
                }
                // Where requests move between two groups, either may have the tasks.
                let own = ["", "/alternate"].map(|role| format!("target_group.{name}{role}"));
                let groups = region.elbv2.target_groups.values().filter(|group| {
                    group.tags.get("wharf:resource").is_some_and(|address| own.contains(address))
                        && group.tags.get("wharf:app").is_some_and(|app| app == APP)
                });
                let groups: Vec<&TargetGroup> = groups.collect();
                if !groups.iter().any(|group| group.has_healthy()) {
                    return Err(format!("{address} has no healthy target"));
                }
                let asked = |group: &&TargetGroup| gets_requests(&region.elbv2, &group.arn);
                if let Some(empty) = groups.into_iter().filter(asked).find(|it| !it.has_healthy()) {
                    let arn = &empty.arn;
                    return Err(format!(
                        "requests of {address} go to {arn}, which has no healthy target"
                    ));
                }
            }
            Ok(())
        })
    }

    pub(crate) async fn check_destroyed(&mut self) -> Result<(), String> {
        self.watch.checked("nothing is left after a destroy");
        tokio::time::sleep(Duration::from_mins(5)).await;
        self.check_foreign()?;
        for (path, thing) in inventory(&self.sandbox) {
            if !self.is_shared(kind_of(&path))
                && !self.foreign.contains_key(&path)
                && !is_history(&path, &thing)
            {
                return Err(format!("{path} is left after destroy: {thing}"));
            }
        }
        self.right()
    }

    /// Repositories belong to the app: one that this environment no longer needs goes with the last.
    fn is_shared(&self, kind: &str) -> bool {
        self.case.other_env && kind == "ecr/repositories"
    }
}

/// What scales a service has no tags: it is ours by the service it scales.
fn check_range(
    path: &str,
    target: &Value,
    now: &Inventory,
    addresses: &BTreeSet<String>,
) -> Result<(), String> {
    let key = path.strip_prefix("autoscaling/targets/service/").unwrap_or(path);
    let service = now.get(&format!("ecs/services/{key}")).unwrap_or(&Value::Null);
    let name = text(&service["tags"]["wharf:resource"]).trim_start_matches("service.");
    if service["status"] != "ACTIVE" || !addresses.contains(&format!("scalable_target.{name}")) {
        return Err(format!("{path} is an orphan, of {}", service["status"]));
    }
    for (kind, part) in [("scaling_policy", "policies"), ("scheduled_action", "actions")] {
        let start = format!("{kind}.{name}:");
        let wanted = addresses.iter().filter(|address| address.starts_with(&start)).count();
        let there = target[part].as_object().map_or(0, serde_json::Map::len);
        if wanted != there {
            return Err(format!("{path} has {there} {part}, and the spec asks for {wanted}"));
        }
    }
    Ok(())
}

/// Leaves out what lives by itself.
pub(crate) fn settled(mut all: Inventory) -> Inventory {
    let lives =
        ["ecs/services", "ecs/tasks", "elbv2/target_groups", "ec2/interfaces", "ec2/subnets"];
    all.retain(|path, _| !lives.contains(&kind_of(path)));
    all
}

pub(crate) fn same(before: &Inventory, after: &Inventory, when: &str) -> Result<(), String> {
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for path in paths {
        if before.get(path) != after.get(path) {
            return Err(format!(
                "{path} changed {when}: {:?} to {:?}",
                before.get(path),
                after.get(path)
            ));
        }
    }
    Ok(())
}

/// Says whether a listener or a rule gives a target group a share of the requests.
fn gets_requests(elb: &Elbv2State, group: &str) -> bool {
    let defaults = elb.listeners.values().flat_map(|listener| &listener.actions);
    let rules = elb.rules.values().flat_map(|rule| &rule.actions);
    defaults.chain(rules).any(|action| match &action.what {
        Deed::Forward { groups, .. } => {
            groups.iter().any(|(arn, weight)| arn == group && *weight > 0)
        }
        _ => false,
    })
}
