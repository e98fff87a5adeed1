//! Who changed what.

use std::time::Duration;

use serde_json::{Value, json};

use crate::common::{json as call, query, sandbox};

fn names(answer: &Value) -> Vec<&str> {
    let events = answer["Events"].as_array().unwrap().iter();
    events.map(|event| event["EventName"].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn changes_show_after_some_minutes_and_reads_never() {
    let sandbox = sandbox();
    let group = json!({"logGroupName": "/notes/web"});
    call(&sandbox, "logs", "CreateLogGroup", group.clone()).await.ok();
    call(&sandbox, "logs", "DescribeLogGroups", json!({})).await.ok();
    call(&sandbox, "logs", "DeleteLogGroup", json!({"logGroupName": "none"})).await.code();
    let all = json!({});
    assert!(
        names(&call(&sandbox, "cloudtrail", "LookupEvents", all.clone()).await.ok()).is_empty()
    );
    tokio::time::sleep(Duration::from_mins(6)).await;
    call(&sandbox, "logs", "DeleteLogGroup", group).await.ok();
    let early = call(&sandbox, "cloudtrail", "LookupEvents", all.clone()).await.ok();
    assert_eq!(names(&early), ["CreateLogGroup"]);
    let event: Value =
        serde_json::from_str(early["Events"][0]["CloudTrailEvent"].as_str().unwrap()).unwrap();
    assert_eq!(event["requestParameters"]["logGroupName"], "/notes/web");
    assert_eq!(event["userIdentity"]["userName"], "AKIDEXAMPLE");
    tokio::time::sleep(Duration::from_mins(6)).await;
    let late = call(&sandbox, "cloudtrail", "LookupEvents", all).await.ok();
    assert_eq!(names(&late), ["DeleteLogGroup", "CreateLogGroup"]);
    let one = json!({"LookupAttributes": [
        {"AttributeKey": "EventName", "AttributeValue": "CreateLogGroup"},
    ]});
    let found = call(&sandbox, "cloudtrail", "LookupEvents", one).await.ok();
    assert_eq!(names(&found), ["CreateLogGroup"]);
    let page = call(&sandbox, "cloudtrail", "LookupEvents", json!({"MaxResults": 1})).await.ok();
    let next = json!({"MaxResults": 1, "NextToken": page["NextToken"]});
    let rest = call(&sandbox, "cloudtrail", "LookupEvents", next).await.ok();
    assert_eq!((names(&page), names(&rest)), (vec!["DeleteLogGroup"], vec!["CreateLogGroup"]));
}

#[tokio::test(start_paused = true)]
async fn what_has_no_region_is_written_down_in_one_and_secrets_nowhere() {
    let sandbox = sandbox();
    let trust = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22sts%3AAssumeRole%22%2C%22Principal%22%3A%7B%22Service%22%3A%22ecs-tasks.amazonaws.com%22%7D%7D%5D%7D";
    let role = format!("RoleName=r&AssumeRolePolicyDocument={trust}");
    assert_eq!(query(&sandbox, "iam", "CreateRole", &role).await.status, 200);
    let secret = json!({"Name": "/notes/key", "Value": "very secret", "Type": "SecureString"});
    call(&sandbox, "ssm", "PutParameter", secret).await.ok();
    tokio::time::sleep(Duration::from_mins(6)).await;
    let here = call(&sandbox, "cloudtrail", "LookupEvents", json!({})).await.ok();
    assert!(names(&here).is_empty(), "{here}");
    let world = sandbox.world_json()["cloudtrail"].to_string();
    assert!(world.contains("CreateRole") && world.contains("us-east-1"), "{world}");
    assert!(!world.contains("very secret"), "{world}");
}
