//! The networks a region starts with, and how a VPC is made.

use super::state::{
    Address, Group, InternetGateway, NatGateway, Peer, RouteTable, Rule, Subnet, Target, Traffic,
    Vpc,
};
use crate::{tags::Tags, world::World};

/// Makes the default VPC with a public subnet in each zone, and the VPC `main` with public and
/// private subnets and a NAT gateway.
pub(crate) fn seed(world: &mut World, region: &str) {
    let default = vpc(world, region, "172.31.0.0/16", true, Tags::new());
    let gateway = internet_gateway(world, region, Some(&default), Tags::new());
    let ec2 = &mut world.region(region).ec2;
    for table in ec2.route_tables.values_mut().filter(|table| table.vpc == default) {
        let target = Target::InternetGateway(gateway.clone());
        table.routes.insert("0.0.0.0/0".to_owned(), target);
    }
    for (at, zone) in World::zones(region).iter().enumerate() {
        let cidr = format!("172.31.{}.0/20", at * 16);
        let id = subnet(world, region, &default, zone, &cidr, Tags::new());
        if let Some(made) = world.region(region).ec2.subnets.get_mut(&id) {
            (made.default_for_zone, made.map_public_ip) = (true, true);
        }
    }
    seed_main(world, region);
}

fn seed_main(world: &mut World, region: &str) {
    let main = vpc(world, region, "10.0.0.0/16", false, named("main"));
    if let Some(made) = world.region(region).ec2.vpcs.get_mut(&main) {
        made.dns_hostnames = true;
    }
    let gateway = internet_gateway(world, region, Some(&main), named("main"));
    let public = route_table(world, region, &main, false, named("main-public"));
    let private = route_table(world, region, &main, false, named("main-private"));
    let mut first_public = None;
    for (at, zone) in World::zones(region).iter().enumerate() {
        let letter = &zone[region.len()..];
        for (table, name, third) in [(&public, "public", at), (&private, "private", at + 10)] {
            let tags = named(&format!("main-{name}-{letter}"));
            let id = subnet(world, region, &main, zone, &format!("10.0.{third}.0/24"), tags);
            let association = world.ids.ec2("rtbassoc");
            if let Some(table) = world.region(region).ec2.route_tables.get_mut(table) {
                table.subnets.insert(association, id.clone());
            }
            if name == "public" {
                first_public.get_or_insert(id);
            }
        }
    }
    let Some(first_public) = first_public else { return };
    let allocation = address(world, region, named("main"));
    let nat = nat_gateway(world, region, &first_public, &allocation, named("main"));
    let ec2 = &mut world.region(region).ec2;
    if let Some(nat) = ec2.nat_gateways.get_mut(&nat) {
        "available".clone_into(&mut nat.state);
    }
    for (table, target) in [(public, Target::InternetGateway(gateway)), (private, Target::Nat(nat))]
    {
        if let Some(table) = ec2.route_tables.get_mut(&table) {
            table.routes.insert("0.0.0.0/0".to_owned(), target);
        }
    }
}

fn named(name: &str) -> Tags {
    Tags::from([("Name".to_owned(), name.to_owned())])
}

/// Makes a VPC with its main route table and default security group (VPC user guide).
pub(super) fn vpc(
    world: &mut World,
    region: &str,
    cidr: &str,
    is_default: bool,
    tags: Tags,
) -> String {
    let id = world.ids.ec2("vpc");
    let made = Vpc {
        id: id.clone(),
        arn: world.arn("ec2", region, &format!("vpc/{id}")),
        cidr: cidr.to_owned(),
        is_default,
        dns_support: true,
        dns_hostnames: is_default,
        tags,
    };
    world.region(region).ec2.vpcs.insert(id.clone(), made);
    route_table(world, region, &id, true, Tags::new());
    let default = group(world, region, &id, "default", "default VPC security group", Tags::new());
    let itself = Traffic::all(Peer::Group(default.clone()));
    rule(world, region, &default, false, itself, None, Tags::new());
    id
}

/// Makes a subnet.
pub(super) fn subnet(
    world: &mut World,
    region: &str,
    vpc: &str,
    zone: &str,
    cidr: &str,
    tags: Tags,
) -> String {
    let id = world.ids.ec2("subnet");
    let made = Subnet {
        id: id.clone(),
        arn: world.arn("ec2", region, &format!("subnet/{id}")),
        vpc: vpc.to_owned(),
        zone: zone.to_owned(),
        cidr: cidr.to_owned(),
        default_for_zone: false,
        map_public_ip: false,
        last_address: 0,
        full: false,
        tags,
    };
    world.region(region).ec2.subnets.insert(id.clone(), made);
    id
}

/// Makes a route table with nothing but the local route.
pub(super) fn route_table(
    world: &mut World,
    region: &str,
    vpc: &str,
    main: bool,
    tags: Tags,
) -> String {
    let id = world.ids.ec2("rtb");
    let made = RouteTable {
        id: id.clone(),
        arn: world.arn("ec2", region, &format!("route-table/{id}")),
        vpc: vpc.to_owned(),
        main: main.then(|| world.ids.ec2("rtbassoc")),
        subnets: std::collections::BTreeMap::new(),
        routes: std::collections::BTreeMap::new(),
        tags,
    };
    world.region(region).ec2.route_tables.insert(id.clone(), made);
    id
}

/// Makes an internet gateway.
pub(super) fn internet_gateway(
    world: &mut World,
    region: &str,
    vpc: Option<&str>,
    tags: Tags,
) -> String {
    let id = world.ids.ec2("igw");
    let arn = world.arn("ec2", region, &format!("internet-gateway/{id}"));
    let made = InternetGateway { id: id.clone(), arn, vpc: vpc.map(str::to_owned), tags };
    world.region(region).ec2.internet_gateways.insert(id.clone(), made);
    id
}

/// Allocates an elastic address.
pub(super) fn address(world: &mut World, region: &str, tags: Tags) -> String {
    let id = world.ids.ec2("eipalloc");
    let bits = world.ids.bits().to_le_bytes();
    let ip = format!("52.{}.{}.{}", bits[0], bits[1], bits[2].clamp(1, 254));
    let arn = world.arn("ec2", region, &format!("elastic-ip/{id}"));
    let made = Address { id: id.clone(), arn, ip, tags };
    world.region(region).ec2.addresses.insert(id.clone(), made);
    id
}

/// Makes a NAT gateway in state `pending`.
pub(super) fn nat_gateway(
    world: &mut World,
    region: &str,
    subnet: &str,
    allocation: &str,
    tags: Tags,
) -> String {
    let id = world.ids.ec2("nat");
    let description = format!("Interface for NAT Gateway {id}");
    let eni = world.create_eni(region, subnet, &[], &description);
    let ec2 = &mut world.region(region).ec2;
    let vpc = ec2.subnets.get(subnet).map(|it| it.vpc.clone()).unwrap_or_default();
    let public_ip = ec2.addresses.get(allocation).map(|it| it.ip.clone()).unwrap_or_default();
    if let Some(eni) = eni.as_ref().and_then(|eni| ec2.interfaces.get_mut(&eni.id)) {
        eni.public_ip = Some(public_ip.clone());
    }
    let made = NatGateway {
        arn: world.arn("ec2", region, &format!("natgateway/{id}")),
        id: id.clone(),
        subnet: subnet.to_owned(),
        vpc,
        state: "pending".to_owned(),
        failure: None,
        allocation: allocation.to_owned(),
        public_ip,
        interface: eni.as_ref().map(|eni| eni.id.clone()).unwrap_or_default(),
        private_ip: eni.map(|eni| eni.ip).unwrap_or_default(),
        created: world.now,
        tags,
    };
    world.region(region).ec2.nat_gateways.insert(id.clone(), made);
    id
}

/// Makes a security group; a new one lets everything out (EC2 user guide, "Security groups").
pub(super) fn group(
    world: &mut World,
    region: &str,
    vpc: &str,
    name: &str,
    description: &str,
    tags: Tags,
) -> String {
    let id = world.ids.ec2("sg");
    let made = Group {
        id: id.clone(),
        arn: world.arn("ec2", region, &format!("security-group/{id}")),
        name: name.to_owned(),
        description: description.to_owned(),
        vpc: vpc.to_owned(),
        tags,
    };
    world.region(region).ec2.groups.insert(id.clone(), made);
    let anywhere = Traffic::all(Peer::Ipv4("0.0.0.0/0".to_owned()));
    rule(world, region, &id, true, anywhere, None, Tags::new());
    id
}

/// Makes a rule of a security group.
pub(super) fn rule(
    world: &mut World,
    region: &str,
    group: &str,
    egress: bool,
    what: Traffic,
    description: Option<String>,
    tags: Tags,
) -> Rule {
    let id = world.ids.ec2("sgr");
    let arn = world.arn("ec2", region, &format!("security-group-rule/{id}"));
    let group = group.to_owned();
    let made = Rule { id: id.clone(), arn, group, egress, what, description, tags };
    world.region(region).ec2.rules.insert(id, made.clone());
    made
}

impl Traffic {
    /// Every protocol and port.
    pub(super) fn all(peer: Peer) -> Self {
        Self { protocol: "-1".to_owned(), from: -1, to: -1, peer }
    }
}
