//! Causes of capacity and of deployments.

use super::{Code, code};

pub(super) const CODES: &[Code] = &[
    code(("C601", "no capacity"), "Fargate has no room for the tasks in the availability zones of their subnets at the moment.", "What ECS says (`Capacity is unavailable at this time`).", "Wait, or name subnets of further zones under `network.tasks`."),
    code(("C602", "quota used up"), "The account may run a limited number of vCPUs on Fargate in a region, and they are all in use. A rollout needs room for old and new tasks together.", "What ECS says (`You've reached the limit`).", "Ask for a higher quota (Service Quotas, Fargate), or lower `scale`, `cpu` or `deploy.max_running`.").at("scale"),
    code(("C603", "the size is not allowed yet"), "New accounts may not run tasks of the larger sizes.", "What ECS says (`configuration is above your limit`).", "Choose a smaller `cpu` and `memory`, or ask for a higher quota.").at("cpu"),
    code(("C604", "a zone without Fargate"), "Fargate cannot run tasks in one of the subnets' availability zones.", "What ECS says (`Reason: Internal error`).", "Name subnets of other zones under `network.tasks`."),
    code(("C605", "spare capacity is taken back"), "Tasks on spare capacity (Fargate Spot) end with two minutes' notice whenever AWS needs it elsewhere.", "Stop code `SpotInterruption` of the tasks.", "Run a base of tasks on ordinary capacity, and let the program end cleanly on SIGTERM."),
    code(("C606", "the deployment can do nothing"), "During a rollout ECS keeps between `min_healthy` and `max_running` percent of the tasks. The two leave no room: it may neither start a new task nor stop an old one.", "What ECS says (`because of the service deployment configuration`).", "Raise `deploy.max_running`, or lower `deploy.min_healthy`.").at("deploy"),
    code(("C607", "AWS throttles ECS"), "Calls that ECS makes for the service, to start tasks or register targets, are throttled. ECS tries again by itself.", "What ECS says (`operations are being throttled`).", "Wait; if it stays, roll out fewer services at once."),
    code(("C608", "protected tasks"), "Tasks can protect themselves from being stopped. ECS wants to stop more tasks than are unprotected.", "What ECS says (`The number of protected tasks`).", "Wait until the tasks end their protection, or end it with `aws ecs update-task-protection`."),
    code(("C609", "the service wants EC2 instances"), "The service was changed to run on EC2 instances, and the cluster has none.", "What ECS says (`no container instance`).", "Run `wharf apply`: it sets the service back to Fargate."),
    code(("C610", "the service is set to run no task"), "Somebody set the number of tasks to 0. The balancer answers every request with 503.", "The number of tasks ECS wants, next to the spec's.", "Run `wharf apply`: it sets the number of the spec.").at("scale"),
    code(("C611", "too many tasks start at once"), "A cluster may have a limited number of tasks that are being provisioned.", "What ECS says (`provisioning capacity limit`).", "Wait, or raise `scale` in smaller steps.").at("scale"),
];
