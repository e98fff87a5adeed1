//! What Elastic Load Balancing refuses.

use super::{Row, Step, form_step, row};

const NO_BALANCER: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/none/0";
const NO_GROUP: &str = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/none/0";
const NO_CERTIFICATE: &str =
    "arn:aws:acm:eu-west-1:111122223333:certificate/00000000-0000-0000-0000-000000000000";

pub(super) fn elb(operation: &'static str, form: &str) -> Step {
    form_step("elasticloadbalancing", operation, form)
}

pub(super) fn ec2(operation: &'static str, form: &str) -> Step {
    form_step("ec2", operation, form)
}

/// Creates a balancer in subnets.
pub(super) fn balancer(name: &str, subnets: &[&str], more: &str) -> Step {
    let subnets: Vec<String> = subnets
        .iter()
        .enumerate()
        .map(|(number, subnet)| format!("&Subnets.member.{}={subnet}", number + 1))
        .collect();
    elb("CreateLoadBalancer", &format!("Name={name}{}{more}", subnets.concat()))
}

/// Creates a target group in a VPC.
pub(super) fn group(name: &str, vpc: &str, more: &str) -> Step {
    let form = format!("Name={name}&Protocol=HTTP&Port=80&VpcId={vpc}&TargetType=ip{more}");
    elb("CreateTargetGroup", &form)
}

/// Creates a listener whose default action is given.
pub(super) fn listener(
    balancer: &str,
    protocol: &str,
    port: u16,
    action: &str,
    more: &str,
) -> Step {
    elb(
        "CreateListener",
        &format!(
            "LoadBalancerArn={balancer}&Protocol={protocol}&Port={port}&DefaultActions.member.1.\
             {action}{more}"
        ),
    )
}

pub(super) fn forward(group: &str) -> String {
    format!("Type=forward&DefaultActions.member.1.TargetGroupArn={group}")
}

pub(super) const ANSWER: &str =
    "Type=fixed-response&DefaultActions.member.1.FixedResponseConfig.StatusCode=404";

/// Creates an HTTPS listener with more in the request.
pub(super) fn secure(more: &str) -> Step {
    listener("$lb", "HTTPS", 443, ANSWER, more)
}

pub(super) fn certificate(arn: &str) -> String {
    format!("&Certificates.member.1.CertificateArn={arn}")
}

pub(super) fn attribute(target: &str, key: &str, value: &str) -> String {
    format!("{target}&Attributes.member.1.Key={key}&Attributes.member.1.Value={value}")
}

pub(super) fn rows() -> Vec<Row> {
    [balancers(), groups(), listeners()].into_iter().flatten().collect()
}

fn balancers() -> Vec<Row> {
    let subnet = |vpc: &str, block: &str, zone: &str| {
        let zone = format!("eu-west-1{zone}");
        ec2("CreateSubnet", &format!("VpcId={vpc}&CidrBlock={block}&AvailabilityZone={zone}"))
    };
    vec![
        row("elbv2/two-zones", [balancer("x", &["$a"], "")]),
        row(
            "elbv2/one-subnet-a-zone",
            [
                subnet("$vpc", "172.31.96.0/20", "a").keep("$other-a", "subnetId"),
                balancer("x", &["$a", "$other-a"], ""),
            ],
        ),
        row("elbv2/subnet-exists", [balancer("x", &["$a", "subnet-0123456789abcdef0"], "")]),
        row("elbv2/subnets-of-one-vpc", [balancer("x", &["$a", "$main-b"], "")]),
        row(
            "elbv2/groups-of-the-vpc",
            [balancer("x", &["$a", "$b"], "&SecurityGroups.member.1=$main-group")],
        ),
        row("elbv2/group-given", [elb("SetSecurityGroups", "LoadBalancerArn=$lb&SecurityGroups=")]),
        row(
            "elbv2/internet-gateway",
            [
                ec2("CreateVpc", "CidrBlock=10.99.0.0/16").keep("$new", "vpcId"),
                subnet("$new", "10.99.0.0/24", "a").keep("$one", "subnetId"),
                subnet("$new", "10.99.1.0/24", "b").keep("$two", "subnetId"),
                balancer("x", &["$one", "$two"], ""),
            ],
        ),
        row("elbv2/balancer-name-unique", [balancer("web", &["$a", "$b"], "&Scheme=internal")]),
        row("elbv2/name", [balancer("-x", &["$a", "$b"], "")]),
        row(
            "elbv2/deletion-protection",
            [
                elb(
                    "ModifyLoadBalancerAttributes",
                    &attribute("LoadBalancerArn=$lb", "deletion_protection.enabled", "true"),
                ),
                elb("DeleteLoadBalancer", "LoadBalancerArn=$lb"),
            ],
        ),
        row(
            "elbv2/attribute-known",
            [elb("ModifyLoadBalancerAttributes", &attribute("LoadBalancerArn=$lb", "none", "1"))],
        ),
        row(
            "elbv2/attribute-value",
            [elb(
                "ModifyLoadBalancerAttributes",
                &attribute("LoadBalancerArn=$lb", "idle_timeout.timeout_seconds", "0"),
            )],
        ),
    ]
}

fn groups() -> Vec<Row> {
    let check = |more: &str| group("x", "$vpc", more);
    vec![
        row("elbv2/target-group-name-unique", [group("web", "$vpc", "")]),
        row("elbv2/target-group-unused", [elb("DeleteTargetGroup", "TargetGroupArn=$tg")]),
        row(
            "elbv2/check-timeout",
            [check("&HealthCheckIntervalSeconds=5&HealthCheckTimeoutSeconds=5")],
        ),
        row("elbv2/check-path", [check("&HealthCheckPath=ok")]),
        row("elbv2/check-codes", [check("&Matcher.HttpCode=600")]),
        row(
            "elbv2/target-in-vpc",
            [elb("RegisterTargets", "TargetGroupArn=$tg&Targets.member.1.Id=192.0.2.1")],
        ),
        row("elbv2/target-group-exists", [listener("$lb", "HTTP", 81, &forward(NO_GROUP), "")]),
        row(
            "elbv2/target-group-of-the-vpc",
            [
                group("x", "$main-vpc", "").keep("$far", "TargetGroupArn"),
                listener("$lb", "HTTP", 81, &forward("$far"), ""),
            ],
        ),
        row(
            "elbv2/one-balancer",
            [
                balancer("second", &["$a", "$b"], "").keep("$second", "LoadBalancerArn"),
                listener("$second", "HTTP", 80, &forward("$tg"), ""),
            ],
        ),
    ]
}

fn listeners() -> Vec<Row> {
    let rule = |path: &str| {
        elb(
            "CreateRule",
            &format!(
                "ListenerArn=$listener&Priority=7&Conditions.member.1.Field=path-pattern\
             &Conditions.member.1.Values.member.1={path}&Actions.member.1.Type=forward\
             &Actions.member.1.TargetGroupArn=$tg"
            ),
        )
    };
    let redirect = "Type=redirect&DefaultActions.member.1.RedirectConfig.StatusCode=HTTP_301";
    vec![
        row("elbv2/balancer-exists", [listener(NO_BALANCER, "HTTP", 81, ANSWER, "")]),
        row("elbv2/port-once", [listener("$lb", "HTTP", 80, ANSWER, "")]),
        row("elbv2/certificate-given", [secure("")]),
        row(
            "elbv2/no-certificate-on-http",
            [listener("$lb", "HTTP", 81, ANSWER, &certificate("$issued"))],
        ),
        row("elbv2/policy-known", [secure(&format!("{}&SslPolicy=none", certificate("$issued")))]),
        row("elbv2/certificate-exists", [secure(&certificate(NO_CERTIFICATE))]),
        row("elbv2/certificate-issued", [secure(&certificate("$pending"))]),
        row(
            "elbv2/default-certificate",
            [
                secure(&certificate("$issued")).keep("$secure", "ListenerArn"),
                elb(
                    "RemoveListenerCertificates",
                    &format!("ListenerArn=$secure{}", certificate("$issued")),
                ),
            ],
        ),
        row(
            "elbv2/default-rule",
            [
                elb("DescribeRules", "ListenerArn=$listener").keep("$default", "RuleArn"),
                elb("DeleteRule", "RuleArn=$default"),
            ],
        ),
        row("elbv2/priority-free", [rule("/one"), rule("/two")]),
        row("elbv2/redirect-loop", [listener("$lb", "HTTP", 81, redirect, "")]),
    ]
}
