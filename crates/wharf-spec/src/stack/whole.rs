//! The stack as a whole: where it stands, what it holds, what is kept.

use std::collections::{BTreeMap, BTreeSet};

use super::{CertificateSource, Job, Service, Strategy, Task};

/// One application in one environment, in one account and region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// Name of the application.
    pub app: String,
    /// Name of the environment; `None` when the file declares none.
    pub env: Option<String>,
    /// AWS region, for example `eu-west-1`.
    pub region: String,
    /// The only account this spec may be applied to, if it names one.
    pub account: Option<String>,
    /// Tags put on everything that takes tags, beside wharf's own.
    pub tags: BTreeMap<String, String>,
    /// Where tasks and balancer stand.
    pub network: Network,
    /// The balancer in front of the services that have a port.
    pub balancer: Balancer,
    /// Name or ARN of a cluster owned elsewhere; `None` when wharf makes one.
    pub cluster: Option<String>,
    /// What runs to its end before any service is touched.
    pub release: Option<Task>,
    /// Services by name.
    pub services: BTreeMap<String, Service>,
    /// Jobs by name.
    pub jobs: BTreeMap<String, Job>,
    /// Names that destroy and replace refuse to touch: a kind (`balancer`) or an address.
    pub protect: BTreeSet<String>,
    /// What `destroy` keeps.
    pub destroy: Destroy,
}

impl Stack {
    /// Returns the stack's name: `{app}-{env}`, or `{app}` without environments.
    pub fn name(&self) -> String {
        match &self.env {
            Some(env) => format!("{}-{env}", self.app),
            None => self.app.clone(),
        }
    }

    /// Returns the services that were called otherwise before: the old name, and the new one.
    pub fn renamed(&self) -> BTreeMap<String, String> {
        let services = self.services.values();
        services.filter_map(|it| Some((it.renamed_from.clone()?, it.name.clone()))).collect()
    }

    /// Returns the services that take requests through the balancer, by name.
    pub fn routed(&self) -> impl Iterator<Item = &Service> {
        self.services.values().filter(|service| service.routing.is_some())
    }

    /// Returns the services whose requests move between two target groups.
    pub fn shifting(&self) -> impl Iterator<Item = &Service> {
        self.routed().filter(|service| service.deploy.strategy != Strategy::Rolling)
    }

    /// Returns the certificate all domains of the stack share, if any service has a domain. Behind a balancer
    /// owned elsewhere, it is that one's.
    pub fn certificate(&self) -> Option<CertificateSource> {
        self.routed()
            .filter(|_| self.balancer.shared.is_none())
            .find_map(|service| service.routing.as_ref()?.domain.as_ref())
            .map(|d| d.certificate.clone())
    }

    /// Returns every domain name of every service, in order, without repeats.
    pub fn domain_names(&self) -> BTreeSet<String> {
        self.routed()
            .filter_map(|service| service.routing.as_ref()?.domain.as_ref())
            .flat_map(|domain| domain.names.iter().cloned())
            .collect()
    }
}

/// Where tasks and balancer stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// The VPC everything is in.
    pub vpc: VpcRef,
    /// Subnets of the tasks.
    pub tasks: Placement,
    /// Subnets of the balancer.
    pub balancer: Placement,
}

/// How a VPC is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VpcRef {
    /// The region's default VPC.
    Default,
    /// `vpc-…`.
    Id(String),
    /// The one VPC with this tag.
    Tag {
        /// Tag key.
        key: String,
        /// Tag value.
        value: String,
    },
}

/// Which subnets are used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Chosen from the facts: tasks private when those subnets have a way out, else public;
    /// the balancer public when it is internet-facing, else private.
    Auto,
    /// Public subnets.
    Public,
    /// Private subnets.
    Private,
    /// Exactly these subnet ids.
    Subnets(BTreeSet<String>),
}

/// The application load balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balancer {
    /// A balancer owned elsewhere, to which wharf only adds rules; the other settings are then its
    /// owner's, and without meaning here.
    pub shared: Option<BalancerRef>,
    /// Whether it has public addresses.
    pub scheme: Scheme,
    /// CIDR blocks that may connect.
    pub allow: BTreeSet<String>,
    /// Seconds until an idle connection is closed (1 to 4000).
    pub idle_timeout: u32,
}

/// How a balancer owned elsewhere is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BalancerRef {
    /// `arn:…`.
    Arn(String),
    /// Its name.
    Name(String),
    /// The one balancer with this tag.
    Tag {
        /// Tag key.
        key: String,
        /// Tag value.
        value: String,
    },
}

/// Whether a balancer is reachable from the internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Public addresses.
    InternetFacing,
    /// Private addresses only.
    Internal,
}

/// What `destroy` does with things that hold data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destroy {
    /// The services' repositories and their images.
    pub repository: Fate,
    /// The log groups.
    pub logs: Fate,
    /// The certificate.
    pub certificate: Fate,
}

/// Whether something survives `destroy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes.
    Delete,
    /// It stays, and is said to stay.
    Keep,
}
