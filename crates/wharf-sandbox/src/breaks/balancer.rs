//! Cases between people and the tasks: names, certificates, listeners, target groups.

use serde_json::json;

use super::{
    case::{Case, edit},
    network::NO_BALANCER,
    place::Place,
};
use crate::{
    services::{
        elbv2::state::{Action, Deed},
        route53::state::RecordSet,
    },
    world::World,
};

pub(super) const CASES: &[Case] = &[
    edit(
        "rule-gone",
        "C701",
        "nothing leads from the listeners to the target group any more",
        "target: Target.NotInUse",
        detach,
    ),
    edit(
        "weights-split",
        "C714",
        "both target groups of the service get requests",
        "rule: two target groups with a weight, one of them without targets",
        split,
    ),
    edit(
        "target-group-gone",
        "C702",
        "the target group is gone",
        "event: … is not healthy in target-group … due to TARGET GROUP IS NOT FOUND",
        |world, place| {
            detach(world, place)?;
            let groups = &mut world.region(&place.region).elbv2.target_groups;
            groups.retain(|arn, _| !place.target_groups.contains(arn));
            Ok(())
        },
    ),
    edit(
        "listener-gone",
        "C704",
        "the balancer's listeners are gone",
        "connections are refused",
        |world, place| {
            let arn = place.balancer(world).ok_or(NO_BALANCER)?.arn.clone();
            let elb = &mut world.region(&place.region).elbv2;
            elb.listeners.retain(|_, listener| listener.balancer != arn);
            let listeners = elb.listeners.clone();
            elb.rules.retain(|_, rule| listeners.contains_key(&rule.listener));
            Ok(())
        },
    ),
    edit(
        "balancer-gone",
        "C711",
        "the balancer is gone",
        "the name does not resolve",
        |world, place| {
            let found = place.balancer(world).ok_or(NO_BALANCER)?;
            let (arn, interfaces) = (found.arn.clone(), found.subnets.clone());
            let state = world.region(&place.region);
            state.elbv2.balancers.remove(&arn);
            state.elbv2.listeners.retain(|_, listener| listener.balancer != arn);
            let listeners = state.elbv2.listeners.clone();
            state.elbv2.rules.retain(|_, rule| listeners.contains_key(&rule.listener));
            state.ec2.interfaces.retain(|id, _| !interfaces.values().any(|eni| eni == id));
            Ok(())
        },
    ),
    edit(
        "certificate-pending",
        "C706",
        "the certificate waits for its validation again, and its records are gone",
        "certificate: PENDING_VALIDATION",
        |world, place| {
            certificate(world, place, "PENDING_VALIDATION", None)?;
            for zone in world.global.route53.zones.values_mut() {
                zone.records.retain(|record| !record.values.iter().any(|it| is_validation(it)));
            }
            Ok(())
        },
    ),
    edit(
        "zone-undelegated",
        "C705",
        "the domain's registrar does not lead to the hosted zone; the certificate waits",
        "certificate: PENDING_VALIDATION",
        |world, place| {
            certificate(world, place, "PENDING_VALIDATION", None)?;
            for zone in world.global.route53.zones.values_mut() {
                zone.registered = false;
            }
            Ok(())
        },
    ),
    edit(
        "caa-forbids",
        "C707",
        "a CAA record keeps Amazon from issuing; the certificate has failed",
        "certificate: FAILED, CAA_ERROR",
        |world, place| {
            certificate(world, place, "FAILED", Some("CAA_ERROR"))?;
            for zone in world.global.route53.zones.values_mut().filter(|zone| !zone.private) {
                let record = RecordSet {
                    name: zone.name.clone(),
                    kind: "CAA".to_owned(),
                    set_identifier: None,
                    weight: None,
                    ttl: Some(300),
                    values: vec!["0 issue \"letsencrypt.org\"".to_owned()],
                    alias: None,
                };
                zone.records.insert(0, record);
            }
            Ok(())
        },
    ),
    edit(
        "certificate-expired",
        "C708",
        "the certificate has expired",
        "certificate: EXPIRED",
        |world, place| certificate(world, place, "EXPIRED", None),
    ),
    edit(
        "record-gone",
        "C709",
        "the records that lead to the balancer are gone",
        "the name does not resolve",
        |world, place| {
            let dns = balancer_dns(world, place)?;
            let mut any = false;
            for zone in world.global.route53.zones.values_mut() {
                let before = zone.records.len();
                zone.records.retain(|record| !leads_to(record, &dns));
                any |= zone.records.len() < before;
            }
            if any { Ok(()) } else { Err("no record leads to its balancer".to_owned()) }
        },
    ),
    edit(
        "record-elsewhere",
        "C710",
        "the records lead to another balancer",
        "the name shows something else",
        |world, place| {
            let dns = balancer_dns(world, place)?;
            let mut any = false;
            for zone in world.global.route53.zones.values_mut() {
                for record in zone.records.iter_mut().filter(|record| leads_to(record, &dns)) {
                    if let Some(alias) = &mut record.alias {
                        "dualstack.old-123456789.eu-west-1.elb.amazonaws.com."
                            .clone_into(&mut alias.name);
                        any = true;
                    }
                }
            }
            if any { Ok(()) } else { Err("no record leads to its balancer".to_owned()) }
        },
    ),
];

fn is_validation(value: &str) -> bool {
    value.trim_end_matches('.').ends_with("acm-validations.aws")
}

fn balancer_dns(world: &World, place: &Place) -> Result<String, String> {
    Ok(place.balancer(world).ok_or(NO_BALANCER)?.dns_name.to_lowercase())
}

fn leads_to(record: &RecordSet, dns: &str) -> bool {
    record.alias.as_ref().is_some_and(|alias| alias.name.trim_end_matches('.').ends_with(dns))
}

/// Lets no listener or rule forward to the service.
fn detach(world: &mut World, place: &Place) -> Result<(), String> {
    let elb = &mut world.region(&place.region).elbv2;
    let ours =
        |action: &Action| action.groups().iter().any(|(arn, _)| place.target_groups.contains(arn));
    let mut any = false;
    elb.rules.retain(|_, rule| {
        let used = rule.actions.iter().any(ours);
        any |= used;
        !used
    });
    let nothing = json!({"StatusCode": "404", "ContentType": "text/plain"});
    for listener in elb.listeners.values_mut().filter(|it| it.actions.iter().any(ours)) {
        listener.actions = vec![Action { order: 1, what: Deed::FixedResponse(nothing.clone()) }];
        any = true;
    }
    if any { Ok(()) } else { Err(NO_BALANCER.to_owned()) }
}

/// Changes the state of the certificates the balancer uses.
fn certificate(
    world: &mut World,
    place: &Place,
    status: &str,
    failure: Option<&str>,
) -> Result<(), String> {
    let balancer = place.balancer(world).ok_or(NO_BALANCER)?.arn.clone();
    let state = world.region(&place.region);
    let listeners = state.elbv2.listeners.values().filter(|it| it.balancer == balancer);
    let used: Vec<String> = listeners.flat_map(|it| it.certificates.clone()).collect();
    let mut any = false;
    for found in state.acm.certificates.values_mut().filter(|it| used.contains(&it.arn)) {
        status.clone_into(&mut found.status);
        found.failure = failure.map(str::to_owned);
        if status == "PENDING_VALIDATION" {
            found.validated.clear();
        }
        any = true;
    }
    if any { Ok(()) } else { Err("its balancer has no certificate".to_owned()) }
}

/// Gives half of the requests to each of the two target groups of the service.
fn split(world: &mut World, place: &Place) -> Result<(), String> {
    let elb = &mut world.region(&place.region).elbv2;
    let listeners = elb.listeners.values_mut().map(|listener| &mut listener.actions);
    let rules = elb.rules.values_mut().map(|rule| &mut rule.actions);
    let mut done = false;
    for action in listeners.chain(rules).flatten() {
        let Deed::Forward { groups, .. } = &mut action.what else { continue };
        if groups.len() == 2 && groups.iter().any(|(arn, _)| place.target_groups.contains(arn)) {
            for (_, weight) in groups {
                *weight = 50;
            }
            done = true;
        }
    }
    if done { Ok(()) } else { Err("its requests do not move between two target groups".to_owned()) }
}
