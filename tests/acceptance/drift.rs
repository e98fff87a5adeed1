//! What somebody changes in the console is named by `drift` and put back by `apply`.

use serde_json::{Value, json};

use crate::served::Served;
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

/// Asks who it was until the event history has it, and returns what is said of the only drift.
fn who(world: &World) -> Value {
    for _ in 0..100 {
        let found = world.wharf(&["drift", "--who", "--format", "json"]).expect(2).json();
        let drift = found["drift"].as_array().unwrap();
        assert_eq!(drift.len(), 1, "{found:#}");
        if !drift[0]["by"].is_null() {
            return drift[0]["by"].clone();
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("nobody was found");
}

#[test]
fn whoever_changed_something_is_named() {
    let world = World::sample("minimal");
    world.apply();
    let log_group = json!({"logGroupName": "/wharf/notes/web"});
    world.aws_json(REGION, "logs", "Logs_20140328.DeleteRetentionPolicy", &log_group);
    // It takes minutes until the history has it.
    let early = world.wharf_at("1", &["drift", "--who"]).expect(2).stdout;
    assert!(early.contains("by nobody that CloudTrail knows of"), "{early}");
    let by = who(&world);
    assert_eq!(by["who"], "x");
    assert_eq!(by["event"], "DeleteRetentionPolicy");
    assert_eq!(by["through"], "aws-cli/2.17.0");
    let text = world.wharf(&["drift", "--who"]).expect(2).stdout;
    let line = format!(
        "  by x, {}: DeleteRetentionPolicy, with aws-cli/2.17.0",
        by["at"].as_str().unwrap()
    );
    assert!(text.contains(&line), "{text}");
    // What wharf itself did to the same thing before is no answer.
    assert!(!text.contains("PutRetentionPolicy"), "{text}");
    world.apply();
    world.wharf(&["drift", "--who"]).expect(0);

    // What has no region has a history elsewhere.
    let role = "Action=DeleteRolePolicy&Version=2010-05-08&RoleName=notes-web-execution-ap-southeast-2&PolicyName=wharf";
    world.aws_query("us-east-1", "iam", role);
    assert_eq!(who(&world)["event"], "DeleteRolePolicy");
    world.apply();

    // What is gone is known by the name it had.
    world.aws_json(REGION, "logs", "Logs_20140328.DeleteLogGroup", &log_group);
    let found = world.wharf(&["drift", "--format", "json"]).expect(2).json();
    assert_eq!(found["drift"][0]["by"], Value::Null, "nobody asked");
    assert_eq!(who(&world)["event"], "DeleteLogGroup");
}

#[test]
fn whoever_may_not_look_into_the_history_still_sees_the_drift() {
    let world = Served::sample("minimal");
    world.wharf(&["apply", "--yes"]).expect(0);
    world.sandbox.with_world(|inner| {
        let groups = &mut inner.region(REGION).logs.groups;
        groups.get_mut("/wharf/notes/web").unwrap().retention_days = None;
    });
    let policies = world.wharf(&["iam", "plan", "--format", "json"]).expect(0).json();
    let run = world.wharf_under(&world.under(&[policies]), &["drift", "--who"]);
    assert!(run.stdout.contains("retention  spec: 30"), "{}", run.stdout);
    assert!(!run.stdout.contains("  by "), "{}", run.stdout);
    assert!(run.stderr.contains("this takes cloudtrail:LookupEvents"), "{}", run.stderr);
    run.expect(2);
}
