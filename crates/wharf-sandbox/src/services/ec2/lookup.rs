//! What other services ask about networks, and the interfaces they make.

use std::{collections::BTreeSet, time::Duration};

use super::{
    cidr::Cidr,
    state::{Ec2Event, Ec2State, Egress, End, Eni, Group, Peer, RouteTable, Rule, Subnet, Target},
};
use crate::{
    tags::Tags,
    world::{Event, World},
};

impl World {
    /// Returns the state of EC2 in a region that was touched.
    fn ec2(&self, region: &str) -> Option<&Ec2State> {
        self.regions.get(region).map(|state| &state.ec2)
    }

    /// Makes a network interface, as AWS's services do in the customer's subnets.
    ///
    /// `None` if the subnet does not exist or has no free address.
    pub fn create_eni(
        &mut self,
        region: &str,
        subnet: &str,
        groups: &[String],
        description: &str,
    ) -> Option<Eni> {
        let ec2 = &mut self.region(region).ec2;
        let ip = ec2.take_address(subnet)?;
        let place = ec2.subnets.get(subnet)?.clone();
        let id = self.ids.ec2("eni");
        let digits = self.ids.hex(10);
        let pairs: Vec<&str> = (0..5).map(|at| &digits[at * 2..at * 2 + 2]).collect();
        let requester = if description.starts_with("ELB ") { "amazon-elb" } else { "578734482556" };
        let eni = Eni {
            arn: self.arn("ec2", region, &format!("network-interface/{id}")),
            id,
            subnet: subnet.to_owned(),
            vpc: place.vpc,
            zone: place.zone,
            groups: groups.to_vec(),
            description: description.to_owned(),
            requester: requester.to_owned(),
            ip,
            public_ip: None,
            mac: format!("06:{}", pairs.join(":")),
            tags: Tags::new(),
        };
        let interfaces = &mut self.region(region).ec2.interfaces;
        interfaces.insert(eni.id.clone(), eni.clone());
        Some(eni)
    }

    /// Gives an interface a public address and returns it.
    pub fn give_public_ip(&mut self, region: &str, eni: &str) -> Option<String> {
        let bits = self.ids.bits().to_le_bytes();
        let ip = format!("54.{}.{}.{}", bits[0], bits[1], bits[2].clamp(1, 254));
        let eni = self.region(region).ec2.interfaces.get_mut(eni)?;
        eni.public_ip = Some(ip.clone());
        Some(ip)
    }

    /// Removes a network interface now.
    pub fn delete_eni(&mut self, region: &str, eni: &str) {
        self.region(region).ec2.interfaces.remove(eni);
    }

    /// Removes a network interface after a while.
    pub fn delete_eni_after(&mut self, after: Duration, region: &str, eni: &str) {
        let event = Ec2Event::InterfaceGone { id: eni.to_owned() };
        self.schedule(after, region, Event::Ec2(event));
    }

    /// Finds the interface with a private address in a VPC.
    pub fn eni_by_ip(&self, region: &str, vpc: &str, ip: &str) -> Option<&Eni> {
        self.ec2(region)?.interfaces.values().find(|eni| eni.vpc == vpc && eni.ip == ip)
    }

    /// Finds a subnet.
    pub fn subnet(&self, region: &str, subnet: &str) -> Option<&Subnet> {
        self.ec2(region)?.subnets.get(subnet)
    }

    /// Finds a security group.
    pub fn security_group(&self, region: &str, group: &str) -> Option<&Group> {
        self.ec2(region)?.groups.get(group)
    }

    /// Finds the security group that interfaces of a VPC get when none is named.
    pub fn default_group(&self, region: &str, vpc: &str) -> Option<&Group> {
        let mut groups = self.ec2(region)?.groups.values();
        groups.find(|group| group.vpc == vpc && group.name == "default")
    }

    /// Returns the zone of the subnet of a VPC that an address belongs to.
    pub fn zone_of_ip(&self, region: &str, vpc: &str, ip: &str) -> Option<&str> {
        let ip = Cidr::parse_any(ip)?;
        let mut subnets = self.ec2(region)?.subnets.values();
        let found = subnets.find(|subnet| {
            subnet.vpc == vpc && Cidr::parse(&subnet.cidr).is_some_and(|cidr| cidr.contains(ip))
        })?;
        Some(&found.zone)
    }

    /// Returns the way out of a subnet (VPC user guide, "Route tables"): its own table's default
    /// route, or the main table's. A route to a gateway that is detached or not up leads nowhere.
    pub fn subnet_egress(&self, region: &str, subnet: &str) -> Egress {
        let Some(ec2) = self.ec2(region) else { return Egress::None };
        let Some(table) = ec2.table_of(subnet) else { return Egress::None };
        match table.routes.get("0.0.0.0/0") {
            Some(target) if !ec2.is_active(&table.vpc, target) => Egress::None,
            Some(Target::InternetGateway(_)) => Egress::InternetGateway,
            Some(Target::Nat(_)) => Egress::Nat,
            None => Egress::None,
        }
    }

    /// Says whether a subnet reaches a service (such as `ecr.api`) through an endpoint: a gateway
    /// in its route table, or an interface with private DNS anywhere in the VPC that lets the
    /// caller's groups in on port 443.
    pub fn subnet_has_endpoint(
        &self,
        region: &str,
        subnet: &str,
        service: &str,
        groups: &[String],
    ) -> bool {
        let Some(ec2) = self.ec2(region) else { return false };
        let Some(place) = ec2.subnets.get(subnet) else { return false };
        let name = format!("com.amazonaws.{region}.{service}");
        let table = ec2.table_of(subnet).map(|table| table.id.as_str()).unwrap_or_default();
        ec2.endpoints.values().filter(|it| it.service == name && it.vpc == place.vpc).any(|it| {
            if it.kind == "Gateway" {
                return it.route_tables.contains(table);
            }
            let own: Vec<String> = it.groups.iter().cloned().collect();
            it.private_dns && self.sg_allows(region, &own, 443, End { groups, cidr: &place.cidr })
        })
    }

    /// Says whether the security groups of a target let traffic in on a TCP port.
    ///
    /// A range in a rule must cover the whole of `from.cidr`.
    pub fn sg_allows(&self, region: &str, target: &[String], port: u16, from: End<'_>) -> bool {
        self.ec2(region).is_some_and(|ec2| ec2.passes(target, false, port, from))
    }

    /// Says whether the security groups of a source let traffic out to a TCP port of `to`.
    pub fn sg_allows_out(&self, region: &str, source: &[String], port: u16, to: End<'_>) -> bool {
        self.ec2(region).is_some_and(|ec2| ec2.passes(source, true, port, to))
    }
}

impl Ec2State {
    /// Returns the route table that holds for a subnet.
    pub(crate) fn table_of(&self, subnet: &str) -> Option<&RouteTable> {
        let tables = || self.route_tables.values();
        tables().find(|table| table.subnets.values().any(|it| it == subnet)).or_else(|| {
            let vpc = &self.subnets.get(subnet)?.vpc;
            tables().find(|table| table.main.is_some() && &table.vpc == vpc)
        })
    }

    /// Says whether a route's target takes traffic; otherwise the route is a black hole.
    pub(super) fn is_active(&self, vpc: &str, target: &Target) -> bool {
        match target {
            Target::InternetGateway(id) => {
                self.internet_gateways.get(id).is_some_and(|it| it.vpc.as_deref() == Some(vpc))
            }
            Target::Nat(id) => self.nat_gateways.get(id).is_some_and(|it| it.state == "available"),
        }
    }

    fn passes(&self, own: &[String], egress: bool, port: u16, other: End<'_>) -> bool {
        let range = Cidr::parse_any(other.cidr);
        self.rules.values().any(|rule| {
            rule.egress == egress
                && own.contains(&rule.group)
                && covers_tcp(rule, port)
                && match &rule.what.peer {
                    Peer::Group(group) => other.groups.contains(group),
                    Peer::Ipv4(cidr) | Peer::Ipv6(cidr) => {
                        let cidr = Cidr::parse(cidr);
                        cidr.zip(range).is_some_and(|(cidr, range)| cidr.contains(range))
                    }
                    Peer::PrefixList(_) => false,
                }
        })
    }

    /// Hands out the next free address of a subnet; AWS keeps the first four and the last.
    fn take_address(&mut self, subnet: &str) -> Option<String> {
        let taken: BTreeSet<String> = self.addresses_in(subnet);
        let subnet = self.subnets.get_mut(subnet).filter(|subnet| !subnet.full)?;
        let cidr = Cidr::parse(&subnet.cidr)?;
        let usable = cidr.size().saturating_sub(5);
        for step in 1..=usable {
            let place = (subnet.last_address + step - 1) % usable + 1;
            let address = cidr.address(place + 3);
            if !taken.contains(&address) {
                subnet.last_address = place;
                return Some(address);
            }
        }
        None
    }

    /// Returns the addresses in use in a subnet.
    pub(super) fn addresses_in(&self, subnet: &str) -> BTreeSet<String> {
        let interfaces = self.interfaces.values().filter(|eni| eni.subnet == subnet);
        interfaces.map(|eni| eni.ip.clone()).collect()
    }
}

fn covers_tcp(rule: &Rule, port: u16) -> bool {
    let port = i64::from(port);
    match rule.what.protocol.as_str() {
        "-1" => true,
        "tcp" => (rule.what.from..=rule.what.to).contains(&port),
        _ => false,
    }
}
