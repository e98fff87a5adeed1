//! `wharf logs`: what the tasks of services write, merged by time.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::try_join_all;
use wharf_aws::Aws;
use wharf_aws::operate::logs::{self, Line, MOST, Query};
use wharf_graph::StackId;
use wharf_spec::Stack;

use super::services;
use crate::args::{Format, Global, LogsArgs};
use crate::error::CliError;
use crate::exit::Exit;
use crate::session::Session;
use crate::ui::Ui;
use crate::view;

/// How far back, unless told otherwise.
const SINCE: Duration = Duration::from_hours(1);
/// Time between two looks while lines come.
const EVERY: Duration = Duration::from_secs(2);
/// Longest time between two looks while none come.
const SLOWEST: Duration = Duration::from_secs(10);
/// Lines arrive up to this much later than they say they were written.
const LATE: i64 = 30_000;

pub(super) async fn run(global: &Global, args: &LogsArgs, ui: Ui) -> Result<Exit, CliError> {
    let session = Session::start(global, ui).await?;
    let services = services::writers(&session.spec.stack, args.service.as_deref())?;
    let mut tail = Tail {
        aws: &session.aws,
        stack: session.id(),
        services: services.iter().map(|name| with_home(&session.spec.stack, name)).collect(),
        query: Query {
            since: since(args.since.unwrap_or(SINCE)),
            filter: args.filter.clone(),
            stream: None,
        },
        seen: BTreeMap::new(),
    };
    let work = async {
        let (lines, cut) = tail.more().await?;
        if cut {
            ui.say(&format!(
                "Only the first {MOST} lines of a service are shown; narrow it with --since or --filter."
            ));
        }
        if lines.is_empty() && !args.follow {
            ui.say("No lines; `--since 24h` looks further back.");
        }
        if !show(&lines, global.format, ui)? || !args.follow {
            return Ok(Exit::Done);
        }
        let mut pause = EVERY;
        loop {
            session.aws.pause(pause).await;
            let (lines, _) = tail.more().await?;
            pause = if lines.is_empty() { (pause * 2).min(SLOWEST) } else { EVERY };
            if !show(&lines, global.format, ui)? {
                return Ok(Exit::Done);
            }
        }
    };
    tokio::select! {
        // Listens before it prints: who sees a line may interrupt.
        biased;
        _ = tokio::signal::ctrl_c() => Ok(Exit::Interrupted),
        done = work => done,
    }
}

/// Reads on from where it was.
pub(super) struct Tail<'a> {
    pub(super) aws: &'a Aws,
    pub(super) stack: StackId,
    /// Names of services, and those their log groups go by.
    pub(super) services: Vec<(String, String)>,
    pub(super) query: Query,
    /// When the lines that may come again were written, by id.
    pub(super) seen: BTreeMap<String, i64>,
}

/// Returns a name with the one that its log group goes by.
pub(super) fn with_home(stack: &Stack, name: &str) -> (String, String) {
    let home = stack.workload(name).map_or(name, |one| one.home);
    (name.to_owned(), home.to_owned())
}

impl Tail<'_> {
    /// Returns what was not there at the look before, oldest first, and whether lines were left out.
    pub(super) async fn more(&mut self) -> Result<(Vec<Line>, bool), CliError> {
        let looks = self
            .services
            .iter()
            .map(|(name, home)| logs::lines(self.aws, &self.stack, (name, home), &self.query));
        let found = try_join_all(looks).await?;
        let cut = found.iter().any(|one| one.cut);
        let mut lines: Vec<Line> = found.into_iter().flat_map(|one| one.lines).collect();
        lines.retain(|line| self.seen.insert(line.id.clone(), line.at).is_none());
        lines.sort_by_key(|line| line.at);
        if let Some(newest) = self.seen.values().max() {
            self.query.since = self.query.since.max(newest - LATE);
            let since = self.query.since;
            self.seen.retain(|_, at| *at >= since);
        }
        Ok((lines, cut))
    }
}

/// Prints lines; `false` when nobody reads them any more.
pub(super) fn show(lines: &[Line], format: Format, ui: Ui) -> Result<bool, CliError> {
    if lines.is_empty() {
        return Ok(true);
    }
    ui.stream(&if format == Format::Json {
        view::logs::json(lines)
    } else {
        view::logs::text(lines)
    })
}

/// Returns the moment `length` ago, in milliseconds since 1970.
pub(super) fn since(length: Duration) -> i64 {
    let length = i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::now().as_millisecond().saturating_sub(length).max(0)
}
