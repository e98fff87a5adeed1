//! The state of Elastic Load Balancing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::availability::Ledger;
use crate::{image::App, tags::Tags, time::SimTime};

/// Everything Elastic Load Balancing knows in one region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Elbv2State {
    /// Load balancers by ARN.
    pub balancers: BTreeMap<String, Balancer>,
    /// Target groups by ARN.
    pub target_groups: BTreeMap<String, TargetGroup>,
    /// Listeners by ARN.
    pub listeners: BTreeMap<String, Listener>,
    /// Rules by ARN, without the listeners' default rules.
    pub rules: BTreeMap<String, Rule>,
    /// When routes had no healthy target.
    pub ledger: Ledger,
    /// Counts the events scheduled for targets, so that old ones are known as such.
    pub serial: u64,
}

/// An application load balancer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Balancer {
    /// Its ARN.
    pub arn: String,
    /// `app/<name>/<id>`, the end of its ARN.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Its DNS name.
    pub dns_name: String,
    /// The id of the hosted zone its DNS name is in.
    pub zone_id: String,
    /// `internet-facing` or `internal`.
    pub scheme: String,
    /// Its VPC.
    pub vpc: String,
    /// Its subnets, each with the network interface of the node there.
    pub subnets: BTreeMap<String, String>,
    /// Its security groups.
    pub groups: Vec<String>,
    /// `ipv4` or `dualstack`.
    pub ip_address_type: String,
    /// Whether it has been provisioned.
    pub active: bool,
    /// When it was made.
    pub created: SimTime,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
    /// Its tags.
    pub tags: Tags,
}

/// A target group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TargetGroup {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// `HTTP` or `HTTPS`.
    pub protocol: String,
    /// `HTTP1`, `HTTP2` or `GRPC`.
    pub protocol_version: String,
    /// The port of targets that do not say theirs.
    pub port: u16,
    /// Its VPC.
    pub vpc: String,
    /// `ip` or `instance`.
    pub target_type: String,
    /// `ipv4` or `ipv6`.
    pub ip_address_type: String,
    /// How its targets are checked.
    pub check: HealthCheck,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
    /// Its tags.
    pub tags: Tags,
    /// Its targets by `address:port`.
    pub targets: BTreeMap<String, RegisteredTarget>,
}

/// How targets are checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// `HTTP` or `HTTPS`.
    pub protocol: String,
    /// A port, or `traffic-port`.
    pub port: String,
    /// The path that is asked for.
    pub path: String,
    /// Seconds between checks.
    pub interval: u32,
    /// Seconds until a check has failed.
    pub timeout: u32,
    /// Successes until an unhealthy target is healthy again.
    pub healthy: u32,
    /// Failures until a target is unhealthy.
    pub unhealthy: u32,
    /// The codes that count as success, such as `200-299,302`.
    pub matcher: String,
}

/// A target in a group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RegisteredTarget {
    /// Its address.
    pub ip: String,
    /// Its port.
    pub port: u16,
    /// How it is.
    pub health: Health,
    /// What runs there; nothing answers without it.
    pub app: Option<TargetApp>,
    /// Checks in a row that succeeded.
    pub successes: u32,
    /// Checks in a row that failed.
    pub failures: u32,
    /// The number of the event that is scheduled for it; others are out of date.
    pub serial: u64,
    /// Whether its health can only change when something else does, so that no check is scheduled.
    pub asleep: bool,
}

/// How a target is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// The state.
    pub state: TargetState,
    /// The code of the reason; empty for healthy targets.
    pub reason: String,
    /// The reason in words; empty for healthy targets.
    pub description: String,
}

/// The states of a target (ELB API reference, `TargetHealth`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TargetState {
    /// Registered, not yet known.
    Initial,
    /// Takes traffic.
    Healthy,
    /// Fails its checks.
    Unhealthy,
    /// Not checked: no listener leads to it, or its zone is not enabled.
    Unused,
    /// On the way out.
    Draining,
}

impl TargetState {
    /// Returns the state's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Unused => "unused",
            Self::Draining => "draining",
        }
    }
}

/// The application behind a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetApp {
    /// What it does.
    pub app: App,
    /// The port it listens on if its description does not say.
    pub container_port: u16,
    /// When its container started.
    pub started: SimTime,
}

/// A listener.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Listener {
    /// Its ARN.
    pub arn: String,
    /// The ARN of its default rule.
    pub default_rule: String,
    /// The ARN of its balancer.
    pub balancer: String,
    /// Its port.
    pub port: u16,
    /// `HTTP` or `HTTPS`.
    pub protocol: String,
    /// The TLS policy.
    pub ssl_policy: Option<String>,
    /// The ARNs of its certificates; the first is the default one.
    pub certificates: Vec<String>,
    /// What its default rule does.
    pub actions: Vec<Action>,
    /// Its tags.
    pub tags: Tags,
}

/// A rule of a listener.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rule {
    /// Its ARN.
    pub arn: String,
    /// The ARN of its listener.
    pub listener: String,
    /// Its place among the listener's rules.
    pub priority: u32,
    /// Its conditions, as they are read back.
    pub conditions: Vec<Value>,
    /// What it does.
    pub actions: Vec<Action>,
    /// Its tags.
    pub tags: Tags,
}

/// What a rule does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// Its place among the actions.
    pub order: u32,
    /// What it does.
    pub what: Deed,
}

/// The deed of an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Deed {
    /// Forwards to target groups by weight.
    Forward {
        /// The ARNs of the groups with their weights.
        groups: Vec<(String, u32)>,
        /// Whether a client stays with its group.
        sticky: bool,
        /// For how many seconds.
        sticky_seconds: Option<u32>,
    },
    /// Sends the client elsewhere; the configuration as it is read back.
    Redirect(Value),
    /// Answers by itself; the configuration as it is read back.
    FixedResponse(Value),
}

impl Action {
    /// Returns the target groups it forwards to, with their weights.
    pub fn groups(&self) -> &[(String, u32)] {
        match &self.what {
            Deed::Forward { groups, .. } => groups,
            _ => &[],
        }
    }
}

/// What happens by itself in Elastic Load Balancing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Elbv2Event {
    /// A balancer has been provisioned.
    Provisioned {
        /// Its ARN.
        balancer: String,
    },
    /// A target is checked.
    Check {
        /// The target group's ARN.
        group: String,
        /// The target's key.
        target: String,
        /// The event's number.
        serial: u64,
    },
    /// A target has drained.
    Drained {
        /// The target group's ARN.
        group: String,
        /// The target's key.
        target: String,
        /// The event's number.
        serial: u64,
    },
}

impl Elbv2State {
    /// Returns the actions of all listeners and rules, with the ARN of their listener.
    pub(super) fn actions(&self) -> impl Iterator<Item = (&str, &Action)> {
        let defaults = self.listeners.values();
        let defaults = defaults.flat_map(|it| it.actions.iter().map(|act| (it.arn.as_str(), act)));
        let rules = self.rules.values();
        defaults
            .chain(rules.flat_map(|it| it.actions.iter().map(|act| (it.listener.as_str(), act))))
    }

    /// Returns the balancer whose listeners or rules use a target group; there is at most one.
    pub fn balancer_of(&self, group: &str) -> Option<&Balancer> {
        let mut actions = self.actions();
        let (listener, _) =
            actions.find(|(_, action)| action.groups().iter().any(|(arn, _)| arn == group))?;
        self.balancers.get(&self.listeners.get(listener)?.balancer)
    }
}

impl TargetGroup {
    /// Says whether a target takes traffic.
    pub fn has_healthy(&self) -> bool {
        self.targets.values().any(|target| target.health.state == TargetState::Healthy)
    }

    /// Returns how long a target drains, in seconds.
    pub(super) fn drain_seconds(&self) -> u64 {
        let delay = self.attributes.get("deregistration_delay.timeout_seconds");
        delay.and_then(|text| text.parse().ok()).unwrap_or(300)
    }
}
