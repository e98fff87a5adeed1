//! Protocols, errors, storage and the server.

use bytes::Bytes;
use http::Request;
use serde_json::json;

use crate::common::{json, query, sandbox, send};

#[tokio::test]
async fn caller_identity_names_the_account() {
    let answer = query(&sandbox(), "sts", "GetCallerIdentity", "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.element("Account"), "111122223333");
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
    assert_eq!(sandbox.calls().len(), 2);
    assert_eq!(sandbox.calls()[1].error.as_deref(), Some("InvalidAction"));
}
