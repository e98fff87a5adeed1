//! Checks that need the whole stack.

use std::collections::{BTreeMap, BTreeSet};

use crate::keys::{nearest, shorten};
use crate::names::{BALANCER_LIMIT, ROLE_LIMIT, TARGET_GROUP_LIMIT, fit};
use crate::problem::{Problem, Span};
use crate::read::{Cx, MAX_CONDITIONS};
use crate::stack::{CertificateSource, Stack};

/// Names on one certificate (ACM quotas).
const MAX_CERTIFICATE_NAMES: usize = 10;

/// Kinds that `protect` may name, alone or as `kind.name`.
pub const PROTECTABLE: &[&str] = &[
    "certificate",
    "cluster",
    "dns_record",
    "listener",
    "listener_rule",
    "load_balancer",
    "log_group",
    "repository",
    "role",
    "security_group",
    "service",
    "target_group",
    "task_definition",
];

/// Words of the spec that stand for a kind, when they stand alone.
const KIND_WORDS: &[(&str, &str)] = &[("balancer", "load_balancer"), ("logs", "log_group")];

pub(crate) fn check(cx: &mut Cx, stack: &Stack) {
    routes(cx);
    certificate(cx, stack);
    uncovered_hosts(cx, stack);
    protect(cx);
    lengths(cx, stack);
    if let Some(span) = cx.balancer_span.filter(|_| cx.routed.is_empty()) {
        cx.push(
            Problem::warning("W102", span, "`balancer` has no effect")
                .label("no service has a `port`, so there is no balancer"),
        );
    }
}

/// Two services must not claim the same requests.
fn routes(cx: &mut Cx) {
    let mut problems = Vec::new();
    let mut taken: BTreeMap<(&str, &str), (&str, Span)> = BTreeMap::new();
    for routed in &cx.routed {
        let anything = [(String::new(), routed.port)];
        let or_any = |list: &[(String, Span)]| {
            // More than a rule takes was reported before, and need not be multiplied out.
            let list = &list[..list.len().min(MAX_CONDITIONS)];
            if list.is_empty() { anything.to_vec() } else { list.to_vec() }
        };
        let by_default = routed.hosts.is_empty() && routed.paths.is_empty();
        let (hosts, paths) = (or_any(&routed.hosts), or_any(&routed.paths));
        for host in &hosts {
            for path in &paths {
                let key = (find(&routed.hosts, &host.0), find(&routed.paths, &path.0));
                let span = if routed.paths.is_empty() { host.1 } else { path.1 };
                match taken.get(&key) {
                    None => {
                        taken.insert(key, (&routed.service, span));
                    }
                    Some((other, _)) if *other == routed.service => {
                        let message = "the same host or path is listed twice";
                        problems.push(Problem::error("E071", span, message).label("again"));
                    }
                    Some((other, first)) if by_default => problems.push(
                        Problem::error("E070", span, "two services want all requests")
                            .label(format!("`{}` has a port and no route", routed.service))
                            .also(*first, format!("so has `{other}`"))
                            .note("one balancer stands in front of all services with a port")
                            .help("give one of them `route: { path: /api/* }`, `route: { host: … }` or a `domain`"),
                    ),
                    Some((other, first)) => problems.push(
                        Problem::error("E071", span, "two services want the same requests")
                            .label(format!("leads to `{}`", routed.service))
                            .also(*first, format!("leads to `{other}`"))
                            .help("tell them apart by `route: { host: …, path: … }`"),
                    ),
                }
            }
        }
    }
    cx.problems.append(&mut problems);
}

/// Finds a text in a list; the empty text stands for an empty list.
fn find<'l>(list: &'l [(String, Span)], text: &str) -> &'l str {
    list.iter().find(|(item, _)| item == text).map_or("", |(item, _)| item)
}

/// All domains share one HTTPS listener, so one certificate and one policy.
fn certificate(cx: &mut Cx, stack: &Stack) {
    let mut problems = Vec::new();
    let mut first: Option<(&crate::stack::Domain, Span, Span, &str)> = None;
    let mut names: Vec<(&str, Span)> = Vec::new();
    for routed in &cx.routed {
        let service = stack.services.get(&routed.service);
        let Some(domain) = service.and_then(|s| s.routing.as_ref()).and_then(|r| r.domain.as_ref())
        else {
            continue;
        };
        names.extend(routed.names.iter().map(|(name, span)| (name.as_str(), *span)));
        let Some((other, certificate, tls, other_service)) = first else {
            first = Some((domain, routed.certificate, routed.tls, &routed.service));
            continue;
        };
        let differ = |what: &str, here: Span, there: Span| {
            Problem::error("E063", here, format!("all domains of a stack must agree on `{what}`"))
                .label("says one thing")
                .also(there, format!("`{other_service}` says another"))
                .note("they share one HTTPS listener on one balancer")
        };
        if domain.certificate != other.certificate {
            problems.push(differ("certificate", routed.certificate, certificate));
        }
        if domain.tls_policy != other.tls_policy {
            problems.push(differ("tls", routed.tls, tls));
        }
    }
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for (name, span) in names {
        if seen.insert(name)
            && seen.len() == MAX_CERTIFICATE_NAMES + 1
            && stack.certificate() == Some(CertificateSource::Auto)
        {
            problems.push(
                Problem::error(
                    "E062",
                    span,
                    format!("a certificate has {MAX_CERTIFICATE_NAMES} names at most"),
                )
                .label("one too many, over all services")
                .note("this is the quota of ACM unless it was raised for the account")
                .help("bring an own certificate: `certificate: arn:aws:acm:…`"),
            );
        }
    }
    cx.problems.append(&mut problems);
}

/// With HTTPS, every host needs a certificate that covers it.
fn uncovered_hosts(cx: &mut Cx, stack: &Stack) {
    if stack.certificate() != Some(CertificateSource::Auto) {
        return;
    }
    let names = stack.domain_names();
    let mut problems = Vec::new();
    for routed in &cx.routed {
        for (host, span) in &routed.hosts {
            if !names.contains(host) {
                problems.push(
                    Problem::warning(
                        "W107",
                        *span,
                        format!("no certificate covers `{}`", shorten(host)),
                    )
                    .label("browsers will refuse it")
                    .of(&routed.service)
                    .note("another service has a `domain`, so HTTP is redirected to HTTPS")
                    .help("add the name to a `domain`"),
                );
            }
        }
    }
    cx.problems.append(&mut problems);
}

fn protect(cx: &mut Cx) {
    let names = std::mem::take(&mut cx.protect);
    for (name, span) in &names {
        let (kind, object) = match name.split_once('.') {
            Some((kind, object)) => (kind, Some(object)),
            None => (name.as_str(), None),
        };
        let word = KIND_WORDS.iter().find(|(word, _)| *word == kind).map(|(_, kind)| *kind);
        if word.is_some() && object.is_none() {
            continue;
        }
        if !PROTECTABLE.contains(&kind) {
            let problem = Problem::error(
                "E083",
                *span,
                format!("`{}` names nothing wharf makes", shorten(name)),
            )
            .label("expected a kind such as `balancer`, or an address such as `repository.web`");
            let is_service = cx.services.iter().any(|(service, _)| service == name);
            let problem = if is_service {
                problem.help(format!("for the service of this name, write `service.{name}`"))
            } else if let Some(near) = word.or_else(|| nearest(kind, kinds())) {
                problem.help(format!("did you mean `{}`?", name.replacen(kind, near, 1)))
            } else {
                problem.help(format!("the kinds are: {}", kinds().collect::<Vec<_>>().join(", ")))
            };
            cx.push(problem);
            continue;
        }
        let per_service = ["repository", "service", "target_group", "task_definition", "log_group"];
        let Some(object) = object.filter(|_| per_service.contains(&kind)) else { continue };
        let services: Vec<String> = cx.services.iter().map(|(name, _)| name.clone()).collect();
        if !services.iter().any(|service| service == object) {
            let problem =
                Problem::error("E083", *span, format!("there is no service `{}`", shorten(object)))
                    .label("protects nothing");
            cx.push(match nearest(object, services.iter().map(String::as_str)) {
                Some(near) => problem.help(format!("did you mean `{kind}.{near}`?")),
                None => problem,
            });
        }
    }
    cx.protect = names;
}

fn kinds() -> impl Iterator<Item = &'static str> {
    KIND_WORDS.iter().map(|(word, _)| *word).chain(PROTECTABLE.iter().copied())
}

/// Says when AWS's limits make wharf shorten a name, and to what.
fn lengths(cx: &mut Cx, stack: &Stack) {
    let name = stack.name();
    let shortened = |span: Option<Span>, long: &str, what: &str, becomes: String| {
        Problem::warning("W101", span, format!("`{long}` is too long for the name of {what}"))
            .label(becomes)
            .note("the end of a name that is too long for AWS becomes a hash, so that names stay apart")
    };
    let mut problems = Vec::new();
    if name.len() > BALANCER_LIMIT && !cx.routed.is_empty() {
        let becomes = format!("will be `{}`", fit(&name, BALANCER_LIMIT));
        problems.push(shortened(cx.app_span, &name, "a balancer", becomes));
    }
    for (service, span) in cx.services.iter().filter(|(name, _)| name.len() <= 32) {
        let long = format!("{name}-{service}");
        let routed = cx.routed.iter().any(|routed| routed.service == *service);
        // The longer of the two roles.
        let role = format!("{long}-execution-{}", stack.region);
        if long.len() > TARGET_GROUP_LIMIT && routed {
            let becomes = format!("will be `{}-…`", fit(&long, TARGET_GROUP_LIMIT));
            problems.push(shortened(Some(*span), &long, "a target group", becomes).of(service));
        } else if role.len() > ROLE_LIMIT {
            let becomes = format!("will be `{}`", fit(&role, ROLE_LIMIT));
            problems.push(shortened(Some(*span), &role, "a role", becomes).of(service));
        }
    }
    cx.problems.append(&mut problems);
}
