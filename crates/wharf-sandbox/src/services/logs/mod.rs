//! CloudWatch Logs: groups, streams, events.

mod events;
mod groups;
pub mod state;

use super::{Ctx, Operation, Protocol, Service, read, write};
use crate::{error::AwsError, rules};

use self::state::LogGroup;

/// CloudWatch Logs.
pub static SERVICE: Service = Service {
    name: "logs",
    protocol: Protocol::Json,
    global: false,
    invalid: "InvalidParameterException",
    operations: OPERATIONS,
    tagged: groups::tagged,
};

const OPERATIONS: &[Operation] = &[
    write("CreateLogGroup", groups::create),
    read("DescribeLogGroups", groups::describe),
    write("DeleteLogGroup", groups::delete),
    write("PutLogGroupDeletionProtection", groups::protect),
    write("PutRetentionPolicy", groups::put_retention),
    write("DeleteRetentionPolicy", groups::delete_retention),
    write("AssociateKmsKey", groups::associate_key),
    write("DisassociateKmsKey", groups::disassociate_key),
    write("TagResource", groups::tag),
    write("UntagResource", groups::untag),
    read("ListTagsForResource", groups::list_tags),
    write("CreateLogStream", events::create_stream),
    read("DescribeLogStreams", events::describe_streams),
    write("DeleteLogStream", events::delete_stream),
    write("PutLogEvents", events::put),
    read("GetLogEvents", events::get),
    read("FilterLogEvents", events::filter),
];

/// Finds a group by its name or ARN.
fn group<'c>(ctx: &'c mut Ctx<'_>, name: &str) -> Result<&'c mut LogGroup, AwsError> {
    let prefix = ctx.arn("logs", "log-group:");
    let name = name.strip_prefix(&prefix).unwrap_or(name);
    ctx.here().logs.groups.get_mut(name).ok_or_else(no_group)
}

/// CloudWatch Logs API reference, `ResourceNotFoundException`.
fn no_group() -> AwsError {
    rules::logs::GROUP_EXISTS.refuse("The specified log group does not exist.")
}
