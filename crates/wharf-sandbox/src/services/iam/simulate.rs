//! What a role may do, as IAM itself judges it.

use serde_json::json;

use super::{
    super::{Ctx, Reply},
    lookup::Verdict,
    roles::page,
};
use crate::{input::Input, rules};

/// IAM API reference, `SimulatePrincipalPolicy`. Without resources an action is judged on all of them.
pub(super) fn principal(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = input.required("PolicySourceArn")?;
    if ctx.world.role(arn).is_none() {
        let name = arn.rsplit('/').next().unwrap_or_default();
        return Err(
            rules::iam::ROLE_EXISTS.refuse(format!("The role with name {name} cannot be found."))
        );
    }
    let mut resources = input.strings("ResourceArns");
    if resources.is_empty() {
        resources.push("*".to_owned());
    }
    let mut results = Vec::new();
    for action in input.strings("ActionNames") {
        for resource in &resources {
            let decision = match ctx.world.role_verdict(arn, &action, resource) {
                Verdict::Allowed => "allowed",
                Verdict::Denied => "explicitDeny",
                Verdict::Silent => "implicitDeny",
            };
            let result = json!({
                "EvalActionName": action,
                "EvalResourceName": resource,
                "EvalDecision": decision,
            });
            results.push((format!("{action} {resource}"), result));
        }
    }
    page(input, "EvaluationResults", results)
}
