//! Causes of permissions.

use super::{Code, code};

pub(super) const CODES: &[Code] = &[
    code(("C801", "the execution role may not pull"), "ECS pulls images with the execution role, which lacks the permissions for it.", "The reason of stopped tasks (`not authorized to perform: ecr:…`).", "Run `wharf apply`: it restores the role's policies; look for a policy of the organisation that denies it."),
    code(("C802", "the execution role may not read a secret"), "ECS reads secrets with the execution role, not with the task's own, and that role is not allowed to. A secret encrypted with a customer's key needs `kms:Decrypt` as well.", "The reason of stopped tasks (`not authorized` while pulling secrets).", "Run `wharf apply`: it restores the role's policy; check the policy of the secret's key.").at("secrets"),
    code(("C803", "the execution role may not write the log"), "Containers start only when their log can be written, which ECS does with the execution role.", "The reason of stopped tasks (`not authorized to perform: logs:…`).", "Run `wharf apply`: it restores the role's policies; look for a policy of the organisation that denies it."),
    code(("C804", "ECS cannot assume a role"), "The execution role or the task's role does not exist, does not trust `ecs-tasks.amazonaws.com`, or was made a moment ago.", "What ECS says (`unable to assume the role`).", "Run `wharf apply`: it restores the role and whom it trusts."),
    code(("C805", "the deployer may not pass roles"), "Whoever registers a task definition hands two roles to it, and needs `iam:PassRole` for that.", "The error of the call (`iam:PassRole`).", "Allow `iam:PassRole` on the stack's roles to whoever deploys, for the service `ecs-tasks.amazonaws.com`."),
    code(("C806", "ECS's own role is broken"), "ECS works with the role `AWSServiceRoleForECS` of the account. It does not exist, or somebody changed it.", "The error of the call, or what ECS says (`IAM trust relationship has been misconfigured`).", "Restore it with `aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com`."),
    code(("C807", "the credentials do not allow the call"), "The credentials in use are not allowed to do what wharf asked for.", "The error of the call.", "Allow the action named in the message to whoever deploys, or choose other credentials with `--profile`."),
];
