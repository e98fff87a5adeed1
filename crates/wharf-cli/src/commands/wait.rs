//! `wharf wait`: until every service is rolled out and healthy.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use wharf_apply::Cancel;
use wharf_aws::Writer;
use wharf_aws::operate::rollouts::went_back;
use wharf_aws::status::{ServiceStatus, Status, status};

use wharf_plan::Plan;

use super::run::rollouts_only;
use crate::args::{Format, Global};
use crate::error::CliError;
use crate::exit::Exit;
use crate::lease::holding;
use crate::session::Session;
use crate::ui::Ui;

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(5);
/// How long, unless told otherwise.
const TOTAL: Duration = Duration::from_mins(30);

/// What one look at a service means.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Settled,
    Going(String),
    Failed(String),
}

pub(super) async fn run(global: &Global, ui: Ui) -> Result<Exit, CliError> {
    let session = Session::start(global, ui).await?;
    let work = async {
        let found = until_settled(&session).await?;
        see_to_the_end(&session).await?;
        Ok::<Status, CliError>(found)
    };
    let found = tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => return Ok(Exit::Interrupted),
        found = work => found?,
    };
    if global.format == Format::Json {
        let text = serde_json::to_string_pretty(&found)
            .map_err(|error| CliError::from_error(Exit::Other, &error))?;
        ui.data(&format!("{text}\n"))?;
    } else {
        ui.say("All services are rolled out and healthy.");
    }
    Ok(Exit::Done)
}

async fn until_settled(session: &Session) -> Result<Status, CliError> {
    let budget = session.global.timeout.unwrap_or(TOTAL);
    let start = tokio::time::Instant::now();
    let mut newest = BTreeMap::new();
    let mut last = String::new();
    loop {
        let found = Box::pin(status(&session.aws, &session.spec.stack)).await?;
        if !found.deployed {
            return Err(CliError::new(Exit::Other, "nothing of this stack exists yet")
                .hint("`wharf apply` makes it, and waits itself"));
        }
        let verdicts: Vec<(&str, Verdict)> = found
            .services
            .iter()
            .map(|service| (service.name.as_str(), look(service, &mut newest)))
            .collect();
        let mut failed = verdicts.iter().filter_map(|(name, verdict)| match verdict {
            Verdict::Failed(why) => Some((name, why)),
            _ => None,
        });
        if let Some((name, why)) = failed.next() {
            let message = format!("the rollout of service {name} failed: {why}");
            return Err(CliError::new(Exit::RolledBack, message)
                .hint("`wharf status` shows its tasks, `wharf logs` what they wrote"));
        }
        let going: Vec<String> = verdicts
            .iter()
            .filter_map(|(name, verdict)| match verdict {
                Verdict::Going(how) => Some(format!("{name}: {how}")),
                _ => None,
            })
            .collect();
        if going.is_empty() {
            return Ok(found);
        }
        let line = going.join("; ");
        if line != last {
            session.ui.say(&format!("  {line}"));
            last.clone_from(&line);
        }
        if session.aws.elapsed(start) + EVERY > budget {
            return Err(CliError::new(
                Exit::TimedOut,
                format!("gave up after {} s: {line}", budget.as_secs()),
            )
            .hint("--timeout gives it longer"));
        }
        session.aws.pause(EVERY).await;
    }
}

/// Says which rollout went back before anybody looked, among those that a plan wants to see to their end.
pub(super) async fn gone_back(session: &Session, plan: &Plan) -> Option<CliError> {
    let open = plan.steps.iter().filter(|step| {
        let seen = wharf_aws::kinds::policy(step.address.kind()).and_then(|policy| policy.seen);
        step.changes.iter().any(|change| Some(change.path.as_str()) == seen)
    });
    for step in open {
        let name = step.address.name();
        if let Ok(Some(why)) = went_back(&session.aws, &session.spec.stack, name).await {
            let message = format!("the rollout of service {name} failed: {why}");
            return Some(
                CliError::new(Exit::RolledBack, message)
                    .hint("the release before is live; `wharf doctor` looks for the cause"),
            );
        }
    }
    None
}

/// Notes what nobody waited for as ended. A rollout that went back before anybody looked is a failure
/// of it all the same. What else differs from the spec is for `wharf apply`.
async fn see_to_the_end(session: &Session) -> Result<(), CliError> {
    // What cannot be planned or is somebody else's turn takes nothing from the answer.
    let Ok(snapshot) = session.read().await else { return Ok(()) };
    let Ok(plan) = session.plan(&snapshot, false) else { return Ok(()) };
    if let Some(failed) = gone_back(session, &plan).await {
        return Err(failed);
    }
    if plan.is_empty() || !rollouts_only(&plan) {
        return Ok(());
    }
    let closed = holding(session, Box::pin(close(session, &plan))).await;
    match closed {
        Ok(exit) if exit == Exit::RolledBack => {
            Err(CliError::new(exit, "a rollout failed just before its end")
                .hint("`wharf doctor` looks for the cause"))
        }
        _ => Ok(()),
    }
}

/// Carries out a plan that has nothing to do but to look at rollouts.
async fn close(session: &Session, plan: &Plan) -> Result<Exit, CliError> {
    let writer = Arc::new(Writer::new(session.aws.clone(), &session.spec.stack, Duration::ZERO));
    let clock: wharf_apply::Clock = Arc::new(String::new);
    let how = wharf_apply::Options::new(wharf_aws::kinds::policy, clock);
    let sink: wharf_apply::Sink = Arc::new(drop);
    let report = wharf_apply::apply(plan, writer, &how, &Cancel::new(), &sink).await;
    let back = report.verdict() == wharf_apply::Verdict::RolledBack;
    Ok(if back { Exit::RolledBack } else { Exit::Done })
}

/// Judges one service; `newest` remembers the highest revision it was seen to move to.
fn look(service: &ServiceStatus, newest: &mut BTreeMap<String, u32>) -> Verdict {
    if service.status.is_none() {
        return Verdict::Going("does not exist yet".to_owned());
    }
    let said = service.rollout_reason.clone().unwrap_or_default();
    if service.rollout.as_deref() == Some("FAILED") {
        return Verdict::Failed(said);
    }
    let revision = service
        .revision
        .as_deref()
        .and_then(|name| name.rsplit_once(':')?.1.parse::<u32>().ok())
        .unwrap_or_default();
    let known = newest.entry(service.physical_name.clone()).or_insert(revision);
    if revision < *known {
        return Verdict::Failed(format!("ECS went back from revision {known} to {revision}"));
    }
    *known = revision;
    let moving = service.rollout.as_deref() == Some("IN_PROGRESS");
    if moving && said.to_lowercase().contains("rolling back") {
        return Verdict::Failed(said);
    }
    if service.running < service.desired || service.pending > 0 {
        return Verdict::Going(format!("{} of {} running", service.running, service.desired));
    }
    let sick = service.tasks.iter().filter(|task| task.health.as_deref() == Some("UNHEALTHY"));
    let sick = sick.count();
    if sick > 0 {
        return Verdict::Going(format!("{sick} of its tasks fail their health check"));
    }
    let healthy = service.targets.iter().filter(|target| target.state == "healthy").count();
    let wanted = usize::try_from(service.desired).unwrap_or_default();
    if !service.targets.is_empty() && healthy < wanted {
        return Verdict::Going(format!("{healthy} of {wanted} targets healthy"));
    }
    if moving {
        let requests = service.requests.as_deref();
        return Verdict::Going(requests.unwrap_or("rollout in progress").to_owned());
    }
    Verdict::Settled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(revision: &str, rollout: &str, running: i32) -> ServiceStatus {
        ServiceStatus {
            name: "web".to_owned(),
            physical_name: "notes-web".to_owned(),
            status: Some("ACTIVE".to_owned()),
            revision: Some(revision.to_owned()),
            image: None,
            desired: 2,
            running,
            scaling: None,
            pending: 0,
            rollout: Some(rollout.to_owned()),
            rollout_reason: None,
            requests: None,
            tasks: Vec::new(),
            targets: Vec::new(),
            events: Vec::new(),
            causes: Vec::new(),
        }
    }

    #[test]
    fn a_rollout_is_over_when_all_run_and_failed_when_it_goes_back() {
        let mut newest = BTreeMap::new();
        let going = look(&service("notes-web:7", "IN_PROGRESS", 1), &mut newest);
        assert_eq!(going, Verdict::Going("1 of 2 running".to_owned()));
        let done = look(&service("notes-web:7", "COMPLETED", 2), &mut newest);
        assert_eq!(done, Verdict::Settled);
        let back = look(&service("notes-web:6", "COMPLETED", 2), &mut newest);
        assert!(matches!(back, Verdict::Failed(_)), "{back:?}");
        let failed = look(&service("notes-web:8", "FAILED", 2), &mut newest);
        assert!(matches!(failed, Verdict::Failed(_)), "{failed:?}");
    }
}
