//! What is done to services that exist, beside bringing them to what the spec says.

pub mod caller;
pub mod exec;
pub mod found;
pub mod logs;
pub mod releases;
pub mod restart;
pub mod rollouts;
pub mod scale;
pub mod task;

use std::sync::Arc;

use aws_sdk_ecs::types::Service;
use wharf_graph::ErrorClass;
use wharf_spec::Stack;

use crate::aws::Aws;
use crate::error::AwsError;
use crate::reads::Reads;

/// Finds the ECS service behind a service of the spec. While a replacement is under way there are two;
/// the one that stays is meant.
pub(crate) async fn service(aws: &Aws, stack: &Stack, name: &str) -> Result<Service, AwsError> {
    let reads = Reads::new(aws.clone(), Arc::new(stack.clone()));
    let services = reads.services().await?;
    services
        .value
        .iter()
        .filter(|one| !one.leaving() && one.name(&reads.id).as_deref() == Some(name))
        .map(|one| &one.service)
        .max_by_key(|one| one.created_at().map(aws_smithy_types::DateTime::secs))
        .cloned()
        .ok_or_else(|| {
            AwsError::own(ErrorClass::Other, format!("service {name} does not exist yet"))
                .hint("`wharf apply` makes it")
        })
}

/// Returns what stands behind the last slash of an ARN.
pub(crate) fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// Returns the name of the cluster a service runs in.
pub(crate) fn cluster(service: &Service) -> String {
    last(service.cluster_arn().unwrap_or_default()).to_owned()
}
