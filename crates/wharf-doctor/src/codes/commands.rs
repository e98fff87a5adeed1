//! Causes for which a running task takes no commands.

use super::{Code, code};

pub(super) const CODES: &[Code] = &[
    code(
        ("C961", "the task's role may not open the channels commands go through"),
        "A command reaches a task through Systems Manager: an agent in the container opens channels to it, as the task's own role. Without the four `ssmmessages` actions it cannot, and stops; AWS says no more than that an internal error happened.",
        "The policy of the task's role, in which one or more of the four actions are missing.",
        "Run `wharf apply`, which restores the role of a service with `exec: true`, then `wharf restart SERVICE`: an agent that has stopped does not start again. A role of your own (`permissions: ARN`) needs the four actions on `*`.",
    ),
    code(
        ("C962", "the task does not reach Systems Manager"),
        "The agent in the container calls Systems Manager by HTTPS. Its subnet has no way there: no route to the internet and no interface endpoint for `ssmmessages`, or a security group that lets nothing out.",
        "The route table of the subnet the task is in, the endpoints of its VPC, the rules of its security groups.",
        "Add an interface endpoint for `ssmmessages` to the VPC, or a NAT gateway; then `wharf restart SERVICE`. If a rule is gone, `wharf apply` puts it back.",
    ),
    code(
        ("C963", "the agent cannot write to the container"),
        "The agent that takes commands keeps files in the container's root filesystem, which is read-only.",
        "`readonlyRootFilesystem` in the task definition.",
        "Run the task with a root filesystem that can be written to: `wharf apply` makes such a revision.",
    ),
    code(
        ("C964", "variables of the container stand in for the task's role"),
        "The agent that takes commands finds credentials as every AWS client in the container does, and variables come before the task's role. Those credentials are seldom allowed what the agent needs.",
        "`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` or `AWS_PROFILE` among the container's variables.",
        "Take them out of `env` and `secrets` and let the task's role do what they were for (`permissions`); or give them to the program under other names.",
    ),
    code(
        ("C965", "the agent that takes commands is still starting"),
        "The container runs, and the agent beside its program has not reported yet. That takes some seconds after a start.",
        "What ECS shows of the agent: `PENDING`.",
        "Wait a moment and run the command again.",
    ),
    code(
        ("C966", "the agent that takes commands does not run"),
        "ECS shows no running agent in the container, and neither the task's role, nor the network, nor the filesystem explains why.",
        "What ECS shows of the agent, and that the usual reasons were looked at.",
        "Run `wharf restart SERVICE`: a new task starts with a new agent. A program that uses up all memory can end it too.",
    ),
];
