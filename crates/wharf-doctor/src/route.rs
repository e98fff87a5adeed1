//! What is between people and the tasks: names, certificate, balancer, listener, rule.

use crate::start::settled;
use crate::{Cause, Evidence, GroupEvidence, Peer, Seen, Way};

pub(crate) fn causes(evidence: &Evidence) -> Vec<Cause> {
    if evidence.intent.port.is_none() || evidence.service.get().is_none() {
        return Vec::new();
    }
    let mut found = Vec::new();
    found.extend(names(evidence));
    found.extend(certificate(evidence));
    found.extend(balancer(evidence));
    found.extend(group(evidence));
    found
}

fn names(evidence: &Evidence) -> Vec<Cause> {
    let Some(balancer) = evidence.balancer.get() else { return Vec::new() };
    let mut found = Vec::new();
    for name in &evidence.names {
        match &name.leads_to {
            Seen::Absent => found.push(
                Cause::new("C709", format!("no record leads from {} to the balancer", name.name))
                    .fact(format!("its hosted zone has no A record for {}", name.name))
                    .at(44),
            ),
            Seen::There(target) if !leads(target, &balancer.dns) => found.push(
                Cause::new("C710", format!("{} leads somewhere else", name.name))
                    .fact(format!("its record leads to {target}, the balancer is {}", balancer.dns))
                    .at(44),
            ),
            Seen::There(_) | Seen::Unread => {}
        }
    }
    found
}

/// Says whether a record's target is the balancer; alias targets may begin with `dualstack.`
/// (Route 53 developer guide, alias records).
pub(crate) fn leads(target: &str, dns: &str) -> bool {
    let plain = |text: &str| text.trim_end_matches('.').to_lowercase();
    let target = plain(target);
    target.strip_prefix("dualstack.").unwrap_or(&target) == plain(dns)
}

fn certificate(evidence: &Evidence) -> Option<Cause> {
    let found = evidence.certificate.get()?;
    let fact = format!("the certificate is {}", found.status);
    let cause = match (found.status.as_str(), found.reason.as_str()) {
        ("ISSUED", _) => return None,
        (_, "CAA_ERROR") => {
            Cause::new("C707", "a CAA record keeps Amazon from issuing the certificate")
        }
        ("PENDING_VALIDATION", _) if !found.missing_records.is_empty() => {
            Cause::new("C706", "the certificate waits for a record that is not in the hosted zone")
                .fact(format!("missing for {}", found.missing_records.join(", ")))
        }
        ("PENDING_VALIDATION", _) => {
            Cause::new("C705", "the world does not see the hosted zone the certificate waits for")
                .likely()
                .fact("the validation record is in the hosted zone, and ACM does not find it")
        }
        (status, "") => Cause::new("C708", format!("the certificate is {}", status.to_lowercase())),
        (_, reason) => Cause::new("C708", format!("the certificate failed: {reason}")),
    };
    Some(cause.fact(fact).at(43))
}

fn balancer(evidence: &Evidence) -> Vec<Cause> {
    let found = match &evidence.balancer {
        Seen::Unread => return Vec::new(),
        Seen::Absent => {
            return vec![
                Cause::new("C711", "the balancer does not exist")
                    .fact("no balancer has the stack's name")
                    .at(2),
            ];
        }
        Seen::There(found) => found,
    };
    let mut causes = Vec::new();
    if found.state == "failed" {
        let cause = Cause::new("C711", "the balancer could not be provisioned");
        causes.push(cause.fact("its state is `failed`").at(2));
    }
    if found.listeners.is_empty() {
        causes.push(
            Cause::new("C704", "the balancer has no listener")
                .fact("nothing answers on any of its ports")
                .at(40),
        );
    }
    let people = |port: u16| {
        found
            .lets_in
            .iter()
            .any(|permit| permit.covers(port) && matches!(permit.peer, Peer::Range(_)))
    };
    let closed: Vec<String> =
        found.listeners.iter().filter(|port| !people(**port)).map(ToString::to_string).collect();
    if !closed.is_empty() {
        let ports = closed.join(" and ");
        causes.push(
            Cause::new(
                "C507",
                format!("the balancer's security group lets nobody in on port {ports}"),
            )
            .fact(format!("no rule of {} lets port {ports} in", found.groups.join(", ")))
            .at(41),
        );
    }
    if evidence.intent.public
        && !found.subnets.is_empty()
        && found.subnets.iter().all(|subnet| subnet.way != Way::Internet)
    {
        let ids: Vec<&str> = found.subnets.iter().map(|subnet| subnet.id.as_str()).collect();
        causes.push(
            Cause::new("C508", "the balancer's subnets have no route to an internet gateway")
                .fact(format!("{} lead nowhere or to a NAT gateway", ids.join(", ")))
                .at(42),
        );
    }
    let outside: Vec<&str> = evidence
        .network
        .get()
        .into_iter()
        .flat_map(|network| &network.subnets)
        .map(|subnet| subnet.zone.as_str())
        .filter(|zone| !found.zones.iter().any(|served| served == zone))
        .collect();
    let unused = evidence.targets.iter().any(|target| target.description.contains("Zone"));
    if !outside.is_empty() && !found.zones.is_empty() && unused {
        causes.push(
            Cause::new("C509", "tasks run in a zone that the balancer does not serve")
                .fact(format!("it serves {}, not {}", found.zones.join(", "), outside.join(", ")))
                .at(28),
        );
    }
    causes
}

fn group(evidence: &Evidence) -> Option<Cause> {
    match &evidence.group {
        Seen::Unread => None,
        // Without a balancer or its listeners, nothing can lead anywhere.
        Seen::Absent => Some(
            Cause::new("C702", "the target group of the service does not exist")
                .fact("the service names a target group that is gone")
                .at(3),
        ),
        Seen::There(_) if evidence.balancer.is_absent() => None,
        Seen::There(group)
            if !group.reached
                && evidence.balancer.get().is_none_or(|found| !found.listeners.is_empty()) =>
        {
            Some(
                Cause::new("C701", "no listener or rule leads to the service")
                    .fact(format!("nothing forwards to target group {}", group.name))
                    .at(40),
            )
        }
        Seen::There(GroupEvidence { astray: Some(astray), .. }) => Some(
            Cause::new("C714", "requests do not all go to the tasks that serve")
                .fact(format!("requests go {astray}, and no rollout moves them"))
                .at(40),
        ),
        Seen::There(_) => unhealthy(evidence),
    }
}

/// The rest, when nothing else says why: no target takes requests.
fn unhealthy(evidence: &Evidence) -> Option<Cause> {
    if settled(evidence) || evidence.service.get()?.desired == 0 {
        return None;
    }
    let healthy = evidence.targets.iter().any(|target| target.state == "healthy");
    if healthy {
        return None;
    }
    let shown = match evidence.targets.first() {
        Some(target) => {
            format!("target {}: {}, {}", target.address, target.state, target.description)
        }
        None => "no target is registered".to_owned(),
    };
    Some(Cause::new("C703", "no task takes requests").possible().fact(shown).at(50))
}

#[cfg(test)]
mod tests {
    use super::{causes, leads};
    use crate::{
        BalancerEvidence, CertificateEvidence, Evidence, GroupEvidence, Intent, NameEvidence, Peer,
        Permit, Seen, ServiceEvidence, SubnetEvidence, TargetEvidence, Way,
    };

    fn well() -> Evidence {
        let anybody = Permit { from: 80, to: 443, peer: Peer::Range("0.0.0.0/0".to_owned()) };
        let subnet = SubnetEvidence { way: Way::Internet, ..SubnetEvidence::default() };
        let balancer = BalancerEvidence {
            dns: "notes-1.elb.amazonaws.com".to_owned(),
            listeners: vec![80, 443],
            lets_in: vec![anybody],
            subnets: vec![subnet],
            ..BalancerEvidence::default()
        };
        let service = ServiceEvidence { desired: 1, running: 1, ..ServiceEvidence::default() };
        let name = NameEvidence {
            name: "notes.example.com".to_owned(),
            leads_to: Seen::There("dualstack.NOTES-1.elb.amazonaws.com.".to_owned()),
        };
        let target = TargetEvidence { state: "healthy".to_owned(), ..TargetEvidence::default() };
        let certificate =
            CertificateEvidence { status: "ISSUED".to_owned(), ..CertificateEvidence::default() };
        Evidence {
            intent: Intent { port: Some(3000), public: true, ..Intent::default() },
            service: Seen::There(service),
            balancer: Seen::There(balancer),
            group: Seen::There(GroupEvidence { reached: true, ..GroupEvidence::default() }),
            certificate: Seen::There(certificate),
            names: vec![name],
            targets: vec![target],
            ..Evidence::default()
        }
    }

    fn balancer(evidence: &mut Evidence) -> &mut BalancerEvidence {
        let Seen::There(found) = &mut evidence.balancer else { panic!("there is one") };
        found
    }

    fn certificate(status: &str, reason: &str, missing: &[&str]) -> Seen<CertificateEvidence> {
        Seen::There(CertificateEvidence {
            status: status.to_owned(),
            reason: reason.to_owned(),
            missing_records: missing.iter().map(|name| (*name).to_owned()).collect(),
        })
    }

    #[test]
    fn each_break_on_the_way_has_its_cause() {
        type Break = fn(&mut Evidence);
        let cases: &[(&str, Break)] = &[
            ("C709", |it| it.names[0].leads_to = Seen::Absent),
            ("C710", |it| it.names[0].leads_to = Seen::There("old.example.org".to_owned())),
            ("C705", |it| it.certificate = certificate("PENDING_VALIDATION", "", &[])),
            ("C706", |it| it.certificate = certificate("PENDING_VALIDATION", "", &["a"])),
            ("C707", |it| it.certificate = certificate("FAILED", "CAA_ERROR", &[])),
            ("C708", |it| it.certificate = certificate("EXPIRED", "", &[])),
            ("C711", |it| it.balancer = Seen::Absent),
            ("C704", |it| balancer(it).listeners.clear()),
            ("C507", |it| balancer(it).lets_in.clear()),
            ("C508", |it| balancer(it).subnets[0].way = Way::Nat),
            ("C702", |it| it.group = Seen::Absent),
            ("C701", |it| it.group = Seen::There(GroupEvidence::default())),
            ("C714", |it| {
                let astray = Some("to both target groups".to_owned());
                it.group = Seen::There(GroupEvidence {
                    reached: true,
                    astray,
                    ..GroupEvidence::default()
                });
            }),
            ("C703", |it| it.targets.clear()),
        ];
        assert_eq!(causes(&well()), []);
        for (wanted, change) in cases {
            let mut evidence = well();
            change(&mut evidence);
            let found: Vec<&str> = causes(&evidence).iter().map(|cause| cause.code).collect();
            assert_eq!(found, [*wanted]);
        }
    }

    #[test]
    fn what_was_not_read_proves_nothing() {
        let mut evidence = well();
        evidence.balancer = Seen::Unread;
        evidence.group = Seen::Unread;
        evidence.certificate = Seen::Unread;
        evidence.names[0].leads_to = Seen::Unread;
        assert_eq!(causes(&evidence), []);
    }

    #[test]
    fn aliases_of_both_kinds_lead_to_the_balancer() {
        assert!(leads("dualstack.a.b.", "A.b") && leads("a.b", "a.b"));
        assert!(!leads("c.b", "a.b"));
    }
}
