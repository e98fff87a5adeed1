//! Taking over an object that exists: it is given the stack's tags, and nothing else about it changes.

use aws_sdk_acm::types::Tag as AcmTag;
use aws_sdk_ec2::types::Tag as Ec2Tag;
use aws_sdk_ecr::types::Tag as EcrTag;
use aws_sdk_ecs::types::Tag as EcsTag;
use aws_sdk_elasticloadbalancingv2::types::Tag as ElbTag;
use aws_sdk_iam::types::Tag as IamTag;
use wharf_graph::{Address, ErrorClass, StackId};

use crate::aws::Aws;
use crate::error::AwsError;
use crate::tags;

/// Says whether objects of a kind are owned by tags, so that they can be taken over.
pub fn is_possible(kind: &str) -> bool {
    matches!(
        kind,
        "certificate"
            | "cluster"
            | "listener"
            | "listener_rule"
            | "load_balancer"
            | "log_group"
            | "repository"
            | "role"
            | "security_group"
            | "service"
            | "target_group"
            | "task_definition"
    )
}

/// Returns the tags that make an object the stack's, for showing them.
pub fn tags(stack: &StackId, address: &Address) -> tags::Tags {
    tags::claim(stack, address)
}

/// Tags an object as the stack's. `spec_hash` is that of the desired props if the object has them
/// already; otherwise the next apply writes it.
pub async fn claim(
    aws: &Aws,
    stack: &StackId,
    address: &Address,
    id: &str,
    spec_hash: Option<&str>,
) -> Result<(), AwsError> {
    let mut all = tags::claim(stack, address);
    if let Some(hash) = spec_hash.filter(|_| address.kind() != "repository") {
        all.insert(tags::SPEC.to_owned(), hash.to_owned());
    }
    let tags = all.clone().into_iter();
    let call = &aws.caller;
    match address.kind() {
        "cluster" | "service" | "task_definition" => {
            let tags: Vec<EcsTag> =
                tags.map(|(key, value)| EcsTag::builder().key(key).value(value).build()).collect();
            let tag =
                || aws.ecs.tag_resource().resource_arn(id).set_tags(Some(tags.clone())).send();
            call.call("ecs:TagResource", tag).await.map(drop)
        }
        "listener" | "listener_rule" | "load_balancer" | "target_group" => {
            let tags: Vec<ElbTag> =
                tags.map(|(key, value)| ElbTag::builder().key(key).value(value).build()).collect();
            let tag = || aws.elb.add_tags().resource_arns(id).set_tags(Some(tags.clone())).send();
            call.call("elasticloadbalancing:AddTags", tag).await.map(drop)
        }
        "log_group" => {
            let tag = || {
                let tags = all.clone().into_iter().collect();
                aws.logs.tag_resource().resource_arn(id).set_tags(Some(tags)).send()
            };
            call.call("logs:TagResource", tag).await.map(drop)
        }
        "repository" => {
            let tags: Vec<EcrTag> = tags
                .filter_map(|(key, value)| EcrTag::builder().key(key).value(value).build().ok())
                .collect();
            let tag =
                || aws.ecr.tag_resource().resource_arn(id).set_tags(Some(tags.clone())).send();
            call.call("ecr:TagResource", tag).await.map(drop)
        }
        "role" => {
            let name = id.rsplit('/').next().unwrap_or(id);
            let tags: Vec<IamTag> = tags
                .filter_map(|(key, value)| IamTag::builder().key(key).value(value).build().ok())
                .collect();
            let tag = || aws.iam.tag_role().role_name(name).set_tags(Some(tags.clone())).send();
            call.call("iam:TagRole", tag).await.map(drop)
        }
        "security_group" => {
            let tags: Vec<Ec2Tag> =
                tags.map(|(key, value)| Ec2Tag::builder().key(key).value(value).build()).collect();
            let tag = || aws.ec2.create_tags().resources(id).set_tags(Some(tags.clone())).send();
            call.call("ec2:CreateTags", tag).await.map(drop)
        }
        "certificate" => {
            let tags: Vec<AcmTag> = tags
                .filter_map(|(key, value)| AcmTag::builder().key(key).value(value).build().ok())
                .collect();
            let tag = || {
                aws.acm
                    .add_tags_to_certificate()
                    .certificate_arn(id)
                    .set_tags(Some(tags.clone()))
                    .send()
            };
            call.call("acm:AddTagsToCertificate", tag).await.map(drop)
        }
        _ => {
            let message = format!("{address} is of a kind that carries no tags");
            Err(AwsError::own(ErrorClass::Invalid, message))
        }
    }
}
