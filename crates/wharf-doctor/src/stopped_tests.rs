use super::*;
use crate::{Network, Peer, Permit, Seen, SubnetEvidence};

fn task(reason: &str, container: &str, exit: Option<i32>) -> StoppedTask {
    StoppedTask {
        reason: reason.to_owned(),
        container: container.to_owned(),
        exit,
        ..StoppedTask::default()
    }
}

fn code(evidence: &Evidence, task: &StoppedTask) -> &'static str {
    one(evidence, task).map_or("", |cause| cause.code)
}

#[test]
fn texts_of_ecs_have_causes() {
    let essential = "Essential container in task exited";
    let secrets = "ResourceInitializationError: unable to pull secrets or registry auth: ";
    let logger = "ResourceInitializationError: failed to validate logger args: ";
    let cases: &[(&str, &str, Option<i32>, &str)] = &[
        ("CannotPullContainerError: failed to resolve ref a@sha256:0: not found", "", None, "C101"),
        ("CannotPullContainerError: manifest unknown", "", None, "C101"),
        (
            "CannotPullContainerError: image Manifest does not contain descriptor matching \
             platform 'linux/amd64'",
            "",
            None,
            "C102",
        ),
        ("CannotPullContainerError: pull access denied for x", "", None, "C103"),
        ("CannotPullContainerError: toomanyrequests: You have reached", "", None, "C104"),
        ("CannotPullContainerError: no space left on device", "", None, "C105"),
        ("CannotPullContainerError: unexpected status code 403 Forbidden", "", None, "C106"),
        (&format!("{secrets}Secrets Manager can't find the specified secret."), "", None, "C201"),
        (&format!("{secrets}invalid ssm parameters: /a"), "", None, "C201"),
        (&format!("{secrets}did not contain json key k"), "", None, "C202"),
        (&format!("{secrets}secret because it was marked for deletion."), "", None, "C203"),
        (&format!("{secrets}invalid character at the beginning"), "", None, "C205"),
        (&format!("{logger}The specified log group does not exist."), "", None, "C204"),
        (&format!("{logger}User is not authorized to perform: logs:x"), "", None, "C803"),
        (
            &format!("{secrets}User: x is not authorized to perform: ssm:GetParameters"),
            "",
            None,
            "C802",
        ),
        (
            &format!("{secrets}x is not authorized to perform: ecr:GetAuthorizationToken"),
            "",
            None,
            "C801",
        ),
        ("Timeout waiting for network interface provisioning to complete.", "", None, "C206"),
        ("Timeout waiting for EphemeralStorage provisioning to complete.", "", None, "C207"),
        ("ContainerRuntimeTimeoutError: timed out", "", None, "C208"),
        ("Unexpected EC2 error: InsufficientFreeAddressesInSubnet", "", None, "C506"),
        ("Task failed container health checks", "", None, "C408"),
        ("Your Spot Task was interrupted.", "", None, "C605"),
        (essential, "OutOfMemoryError: Container killed", Some(137), "C305"),
        (essential, "", Some(137), "C306"),
        (essential, "", Some(139), "C307"),
        (essential, "", Some(127), "C304"),
        (essential, "", Some(0), "C301"),
        (essential, "", Some(3), "C303"),
        (essential, "", Some(143), ""),
        ("Scaling activity initiated by (deployment ecs-svc/1)", "", Some(143), ""),
    ];
    for (reason, container, exit, wanted) in cases {
        let found = code(&Evidence::default(), &task(reason, container, *exit));
        assert_eq!(found, *wanted, "{reason} {container} {exit:?}");
    }
}

#[test]
fn a_variable_that_the_log_misses_is_named() {
    let mut evidence =
        Evidence { logs: vec!["error: DATABASE_URL is not set".to_owned()], ..Evidence::default() };
    let failed = task("Essential container in task exited", "", Some(1));
    let cause = one(&evidence, &failed).unwrap();
    assert_eq!((cause.code, cause.what.as_str()), ("C302", "the variable DATABASE_URL is not set"));
    evidence.intent.variables.push("DATABASE_URL".to_owned());
    assert_eq!(code(&evidence, &failed), "C303", "the spec sets it");
    evidence.logs = vec!["exec /app: exec format error".to_owned()];
    assert_eq!(code(&evidence, &failed), "C102");
}

#[test]
fn what_is_in_the_way_of_a_connection_is_told_apart() {
    let failed = task("ResourceInitializationError: dial tcp 1.2.3.4:443: i/o timeout", "", None);
    let mut evidence = Evidence::default();
    assert_eq!(code(&evidence, &failed), "C503");
    let all = Permit { from: 0, to: 65535, peer: Peer::Range("0.0.0.0/0".to_owned()) };
    let subnet = SubnetEvidence { id: "subnet-1".to_owned(), ..SubnetEvidence::default() };
    let mut network = Network { lets_out: vec![all], subnets: vec![subnet], ..Network::default() };
    evidence.network = Seen::There(network.clone());
    let cause = one(&evidence, &failed).unwrap();
    assert!(cause.facts[0].contains("no route of subnet-1"), "{cause:?}");
    network.lets_out.clear();
    evidence.network = Seen::There(network);
    assert_eq!(code(&evidence, &failed), "C504");
    evidence.network = Seen::Unread;
    let layers = task("CannotPullContainerError: https://x.s3.eu-west-1/: i/o timeout", "", None);
    assert_eq!(code(&evidence, &layers), "C505");
}
