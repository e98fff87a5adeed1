//! The service that something is done to, and what is around it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    services::{
        ecs::state::{Network, Revision, Service},
        elbv2::state::Balancer,
    },
    world::World,
};

/// A running service in a region.
#[derive(Clone, Debug)]
pub struct Place {
    /// The region.
    pub region: String,
    /// `cluster/name` of the ECS service.
    pub key: String,
    /// The name of its first container, which is that of the service in the spec.
    pub container: String,
    /// Its task definition, as registered.
    pub body: Value,
    /// Where its tasks run.
    pub network: Network,
    /// The ARNs of its target groups.
    pub target_groups: Vec<String>,
}

impl Place {
    /// Finds a service by the name of its first container, or the first service there is with a
    /// target group, or any.
    pub fn find(world: &World, name: Option<&str>) -> Option<Self> {
        let mut all: Vec<Self> = world
            .regions
            .iter()
            .flat_map(|(region, state)| {
                let services = state.ecs.services.values();
                services.filter_map(|service| Self::of(world, region, service))
            })
            .filter(|place| name.is_none_or(|name| place.container == name))
            .collect();
        all.sort_by_key(|place| place.target_groups.is_empty());
        all.into_iter().next()
    }

    fn of(world: &World, region: &str, service: &Service) -> Option<Self> {
        if service.status != "ACTIVE" {
            return None;
        }
        let revision: &Revision = service.current()?;
        let ecs = &world.regions.get(region)?.ecs;
        let body = ecs.definition(&revision.definition)?.body.clone();
        let container = body["containerDefinitions"][0]["name"].as_str()?.to_owned();
        Some(Self {
            region: region.to_owned(),
            key: service.key(),
            container,
            body,
            network: revision.network.clone().unwrap_or_default(),
            target_groups: revision.balancers.iter().map(|it| it.target_group.clone()).collect(),
        })
    }

    /// Returns the name of the log group it writes to.
    pub(super) fn log_group(&self) -> Option<&str> {
        let options = &self.body["containerDefinitions"][0]["logConfiguration"]["options"];
        options["awslogs-group"].as_str()
    }

    /// Returns the execution role's ARN.
    pub(super) fn execution_role(&self) -> &str {
        self.body["executionRoleArn"].as_str().unwrap_or_default()
    }

    /// Returns what the containers' secrets refer to.
    pub(super) fn secrets(&self) -> Vec<String> {
        let containers = self.body["containerDefinitions"].as_array().into_iter().flatten();
        let secrets = containers.flat_map(|it| it["secrets"].as_array().into_iter().flatten());
        secrets.filter_map(|it| it["valueFrom"].as_str().map(str::to_owned)).collect()
    }

    /// Returns the balancer in front of the service.
    pub(super) fn balancer<'w>(&self, world: &'w World) -> Option<&'w Balancer> {
        let elb = &world.regions.get(&self.region)?.elbv2;
        self.target_groups.iter().find_map(|group| elb.balancer_of(group))
    }

    /// Returns the ids of the route tables that hold for some subnets.
    pub(super) fn tables<'s>(
        &self,
        world: &World,
        subnets: impl Iterator<Item = &'s String>,
    ) -> BTreeSet<String> {
        let Some(state) = world.regions.get(&self.region) else { return BTreeSet::new() };
        subnets.filter_map(|id| state.ec2.table_of(id)).map(|table| table.id.clone()).collect()
    }
}
