//! Why a running task takes no commands.

use serde::Serialize;

use crate::{Cause, Seen, Way};

/// Variables with which an AWS SDK takes other credentials than the task role's. The agent that carries commands
/// runs in the container and finds them there too (AWS SDKs and Tools Reference Guide, "Standardized credential
/// providers").
const CREDENTIALS: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"];

/// Everything known of a task that is to take commands.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ExecEvidence {
    /// The id of the task.
    pub task: String,
    /// How the agent in its container does, as ECS says: `PENDING`, `RUNNING`, `STOPPED`; empty if there is none.
    pub agent: String,
    /// Why, in ECS's words; often empty.
    pub reason: String,
    /// Whether the container's root filesystem cannot be written to.
    pub read_only: bool,
    /// Names of the variables the container gets, secrets included.
    pub variables: Vec<String>,
    /// The task's role.
    pub role: Seen<ChannelsEvidence>,
    /// The subnet the task is in, and the way out of it to Systems Manager.
    pub subnet: Seen<(String, Way)>,
    /// Whether the task's security groups let it call anybody by HTTPS; `None` if that was not read.
    pub lets_out: Option<bool>,
}

/// What a task's role may do for commands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ChannelsEvidence {
    /// Its name.
    pub name: String,
    /// Actions it lacks.
    pub lacks: Vec<String>,
}

/// Names the causes, the primary one first; none only if nothing speaks against commands.
pub fn judge_exec(evidence: &ExecEvidence) -> Vec<Cause> {
    let mut found = Vec::new();
    found.extend(role(evidence));
    found.extend(way(evidence));
    if evidence.read_only {
        let fact = "the task definition says readonlyRootFilesystem: true";
        found.push(Cause::new("C963", "the agent cannot write to the container").fact(fact));
    }
    found.extend(credentials(evidence));
    if found.is_empty() && evidence.agent != "RUNNING" {
        found.push(agent(evidence));
    }
    found
}

fn role(evidence: &ExecEvidence) -> Option<Cause> {
    let cause =
        || Cause::new("C961", "the task's role may not open the channels commands go through");
    match &evidence.role {
        Seen::Absent => Some(cause().fact("the task has no role, or it was deleted")),
        Seen::There(role) if !role.lacks.is_empty() => {
            Some(cause().fact(format!("{} does not allow {}", role.name, role.lacks.join(", "))))
        }
        Seen::Unread | Seen::There(_) => None,
    }
}

fn way(evidence: &ExecEvidence) -> Option<Cause> {
    let cause = || Cause::new("C962", "the task does not reach Systems Manager");
    match &evidence.subnet {
        Seen::There((subnet, Way::None)) => Some(cause().fact(format!(
            "{subnet} has no route out, and its VPC no interface endpoint for ssmmessages"
        ))),
        _ if evidence.lets_out == Some(false) => {
            Some(cause().fact("its security groups let nothing out on port 443"))
        }
        _ => None,
    }
}

fn credentials(evidence: &ExecEvidence) -> Option<Cause> {
    let given: Vec<&str> = CREDENTIALS
        .into_iter()
        .filter(|name| evidence.variables.iter().any(|one| one == name))
        .collect();
    (!given.is_empty()).then(|| {
        Cause::new(
            "C964",
            "the agent takes credentials from the container's variables, not the task's role",
        )
        .likely()
        .fact(format!("the container gets {}", given.join(", ")))
    })
}

fn agent(evidence: &ExecEvidence) -> Cause {
    if evidence.agent == "PENDING" {
        return Cause::new("C965", "the agent that takes commands is still starting")
            .fact(format!("ECS says of it in task {}: PENDING", evidence.task));
    }
    let how = if evidence.agent.is_empty() { "not there" } else { evidence.agent.as_str() };
    let reason =
        if evidence.reason.is_empty() { "no reason given" } else { evidence.reason.as_str() };
    Cause::new("C966", "the agent that takes commands does not run")
        .fact(format!("ECS says of it in task {}: {how}, {reason}", evidence.task))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(evidence: &ExecEvidence) -> Vec<&'static str> {
        judge_exec(evidence).iter().map(|cause| cause.code).collect()
    }

    fn well() -> ExecEvidence {
        let role = ChannelsEvidence { name: "notes-web-task".to_owned(), lacks: Vec::new() };
        ExecEvidence {
            task: "a1".to_owned(),
            agent: "RUNNING".to_owned(),
            role: Seen::There(role),
            subnet: Seen::There(("subnet-1".to_owned(), Way::Nat)),
            lets_out: Some(true),
            ..ExecEvidence::default()
        }
    }

    #[test]
    fn each_fact_has_its_cause() {
        assert!(codes(&well()).is_empty());
        let lacks = vec!["ssmmessages:OpenDataChannel".to_owned()];
        let role = ChannelsEvidence { name: "notes-web-task".to_owned(), lacks };
        let narrow = ExecEvidence { role: Seen::There(role), ..well() };
        assert_eq!(codes(&narrow), ["C961"]);
        assert_eq!(
            judge_exec(&narrow)[0].facts,
            ["notes-web-task does not allow ssmmessages:OpenDataChannel"]
        );
        assert_eq!(codes(&ExecEvidence { role: Seen::Absent, ..well() }), ["C961"]);
        let subnet = Seen::There(("subnet-1".to_owned(), Way::None));
        assert_eq!(codes(&ExecEvidence { subnet, ..well() }), ["C962"]);
        assert_eq!(codes(&ExecEvidence { lets_out: Some(false), ..well() }), ["C962"]);
        assert_eq!(codes(&ExecEvidence { read_only: true, ..well() }), ["C963"]);
        let variables = vec!["LOG_LEVEL".to_owned(), "AWS_ACCESS_KEY_ID".to_owned()];
        assert_eq!(codes(&ExecEvidence { variables, ..well() }), ["C964"]);
    }

    #[test]
    fn how_the_agent_does_is_the_cause_only_where_nothing_else_is() {
        let of = |agent: &str| ExecEvidence { agent: agent.to_owned(), ..well() };
        assert_eq!(codes(&of("PENDING")), ["C965"]);
        assert_eq!(codes(&of("STOPPED")), ["C966"]);
        assert_eq!(codes(&of("")), ["C966"]);
        assert_eq!(codes(&ExecEvidence { read_only: true, ..of("STOPPED") }), ["C963"]);
        assert_eq!(codes(&ExecEvidence { role: Seen::Unread, ..of("RUNNING") }), [""; 0]);
    }
}
