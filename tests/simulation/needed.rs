//! What is still used must not be taken away.
//!
//! ECS names no error for a role, a log group or a target group that goes while a task that uses it
//! is still stopping; the task just loses its credentials, its last lines or the requests in flight.
//! ACM does refuse to delete a certificate in use, but also one that was in use some minutes ago: a refusal
//! says nothing about the order of a plan, so what listeners use is looked at here.
//! Nor does IAM ask whether a running task still needs what a role is about to lose.

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
    /// What roles lost while tasks used them.
    lost: Vec<Lost>,
    /// Whether reads may be stale: a listener that was just made is then not known to whoever deletes.
    hidden: bool,
}

/// What a role lost while a task ran with it. Where the spec takes a permission away from a release that stays,
/// that is as asked; where the same run goes on to replace the release, it came too early.
#[derive(Debug)]
struct Lost {
    session: u64,
    service: String,
    definition: String,
    what: String,
}

impl Needed {
    pub(crate) fn new(hidden: bool) -> Self {
        Self { hidden, ..Self::default() }
    }

    /// Looks whether what is about to be deleted is in use; says whether there was anything to look at.
    pub(crate) fn before(&mut self, call: &Call<'_>, world: &mut World) -> bool {
        let member = match call.operation {
            "DeleteTargetGroup" => "TargetGroupArn",
            "DeleteRole" => "RoleName",
            "DeleteLogGroup" => "logGroupName",
            "DeleteCertificate" => "CertificateArn",
            "PutRolePolicy" | "DeleteRolePolicy" => return self.loses(call, world),
            "UpdateService" | "DeleteService" => return self.replaces(call),
            _ => return false,
        };
        let name = text(&call.input[member]);
        if call.operation == "DeleteCertificate" {
            let mut listeners = world.region(REGION).elbv2.listeners.values();
            let user = listeners.find(|it| it.certificates.iter().any(|arn| arn == name));
            if let Some(user) = user.filter(|_| !self.hidden) {
                self.too_early.push(format!("{name} goes while {} uses it", user.arn));
            }
            return true;
        }
        if let Some(task) = using(world, call.operation, name) {
            let what = format!("{} takes {name} from task {}, which runs", call.operation, task.id);
            self.pending.insert(call.index, what);
        }
        true
    }

    /// Notes what a role is about to lose while tasks run with it.
    fn loses(&mut self, call: &Call<'_>, world: &mut World) -> bool {
        let (name, policy) = (text(&call.input["RoleName"]), text(&call.input["PolicyName"]));
        let inline = |world: &World| world.global.iam.roles.get(name)?.inline.get(policy).cloned();
        let before = statements(&inline(world).unwrap_or_default());
        let after = statements(text(&call.input["PolicyDocument"]));
        if before.iter().all(|statement| after.contains(statement)) {
            return true;
        }
        if let Some(task) = using(world, call.operation, name) {
            let what = format!("{} narrows {name} before {}, which runs", call.operation, task.id);
            self.lost.push(Lost {
                session: call.session,
                service: task.service,
                definition: task.definition,
                what: format!("{what}, is replaced"),
            });
        }
        true
    }

    /// Looks whether a release is about to be replaced that lost something already.
    fn replaces(&mut self, call: &Call<'_>) -> bool {
        let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let service = last(text(&call.input["service"]));
        let definition = text(&call.input["taskDefinition"]);
        let early = self.lost.iter().find(|lost| {
            lost.session == call.session
                && last(&lost.service) == service
                && (call.operation == "DeleteService"
                    || !definition.is_empty() && definition != lost.definition)
        });
        self.too_early.extend(early.map(|lost| lost.what.clone()));
        true
    }

    /// Returns what somebody suffers from now that AWS has carried it out, or what came too early.
    pub(crate) fn after(&mut self, call: &Call<'_>, answer: &CallRecord) -> Option<String> {
        let done = self.pending.remove(&call.index).filter(|_| answer.status < 300);
        done.or_else(|| self.too_early.pop())
    }
}

/// A task that uses something.
struct User {
    id: String,
    service: String,
    definition: String,
}

/// Returns the statements of a policy document, each as text.
fn statements(document: &str) -> Vec<String> {
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let list = document["Statement"].as_array().into_iter().flatten();
    list.map(Value::to_string).collect()
}

/// Returns a task of the stack whose containers have not ended and that uses that thing.
fn using(world: &mut World, operation: &str, name: &str) -> Option<User> {
    let ecs = &world.region(REGION).ecs;
    let ours = |tags: &BTreeMap<String, String>| tags.get("wharf:app").is_some_and(|it| it == APP);
    let services = ecs.services.values().filter(|service| ours(&service.tags));
    let tasks_of = |key: String| {
        ecs.tasks_of(&key).into_iter().map(move |task| (key.clone(), task)).collect::<Vec<_>>()
    };
    let mut tasks = services.flat_map(|service| tasks_of(service.key()));
    let found = tasks.find(|(_, task)| {
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
    found.map(|(service, task)| User {
        id: task.id.clone(),
        service,
        definition: task.definition.clone(),
    })
}
