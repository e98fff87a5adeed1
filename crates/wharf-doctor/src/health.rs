//! What the balancer's complaint says, together with what is known of network and application (ELB
//! User Guide, target health reason codes).

use crate::start::settled;
use crate::{Cause, Certainty, Evidence, Peer, Permit};

pub(crate) fn causes(evidence: &Evidence) -> Vec<Cause> {
    let Some(port) = evidence.intent.port else { return Vec::new() };
    let mut found = blocked(evidence, port);
    let failing = evidence
        .stopped
        .iter()
        .any(|task| task.reason.to_lowercase().contains("elb health checks"));
    let complaint = evidence.complaint.as_deref().filter(|_| !settled(evidence));
    let Some(said) = complaint else {
        if failing {
            found.push(Cause::new("C409", "the balancer's health checks fail").possible().at(35));
        }
        return found;
    };
    let fact = format!("the balancer says: {said}");
    let lower = said.to_lowercase();
    if let Some(codes) = said.split_once('[').and_then(|(_, rest)| rest.split_once(']')) {
        found.push(status(evidence, codes.0).fact(fact));
    } else if lower.contains("availability zone") {
        found.push(
            Cause::new("C509", "tasks run in a zone that the balancer does not serve")
                .fact(fact)
                .fact(zones(evidence))
                .at(28),
        );
    } else if lower.contains("timed out") {
        // A closed door explains the silence.
        let cause = timeout(evidence, !found.is_empty());
        if found.is_empty() || cause.code != "C407" {
            found.push(cause.fact(fact).logs(&evidence.logs));
        }
    } else if lower.contains("not configured to receive traffic") {
        // That nothing leads to the target group is judged on the way of a request.
    } else if lower.contains("internal error") {
        found.push(Cause::new("C712", "the balancer itself is in trouble").fact(fact).at(29));
    } else {
        found.push(refused(evidence, port, !found.is_empty()).fact(fact).logs(&evidence.logs));
    }
    found
}

/// Finds rules of security groups that keep the balancer from the tasks.
fn blocked(evidence: &Evidence, port: u16) -> Vec<Cause> {
    let (Some(network), Some(balancer)) = (evidence.network.get(), evidence.balancer.get()) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let from_balancer = |permit: &&Permit| match &permit.peer {
        Peer::Group(group) => balancer.groups.contains(group),
        Peer::Range(_) => true,
    };
    if !network.lets_in.iter().filter(from_balancer).any(|permit| permit.covers(port)) {
        let open: Vec<String> = network.lets_in.iter().filter(from_balancer).map(ports).collect();
        let open = if open.is_empty() { "nothing".to_owned() } else { open.join(", ") };
        found.push(
            Cause::new(
                "C501",
                format!("the tasks' security group does not let the balancer in on port {port}"),
            )
            .fact(format!(
                "{} lets {open} in from {}; the container listens on {port}",
                network.groups.join(", "),
                balancer.groups.join(", ")
            ))
            .at(25),
        );
    }
    let to_tasks = |permit: &&Permit| match &permit.peer {
        Peer::Group(group) => network.groups.contains(group),
        Peer::Range(_) => true,
    };
    if !balancer.lets_out.iter().filter(to_tasks).any(|permit| permit.covers(port)) {
        found.push(
            Cause::new(
                "C502",
                format!("the balancer's security group does not let it out to port {port}"),
            )
            .fact(format!("no rule of {} lets port {port} out", balancer.groups.join(", ")))
            .at(25),
        );
    }
    found
}

fn ports(permit: &Permit) -> String {
    if permit.from == permit.to {
        format!("port {}", permit.from)
    } else {
        format!("ports {} to {}", permit.from, permit.to)
    }
}

fn zones(evidence: &Evidence) -> String {
    let served = evidence.balancer.get().map(|it| it.zones.join(", ")).unwrap_or_default();
    format!("the balancer serves {served}")
}

fn status(evidence: &Evidence, codes: &str) -> Cause {
    let intent = &evidence.intent;
    let code = codes.split([',', ' ']).next().unwrap_or(codes);
    let what =
        format!("the health check's path {} answers with status {codes}", intent.health_path);
    let cause = match code {
        "301" | "302" | "303" | "307" | "308" => Cause::new("C402", what),
        "401" | "403" => Cause::new("C403", what),
        _ => Cause::new("C401", what),
    };
    cause.fact(format!("healthy is {}", intent.health_codes)).logs(&evidence.logs).at(30)
}

/// A check without an answer: a closed way, a bound address, or an application that is too slow.
fn timeout(evidence: &Evidence, blocked: bool) -> Cause {
    let cause = match listening(evidence) {
        Some(Listens { local: true, line, .. }) => {
            Cause::new("C405", "the application listens on localhost only, where nobody reaches it")
                .fact(format!("its log says: {line}"))
        }
        _ => Cause::new("C407", "the application does not answer the health check in time")
            .likely()
            .fact(format!("health.timeout is {} s", evidence.intent.health_timeout)),
    };
    // Behind a closed door nobody knows how the application answers.
    let certainty = if blocked { Certainty::Possible } else { cause.certainty };
    Cause { certainty, ..cause }.at(30)
}

/// A check whose connection was refused: another port, or not up yet.
fn refused(evidence: &Evidence, port: u16, blocked: bool) -> Cause {
    let cause = match listening(evidence) {
        Some(Listens { local: true, line, .. }) => {
            Cause::new("C405", "the application listens on localhost only, where nobody reaches it")
                .fact(format!("its log says: {line}"))
        }
        Some(Listens { port: Some(other), line, .. }) if other != port => {
            let what = format!("the application listens on port {other}, not on {port}");
            Cause::new("C404", what).fact(format!("its log says: {line}"))
        }
        Some(_) => Cause::new("C409", "the balancer's health checks cannot connect").likely(),
        None => Cause::new("C406", "the application is not up when the health checks begin")
            .likely()
            .fact(format!("health.grace is {} s", evidence.intent.grace))
            .fact(format!("its log does not say that it listens; the spec says port {port}")),
    };
    let certainty = if blocked { Certainty::Possible } else { cause.certainty };
    Cause { certainty, ..cause }.at(30)
}

/// What a line of the log says about listening.
struct Listens<'l> {
    line: &'l str,
    port: Option<u16>,
    local: bool,
}

fn listening(evidence: &Evidence) -> Option<Listens<'_>> {
    const SAYS: &[&str] =
        &["listen", "running at", "running on", "started on", "serving", "bound to", "http://"];
    evidence.logs.iter().rev().find_map(|line| {
        let lower = line.to_lowercase();
        if !SAYS.iter().any(|says| lower.contains(says)) {
            return None;
        }
        let local = ["127.0.0.1", "localhost", "[::1]"].iter().any(|host| lower.contains(host));
        let number = |word: &str| word.parse::<u16>().ok().filter(|port| *port > 0);
        let behind_colon = lower.rsplit(':').next().and_then(|rest| {
            number(rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default())
        });
        let named = lower
            .split_once("port")
            .and_then(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).find_map(number));
        Some(Listens { line, port: behind_colon.or(named), local })
    })
}

#[cfg(test)]
mod tests {
    use super::causes;
    use crate::{BalancerEvidence, Evidence, Intent, Network, Peer, Permit, Seen};

    fn evidence(said: &str, log: &str) -> Evidence {
        let permit = |port, group: &str| Permit {
            from: port,
            to: port,
            peer: Peer::Group(group.to_owned()),
        };
        let network = Network {
            groups: vec!["sg-tasks".to_owned()],
            lets_in: vec![permit(3000, "sg-balancer")],
            ..Network::default()
        };
        let balancer = BalancerEvidence {
            groups: vec!["sg-balancer".to_owned()],
            lets_out: vec![permit(3000, "sg-tasks")],
            ..BalancerEvidence::default()
        };
        Evidence {
            intent: Intent { port: Some(3000), ..Intent::default() },
            network: Seen::There(network),
            balancer: Seen::There(balancer),
            complaint: Some(said.to_owned()),
            logs: vec![log.to_owned()],
            ..Evidence::default()
        }
    }

    #[test]
    fn complaints_have_causes() {
        let failed = "Health checks failed";
        for (said, log, wanted) in [
            ("Health checks failed with these codes: [404]", "", "C401"),
            ("Health checks failed with these codes: [500]", "", "C401"),
            ("Health checks failed with these codes: [301]", "", "C402"),
            ("Health checks failed with these codes: [401]", "", "C403"),
            (failed, "listening on 0.0.0.0:9090", "C404"),
            (failed, "Express server started on port 8080", "C404"),
            (failed, "listening on http://localhost:3000", "C405"),
            ("Request timed out", "Server running at http://127.0.0.1/", "C405"),
            (failed, "loading model", "C406"),
            ("Request timed out", "", "C407"),
            (failed, "listening on 0.0.0.0:3000", "C409"),
            (
                "Target is in an Availability Zone that is not enabled for the load balancer",
                "",
                "C509",
            ),
            ("Health checks failed due to an internal error", "", "C712"),
        ] {
            let found = causes(&evidence(said, log));
            let codes: Vec<&str> = found.iter().map(|cause| cause.code).collect();
            assert_eq!(codes, [wanted], "{said} {log}");
        }
    }

    #[test]
    fn a_closed_door_comes_before_what_is_behind_it() {
        let mut closed = evidence("Request timed out", "");
        let Seen::There(network) = &mut closed.network else { panic!() };
        network.lets_in[0].to = 2999;
        network.lets_in[0].from = 80;
        let found = crate::judge(&closed);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].code, "C501");
        assert!(found[0].facts[0].contains("lets ports 80 to 2999 in"), "{found:?}");
        let mut closed = evidence("Request timed out", "");
        let Seen::There(balancer) = &mut closed.balancer else { panic!() };
        balancer.lets_out.clear();
        assert_eq!(crate::judge(&closed)[0].code, "C502");
    }
}
