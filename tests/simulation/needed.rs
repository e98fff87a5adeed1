//! What is still used must not be taken away.
//!
//! ECS names no error for a role, a log group or a target group that goes while a task that uses it
//! is still stopping; the task just loses its credentials, its last lines or the requests in flight.
//! ACM does refuse to delete a certificate in use, but also one that was in use some minutes ago: a refusal
//! says nothing about the order of a plan, so what listeners use is looked at here.

use std::collections::BTreeMap;

use serde_json::Value;
use wharf_sandbox::CallRecord;
use wharf_sandbox::faults::Call;
use wharf_sandbox::world::World;

use crate::account::text;
use crate::spec::{APP, REGION};

/// Deletions that were begun, by the number of the call, with what somebody will suffer from.
#[derive(Debug, Default)]
pub(crate) struct Needed {
    pending: BTreeMap<u64, String>,
    /// Deletions that AWS refuses, and that came too early.
    too_early: Vec<String>,
}

impl Needed {
    /// Looks whether what is about to be deleted is in use; says whether there was anything to look at.
    pub(crate) fn before(&mut self, call: &Call<'_>, world: &mut World) -> bool {
        let member = match call.operation {
            "DeleteTargetGroup" => "TargetGroupArn",
            "DeleteRole" | "DeleteRolePolicy" => "RoleName",
            "DeleteLogGroup" => "logGroupName",
            "DeleteCertificate" => "CertificateArn",
            _ => return false,
        };
        let name = text(&call.input[member]);
        if call.operation == "DeleteCertificate" {
            let mut listeners = world.region(REGION).elbv2.listeners.values();
            if let Some(user) = listeners.find(|it| it.certificates.iter().any(|arn| arn == name)) {
                self.too_early.push(format!("{name} goes while {} uses it", user.arn));
            }
            return true;
        }
        if let Some(task) = user(world, call.operation, name) {
            let what = format!("{} takes {name} from task {task}, which runs", call.operation);
            self.pending.insert(call.index, what);
        }
        true
    }

    /// Returns what somebody suffers from now that AWS has carried it out, or what came too early.
    pub(crate) fn after(&mut self, call: &Call<'_>, answer: &CallRecord) -> Option<String> {
        let done = self.pending.remove(&call.index).filter(|_| answer.status < 300);
        done.or_else(|| self.too_early.pop())
    }
}

/// Returns a task of the stack whose containers have not ended and that uses that thing.
fn user(world: &mut World, operation: &str, name: &str) -> Option<String> {
    let ecs = &world.region(REGION).ecs;
    let ours = |tags: &BTreeMap<String, String>| tags.get("wharf:app").is_some_and(|it| it == APP);
    let services = ecs.services.values().filter(|service| ours(&service.tags));
    let mut tasks = services.flat_map(|service| ecs.tasks_of(&service.key()));
    let found = tasks.find(|task| {
        let body = ecs.definition(&task.definition).map_or(&Value::Null, |it| &it.body);
        // Whatever comes after that, its containers have ended (ECS Developer Guide, "Task lifecycle").
        let over = ["DEPROVISIONING", "STOPPED"].contains(&task.last_status.as_str());
        !over
            && match operation {
                "DeleteTargetGroup" => task.balancers.iter().any(|one| one.target_group == name),
                "DeleteLogGroup" => {
                    let containers = body["containerDefinitions"].as_array();
                    let options =
                        |it: &Value| it["logConfiguration"]["options"]["awslogs-group"].clone();
                    containers.into_iter().flatten().any(|one| options(one) == name)
                }
                _ => ["taskRoleArn", "executionRoleArn"]
                    .iter()
                    .any(|role| text(&body[role]).rsplit('/').next() == Some(name)),
            }
    });
    found.map(|task| task.id.clone())
}
