//! What a stack must know of its surroundings before it can be declared.
//!
//! Facts are read, never written: the VPC, its subnets, hosted zones, images, secrets.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Everything read about the surroundings of one stack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Account id, 12 digits.
    pub account: String,
    /// Region, for example `eu-west-1`.
    pub region: String,
    /// Partition, for example `aws`.
    pub partition: String,
    /// The VPC the spec names, or what is wrong with that name.
    pub vpc: Option<Vpc>,
    /// Why there is no VPC.
    pub vpc_problem: Option<String>,
    /// Subnets of the VPC, ordered by id.
    pub subnets: Vec<Subnet>,
    /// Public hosted zones that can hold the stack's names, longest name first.
    pub zones: Vec<HostedZone>,
    /// Images by service name.
    pub images: BTreeMap<String, ImageFact>,
    /// Secrets by their reference as written in the spec.
    pub secrets: BTreeMap<String, SecretFact>,
    /// Roles the spec only refers to, by ARN.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<String, RoleFact>,
    /// The certificate the spec only refers to; `None` as well if it may not be looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateFact>,
    /// The balancer the spec only refers to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balancer: Option<BalancerFact>,
    /// The cluster the spec only refers to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterFact>,
    /// The alarms that roll rollouts back, by name; none if they may not be looked at.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub alarms: BTreeMap<String, AlarmFact>,
}

/// An alarm of CloudWatch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmFact {
    /// Whether it is there.
    pub there: bool,
    /// Whether it is going off.
    pub ringing: bool,
}

/// A cluster owned elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterFact {
    /// How the spec names it.
    pub named: String,
    /// Why there is none of that name that can be used; the rest is empty then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Its ARN.
    pub arn: String,
    /// The capacity providers it lets tasks run by.
    pub providers: BTreeSet<String>,
}

/// A balancer owned elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalancerFact {
    /// How the spec names it.
    pub named: String,
    /// Why there is none of that name that can be used; the rest is empty then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Its ARN.
    pub arn: String,
    /// The name by which it is reached, in lower case.
    pub dns_name: String,
    /// The hosted zone of that name, for aliases.
    pub zone_id: String,
    /// `vpc-…`.
    pub vpc: String,
    /// Its security groups.
    pub groups: BTreeSet<String>,
    /// The availability zones it stands in.
    pub zones: BTreeSet<String>,
    /// Its listeners for HTTP and HTTPS, by port.
    pub listeners: Vec<ListenerFact>,
    /// The rules of those listeners that are not default ones.
    pub rules: Vec<RuleFact>,
}

impl BalancerFact {
    /// Returns the listener that takes requests for names, which come by HTTPS, or for paths alone.
    pub fn listener(&self, names: bool) -> Option<&ListenerFact> {
        let secure = |one: &&ListenerFact| one.secure;
        let plain = |one: &&ListenerFact| !one.secure && !one.redirects;
        let first = self.listeners.iter().find(|one| if names { secure(one) } else { plain(one) });
        first.or_else(|| self.listeners.iter().find(secure).filter(|_| !names))
    }
}

/// A listener of a balancer owned elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerFact {
    /// Its ARN.
    pub arn: String,
    /// Its port.
    pub port: u16,
    /// Whether it speaks HTTPS.
    pub secure: bool,
    /// Whether it only leads elsewhere.
    pub redirects: bool,
    /// The names its certificates are for; `None` if they may not be looked at.
    pub names: Option<BTreeSet<String>>,
}

/// A rule on a listener owned elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleFact {
    /// Its ARN.
    pub arn: String,
    /// The ARN of its listener.
    pub listener: String,
    /// Lower ones are tried first.
    pub priority: u32,
    /// The hosts it takes; all if there are none.
    pub hosts: BTreeSet<String>,
    /// The paths it takes; all if there are none.
    pub paths: BTreeSet<String>,
    /// The stack's own resource that it is, if it is one.
    pub resource: Option<crate::Address>,
}

/// A certificate owned elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateFact {
    /// Its ARN.
    pub arn: String,
    /// Its status as ACM says it, for example `ISSUED`; `None` if there is no such certificate.
    pub status: Option<String>,
    /// The names it is for, `*.example.com` among them.
    pub names: BTreeSet<String>,
}

impl CertificateFact {
    /// Says whether it is for a host.
    pub fn covers(&self, host: &str) -> bool {
        covers(&self.names, host)
    }
}

/// Says whether certificates for `names` are good for a host. A wildcard stands for exactly one label (ACM User
/// Guide, "Wildcard names").
pub fn covers(names: &BTreeSet<String>, host: &str) -> bool {
    let rest = host.split_once('.').map(|(_, rest)| rest);
    names
        .iter()
        .any(|name| name == host || name.strip_prefix("*.").is_some_and(|base| rest == Some(base)))
}

/// One VPC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpc {
    /// `vpc-…`.
    pub id: String,
    /// Primary CIDR block.
    pub cidr: String,
    /// Whether it is the region's default VPC.
    pub default: bool,
}

/// One subnet, classified by where its default route leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    /// `subnet-…`.
    pub id: String,
    /// Availability zone name, for example `eu-west-1a`.
    pub zone: String,
    /// Where traffic to the internet goes.
    pub egress: Egress,
    /// Free addresses.
    pub free_addresses: u32,
    /// Whether S3, where image layers are kept, is reached by a gateway endpoint, which costs nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub layers_free: bool,
}

/// Where a subnet's default route leads (Amazon VPC User Guide, route tables).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Egress {
    /// To an internet gateway: the subnet is public.
    InternetGateway,
    /// To a NAT gateway or another way out: private, but images can be pulled.
    Nat,
    /// Nowhere, but the VPC endpoints needed for images and logs are there.
    Endpoints,
    /// Nowhere.
    None,
}

/// One public hosted zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostedZone {
    /// `Z…`, without `/hostedzone/`.
    pub id: String,
    /// Name without trailing dot.
    pub name: String,
    /// Where the world is led to for it instead, if that is elsewhere: other name servers, or none at all.
    /// Asked only while a certificate waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<BTreeSet<String>>,
}

/// What a service's image reference resolves to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageFact {
    /// The reference as asked for.
    pub reference: String,
    /// Its digest (`sha256:…`); `None` when no such image exists yet or it cannot be resolved.
    pub digest: Option<String>,
    /// Architectures it offers (`amd64`, `arm64`); empty when unknown.
    pub architectures: Vec<String>,
}

/// What a secret reference resolves to. The value is never read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretFact {
    /// Full ARN; `None` when no such parameter or secret exists.
    pub arn: Option<String>,
    /// Key that encrypts it, when it is a customer's own.
    pub kms_key: Option<String>,
    /// Whether it is marked for deletion, and so cannot be read any more.
    #[serde(default)]
    pub deleting: bool,
}

/// What a role owned elsewhere is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleFact {
    /// Tasks may take it.
    Usable,
    /// It exists, but its trust policy lets no task take it.
    NotForTasks,
    /// There is no such role in the account.
    Missing,
}
