//! What a request takes: actions on resources, and what is known about them when it is judged.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{compute, network, storage};
use crate::{input::Input, services, tags::Tags, wire::Incoming, world::World};

/// One action on one resource.
#[derive(Clone, Debug)]
pub(crate) struct Demand {
    pub(crate) action: String,
    /// An ARN, or `*` where the action takes no resource.
    pub(crate) resource: String,
    /// Condition keys with their values.
    pub(crate) context: BTreeMap<String, Vec<String>>,
}

impl Demand {
    pub(crate) fn on(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: resource.into(), context: BTreeMap::new() }
    }

    pub(crate) fn with(
        mut self,
        key: impl AsRef<str>,
        values: impl IntoIterator<Item = String>,
    ) -> Self {
        self.context.insert(key.as_ref().to_owned(), values.into_iter().collect());
        self
    }

    /// Adds the tags a request brings.
    pub(super) fn requesting(mut self, tags: &Tags) -> Self {
        for (key, value) in tags {
            self = self.with(format!("aws:RequestTag/{key}"), [value.clone()]);
        }
        self.with("aws:TagKeys", tags.keys().cloned())
    }
}

/// A request, and the world it is about.
pub(super) struct Asked<'a> {
    pub(super) operation: &'a str,
    pub(super) input: Input<'a>,
    pub(super) world: &'a World,
    pub(super) region: &'a str,
}

impl Asked<'_> {
    /// Writes the ARN of something of a service in the request's region.
    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        self.world.arn(service, self.region, resource)
    }

    /// Returns a text member, or nothing.
    pub(super) fn text(&self, member: &str) -> &str {
        self.input.str(member).unwrap_or_default()
    }

    /// The action of the operation itself on each of these.
    pub(super) fn each(
        &self,
        prefix: &str,
        resources: impl IntoIterator<Item = String>,
    ) -> Vec<Demand> {
        let action = format!("{prefix}:{}", self.operation);
        resources.into_iter().map(|resource| Demand::on(&action, resource)).collect()
    }

    /// The action of the operation itself, where it takes no resource.
    pub(super) fn anywhere(&self, prefix: &str) -> Vec<Demand> {
        self.each(prefix, ["*".to_owned()])
    }
}

/// Lists what a request takes. What is not written down anywhere takes the action of its name on `*`,
/// so that nothing is allowed by oversight.
pub(super) fn demands(call: &Incoming, world: &mut World) -> Vec<Demand> {
    let tagged = tagged(world, &call.region);
    let asked = Asked {
        operation: call.operation.name,
        input: Input::new(&call.input, call.service),
        world,
        region: &call.region,
    };
    let mut demands = match call.service.name {
        "ecs" => compute::ecs(&asked),
        "application-autoscaling" => compute::autoscaling(&asked),
        "iam" => compute::iam(&asked),
        "ec2" => network::ec2(&asked),
        "elasticloadbalancing" => network::elb(&asked),
        "route53" => network::route53(&asked),
        "acm" => network::acm(&asked),
        "ecr" => storage::ecr(&asked),
        "logs" => storage::logs(&asked),
        "scheduler" => compute::scheduler(&asked),
        "secretsmanager" => storage::secrets(&asked),
        "ssm" => storage::ssm(&asked),
        "monitoring" => storage::cloudwatch(&asked),
        // The action has the prefix of the service's own name (Resource Groups Tagging API).
        "tagging" => asked.anywhere("tag"),
        // Needs no permission (STS API reference, GetCallerIdentity).
        "sts" => Vec::new(),
        other => asked.anywhere(other),
    };
    for demand in &mut demands {
        // Where AWS keeps things without a region, requests go to one all the same; no condition on it
        // would be of use.
        let global = call.service.global;
        if !global {
            demand.context.insert("aws:RequestedRegion".to_owned(), vec![call.region.clone()]);
        }
        let tags = tagged.get(demand.resource.trim_end_matches(":*"));
        for (key, value) in tags.into_iter().flatten() {
            demand.context.insert(format!("aws:ResourceTag/{key}"), vec![value.clone()]);
        }
    }
    demands
}

/// Lists everything that has tags, by ARN.
fn tagged(world: &mut World, region: &str) -> BTreeMap<String, Tags> {
    let here = world.region(region);
    let mut found: BTreeMap<String, Tags> = services::ALL
        .iter()
        .flat_map(|service| (service.tagged)(here))
        .map(|(arn, tags)| (arn.trim_end_matches(":*").to_owned(), tags))
        .collect();
    let roles = world.global.iam.roles.values();
    found.extend(roles.map(|role| (role.arn.clone(), role.tags.clone())));
    found
}

/// Returns the texts of a list, or of a member that is one text.
pub(super) fn texts(input: &Input<'_>, member: &str) -> Vec<String> {
    match input.get(member) {
        Some(Value::String(text)) => vec![text.clone()],
        _ => input.strings(member),
    }
}
