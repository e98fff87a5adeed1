//! Calls that AWS refused: which code and text stands for which cause.

use crate::Cause;

/// A row of the table: code of the error (empty for any), a part of its text, the cause.
const KNOWN: &[(&str, &str, &str, &str)] = &[
    ("", "iam:passrole", "C805", "whoever deploys may not hand roles to tasks"),
    ("", "service linked role", "C806", "ECS cannot use its own role"),
    (
        "OperationNotPermitted",
        "deletion protection",
        "C901",
        "somebody protected the balancer from deletion",
    ),
    ("ValidationException", "deletion protection", "C901", "somebody protected it from deletion"),
    ("DependencyViolation", "sg-", "C902", "something else uses the security group"),
    ("DependencyViolation", "", "C909", "something in the network is still in use"),
    ("ResourceInUseException", "certificate", "C903", "something still uses the certificate"),
    ("ResourceInUse", "target group", "C904", "a listener or rule still uses the target group"),
    ("RepositoryNotEmptyException", "", "C905", "the repository still holds images"),
    ("DeleteConflict", "", "C906", "the role still has policies that wharf did not make"),
    (
        "ClusterContainsTasksException",
        "",
        "C907",
        "tasks that wharf did not start run in the cluster",
    ),
    (
        "ClusterContainsServicesException",
        "",
        "C907",
        "services that wharf did not make run in the cluster",
    ),
    ("", "still draining", "C908", "a service of the same name is still draining"),
    ("AccessDenied", "", "C807", "the credentials do not allow the call"),
    ("UnauthorizedOperation", "", "C807", "the credentials do not allow the call"),
];

/// Names the cause of a rollout that ECS took back because of these alarms.
pub fn of_alarms(names: &[String]) -> Option<Cause> {
    let first = names.first()?;
    let what = match names.len() {
        1 => format!("alarm {first} went off"),
        many => format!("alarm {first} and {} more went off", many - 1),
    };
    let fact = format!("ECS recorded with the rollout: {}", names.join(", "));
    Some(Cause::new("C615", what).fact(fact))
}

/// Names the cause of a rollout that ECS took back because it could not move the requests, by its own words
/// (ECS Developer Guide, "Troubleshooting Amazon ECS blue/green deployments").
pub fn of_shift(reason: &str) -> Option<Cause> {
    let text = reason.to_lowercase();
    let (code, what) = if text.contains("missing permissions on ecs infrastructure role") {
        ("C808", "ECS may not move requests to the new tasks")
    } else if text.contains("invalid networking configuration") {
        ("C713", "ECS cannot move requests to the new tasks")
    } else {
        return None;
    };
    Some(Cause::new(code, what).fact(format!("ECS says: {}", reason.trim_end_matches('.'))))
}

/// Names the cause of a call that was refused, by the code and the text of the error.
pub fn of_error(code: &str, message: &str) -> Option<Cause> {
    let text = message.to_lowercase();
    let known =
        KNOWN.iter().find(|(known, part, ..)| code.starts_with(known) && text.contains(part));
    match known {
        Some(known) => Some(Cause::new(known.2, known.3)),
        None if quota(code) => Some(Cause::new("C616", "a quota of the account is used up")),
        None => None,
    }
}

/// Says whether a code is about how many of something an account may have. Every service has names of its own for that
/// (Service Quotas user guide; the API references); two names that look like it are about how many calls there are.
fn quota(code: &str) -> bool {
    let code = code.trim_end_matches("Exception");
    let calls = matches!(code, "TooManyRequests" | "RequestLimitExceeded");
    let of_quotas = code.starts_with("TooMany")
        || code.ends_with("LimitExceeded")
        || code.ends_with("QuotaExceeded");
    of_quotas && !calls
}

#[cfg(test)]
mod tests {
    use super::of_error;

    #[test]
    fn refusals_have_causes() {
        for (code, message, wanted) in [
            ("AccessDeniedException", "not authorized to perform: iam:PassRole on x", Some("C805")),
            (
                "InvalidParameterException",
                "Unable to assume the service linked role.",
                Some("C806"),
            ),
            ("OperationNotPermitted", "because deletion protection is enabled", Some("C901")),
            ("ValidationException", "because deletion protection is enabled", Some("C901")),
            ("DependencyViolation", "resource sg-1 has a dependent object", Some("C902")),
            ("DependencyViolation", "The subnet 'subnet-1' has dependencies", Some("C909")),
            ("ResourceInUseException", "Certificate arn:x is in use.", Some("C903")),
            ("ResourceInUse", "Target group 'x' is currently in use by a listener", Some("C904")),
            ("RepositoryNotEmptyException", "it still contains images", Some("C905")),
            ("DeleteConflict", "must detach all policies first.", Some("C906")),
            ("ClusterContainsTasksException", "", Some("C907")),
            ("InvalidParameterException", "a service that is still Draining.", Some("C908")),
            ("AccessDenied", "User is not authorized to perform: iam:GetRole", Some("C807")),
            ("TooManyLoadBalancers", "The maximum number has been reached.", Some("C616")),
            ("LimitExceededException", "exceeded a service limit for your account", Some("C616")),
            ("SecurityGroupLimitExceeded", "The maximum number has been reached.", Some("C616")),
            ("ServiceQuotaExceededException", "", Some("C616")),
            ("TooManyRequestsException", "Rate exceeded", None),
            ("RequestLimitExceeded", "Request limit exceeded.", None),
            ("ValidationError", "something else", None),
        ] {
            let found = of_error(code, message).map(|cause| cause.code);
            assert_eq!(found, wanted, "{code} {message}");
        }
    }
}
