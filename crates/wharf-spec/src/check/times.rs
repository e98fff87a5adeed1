//! Durations that belong together: checks, draining, rollouts, runs.

use super::{Place, of_service, place};
use crate::document::Node;
use crate::problem::Problem;
use crate::read::Cx;
use crate::stack::{Job, Service, Stack, Strategy, Timing};
use crate::units::human;

pub(super) fn check(cx: &mut Cx, root: &Node, stack: &Stack, service: &Service) {
    let at = |path: &[&str]| of_service(root, &service.name, path);
    if service.routing.is_some() {
        grace(cx, service, at(&["health", "grace"]));
        draining(cx, root, stack, service);
    }
    rollout(cx, service, at(&["deploy", "timeout"]));
    counted(cx, service, at(&["scale", "requests"]), at(&["deploy", "strategy"]));
}

/// Requests are counted per target group, and where they move between two, the group that an
/// autoscaler was told of gets none after every second rollout (Application Auto Scaling API
/// reference, `PredefinedMetricSpecification`: the label names one target group).
fn counted(cx: &mut Cx, service: &Service, at: Place, strategy: Place) {
    let counts = service.scaling.as_ref().is_some_and(|scaling| scaling.requests.is_some());
    if !counts || service.deploy.strategy == Strategy::Rolling {
        return;
    }
    cx.push(
        Problem::error("E038", at.span, "`requests` goes with `strategy: rolling` alone")
            .label("counted in one target group")
            .also(strategy.span, "moves requests between two")
            .help("scale by `cpu` or `memory`, or write `strategy: rolling`"),
    );
}

/// How long failures go unnoticed, against how long it takes to notice one.
fn grace(cx: &mut Cx, service: &Service, at: Place) {
    let Some(health) = service.routing.as_ref().map(|routing| &routing.health) else { return };
    if !at.said || health.grace == 0 {
        return;
    }
    let unhealthy = health.interval.saturating_mul(health.bad);
    let again = unhealthy.saturating_add(health.interval.saturating_mul(health.good));
    let checks = format!("{} checks, {} apart", health.bad, human(health.interval));
    if health.grace < unhealthy {
        cx.push(
            Problem::warning(
                "W110",
                at.span,
                "`grace` ends before a task could be found unhealthy",
            )
            .label("has no effect")
            .note(format!("that takes {}: {checks}", human(unhealthy)))
            .help(format!("write {} or more, or remove it", human(again))),
        );
    } else if health.grace < again {
        cx.push(
            Problem::warning(
                "W110",
                at.span,
                "a task that starts slowly would be stopped too soon",
            )
            .label("ends before it could be healthy again")
            .note(format!(
                "it is unhealthy after {}, and needs {} good checks to be healthy again",
                human(unhealthy),
                health.good
            ))
            .help(format!("write {} or more", human(again))),
        );
    }
}

/// ECS sends SIGTERM when draining begins, and SIGKILL `stop_timeout` later (ECS developer guide,
/// "Task lifecycle").
fn draining(cx: &mut Cx, root: &Node, stack: &Stack, service: &Service) {
    let at = |path: &[&str]| of_service(root, &service.name, path);
    let (stop, drain) = (at(&["stop_timeout"]), at(&["deploy", "drain"]));
    let (stop_seconds, drain_seconds) = (service.stop_timeout, service.deploy.drain);
    // Stopping takes two minutes at most, so longer draining alone is no contradiction.
    let could = drain_seconds.min(120);
    if stop_seconds < could && (stop.said || drain.said) {
        let (first, second) = if stop.said { (stop, drain) } else { (drain, stop) };
        let words = [("stop_timeout", stop_seconds), ("drain", drain_seconds)];
        let (mine, other) = if stop.said { (words[0], words[1]) } else { (words[1], words[0]) };
        let mut problem = Problem::warning(
            "W111",
            first.span,
            "tasks are killed while the balancer still waits for their answers",
        )
        .label(format!("`{}` is {}", mine.0, human(mine.1)));
        let text = format!("`{}` is {}", other.0, human(other.1));
        problem = if second.said {
            problem.also(second.span, text)
        } else {
            problem.note(format!("{text} by default"))
        };
        cx.push(
            problem.help(format!("write `stop_timeout: {}`, or a shorter `drain`", human(could))),
        );
    }
    let idle = place(root, &["balancer", "idle_timeout"]);
    let seconds = stack.balancer.idle_timeout;
    if idle.said && seconds > 60 && drain_seconds < seconds {
        let mut problem = Problem::warning(
            "W112",
            drain.span,
            "a rollout cuts off answers that take longer than `drain`",
        )
        .label(format!("open requests get {}", human(drain_seconds)))
        .also(idle.span, "the balancer lets them take longer");
        if !drain.said {
            problem = problem.note("`drain` is 30s by default");
        }
        cx.push(problem.help(format!("write `deploy: {{ drain: {} }}`", human(seconds.min(3600)))));
    }
}

/// The time a rollout takes at the very least, and the time until it is given up.
fn rollout(cx: &mut Cx, service: &Service, at: Place) {
    let deploy = &service.deploy;
    let health = service.routing.as_ref().map(|routing| &routing.health);
    let check = health.map_or(0, |health| health.interval);
    let drain = if health.is_some() { deploy.drain } else { 0 };
    let (least, why) = match deploy.strategy {
        Strategy::Rolling => {
            let rounds = rounds(service);
            let each = check.max(1);
            let why = format!(
                "{rounds} round{} of tasks, a check after each, then {} of draining",
                if rounds == 1 { "" } else { "s" },
                human(drain)
            );
            (rounds.saturating_mul(each).saturating_add(drain), why)
        }
        Strategy::BlueGreen { bake } => {
            (deploy.strategy.waits(), format!("`bake` alone is {}", human(bake)))
        }
        Strategy::Linear { step, interval, bake } => {
            let steps = 100_u32.div_ceil(step.max(1));
            let why = format!("{steps} steps, {} apart, then {}", human(interval), human(bake));
            (deploy.strategy.waits(), why)
        }
        Strategy::Canary { interval, bake, .. } => {
            let why = format!("{} with a few requests, then {}", human(interval), human(bake));
            (deploy.strategy.waits(), why)
        }
    };
    if deploy.timeout < least {
        // The waits of a strategy are kept to the minute; what a round of tasks takes is not known.
        let problem = if deploy.strategy == Strategy::Rolling {
            Problem::warning("W121", at.span, "a rollout will hardly be done in this time")
        } else {
            Problem::error("E039", at.span, "no rollout can be done in this time")
        };
        let mut problem = problem
            .label(format!("{} are given", human(deploy.timeout)))
            .note(format!("it takes {} or more: {why}", human(least)));
        if !at.said {
            problem = problem.note("`timeout` is 10m by default");
        }
        let room = least.saturating_mul(2).div_ceil(60).saturating_mul(60).min(86400);
        cx.push(problem.help(format!("for example `deploy: {{ timeout: {} }}`", human(room))));
        return;
    }
    let Some(health) = health else { return };
    let fails = health.grace.max(health.interval.saturating_mul(health.bad));
    let breaker = deploy.max_failures.div_ceil(service.count.max(1)).saturating_mul(fails);
    if at.said && breaker > deploy.timeout {
        cx.push(
            Problem::warning("W115", at.span, "wharf gives up before ECS would roll back")
                .label(format!("ends after {}", human(deploy.timeout)))
                .note(format!(
                    "`max_failures` is {}, and as many tasks that answer no check take {} to fail, with {} at a time",
                    deploy.max_failures,
                    human(breaker),
                    service.count.max(1)
                ))
                .help("raise `timeout`, or lower `max_failures` or `grace`"),
        );
    }
}

/// How often tasks are replaced until all are, when as many as allowed are each time.
fn rounds(service: &Service) -> u32 {
    let count = u64::from(service.count.max(1));
    let more = count * u64::from(service.deploy.max_running) / 100 - count;
    let fewer = count - (count * u64::from(service.deploy.min_healthy)).div_ceil(100);
    let rounds = count.div_ceil((more + fewer).max(1));
    u32::try_from(rounds).unwrap_or(u32::MAX)
}

pub(super) fn job(cx: &mut Cx, root: &Node, job: &Job) {
    let Some(Timing::Rate { seconds }) = job.schedule.as_ref().map(|schedule| &schedule.timing)
    else {
        return;
    };
    let name = job.task.name.as_str();
    let timeout = place(root, &["jobs", name, "timeout"]);
    if timeout.said && job.task.timeout > *seconds {
        let rate = place(root, &["jobs", name, "schedule", "rate"]);
        cx.push(
            Problem::warning(
                "W118",
                timeout.span,
                "a run may still go on when the next one starts",
            )
            .label(format!("up to {}", human(job.task.timeout)))
            .also(rate.span, "the next one starts")
            .help("lower `timeout`, or raise `rate`, unless two runs at once do no harm"),
        );
    }
}
