//! What is known of a task that takes no commands: its agent, its role, its way to Systems Manager.

use std::sync::Arc;

use aws_sdk_ecs::types::{
    Attachment, ManagedAgent, ManagedAgentName, Secret, Service, Task, TaskDefinition,
};
use aws_sdk_iam::types::PolicyEvaluationDecisionType;
use wharf_doctor::{ChannelsEvidence, ExecEvidence, Seen, Way};
use wharf_spec::Stack;

use super::{network, task};
use crate::aws::Aws;
use crate::reads::Reads;
use crate::reads::ec2::filter;
use crate::reads::egress::answers;
use crate::{iam_policy, names, operate, policy_document};

/// The port of HTTPS, by which Systems Manager is called.
const HTTPS: u16 = 443;

/// Examines a task of the service `name`. What cannot be read is left out of the evidence.
pub(crate) async fn examine_exec(
    aws: &Aws,
    stack: &Stack,
    (name, service): (&str, &Service),
    one: &Task,
) -> ExecEvidence {
    let reads = Reads::new(aws.clone(), Arc::new(stack.clone()));
    let definition = task::definition(aws, one.task_definition_arn().unwrap_or_default()).await;
    let (role, subnet, lets_out) = futures::join!(
        role(&reads, name, definition.as_ref()),
        subnet(&reads, one),
        lets_out(aws, service)
    );
    let agent = agent(one, name);
    let mut evidence = ExecEvidence {
        task: operate::last(one.task_arn().unwrap_or_default()).to_owned(),
        agent: agent.and_then(ManagedAgent::last_status).unwrap_or_default().to_owned(),
        reason: agent.and_then(ManagedAgent::reason).unwrap_or_default().to_owned(),
        role,
        subnet,
        lets_out,
        ..ExecEvidence::default()
    };
    let containers = definition.iter().flat_map(TaskDefinition::container_definitions);
    for own in containers.filter(|one| one.name() == Some(name)) {
        evidence.read_only = own.readonly_root_filesystem() == Some(true);
        let plain = own.environment().iter().filter_map(|it| it.name());
        let all = plain.chain(own.secrets().iter().map(Secret::name));
        evidence.variables = all.map(str::to_owned).collect();
    }
    evidence
}

/// Returns the agent in the service's own container.
pub(crate) fn agent<'t>(task: &'t Task, container: &str) -> Option<&'t ManagedAgent> {
    let own = task.containers().iter().find(|one| one.name() == Some(container))?;
    let mut agents = own.managed_agents().iter();
    agents.find(|agent| agent.name() == Some(&ManagedAgentName::ExecuteCommandAgent))
}

/// Looks at what a task's role allows: at the policy that wharf gives it, if it is the stack's.
async fn role(
    reads: &Reads,
    name: &str,
    definition: Option<&TaskDefinition>,
) -> Seen<ChannelsEvidence> {
    let Some(definition) = definition else { return Seen::Unread };
    let Some(arn) = definition.task_role_arn() else { return Seen::Absent };
    let own = names::role(&reads.id, &reads.stack.region, name, "task");
    if operate::last(arn) != own {
        return elsewhere(&reads.aws, arn).await;
    }
    let Ok(roles) = reads.roles().await else { return Seen::Unread };
    let Some(found) = roles.value.iter().find(|one| one.role.role_name() == own) else {
        return Seen::Absent;
    };
    let policy = found.policy.as_deref().map(policy_document::decode).unwrap_or_default();
    let lacks = iam_policy::CHANNELS
        .into_iter()
        .filter(|action| !policy_document::allows(&policy, action))
        .map(str::to_owned);
    Seen::There(ChannelsEvidence { name: own, lacks: lacks.collect() })
}

/// Asks IAM what a role owned elsewhere allows: that may stand in any number of policies, and a boundary or an
/// organization may take it back.
async fn elsewhere(aws: &Aws, arn: &str) -> Seen<ChannelsEvidence> {
    let asked = aws
        .caller
        .call("iam:SimulatePrincipalPolicy", || {
            aws.iam
                .simulate_principal_policy()
                .policy_source_arn(arn)
                .set_action_names(Some(iam_policy::CHANNELS.map(str::to_owned).to_vec()))
                .send()
        })
        .await;
    match asked {
        Err(error) if error.is(&["NoSuchEntity"]) => Seen::Absent,
        Err(_) => Seen::Unread,
        Ok(found) => {
            let results = found.evaluation_results().iter();
            let lacks = results
                .filter(|one| *one.eval_decision() != PolicyEvaluationDecisionType::Allowed)
                .map(|one| one.eval_action_name().to_owned());
            let name = operate::last(arn).to_owned();
            Seen::There(ChannelsEvidence { name, lacks: lacks.collect() })
        }
    }
}

async fn subnet(reads: &Reads, task: &Task) -> Seen<(String, Way)> {
    let details = task.attachments().iter().flat_map(Attachment::details);
    let mut subnets = details.filter(|one| one.name() == Some("subnetId"));
    let Some(id) = subnets.find_map(|one| one.value()) else { return Seen::Unread };
    let found = network::subnets(&reads.aws, &[id.to_owned()]).await;
    let Some((vpc, found)) = found else { return Seen::Unread };
    let Some(way) = found.first().map(|one| one.way) else { return Seen::Unread };
    if way != Way::None {
        return Seen::There((id.to_owned(), way));
    }
    match reads.endpoint_pages(&filter("vpc-id", &vpc), 0).await {
        Ok(endpoints) if answers(&endpoints.value, "ssmmessages") => {
            Seen::There((id.to_owned(), Way::Endpoints))
        }
        Ok(_) => Seen::There((id.to_owned(), Way::None)),
        Err(_) => Seen::Unread,
    }
}

async fn lets_out(aws: &Aws, service: &Service) -> Option<bool> {
    let placed = network::placed(service)?;
    let groups = network::security_groups(aws, placed.security_groups()).await?;
    let permits = network::permits(&groups, placed.security_groups(), true);
    // Whom it lets call is left open: the internet, or the group of an endpoint.
    Some(permits.iter().any(|one| one.from <= HTTPS && HTTPS <= one.to))
}
