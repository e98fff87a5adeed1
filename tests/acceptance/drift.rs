//! What somebody changes in the console is named by `drift` and put back by `apply`.

use serde_json::json;

use crate::world::World;

const REGION: &str = "ap-southeast-2";

/// Returns what stands between the first pair of these tags.
fn element<'a>(xml: &'a str, tag: &str) -> &'a str {
    let open = format!("<{tag}>");
    let start = xml.find(&open).unwrap_or_else(|| panic!("{tag} in {xml}")) + open.len();
    &xml[start..start + xml[start..].find('<').unwrap()]
}

#[track_caller]
fn named_and_put_back(world: &World, address: &str, field: &str) {
    let drift = world.wharf(&["drift", "--format", "json"]).expect(2).json();
    let list = drift["drift"].as_array().unwrap();
    assert_eq!(list.len(), 1, "{drift:#}");
    assert_eq!(list[0]["address"], address);
    if !field.is_empty() {
        assert!(list[0]["changes"].to_string().contains(field), "{drift:#}");
    }
    let text = world.wharf(&["drift"]).expect(2).stdout;
    assert!(text.contains(address.split_once('.').unwrap().1), "{text}");
    world.apply();
    world.converged();
}

#[test]
fn console_edits_are_named_one_by_one_and_put_back() {
    let world = World::sample("minimal");
    world.apply();

    let groups = world.aws_query(
        REGION,
        "elasticloadbalancing",
        "Action=DescribeTargetGroups&Version=2015-12-01",
    );
    let group = element(&groups, "TargetGroupArn");
    world.aws_query(
        REGION,
        "elasticloadbalancing",
        &format!("Action=ModifyTargetGroup&Version=2015-12-01&TargetGroupArn={group}&HealthCheckPath=/wrong"),
    );
    named_and_put_back(&world, "target_group.web", "/wrong");

    let balancers = world.aws_query(
        REGION,
        "elasticloadbalancing",
        "Action=DescribeLoadBalancers&Version=2015-12-01",
    );
    let balancer = element(&balancers, "LoadBalancerArn");
    let listeners = world.aws_query(
        REGION,
        "elasticloadbalancing",
        &format!("Action=DescribeListeners&Version=2015-12-01&LoadBalancerArn={balancer}"),
    );
    let listener = element(&listeners, "ListenerArn");
    world.aws_query(
        REGION,
        "elasticloadbalancing",
        &format!(
            "Action=ModifyListener&Version=2015-12-01&ListenerArn={listener}\
             &DefaultActions.member.1.Type=fixed-response\
             &DefaultActions.member.1.FixedResponseConfig.StatusCode=503"
        ),
    );
    named_and_put_back(&world, "listener.http", "503");

    world.aws_json(
        REGION,
        "logs",
        "Logs_20140328.DeleteRetentionPolicy",
        &json!({"logGroupName": "/wharf/notes/web"}),
    );
    named_and_put_back(&world, "log_group.web", "retention");

    let services = world.aws_json(
        REGION,
        "ecs",
        "AmazonEC2ContainerServiceV20141113.ListServices",
        &json!({"cluster": "notes"}),
    );
    world.aws_json(
        REGION,
        "ecs",
        "AmazonEC2ContainerServiceV20141113.UpdateService",
        &json!({"cluster": "notes", "service": services["serviceArns"][0], "desiredCount": 3}),
    );
    named_and_put_back(&world, "service.web", "count");
}

#[test]
fn a_rule_added_or_removed_by_hand_is_drift() {
    let world = World::sample("minimal");
    world.apply();
    let groups = world.aws_query(
        REGION,
        "ec2",
        "Action=DescribeSecurityGroups&Version=2016-11-15&Filter.1.Name=group-name&Filter.1.Value.1=notes-balancer",
    );
    let group = element(&groups, "groupId");
    world.aws_query(
        REGION,
        "ec2",
        &format!(
            "Action=AuthorizeSecurityGroupIngress&Version=2016-11-15&GroupId={group}\
             &IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22\
             &IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0"
        ),
    );
    named_and_put_back(&world, "ingress_rule.balancer:22:0.0.0.0/0", "");
    world.aws_query(
        REGION,
        "ec2",
        &format!(
            "Action=RevokeSecurityGroupIngress&Version=2016-11-15&GroupId={group}\
             &IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=80&IpPermissions.1.ToPort=80\
             &IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0"
        ),
    );
    named_and_put_back(&world, "ingress_rule.balancer:80:0.0.0.0/0", "");
}
