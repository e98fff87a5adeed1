//! What IAM, ACM, Route 53, ECR, CloudWatch Logs, Systems Manager and Secrets Manager refuse.

use std::fmt::Write as _;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{Row, Step, arrange, form_step, json_step, rest_step, row, wait};
use crate::route53::record;

pub(super) fn rows() -> Vec<Row> {
    [roles(), certificates(), records(), zones(), images(), settings(), alarms()]
        .into_iter()
        .flatten()
        .collect()
}

pub(super) fn iam(operation: &'static str, form: &str) -> Step {
    form_step("iam", operation, form)
}

pub(super) fn encoded(document: &Value) -> String {
    utf8_percent_encode(&document.to_string(), NON_ALPHANUMERIC).to_string()
}

fn roles() -> Vec<Row> {
    let trust = |sid: &str, principal: Value| {
        let mut statement = json!({"Sid": sid, "Effect": "Allow", "Action": "sts:AssumeRole"});
        if !principal.is_null() {
            statement["Principal"] = principal;
        }
        json!({"Version": "2012-10-17", "Statement": [statement]})
    };
    let tasks = json!({"Service": "ecs-tasks.amazonaws.com"});
    let create = |name: &str, trust: &Value| {
        iam("CreateRole", &format!("RoleName={name}&AssumeRolePolicyDocument={}", encoded(trust)))
    };
    let inline = |sid: &str, resource: Value| {
        let mut statement = json!({"Sid": sid, "Effect": "Allow", "Action": "s3:GetObject"});
        if !resource.is_null() {
            statement["Resource"] = resource;
        }
        let document = json!({"Version": "2012-10-17", "Statement": [statement]});
        let document = encoded(&document);
        iam("PutRolePolicy", &format!("RoleName=notes-exec&PolicyName=p&PolicyDocument={document}"))
    };
    let managed = |operation: &'static str, policy: &str| {
        let arn = format!("arn:aws:iam::aws:policy/{policy}");
        iam(operation, &format!("RoleName=notes-exec&PolicyArn={arn}"))
    };
    let delete = |name: &str| iam("DeleteRole", &format!("RoleName={name}"));
    let linked = || {
        let service = "ecs.application-autoscaling.amazonaws.com";
        iam("CreateServiceLinkedRole", &format!("AWSServiceName={service}"))
    };
    vec![
        row("iam/role-name-unique", [create("NOTES-EXEC", &trust("a", tasks.clone()))]),
        row("iam/role-detached", [delete("notes-exec")]),
        row(
            "iam/role-without-policies",
            [
                inline("a", json!("*")),
                managed("DetachRolePolicy", "service-role/AmazonECSTaskExecutionRolePolicy"),
                delete("notes-exec"),
            ],
        ),
        row("iam/trust-size", [create("x", &trust(&"a".repeat(2048), tasks))]),
        row("iam/trust-principal", [create("x", &trust("a", Value::Null))]),
        row("iam/policy-resources", [inline("a", Value::Null)]),
        row("iam/policies-size", [inline(&"a".repeat(10_240), json!("*"))]),
        row("iam/policy-known", [managed("AttachRolePolicy", "NoSuchPolicy")]),
        row(
            "iam/service-linked",
            [linked(), delete("AWSServiceRoleForApplicationAutoScaling_ECSService")],
        ),
        row("iam/service-linked-once", [linked(), linked()]),
    ]
}

fn certificates() -> Vec<Row> {
    let request = |domain: &str, others: Vec<String>| {
        json_step(
            "acm",
            "RequestCertificate",
            json!({
                "DomainName": domain, "ValidationMethod": "DNS", "SubjectAlternativeNames": others,
            }),
        )
    };
    let long = format!("{}.{}.example.com", "a".repeat(40), "b".repeat(40));
    let many = (0..10).map(|number| format!("n{number}.example.com")).collect();
    let secure = "LoadBalancerArn=$lb&Protocol=HTTPS&Port=443\
                  &Certificates.member.1.CertificateArn=$issued&DefaultActions.member.1.Type=forward\
                  &DefaultActions.member.1.TargetGroupArn=$tg";
    let none = "arn:aws:acm:eu-west-1:111122223333:certificate/none";
    let certificates = arrange(|world| {
        let all = &mut world.region("eu-west-1").acm.certificates;
        let one = all.values().next().unwrap().clone();
        all.extend((0..2500).map(|number| (format!("c{number}"), one.clone())));
    });
    vec![
        row(
            "acm/certificate-unused",
            [
                form_step("elasticloadbalancing", "CreateListener", secure),
                json_step("acm", "DeleteCertificate", json!({"CertificateArn": "$issued"})),
            ],
        ),
        row("acm/first-name-length", [request(&long, vec![long.clone()])]),
        row("acm/ten-names", [request("x.example.com", many)]),
        row(
            "acm/certificates-count",
            [certificates, request("x.example.com", vec!["y.example.com".to_owned()])],
        ),
        row(
            "acm/certificate-exists",
            [json_step("acm", "DescribeCertificate", json!({"CertificateArn": none}))],
        ),
    ]
}

/// Sends a batch of changes to the zone.
pub(super) fn change(changes: &str) -> Step {
    let body = format!(
        "<ChangeResourceRecordSetsRequest><ChangeBatch><Changes>{changes}</Changes></ChangeBatch>\
         </ChangeResourceRecordSetsRequest>"
    );
    rest_step("POST", "/2013-04-01/hostedzone/$zone/rrset", &body)
}

pub(super) fn set(action: &str, set: &str) -> Step {
    change(&format!(
        "<Change><Action>{action}</Action><ResourceRecordSet>{set}</ResourceRecordSet></Change>"
    ))
}

fn records() -> Vec<Row> {
    let one = |action: &str, name: &str, kind: &str, value: &str| {
        change(&record(action, name, kind, value))
    };
    let (name, ip, other) = ("new.example.com", "192.0.2.1", "there.example.com");
    let alias = "<Name>new.example.com</Name><Type>A</Type><AliasTarget><HostedZoneId>\
                 Z32O12XQLNTSW2</HostedZoneId><DNSName>none-1.eu-west-1.elb.amazonaws.com</DNSName>\
                 <EvaluateTargetHealth>true</EvaluateTargetHealth></AliasTarget>";
    let values = |more: &str, count: u32| {
        let mut values = String::new();
        for number in 0..count {
            let ip = format!("10.0.{}.{}", number / 256, number % 256);
            write!(values, "<ResourceRecord><Value>{ip}</Value></ResourceRecord>").unwrap();
        }
        format!(
            "<Name>{name}</Name><Type>A</Type>{more}<TTL>60</TTL><ResourceRecords>{values}\
             </ResourceRecords>"
        )
    };
    let records = arrange(|world| {
        for zone in world.global.route53.zones.values_mut() {
            let one = zone.records[0].clone();
            zone.records.extend((0..10_000).map(|number| {
                let mut copy = one.clone();
                copy.name = format!("r{number}.{}", zone.name);
                copy
            }));
        }
    });
    let weighted = values("<SetIdentifier>one</SetIdentifier><Weight>1</Weight>", 1);
    vec![
        row("route53/record-new", [one("CREATE", name, "A", ip), one("CREATE", name, "A", ip)]),
        row("route53/records-count", [records, one("CREATE", name, "A", ip)]),
        row("route53/record-found", [one("DELETE", name, "A", ip)]),
        row(
            "route53/record-same",
            [one("CREATE", name, "A", ip), one("DELETE", name, "A", "192.0.2.2")],
        ),
        row("route53/name-servers-stay", [set("DELETE", "$ns-set")]),
        row("route53/start-of-authority-stays", [set("DELETE", "$soa-set")]),
        row("route53/within-zone", [one("CREATE", "new.example.org", "A", ip)]),
        row("route53/no-cname-at-apex", [one("CREATE", "example.com", "CNAME", other)]),
        row(
            "route53/cname-alone",
            [one("CREATE", name, "A", ip), one("CREATE", name, "CNAME", other)],
        ),
        row(
            "route53/nothing-beside-cname",
            [one("CREATE", name, "CNAME", other), one("CREATE", name, "A", ip)],
        ),
        row("route53/values", [one("CREATE", name, "A", "nowhere")]),
        row("route53/alias-target", [set("CREATE", alias)]),
        row("route53/same-routing", [set("CREATE", &weighted), one("CREATE", name, "A", ip)]),
        row("route53/batch-size", [set("CREATE", &values("", 1001))]),
    ]
}

fn zones() -> Vec<Row> {
    let create = |name: &str| {
        let body = format!(
            "<CreateHostedZoneRequest><Name>{name}</Name><CallerReference>once</CallerReference>\
             </CreateHostedZoneRequest>"
        );
        rest_step("POST", "/2013-04-01/hostedzone", &body)
    };
    vec![
        row("route53/zone-empty", [rest_step("DELETE", "/2013-04-01/hostedzone/$zone", "")]),
        row("route53/reference-new", [create("one.example"), create("two.example")]),
        row("route53/zone-exists", [rest_step("GET", "/2013-04-01/hostedzone/ZNONE", "")]),
    ]
}

fn images() -> Vec<Row> {
    let ecr = |operation: &'static str, more: Value| {
        let input = json!({"repositoryName": "notes/api"});
        json_step("ecr", operation, crate::ecs_stage::merged(input, more))
    };
    let manifest = json!({"schemaVersion": 2, "layers": [], "config": {"digest": "sha256:0"}});
    let many = arrange(|world| {
        let all = &mut world.region("eu-west-1").ecr.repositories;
        let one = all.values().next().unwrap().clone();
        all.extend((0..100_000).map(|number| (format!("r{number}"), one.clone())));
    });
    vec![
        row(
            "ecr/repositories-count",
            [many, json_step("ecr", "CreateRepository", json!({"repositoryName": "notes/more"}))],
        ),
        row("ecr/repository-name-unique", [ecr("CreateRepository", json!({}))]),
        row("ecr/repository-empty", [ecr("DeleteRepository", json!({}))]),
        row(
            "ecr/tag-immutable",
            [
                ecr("PutImageTagMutability", json!({"imageTagMutability": "IMMUTABLE"})),
                ecr("PutImage", json!({"imageManifest": manifest.to_string(), "imageTag": "v1"})),
            ],
        ),
        row("ecr/image-exists", [ecr("DescribeImages", json!({"imageIds": [{"imageTag": "v9"}]}))]),
        row("ecr/repository-exists", [ecr("DescribeImages", json!({"repositoryName": "none"}))]),
    ]
}

fn alarms() -> Vec<Row> {
    let ask = |input: Value| json_step("monitoring", "DescribeAlarms", input);
    let trail = |input: Value| json_step("cloudtrail", "LookupEvents", input);
    let both = json!({"AlarmNames": ["a"], "AlarmNamePrefix": "a"});
    vec![
        row(
            "cloudwatch/alarm-exists",
            [json_step("monitoring", "DeleteAlarms", json!({"AlarmNames": ["none"]}))],
        ),
        row(
            "cloudtrail/one-attribute",
            [trail(json!({"LookupAttributes": [
                {"AttributeKey": "EventName", "AttributeValue": "a"},
                {"AttributeKey": "Username", "AttributeValue": "a"},
            ]}))],
        ),
        row("cloudtrail/times-in-order", [trail(json!({"StartTime": 2, "EndTime": 1}))]),
        row("cloudtrail/page-token", [trail(json!({"NextToken": "?"}))]),
        row("cloudwatch/names-or-prefix", [ask(both)]),
        row("cloudwatch/page-token", [ask(json!({"NextToken": "?"}))]),
    ]
}

fn settings() -> Vec<Row> {
    let group = |operation: &'static str, name: &str| {
        json_step("logs", operation, json!({"logGroupName": name}))
    };
    let put = |name: &str, more: Value| {
        let input = json!({"Name": name, "Value": "x", "Type": "String"});
        json_step("ssm", "PutParameter", crate::ecs_stage::merged(input, more))
    };
    let secret =
        |operation: &'static str, input: Value| json_step("secretsmanager", operation, input);
    let create = || secret("CreateSecret", json!({"Name": "new", "SecretString": "x"}));
    let delete = |input: Value| {
        let base = json!({"SecretId": "new"});
        secret("DeleteSecret", crate::ecs_stage::merged(base, input))
    };
    let full = arrange(|world| {
        world.break_case("log-quota", None).unwrap();
    });
    vec![
        row("logs/group-name-unique", [group("CreateLogGroup", "/notes/web")]),
        row("logs/groups-count", [full, group("CreateLogGroup", "/notes/more")]),
        row("logs/group-name-reserved", [group("CreateLogGroup", "aws/notes")]),
        row("logs/group-exists", [group("DeleteLogGroup", "none")]),
        row(
            "logs/group-protected",
            [
                json_step(
                    "logs",
                    "PutLogGroupDeletionProtection",
                    json!({"logGroupIdentifier": "/notes/web", "deletionProtectionEnabled": true}),
                ),
                group("DeleteLogGroup", "/notes/web"),
            ],
        ),
        row("ssm/parameter-name-unique", [put("/new", json!({})), put("/new", json!({}))]),
        row(
            "ssm/tags-or-overwrite",
            [put("/new", json!({"Overwrite": true, "Tags": [{"Key": "a", "Value": "b"}]}))],
        ),
        row("ssm/name-reserved", [put("/aws/new", json!({}))]),
        row("secrets/name-unique", [create(), create()]),
        row("secrets/name-not-marked", [create(), delete(json!({})), wait(1), create()]),
        row(
            "secrets/not-marked",
            [create(), delete(json!({})), secret("GetSecretValue", json!({"SecretId": "new"}))],
        ),
        row("secrets/recovery-window", [create(), delete(json!({"RecoveryWindowInDays": 3}))]),
    ]
}
