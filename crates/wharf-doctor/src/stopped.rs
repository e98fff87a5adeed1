//! What the reasons of stopped tasks say.
//!
//! Texts are matched by short stable parts, since ECS rewords them between releases
//! (ECS Developer Guide, stopped task error messages).

use crate::crash_loop::pulled;
use crate::start::settled;
use crate::{Cause, Evidence, StoppedTask, Way};

/// A row of the table: every text of `all` and one of `any` (if there are some) must occur.
struct Known {
    all: &'static [&'static str],
    any: &'static [&'static str],
    code: &'static str,
    what: &'static str,
}

const fn known(
    code: &'static str,
    what: &'static str,
    all: &'static [&'static str],
    any: &'static [&'static str],
) -> Known {
    Known { all, any, code, what }
}

const ARCHITECTURE: &str = "the image was not built for the CPU architecture of the task";

/// Ordered: the first row that matches names the cause.
const KNOWN: &[Known] = &[
    known("C102", ARCHITECTURE, &[], &["descriptor matching platform", "exec format error"]),
    known(
        "C105",
        "the image does not fit on the task's disk",
        &["cannotpullcontainer"],
        &["no space left"],
    ),
    known(
        "C104",
        "the registry refuses to hand out the image so often",
        &["cannotpullcontainer"],
        &["toomanyrequests", "pull rate limit"],
    ),
    known(
        "C103",
        "the registry does not hand out the image: it wants a login, or has no such repository",
        &["pull access denied"],
        &[],
    ),
    known("C106", "the task may not download the image's layers", &["403 forbidden"], &["pull"]),
    known(
        "C801",
        "the execution role may not pull the image",
        &["not authorized to perform: ecr:"],
        &[],
    ),
    known("C202", "a secret lacks the key that the spec names", &["did not contain json key"], &[]),
    known(
        "C203",
        "a secret of the task is scheduled for deletion",
        &["secret"],
        &["marked for deletion"],
    ),
    known(
        "C201",
        "a secret or parameter of the task does not exist",
        &[],
        &["can't find the specified secret", "invalid ssm parameters", "invalid parameters:"],
    ),
    known(
        "C205",
        "a secret is not JSON, but the spec names a key of it",
        &["unable to pull secrets", "invalid character"],
        &[],
    ),
    known(
        "C802",
        "the execution role may not read a secret of the task",
        &["unable to pull secrets", "not authorized"],
        &[],
    ),
    known(
        "C204",
        "the log group of the service does not exist",
        &["failed to validate logger args"],
        &["does not exist", "resourcenotfound"],
    ),
    known(
        "C803",
        "the execution role may not write the log",
        &["failed to validate logger args", "not authorized"],
        &[],
    ),
    known(
        "C506",
        "a subnet of the tasks has no free address left",
        &["insufficientfreeaddresses"],
        &[],
    ),
    known(
        "C206",
        "the task's network interface did not come in time",
        &["timeout waiting for network interface"],
        &[],
    ),
    known(
        "C207",
        "the task's disk did not come in time",
        &["timeout waiting for ephemeralstorage"],
        &[],
    ),
    known("C804", "ECS cannot assume a role of the task", &["assume the role"], &[]),
    known(
        "C304",
        "the command does not exist in the image",
        &[],
        &[
            "executable file not found",
            "no such file or directory: unknown",
            "permission denied: unknown",
        ],
    ),
    known(
        "C208",
        "the container runtime did not start the container",
        &[],
        &[
            "containerruntimetimeout",
            "cannotinspectcontainer",
            "cannotstartcontainer",
            "cannotcreatevolume",
        ],
    ),
    known(
        "C305",
        "the container used more memory than it has",
        &[],
        &["outofmemory", "out of memory"],
    ),
    known("C408", "the health check inside the container fails", &["container health checks"], &[]),
    known(
        "C605",
        "Fargate takes its spare capacity back",
        &[],
        &["spot task was interrupted", "spotinterruption"],
    ),
    known(
        "C101",
        "the image does not exist",
        &["cannotpullcontainer"],
        &["not found", "manifest unknown", "does not exist"],
    ),
];

/// Words of a connection that got no answer.
const NO_ANSWER: &[&str] = &[
    "i/o timeout",
    "request canceled",
    "requestcanceled",
    "deadline exceeded",
    "connection issue between the task",
    "connection refused",
];

/// Judges the tasks that failed: by what most of the newest have in common.
pub(crate) fn causes(evidence: &Evidence) -> Vec<Cause> {
    let mut found: Vec<Cause> = Vec::new();
    if settled(evidence) {
        return found;
    }
    for task in evidence.stopped.iter().rev() {
        let alike = evidence.stopped.iter().filter(|other| same(task, other)).count();
        let Some(cause) = one(evidence, task) else { continue };
        if found.iter().any(|known| known.code == cause.code) {
            continue;
        }
        let tasks = if alike == 1 { "1 task".to_owned() } else { format!("{alike} tasks") };
        found.push(cause.fact(format!("{tasks} stopped: {}", said(task))));
    }
    // What a task has pulled before it failed is no news where it could not pull.
    let ran = |cause: &&mut Cause| cause.code.starts_with("C3");
    if let (Some(cause), Some(pulled)) = (found.iter_mut().find(ran), pulled(evidence)) {
        cause.facts.push(pulled);
    }
    found
}

/// Says whether two tasks stopped for the same reason, but for ids.
fn same(one: &StoppedTask, two: &StoppedTask) -> bool {
    let plain = |task: &StoppedTask| -> Vec<String> {
        let text = format!("{} {}", task.reason, task.container);
        let digits = |word: &&str| !word.bytes().any(|byte| byte.is_ascii_digit());
        text.split_whitespace().filter(digits).map(str::to_owned).collect()
    };
    one.exit == two.exit && plain(one) == plain(two)
}

/// Says it the way ECS does, in one line.
pub(crate) fn said(task: &StoppedTask) -> String {
    let mut text = if task.reason.is_empty() { task.code.clone() } else { task.reason.clone() };
    if let Some(exit) = task.exit {
        text = format!("{text}, exit code {exit}");
    }
    if !task.container.is_empty() && !text.contains(&task.container) {
        text = format!("{text}, {}", task.container);
    }
    text
}

fn one(evidence: &Evidence, task: &StoppedTask) -> Option<Cause> {
    let text = format!("{} {} {}", task.reason, task.container, task.code).to_lowercase();
    if text.contains("elb health checks") {
        // What the balancer complained of is judged by itself; see `health`.
        return (task.exit == Some(137)).then(|| exit(evidence, 137))?.map(Cause::possible);
    }
    if text.contains("scaling activity initiated") {
        return None;
    }
    if NO_ANSWER.iter().any(|part| text.contains(part)) && !text.contains("elb") {
        return Some(no_way(evidence, &text));
    }
    let exited = task.exit.is_some() && text.contains("essential container");
    if exited && evidence.logs.iter().any(|line| line.contains("exec format error")) {
        return Some(Cause::new("C102", ARCHITECTURE).logs(&evidence.logs).at(10));
    }
    let known = KNOWN.iter().find(|known| {
        known.all.iter().all(|part| text.contains(part))
            && (known.any.is_empty() || known.any.iter().any(|part| text.contains(part)))
    });
    if let Some(known) = known {
        let mut cause = Cause::new(known.code, known.what).at(depth(known.code));
        match known.code {
            "C102" => {
                let built = evidence.image.get().map(|image| image.architectures.join(" and "));
                if let Some(built) = built.filter(|built| !built.is_empty()) {
                    cause = cause.fact(format!("the image is built for {built}"));
                }
                cause = cause.fact(format!("the task runs on {}", evidence.intent.architecture));
            }
            "C305" => {
                let limit = format!("the limit is {} MiB", evidence.intent.memory);
                cause = cause.fact(limit).logs(&evidence.logs);
            }
            "C101" | "C103" | "C104" => {
                cause = cause.fact(format!("the spec names {}", evidence.intent.image));
            }
            _ => {}
        }
        return Some(cause);
    }
    task.exit.and_then(|code| exit(evidence, code))
}

/// Tasks fail on the way from the image to the running container; what is earlier hides the rest.
fn depth(code: &str) -> u8 {
    match code.as_bytes() {
        [b'C', b'1', ..] => 12,
        [b'C', b'3', ..] => 20,
        [b'C', b'4', ..] => 30,
        _ => 10,
    }
}

/// Names what keeps a task from reaching a service outside.
fn no_way(evidence: &Evidence, text: &str) -> Cause {
    let network = evidence.network.get();
    if let Some(network) = network
        && !network.lets_out.iter().any(|permit| permit.covers(443))
    {
        return Cause::new("C504", "the tasks' security group lets no HTTPS out")
            .fact(format!("{} has no rule that lets port 443 out", network.groups.join(", ")))
            .at(8);
    }
    // The registry's answers came, so only this one service is out of reach.
    let single = if text.contains("starport-layer-bucket") || text.contains(".s3.") {
        Some(("s3", "S3, where the image's layers are"))
    } else if text.contains("failed to validate logger args") {
        Some(("logs", "CloudWatch Logs"))
    } else {
        None
    };
    if let Some((endpoint, name)) = single {
        return Cause::new("C505", format!("the tasks cannot reach {name}"))
            .fact(format!(
                "other services answered, so what is missing is the endpoint `{endpoint}`"
            ))
            .at(9);
    }
    let cause = Cause::new("C503", "the tasks' subnets have no way out").at(8);
    let Some(network) = network else { return cause.likely() };
    let closed: Vec<&str> = network
        .subnets
        .iter()
        .filter(|subnet| match subnet.way {
            Way::None => true,
            Way::Internet => !network.public_ip,
            Way::Nat | Way::Endpoints => false,
        })
        .map(|subnet| subnet.id.as_str())
        .collect();
    if closed.is_empty() {
        return cause.likely().fact("their routes look right; a network ACL may be in the way");
    }
    let open = |subnet: &crate::SubnetEvidence| subnet.way == Way::Internet;
    let how = if !network.public_ip && network.subnets.iter().any(open) {
        " for a task without a public address"
    } else {
        ""
    };
    cause.fact(format!("no route of {} leads out{how}", closed.join(", ")))
}

fn exit(evidence: &Evidence, code: i32) -> Option<Cause> {
    let logs = &evidence.logs;
    let cause = match code {
        0 => Cause::new("C301", "the container ended by itself, with exit code 0"),
        126 | 127 => {
            let what = format!("the command cannot be run in the image (exit code {code})");
            Cause::new("C304", what)
        }
        137 => Cause::new("C306", "the container was killed (exit code 137)").fact(format!(
            "ECS did not say that memory was the reason; stop_timeout is {} s",
            evidence.intent.stop_timeout
        )),
        139 | 134 => Cause::new("C307", format!("the program crashed (exit code {code})")),
        // A program that ends when it is asked to has not failed.
        143 => return None,
        code => match variable(evidence) {
            Some(name) => {
                let given = &evidence.intent.variables;
                let given = if given.is_empty() { "none".to_owned() } else { given.join(", ") };
                Cause::new("C302", format!("the variable {name} is not set"))
                    .fact(format!("the container exited with code {code}"))
                    .fact(format!("variables the spec sets: {given}"))
            }
            None => Cause::new("C303", format!("the container exited with code {code}")),
        },
    };
    Some(cause.logs(logs).at(20))
}

/// Finds the name of a variable in a line of the log that says it is missing, unless the spec sets
/// it.
fn variable(evidence: &Evidence) -> Option<String> {
    const SAYS: &[&str] = &[
        "not set",
        "is required",
        "missing",
        "undefined",
        "must be set",
        "not defined",
        "keyerror",
        "environment variable",
        "not provided",
    ];
    evidence.logs.iter().rev().find_map(|line| {
        let lower = line.to_lowercase();
        if !SAYS.iter().any(|says| lower.contains(says)) {
            return None;
        }
        line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .find(|word| {
                let name = word.len() > 2
                    && word
                        .bytes()
                        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
                    && word.bytes().any(|b| b.is_ascii_uppercase())
                    && (word.contains('_') || word.len() > 4);
                name && !evidence.intent.variables.iter().any(|known| known == word)
            })
            .map(str::to_owned)
    })
}

#[cfg(test)]
#[path = "stopped_tests.rs"]
mod tests;
