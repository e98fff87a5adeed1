//! One service examined: the hops, then the causes.

use wharf_doctor::{Cause, Evidence, JobEvidence, Seen, State, judge, judge_job, walk};

use super::{add, paint, times};
use crate::ui::style;

/// Writes the hops with the first broken one marked, then the primary cause with its facts, and the
/// others by their codes.
pub(crate) fn text(evidence: &Evidence, file: &str, spec: &str) -> String {
    let (hops, causes) = (walk(evidence), judge(evidence));
    let name = &evidence.intent.service;
    let mut out = format!("{}\n", paint(style::STRONG, &format!("service {name}")));
    let width = hops.iter().map(|hop| hop.name.len()).max().unwrap_or(0);
    let first = hops.iter().position(|hop| hop.state == State::Broken);
    for (at, hop) in hops.iter().enumerate() {
        let word = match hop.state {
            State::Ok => paint(style::CREATE, "ok     "),
            State::Broken => paint(style::DELETE, "BROKEN "),
            State::Unknown => "unknown".to_owned(),
        };
        let mark = if first == Some(at) { ">" } else { " " };
        add(&mut out, format_args!("{mark} {:width$}  {word}  {}\n", hop.name, hop.fact));
    }
    match causes.split_first() {
        Some((primary, others)) => {
            out.push('\n');
            out.push_str(&cause(primary, name, file, spec));
            for other in others {
                add(&mut out, format_args!("also {}: {}\n", other.code, other.what));
            }
        }
        None if first.is_none() => out.push_str("\nNothing is wrong with it.\n"),
        None => out.push_str("\nNo cause is known for this.\n"),
    }
    out
}

/// Writes when a job runs and how it did lately, then what keeps it from running well.
pub(crate) fn job(evidence: &JobEvidence, file: &str, spec: &str) -> String {
    let name = &evidence.job;
    let mut out = format!("{}\n", paint(style::STRONG, &format!("job {name}")));
    match &evidence.schedule {
        Seen::There(schedule) => add(
            &mut out,
            format_args!(
                "  schedule  {}, {}\n",
                times::in_words(&schedule.expression),
                schedule.timezone
            ),
        ),
        Seen::Absent => out.push_str("  schedule  none\n"),
        Seen::Unread if evidence.scheduled => out.push_str("  schedule  unknown\n"),
        Seen::Unread => out.push_str("  schedule  none, it runs by hand\n"),
    }
    match evidence.runs.last() {
        Some(run) => {
            let how = match (run.ended(), run.task.exit) {
                (true, Some(code)) => format!("ended with exit code {code}"),
                (true, None) => format!("did not run: {}", run.task.reason),
                (false, _) => format!("is {}", run.status.to_lowercase()),
            };
            add(&mut out, format_args!("  last run  task {} {how}\n", run.task.id));
        }
        None => out.push_str("  last run  none within the last hour or so\n"),
    }
    let causes = judge_job(evidence);
    match causes.split_first() {
        Some((primary, others)) => {
            out.push('\n');
            out.push_str(&cause(primary, name, file, spec));
            for other in others {
                add(&mut out, format_args!("also {}: {}\n", other.code, other.what));
            }
        }
        None => out.push_str("\nNothing is wrong with it.\n"),
    }
    out
}

/// Writes one cause: what, where in the spec, the facts, the log, what to do.
fn cause(cause: &Cause, service: &str, file: &str, spec: &str) -> String {
    let head = format!("error[{}]", cause.code);
    let mut out = format!("{} {}\n", paint(style::DELETE, &head), cause.what);
    if let Some((number, line)) = cause.key.and_then(|key| place(spec, service, key)) {
        add(&mut out, format_args!("  --> {file}:{number}  {line}\n"));
    }
    for line in cause.lines() {
        add(&mut out, format_args!("  {line}\n"));
    }
    out
}

/// Finds the line of a service's key in the text of a spec; for a service that does not have the
/// key, nothing.
fn place<'s>(spec: &'s str, service: &str, key: &str) -> Option<(usize, &'s str)> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let filled = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let mut lines = spec.lines().enumerate().filter(|(_, line)| filled(line));
    lines.find(|(_, line)| line.starts_with("services:"))?;
    let own = format!("{service}:");
    let (_, head) = lines
        .by_ref()
        .take_while(|(_, line)| indent(line) > 0)
        .find(|(_, line)| line.trim_start().starts_with(&own))?;
    let wanted = format!("{key}:");
    lines
        .take_while(|(_, line)| indent(line) > indent(head))
        .find(|(_, line)| line.trim_start().starts_with(&wanted))
        .map(|(at, line)| (at + 1, line.trim()))
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn the_line_of_a_key_is_found() {
        let spec = "app: a\nservices:\n  api:\n    port: 1\n\n  web:\n    # port: 2\n    port: 3\n\
                    environments:\n  web:\n    memory: 1GB\n";
        assert_eq!(place(spec, "web", "port"), Some((8, "port: 3")));
        assert_eq!(place(spec, "api", "port"), Some((4, "port: 1")));
        assert_eq!(place(spec, "web", "memory"), None);
        assert_eq!(place(spec, "worker", "port"), None);
        assert_eq!(place("services: {web: {port: 1}}", "web", "port"), None);
    }
}
