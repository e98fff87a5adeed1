//! Protocols, errors, storage and the server.

use std::{fs, path::Path};

use bytes::Bytes;
use http::Request;
use serde_json::json;

use crate::common::{json, query, rest, sandbox, send};

#[tokio::test]
async fn caller_identity_names_the_account() {
    let answer = query(&sandbox(), "sts", "GetCallerIdentity", "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.elements("Account"), ["111122223333"]);
}

#[tokio::test]
async fn a_request_without_a_signature_is_refused() {
    let answer = send(&sandbox(), Request::post("/").body(Bytes::new()).unwrap()).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "MissingAuthenticationToken"));
}

#[tokio::test]
async fn what_is_not_simulated_says_so() {
    let sandbox = sandbox();
    let answer = json(&sandbox, "ecs", "Teleport", json!({})).await;
    assert_eq!(answer.code(), "UnknownOperationException");
    let answer = query(&sandbox, "ec2", "Teleport", "").await;
    assert_eq!(answer.element("Code"), "InvalidAction");
    assert!(answer.element("Message").contains("does not simulate"));
    let answer = rest(&sandbox, "GET", "/2013-04-01/teleport", "").await;
    assert_eq!(
        (answer.status, answer.element("Code").as_str()),
        (404, "UnknownOperationException")
    );
    assert_eq!(sandbox.calls().len(), 3);
    assert_eq!(sandbox.calls()[1].error.as_deref(), Some("InvalidAction"));
}

#[tokio::test]
async fn broken_bodies_are_the_callers_fault() {
    let sandbox = sandbox();
    let broken = |service: &str, body: &'static str| {
        let request = Request::post("/2013-04-01/hostedzone")
            .header("authorization", crate::common::authorization(service, "eu-west-1"))
            .header("x-amz-target", "X.DescribeRepositories")
            .body(Bytes::from(body))
            .unwrap();
        send(&sandbox, request)
    };
    for (service, body) in [("ecr", "{"), ("ecr", "[]"), ("route53", "<a>"), ("route53", "&")] {
        let answer = broken(service, body).await;
        assert!((400..500).contains(&answer.status), "{service} {body}: {answer:?}");
    }
}

#[tokio::test]
async fn each_region_is_a_world_of_its_own() {
    let sandbox = sandbox();
    json(&sandbox, "ecr", "CreateRepository", json!({"repositoryName": "a1"})).await.ok();
    let elsewhere = Request::post("/")
        .header("authorization", crate::common::authorization("ecr", "us-east-1"))
        .header("x-amz-target", "X.DescribeRepositories")
        .body(Bytes::new())
        .unwrap();
    assert_eq!(send(&sandbox, elsewhere).await.ok()["repositories"], json!([]));
}

/// What the fuzz target `wire` starts from, real requests, and what it once found.
#[tokio::test(start_paused = true)]
async fn every_input_of_the_fuzz_target_gets_an_answer_of_its_protocol() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/wire");
    let mut count = 0;
    for entry in fs::read_dir(seeds).unwrap() {
        crate::hostile::try_input(&fs::read(entry.unwrap().path()).unwrap()).await;
        count += 1;
    }
    assert!(count > 100, "{count}");
}
