//! What every service refuses: what is no request, what breaks the model, tags.

use serde_json::json;

use super::{Row, Step, form_step, json_step, raw, rest_step, row};

const ECS: (&str, &str) = (
    "authorization",
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/ecs/aws4_request, \
     SignedHeaders=host, Signature=00",
);

const NONE: (&str, &str) = (
    "authorization",
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/none/aws4_request",
);

pub(super) fn rows() -> Vec<Row> {
    [wire(), input(), tags()].into_iter().flatten().collect()
}

fn wire() -> Vec<Row> {
    let broken = "/2013-04-01/hostedzone/$zone/rrset";
    vec![
        row("wire/authenticated", [raw(&[], "/", "{}")]),
        row("wire/scope", [raw(&[("authorization", "Credential=A/B")], "/", "{}")]),
        row("wire/service-simulated", [raw(&[NONE], "/", "{}")]),
        row("wire/operation-known", [raw(&[ECS, ("x-amz-target", "Any_1.None")], "/", "{}")]),
        row("wire/action-known", [form_step("iam", "None", "")]),
        row("wire/path-known", [rest_step("GET", "/none", "")]),
        row("wire/json-object", [raw(&[ECS, ("x-amz-target", "Any_1.ListClusters")], "/", "[")]),
        row(
            "wire/cbor-map",
            [raw(
                &[
                    ("authorization", "Credential=A/20260101/eu-west-1/monitoring/aws4_request"),
                    ("smithy-protocol", "rpc-v2-cbor"),
                ],
                "/service/Any/operation/DescribeAlarms",
                "[]",
            )],
        ),
        row("wire/xml-form", [rest_step("POST", broken, "<Request>")]),
    ]
}

/// One of each; `constraints` tries them all.
fn input() -> Vec<Row> {
    let ecr = |input| json_step("ecr", "CreateRepository", input);
    let images = |count: usize| {
        let ids = vec![json!({"imageTag": "v1"}); count];
        json_step("ecr", "BatchGetImage", json!({"repositoryName": "notes/api", "imageIds": ids}))
    };
    vec![
        row("input/type", [ecr(json!({"repositoryName": 1}))]),
        row("input/member-known", [ecr(json!({"repositoryName": "x1", "none": 1}))]),
        row("input/required", [ecr(json!({}))]),
        row("input/length", [ecr(json!({"repositoryName": "x"}))]),
        row("input/size", [images(101)]),
        row("input/range", [form_step("ec2", "DescribeVpcs", "MaxResults=1001")]),
        row("input/pattern", [ecr(json!({"repositoryName": "No such name"}))]),
        row(
            "input/enum",
            [ecr(json!({"repositoryName": "x1", "imageTagMutability": "SOMETIMES"}))],
        ),
    ]
}

fn tags() -> Vec<Row> {
    let tag = |from: u32, to: u32, key: &str, value: &str| -> Step {
        let tags: Vec<String> = (from..to)
            .map(|at| format!("Tag.{}.Key={key}{at}&Tag.{}.Value={value}", at + 1, at + 1))
            .collect();
        form_step("ec2", "CreateTags", &format!("ResourceId.1=$vpc&{}", tags.join("&")))
    };
    vec![
        row("tags/count", [tag(0, 51, "k", "v")]),
        row("tags/key", [tag(0, 1, &"k".repeat(128), "v")]),
        row("tags/value", [tag(0, 1, "k", &"v".repeat(257))]),
        row("tags/reserved", [tag(0, 1, "aws:", "v")]),
    ]
}
