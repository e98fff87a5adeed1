//! Why a task stopped, in one sentence, and what to do about it.
//!
//! Texts are matched by short stable parts, since ECS rewords them between releases
//! (ECS Developer Guide, stopped task error messages).

use super::picture::Stopped;

/// A cause that has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cause {
    /// One sentence without a full stop.
    pub(super) sentence: String,
    /// What to do, a line each.
    pub(super) hints: Vec<String>,
}

/// A row of the table: every text of `all` and one of `any` (if there are some) must occur.
struct Known {
    all: &'static [&'static str],
    any: &'static [&'static str],
    sentence: &'static str,
    hint: &'static str,
}

/// Ordered: the first row that matches names the cause.
const KNOWN: &[Known] = &[
    Known {
        all: &[],
        any: &["descriptor matching platform", "exec format error"],
        sentence: "the image was not built for the CPU architecture of the task",
        hint: "build it for the task's platform (`docker build --platform linux/amd64` or \
               `linux/arm64`), or change the platform in the spec",
    },
    Known {
        all: &["cannotpullcontainer"],
        any: &["no space left"],
        sentence: "the image does not fit on the task's disk",
        hint: "make the image smaller",
    },
    Known {
        all: &["cannotpullcontainer"],
        any: &["toomanyrequests", "pull rate limit"],
        sentence: "the registry refuses to hand out the image so often",
        hint: "copy the image to the service's own repository",
    },
    Known {
        all: &["cannotpullcontainer"],
        any: &["403 forbidden", "not authorized", "pull access denied", "permission"],
        sentence: "the task may not pull the image",
        hint: "check the name of the image, and the permissions of the execution role",
    },
    Known {
        all: &["cannotpullcontainer"],
        any: &["i/o timeout", "request canceled", "deadline exceeded", "connection refused"],
        sentence: "the task cannot reach the image store",
        hint: "the task's subnets need a way out: a public address, a NAT gateway or VPC endpoints",
    },
    Known {
        all: &["cannotpullcontainer"],
        any: &["not found", "manifest unknown", "does not exist"],
        sentence: "the image does not exist",
        hint: "push it, or correct the tag in the spec",
    },
    Known {
        all: &["connection issue between the task and amazon ecr"],
        any: &[],
        sentence: "the task cannot reach the image store",
        hint: "the task's subnets need a way out: a public address, a NAT gateway or VPC endpoints",
    },
    Known {
        all: &["did not contain json key"],
        any: &[],
        sentence: "a secret lacks the key that the spec names",
        hint: "add the key to the secret's JSON, or correct the part after `#` in the spec",
    },
    Known {
        all: &["secret"],
        any: &["marked for deletion"],
        sentence: "a secret of the task is scheduled for deletion",
        hint: "restore it: aws secretsmanager restore-secret --secret-id NAME",
    },
    Known {
        all: &[],
        any: &["can't find the specified secret", "invalid ssm parameters", "invalid parameters:"],
        sentence: "a secret of the task does not exist",
        hint: "create it, or correct its name in the spec",
    },
    Known {
        all: &["unable to pull secrets", "not authorized"],
        any: &[],
        sentence: "the execution role may not read a secret of the task",
        hint: "check the role's policy, and the policy of the key that encrypts the secret",
    },
    Known {
        all: &["from secrets manager"],
        any: &["deadline exceeded", "i/o timeout"],
        sentence: "the task cannot reach Secrets Manager",
        hint: "the task's subnets need a way out: a public address, a NAT gateway or VPC endpoints",
    },
    Known {
        all: &["failed to validate logger args"],
        any: &["does not exist", "resourcenotfound"],
        sentence: "the log group of the service does not exist",
        hint: "run the same command again: it makes the log group anew",
    },
    Known {
        all: &["failed to validate logger args"],
        any: &[],
        sentence: "the task cannot write its log",
        hint: "check the execution role, and that the subnets can reach CloudWatch Logs",
    },
    Known {
        all: &["assume the role"],
        any: &[],
        sentence: "ECS cannot assume a role of the task",
        hint: "the role must exist and trust ecs-tasks.amazonaws.com",
    },
    Known {
        all: &["insufficientfreeaddresses"],
        any: &[],
        sentence: "a subnet of the tasks has no free address left",
        hint: "name larger or further subnets under network.tasks",
    },
    Known {
        all: &[],
        any: &["outofmemory", "out of memory"],
        sentence: "the container used more memory than it has",
        hint: "raise `memory`, or find out what uses it",
    },
    Known {
        all: &["executable file not found"],
        any: &[],
        sentence: "the command does not exist in the image",
        hint: "correct `command` or `entrypoint` in the spec",
    },
    Known {
        all: &["container health checks"],
        any: &[],
        sentence: "the health check inside the container fails",
        hint: "run the command of `container_health` in the image; the program it calls must be there",
    },
];

/// Names the cause for which a task stopped. `target` is what the balancer last complained of.
pub(super) fn of(stopped: &Stopped, target: Option<&str>) -> Cause {
    let text = format!("{} {}", stopped.reason, stopped.container).to_lowercase();
    if text.contains("elb health checks") {
        return of_balancer(target);
    }
    let known = KNOWN.iter().find(|known| {
        known.all.iter().all(|part| text.contains(part))
            && (known.any.is_empty() || known.any.iter().any(|part| text.contains(part)))
    });
    if let Some(known) = known {
        return Cause {
            sentence: known.sentence.to_owned(),
            hints: vec![known.hint.to_owned(), format!("ECS says: {}", stopped.said())],
        };
    }
    match stopped.exit {
        Some(code) => of_exit(code),
        None if stopped.said().is_empty() => Cause {
            sentence: "its tasks stop, and ECS does not say why".to_owned(),
            hints: Vec::new(),
        },
        None => Cause {
            sentence: format!("its tasks stop: {}", stopped.said().trim_end_matches('.')),
            hints: Vec::new(),
        },
    }
}

fn of_exit(code: i32) -> Cause {
    let (sentence, hint) = match code {
        0 => (
            "the container ended by itself with exit code 0".to_owned(),
            "a service must keep running in the foreground",
        ),
        126 | 127 => (
            format!("the command cannot be run in the image (exit code {code})"),
            "correct `command` or `entrypoint` in the spec",
        ),
        137 => (
            "the container was killed (exit code 137)".to_owned(),
            "it used too much memory, or did not stop within `stop_timeout` after SIGTERM",
        ),
        139 => ("the container crashed (exit code 139)".to_owned(), "look at its log"),
        code => (
            format!("the container exited with code {code}"),
            "look at its log: a missing variable or a database out of reach are common causes",
        ),
    };
    Cause { sentence, hints: vec![hint.to_owned()] }
}

/// Puts what the balancer saw into words (ELB User Guide, target health reason codes).
fn of_balancer(target: Option<&str>) -> Cause {
    let Some(said) = target else {
        return Cause {
            sentence: "the balancer's health checks fail".to_owned(),
            hints: vec!["check `health` and `port` in the spec".to_owned()],
        };
    };
    let lower = said.to_lowercase();
    let codes = said.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    if let Some((codes, _)) = codes {
        return Cause {
            sentence: format!("the health check's path answers with status {codes}"),
            hints: vec!["correct `health.path` or `health.codes` in the spec".to_owned()],
        };
    }
    let (sentence, hint) = if lower.contains("timed out") {
        (
            "the balancer's health checks get no answer in time",
            "the application must listen on 0.0.0.0 at the port of the spec and answer within \
             `health.timeout`; the tasks' security group must let the balancer in",
        )
    } else {
        (
            "the balancer's health checks cannot connect",
            "the application must listen on 0.0.0.0 at the port of the spec; if it only starts \
             slowly, raise `health.grace`",
        )
    };
    Cause {
        sentence: sentence.to_owned(),
        hints: vec![hint.to_owned(), format!("the balancer says: {said}")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stopped(reason: &str, container: &str, exit: Option<i32>) -> Stopped {
        Stopped {
            reason: reason.to_owned(),
            container: container.to_owned(),
            exit,
            ..Stopped::default()
        }
    }

    #[test]
    fn causes_have_names() {
        let essential = "Essential container in task exited";
        let cases = [
            (
                stopped(
                    "CannotPullContainerError: pull image manifest has been retried 1 time(s): \
                     failed to resolve ref notes/web@sha256:0: not found",
                    "",
                    None,
                ),
                "image does not exist",
            ),
            (
                stopped(
                    "CannotPullContainerError: image Manifest does not contain descriptor matching \
                     platform 'linux/amd64'",
                    "",
                    None,
                ),
                "CPU architecture",
            ),
            (
                stopped(
                    "ResourceInitializationError: unable to pull secrets or registry auth: \
                     ResourceNotFoundException: Secrets Manager can't find the specified secret.",
                    "",
                    None,
                ),
                "secret of the task does not exist",
            ),
            (
                stopped(
                    "ResourceInitializationError: failed to validate logger args: \
                     ResourceNotFoundException: The specified log group does not exist.",
                    "",
                    None,
                ),
                "log group",
            ),
            (stopped(essential, "", Some(3)), "exited with code 3"),
            (stopped(essential, "", Some(0)), "ended by itself"),
            (stopped(essential, "OutOfMemoryError: Container killed", Some(137)), "more memory"),
        ];
        for (stopped, wanted) in cases {
            let cause = of(&stopped, None);
            assert!(cause.sentence.contains(wanted), "{stopped:?}: {cause:?}");
        }
    }

    #[test]
    fn the_balancer_tells_why_health_checks_fail() {
        let task = stopped("Task failed ELB health checks in (target-group arn:x)", "", Some(143));
        let cases = [
            (Some("Health checks failed with these codes: [404]"), "status 404"),
            (Some("Request timed out"), "no answer in time"),
            (Some("Health checks failed"), "cannot connect"),
            (None, "health checks fail"),
        ];
        for (said, wanted) in cases {
            let cause = of(&task, said);
            assert!(cause.sentence.contains(wanted), "{said:?}: {cause:?}");
        }
    }
}
