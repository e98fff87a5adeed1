//! The state of EC2: networks, security groups, network interfaces.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{tags::Tags, time::SimTime};

/// Everything EC2 knows in one region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Ec2State {
    /// VPCs by id.
    pub vpcs: BTreeMap<String, Vpc>,
    /// Subnets by id.
    pub subnets: BTreeMap<String, Subnet>,
    /// Route tables by id.
    pub route_tables: BTreeMap<String, RouteTable>,
    /// Internet gateways by id.
    pub internet_gateways: BTreeMap<String, InternetGateway>,
    /// NAT gateways by id.
    pub nat_gateways: BTreeMap<String, NatGateway>,
    /// Elastic addresses by allocation id.
    pub addresses: BTreeMap<String, Address>,
    /// VPC endpoints by id.
    pub endpoints: BTreeMap<String, Endpoint>,
    /// Security groups by id.
    pub groups: BTreeMap<String, Group>,
    /// The rules of all security groups by id; each holds one source.
    pub rules: BTreeMap<String, Rule>,
    /// Network interfaces by id.
    pub interfaces: BTreeMap<String, Eni>,
}

/// A VPC.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Vpc {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its range of IPv4 addresses.
    pub cidr: String,
    /// Whether it is the default VPC.
    pub is_default: bool,
    /// Whether the resolver answers inside it.
    pub dns_support: bool,
    /// Whether interfaces get host names.
    pub dns_hostnames: bool,
    /// Its tags.
    pub tags: Tags,
}

/// A subnet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Subnet {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its VPC.
    pub vpc: String,
    /// Its availability zone.
    pub zone: String,
    /// Its range of IPv4 addresses.
    pub cidr: String,
    /// Whether it is the zone's default subnet.
    pub default_for_zone: bool,
    /// Whether instances (not Fargate tasks) get public addresses.
    pub map_public_ip: bool,
    /// The place of the address that was handed out last.
    pub last_address: u64,
    /// Whether somebody else took every free address.
    #[serde(default)]
    pub full: bool,
    /// Its tags.
    pub tags: Tags,
}

/// A route table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RouteTable {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its VPC.
    pub vpc: String,
    /// The association that makes it the VPC's main table.
    pub main: Option<String>,
    /// Explicit associations: association id to subnet.
    pub subnets: BTreeMap<String, String>,
    /// Routes by destination, without the local one.
    pub routes: BTreeMap<String, Target>,
    /// Its tags.
    pub tags: Tags,
}

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// An internet gateway.
    InternetGateway(String),
    /// A NAT gateway.
    Nat(String),
}

/// An internet gateway.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InternetGateway {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The VPC it is attached to.
    pub vpc: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// A NAT gateway.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NatGateway {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its subnet.
    pub subnet: String,
    /// Its VPC.
    pub vpc: String,
    /// `pending`, `available` or `failed`.
    pub state: String,
    /// Why it failed, as a code and a sentence.
    #[serde(default)]
    pub failure: Option<(String, String)>,
    /// The allocation of its public address.
    pub allocation: String,
    /// Its public address.
    pub public_ip: String,
    /// Its network interface.
    pub interface: String,
    /// Its private address.
    pub private_ip: String,
    /// When it was made.
    pub created: SimTime,
    /// Its tags.
    pub tags: Tags,
}

/// An elastic address.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Address {
    /// Its allocation id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The address.
    pub ip: String,
    /// Its tags.
    pub tags: Tags,
}

/// A VPC endpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// `Interface` or `Gateway`.
    pub kind: String,
    /// Its VPC.
    pub vpc: String,
    /// The service, such as `com.amazonaws.eu-west-1.s3`.
    pub service: String,
    /// The route tables of a gateway.
    pub route_tables: BTreeSet<String>,
    /// The subnets of an interface endpoint.
    pub subnets: BTreeSet<String>,
    /// The security groups of an interface endpoint.
    pub groups: BTreeSet<String>,
    /// Whether the service's public name leads to it.
    pub private_dns: bool,
    /// Its network interfaces.
    pub interfaces: Vec<String>,
    /// When it was made.
    pub created: SimTime,
    /// Its tags.
    pub tags: Tags,
}

/// A security group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Group {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its name, unique in the VPC whatever its case.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its VPC.
    pub vpc: String,
    /// Its tags.
    pub tags: Tags,
}

/// A rule of a security group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rule {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The group it belongs to.
    pub group: String,
    /// Whether it is about traffic that leaves.
    pub egress: bool,
    /// What it lets through.
    pub what: Traffic,
    /// Its description.
    pub description: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// What a rule lets through.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Traffic {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, `-1` for all, or a number.
    pub protocol: String,
    /// The first port (or ICMP type); -1 for all.
    pub from: i64,
    /// The last port (or ICMP code); -1 for all.
    pub to: i64,
    /// The other end.
    pub peer: Peer,
}

/// The other end of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Peer {
    /// A range of IPv4 addresses.
    Ipv4(String),
    /// A range of IPv6 addresses.
    Ipv6(String),
    /// A security group.
    Group(String),
    /// A prefix list.
    PrefixList(String),
}

/// A network interface.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Eni {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its subnet.
    pub subnet: String,
    /// Its VPC.
    pub vpc: String,
    /// Its availability zone.
    pub zone: String,
    /// Its security groups.
    pub groups: Vec<String>,
    /// What it is for, as AWS's services write it.
    pub description: String,
    /// The service that made it, such as `amazon-elb`.
    pub requester: String,
    /// Its private address.
    pub ip: String,
    /// Its public address.
    pub public_ip: Option<String>,
    /// Its hardware address.
    pub mac: String,
    /// Its tags.
    pub tags: Tags,
}

/// What happens by itself in EC2.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Ec2Event {
    /// A network interface that lingered is gone.
    InterfaceGone {
        /// The interface.
        id: String,
    },
    /// A NAT gateway has come up.
    NatAvailable {
        /// The NAT gateway.
        id: String,
    },
}

/// The way out of a subnet for addresses that are not in the VPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Egress {
    /// An internet gateway: only for interfaces with a public address.
    InternetGateway,
    /// A NAT gateway.
    Nat,
    /// None.
    None,
}

/// One end of traffic, as security groups see it.
#[derive(Clone, Copy, Debug)]
pub struct End<'a> {
    /// The security groups of its interface; empty outside the VPC.
    pub groups: &'a [String],
    /// Its address, or the range it comes from; empty if only the groups count.
    pub cidr: &'a str,
}

impl Ec2State {
    /// Returns the tags of any resource.
    pub(super) fn tags_mut(&mut self, id: &str) -> Option<&mut Tags> {
        let prefix = id.split('-').next().unwrap_or_default();
        match prefix {
            "vpc" => self.vpcs.get_mut(id).map(|it| &mut it.tags),
            "subnet" => self.subnets.get_mut(id).map(|it| &mut it.tags),
            "rtb" => self.route_tables.get_mut(id).map(|it| &mut it.tags),
            "igw" => self.internet_gateways.get_mut(id).map(|it| &mut it.tags),
            "nat" => self.nat_gateways.get_mut(id).map(|it| &mut it.tags),
            "eipalloc" => self.addresses.get_mut(id).map(|it| &mut it.tags),
            "vpce" => self.endpoints.get_mut(id).map(|it| &mut it.tags),
            "sg" => self.groups.get_mut(id).map(|it| &mut it.tags),
            "sgr" => self.rules.get_mut(id).map(|it| &mut it.tags),
            "eni" => self.interfaces.get_mut(id).map(|it| &mut it.tags),
            _ => None,
        }
    }

    /// Lists ARN and tags of every resource.
    pub(super) fn all_tags(&self) -> Vec<(&str, &Tags)> {
        let mut all: Vec<(&str, &Tags)> = Vec::new();
        all.extend(self.vpcs.values().map(|it| (it.arn.as_str(), &it.tags)));
        all.extend(self.subnets.values().map(|it| (it.arn.as_str(), &it.tags)));
        all.extend(self.route_tables.values().map(|it| (it.arn.as_str(), &it.tags)));
        all.extend(self.internet_gateways.values().map(|it| (it.arn.as_str(), &it.tags)));
        all.extend(self.nat_gateways.values().map(|it| (it.arn.as_str(), &it.tags)));
        all.extend(self.addresses.values().map(|it| (it.arn.as_str(), &it.tags)));
        all.extend(self.endpoints.values().map(|it| (it.arn.as_str(), &it.tags)));
        all.extend(self.groups.values().map(|it| (it.arn.as_str(), &it.tags)));
        all.extend(self.rules.values().map(|it| (it.arn.as_str(), &it.tags)));
        all.extend(self.interfaces.values().map(|it| (it.arn.as_str(), &it.tags)));
        all
    }
}
