//! What EC2 refuses of a request by itself, and its quotas.

use wharf_sandbox::services::ec2::state::Target;

use super::{
    Row, arrange,
    network::{ec2, group, port, table},
    row,
};

const INGRESS: &str = "AuthorizeSecurityGroupIngress";

pub(super) fn rows() -> Vec<Row> {
    [rules(), groups(), networks(), lookups(), quotas()].into_iter().flatten().collect()
}

/// Lets something in to a new group.
fn allow(rule: &'static str, permission: &str) -> Row {
    let form = format!("GroupId=$new&{permission}");
    row(rule, [group("new").keep("$new", "groupId"), ec2(INGRESS, &form)])
}

/// Modifies the rule of a new group.
fn modify(rule: &'static str, change: &str) -> Row {
    let one = port(INGRESS, "$new", "IpRanges.1.CidrIp=0.0.0.0/0");
    let form = format!(
        "GroupId=$new&SecurityGroupRule.1.SecurityGroupRuleId=$rule\
         &SecurityGroupRule.1.SecurityGroupRule.IpProtocol=tcp\
         &SecurityGroupRule.1.SecurityGroupRule.FromPort=80\
         &SecurityGroupRule.1.SecurityGroupRule.ToPort=80{change}"
    );
    row(
        rule,
        [
            group("new").keep("$new", "groupId"),
            one.keep("$rule", "securityGroupRuleId"),
            ec2("ModifySecurityGroupRules", &form),
        ],
    )
}

fn rules() -> Vec<Row> {
    let tcp = "IpPermissions.1.IpProtocol=tcp";
    let ports = |from: u32, to: u32| {
        format!("{tcp}&IpPermissions.1.FromPort={from}&IpPermissions.1.ToPort={to}")
    };
    let world = "&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0";
    let again = "&IpPermissions.1.IpRanges.2.CidrIp=0.0.0.0/0";
    let described = "&IpPermissions.1.IpRanges.1.Description=%7E";
    let open = format!("{}{world}", ports(80, 80));
    let block = "&IpPermissions.1.IpRanges.1.CidrIp=everywhere";
    let six = "&SecurityGroupRule.1.SecurityGroupRule.CidrIpv6=::/0";
    vec![
        allow("ec2/rule-source", &ports(80, 80)),
        allow("ec2/rules-differ", &format!("{open}{again}")),
        allow("ec2/protocol-known", &format!("IpPermissions.1.IpProtocol=none{world}")),
        allow("ec2/ports-given", &format!("{tcp}{world}")),
        allow("ec2/port-range", &format!("{}{world}", ports(81, 80))),
        allow("ec2/block-form", &format!("{}{block}", ports(80, 80))),
        allow("ec2/rule-description", &format!("{open}{described}")),
        modify("ec2/one-source", ""),
        modify("ec2/source-type-stays", six),
    ]
}

fn groups() -> Vec<Row> {
    let gone = arrange(|world| {
        for vpc in world.region("eu-west-1").ec2.vpcs.values_mut() {
            vpc.is_default = false;
        }
    });
    let nowhere = ec2("CreateSecurityGroup", "GroupName=x&GroupDescription=x");
    vec![
        row(
            "ec2/group-text",
            [ec2("CreateSecurityGroup", "GroupName=x&GroupDescription=%7E&VpcId=$vpc")],
        ),
        row("ec2/group-name-reserved", [group("default")]),
        row("ec2/default-vpc", [gone, nowhere]),
        row("ec2/group-id-form", [ec2("DeleteSecurityGroup", "GroupId=none")]),
    ]
}

fn networks() -> Vec<Row> {
    let route = |more: &str| {
        ec2("CreateRoute", &format!("RouteTableId=$table&DestinationCidrBlock=0.0.0.0/0{more}"))
    };
    let far = ec2("CreateRouteTable", "VpcId=$main-vpc").keep("$table", "routeTableId");
    let tag = "&TagSpecification.1.ResourceType=subnet&TagSpecification.1.Tag.1.Key=a";
    vec![
        row("ec2/gateway-of-the-vpc", [far.clone(), route("&GatewayId=$igw")]),
        row(
            "ec2/table-of-the-vpc",
            [far, ec2("AssociateRouteTable", "RouteTableId=$table&SubnetId=$a")],
        ),
        row("ec2/one-target", [table("$table"), route("")]),
        row(
            "ec2/route-exists",
            [
                table("$table"),
                ec2("DeleteRoute", "RouteTableId=$table&DestinationCidrBlock=0.0.0.0/0"),
            ],
        ),
        row("ec2/tag-type", [ec2("CreateVpc", &format!("CidrBlock=10.9.0.0/16{tag}"))]),
        row(
            "ec2/one-attribute",
            [ec2(
                "ModifyVpcAttribute",
                "VpcId=$vpc&EnableDnsSupport.Value=true&EnableDnsHostnames.Value=true",
            )],
        ),
        row(
            "ec2/zone-known",
            [ec2(
                "CreateSubnet",
                "VpcId=$vpc&CidrBlock=172.31.96.0/20&AvailabilityZone=eu-west-1z",
            )],
        ),
        row("ec2/filter-known", [ec2("DescribeVpcs", "Filter.1.Name=no&Filter.1.Value.1=x")]),
        row("ec2/filter-values", [ec2("DescribeVpcs", "Filter.1.Name=vpc-id")]),
    ]
}

fn lookups() -> Vec<Row> {
    let id = "0123456789abcdef0";
    let one = |rule: &'static str, operation: &'static str, form: &str| {
        row(rule, [ec2(operation, &form.replace("-ID", &format!("-{id}")))])
    };
    let route = |rule: &'static str, target: &str| {
        let form = format!("RouteTableId=$table&DestinationCidrBlock=0.0.0.0/0&{target}-{id}");
        row(rule, [table("$table"), ec2("CreateRoute", &form)])
    };
    let endpoint = "VpcId=$vpc&ServiceName=com.amazonaws.eu-west-1.s3&RouteTableId.1=rtb-ID";
    vec![
        one("ec2/vpc-exists", "DescribeVpcs", "VpcId.1=vpc-ID"),
        one("ec2/subnet-exists", "DescribeSubnets", "SubnetId.1=subnet-ID"),
        one(
            "ec2/security-rule-exists",
            "DescribeSecurityGroupRules",
            "SecurityGroupRuleId.1=sgr-ID",
        ),
        one("ec2/interface-exists", "DescribeNetworkInterfaces", "NetworkInterfaceId.1=eni-ID"),
        one("ec2/table-exists", "DescribeRouteTables", "RouteTableId.1=rtb-ID"),
        one("ec2/nat-described", "DescribeNatGateways", "NatGatewayId.1=nat-ID"),
        one("ec2/endpoint-exists", "DescribeVpcEndpoints", "VpcEndpointId.1=vpce-ID"),
        one("ec2/endpoint-table-exists", "CreateVpcEndpoint", endpoint),
        one("ec2/address-exists", "CreateNatGateway", "SubnetId=$a&AllocationId=eipalloc-ID"),
        one("ec2/resource-exists", "CreateTags", "ResourceId.1=none&Tag.1.Key=a&Tag.1.Value=b"),
        route("ec2/gateway-exists", "GatewayId=igw"),
        route("ec2/nat-exists", "NatGatewayId=nat"),
    ]
}

fn quotas() -> Vec<Row> {
    let vpc = || ec2("CreateVpc", "CidrBlock=10.9.0.0/16");
    let address = || ec2("AllocateAddress", "Domain=vpc");
    let many = arrange(|world| {
        let ec2 = &mut world.region("eu-west-1").ec2;
        let one = ec2.groups.values().next().unwrap().clone();
        for number in 0..2500 {
            ec2.groups.insert(format!("sg-{number:017x}"), one.clone());
        }
    });
    let subnets = arrange(|world| {
        let ec2 = &mut world.region("eu-west-1").ec2;
        for subnet in ec2.subnets.values().cloned().collect::<Vec<_>>() {
            let copies = (0..100).map(|number| (format!("{}-{number}", subnet.id), subnet.clone()));
            ec2.subnets.extend(copies);
        }
    });
    let tables = arrange(|world| {
        let ec2 = &mut world.region("eu-west-1").ec2;
        for table in ec2.route_tables.values().cloned().collect::<Vec<_>>() {
            let copies = (0..200).map(|number| (format!("{}-{number}", table.id), table.clone()));
            ec2.route_tables.extend(copies);
        }
    });
    let routes = arrange(|world| {
        let ec2 = &mut world.region("eu-west-1").ec2;
        let gateway = ec2.internet_gateways.keys().next().unwrap();
        for table in ec2.route_tables.values_mut() {
            let target = Target::InternetGateway(gateway.clone());
            table.routes.extend((0..50).map(|at| (format!("10.99.{at}.0/24"), target.clone())));
        }
    });
    let nats = arrange(|world| {
        let ec2 = &mut world.region("eu-west-1").ec2;
        let one = ec2.nat_gateways.values().next().unwrap().clone();
        for subnet in ec2.subnets.keys() {
            for number in 0..5 {
                let mut copy = one.clone();
                copy.subnet.clone_from(subnet);
                ec2.nat_gateways.insert(format!("{subnet}-{number}"), copy);
            }
        }
    });
    let endpoint = |number: u32| {
        let form = "VpcId=$vpc&VpcEndpointType=Interface&PrivateDnsEnabled=false";
        let service = format!("&ServiceName=com.amazonaws.eu-west-1.s{number}");
        ec2("CreateVpcEndpoint", &format!("{form}{service}"))
    };
    let gateways = arrange(|world| {
        let all = &mut world.region("eu-west-1").ec2.internet_gateways;
        let one = all.values().next().unwrap().clone();
        all.extend((0..5).map(|number| (format!("igw-{number}"), one.clone())));
    });
    let endpoints = arrange(|world| {
        let all = &mut world.region("eu-west-1").ec2.endpoints;
        let one = all.values().next().unwrap().clone();
        all.extend((0..50).map(|number| (format!("vpce-{number}"), one.clone())));
    });
    let subnet = "VpcId=$vpc&CidrBlock=172.31.96.0/20";
    let nat = "SubnetId=$a&AllocationId=$address";
    let route = "RouteTableId=$table&DestinationCidrBlock=10.98.0.0/16&GatewayId=$igw";
    let sixty =
        (0..61).map(|at| format!("&IpPermissions.1.IpRanges.{}.CidrIp=10.0.0.{at}/32", at + 1));
    let sixty: String = sixty.collect();
    let form = format!(
        "IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=80&IpPermissions.1.ToPort=80{sixty}"
    );
    vec![
        row("ec2/five-vpcs", [vpc(), vpc(), vpc(), vpc()]),
        row("ec2/five-addresses", [address(), address(), address(), address(), address()]),
        row("ec2/groups-count", [many, group("new")]),
        allow("ec2/rules-count", &form),
        row("ec2/subnets-count", [subnets, ec2("CreateSubnet", subnet)]),
        row("ec2/tables-count", [tables, table("$table")]),
        row("ec2/routes-count", [table("$table"), routes, ec2("CreateRoute", route)]),
        row("ec2/gateways-count", [gateways, ec2("CreateInternetGateway", "")]),
        row("ec2/endpoints-count", [endpoint(1), endpoints, endpoint(2)]),
        row(
            "ec2/nats-count",
            [address().keep("$address", "allocationId"), nats, ec2("CreateNatGateway", nat)],
        ),
    ]
}
