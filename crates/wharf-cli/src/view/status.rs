//! A stack as it stands.

use std::fmt::Write as _;

use wharf_aws::status::{JobStatus, ServiceStatus, Status};

use super::{headline, paint, times};
use crate::ui::style;

/// Writes it: where it answers, then each service with its tasks, targets and last events.
pub(crate) fn text(status: &Status) -> String {
    let mut out =
        format!("{}  {}  {}\n", paint(style::STRONG, "wharf status"), status.stack, status.region);
    if !status.deployed {
        out.push_str(
            "Nothing of this stack exists yet; `wharf plan` shows what apply would make.\n",
        );
        return out;
    }
    for url in &status.urls {
        add(&mut out, &format!("  {url}"));
    }
    for certificate in &status.certificates {
        let reason =
            certificate.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        let ends = certificate
            .ends
            .as_ref()
            .map(|ends| format!(", until {}", moment(ends)))
            .unwrap_or_default();
        add(
            &mut out,
            &format!(
                "  certificate for {}: {}{reason}{ends}",
                certificate.names.join(", "),
                words(&certificate.status)
            ),
        );
    }
    for service in &status.services {
        write_service(&mut out, service);
    }
    for job in &status.jobs {
        write_job(&mut out, job);
    }
    out
}

fn write_job(out: &mut String, job: &JobStatus) {
    let when = match (&job.schedule, &job.timezone) {
        (Some(schedule), Some(zone)) => format!("{}, {zone}", times::in_words(schedule)),
        _ => "by hand".to_owned(),
    };
    let off = if job.schedule.is_some() && !job.enabled { "  switched off" } else { "" };
    add(out, "");
    add(out, &format!("{}  {when}{off}", paint(style::STRONG, &format!("job {}", job.name))));
    if let Some(run) = &job.last_run {
        let how = match (run.status.as_str(), run.exit_code, &run.reason) {
            ("STOPPED", Some(code), _) => format!("ended with exit code {code}"),
            ("STOPPED", None, Some(reason)) => format!("did not run: {reason}"),
            (status, ..) => words(status),
        };
        let id: String = run.task.chars().take(8).collect();
        add(out, &format!("  last run {id}  {how}"));
    }
}

fn write_service(out: &mut String, service: &ServiceStatus) {
    let range = service.scaling.as_ref().map(|scaling| {
        let stopped = if scaling.suspended { ", partly suspended" } else { "" };
        format!(" (autoscaled, {} to {}{stopped})", scaling.min, scaling.max)
    });
    let range = range.unwrap_or_default();
    let count = format!("{} of {} running{range}", service.running, service.desired);
    let pending =
        if service.pending > 0 { format!(", {} starting", service.pending) } else { String::new() };
    let rollout = service
        .rollout
        .as_ref()
        .map(|state| format!("  rollout {}", words(state)))
        .unwrap_or_default();
    add(out, "");
    add(
        out,
        &format!(
            "{}  {count}{pending}{rollout}",
            paint(style::STRONG, &format!("service {}", service.name))
        ),
    );
    if let Some(reason) = service.rollout_reason.as_ref().filter(|reason| !reason.is_empty()) {
        add(out, &format!("  {reason}"));
    }
    if let Some(requests) = &service.requests {
        add(out, &format!("  {requests}"));
    }
    for cause in &service.causes {
        add(out, &format!("  {} {}", paint(style::DELETE, cause.code), cause.what));
    }
    if let Some(revision) = &service.revision {
        add(out, &format!("  release  {}", headline::id(revision)));
    }
    if let Some(image) = &service.image {
        add(out, &format!("  image    {image}"));
    }
    for task in &service.tasks {
        let health = task
            .health
            .as_ref()
            .filter(|health| *health != "UNKNOWN")
            .map(|health| format!(", {}", words(health)));
        let since = task
            .started
            .as_ref()
            .map(|since| format!(", since {}", moment(since)))
            .unwrap_or_default();
        add(
            out,
            &format!(
                "  task     {}  {}{}{since}",
                short(&task.id),
                words(&task.status),
                health.unwrap_or_default()
            ),
        );
    }
    for target in &service.targets {
        let port = target.port.map(|port| format!(":{port}")).unwrap_or_default();
        let reason = target.reason.as_ref().map(|reason| format!("  {reason}")).unwrap_or_default();
        add(out, &format!("  target   {}{port}  {}{reason}", target.ip, target.state));
    }
    for event in &service.events {
        let at = event.at.as_deref().map_or_else(|| "-".to_owned(), moment);
        add(out, &paint(style::DIM, &format!("  event    {at}  {}", plain(&event.message))));
    }
}

fn words(state: &str) -> String {
    state.to_lowercase().replace('_', " ")
}

/// Writes a time to the second, as people do; the JSON form has all of it.
pub(super) fn moment(time: &str) -> String {
    let whole = time.split('.').next().unwrap_or(time).trim_end_matches('Z');
    format!("{} UTC", whole.replace('T', " "))
}

/// Drops the service's name, with which every event of ECS begins.
fn plain(event: &str) -> &str {
    match event.strip_prefix("(service ").and_then(|rest| rest.split_once(") ")) {
        Some((_, text)) => text,
        None => event,
    }
}

fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

fn add(out: &mut String, line: &str) {
    // Writing to a string cannot fail.
    writeln!(out, "{line}").expect("a string takes any text");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_events_are_short() {
        assert_eq!(moment("2026-11-22T21:51:10.111999Z"), "2026-11-22 21:51:10 UTC");
        assert_eq!(moment("2026-11-22T21:51:10Z"), "2026-11-22 21:51:10 UTC");
        assert_eq!(
            plain("(service web) has reached a steady state."),
            "has reached a steady state."
        );
        assert_eq!(plain("(deployment 1) done"), "(deployment 1) done");
    }
}
