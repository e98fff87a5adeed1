//! Secrets Manager.

mod change;
mod find;
pub mod state;

use super::{Operation, Protocol, Service, read, write};
use crate::{error::AwsError, rules};

/// Secrets Manager.
pub static SERVICE: Service = Service {
    name: "secretsmanager",
    protocol: Protocol::Json,
    global: false,
    invalid: "ValidationException",
    operations: OPERATIONS,
    tagged: change::tagged,
};

const OPERATIONS: &[Operation] = &[
    write("CreateSecret", change::create),
    write("PutSecretValue", change::put_value),
    write("DeleteSecret", change::delete),
    write("RestoreSecret", change::restore),
    write("TagResource", change::tag),
    write("UntagResource", change::untag),
    read("DescribeSecret", find::describe),
    read("ListSecrets", find::list),
    read("GetSecretValue", find::get_value),
];

/// Secrets Manager API reference, `ResourceNotFoundException`.
fn no_secret() -> AwsError {
    let message = "Secrets Manager can't find the specified secret.";
    rules::secrets::SECRET_EXISTS.refuse(message)
}

/// Secrets Manager API reference, `InvalidRequestException`.
fn marked_for_deletion() -> AwsError {
    rules::secrets::NOT_MARKED.refuse(
        "You can't perform this operation on the secret because it was marked for deletion.",
    )
}

pub(crate) use self::state::seed;
