//! CloudWatch Logs.

use serde_json::{Value, json};
use wharf_sandbox::Sandbox;

use crate::common::{Answer, json, sandbox};

const ARN: &str = "arn:aws:logs:eu-west-1:111122223333:log-group:/notes/api";

async fn logs(sandbox: &Sandbox, operation: &str, input: Value) -> Answer {
    json(sandbox, "logs", operation, input).await
}

async fn with_group() -> Sandbox {
    let sandbox = sandbox();
    let input = json!({"logGroupName": "/notes/api", "tags": {"a": "1"}});
    logs(&sandbox, "CreateLogGroup", input).await.ok();
    sandbox
}

#[tokio::test]
async fn a_group_is_made_once_and_shown_with_both_arns() {
    let sandbox = with_group().await;
    let again = logs(&sandbox, "CreateLogGroup", json!({"logGroupName": "/notes/api"})).await;
    assert_eq!(again.code(), "ResourceAlreadyExistsException");
    let bad = logs(&sandbox, "CreateLogGroup", json!({"logGroupName": "a b"})).await;
    assert_eq!(bad.code(), "InvalidParameterException");
    logs(&sandbox, "CreateLogGroup", json!({"logGroupName": "/notes/api-2"})).await.ok();
    let input = json!({"logGroupNamePrefix": "/notes/api", "limit": 1});
    let shown = logs(&sandbox, "DescribeLogGroups", input).await.ok();
    assert_eq!(shown["logGroups"][0]["logGroupArn"], ARN);
    assert_eq!(shown["logGroups"][0]["arn"], format!("{ARN}:*"));
    assert_eq!(shown["logGroups"][0].get("retentionInDays"), None);
    let input = json!({"logGroupNamePrefix": "/notes/api", "nextToken": shown["nextToken"]});
    let rest = logs(&sandbox, "DescribeLogGroups", input).await.ok();
    assert_eq!(rest["logGroups"][0]["logGroupName"], "/notes/api-2");
    assert_eq!(rest.get("nextToken"), None);
}

#[tokio::test]
async fn what_is_protected_goes_only_after_that_is_off() {
    let sandbox = with_group().await;
    let protect = |on: bool| json!({"logGroupIdentifier": ARN, "deletionProtectionEnabled": on});
    let delete = json!({"logGroupName": "/notes/api"});
    logs(&sandbox, "PutLogGroupDeletionProtection", protect(true)).await.ok();
    let shown = logs(&sandbox, "DescribeLogGroups", json!({})).await.ok();
    assert_eq!(shown["logGroups"][0]["deletionProtectionEnabled"], true);
    let refused = logs(&sandbox, "DeleteLogGroup", delete.clone()).await;
    assert_eq!(refused.code(), "ValidationException");
    logs(&sandbox, "PutLogGroupDeletionProtection", protect(false)).await.ok();
    logs(&sandbox, "DeleteLogGroup", delete).await.ok();
}

#[tokio::test]
async fn retention_takes_only_the_periods_there_are() {
    let sandbox = with_group().await;
    let put = |days: i64| json!({"logGroupName": "/notes/api", "retentionInDays": days});
    let bad = logs(&sandbox, "PutRetentionPolicy", put(8)).await;
    assert_eq!(bad.code(), "InvalidParameterException");
    logs(&sandbox, "PutRetentionPolicy", put(14)).await.ok();
    let shown = logs(&sandbox, "DescribeLogGroups", json!({})).await.ok();
    assert_eq!(shown["logGroups"][0]["retentionInDays"], 14);
    let input = json!({"logGroupName": "/notes/api"});
    logs(&sandbox, "DeleteRetentionPolicy", input.clone()).await.ok();
    let shown = logs(&sandbox, "DescribeLogGroups", json!({})).await.ok();
    assert_eq!(shown["logGroups"][0].get("retentionInDays"), None);
    logs(&sandbox, "DeleteLogGroup", input.clone()).await.ok();
    assert_eq!(logs(&sandbox, "DeleteLogGroup", input).await.code(), "ResourceNotFoundException");
}

#[tokio::test]
async fn tags_go_by_the_arn_without_its_star() {
    let sandbox = with_group().await;
    let input = json!({"resourceArn": ARN, "tags": {"b": "2"}});
    logs(&sandbox, "TagResource", input).await.ok();
    logs(&sandbox, "UntagResource", json!({"resourceArn": ARN, "tagKeys": ["a"]})).await.ok();
    let tags = logs(&sandbox, "ListTagsForResource", json!({"resourceArn": ARN})).await.ok();
    assert_eq!(tags["tags"], json!({"b": "2"}));
    let starred = json!({"resourceArn": format!("{ARN}:*")});
    let starred = logs(&sandbox, "ListTagsForResource", starred).await;
    assert_eq!(starred.code(), "InvalidParameterException");
}

#[tokio::test]
async fn events_are_read_in_pages_and_filtered() {
    let sandbox = with_group().await;
    let stream = json!({"logGroupName": "/notes/api", "logStreamName": "s"});
    let no_stream = logs(&sandbox, "GetLogEvents", stream.clone()).await;
    assert_eq!(no_stream.code(), "ResourceNotFoundException");
    logs(&sandbox, "CreateLogStream", stream).await.ok();
    let events: Vec<Value> =
        (1..=3).map(|n| json!({"timestamp": n, "message": format!("line {n}")})).collect();
    let put = json!({"logGroupName": "/notes/api", "logStreamName": "s", "logEvents": events});
    logs(&sandbox, "PutLogEvents", put).await.ok();
    sandbox.with_world(|world| {
        assert!(world.write_log("eu-west-1", "/notes/api", "t", "ERROR: gone"));
        assert!(!world.write_log("eu-west-1", "/notes/none", "t", "x"));
    });

    let get = |more: Value| {
        let mut input = json!({"logGroupName": "/notes/api", "logStreamName": "s", "limit": 2});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let tail = logs(&sandbox, "GetLogEvents", get(json!({}))).await.ok();
    assert_eq!(tail["events"][0]["message"], "line 2");
    let head = logs(&sandbox, "GetLogEvents", get(json!({"startFromHead": true}))).await.ok();
    assert_eq!(head["events"][0]["message"], "line 1");
    let token = json!({"nextToken": head["nextForwardToken"]});
    let next = logs(&sandbox, "GetLogEvents", get(token)).await.ok();
    assert_eq!(next["events"].as_array().unwrap().len(), 1);
    let token = json!({"nextToken": next["nextForwardToken"]});
    let end = logs(&sandbox, "GetLogEvents", get(token)).await.ok();
    assert_eq!(end["events"], json!([]));
    assert_eq!(end["nextForwardToken"], next["nextForwardToken"], "the end is a fixed point");

    let filter = json!({"logGroupName": "/notes/api", "filterPattern": "ERROR"});
    let hits = logs(&sandbox, "FilterLogEvents", filter).await.ok();
    assert_eq!(hits["events"][0]["logStreamName"], "t");
    assert_eq!(hits["events"].as_array().unwrap().len(), 1);
    let order =
        json!({"logGroupName": "/notes/api", "orderBy": "LastEventTime", "descending": true});
    let streams = logs(&sandbox, "DescribeLogStreams", order).await.ok();
    assert_eq!(streams["logStreams"][0]["logStreamName"], "t");
}
