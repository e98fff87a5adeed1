//! `wharf run`: a task that runs once, with the release of a service or job.

use std::collections::BTreeMap;
use std::time::Duration;

use wharf_aws::operate::logs::Query;
use wharf_aws::operate::task::{OneOff, State, start, state, stop};

use super::logs::{Tail, show, since, with_home};
use super::services;
use crate::args::{Format, Global, RunArgs};
use crate::error::CliError;
use crate::exit::Exit;
use crate::session::Session;
use crate::ui::Ui;

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(2);
/// How long the task may take, unless told otherwise.
const TOTAL: Duration = Duration::from_hours(24);
/// Looks for further lines after the task has ended: they arrive a little late.
const LATE_LOOKS: u32 = 3;
/// Clocks differ: lines of the task may seem older than its start.
const SKEW: Duration = Duration::from_mins(5);

pub(super) async fn run(global: &Global, args: &RunArgs, ui: Ui) -> Result<Exit, CliError> {
    let session = Session::start(global, ui).await?;
    let stack = &session.spec.stack;
    let service = services::runnable(stack, &args.service)?;
    let since = since(SKEW);
    let job = stack.jobs.get(&service);
    // What a job is allowed, unless the command line says otherwise.
    let own = job.map(|job| Duration::from_secs(job.task.timeout.into()));
    let limit = global.timeout.or(own).unwrap_or(TOTAL);
    let mut retries = job.map_or(0, |job| job.retries);
    let (task, ended) = loop {
        let now = jiff::Timestamp::now().as_nanosecond();
        let nonce = format!("{now} {} {retries}", std::process::id());
        let task = start(&session.aws, stack, &service, &args.command, &nonce).await?;
        ui.say(&format!("Task {} of release {} is starting.", task.id, task.release));
        let mut tail = Tail {
            aws: &session.aws,
            stack: session.id(),
            services: vec![with_home(stack, &service)],
            query: Query { since, filter: None, stream: Some(task.stream.clone()) },
            seen: BTreeMap::new(),
        };
        let ended = tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => {
                stop(&session.aws, &task, "interrupted at wharf run").await?;
                ui.say(&format!("Interrupted; task {} is being stopped.", task.id));
                return Ok(Exit::Interrupted);
            }
            ended = follow(&session, &task, &mut tail, limit) => ended,
        }?;
        if retries == 0 || ended == State::Exited(0) {
            break (task, ended);
        }
        let how = match &ended {
            State::Exited(code) => format!("ended with exit code {code}"),
            State::Stopped(why) | State::Going(why) => format!("did not run: {why}"),
        };
        let tries = if retries == 1 { "1 more try" } else { &format!("{retries} more tries") };
        ui.say(&format!("Task {} {how}; {tries}.", task.id));
        retries -= 1;
    };
    match ended {
        State::Exited(0) => Ok(Exit::Done),
        State::Exited(code) => {
            ui.say(&format!("The command ended with exit code {code}."));
            // A process ends with a number of eight bits, as the container's did.
            Ok(Exit::Container(u8::try_from(code.rem_euclid(256)).unwrap_or(1)))
        }
        State::Stopped(why) | State::Going(why) => {
            Err(CliError::new(Exit::Other, format!("task {} ended without an exit code", task.id))
                .cause(why)
                .hint("`wharf doctor` and `wharf status` show how the service itself does"))
        }
    }
}

/// Shows what the task writes until it has ended.
async fn follow(
    session: &Session,
    task: &OneOff,
    tail: &mut Tail<'_>,
    budget: Duration,
) -> Result<State, CliError> {
    let (ui, format) = (session.ui, session.global.format);
    let begun = tokio::time::Instant::now();
    let mut last = String::new();
    loop {
        let now = state(&session.aws, task).await?;
        print(tail, format, ui).await?;
        let State::Going(status) = now else {
            for _ in 0..LATE_LOOKS {
                session.aws.pause(EVERY).await;
                print(tail, format, ui).await?;
            }
            return Ok(now);
        };
        if status != last {
            ui.say(&format!("  task {}", status.to_lowercase()));
            last = status;
        }
        if session.aws.elapsed(begun) > budget {
            stop(&session.aws, task, "the time budget of wharf run is spent").await?;
            let message = format!("task {} took longer than {} s", task.id, budget.as_secs());
            return Err(CliError::new(Exit::TimedOut, message)
                .hint("it is being stopped; --timeout gives it longer"));
        }
        session.aws.pause(EVERY).await;
    }
}

/// Prints new lines. The task goes on when nobody reads them any more.
async fn print(tail: &mut Tail<'_>, format: Format, ui: Ui) -> Result<(), CliError> {
    let (lines, _) = tail.more().await?;
    show(&lines, format, ui).map(drop)
}
