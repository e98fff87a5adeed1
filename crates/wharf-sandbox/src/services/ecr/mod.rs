//! ECR: image repositories and the images in them.

mod images;
mod policies;
mod repositories;
pub mod state;

use super::{Ctx, Operation, Protocol, Service, read, write};
use crate::{
    error::AwsError,
    input::Input,
    rules::{self, Rule},
};

use self::state::Repository;

/// ECR.
pub static SERVICE: Service = Service {
    name: "ecr",
    protocol: Protocol::Json,
    global: false,
    invalid: "InvalidParameterException",
    operations: OPERATIONS,
    tagged: repositories::tagged,
};

const OPERATIONS: &[Operation] = &[
    write("CreateRepository", repositories::create),
    read("DescribeRepositories", repositories::describe),
    write("DeleteRepository", repositories::delete),
    write("PutImageTagMutability", repositories::put_mutability),
    write("PutImageScanningConfiguration", repositories::put_scanning),
    write("TagResource", repositories::tag),
    write("UntagResource", repositories::untag),
    read("ListTagsForResource", repositories::list_tags),
    write("PutLifecyclePolicy", policies::put_lifecycle),
    read("GetLifecyclePolicy", policies::get_lifecycle),
    write("DeleteLifecyclePolicy", policies::delete_lifecycle),
    write("SetRepositoryPolicy", policies::set_policy),
    read("GetRepositoryPolicy", policies::get_policy),
    write("DeleteRepositoryPolicy", policies::delete_policy),
    read("DescribeImages", images::describe),
    read("BatchGetImage", images::batch_get),
    read("ListImages", images::list),
    write("PutImage", images::put),
    write("BatchDeleteImage", images::batch_delete),
    read("GetAuthorizationToken", images::authorization_token),
];

/// Finds the repository a request names, or answers as ECR does.
fn repository<'c>(ctx: &'c mut Ctx<'_>, input: &Input<'_>) -> Result<&'c mut Repository, AwsError> {
    let name = input.required("repositoryName")?;
    let account = ctx.world.account.clone();
    ctx.here().ecr.repositories.get_mut(name).ok_or_else(|| no_repository(name, &account))
}

/// ECR's answer for a repository that does not exist (ECR API reference, `DescribeRepositories`).
fn no_repository(name: &str, account: &str) -> AwsError {
    rules::ecr::REPOSITORY_EXISTS.refuse(format!(
        "The repository with name '{name}' does not exist in the registry with id '{account}'"
    ))
}

/// ECR's wording for input that breaks a constraint.
fn invalid_parameter(broken: &'static Rule, name: &str, wanted: &str) -> AwsError {
    broken.refuse(format!("Invalid parameter at '{name}' failed to satisfy constraint: '{wanted}'"))
}
