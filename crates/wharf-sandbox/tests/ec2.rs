//! Networks, security groups and interfaces.

use std::{fmt::Write, time::Duration};

use wharf_sandbox::{Sandbox, services::ec2::state::Egress, services::ec2::state::End};

use crate::common::{Answer, query, sandbox};

async fn ec2(sandbox: &Sandbox, operation: &str, form: &str) -> Answer {
    query(sandbox, "ec2", operation, form).await
}

/// A subnet of the VPC `main` by its name tag.
pub(crate) async fn subnet(sandbox: &Sandbox, name: &str) -> String {
    let form = format!("Filter.1.Name=tag:Name&Filter.1.Value.1={name}");
    ec2(sandbox, "DescribeSubnets", &form).await.element("subnetId")
}

/// The VPC `main`.
pub(crate) async fn main_vpc(sandbox: &Sandbox) -> String {
    let form = "Filter.1.Name=tag:Name&Filter.1.Value.1=main";
    ec2(sandbox, "DescribeVpcs", form).await.element("vpcId")
}

/// Makes a security group in a VPC.
pub(crate) async fn group(sandbox: &Sandbox, vpc: &str, name: &str) -> String {
    let form = format!("GroupName={name}&GroupDescription=d&VpcId={vpc}");
    ec2(sandbox, "CreateSecurityGroup", &form).await.element("groupId")
}

/// Lets TCP in on a port, from a range or a group.
pub(crate) async fn let_in(sandbox: &Sandbox, group: &str, port: u16, from: &str) -> Answer {
    let source = if from.starts_with("sg-") { "Groups.1.GroupId" } else { "IpRanges.1.CidrIp" };
    let form = format!(
        "GroupId={group}&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort={port}\
         &IpPermissions.1.ToPort={port}&IpPermissions.1.{source}={from}"
    );
    ec2(sandbox, "AuthorizeSecurityGroupIngress", &form).await
}

#[tokio::test]
async fn a_region_starts_with_two_vpcs() {
    let sandbox = sandbox();
    assert_eq!(ec2(&sandbox, "DescribeVpcs", "").await.elements("vpcId").len(), 2);
    let default = ec2(&sandbox, "DescribeVpcs", "Filter.1.Name=is-default&Filter.1.Value.1=true");
    let default = default.await.element("vpcId");
    let form = format!("Filter.1.Name=vpc-id&Filter.1.Value.1={default}");
    let subnets = ec2(&sandbox, "DescribeSubnets", &form).await;
    let zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"];
    assert_eq!(sorted(subnets.elements("availabilityZone")), zones);
    for (name, way) in [("main-public-a", Egress::InternetGateway), ("main-private-b", Egress::Nat)]
    {
        let id = subnet(&sandbox, name).await;
        let found = sandbox.with_world(|world| world.subnet_egress("eu-west-1", &id));
        assert_eq!(found, way, "{name}");
    }
    for id in subnets.elements("subnetId") {
        let found = sandbox.with_world(|world| world.subnet_egress("eu-west-1", &id));
        assert_eq!(found, Egress::InternetGateway);
    }
}

fn sorted(mut items: Vec<String>) -> Vec<String> {
    items.sort();
    items
}

#[tokio::test(start_paused = true)]
async fn a_network_made_by_hand_leads_out_once_its_parts_are_joined() {
    let sandbox = sandbox();
    let vpc = ec2(&sandbox, "CreateVpc", "CidrBlock=10.9.0.1/16").await;
    assert_eq!(vpc.element("cidrBlock"), "10.9.0.0/16");
    let vpc = vpc.element("vpcId");
    let form = format!("VpcId={vpc}&CidrBlock=10.9.1.0/24&AvailabilityZone=eu-west-1b");
    let subnet = ec2(&sandbox, "CreateSubnet", &form).await;
    assert_eq!(subnet.element("availableIpAddressCount"), "251");
    let subnet = subnet.element("subnetId");
    let way = |sandbox: &Sandbox| sandbox.with_world(|it| it.subnet_egress("eu-west-1", &subnet));
    assert_eq!(way(&sandbox), Egress::None);
    let gateway = ec2(&sandbox, "CreateInternetGateway", "").await.element("internetGatewayId");
    let attach = format!("InternetGatewayId={gateway}&VpcId={vpc}");
    assert_eq!(ec2(&sandbox, "AttachInternetGateway", &attach).await.status, 200);
    let again = ec2(&sandbox, "AttachInternetGateway", &attach).await;
    assert_eq!(again.element("Code"), "Resource.AlreadyAssociated");
    let table = ec2(&sandbox, "CreateRouteTable", &format!("VpcId={vpc}")).await;
    let table = table.element("routeTableId");
    let route = format!("RouteTableId={table}&DestinationCidrBlock=0.0.0.0/0&GatewayId={gateway}");
    assert_eq!(ec2(&sandbox, "CreateRoute", &route).await.status, 200);
    let twice = ec2(&sandbox, "CreateRoute", &route).await;
    assert_eq!(twice.element("Code"), "RouteAlreadyExists");
    assert_eq!(way(&sandbox), Egress::None, "the subnet still has the main table");
    let join = format!("RouteTableId={table}&SubnetId={subnet}");
    assert_eq!(ec2(&sandbox, "AssociateRouteTable", &join).await.status, 200);
    assert_eq!(way(&sandbox), Egress::InternetGateway);
    let address = ec2(&sandbox, "AllocateAddress", "Domain=vpc").await.element("allocationId");
    let nat = format!("SubnetId={subnet}&AllocationId={address}");
    assert_eq!(ec2(&sandbox, "CreateNatGateway", &nat).await.element("state"), "pending");
    tokio::time::sleep(Duration::from_secs(90)).await;
    let form = format!("Filter.1.Name=vpc-id&Filter.1.Value.1={vpc}");
    assert_eq!(ec2(&sandbox, "DescribeNatGateways", &form).await.element("state"), "available");
}

#[tokio::test(start_paused = true)]
async fn a_nat_gateway_fails_later_without_what_it_needs() {
    let sandbox = sandbox();
    let made = ec2(&sandbox, "CreateVpc", "CidrBlock=10.9.0.0/16").await;
    let vpc = made.element("vpcId");
    let form = format!("VpcId={vpc}&CidrBlock=10.9.1.0/24");
    let subnet = ec2(&sandbox, "CreateSubnet", &form).await.element("subnetId");
    let describe = format!("Filter.1.Name=vpc-id&Filter.1.Value.1={vpc}");
    let mut codes = Vec::new();
    for full in [false, true] {
        let address = ec2(&sandbox, "AllocateAddress", "Domain=vpc").await.element("allocationId");
        sandbox.with_world(|world| {
            let subnets = &mut world.region("eu-west-1").ec2.subnets;
            subnets.get_mut(&subnet).unwrap().full = full;
        });
        let nat = format!("SubnetId={subnet}&AllocationId={address}");
        let made = ec2(&sandbox, "CreateNatGateway", &nat).await;
        assert_eq!(made.element("state"), "pending");
        tokio::time::sleep(Duration::from_secs(90)).await;
        let id = format!("NatGatewayId.1={}&{describe}", made.element("natGatewayId"));
        let shown = ec2(&sandbox, "DescribeNatGateways", &id).await;
        assert_eq!(shown.element("state"), "failed");
        codes.push(shown.element("failureCode"));
    }
    assert_eq!(codes, ["Gateway.NotAttached", "InsufficientFreeAddressesInSubnet"]);
}

#[tokio::test]
async fn what_does_not_exist_or_fit_is_refused() {
    let sandbox = sandbox();
    let vpc = main_vpc(&sandbox).await;
    let of_vpc = |rest: &str| format!("VpcId={vpc}&{rest}");
    let named = |name: &str| of_vpc(&format!("GroupName={name}&GroupDescription=d"));
    group(&sandbox, &vpc, "web").await;
    let cases = [
        ("DescribeVpcs", "VpcId.1=vpc-0123".to_owned(), "InvalidVpcID.NotFound"),
        ("DescribeVpcs", "Filter.1.Name=x&Filter.1.Value.1=y".to_owned(), "InvalidParameterValue"),
        ("DescribeSubnets", "SubnetId.1=subnet-0123".to_owned(), "InvalidSubnetID.NotFound"),
        ("DescribeSecurityGroups", "GroupId.1=sg-0123".to_owned(), "InvalidGroup.NotFound"),
        ("DescribeSecurityGroups", "GroupId.1=web".to_owned(), "InvalidGroupId.Malformed"),
        (
            "DescribeSecurityGroupRules",
            "SecurityGroupRuleId.1=sgr-1".to_owned(),
            "InvalidSecurityGroupRuleId.NotFound",
        ),
        ("CreateSecurityGroup", named("WEB"), "InvalidGroup.Duplicate"),
        ("CreateSecurityGroup", named("sg-a"), "InvalidParameterValue"),
        ("CreateSecurityGroup", named("w%C3%A9b"), "InvalidParameterValue"),
        ("CreateSecurityGroup", of_vpc("GroupName=a"), "MissingParameter"),
        ("CreateSubnet", of_vpc("CidrBlock=10.0.0.0/25"), "InvalidSubnet.Conflict"),
        ("CreateSubnet", of_vpc("CidrBlock=10.7.0.0/24"), "InvalidSubnet.Range"),
        ("CreateVpc", "CidrBlock=10.0.0.0/8".to_owned(), "InvalidVpc.Range"),
        ("CreateTags", "ResourceId.1=sg-0123&Tag.1.Key=a".to_owned(), "InvalidGroup.NotFound"),
    ];
    for (operation, form, code) in cases {
        let answer = ec2(&sandbox, operation, &form).await;
        assert_eq!(answer.element("Code"), code, "{operation} {form}");
    }
}

#[tokio::test]
async fn a_new_group_lets_everything_out_and_nothing_in() {
    let sandbox = sandbox();
    let vpc = main_vpc(&sandbox).await;
    let id = group(&sandbox, &vpc, "web").await;
    let form = format!("Filter.1.Name=group-id&Filter.1.Value.1={id}");
    let rules = ec2(&sandbox, "DescribeSecurityGroupRules", &form).await;
    assert_eq!(rules.elements("isEgress"), ["true"]);
    assert_eq!(rules.element("ipProtocol"), "-1");
    assert_eq!(rules.element("cidrIpv4"), "0.0.0.0/0");
    let (groups, cidr) = (vec![id], "10.0.0.5");
    let (lets_in, lets_out) = sandbox.with_world(|world| {
        let other = End { groups: &[], cidr };
        let region = "eu-west-1";
        (
            world.sg_allows(region, &groups, 80, other),
            world.sg_allows_out(region, &groups, 80, other),
        )
    });
    assert!(!lets_in && lets_out);
}

#[tokio::test]
async fn rules_are_canonical_and_exist_once() {
    let sandbox = sandbox();
    let vpc = main_vpc(&sandbox).await;
    let (web, task) = (group(&sandbox, &vpc, "web").await, group(&sandbox, &vpc, "task").await);
    let made = let_in(&sandbox, &web, 80, "10.1.2.3/16").await;
    assert_eq!(made.element("cidrIpv4"), "10.1.0.0/16");
    let again = let_in(&sandbox, &web, 80, "10.1.0.0/16").await;
    assert_eq!(again.element("Code"), "InvalidPermission.Duplicate");
    assert_eq!(let_in(&sandbox, &task, 8080, &web).await.element("userId"), "111122223333");
    let inside = vec![task.clone()];
    let passes = |from: &[String], port| {
        sandbox.with_world(|world| {
            world.sg_allows("eu-west-1", &inside, port, End { groups: from, cidr: "10.0.0.9" })
        })
    };
    let from = [web.clone()];
    assert!(passes(&from, 8080));
    assert!(!passes(&from, 8081));
    assert!(!passes(&[], 8080));
    let shown = ec2(&sandbox, "DescribeSecurityGroups", &format!("GroupId.1={task}")).await;
    let ingress = shown.element("ipPermissions");
    assert!(ingress.contains(&format!("<groupId>{web}</groupId>")), "{ingress}");
}

#[tokio::test]
async fn rules_that_make_no_sense_are_refused() {
    let sandbox = sandbox();
    let vpc = main_vpc(&sandbox).await;
    let id = group(&sandbox, &vpc, "web").await;
    let p = "IpPermissions.1";
    let cases = [
        (format!("{p}.IpProtocol=tcp&{p}.IpRanges.1.CidrIp=0.0.0.0/0"), "InvalidParameterValue"),
        (
            format!(
                "{p}.IpProtocol=tcp&{p}.FromPort=2&{p}.ToPort=1&{p}.IpRanges.1.CidrIp=1.2.3.4/32"
            ),
            "InvalidParameterValue",
        ),
        (format!("{p}.IpProtocol=-1&{p}.IpRanges.1.CidrIp=1.2.3.4"), "InvalidParameterValue"),
        (format!("{p}.IpProtocol=-1"), "InvalidParameterValue"),
        (format!("{p}.IpProtocol=-1&{p}.Groups.1.GroupId=sg-0123"), "InvalidGroup.NotFound"),
        (
            format!(
                "{p}.IpProtocol=-1&{p}.IpRanges.1.CidrIp=1.2.3.4/32&{p}.IpRanges.1.Description=%C3%A9"
            ),
            "InvalidParameterValue",
        ),
        (String::new(), "MissingParameter"),
    ];
    for (form, code) in cases {
        let form = format!("GroupId={id}&{form}");
        let answer = ec2(&sandbox, "AuthorizeSecurityGroupIngress", &form).await;
        assert_eq!(answer.element("Code"), code, "{form}");
    }
    let mut many = format!("GroupId={id}&{p}.IpProtocol=-1");
    for at in 1..=61 {
        write!(many, "&{p}.IpRanges.{at}.CidrIp=10.0.0.{at}/32").unwrap();
    }
    let answer = ec2(&sandbox, "AuthorizeSecurityGroupIngress", &many).await;
    assert_eq!(answer.element("Code"), "RulesPerSecurityGroupLimitExceeded");
}

#[tokio::test]
async fn rules_are_changed_and_revoked() {
    let sandbox = sandbox();
    let vpc = main_vpc(&sandbox).await;
    let id = group(&sandbox, &vpc, "web").await;
    let rule = let_in(&sandbox, &id, 80, "10.0.0.0/8").await.element("securityGroupRuleId");
    let r = "SecurityGroupRule.1";
    let change = |source: &str| {
        format!(
            "GroupId={id}&{r}.SecurityGroupRuleId={rule}&{r}.SecurityGroupRule.IpProtocol=tcp\
             &{r}.SecurityGroupRule.FromPort=80&{r}.SecurityGroupRule.ToPort=80\
             &{r}.SecurityGroupRule.{source}"
        )
    };
    let other_kind = change(&format!("ReferencedGroupId={id}"));
    let refused = ec2(&sandbox, "ModifySecurityGroupRules", &other_kind).await;
    assert_eq!(refused.element("Code"), "InvalidParameterValue");
    let form = change("CidrIpv4=10.0.0.0/16&SecurityGroupRule.1.SecurityGroupRule.Description=d");
    assert_eq!(ec2(&sandbox, "ModifySecurityGroupRules", &form).await.status, 200);
    let form = format!("SecurityGroupRuleId.1={rule}");
    let shown = ec2(&sandbox, "DescribeSecurityGroupRules", &form).await;
    assert_eq!(shown.element("cidrIpv4"), "10.0.0.0/16");
    assert_eq!(shown.element("description"), "d");
    let by_id = format!("GroupId={id}&SecurityGroupRuleId.1={rule}");
    assert_eq!(ec2(&sandbox, "RevokeSecurityGroupIngress", &by_id).await.status, 200);
    let gone = ec2(&sandbox, "RevokeSecurityGroupIngress", &by_id).await;
    assert_eq!(gone.element("Code"), "InvalidSecurityGroupRuleId.NotFound");
    let all = format!(
        "GroupId={id}&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0"
    );
    assert_eq!(ec2(&sandbox, "RevokeSecurityGroupEgress", &all).await.status, 200);
    let gone = ec2(&sandbox, "RevokeSecurityGroupEgress", &all).await;
    assert_eq!(gone.element("Code"), "InvalidPermission.NotFound");
}

#[tokio::test(start_paused = true)]
async fn a_group_cannot_go_while_something_depends_on_it() {
    let sandbox = sandbox();
    let vpc = main_vpc(&sandbox).await;
    let (web, task) = (group(&sandbox, &vpc, "web").await, group(&sandbox, &vpc, "task").await);
    let_in(&sandbox, &task, 8080, &web).await;
    let delete = format!("GroupId={web}");
    let refused = ec2(&sandbox, "DeleteSecurityGroup", &delete).await;
    assert_eq!(refused.element("Code"), "DependencyViolation");
    let other = ec2(&sandbox, "DeleteSecurityGroup", &format!("GroupId={task}")).await;
    assert_eq!(other.status, 200);
    let place = subnet(&sandbox, "main-private-a").await;
    let eni = sandbox.with_world(|world| {
        let groups = [web.clone()];
        let eni = world.create_eni("eu-west-1", &place, &groups, "arn:aws:ecs:task").unwrap();
        world.delete_eni_after(Duration::from_secs(30), "eu-west-1", &eni.id);
        eni
    });
    let form = format!("Filter.1.Name=group-id&Filter.1.Value.1={web}");
    let shown = ec2(&sandbox, "DescribeNetworkInterfaces", &form).await;
    assert_eq!(shown.element("privateIpAddress"), eni.ip);
    let refused = ec2(&sandbox, "DeleteSecurityGroup", &delete).await;
    assert_eq!(refused.element("Code"), "DependencyViolation");
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(ec2(&sandbox, "DeleteSecurityGroup", &delete).await.status, 200);
    let form = "Filter.1.Name=group-name&Filter.1.Value.1=default";
    let default = ec2(&sandbox, "DescribeSecurityGroups", form).await.element("groupId");
    let refused = ec2(&sandbox, "DeleteSecurityGroup", &format!("GroupId={default}")).await;
    assert_eq!(refused.element("Code"), "CannotDelete");
}

#[tokio::test]
async fn tags_are_set_found_and_removed() {
    let sandbox = sandbox();
    let vpc = main_vpc(&sandbox).await;
    let form = format!(
        "GroupName=web&GroupDescription=d&VpcId={vpc}&TagSpecification.1.ResourceType=security-group\
         &TagSpecification.1.Tag.1.Key=app&TagSpecification.1.Tag.1.Value=notes"
    );
    let id = ec2(&sandbox, "CreateSecurityGroup", &form).await.element("groupId");
    let find = |value: &str| format!("Filter.1.Name=tag:app&Filter.1.Value.1={value}");
    let found = |value: &str| {
        let (sandbox, form) = (sandbox.clone(), find(value));
        async move { ec2(&sandbox, "DescribeSecurityGroups", &form).await.elements("groupId") }
    };
    assert_eq!(found("no*").await, std::slice::from_ref(&id));
    let change = format!("ResourceId.1={id}&Tag.1.Key=app&Tag.1.Value=shop");
    assert_eq!(ec2(&sandbox, "CreateTags", &change).await.status, 200);
    assert!(found("notes").await.is_empty());
    let form = format!("Filter.1.Name=resource-id&Filter.1.Value.1={id}");
    assert_eq!(ec2(&sandbox, "DescribeTags", &form).await.element("value"), "shop");
    let other = format!("ResourceId.1={id}&Tag.1.Key=app&Tag.1.Value=else");
    ec2(&sandbox, "DeleteTags", &other).await;
    assert_eq!(found("shop").await, std::slice::from_ref(&id));
    let key = format!("ResourceId.1={id}&Tag.1.Key=app");
    ec2(&sandbox, "DeleteTags", &key).await;
    assert!(found("shop").await.is_empty());
}

#[tokio::test]
async fn endpoints_reach_services_from_isolated_subnets() {
    let sandbox = sandbox();
    let vpc = main_vpc(&sandbox).await;
    let place = subnet(&sandbox, "main-private-a").await;
    let (task, end) = (group(&sandbox, &vpc, "task").await, group(&sandbox, &vpc, "end").await);
    let form = format!(
        "VpcId={vpc}&ServiceName=com.amazonaws.eu-west-1.ecr.api&VpcEndpointType=Interface\
         &SubnetId.1={place}&SecurityGroupId.1={end}"
    );
    assert_eq!(ec2(&sandbox, "CreateVpcEndpoint", &form).await.status, 200);
    let again = ec2(&sandbox, "CreateVpcEndpoint", &form).await;
    assert_eq!(again.element("Code"), "InvalidParameter");
    let reaches = || {
        let groups = [task.clone()];
        sandbox
            .with_world(|world| world.subnet_has_endpoint("eu-west-1", &place, "ecr.api", &groups))
    };
    assert!(!reaches(), "its group lets nobody in");
    let_in(&sandbox, &end, 443, &task).await;
    assert!(reaches());
}
