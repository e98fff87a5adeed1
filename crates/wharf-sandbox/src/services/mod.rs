//! The simulated services: one directory each, listed in [`ALL`].

pub mod acm;
pub mod autoscaling;
pub mod cloudtrail;
pub mod cloudwatch;
pub mod ec2;
pub mod ecr;
pub mod ecs;
pub mod elbv2;
pub mod iam;
pub mod logs;
pub mod route53;
pub mod scheduler;
pub mod secrets;
pub mod ssm;
mod sts;
mod tagging;

use std::time::Duration;

use serde_json::Value;

use crate::{
    error::AwsError,
    input::Input,
    tags::Tags,
    time::SimTime,
    world::{Event, RegionState, World},
};

/// What a handler returns: the members of the response, under their wire names.
pub type Reply = Result<Value, AwsError>;

/// Carries out one operation.
pub type Handler = fn(&mut Ctx<'_>, &Input<'_>) -> Reply;

/// How a service speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// awsJson 1.1; the text before the dot in `X-Amz-Target` is not checked.
    Json,
    /// Smithy RPC v2 CBOR; the name of the service in the path is not checked.
    Cbor,
    /// awsQuery, with the XML namespace of its responses.
    Query {
        /// The XML namespace.
        xmlns: &'static str,
    },
    /// ec2Query, with the XML namespace of its responses.
    Ec2 {
        /// The XML namespace.
        xmlns: &'static str,
    },
    /// restXml, with the XML namespace of its responses.
    RestXml {
        /// The XML namespace.
        xmlns: &'static str,
    },
    /// restJson.
    RestJson,
}

impl Protocol {
    /// Says whether bodies tell text from numbers and truth values.
    pub(crate) fn is_typed(self) -> bool {
        matches!(self, Self::Json | Self::Cbor)
    }
}

/// A simulated service.
#[derive(Debug)]
pub struct Service {
    /// The name requests are signed for, such as `elasticloadbalancing`.
    pub name: &'static str,
    /// How it speaks.
    pub protocol: Protocol,
    /// Whether it has no region.
    pub global: bool,
    /// The error code for input that breaks a constraint of the API.
    pub invalid: &'static str,
    /// What it can do.
    pub operations: &'static [Operation],
    /// Lists the ARNs and tags of its resources in a region, for the tagging API.
    pub tagged: fn(&RegionState) -> Vec<(String, Tags)>,
}

/// One operation of a service.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// Its name in AWS's model.
    pub name: &'static str,
    /// Whether it changes the world (and thus needs a save).
    pub mutating: bool,
    /// The method and path of a REST operation; labels are written `{Name}`.
    pub route: Option<(&'static str, &'static str)>,
    /// Carries it out.
    pub handler: Handler,
}

/// An operation that only reads.
pub const fn read(name: &'static str, handler: Handler) -> Operation {
    Operation { name, mutating: false, route: None, handler }
}

/// An operation that changes the world.
pub const fn write(name: &'static str, handler: Handler) -> Operation {
    Operation { name, mutating: true, route: None, handler }
}

impl Operation {
    /// Gives a REST operation its method and path.
    #[must_use]
    pub const fn at(mut self, method: &'static str, path: &'static str) -> Self {
        self.route = Some((method, path));
        self
    }
}

/// Every service of the sandbox.
pub static ALL: &[&Service] = &[
    &acm::SERVICE,
    &autoscaling::SERVICE,
    &cloudtrail::SERVICE,
    &cloudwatch::SERVICE,
    &ec2::SERVICE,
    &ecr::SERVICE,
    &ecs::SERVICE,
    &elbv2::SERVICE,
    &iam::SERVICE,
    &logs::SERVICE,
    &route53::SERVICE,
    &scheduler::SERVICE,
    &secrets::SERVICE,
    &ssm::SERVICE,
    &sts::SERVICE,
    &tagging::SERVICE,
];

/// Finds a service by its signing name.
pub fn find(name: &str) -> Option<&'static Service> {
    ALL.iter().find(|service| service.name == name).copied()
}

/// Lets an event happen; the world's clock already shows its time.
pub(crate) fn happen(world: &mut World, region: &str, event: Event) {
    match event {
        Event::Acm(event) => acm::happen(world, region, event),
        Event::Autoscaling(event) => autoscaling::happen(world, region, event),
        Event::Ec2(event) => ec2::happen(world, region, event),
        Event::Ecs(event) => ecs::happen(world, region, event),
        Event::Elbv2(event) => elbv2::happen(world, region, event),
        Event::Iam(event) => iam::happen(world, region, event),
        Event::Route53(event) => route53::happen(world, region, event),
        Event::Scheduler(event) => scheduler::happen(world, region, event),
    }
}

/// For services without resources the tagging API knows.
pub(crate) fn nothing_tagged(_: &RegionState) -> Vec<(String, Tags)> {
    Vec::new()
}

/// What a handler works on.
#[derive(Debug)]
pub struct Ctx<'w> {
    /// The whole world, for identifiers and for other services.
    pub world: &'w mut World,
    /// The region the request was signed for.
    pub region: String,
    /// Whether a reading operation changed something after all, so that it must be saved.
    pub touched: bool,
    /// Another HTTP status than 200 for the response (REST protocols).
    pub status: Option<u16>,
    /// Further headers of the response (REST protocols).
    pub headers: Vec<(&'static str, String)>,
}

impl Ctx<'_> {
    /// Returns the state of the request's region.
    pub fn here(&mut self) -> &mut RegionState {
        self.world.region(&self.region)
    }

    /// Returns the simulated time.
    pub fn now(&self) -> SimTime {
        self.world.now
    }

    /// Returns the ARN of a resource in the request's region.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        self.world.arn(service, &self.region, resource)
    }

    /// Schedules an event in the request's region.
    pub fn schedule(&mut self, after: Duration, event: Event) {
        self.world.schedule(after, &self.region, event);
    }
}
