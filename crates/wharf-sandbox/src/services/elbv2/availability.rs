//! A record of the moments in which clients of a balancer found nobody healthy.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::state::{Action, Elbv2State};
use crate::{sandbox::Sandbox, time::SimTime, world::World};

/// A time in which requests on a route failed, after the route had worked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The ARN of the target group that should have answered.
    pub target_group: String,
    /// The route: balancer, port and conditions.
    pub route: String,
    /// What was wrong.
    pub kind: GapKind,
    /// When it began.
    pub from: SimTime,
    /// When it ended; `None` if it goes on.
    pub to: Option<SimTime>,
}

/// What was wrong in a [`Gap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GapKind {
    /// A target group that gets some of the traffic had no healthy target.
    NoHealthyTarget,
    /// The listener or rule was away (or did something else) and came back later.
    RouteMissing,
}

/// The record of a region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Ledger {
    routes: BTreeMap<String, Route>,
    gaps: Vec<Gap>,
}

/// One route: what a client sees under a balancer's port and conditions, whatever rule serves it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Route {
    /// Whether it has worked.
    worked: bool,
    /// The target groups it led to.
    groups: BTreeSet<String>,
    /// The groups without a healthy target, each since when.
    broken: BTreeMap<String, SimTime>,
    /// Since when there is no such route.
    missing: Option<SimTime>,
}

impl Sandbox {
    /// Returns the gaps in the availability of every route so far, in order of their ends.
    ///
    /// A route counts from the moment when all target groups with a weight above zero have had a
    /// healthy target at once. Draining targets do not count as healthy. A route that disappears
    /// for good leaves no gap.
    pub fn availability(&self) -> Vec<Gap> {
        self.with_world(|world| world.availability())
    }
}

impl World {
    /// As [`Sandbox::availability`].
    pub fn availability(&self) -> Vec<Gap> {
        let ledgers = || self.regions.values().map(|region| &region.elbv2.ledger);
        let mut gaps: Vec<Gap> = ledgers().flat_map(|ledger| ledger.gaps.clone()).collect();
        for (name, route) in ledgers().flat_map(|ledger| &ledger.routes) {
            gaps.extend(route.broken.iter().map(|(group, from)| Gap {
                target_group: group.clone(),
                route: name.clone(),
                kind: GapKind::NoHealthyTarget,
                from: *from,
                to: None,
            }));
        }
        gaps
    }
}

/// Writes down how the routes of a region are now; called after everything that may change them.
pub(super) fn record(elb: &mut Elbv2State, now: SimTime) {
    let routes = routes(elb);
    let healthy: BTreeSet<&String> =
        elb.target_groups.values().filter(|it| it.has_healthy()).map(|it| &it.arn).collect();
    let ledger = &mut elb.ledger;
    for (name, groups) in &routes {
        let route = ledger.routes.entry(name.clone()).or_default();
        if let Some(since) = route.missing.take() {
            for group in &route.groups {
                note(&mut ledger.gaps, name, group, GapKind::RouteMissing, since, now);
            }
        }
        route.groups.clone_from(groups);
        let ill: BTreeSet<&String> = groups.iter().filter(|it| !healthy.contains(it)).collect();
        route.broken.retain(|group, since| {
            let still = ill.contains(group);
            if !still {
                note(&mut ledger.gaps, name, group, GapKind::NoHealthyTarget, *since, now);
            }
            still
        });
        route.worked |= ill.is_empty();
        if route.worked {
            for group in ill {
                route.broken.entry(group.clone()).or_insert(now);
            }
        }
    }
    ledger.routes.retain(|name, route| {
        if routes.contains_key(name) {
            return true;
        }
        for (group, since) in std::mem::take(&mut route.broken) {
            note(&mut ledger.gaps, name, &group, GapKind::NoHealthyTarget, since, now);
        }
        route.missing.get_or_insert(now);
        route.worked
    });
}

fn note(gaps: &mut Vec<Gap>, route: &str, group: &str, kind: GapKind, from: SimTime, now: SimTime) {
    if from < now {
        let (target_group, route) = (group.to_owned(), route.to_owned());
        gaps.push(Gap { target_group, route, kind, from, to: Some(now) });
    }
}

/// Lists the routes that forward, each with the target groups that get traffic.
fn routes(elb: &Elbv2State) -> BTreeMap<String, BTreeSet<String>> {
    let mut routes = BTreeMap::new();
    let mut add = |listener: &str, conditions: String, actions: &[Action]| {
        let Some(listener) = elb.listeners.get(listener) else { return };
        let groups = actions.iter().flat_map(Action::groups);
        let groups: BTreeSet<String> =
            groups.filter(|(_, weight)| *weight > 0).map(|(arn, _)| arn.clone()).collect();
        if !groups.is_empty() {
            let name = format!("{} :{} {conditions}", listener.balancer, listener.port);
            routes.insert(name, groups);
        }
    };
    for listener in elb.listeners.values() {
        add(&listener.arn, "default".to_owned(), &listener.actions);
    }
    for rule in elb.rules.values() {
        let mut conditions: Vec<String> = rule.conditions.iter().map(ToString::to_string).collect();
        conditions.sort();
        add(&rule.listener, conditions.join(" "), &rule.actions);
    }
    routes
}
