//! The way of a request, hop by hop: name, certificate, listener, rule, target group, security
//! group, port, container, log.

use serde::Serialize;

use crate::start::settled;
use crate::{Cause, Evidence, Seen, judge, stopped};

/// How a hop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A fact shows that it works.
    Ok,
    /// A fact shows that it does not.
    Broken,
    /// It was not read, or cannot be known while an earlier hop is broken.
    Unknown,
}

/// One hop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// What it is.
    pub name: &'static str,
    /// How it is.
    pub state: State,
    /// The fact that shows it.
    pub fact: String,
}

/// Goes the way of a request to the service; a service without a port has but container and log.
pub fn walk(evidence: &Evidence) -> Vec<Hop> {
    let causes = judge(evidence);
    let mut hops = Vec::new();
    if evidence.intent.port.is_some() {
        if !evidence.names.is_empty() {
            hops.push(dns(evidence, &causes));
            hops.push(certificate(evidence, &causes));
        }
        hops.push(listener(evidence, &causes));
        hops.push(rule(evidence, &causes));
        hops.push(target_group(evidence, &causes));
        hops.push(security_group(evidence, &causes));
        hops.push(port(evidence, &causes));
    }
    hops.push(container(evidence, &causes));
    hops.push(log(evidence, &causes));
    hops
}

/// Returns the hop as broken if a cause with one of the codes was found.
fn broken(name: &'static str, causes: &[Cause], codes: &[&str]) -> Option<Hop> {
    let cause =
        causes.iter().find(|cause| codes.iter().any(|code| cause.code.starts_with(code)))?;
    let fact = format!("{}: {}", cause.code, cause.what);
    Some(Hop { name, state: State::Broken, fact })
}

fn ok(name: &'static str, fact: impl Into<String>) -> Hop {
    Hop { name, state: State::Ok, fact: fact.into() }
}

fn unknown(name: &'static str, fact: impl Into<String>) -> Hop {
    Hop { name, state: State::Unknown, fact: fact.into() }
}

fn dns(evidence: &Evidence, causes: &[Cause]) -> Hop {
    let name = "DNS";
    let all: Vec<&str> = evidence.names.iter().map(|name| name.name.as_str()).collect();
    broken(name, causes, &["C709", "C710"]).unwrap_or_else(|| {
        let read = evidence.names.iter().all(|name| name.leads_to.get().is_some());
        match evidence.balancer.get() {
            Some(balancer) if read => ok(name, format!("{} -> {}", all.join(", "), balancer.dns)),
            _ => unknown(name, format!("the records of {} were not read", all.join(", "))),
        }
    })
}

fn certificate(evidence: &Evidence, causes: &[Cause]) -> Hop {
    let name = "certificate";
    broken(name, causes, &["C705", "C706", "C707", "C708"]).unwrap_or_else(|| {
        match &evidence.certificate {
            Seen::There(found) => ok(name, format!("it is {}", found.status)),
            Seen::Absent => {
                Hop { name, state: State::Broken, fact: "there is no certificate".to_owned() }
            }
            Seen::Unread => unknown(name, "it was not read"),
        }
    })
}

fn listener(evidence: &Evidence, causes: &[Cause]) -> Hop {
    let name = "listener";
    broken(name, causes, &["C711", "C704", "C507", "C508"]).unwrap_or_else(|| {
        match evidence.balancer.get() {
            Some(found) => {
                let ports: Vec<String> = found.listeners.iter().map(ToString::to_string).collect();
                ok(name, format!("{} answers on port {}", found.dns, ports.join(" and ")))
            }
            None => unknown(name, "the balancer was not read"),
        }
    })
}

fn rule(evidence: &Evidence, causes: &[Cause]) -> Hop {
    let name = "rule";
    broken(name, causes, &["C701", "C714"]).unwrap_or_else(|| match evidence.group.get() {
        Some(group) if group.reached => {
            ok(name, format!("requests are forwarded to target group {}", group.name))
        }
        _ => unknown(name, "what the listeners lead to was not read"),
    })
}

fn target_group(evidence: &Evidence, causes: &[Cause]) -> Hop {
    let name = "target group";
    broken(name, causes, &["C702", "C509", "C510", "C712"]).unwrap_or_else(|| {
        let healthy = evidence.targets.iter().filter(|target| target.state == "healthy").count();
        match evidence.group.get() {
            None => unknown(name, "it was not read"),
            Some(_) if settled(evidence) => {
                ok(name, format!("{healthy} of {} targets healthy", evidence.targets.len()))
            }
            Some(_) => {
                let trouble = evidence.targets.iter().find(|target| !target.description.is_empty());
                let said = evidence
                    .complaint
                    .clone()
                    .or_else(|| trouble.map(|target| target.description.clone()))
                    .unwrap_or_else(|| "no target is registered".to_owned());
                Hop {
                    name,
                    state: State::Broken,
                    fact: format!("{healthy} targets healthy; {said}"),
                }
            }
        }
    })
}

fn security_group(evidence: &Evidence, causes: &[Cause]) -> Hop {
    let name = "security group";
    broken(name, causes, &["C501", "C502"]).unwrap_or_else(|| {
        let port = evidence.intent.port.unwrap_or_default();
        match (evidence.network.get(), evidence.balancer.get()) {
            (Some(network), Some(balancer)) => ok(
                name,
                format!(
                    "{} lets port {port} in from {}",
                    network.groups.join(", "),
                    balancer.groups.join(", ")
                ),
            ),
            _ => unknown(name, "its rules were not read"),
        }
    })
}

fn port(evidence: &Evidence, causes: &[Cause]) -> Hop {
    let name = "port";
    broken(name, causes, &["C401", "C402", "C403", "C404", "C405", "C406", "C407", "C409"])
        .unwrap_or_else(|| {
            let port = evidence.intent.port.unwrap_or_default();
            if evidence.targets.iter().any(|target| target.state == "healthy") {
                let path = &evidence.intent.health_path;
                ok(
                    name,
                    format!("{path} on port {port} answers with {}", evidence.intent.health_codes),
                )
            } else {
                unknown(name, format!("nothing was heard from port {port}"))
            }
        })
}

fn container(evidence: &Evidence, causes: &[Cause]) -> Hop {
    let name = "container";
    let codes = ["C1", "C2", "C3", "C408", "C503", "C504", "C505", "C506", "C6", "C8"];
    broken(name, causes, &codes).unwrap_or_else(|| match &evidence.service {
        Seen::Unread => unknown(name, "the service was not read"),
        Seen::Absent => {
            Hop { name, state: State::Broken, fact: "the service does not exist yet".to_owned() }
        }
        Seen::There(service) if service.running >= service.desired => {
            let (running, desired) = (service.running, service.desired);
            ok(name, format!("{running} of {desired} tasks running, release {}", service.release))
        }
        Seen::There(service) => {
            let last = evidence.stopped.last().map(|task| format!("; {}", stopped::said(task)));
            let (running, desired) = (service.running, service.desired);
            let fact = format!("{running} of {desired} tasks running{}", last.unwrap_or_default());
            Hop { name, state: State::Broken, fact }
        }
    })
}

fn log(evidence: &Evidence, causes: &[Cause]) -> Hop {
    let name = "logs";
    broken(name, causes, &["C204", "C803"]).unwrap_or_else(|| {
        match (&evidence.log_group, evidence.logs.last()) {
            (Seen::Absent, _) => {
                Hop { name, state: State::Broken, fact: "the log group does not exist".to_owned() }
            }
            (Seen::Unread, None) => unknown(name, "they were not read"),
            (Seen::There(group), None) => ok(name, format!("{group} has no lines of these tasks")),
            (_, Some(line)) => ok(name, format!("last line: {line}")),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{State, walk};
    use crate::{Evidence, Intent, Seen, ServiceEvidence};

    #[test]
    fn a_worker_has_no_way_from_outside() {
        let evidence = Evidence {
            service: Seen::There(ServiceEvidence { desired: 1, ..ServiceEvidence::default() }),
            ..Evidence::default()
        };
        let hops = walk(&evidence);
        let names: Vec<&str> = hops.iter().map(|hop| hop.name).collect();
        assert_eq!(names, ["container", "logs"]);
        assert_eq!((hops[0].state, hops[1].state), (State::Broken, State::Unknown));
    }

    #[test]
    fn what_was_not_read_is_unknown() {
        let evidence = Evidence {
            intent: Intent { port: Some(1), ..Intent::default() },
            ..Evidence::default()
        };
        assert!(walk(&evidence).iter().all(|hop| hop.state == State::Unknown));
    }
}
