//! The release: a command that runs to its end before any service is touched.
//!
//! It is no object of its own. That the command has ended well is written on the revision of its task
//! definition, as a tag; a revision without it is one whose command has still to run. So it runs once
//! for each revision, that is, when its image, command, variables, secrets or size change. A run that
//! dies before the tag is written runs the command again, or takes note of a task that is there.

mod run;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wharf_graph::{Address, Declare, Facts, Input, Live, Outcome, Policy, Takes};
use wharf_spec::Stack;

use crate::error::AwsError;
use crate::kind::{Changed, Found, Kind, Owned, Write};
use crate::kinds::cluster;
use crate::reads::Reads;
use crate::tags::{self, Owner, Tags};
use crate::{names, placement};

/// Name of the workload, which no service and no job may have.
pub(crate) const WORKLOAD: &str = "release";
/// Every stack has one release at most.
const NAME: &str = "main";
/// The tag that says which task has ended well.
const RELEASED: &str = "wharf:released";

/// See the module.
pub(crate) struct Release;

/// What is to have run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Props {
    /// The revision whose command runs.
    task_definition: Input<String>,
    /// Whether it has ended well.
    ran: bool,
    /// What runs, for people.
    command: Vec<String>,
    /// Seconds after which it is stopped.
    timeout: u32,
    cluster: Input<String>,
    subnets: BTreeSet<String>,
    public_ip: bool,
    security_groups: BTreeSet<Input<String>>,
}

/// Returns the address of the stack's release, if it has one.
pub(crate) fn address(stack: &Stack) -> Option<Address> {
    stack.release.as_ref().map(|_| Address::new(Release::POLICY.kind, NAME))
}

impl Kind for Release {
    type Props = Props;

    // For a task to start and to be gone; how long the command takes is the application's business.
    const POLICY: Policy = Policy {
        never_prune: true,
        takes: Takes { create: 40, update: 40, delete: 0 },
        ..Policy::plain("release", "release")
    };

    fn declare(stack: &Stack, facts: &Facts, out: &mut Declare) {
        let of =
            |kind: &str, name: &str, output: &str| Input::of(&Address::new(kind, name), output);
        let place = Place {
            definition: of("task_definition", WORKLOAD, "arn"),
            ran: true,
            cluster: cluster::arn(stack, facts),
            groups: BTreeSet::from([of("security_group", "tasks", "id")]),
        };
        // What the subnets lack is said by the services.
        let Some(props) = props(stack, facts, place) else { return };
        let command = props.command.join(" ");
        let node = out.add(&Self::POLICY, NAME, &props);
        node.note = Some(format!("runs `{command}` before any service changes"));
        node.after.insert(Address::new("log_group", WORKLOAD));
    }

    fn example() -> Props {
        Props {
            task_definition: Input::Known(
                "arn:aws:ecs:eu-west-1:111122223333:task-definition/notes-prod-release:3"
                    .to_owned(),
            ),
            ran: true,
            command: vec!["bin/migrate".to_owned(), "up".to_owned()],
            timeout: 900,
            cluster: Input::Known(
                "arn:aws:ecs:eu-west-1:111122223333:cluster/notes-prod".to_owned(),
            ),
            subnets: BTreeSet::from(["subnet-a".to_owned()]),
            public_ip: true,
            security_groups: BTreeSet::from([Input::Known("sg-1".to_owned())]),
        }
    }

    async fn read(cx: &Reads) -> Result<Vec<Found<Props>>, AwsError> {
        if cx.stack.release.is_none() {
            return Ok(Vec::new());
        }
        let (definitions, cluster, groups, facts) = futures::join!(
            cx.definitions(),
            cx.cluster_of_tasks(),
            cx.security_groups(),
            cx.facts()
        );
        let definitions = definitions?;
        let family = names::family(&cx.id, WORKLOAD);
        let own = definitions.value.iter().find(|found| {
            found.definition.family() == Some(&family)
                && tags::owner(&found.tags, &cx.id) == Owner::Ours
        });
        let Some(found) = own else { return Ok(Vec::new()) };
        let (cluster, groups, facts) = (cluster?, groups?, facts?);
        let arn = found.definition.task_definition_arn().unwrap_or_default().to_owned();
        let known = |text: &str| Input::Known(text.to_owned());
        let name = names::security_group(&cx.id, "tasks");
        let place = Place {
            definition: known(&arn),
            ran: found.tags.contains_key(RELEASED),
            cluster: known(
                cluster.value.as_ref().and_then(|it| it.cluster.cluster_arn()).unwrap_or_default(),
            ),
            groups: groups
                .value
                .iter()
                .filter(|group| group.group_name() == Some(&name))
                .filter_map(|group| group.group_id())
                .map(known)
                .collect(),
        };
        // Where it ran is not remembered and does not matter: only what ran does.
        let Some(props) = props(&cx.stack, &facts, place) else { return Ok(Vec::new()) };
        Ok(vec![Found::Ours(Owned {
            name: NAME.to_owned(),
            outputs: outputs(&arn),
            id: arn,
            props,
            applied: None,
            leaving: false,
        })])
    }

    async fn create(cx: &Write<'_>, want: Props) -> Result<Outcome, AwsError> {
        let arn = want.task_definition.get()?.clone();
        let task = Box::pin(run::to_its_end(cx, &want)).await?;
        cluster::tag(cx, &arn, &Tags::from([(RELEASED.to_owned(), task)])).await?;
        Ok(Outcome::Done { outputs: outputs(&arn), id: arn })
    }

    async fn update(
        cx: &Write<'_>,
        live: &Live,
        want: Props,
        changed: &Changed<'_>,
    ) -> Result<Outcome, AwsError> {
        if changed.any(&["task_definition", "ran"]) {
            return Self::create(cx, want).await;
        }
        Ok(Outcome::Done { id: live.id.clone(), outputs: live.outputs.clone() })
    }

    async fn delete(_: &Write<'_>, _: &Live) -> Result<(), AwsError> {
        // It goes with its task definition.
        Ok(())
    }
}

fn outputs(arn: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("task_definition".to_owned(), arn.to_owned())])
}

/// What differs between what is wanted and what is there.
struct Place {
    definition: Input<String>,
    ran: bool,
    cluster: Input<String>,
    groups: BTreeSet<Input<String>>,
}

fn props(stack: &Stack, facts: &Facts, place: Place) -> Option<Props> {
    let task = stack.release.as_ref()?;
    let placed = placement::tasks(stack, facts).ok()?;
    Some(Props {
        task_definition: place.definition,
        ran: place.ran,
        command: task.command.clone().unwrap_or_default(),
        timeout: task.timeout,
        cluster: place.cluster,
        subnets: placed.subnets,
        public_ip: placed.public_ip,
        security_groups: place.groups,
    })
}
