//! The task definition of a service or job: what runs, with which sizes, variables and secrets.
//!
//! A task definition cannot be changed: a change registers a new revision of its family, and the
//! service moves there. Some earlier revisions stay active, so that there is something to go back to.

mod canonical;
mod declare;
mod revisions;

use std::collections::BTreeMap;

use aws_sdk_ecs::types::{Compatibility, NetworkMode, TaskDefinition};
use serde::{Deserialize, Serialize};
use wharf_graph::{
    Address, Declare, ErrorClass, Facts, Foreign, Input, Live, Outcome, Policy, ReplaceOrder,
};
use wharf_spec::Stack;

use crate::error::AwsError;
use crate::kind::{Changed, Found, Kind, Owned, Write};
use crate::kinds::cluster;
use crate::reads::Reads;
use crate::tags::{self, Owner, Tags};

/// What every log stream of a task begins with; the rest is container and task
/// (ECS Developer Guide, awslogs log driver).
pub(crate) const STREAM_PREFIX: &str = "ecs";

/// The output that says that a service runs the revision.
const SERVED: &str = "served";

/// See the module.
pub(crate) struct Definition;

/// Managed properties of a task definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Props {
    family: String,
    /// CPU units.
    cpu: u32,
    /// MiB.
    memory: u32,
    /// `X86_64` or `ARM64`.
    architecture: String,
    execution_role: Input<String>,
    task_role: Input<String>,
    container: Container,
    /// The containers beside it, by name.
    sidecars: BTreeMap<String, Container>,
    tags: Tags,
}

/// One container of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Container {
    name: String,
    image: Input<String>,
    /// Whether the task ends when this container does.
    essential: bool,
    /// CPU units of the task reserved for it; 0 for none.
    reserved_cpu: u32,
    /// MiB of the task's memory it may use at most; `None` for all of it.
    memory_limit: Option<u32>,
    /// How far other containers of the task must have come before it starts, by name: `START`,
    /// `COMPLETE`, `SUCCESS` or `HEALTHY`.
    depends_on: BTreeMap<String, String>,
    command: Option<Vec<String>>,
    entrypoint: Option<Vec<String>>,
    user: Option<String>,
    port: Option<u16>,
    env: BTreeMap<String, String>,
    /// Where each secret lives, by variable; never a value.
    secrets: BTreeMap<String, String>,
    health_check: Option<HealthCheck>,
    /// Seconds between SIGTERM and SIGKILL.
    stop_timeout: u32,
    /// Whether a small init process reaps what shells leave behind
    /// (ECS Developer Guide, ECS Exec considerations).
    init_process: bool,
    log: Log,
}

/// A command that tells whether the container is healthy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct HealthCheck {
    command: Vec<String>,
    /// Seconds.
    interval: u32,
    /// Seconds.
    timeout: u32,
    retries: u32,
    /// Seconds.
    start_period: u32,
}

/// Where the container's output goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Log {
    group: String,
    region: String,
    prefix: String,
}

impl Kind for Definition {
    type Props = Props;

    const POLICY: Policy = Policy {
        replace_on: &[("*", "a task definition cannot be changed; a new revision is registered")],
        replace_order: ReplaceOrder::CreateFirst,
        ..Policy::plain("task_definition", "task definition")
    };

    fn declare(stack: &Stack, facts: &Facts, out: &mut Declare) {
        for workload in stack.workloads() {
            declare::workload(stack, facts, workload, out);
        }
    }

    fn example() -> Props {
        canonical::example()
    }

    async fn read(cx: &Reads) -> Result<Vec<Found<Props>>, AwsError> {
        let got = cx.definitions().await?;
        Ok(got
            .value
            .iter()
            .map(|found| {
                let arn = found.definition.task_definition_arn().unwrap_or_default().to_owned();
                let owner = tags::owner(&found.tags, &cx.id);
                if let (false, Owner::Other(owner)) = (found.used, &owner) {
                    let address = Address::new(Self::POLICY.kind, found.name.clone());
                    return Found::Foreign(Foreign { address, id: arn, owner: owner.clone() });
                }
                // What our service uses holds this place whoever registered it: a deploy from
                // elsewhere is drift, and not somebody else's property.
                let ours = owner == Owner::Ours;
                let mut outputs = outputs(&found.definition);
                if found.used {
                    outputs.insert(SERVED.to_owned(), "yes".to_owned());
                }
                Found::Ours(Owned {
                    name: found.name.clone(),
                    id: arn,
                    props: canonical::props(
                        &found.definition,
                        &found.name,
                        tags::managed(&found.tags, &cx.stack.tags),
                    ),
                    outputs,
                    applied: found.tags.get(tags::SPEC).filter(|_| ours).cloned(),
                    leaving: false,
                })
            })
            .collect())
    }

    async fn create(cx: &Write<'_>, want: Props) -> Result<Outcome, AwsError> {
        let containers = canonical::containers(&want)?;
        let execution = want.execution_role.get()?.clone();
        let task = want.task_role.get()?.clone();
        let tags = cx.origin.onto(cx.tags(&want.tags));
        let register = async || {
            let made = cx
                .aws
                .caller
                .once("ecs:RegisterTaskDefinition", || {
                    cx.aws
                        .ecs
                        .register_task_definition()
                        .family(&want.family)
                        .cpu(want.cpu.to_string())
                        .memory(want.memory.to_string())
                        .network_mode(NetworkMode::Awsvpc)
                        .requires_compatibilities(Compatibility::Fargate)
                        .runtime_platform(canonical::platform(&want.architecture))
                        .execution_role_arn(&execution)
                        .task_role_arn(&task)
                        .set_container_definitions(Some(containers.clone()))
                        .set_tags(Some(cluster::tag_list(&tags)))
                        .send()
                })
                .await?;
            made.task_definition.ok_or_else(|| {
                AwsError::own(ErrorClass::Other, "ECS registered a revision and did not show it")
            })
        };
        let caller = &cx.aws.caller;
        let made =
            caller.retrying(&[], async || match revisions::newest_if_same(cx, &want).await? {
                Some(there) => Ok(there),
                None => register().await,
            });
        Ok(done(&made.await?))
    }

    async fn update(
        cx: &Write<'_>,
        live: &Live,
        want: Props,
        _: &Changed<'_>,
    ) -> Result<Outcome, AwsError> {
        // Every difference replaces, so only the owner tags can be stale.
        cluster::tag(cx, &live.id, &cx.tags(&want.tags)).await?;
        Ok(Outcome::Done { id: live.id.clone(), outputs: live.outputs.clone() })
    }

    async fn delete(cx: &Write<'_>, live: &Live) -> Result<(), AwsError> {
        revisions::retire(cx, live).await
    }
}

fn done(definition: &TaskDefinition) -> Outcome {
    Outcome::Done {
        id: definition.task_definition_arn().unwrap_or_default().to_owned(),
        outputs: outputs(definition),
    }
}

fn outputs(definition: &TaskDefinition) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("arn".to_owned(), definition.task_definition_arn().unwrap_or_default().to_owned()),
        ("family".to_owned(), definition.family().unwrap_or_default().to_owned()),
        ("revision".to_owned(), definition.revision().to_string()),
    ])
}
