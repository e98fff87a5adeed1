//! ECR.

use std::time::Duration;

use serde_json::{Value, json};
use wharf_sandbox::{Options, Sandbox, image::App};

use crate::common::{json, sandbox};

const INDEX: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json",
    "manifests":[{"platform":{"architecture":"arm64","os":"linux"}}]}"#;

async fn ecr(sandbox: &Sandbox, operation: &str, input: Value) -> crate::common::Answer {
    json(sandbox, "ecr", operation, input).await
}

async fn with_repository() -> Sandbox {
    let sandbox = sandbox();
    ecr(&sandbox, "CreateRepository", json!({"repositoryName": "notes/api"})).await.ok();
    sandbox
}

#[tokio::test(start_paused = true)]
async fn a_repository_is_made_once_with_defaults_filled_in() {
    let sandbox = with_repository().await;
    let shown = ecr(&sandbox, "DescribeRepositories", json!({"repositoryNames": ["notes/api"]}));
    let shown = shown.await.ok();
    let shown = &shown["repositories"][0];
    assert_eq!(shown["repositoryUri"], "111122223333.dkr.ecr.eu-west-1.amazonaws.com/notes/api");
    assert_eq!(shown["imageTagMutability"], "MUTABLE");
    assert_eq!(shown["encryptionConfiguration"]["encryptionType"], "AES256");
    assert_eq!(shown["createdAt"], 1_767_225_600.0);
    let again = ecr(&sandbox, "CreateRepository", json!({"repositoryName": "notes/api"})).await;
    assert_eq!(again.code(), "RepositoryAlreadyExistsException");
    let bad = ecr(&sandbox, "CreateRepository", json!({"repositoryName": "Notes"})).await;
    assert_eq!(bad.code(), "InvalidParameterException");
}

#[tokio::test]
async fn one_missing_name_fails_the_whole_describe() {
    let sandbox = with_repository().await;
    let names = json!({"repositoryNames": ["notes/api", "other"]});
    let answer = ecr(&sandbox, "DescribeRepositories", names).await;
    assert_eq!(answer.code(), "RepositoryNotFoundException");
}

#[tokio::test(start_paused = true)]
async fn an_image_appears_some_seconds_after_the_repository() {
    let sandbox = with_repository().await;
    let wanted = json!({"repositoryName": "notes/api", "imageIds": [{"imageTag": "v1"}]});
    let early = ecr(&sandbox, "DescribeImages", wanted.clone()).await;
    assert_eq!(early.code(), "ImageNotFoundException");
    tokio::time::sleep(Duration::from_secs(8)).await;
    let shown = ecr(&sandbox, "DescribeImages", wanted.clone()).await.ok();
    let digest = shown["imageDetails"][0]["imageDigest"].clone();
    let got = ecr(&sandbox, "BatchGetImage", wanted).await.ok();
    assert_eq!(got["images"][0]["imageId"]["imageDigest"], digest);
    let manifest = got["images"][0]["imageManifest"].as_str().unwrap();
    assert_eq!(wharf_sandbox::image::digest_of(manifest), digest.as_str().unwrap());
    let manifest: Value = serde_json::from_str(manifest).unwrap();
    assert_eq!(manifest["manifests"][1]["platform"]["architecture"], "arm64");
    let listed = ecr(&sandbox, "ListImages", json!({"repositoryName": "notes/api"})).await.ok();
    assert_eq!(listed["imageIds"], json!([{"imageDigest": digest, "imageTag": "v1"}]));
}

#[tokio::test(start_paused = true)]
async fn images_can_be_kept_from_appearing() {
    let sandbox = Sandbox::in_memory(Options { images_appear: false, ..Options::default() });
    ecr(&sandbox, "CreateRepository", json!({"repositoryName": "notes/api"})).await.ok();
    tokio::time::sleep(Duration::from_mins(1)).await;
    let wanted = json!({"repositoryName": "notes/api", "imageIds": [{"imageTag": "v1"}]});
    let got = ecr(&sandbox, "BatchGetImage", wanted).await.ok();
    assert_eq!(got["failures"][0]["failureCode"], "ImageNotFound");
}

#[tokio::test]
async fn an_immutable_tag_cannot_move() {
    let sandbox = sandbox();
    let create = json!({"repositoryName": "r1", "imageTagMutability": "IMMUTABLE"});
    ecr(&sandbox, "CreateRepository", create).await.ok();
    let push = |manifest: &str| json!({"repositoryName": "r1", "imageTag": "v1", "imageManifest": manifest});
    ecr(&sandbox, "PutImage", push(INDEX)).await.ok();
    let same = ecr(&sandbox, "PutImage", push(INDEX)).await;
    assert_eq!(same.code(), "ImageAlreadyExistsException");
    let other = ecr(&sandbox, "PutImage", push("{}")).await;
    assert_eq!(other.code(), "ImageTagAlreadyExistsException");
    let change = json!({"repositoryName": "r1", "imageTagMutability": "MUTABLE"});
    ecr(&sandbox, "PutImageTagMutability", change).await.ok();
    ecr(&sandbox, "PutImage", push("{}")).await.ok();
    let listed = ecr(&sandbox, "ListImages", json!({"repositoryName": "r1"})).await.ok();
    assert_eq!(listed["imageIds"].as_array().unwrap().len(), 2, "the old one is untagged");
}

#[tokio::test]
async fn a_repository_with_images_is_deleted_only_by_force() {
    let sandbox = with_repository().await;
    let push = json!({"repositoryName": "notes/api", "imageTag": "v1", "imageManifest": INDEX});
    ecr(&sandbox, "PutImage", push).await.ok();
    let delete = ecr(&sandbox, "DeleteRepository", json!({"repositoryName": "notes/api"})).await;
    assert_eq!(delete.code(), "RepositoryNotEmptyException");
    let ids = json!({"repositoryName": "notes/api", "imageIds": [{"imageTag": "v1"}]});
    let gone = ecr(&sandbox, "BatchDeleteImage", ids).await.ok();
    assert_eq!(gone["imageIds"].as_array().unwrap().len(), 1);
    ecr(&sandbox, "DeleteRepository", json!({"repositoryName": "notes/api"})).await.ok();
    let list = ecr(&sandbox, "DescribeRepositories", json!({})).await.ok();
    assert_eq!(list["repositories"], json!([]));
}

#[tokio::test]
async fn lifecycle_policies_and_tags_are_kept_as_sent() {
    let sandbox = with_repository().await;
    let name = json!({"repositoryName": "notes/api"});
    let none = ecr(&sandbox, "GetLifecyclePolicy", name.clone()).await;
    assert_eq!(none.code(), "LifecyclePolicyNotFoundException");
    let text = r#"{"rules": [{"rulePriority": 1, "selection": {"tagStatus": "any",
        "countType": "imageCountMoreThan", "countNumber": 9}, "action": {"type": "expire"}}]}"#;
    let put = json!({"repositoryName": "notes/api", "lifecyclePolicyText": text});
    ecr(&sandbox, "PutLifecyclePolicy", put).await.ok();
    let got = ecr(&sandbox, "GetLifecyclePolicy", name.clone()).await.ok();
    assert_eq!(got["lifecyclePolicyText"], text);
    let bad = json!({"repositoryName": "notes/api", "lifecyclePolicyText": "{}"});
    assert_eq!(ecr(&sandbox, "PutLifecyclePolicy", bad).await.code(), "InvalidParameterException");

    let arn = "arn:aws:ecr:eu-west-1:111122223333:repository/notes/api";
    let tag = json!({"resourceArn": arn, "tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]});
    ecr(&sandbox, "TagResource", tag).await.ok();
    let untag = json!({"resourceArn": arn, "tagKeys": ["b"]});
    ecr(&sandbox, "UntagResource", untag).await.ok();
    let tags = ecr(&sandbox, "ListTagsForResource", json!({"resourceArn": arn})).await.ok();
    assert_eq!(tags["tags"], json!([{"Key": "a", "Value": "1"}]));
}

#[tokio::test(start_paused = true)]
async fn tasks_pull_what_was_pushed() {
    let sandbox = with_repository().await;
    let reference = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/notes/api";
    let app = App { listens: Some(9), ..App::default() };
    let digest = sandbox.with_world(|world| {
        let platforms = ["arm64".to_owned()];
        world.push_image("eu-west-1", "notes/api", "v2", &platforms, app.clone()).unwrap()
    });
    sandbox.with_world(|world| {
        let pulled = world.pull_image(&format!("{reference}@{digest}")).unwrap();
        assert_eq!((pulled.app, pulled.platforms), (app, vec!["arm64".to_owned()]));
        assert!(world.pull_image(&format!("{reference}:v9")).is_err(), "nobody pushed it yet");
        assert!(world.pull_image(&format!("{reference}x:v2")).is_err());
    });
    tokio::time::sleep(Duration::from_secs(8)).await;
    sandbox.with_world(|world| {
        let pulled = world.pull_image(&format!("{reference}:v9")).unwrap();
        assert_eq!(pulled.app, App::default());
    });
}
