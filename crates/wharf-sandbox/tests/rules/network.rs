//! What EC2 refuses.

use super::{Row, Step, form_step, row};

pub(super) fn ec2(operation: &'static str, form: &str) -> Step {
    form_step("ec2", operation, form)
}

pub(super) fn group(name: &str) -> Step {
    ec2("CreateSecurityGroup", &format!("GroupName={name}&GroupDescription=x&VpcId=$vpc"))
}

/// Lets a port in, or no longer, from a peer.
pub(super) fn port(operation: &'static str, group: &str, peer: &str) -> Step {
    ec2(
        operation,
        &format!(
            "GroupId={group}&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=80\
             &IpPermissions.1.ToPort=80&IpPermissions.1.{peer}"
        ),
    )
}

pub(super) fn table(name: &'static str) -> Step {
    ec2("CreateRouteTable", "VpcId=$vpc").keep(name, "routeTableId")
}

fn endpoint(vpc: &str, more: &str) -> Step {
    ec2(
        "CreateVpcEndpoint",
        &format!(
            "VpcId={vpc}&VpcEndpointType=Interface&ServiceName=com.amazonaws.eu-west-1.logs{more}"
        ),
    )
}

pub(super) fn rows() -> Vec<Row> {
    [groups(), networks()].into_iter().flatten().collect()
}

fn groups() -> Vec<Row> {
    let (allow, revoke) = ("AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress");
    let world = "IpRanges.1.CidrIp=0.0.0.0/0";
    let delete = |group: &str| ec2("DeleteSecurityGroup", &format!("GroupId={group}"));
    vec![
        row(
            "ec2/group-unused",
            [
                group("one").keep("$one", "groupId"),
                group("two").keep("$two", "groupId"),
                port(allow, "$two", "Groups.1.GroupId=$one"),
                delete("$one"),
            ],
        ),
        row("ec2/group-name-unique", [group("one"), group("one")]),
        row("ec2/group-exists", [delete("sg-0123456789abcdef0")]),
        row("ec2/default-group-stays", [delete("$group")]),
        row("ec2/group-name", [group("sg-one")]),
        row(
            "ec2/rule-once",
            [
                group("one").keep("$one", "groupId"),
                port(allow, "$one", world),
                port(allow, "$one", world),
            ],
        ),
        row("ec2/rule-exists", [group("one").keep("$one", "groupId"), port(revoke, "$one", world)]),
    ]
}

fn networks() -> Vec<Row> {
    let route = || {
        let form = "RouteTableId=$table&DestinationCidrBlock=0.0.0.0/0&GatewayId=$igw";
        ec2("CreateRoute", form)
    };
    let associate =
        |table: &str| ec2("AssociateRouteTable", &format!("RouteTableId={table}&SubnetId=$a"));
    let attach = |gateway: &str, vpc: &str| {
        ec2("AttachInternetGateway", &format!("InternetGatewayId={gateway}&VpcId={vpc}"))
    };
    let nat = || ec2("CreateNatGateway", "SubnetId=$a&AllocationId=$address");
    let subnet = |block: &str| ec2("CreateSubnet", &format!("VpcId=$vpc&CidrBlock={block}"));
    vec![
        row("ec2/route-once", [table("$table"), route(), route()]),
        row(
            "ec2/table-once",
            [table("$first"), table("$second"), associate("$first"), associate("$second")],
        ),
        row("ec2/gateway-once", [attach("$igw", "$main-vpc")]),
        row(
            "ec2/one-gateway",
            [
                ec2("CreateInternetGateway", "").keep("$new", "internetGatewayId"),
                attach("$new", "$vpc"),
            ],
        ),
        row(
            "ec2/address-free",
            [ec2("AllocateAddress", "Domain=vpc").keep("$address", "allocationId"), nat(), nat()],
        ),
        row("ec2/subnet-within-vpc", [subnet("10.200.0.0/24")]),
        row("ec2/subnets-apart", [subnet("172.31.0.0/24")]),
        row("ec2/vpc-block", [ec2("CreateVpc", "CidrBlock=10.0.0.0/8")]),
        row(
            "ec2/private-names",
            [
                ec2("CreateVpc", "CidrBlock=10.99.0.0/16").keep("$new", "vpcId"),
                endpoint("$new", ""),
            ],
        ),
        row("ec2/private-name-once", [endpoint("$vpc", ""), endpoint("$vpc", "")]),
        row(
            "ec2/endpoint-zones",
            [
                ec2(
                    "CreateSubnet",
                    "VpcId=$vpc&CidrBlock=172.31.96.0/20&AvailabilityZone=eu-west-1a",
                )
                .keep("$other-a", "subnetId"),
                endpoint("$vpc", "&PrivateDnsEnabled=false&SubnetId.1=$a&SubnetId.2=$other-a"),
            ],
        ),
    ]
}
