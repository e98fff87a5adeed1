//! Every rule refuses what it is there to refuse: a table of what leads up to a refusal.
//!
//! Each row begins on the same stage, names of which stand in the requests as `$name`:
//! a cluster `notes` with a task definition, a balancer with a listener, a zone, certificates.

mod autoscaling;
mod ecs;
mod ecs_requests;
mod ecs_strategy;
mod elbv2;
mod elbv2_requests;
mod every;
mod iam;
mod network;
mod network_requests;
mod others;
mod page;
mod scheduler;
mod settings;
mod sources;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::{Value, json};
use wharf_sandbox::{Sandbox, rules, world::World};

use crate::{
    acm,
    common::{Answer, json as call_json, query, rest, rest_of},
    ecs_stage::Stage,
    route53,
};

/// What leads up to a refusal; the last request is refused.
pub(super) struct Row {
    rule: &'static str,
    steps: Vec<Step>,
}

/// A request, and what of its answer is kept under a name: a JSON pointer or an XML element.
#[derive(Clone)]
pub(super) struct Step {
    request: Request,
    keep: Option<(&'static str, &'static str)>,
}

#[derive(Clone)]
enum Request {
    Json(&'static str, &'static str, Value),
    Form(&'static str, &'static str, String),
    Rest(&'static str, String, String),
    RestJson(&'static str, &'static str, String, Value),
    Raw(&'static [(&'static str, &'static str)], &'static str, &'static str),
    Wait(u64),
    Arrange(fn(&mut World)),
}

pub(super) fn row(rule: &'static str, steps: impl Into<Vec<Step>>) -> Row {
    Row { rule, steps: steps.into() }
}

pub(super) fn json_step(service: &'static str, operation: &'static str, input: Value) -> Step {
    Step { request: Request::Json(service, operation, input), keep: None }
}

pub(super) fn form_step(service: &'static str, operation: &'static str, form: &str) -> Step {
    Step { request: Request::Form(service, operation, form.to_owned()), keep: None }
}

pub(super) fn rest_step(method: &'static str, path: &str, body: &str) -> Step {
    Step { request: Request::Rest(method, path.to_owned(), body.to_owned()), keep: None }
}

pub(super) fn rest_json_step(
    service: &'static str,
    method: &'static str,
    path: &str,
    body: Value,
) -> Step {
    Step { request: Request::RestJson(service, method, path.to_owned(), body), keep: None }
}

/// Sends a request with these headers, this path and this body.
pub(super) fn raw(
    headers: &'static [(&'static str, &'static str)],
    path: &'static str,
    body: &'static str,
) -> Step {
    Step { request: Request::Raw(headers, path, body), keep: None }
}

/// Changes the world, where requests would be too many.
pub(super) fn arrange(change: fn(&mut World)) -> Step {
    Step { request: Request::Arrange(change), keep: None }
}

pub(super) fn wait(seconds: u64) -> Step {
    Step { request: Request::Wait(seconds), keep: None }
}

impl Step {
    pub(super) fn keep(mut self, name: &'static str, what: &'static str) -> Self {
        self.keep = Some((name, what));
        self
    }
}

/// The names of things that requests use.
type Names = BTreeMap<String, String>;

fn filled(text: &str, names: &Names) -> String {
    // Longer names first: one may begin with another.
    let mut all: Vec<_> = names.iter().collect();
    all.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    all.into_iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
}

async fn send(sandbox: &Sandbox, request: &Request, names: &Names) -> Option<Answer> {
    Some(match request {
        Request::Json(service, operation, input) => {
            let text = input.to_string();
            // What is filled in may hold quotation marks only as JSON has them.
            let input = serde_json::from_str(&filled(&text, names)).unwrap();
            call_json(sandbox, service, operation, input).await
        }
        Request::Form(service, operation, form) => {
            query(sandbox, service, operation, &filled(form, names)).await
        }
        Request::Rest(method, path, body) => {
            rest(sandbox, method, &filled(path, names), &filled(body, names)).await
        }
        Request::RestJson(service, method, path, body) => {
            let body = if body.is_null() { String::new() } else { body.to_string() };
            rest_of(sandbox, service, method, &filled(path, names), &filled(&body, names)).await
        }
        Request::Raw(headers, path, body) => {
            let mut request = http::Request::post(*path);
            for (name, value) in *headers {
                request = request.header(*name, *value);
            }
            crate::common::send(sandbox, request.body((*body).into()).unwrap()).await
        }
        Request::Arrange(change) => {
            sandbox.with_world(change);
            return None;
        }
        Request::Wait(seconds) => {
            tokio::time::sleep(Duration::from_secs(*seconds)).await;
            return None;
        }
    })
}

fn kept(answer: &Answer, what: &str) -> String {
    if what.starts_with('/') {
        let value = answer.json();
        value.pointer(what).and_then(Value::as_str).unwrap().to_owned()
    } else {
        answer.element(what)
    }
}

/// Sets the stage and returns the names of what stands on it.
async fn stage() -> (Sandbox, Names) {
    let stage = Stage::new().await;
    let definition = stage.register("v1", json!({})).await;
    let group = stage.balance(0).await;
    let loose = stage.group("loose").await;
    let zone = route53::zone(&stage.sandbox).await;
    let issued = acm::issued(&stage.sandbox, "www.example.com").await;
    let pending = json!({"DomainName": "late.example.com", "ValidationMethod": "DNS"});
    let pending = call_json(&stage.sandbox, "acm", "RequestCertificate", pending).await.ok();
    let mut names: Names = stage.sandbox.with_world(|world| surroundings(world, &stage.vpc, &zone));
    for (name, value) in [
        ("$definition", definition.as_str()),
        ("$tg", &group),
        ("$loose", &loose),
        ("$vpc", &stage.vpc),
        ("$a", &stage.subnets[0]),
        ("$b", &stage.subnets[1]),
        ("$zone", &zone),
        ("$issued", &issued),
        ("$pending", pending["CertificateArn"].as_str().unwrap()),
    ] {
        names.insert(name.to_owned(), value.to_owned());
    }
    (stage.sandbox, names)
}

fn surroundings(world: &World, vpc: &str, zone: &str) -> Names {
    let region = &world.regions["eu-west-1"];
    let ec2 = &region.ec2;
    let main = ec2.vpcs.values().find(|it| !it.is_default).unwrap().id.clone();
    let mut subnets: Vec<_> = ec2.subnets.values().filter(|it| it.vpc == main).collect();
    subnets.sort_by_key(|subnet| &subnet.zone);
    let of_b = subnets.iter().find(|it| it.zone.ends_with('b')).unwrap();
    let gateways = &ec2.internet_gateways;
    let gateway = gateways.values().find(|it| it.vpc.as_deref() == Some(vpc)).unwrap();
    let set = |kind: &str| {
        let zone = &world.global.route53.zones[zone];
        let found = zone.records.iter().find(|it| it.name == zone.name && it.kind == kind).unwrap();
        let value =
            |value: &String| format!("<ResourceRecord><Value>{value}</Value></ResourceRecord>");
        let values: String = found.values.iter().map(value).collect();
        format!(
            "<Name>{}</Name><Type>{kind}</Type><TTL>{}</TTL><ResourceRecords>{values}\
             </ResourceRecords>",
            zone.name,
            found.ttl.unwrap()
        )
    };
    let elb = &region.elbv2;
    [
        ("$main-vpc", main.clone()),
        ("$main-b", of_b.id.clone()),
        ("$main-group", world.default_group("eu-west-1", &main).unwrap().id.clone()),
        ("$group", world.default_group("eu-west-1", vpc).unwrap().id.clone()),
        ("$igw", gateway.id.clone()),
        ("$lb", elb.balancers.keys().next().unwrap().clone()),
        ("$listener", elb.listeners.keys().next().unwrap().clone()),
        ("$ns-set", set("NS")),
        ("$soa-set", set("SOA")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn rows() -> Vec<Row> {
    [
        every::rows(),
        autoscaling::rows(),
        ecs::rows(),
        ecs_requests::rows(),
        ecs_strategy::rows(),
        elbv2::rows(),
        elbv2_requests::rows(),
        network::rows(),
        network_requests::rows(),
        iam::rows(),
        others::rows(),
        scheduler::rows(),
        settings::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Plays a row; says what went otherwise than it should.
async fn play(sandbox: &Sandbox, row: &Row, mut names: Names) -> Result<(), String> {
    let rule = rules::all().find(|rule| rule.id == row.rule).ok_or("there is no such rule")?;
    let (last, before) = row.steps.split_last().unwrap();
    for step in before {
        let Some(answer) = send(sandbox, &step.request, &names).await else { continue };
        if answer.status >= 300 {
            return Err(format!("a step before was refused: {}", answer.body));
        }
        if let Some((name, what)) = step.keep {
            names.insert(name.to_owned(), kept(&answer, what));
        }
    }
    let answer = send(sandbox, &last.request, &names).await.unwrap();
    let call = sandbox.calls().pop().unwrap();
    let got = (call.rule, call.error.as_deref(), answer.status);
    // A rule of all services has another code in each; some code there is.
    let code = if rule.code == rules::BY_SERVICE { got.1.unwrap() } else { rule.code };
    let wanted = (Some(rule.id), Some(code), rule.status);
    if got == wanted && answer.body.contains(code) {
        return Ok(());
    }
    Err(format!("{got:?} instead of {wanted:?}: {}", answer.body))
}

#[tokio::test(start_paused = true)]
async fn every_rule_refuses_under_its_own_name_with_its_own_code() {
    let (sandbox, names) = stage().await;
    let base = sandbox.with_world(|world| world.clone());
    let mut problems = Vec::new();
    for row in rows() {
        sandbox.with_world(|world| *world = World { now: world.now, ..base.clone() });
        if let Err(problem) = play(&sandbox, &row, names.clone()).await {
            problems.push(format!("{}: {problem}", row.rule));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_rule_has_a_name_of_its_own_and_a_row() {
    let ids: Vec<&str> = rules::all().map(|rule| rule.id).collect();
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(unique.len(), ids.len());
    let tested: BTreeSet<&str> = rows().iter().map(|row| row.rule).collect();
    let untested: Vec<&&str> = unique.difference(&tested).collect();
    assert!(untested.is_empty(), "{untested:?}");
}
