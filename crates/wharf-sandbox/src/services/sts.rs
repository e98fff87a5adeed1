//! STS: who am I.

use serde_json::json;

use super::{Ctx, Operation, Protocol, Reply, Service, nothing_tagged, read};
use crate::input::Input;

/// STS.
pub(super) static SERVICE: Service = Service {
    name: "sts",
    protocol: Protocol::Query { xmlns: "https://sts.amazonaws.com/doc/2011-06-15/" },
    global: true,
    invalid: "ValidationError",
    operations: OPERATIONS,
    tagged: nothing_tagged,
};

const OPERATIONS: &[Operation] = &[read("GetCallerIdentity", get_caller_identity)];

#[expect(clippy::unnecessary_wraps, reason = "a handler")]
fn get_caller_identity(ctx: &mut Ctx<'_>, _input: &Input<'_>) -> Reply {
    Ok(json!({
        "Arn": ctx.world.arn("iam", "", "user/sandbox"),
        "UserId": "AIDASANDBOXSANDBOX000",
        "Account": ctx.world.account,
    }))
}
