//! Callers under policies.

use serde_json::json;

use crate::common::{json, query, sandbox};

#[tokio::test]
async fn what_no_policy_allows_is_refused_and_not_done() {
    let sandbox = sandbox();
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": ["ecs:CreateCluster", "ecs:DescribeClusters"],
            "Resource": ["arn:aws:ecs:eu-west-1:*:cluster/notes"],
        }],
    });
    let caller = sandbox.session_under(&[policy]).unwrap();
    json(&caller, "ecs", "CreateCluster", json!({"clusterName": "notes"})).await.ok();
    let refused = json(&caller, "ecs", "CreateCluster", json!({"clusterName": "shop"})).await;
    assert_eq!(refused.code(), "AccessDeniedException");
    assert!(refused.body.contains("ecs:CreateCluster on resource"), "{}", refused.body);
    // With tags it takes permission to tag, too.
    let tagged = json!({"clusterName": "notes", "tags": [{"key": "a", "value": "b"}]});
    let refused = json(&caller, "ecs", "CreateCluster", tagged).await;
    assert!(refused.body.contains("ecs:TagResource"), "{}", refused.body);
    let refused = query(&caller, "ec2", "DescribeVpcs", "").await;
    assert_eq!((refused.status, refused.element("Code").as_str()), (403, "UnauthorizedOperation"));
    let refused = query(&caller, "iam", "ListRoles", "").await;
    assert_eq!((refused.status, refused.element("Code").as_str()), (403, "AccessDenied"));
    // Whoever is under no policies may do everything, and sees that nothing was done.
    let seen = json(&sandbox, "ecs", "DescribeClusters", json!({"clusters": ["shop"]})).await.ok();
    assert_eq!(seen["clusters"], json!([]));
    let used = caller.permissions_used();
    assert_eq!(used.len(), 1, "{used:?}");
}

#[tokio::test]
async fn tags_of_things_and_of_requests_are_conditions() {
    let sandbox = sandbox();
    let ours = json!({"StringEquals": {"aws:ResourceTag/app": "notes"}});
    let bringing = json!({"StringEquals": {"aws:RequestTag/app": "notes"}});
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "ecs:DeleteCluster", "Resource": "*", "Condition": ours},
            {"Effect": "Allow", "Action": ["ecs:CreateCluster", "ecs:TagResource"], "Resource": "*",
             "Condition": bringing},
        ],
    });
    let caller = sandbox.session_under(&[policy]).unwrap();
    let tags = |app: &str| json!([{"key": "app", "value": app}]);
    let make = |name: &str, app: &str| json!({"clusterName": name, "tags": tags(app)});
    json(&caller, "ecs", "CreateCluster", make("one", "notes")).await.ok();
    assert_eq!(
        json(&caller, "ecs", "CreateCluster", make("two", "shop")).await.code(),
        "AccessDeniedException"
    );
    json(&sandbox, "ecs", "CreateCluster", make("two", "shop")).await.ok();
    let delete = |name: &str| json!({"cluster": name});
    assert_eq!(
        json(&caller, "ecs", "DeleteCluster", delete("two")).await.code(),
        "AccessDeniedException"
    );
    json(&caller, "ecs", "DeleteCluster", delete("one")).await.ok();
}
