//! What ACM, Route 53, ECR, CloudWatch Logs, Systems Manager, Secrets Manager and the tagging API
//! refuse of a request by itself, and what must exist.

use serde_json::{Value, json};

use super::{Row, Step, arrange, json_step, others::set, rest_step, row};

pub(super) fn rows() -> Vec<Row> {
    [certificates(), records(), zones(), images(), logs(), parameters(), secrets(), tagging()]
        .into_iter()
        .flatten()
        .collect()
}

fn certificates() -> Vec<Row> {
    let mail = json!({"DomainName": "x.example.com", "ValidationMethod": "EMAIL"});
    let far = "arn:aws:acm:eu-west-2:111122223333:certificate/none";
    vec![
        row("acm/dns-only", [json_step("acm", "RequestCertificate", mail)]),
        row(
            "acm/certificate-arn",
            [json_step("acm", "DescribeCertificate", json!({"CertificateArn": far}))],
        ),
    ]
}

fn records() -> Vec<Row> {
    let value = "<TTL>60</TTL><ResourceRecords><ResourceRecord><Value>192.0.2.1</Value>\
                 </ResourceRecord></ResourceRecords>";
    let named =
        |name: &str, rest: &str| set("CREATE", &format!("<Name>{name}</Name><Type>A</Type>{rest}"));
    let list = "/2013-04-01/hostedzone/$zone/rrset?type=A";
    vec![
        row("route53/start-name", [rest_step("GET", list, "")]),
        row("route53/record-name", [named("no..name", value)]),
        row("route53/values-or-alias", [named("x.example.com", "")]),
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
    let many = arrange(|world| {
        let zones = &mut world.global.route53.zones;
        let one = zones.values().next().unwrap().clone();
        zones.extend((0..500).map(|number| (format!("Z{number}"), one.clone())));
    });
    let get = |path: &str| rest_step("GET", &format!("/2013-04-01/{path}"), "");
    vec![
        row("route53/zone-name", [create("no..name")]),
        row("route53/zones-count", [many, create("one.example")]),
        row("route53/change-exists", [get("change/CNONE")]),
        row("route53/tags-of-zones", [get("tags/healthcheck/x")]),
        row("route53/page-size", [get("hostedzone?maxitems=0")]),
    ]
}

fn images() -> Vec<Row> {
    let ecr = |operation: &'static str, more: Value| {
        let input = json!({"repositoryName": "notes/api"});
        json_step("ecr", operation, crate::ecs_stage::merged(input, more))
    };
    let tags = json!({"resourceArn": "arn:aws:ecr:eu-west-1:111122223333:none/x"});
    let put = |more: Value| {
        let base = json!({"imageManifest": "{\"schemaVersion\":2}", "imageTag": "v7"});
        ecr("PutImage", crate::ecs_stage::merged(base, more))
    };
    let digest = format!("sha256:{}", "0".repeat(64));
    vec![
        row(
            "ecr/lifecycle-valid",
            [ecr("PutLifecyclePolicy", json!({"lifecyclePolicyText": "x".repeat(100)}))],
        ),
        row("ecr/lifecycle-exists", [ecr("GetLifecyclePolicy", json!({}))]),
        row("ecr/policy-json", [ecr("SetRepositoryPolicy", json!({"policyText": "none"}))]),
        row("ecr/policy-exists", [ecr("GetRepositoryPolicy", json!({}))]),
        row("ecr/repository-arn", [json_step("ecr", "ListTagsForResource", tags)]),
        row("ecr/manifest-json", [put(json!({"imageManifest": "none"}))]),
        row("ecr/manifest-digest", [put(json!({"imageDigest": digest}))]),
        row("ecr/image-new", [put(json!({})), put(json!({}))]),
    ]
}

fn logs() -> Vec<Row> {
    let of = |operation: &'static str, more: Value| -> Step {
        let input = json!({"logGroupName": "/notes/web"});
        json_step("logs", operation, crate::ecs_stage::merged(input, more))
    };
    let stream = || of("CreateLogStream", json!({"logStreamName": "s"}));
    let events = json!([{"timestamp": 2, "message": "b"}, {"timestamp": 1, "message": "a"}]);
    let both = json!({"logStreamNames": ["s"], "logStreamNamePrefix": "s"});
    let groups = json!({"logGroupNamePrefix": "a", "logGroupNamePattern": "abc"});
    let tags = json!({"resourceArn": "arn:aws:logs:eu-west-1:111122223333:none"});
    vec![
        row("logs/stream-exists", [of("DeleteLogStream", json!({"logStreamName": "none"}))]),
        row("logs/stream-name-unique", [stream(), stream()]),
        row(
            "logs/stream-order",
            [of(
                "DescribeLogStreams",
                json!({"orderBy": "LastEventTime", "logStreamNamePrefix": "s"}),
            )],
        ),
        row(
            "logs/events-in-order",
            [stream(), of("PutLogEvents", json!({"logStreamName": "s", "logEvents": events}))],
        ),
        row("logs/streams-one-way", [of("FilterLogEvents", both)]),
        row("logs/groups-one-way", [json_step("logs", "DescribeLogGroups", groups)]),
        row("logs/page-token", [of("DescribeLogStreams", json!({"nextToken": "none"}))]),
        row("logs/retention", [of("PutRetentionPolicy", json!({"retentionInDays": 2}))]),
        row("logs/group-arn", [json_step("logs", "ListTagsForResource", tags)]),
    ]
}

fn parameters() -> Vec<Row> {
    let ssm = |operation: &'static str, input: Value| json_step("ssm", operation, input);
    let put = |name: &str, more: Value| {
        let input = json!({"Name": name, "Value": "x", "Type": "String"});
        ssm("PutParameter", crate::ecs_stage::merged(input, more))
    };
    let filter = |key: &str| {
        ssm("DescribeParameters", json!({"ParameterFilters": [{"Key": key, "Values": ["x"]}]}))
    };
    let tags = |kind: &str| {
        ssm("ListTagsForResource", json!({"ResourceType": kind, "ResourceId": "/none"}))
    };
    let parameters = arrange(|world| {
        let all = &mut world.region("eu-west-1").ssm.parameters;
        let one = all.values().next().unwrap().clone();
        all.extend((0..10_000).map(|number| (format!("/p{number}"), one.clone())));
    });
    vec![
        row("ssm/parameter-exists", [ssm("GetParameter", json!({"Name": "/none"}))]),
        row(
            "ssm/version-exists",
            [put("/x", json!({})), ssm("GetParameter", json!({"Name": "/x:9"}))],
        ),
        row("ssm/path-form", [ssm("GetParametersByPath", json!({"Path": "x"}))]),
        row("ssm/filter-known", [filter("Label")]),
        row("ssm/page-token", [ssm("DescribeParameters", json!({"NextToken": "none"}))]),
        row("ssm/value-size", [put("/x", json!({"Value": "x".repeat(4097)}))]),
        row("ssm/parameters-count", [parameters, put("/x", json!({}))]),
        row("ssm/type-given", [put("/x", json!({"Type": null}))]),
        row("ssm/name-form", [put("no name", json!({}))]),
        row("ssm/fifteen-levels", [put(&"/x".repeat(16), json!({}))]),
        row("ssm/resource-type", [tags("Document")]),
        row("ssm/resource-exists", [tags("Parameter")]),
    ]
}

fn secrets() -> Vec<Row> {
    let secret =
        |operation: &'static str, input: Value| json_step("secretsmanager", operation, input);
    let create = || secret("CreateSecret", json!({"Name": "new", "SecretString": "x"}));
    vec![
        row("secrets/secret-exists", [secret("DescribeSecret", json!({"SecretId": "none"}))]),
        row(
            "secrets/value-exists",
            [create(), secret("GetSecretValue", json!({"SecretId": "new", "VersionStage": "OLD"}))],
        ),
        row("secrets/page-token", [secret("ListSecrets", json!({"NextToken": "none"}))]),
        row("secrets/name-form", [secret("CreateSecret", json!({"Name": "no name"}))]),
        row(
            "secrets/value-given",
            [create(), secret("PutSecretValue", json!({"SecretId": "new"}))],
        ),
        row(
            "secrets/force-or-window",
            [
                create(),
                secret(
                    "DeleteSecret",
                    json!({
                        "SecretId": "new", "RecoveryWindowInDays": 7,
                        "ForceDeleteWithoutRecovery": true,
                    }),
                ),
            ],
        ),
    ]
}

fn tagging() -> Vec<Row> {
    let get = |input: Value| json_step("tagging", "GetResources", input);
    let arn = "arn:aws:ecs:eu-west-1:111122223333:cluster/notes";
    vec![
        row(
            "tagging/arns-or-filters",
            [get(json!({"ResourceARNList": [arn], "ResourceTypeFilters": ["ecs"]}))],
        ),
        row("tagging/hundred-types", [get(json!({"ResourceTypeFilters": vec!["ecs"; 101]}))]),
    ]
}
