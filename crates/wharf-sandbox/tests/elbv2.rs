//! Load balancers, target groups, listeners, rules.

use std::{fmt::Write, time::Duration};

use wharf_sandbox::{
    Sandbox,
    image::App,
    services::elbv2::state::{TargetApp, TargetState},
};

use crate::{
    common::{Answer, json, query, sandbox},
    ec2::{group, let_in, main_vpc, subnet},
};

pub(crate) const REGION: &str = "eu-west-1";

pub(crate) async fn elb(sandbox: &Sandbox, operation: &str, form: &str) -> Answer {
    query(sandbox, "elasticloadbalancing", operation, form).await
}

async fn code(sandbox: &Sandbox, operation: &str, form: &str) -> String {
    elb(sandbox, operation, form).await.element("Code")
}

/// A balancer in two public subnets with a group of its own.
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) vpc: String,
    pub(crate) subnets: [String; 2],
    pub(crate) group: String,
    pub(crate) task_group: String,
    pub(crate) balancer: String,
}

pub(crate) async fn stage() -> Stage {
    let sandbox = sandbox();
    let vpc = main_vpc(&sandbox).await;
    let subnets =
        [subnet(&sandbox, "main-public-a").await, subnet(&sandbox, "main-public-b").await];
    let own = group(&sandbox, &vpc, "alb").await;
    let task_group = group(&sandbox, &vpc, "task").await;
    let form = format!(
        "Name=web&Subnets.member.1={}&Subnets.member.2={}&SecurityGroups.member.1={own}",
        subnets[0], subnets[1]
    );
    let balancer = elb(&sandbox, "CreateLoadBalancer", &form).await.element("LoadBalancerArn");
    Stage { sandbox, vpc, subnets, group: own, task_group, balancer }
}

impl Stage {
    pub(crate) async fn target_group(&self, name: &str) -> String {
        let form = format!(
            "Name={name}&Protocol=HTTP&Port=80&VpcId={}&TargetType=ip\
             &HealthCheckIntervalSeconds=10&HealthCheckPath=/health",
            self.vpc
        );
        elb(&self.sandbox, "CreateTargetGroup", &form).await.element("TargetGroupArn")
    }

    pub(crate) async fn listener(&self, port: u16, target_group: &str) -> Answer {
        let form = format!(
            "LoadBalancerArn={}&Protocol=HTTP&Port={port}&DefaultActions.member.1.Type=forward\
             &DefaultActions.member.1.TargetGroupArn={target_group}",
            self.balancer
        );
        elb(&self.sandbox, "CreateListener", &form).await
    }

    /// Starts an application in a private subnet and registers it; returns its address.
    pub(crate) fn start(&self, target_group: &str, app: App) -> String {
        self.start_in(target_group, &self.subnets[0], app)
    }

    pub(crate) fn start_in(&self, target_group: &str, subnet: &str, app: App) -> String {
        self.sandbox.with_world(|world| {
            let groups = [self.task_group.clone()];
            let eni = world.create_eni(REGION, subnet, &groups, "arn:aws:ecs:x").unwrap();
            let app = TargetApp { app, container_port: 8080, started: world.now };
            assert!(world.register_target(REGION, target_group, &eni.ip, 8080, app));
            eni.ip
        })
    }

    pub(crate) fn health(
        &self,
        target_group: &str,
        ip: &str,
    ) -> Option<(TargetState, String, String)> {
        let health = self.sandbox.with_world(|world| world.target_health(REGION, target_group, ip));
        health.map(|it| (it.state, it.reason, it.description))
    }

    pub(crate) fn state(&self, target_group: &str, ip: &str) -> Option<TargetState> {
        self.health(target_group, ip).map(|(state, _, _)| state)
    }

    pub(crate) async fn open(&self) {
        assert_eq!(let_in(&self.sandbox, &self.task_group, 8080, &self.group).await.status, 200);
    }
}

pub(crate) async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn a_balancer_is_provisioned_and_its_interfaces_outlive_it() {
    let stage = stage().await;
    let show = || elb(&stage.sandbox, "DescribeLoadBalancers", "Names.member.1=web");
    assert_eq!(show().await.element("Code"), "provisioning");
    seconds(120).await;
    let shown = show().await;
    assert_eq!(shown.element("Code"), "active");
    assert_eq!(shown.element("CanonicalHostedZoneId"), "Z32O12XQLNTSW2");
    let path = stage.balancer.split_once(":loadbalancer/").unwrap().1.to_owned();
    let form = format!("Filter.1.Name=description&Filter.1.Value.1=ELB {path}");
    let nodes = || query(&stage.sandbox, "ec2", "DescribeNetworkInterfaces", &form);
    assert_eq!(nodes().await.elements("requesterId"), ["amazon-elb", "amazon-elb"]);
    let arn = format!("LoadBalancerArn={}", stage.balancer);
    assert_eq!(elb(&stage.sandbox, "DeleteLoadBalancer", &arn).await.status, 200);
    assert_eq!(elb(&stage.sandbox, "DeleteLoadBalancer", &arn).await.status, 200, "twice");
    assert_eq!(show().await.element("Code"), "LoadBalancerNotFound");
    let group = format!("GroupId={}", stage.group);
    let refused = query(&stage.sandbox, "ec2", "DeleteSecurityGroup", &group).await;
    assert_eq!(refused.element("Code"), "DependencyViolation");
    seconds(60).await;
    assert!(nodes().await.elements("networkInterfaceId").is_empty());
    let gone = query(&stage.sandbox, "ec2", "DeleteSecurityGroup", &group).await;
    assert_eq!(gone.status, 200);
}

#[tokio::test]
async fn balancers_that_cannot_be_are_refused() {
    let stage = stage().await;
    let [a, b] = &stage.subnets;
    let other = subnet(&stage.sandbox, "main-private-a").await;
    let two = format!("Subnets.member.1={a}&Subnets.member.2={b}");
    let long = "a".repeat(33);
    let cases = [
        (format!("Name=x&Subnets.member.1={a}"), "ValidationError"),
        (
            format!("Name=x&Subnets.member.1={a}&Subnets.member.2={other}"),
            "InvalidConfigurationRequest",
        ),
        (format!("Name=x&Subnets.member.1={a}&Subnets.member.2=subnet-0123"), "SubnetNotFound"),
        (format!("Name=x&{two}&SecurityGroups.member.1=sg-0123"), "InvalidSecurityGroup"),
        (format!("Name=x&{two}&Scheme=public"), "ValidationError"),
        (format!("Name=x&{two}&IpAddressType=dualstack"), "ValidationError"),
        (format!("Name=x-&{two}"), "ValidationError"),
        (format!("Name=internal-x&{two}"), "ValidationError"),
        (format!("Name=x_y&{two}"), "ValidationError"),
        (format!("Name={long}&{two}"), "ValidationError"),
        (format!("Name=web&{two}&Scheme=internal"), "DuplicateLoadBalancerName"),
    ];
    for (form, expected) in cases {
        assert_eq!(code(&stage.sandbox, "CreateLoadBalancer", &form).await, expected, "{form}");
    }
    let same = format!("Name=web&{two}&SecurityGroups.member.1={}", stage.group);
    let again = elb(&stage.sandbox, "CreateLoadBalancer", &same).await;
    assert_eq!(again.element("LoadBalancerArn"), stage.balancer);
}

#[tokio::test]
async fn the_settings_of_a_balancer_change_in_place() {
    let stage = stage().await;
    let arn = format!("LoadBalancerArn={}", stage.balancer);
    let set = |key: &str, value: &str| {
        format!("{arn}&Attributes.member.1.Key={key}&Attributes.member.1.Value={value}")
    };
    let modify = "ModifyLoadBalancerAttributes";
    let good = set("deletion_protection.enabled", "true");
    assert_eq!(elb(&stage.sandbox, modify, &good).await.status, 200);
    let refused = elb(&stage.sandbox, "DeleteLoadBalancer", &arn).await;
    assert_eq!(refused.element("Code"), "OperationNotPermitted");
    let read = elb(&stage.sandbox, "DescribeLoadBalancerAttributes", &arn).await;
    let all: Vec<String> = read.elements("Key");
    assert!(all.contains(&"idle_timeout.timeout_seconds".to_owned()));
    for (key, value, expected) in [
        ("no.such", "1", "ValidationError"),
        ("idle_timeout.timeout_seconds", "0", "InvalidConfigurationRequest"),
        ("access_logs.s3.enabled", "true", "InvalidConfigurationRequest"),
        ("load_balancing.cross_zone.enabled", "false", "InvalidConfigurationRequest"),
    ] {
        assert_eq!(code(&stage.sandbox, modify, &set(key, value)).await, expected, "{key}");
    }
    let third = subnet(&stage.sandbox, "main-public-c").await;
    let form = format!("{arn}&Subnets.member.1={}&Subnets.member.2={third}", stage.subnets[0]);
    let answer = elb(&stage.sandbox, "SetSubnets", &form).await;
    assert_eq!(answer.elements("SubnetId").len(), 2);
    let one = format!("{arn}&Subnets.member.1={third}");
    assert_eq!(code(&stage.sandbox, "SetSubnets", &one).await, "ValidationError");
    assert_eq!(code(&stage.sandbox, "SetSecurityGroups", &arn).await, "ValidationError");
    let form = format!("{arn}&SecurityGroups.member.1={}", stage.task_group);
    assert_eq!(elb(&stage.sandbox, "SetSecurityGroups", &form).await.status, 200);
    let form = format!("Filter.1.Name=group-id&Filter.1.Value.1={}", stage.task_group);
    let moved = query(&stage.sandbox, "ec2", "DescribeNetworkInterfaces", &form).await;
    assert_eq!(moved.elements("networkInterfaceId").len(), 2);
}

#[tokio::test]
async fn target_groups_that_cannot_be_are_refused() {
    let stage = stage().await;
    stage.target_group("api").await;
    let base = format!("Name=x&Protocol=HTTP&Port=80&VpcId={}&TargetType=ip", stage.vpc);
    let cases = [
        (base.replace("HTTP", "SMTP"), "ValidationError"),
        (base.replace("Port=80", "Port=0"), "ValidationError"),
        (base.replace("Port=80&", ""), "ValidationError"),
        (base.replace(&stage.vpc, "vpc-0123"), "ValidationError"),
        (base.replace("Name=x", "Name=api"), "DuplicateTargetGroupName"),
        (format!("{base}&HealthCheckIntervalSeconds=4"), "ValidationError"),
        (
            format!("{base}&HealthCheckIntervalSeconds=5&HealthCheckTimeoutSeconds=5"),
            "ValidationError",
        ),
        (format!("{base}&HealthyThresholdCount=1"), "ValidationError"),
        (format!("{base}&HealthCheckPath=health"), "ValidationError"),
        (format!("{base}&Matcher.HttpCode=500"), "ValidationError"),
        (format!("{base}&HealthCheckEnabled=false"), "InvalidConfigurationRequest"),
    ];
    for (form, expected) in cases {
        assert_eq!(code(&stage.sandbox, "CreateTargetGroup", &form).await, expected, "{form}");
    }
    let made = elb(&stage.sandbox, "CreateTargetGroup", &base).await;
    let again = elb(&stage.sandbox, "CreateTargetGroup", &base).await;
    assert_eq!(made.element("TargetGroupArn"), again.element("TargetGroupArn"));
    assert_eq!(made.element("HttpCode"), "200");
    let arn = format!("TargetGroupArn={}", made.element("TargetGroupArn"));
    let set = |key: &str, value: &str| {
        format!("{arn}&Attributes.member.1.Key={key}&Attributes.member.1.Value={value}")
    };
    for (key, value, expected) in [
        ("no.such", "1", "ValidationError"),
        ("deregistration_delay.timeout_seconds", "3601", "InvalidConfigurationRequest"),
        ("slow_start.duration_seconds", "10", "InvalidConfigurationRequest"),
    ] {
        let answer = code(&stage.sandbox, "ModifyTargetGroupAttributes", &set(key, value)).await;
        assert_eq!(answer, expected, "{key}");
    }
    let form = "Names.member.1=api&Names.member.2=none";
    assert_eq!(code(&stage.sandbox, "DescribeTargetGroups", form).await, "TargetGroupNotFound");
    let outside = format!("{arn}&Targets.member.1.Id=192.168.0.1");
    assert_eq!(code(&stage.sandbox, "RegisterTargets", &outside).await, "InvalidTarget");
}

#[tokio::test]
async fn listeners_that_cannot_be_are_refused() {
    let stage = stage().await;
    let api = stage.target_group("api").await;
    let made = stage.listener(80, &api).await;
    assert_eq!(made.element("Weight"), "1", "both forms of a forward are read back");
    assert_eq!(made.elements("TargetGroupArn"), [api.clone(), api.clone()]);
    let again = stage.listener(80, &api).await;
    assert_eq!(again.element("ListenerArn"), made.element("ListenerArn"), "equal settings");
    let web = stage.target_group("web").await;
    assert_eq!(stage.listener(80, &web).await.element("Code"), "DuplicateListener");
    let base = |protocol: &str, port: u32| {
        format!("LoadBalancerArn={}&Protocol={protocol}&Port={port}", stage.balancer)
    };
    let a = "DefaultActions.member.1";
    let forward = format!("{a}.Type=forward&{a}.TargetGroupArn={api}");
    let pending = json(
        &stage.sandbox,
        "acm",
        "RequestCertificate",
        serde_json::json!({"DomainName": "a.example.com", "ValidationMethod": "DNS"}),
    );
    let pending = pending.await.ok()["CertificateArn"].as_str().unwrap().to_owned();
    let certificate = |arn: &str| format!("Certificates.member.1.CertificateArn={arn}");
    let secure = base("HTTPS", 443);
    let cases = [
        (format!("{secure}&{forward}"), "ValidationError"),
        (format!("{secure}&{forward}&{}", certificate(&pending)), "UnsupportedCertificate"),
        (format!("{secure}&{forward}&{}", certificate("arn:aws:acm:none")), "CertificateNotFound"),
        (format!("{secure}&{forward}&SslPolicy=Best"), "SSLPolicyNotFound"),
        (
            format!("{}&{forward}&{}", base("HTTP", 81), certificate(&pending)),
            "UnsupportedCertificate",
        ),
        (format!("{}&{forward}", base("TCP", 81)), "ValidationError"),
        (format!("{}&{forward}", base("HTTP", 70_000)), "ValidationError"),
        (base("HTTP", 81), "ValidationError"),
        (
            format!("{}&{a}.Type=forward&{a}.TargetGroupArn={api}x", base("HTTP", 81)),
            "TargetGroupNotFound",
        ),
        (
            format!(
                "{}&{a}.Type=redirect&{a}.RedirectConfig.StatusCode=HTTP_301",
                base("HTTP", 81)
            ),
            "InvalidLoadBalancerAction",
        ),
        (
            format!(
                "{}&{a}.Type=fixed-response&{a}.FixedResponseConfig.StatusCode=302",
                base("HTTP", 81)
            ),
            "ValidationError",
        ),
        (
            format!("LoadBalancerArn={}x&Protocol=HTTP&Port=81&{forward}", stage.balancer),
            "LoadBalancerNotFound",
        ),
    ];
    for (form, expected) in cases {
        assert_eq!(code(&stage.sandbox, "CreateListener", &form).await, expected, "{form}");
    }
    let redirect = format!(
        "{}&{a}.Type=redirect&{a}.RedirectConfig.StatusCode=HTTP_301&{a}.RedirectConfig.Protocol=HTTPS",
        base("HTTP", 82)
    );
    let made = elb(&stage.sandbox, "CreateListener", &redirect).await;
    let host =
        made.body.contains("<Host>#{host}</Host>") && made.body.contains("<Port>#{port}</Port>");
    assert!(host && made.element("Query") == "#{query}", "{}", made.body);
    let moved = format!("ListenerArn={}&Port=80", made.element("ListenerArn"));
    assert_eq!(code(&stage.sandbox, "ModifyListener", &moved).await, "DuplicateListener");
}

#[tokio::test]
async fn a_target_group_serves_one_balancer_and_stays_while_it_is_used() {
    let stage = stage().await;
    let api = stage.target_group("api").await;
    let arn = format!("TargetGroupArn={api}");
    let made = stage.listener(80, &api).await;
    assert_eq!(code(&stage.sandbox, "DeleteTargetGroup", &arn).await, "ResourceInUse");
    let shown = elb(&stage.sandbox, "DescribeTargetGroups", "Names.member.1=api").await;
    assert!(shown.element("LoadBalancerArns").contains(&stage.balancer));
    let [a, b] = &stage.subnets;
    let form = format!("Name=other&Subnets.member.1={a}&Subnets.member.2={b}");
    let other = elb(&stage.sandbox, "CreateLoadBalancer", &form).await.element("LoadBalancerArn");
    let form = format!(
        "LoadBalancerArn={other}&Protocol=HTTP&Port=80&DefaultActions.member.1.Type=forward\
         &DefaultActions.member.1.TargetGroupArn={api}"
    );
    let refused = code(&stage.sandbox, "CreateListener", &form).await;
    assert_eq!(refused, "TargetGroupAssociationLimit");
    let listener = format!("ListenerArn={}", made.element("ListenerArn"));
    assert_eq!(elb(&stage.sandbox, "DeleteListener", &listener).await.status, 200);
    assert_eq!(code(&stage.sandbox, "DeleteListener", &listener).await, "ListenerNotFound");
    assert_eq!(elb(&stage.sandbox, "DeleteTargetGroup", &arn).await.status, 200);
    assert_eq!(elb(&stage.sandbox, "DeleteTargetGroup", &arn).await.status, 200, "twice");
}

#[tokio::test]
async fn rules_have_their_own_priorities_and_valid_conditions() {
    let stage = stage().await;
    let (api, web) = (stage.target_group("api").await, stage.target_group("web").await);
    let listener = stage.listener(80, &api).await.element("ListenerArn");
    let rule = |priority: u32, conditions: &str| {
        format!(
            "ListenerArn={listener}&Priority={priority}&Actions.member.1.Type=forward\
             &Actions.member.1.TargetGroupArn={web}{conditions}"
        )
    };
    let condition = |at: u32, field: &str, value: &str| {
        format!(
            "&Conditions.member.{at}.Field={field}&Conditions.member.{at}.Values.member.1={value}"
        )
    };
    let path = condition(1, "path-pattern", "/a/*");
    let first = elb(&stage.sandbox, "CreateRule", &rule(1, &path)).await;
    assert_eq!(first.elements("Priority"), ["1"]);
    assert!(first.element("PathPatternConfig").contains("/a/*"), "both forms are read back");
    let twice = condition(1, "host-header", "a.b") + &condition(2, "host-header", "b.c");
    let mut six = "&Conditions.member.1.Field=path-pattern".to_owned();
    for at in 1..=6 {
        write!(six, "&Conditions.member.1.Values.member.{at}=/{at}").unwrap();
    }
    let cases = [
        (rule(1, &path), "PriorityInUse"),
        (rule(0, &path), "ValidationError"),
        (rule(50_001, &path), "ValidationError"),
        (rule(2, ""), "ValidationError"),
        (rule(2, &condition(1, "moon-phase", "full")), "ValidationError"),
        (rule(2, &condition(1, "host-header", "a b.c")), "ValidationError"),
        (rule(2, &condition(1, "path-pattern", "/******")), "ValidationError"),
        (rule(2, &twice), "ValidationError"),
        (rule(2, &six), "ValidationError"),
        (rule(2, &path).replace(&listener, &format!("{listener}x")), "ListenerNotFound"),
    ];
    for (form, expected) in cases {
        assert_eq!(code(&stage.sandbox, "CreateRule", &form).await, expected, "{form}");
    }
    let second = elb(&stage.sandbox, "CreateRule", &rule(2, &path)).await;
    let (first, second) = (first.element("RuleArn"), second.element("RuleArn"));
    let swap = |one: u32, other: u32| {
        format!(
            "RulePriorities.member.1.RuleArn={first}&RulePriorities.member.1.Priority={one}\
             &RulePriorities.member.2.RuleArn={second}&RulePriorities.member.2.Priority={other}"
        )
    };
    assert_eq!(code(&stage.sandbox, "SetRulePriorities", &swap(3, 3)).await, "PriorityInUse");
    assert_eq!(elb(&stage.sandbox, "SetRulePriorities", &swap(2, 1)).await.status, 200);
    let all = elb(&stage.sandbox, "DescribeRules", &format!("ListenerArn={listener}")).await;
    assert_eq!(all.elements("Priority"), ["1", "2", "default"]);
    assert_eq!(all.elements("RuleArn")[0], second);
    let default = format!("RuleArn={}", all.elements("RuleArn")[2]);
    assert_eq!(code(&stage.sandbox, "DeleteRule", &default).await, "OperationNotPermitted");
    let one = format!("RuleArn={first}");
    assert_eq!(elb(&stage.sandbox, "DeleteRule", &one).await.status, 200);
    assert_eq!(code(&stage.sandbox, "DeleteRule", &one).await, "RuleNotFound");
}

#[tokio::test(start_paused = true)]
async fn certificates_of_listeners_are_in_use_until_a_little_later() {
    let stage = stage().await;
    let (one, two) = (
        crate::acm::issued(&stage.sandbox, "one.example.com").await,
        crate::acm::issued(&stage.sandbox, "two.example.com").await,
    );
    let form = format!(
        "LoadBalancerArn={}&Protocol=HTTPS&Port=443&Certificates.member.1.CertificateArn={one}\
         &DefaultActions.member.1.Type=fixed-response\
         &DefaultActions.member.1.FixedResponseConfig.StatusCode=404",
        stage.balancer
    );
    let made = elb(&stage.sandbox, "CreateListener", &form).await;
    assert_eq!(made.element("SslPolicy"), "ELBSecurityPolicy-2016-08");
    let listener = format!("ListenerArn={}", made.element("ListenerArn"));
    let with = |arn: &str| format!("{listener}&Certificates.member.1.CertificateArn={arn}");
    let more = elb(&stage.sandbox, "AddListenerCertificates", &with(&two)).await;
    assert_eq!(more.element("IsDefault"), "false");
    let all = elb(&stage.sandbox, "DescribeListenerCertificates", &listener).await;
    assert_eq!(all.elements("IsDefault"), ["true", "false"]);
    let refused = code(&stage.sandbox, "RemoveListenerCertificates", &with(&one)).await;
    assert_eq!(refused, "OperationNotPermitted");
    let delete = |arn: &str| {
        let input = serde_json::json!({"CertificateArn": arn});
        let sandbox = stage.sandbox.clone();
        async move { json(&sandbox, "acm", "DeleteCertificate", input).await }
    };
    assert_eq!(delete(&two).await.code(), "ResourceInUseException");
    elb(&stage.sandbox, "RemoveListenerCertificates", &with(&two)).await;
    assert_eq!(delete(&two).await.code(), "ResourceInUseException", "noticed late");
    seconds(20).await;
    assert_eq!(delete(&two).await.status, 200);
    let http = format!("{listener}&Protocol=HTTP");
    let plain = elb(&stage.sandbox, "ModifyListener", &http).await;
    assert!(!plain.body.contains("SslPolicy") && !plain.body.contains("CertificateArn"));
}

#[tokio::test]
async fn tags_of_twenty_resources_can_be_read_at_once() {
    let stage = stage().await;
    let arn = format!("ResourceArns.member.1={}", stage.balancer);
    let form = format!("{arn}&Tags.member.1.Key=k&Tags.member.1.Value=v");
    assert_eq!(elb(&stage.sandbox, "AddTags", &form).await.status, 200);
    assert_eq!(elb(&stage.sandbox, "DescribeTags", &arn).await.element("Value"), "v");
    elb(&stage.sandbox, "RemoveTags", &format!("{arn}&TagKeys.member.1=k")).await;
    assert!(elb(&stage.sandbox, "DescribeTags", &arn).await.elements("Key").is_empty());
    let none = format!("{arn}&ResourceArns.member.2={}x", stage.balancer);
    assert_eq!(code(&stage.sandbox, "DescribeTags", &none).await, "LoadBalancerNotFound");
    let mut many = String::new();
    for at in 1..=21 {
        write!(many, "&ResourceArns.member.{at}={}", stage.balancer).unwrap();
    }
    assert_eq!(code(&stage.sandbox, "DescribeTags", &many).await, "ValidationError");
}
