//! What Elastic Load Balancing refuses of a request by itself, and its quotas.

use wharf_sandbox::services::elbv2::state::Deed;

use super::{
    Row, Step, arrange,
    elbv2::{ANSWER, attribute, balancer, certificate, elb, forward, group, listener, secure},
    row,
};

pub(super) fn rows() -> Vec<Row> {
    [conditions(), actions(), listeners(), groups(), balancers(), quotas()]
        .into_iter()
        .flatten()
        .collect()
}

/// Creates a rule with conditions, given without `Conditions.member.`.
fn rule(conditions: &[&str]) -> Step {
    rule_at(7, conditions)
}

fn rule_at(priority: u32, conditions: &[&str]) -> Step {
    let conditions: Vec<String> =
        conditions.iter().map(|one| format!("&Conditions.member.{one}")).collect();
    elb(
        "CreateRule",
        &format!(
            "ListenerArn=$listener&Priority={priority}{}&Actions.member.1.Type=forward\
             &Actions.member.1.TargetGroupArn=$tg",
            conditions.concat()
        ),
    )
}

fn conditions() -> Vec<Row> {
    let path = "1.Field=path-pattern";
    let six: Vec<String> = (1..7).map(|at| format!("1.Values.member.{at}=/{at}")).collect();
    let six: Vec<&str> = [path].into_iter().chain(six.iter().map(String::as_str)).collect();
    let both = [path, "1.Values.member.1=/a", "1.PathPatternConfig.Values.member.1=/b"];
    vec![
        row(
            "elbv2/condition-once",
            [rule(&[path, "1.Values.member.1=/a", "2.Field=path-pattern"])],
        ),
        row("elbv2/condition-field", [rule(&["1.Field=none", "1.Values.member.1=a"])]),
        row("elbv2/condition-given", [rule(&[path])]),
        row("elbv2/condition-value", [rule(&[path, "1.Values.member.1=%20"])]),
        row("elbv2/five-values", [rule(&six)]),
        row("elbv2/five-wildcards", [rule(&[path, "1.Values.member.1=/******"])]),
        row("elbv2/condition-forms-agree", [rule(&both)]),
    ]
}

fn actions() -> Vec<Row> {
    let made = |action: &str| listener("$lb", "HTTP", 81, action, "");
    let config = "Type=forward&DefaultActions.member.1.ForwardConfig";
    let many = |count: u32| {
        let groups = (1..=count).map(|at| {
            format!(
                "&DefaultActions.member.1.ForwardConfig.TargetGroups.member.{at}.TargetGroupArn=$tg"
            )
        });
        groups.collect::<String>()
    };
    let two = format!(
        "{ANSWER}&DefaultActions.member.2.Type=forward&DefaultActions.member.2.TargetGroupArn=$tg"
    );
    let other = forward("$tg")
        + "&DefaultActions.member.1.ForwardConfig.TargetGroups.member.1.TargetGroupArn=$loose";
    let sticky = "&DefaultActions.member.1.ForwardConfig.TargetGroupStickinessConfig.Enabled=true";
    let port = "Type=redirect&DefaultActions.member.1.RedirectConfig.StatusCode=HTTP_301\
                &DefaultActions.member.1.RedirectConfig.Port=none";
    vec![
        row("elbv2/authentication-simulated", [made("Type=authenticate-oidc")]),
        row("elbv2/one-action", [made(&two)]),
        row("elbv2/forward-target", [made("Type=forward")]),
        row("elbv2/forward-forms-agree", [made(&other)]),
        row("elbv2/five-target-groups", [made(&format!("Type=forward{}", many(6)))]),
        row("elbv2/forward-once", [made(&format!("Type=forward{}", many(2)))]),
        row(
            "elbv2/stickiness-duration",
            [made(&format!("{config}.TargetGroups.member.1.TargetGroupArn=$tg{sticky}"))],
        ),
        row("elbv2/redirect-form", [made(port)]),
    ]
}

fn listeners() -> Vec<Row> {
    let plain = "LoadBalancerArn=$lb&Port=81&DefaultActions.member.1.";
    let two = "&Certificates.member.2.CertificateArn=$issued";
    let none = "arn:aws:elasticloadbalancing:eu-west-1:111122223333";
    vec![
        row(
            "elbv2/certificates-on-https",
            [elb(
                "AddListenerCertificates",
                &format!("ListenerArn=$listener{}", certificate("$issued")),
            )],
        ),
        row("elbv2/one-default-certificate", [secure(&format!("{}{two}", certificate("$issued")))]),
        row("elbv2/listener-settings", [elb("CreateListener", &format!("{plain}{ANSWER}"))]),
        row(
            "elbv2/listener-exists",
            [elb("DeleteListener", &format!("ListenerArn={none}:listener/app/none/0/0"))],
        ),
        row(
            "elbv2/rule-exists",
            [elb("DeleteRule", &format!("RuleArn={none}:listener-rule/app/none/0/0/0"))],
        ),
        row("elbv2/arn-form", [elb("DeleteListener", "ListenerArn=none")]),
    ]
}

fn groups() -> Vec<Row> {
    let slow = attribute("TargetGroupArn=$tg", "slow_start.duration_seconds", "10");
    let instances = "Name=x&Protocol=HTTP&Port=80&VpcId=$vpc&TargetType=instance";
    vec![
        row("elbv2/target-group-settings", [elb("CreateTargetGroup", "Name=x")]),
        row("elbv2/target-group-vpc", [group("x", "vpc-0123456789abcdef0", "")]),
        row("elbv2/check-enabled", [group("x", "$vpc", "&HealthCheckEnabled=false")]),
        row("elbv2/check-port", [group("x", "$vpc", "&HealthCheckPort=none")]),
        row("elbv2/one-matcher", [group("x", "$vpc", "&Matcher.HttpCode=200&Matcher.GrpcCode=12")]),
        row("elbv2/slow-start", [elb("ModifyTargetGroupAttributes", &slow)]),
        row(
            "elbv2/target-address",
            [elb("RegisterTargets", "TargetGroupArn=$tg&Targets.member.1.Id=none")],
        ),
        row(
            "elbv2/no-instances",
            [
                elb("CreateTargetGroup", instances).keep("$old", "TargetGroupArn"),
                elb("RegisterTargets", "TargetGroupArn=$old&Targets.member.1.Id=i-0"),
            ],
        ),
    ]
}

fn balancers() -> Vec<Row> {
    let twice = attribute("LoadBalancerArn=$lb", "idle_timeout.timeout_seconds", "61")
        + "&Attributes.member.2.Key=idle_timeout.timeout_seconds&Attributes.member.2.Value=62";
    let logs = attribute("LoadBalancerArn=$lb", "access_logs.s3.enabled", "true");
    let names: Vec<String> = (1..22).map(|at| format!("Names.member.{at}=n{at}")).collect();
    let small = arrange(|world| {
        for subnet in world.region("eu-west-1").ec2.subnets.values_mut() {
            subnet.cidr = subnet.cidr.replace("/20", "/29");
        }
    });
    vec![
        row("elbv2/application-only", [balancer("x", &["$a", "$b"], "&Type=network")]),
        row(
            "elbv2/subnets-one-form",
            [balancer("x", &["$a"], "&SubnetMappings.member.1.SubnetId=$b")],
        ),
        row("elbv2/free-addresses", [small, balancer("x", &["$a", "$b"], "")]),
        row(
            "elbv2/dualstack-subnets",
            [elb("SetIpAddressType", "LoadBalancerArn=$lb&IpAddressType=dualstack")],
        ),
        row("elbv2/logs-bucket", [elb("ModifyLoadBalancerAttributes", &logs)]),
        row("elbv2/attribute-once", [elb("ModifyLoadBalancerAttributes", &twice)]),
        row("elbv2/twenty-described", [elb("DescribeLoadBalancers", &names.join("&"))]),
        row(
            "elbv2/one-selection",
            [elb("DescribeLoadBalancers", "Names.member.1=x&LoadBalancerArns.member.1=$lb")],
        ),
        row("elbv2/marker", [elb("DescribeLoadBalancers", "Marker=none")]),
    ]
}

fn quotas() -> Vec<Row> {
    let balancers = arrange(|world| {
        let all = &mut world.region("eu-west-1").elbv2.balancers;
        let one = all.values().next().unwrap().clone();
        all.extend((0..50).map(|number| (format!("b{number}"), one.clone())));
    });
    let listeners = arrange(|world| {
        let all = &mut world.region("eu-west-1").elbv2.listeners;
        let one = all.values().next().unwrap().clone();
        all.extend((0..50).map(|number| (format!("l{number}"), one.clone())));
    });
    let rules = arrange(|world| {
        let all = &mut world.region("eu-west-1").elbv2.rules;
        let one = all.values().next().unwrap().clone();
        all.extend((0..100).map(|number| (format!("r{number}"), one.clone())));
    });
    let certificates = arrange(|world| {
        for listener in world.region("eu-west-1").elbv2.listeners.values_mut() {
            "HTTPS".clone_into(&mut listener.protocol);
            listener.certificates = (0..26).map(|number| format!("c{number}")).collect();
        }
    });
    let groups = arrange(|world| {
        let elb = &mut world.region("eu-west-1").elbv2;
        let one = elb.target_groups.values().next().unwrap().clone();
        let arns: Vec<String> = (0..100).map(|number| format!("g{number}")).collect();
        let listener = elb.listeners.values_mut().next().unwrap();
        let groups = arns.iter().map(|arn| (arn.clone(), 1)).collect();
        listener.actions[0].what = Deed::Forward { groups, sticky: false, sticky_seconds: None };
        elb.target_groups.extend(arns.into_iter().map(|arn| (arn, one.clone())));
    });
    let many_groups = arrange(|world| {
        let all = &mut world.region("eu-west-1").elbv2.target_groups;
        let one = all.values().next().unwrap().clone();
        all.extend((0..3000).map(|number| (format!("g{number}"), one.clone())));
    });
    let many_targets = (1..=1001).map(|port| {
        format!("&Targets.member.{port}.Id=172.31.0.9&Targets.member.{port}.Port={port}")
    });
    let many_targets: String = many_targets.collect();
    let one = ["1.Field=path-pattern", "1.Values.member.1=/a"];
    vec![
        row("elbv2/groups-count", [many_groups, group("new", "$vpc", "")]),
        row(
            "elbv2/targets-count",
            [elb("RegisterTargets", &format!("TargetGroupArn=$tg{many_targets}"))],
        ),
        row("elbv2/target-groups-count", [groups, rule(&one)]),
        row("elbv2/balancers-count", [balancers, balancer("x", &["$a", "$b"], "")]),
        row("elbv2/listeners-count", [listeners, listener("$lb", "HTTP", 81, ANSWER, "")]),
        row("elbv2/rules-count", [rule_at(7, &one), rules, rule_at(8, &one)]),
        row(
            "elbv2/certificates-count",
            [
                certificates,
                elb(
                    "AddListenerCertificates",
                    &format!("ListenerArn=$listener{}", certificate("$issued")),
                ),
            ],
        ),
    ]
}
