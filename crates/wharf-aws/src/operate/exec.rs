//! A command in a running task: ECS Exec.

use std::fmt;

use aws_sdk_ecs::types::{DesiredStatus, ManagedAgent, Service, Task};
use serde_json::json;
use wharf_doctor::judge_exec;
use wharf_graph::ErrorClass;
use wharf_spec::Stack;

use crate::aws::Aws;
use crate::doctor::{agent, examine_exec};
use crate::error::AwsError;
use crate::operate;

/// Most tasks of one describe call (ECS API reference, `DescribeTasks`).
const TASKS: usize = 100;
/// A session that was opened in a container, for a client of Systems Manager to take part in.
#[derive(Clone)]
pub struct Session {
    /// Id of the task.
    pub task: String,
    /// What the client is to be told of the session, as JSON. It holds a token: whoever has it is in.
    pub response: String,
    /// What the session is with, as JSON.
    pub target: String,
    /// Where Systems Manager is.
    pub endpoint: String,
    /// Region.
    pub region: String,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The response stays out: it is a secret.
        f.debug_struct("Session")
            .field("task", &self.task)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

/// Opens a session that runs `command` in the service's own container of a task: the one asked for, by the
/// beginning of its id, or the one that has run longest.
///
/// Fails with what exactly is missing: commands switched off, no such task, a task that started before they were
/// on; and if its agent does not run or is not reached, with the cause.
pub async fn open(
    aws: &Aws,
    stack: &Stack,
    name: &str,
    task: Option<&str>,
    command: &str,
) -> Result<Session, AwsError> {
    let service = operate::service(aws, stack, name).await?;
    let cluster = operate::cluster(&service);
    if !service.enable_execute_command() {
        return Err(switched_off(stack, name));
    }
    let tasks = tasks(aws, &cluster, service.service_name().unwrap_or_default()).await?;
    let chosen = choose(name, &tasks, task)?;
    if status(chosen, name) != "RUNNING" {
        let silent = AwsError::own(ErrorClass::Other, "its agent does not run");
        return Err(Box::pin(explained(aws, stack, (name, &service), chosen, silent)).await);
    }
    let arn = chosen.task_arn().unwrap_or_default();
    let got = aws
        .caller
        .call("ecs:ExecuteCommand", || {
            aws.ecs
                .execute_command()
                .cluster(&cluster)
                .task(arn)
                .container(name)
                .command(command)
                .interactive(true)
                .send()
        })
        .await;
    let got = match got {
        Err(error) if error.is(&["TargetNotConnectedException"]) => {
            return Err(Box::pin(explained(aws, stack, (name, &service), chosen, error)).await);
        }
        got => got?,
    };
    let session = got.session().ok_or_else(|| {
        AwsError::own(ErrorClass::Other, "ECS opened a session and did not show it")
    })?;
    let short = operate::last(arn);
    let containers = chosen.containers().iter();
    let runtime = containers
        .filter(|one| one.name() == Some(name))
        .find_map(|one| one.runtime_id())
        .unwrap_or_default();
    let suffix = if aws.region.starts_with("cn-") { ".cn" } else { "" };
    let endpoint = aws
        .endpoint
        .clone()
        .unwrap_or_else(|| format!("https://ssm.{}.amazonaws.com{suffix}", aws.region));
    let response = json!({
        "SessionId": session.session_id(),
        "StreamUrl": session.stream_url(),
        "TokenValue": session.token_value(),
    });
    Ok(Session {
        response: response.to_string(),
        target: json!({"Target": format!("ecs:{cluster}_{short}_{runtime}")}).to_string(),
        task: short.to_owned(),
        endpoint,
        region: aws.region.clone(),
    })
}

/// Names the cause for which a task takes no commands, or gives back what is known without one.
async fn explained(
    aws: &Aws,
    stack: &Stack,
    service: (&str, &Service),
    task: &Task,
    error: AwsError,
) -> AwsError {
    let evidence = Box::pin(examine_exec(aws, stack, service, task)).await;
    let causes = judge_exec(&evidence);
    let Some((first, others)) = causes.split_first() else {
        return error.hint(
            "the role, the way to Systems Manager and the filesystem are as they have to be: try again in a \
             moment, or replace the task with `wharf restart`",
        );
    };
    let text = format!("{}: {}", first.code, first.what);
    let mut said = AwsError::own(ErrorClass::Other, text);
    said.hints.extend(first.lines());
    said.hints.extend(others.iter().map(|other| format!("also {}: {}", other.code, other.what)));
    said
}

fn switched_off(stack: &Stack, name: &str) -> AwsError {
    let wanted = stack.services.get(name).is_some_and(|service| service.exec);
    let error = AwsError::own(
        ErrorClass::Invalid,
        format!("service {name} does not let commands into its tasks"),
    );
    if wanted {
        error.hint("the spec says `exec: true`, which is not applied yet: `wharf apply`")
    } else {
        error.hint(format!(
            "add `exec: true` to service `{name}` and run `wharf apply`; tasks that run already stay as they are, \
             the new ones let commands in"
        ))
    }
}

async fn tasks(aws: &Aws, cluster: &str, service: &str) -> Result<Vec<Task>, AwsError> {
    let listed = aws
        .caller
        .call("ecs:ListTasks", || {
            aws.ecs
                .list_tasks()
                .cluster(cluster)
                .service_name(service)
                .desired_status(DesiredStatus::Running)
                .send()
        })
        .await?;
    let mut arns = listed.task_arns.unwrap_or_default();
    arns.truncate(TASKS);
    if arns.is_empty() {
        return Ok(Vec::new());
    }
    let got = aws
        .caller
        .call("ecs:DescribeTasks", || {
            aws.ecs.describe_tasks().cluster(cluster).set_tasks(Some(arns.clone())).send()
        })
        .await?;
    let mut found = got.tasks.unwrap_or_default();
    found.sort_by_key(|task| task.started_at().map(aws_smithy_types::DateTime::secs));
    Ok(found)
}

/// Chooses the task, one whose agent runs if there is one, or says what keeps commands out of all that could be meant.
fn choose<'t>(name: &str, tasks: &'t [Task], asked: Option<&str>) -> Result<&'t Task, AwsError> {
    let fail = |message: String| AwsError::own(ErrorClass::Invalid, message);
    let id = |task: &Task| operate::last(task.task_arn().unwrap_or_default()).to_owned();
    let meant: Vec<&Task> =
        tasks.iter().filter(|task| asked.is_none_or(|asked| id(task).starts_with(asked))).collect();
    if let (Some(asked), true) = (asked, meant.is_empty()) {
        let all: Vec<String> = tasks.iter().map(id).collect();
        let error = fail(format!("service {name} has no task {asked} that runs"));
        return Err(match all.as_slice() {
            [] => error.hint("it has none at all; `wharf status` says why"),
            all => error.hint(format!("its tasks: {}", all.join(", "))),
        });
    }
    let running: Vec<&Task> =
        meant.iter().copied().filter(|task| task.last_status() == Some("RUNNING")).collect();
    if running.is_empty() {
        return Err(fail(format!("service {name} has no task that runs"))
            .hint("`wharf status` says how its tasks do, `wharf doctor` why"));
    }
    let open: Vec<&Task> =
        running.iter().copied().filter(|task| task.enable_execute_command()).collect();
    let Some(longest) = open.first() else {
        let text = match running.as_slice() {
            [one] => format!("task {} started before `exec` was on", id(one)),
            _ => format!("the tasks of service {name} started before `exec` was on"),
        };
        return Err(fail(text)
            .hint(format!("`wharf restart {name}` replaces them by tasks that let commands in")));
    };
    let ready = open.iter().find(|task| status(task, name) == "RUNNING");
    Ok(ready.unwrap_or(longest))
}

/// Returns how the agent in the service's own container does.
fn status<'t>(task: &'t Task, container: &str) -> &'t str {
    agent(task, container).and_then(ManagedAgent::last_status).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::{Container, ManagedAgentName};

    use super::*;

    fn task(id: &str, status: &str, exec: bool, agent: &str) -> Task {
        let agent = ManagedAgent::builder()
            .name(ManagedAgentName::ExecuteCommandAgent)
            .last_status(agent)
            .build();
        Task::builder()
            .task_arn(format!("arn:aws:ecs:eu-west-1:1:task/notes/{id}"))
            .last_status(status)
            .enable_execute_command(exec)
            .containers(Container::builder().name("web").managed_agents(agent).build())
            .build()
    }

    #[test]
    fn what_is_missing_is_said() {
        let said = |tasks: &[Task], asked: Option<&str>| choose("web", tasks, asked).unwrap_err();
        let text = |tasks: &[Task], asked| said(tasks, asked).message.clone();
        assert!(text(&[], None).contains("no task that runs"));
        assert!(
            text(&[task("a1", "PENDING", true, "PENDING")], None).contains("no task that runs")
        );
        let old = [task("a1", "RUNNING", false, "RUNNING")];
        assert!(text(&old, None).contains("started before `exec` was on"));
        let other = [task("a1", "RUNNING", true, "RUNNING")];
        assert!(said(&other, Some("b")).hints[0].contains("a1"));
    }

    #[test]
    fn a_task_with_a_running_agent_is_taken() {
        let tasks = [
            task("a1", "RUNNING", false, "RUNNING"),
            task("b2", "RUNNING", true, "STOPPED"),
            task("c3", "RUNNING", true, "RUNNING"),
        ];
        let taken = choose("web", &tasks, None).unwrap();
        assert!(taken.task_arn().unwrap().ends_with("c3"));
        assert!(choose("web", &tasks, Some("a")).is_err());
        let deaf = choose("web", &tasks[1..2], None).unwrap();
        assert_eq!(status(deaf, "web"), "STOPPED");
    }
}
