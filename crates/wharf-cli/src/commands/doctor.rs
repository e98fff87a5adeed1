//! `wharf doctor`: the way of a request hop by hop, and why it ends where it does; how jobs did.

use serde_json::{Value, json};
use wharf_doctor::{Evidence, JobEvidence, State, judge, judge_job, walk};
use wharf_spec::stack::Job;

use crate::args::{Format, Global};
use crate::error::CliError;
use crate::exit::Exit;
use crate::session::Session;
use crate::ui::Ui;
use crate::view;

/// Name and version of the document.
const FORMAT: &str = "wharf.doctor/1";

pub(super) async fn run(global: &Global, service: Option<&str>, ui: Ui) -> Result<Exit, CliError> {
    let session = Session::start(global, ui).await?;
    let stack = &session.spec.stack;
    let (names, jobs): (Vec<&String>, Vec<&Job>) = match service {
        None => (stack.services.keys().collect(), stack.jobs.values().collect()),
        Some(name) => match (stack.services.get_key_value(name), stack.jobs.get(name)) {
            (Some((name, _)), _) => (vec![name], Vec::new()),
            (None, Some(job)) => (Vec::new(), vec![job]),
            (None, None) => return Err(unknown(name, stack)),
        },
    };
    let looks = names.iter().map(|name| wharf_aws::doctor::examine(&session.aws, stack, name));
    let all = Box::pin(futures::future::try_join_all(looks)).await?;
    let now = jiff::Timestamp::now().as_duration().as_secs_f64();
    let looks =
        jobs.iter().map(|job| wharf_aws::doctor::examine_job(&session.aws, stack, job, now));
    let jobs = Box::pin(futures::future::try_join_all(looks)).await?;
    let failing = jobs.iter().any(|job| !judge_job(job).is_empty());
    let broken = failing || all.iter().any(is_broken);
    let text = if global.format == Format::Json {
        let services: Vec<Value> = all.iter().map(document).collect();
        let jobs: Vec<Value> = jobs.iter().map(job_document).collect();
        let document = json!({
            "format": FORMAT, "stack": stack.name(), "region": stack.region, "services": services,
            "jobs": jobs,
        });
        format!("{document:#}\n")
    } else {
        let spec = &session.spec;
        let services = all.iter().map(|one| view::doctor::text(one, &spec.file, &spec.text));
        let jobs = jobs.iter().map(|one| view::doctor::job(one, &spec.file, &spec.text));
        services.chain(jobs).collect::<Vec<String>>().join("\n")
    };
    ui.data(&text)?;
    Ok(if broken { Exit::Other } else { Exit::Done })
}

fn unknown(name: &str, stack: &wharf_spec::Stack) -> CliError {
    let short: String = name.chars().take(60).collect();
    let known: Vec<&str> =
        stack.services.keys().chain(stack.jobs.keys()).map(String::as_str).collect();
    let what = if stack.jobs.is_empty() { "no service" } else { "neither a service nor a job" };
    CliError::new(Exit::Usage, format!("the spec has {what} `{short}`"))
        .hint(format!("it has {}", known.join(", ")))
}

/// Says whether a hop is broken or a cause was found.
fn is_broken(evidence: &Evidence) -> bool {
    walk(evidence).iter().any(|hop| hop.state == State::Broken) || !judge(evidence).is_empty()
}

fn document(evidence: &Evidence) -> Value {
    json!({
        "name": evidence.intent.service,
        "well": !is_broken(evidence),
        "hops": walk(evidence),
        "causes": judge(evidence),
    })
}

fn job_document(job: &JobEvidence) -> Value {
    let causes = judge_job(job);
    json!({
        "name": job.job,
        "well": causes.is_empty(),
        "schedule": job.schedule.get(),
        "runs": job.runs,
        "causes": causes,
    })
}
