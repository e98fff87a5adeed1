//! Cases of roles and of what they may do.

use serde_json::json;

use super::{
    case::{Case, Condition, condition, edit},
    place::Place,
};
use crate::world::World;

pub(super) const CASES: &[Case] = &[
    edit(
        "pull-denied",
        "C801",
        "the execution role may not pull images",
        "stopped task: … not authorized to perform: ecr:GetAuthorizationToken",
        |world, place| deny(world, place, &["ecr:*"]),
    )
    .replacing(),
    edit(
        "layers-denied",
        "C106",
        "the execution role may not download layers",
        "stopped task: CannotPullContainerError … 403 Forbidden",
        |world, place| deny(world, place, &["ecr:GetDownloadUrlForLayer"]),
    )
    .replacing(),
    edit(
        "secret-denied",
        "C802",
        "the execution role may not read secrets",
        "stopped task: … not authorized to perform: secretsmanager:GetSecretValue",
        |world, place| {
            if place.secrets().is_empty() {
                return Err("it reads no secret".to_owned());
            }
            deny(world, place, &["secretsmanager:GetSecretValue", "ssm:GetParameters"])
        },
    )
    .replacing(),
    edit(
        "log-denied",
        "C803",
        "the execution role may not write logs",
        "stopped task: … not authorized to perform: logs:CreateLogStream",
        |world, place| deny(world, place, &["logs:*"]),
    )
    .replacing(),
    edit(
        "role-untrusted",
        "C804",
        "the execution role does not trust ECS any more",
        "event: ECS was unable to assume the role",
        |world, place| {
            let trust = json!({"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }]});
            role(world, place)?.trust = trust.to_string();
            Ok(())
        },
    )
    .replacing(),
    edit(
        "shifter-denied",
        "C808",
        "ECS may not move requests between target groups",
        "deployment: … missing permissions on ECS Infrastructure Role",
        |world, _| {
            let name = "role.main/shifter";
            let all = world.global.iam.roles.values_mut();
            let mut shifters =
                all.filter(|role| role.tags.get("wharf:resource").is_some_and(|it| it == name));
            let role =
                shifters.next().ok_or("no service of the stack moves requests between groups")?;
            role.inline.clear();
            Ok(())
        },
    )
    .replacing(),
    edit(
        "exec-denied",
        "C961",
        "the task role may not open the channels of commands",
        "call: TargetNotConnectedException … internal error; or an agent that is STOPPED",
        |world, place| {
            let arn = place.body["taskRoleArn"].as_str().unwrap_or_default();
            let mut roles = world.global.iam.roles.values_mut();
            let role = roles.find(|role| role.arn == arn).ok_or("it has no task role")?;
            role.inline.clear();
            Ok(())
        },
    ),
    condition(
        "pass-role-denied",
        "C805",
        "whoever deploys may not hand roles to tasks",
        "call: AccessDeniedException … iam:PassRole",
        Condition::Denied("ecs", "RegisterTaskDefinition", "iam:PassRole"),
    )
    .in_place(),
];

fn role<'w>(
    world: &'w mut World,
    place: &Place,
) -> Result<&'w mut crate::services::iam::state::Role, String> {
    let arn = place.execution_role();
    let mut roles = world.global.iam.roles.values_mut();
    roles.find(|role| role.arn == arn).ok_or_else(|| "it has no execution role".to_owned())
}

/// Denies the execution role some actions, as somebody would who tidies up.
fn deny(world: &mut World, place: &Place, actions: &[&str]) -> Result<(), String> {
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Action": actions, "Resource": "*",
    }]});
    role(world, place)?.inline.insert("tidied-up".to_owned(), policy.to_string());
    Ok(())
}
