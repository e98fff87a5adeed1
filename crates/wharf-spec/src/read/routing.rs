//! How requests reach a service, and how its health is known.

use super::context::{Cx, Routed};
use super::owned;
use crate::document::Node;
use crate::keys::{self, Fields, shorten};
use crate::problem::{Problem, Span};
use crate::stack::{CertificateSource, ContainerHealth, Domain, Health, Routing, Zone};
use crate::units;

/// What `tls: modern` stands for (ELB user guide, "Security policies": TLS 1.3 and 1.2 only).
const TLS_MODERN: &str = "ELBSecurityPolicy-TLS13-1-2-2021-06";
/// Most hosts and paths of one service (ELB quotas: condition values per rule).
pub(crate) const MAX_CONDITIONS: usize = 5;

pub(super) fn read(cx: &mut Cx, place: Span, fields: Fields<'_>) -> Option<Routing> {
    let health_node = fields.get(cx, "health");
    let health = health(cx, health_node);
    let domain_node = fields.get(cx, "domain");
    let (domain, names) = match domain_node.map(|node| domain(cx, node)) {
        Some(Some((domain, names))) => (Some(domain), names),
        Some(None) | None => (None, Vec::new()),
    };
    let (mut hosts, paths) =
        fields.get(cx, "route").map(|node| route(cx, node)).unwrap_or_default();
    let port_entry = fields.entry("port");
    let port_node = fields.get(cx, "port");
    let Some(port_entry) = port_entry else {
        for key in ["health", "domain", "route"] {
            if let Some(entry) = fields.entry(key) {
                let mut problem =
                    Problem::error("E006", entry.key.span, format!("`{key}` needs `port`"))
                        .label("the balancer would not know where to send requests")
                        .also(place, "this service has no `port`")
                        .help("add the port the container listens on, for example `port: 8080`");
                if key == "health" {
                    problem = problem.help("for a worker without a port, use `container_health`");
                }
                cx.push(problem);
            }
        }
        return None;
    };
    let port = port_node.and_then(|node| units::integer(cx, node, "`port`", 1, 65535));
    if hosts.is_empty() {
        hosts.clone_from(&names);
    }
    if hosts.len() + paths.len() > MAX_CONDITIONS
        && let Some((_, span)) = paths.last().or(hosts.last())
    {
        cx.push(
            Problem::error(
                "E072",
                *span,
                format!("hosts and paths of one service can be {MAX_CONDITIONS} together"),
            )
            .label(format!("this makes {}", hosts.len() + paths.len()))
            .note("a rule of a balancer compares five values at most"),
        );
    }
    let texts = |list: &[(String, Span)]| list.iter().map(|(text, _)| text.clone()).collect();
    let routing = Routing {
        port: port.and_then(|port| u16::try_from(port).ok()).unwrap_or(80),
        health,
        hosts: texts(&hosts),
        paths: texts(&paths),
        domain,
    };
    let domain_span = domain_node.map_or(place, |node| node.span);
    let within = |key: &str| {
        domain_node.and_then(|node| node.entry(key)).map_or(domain_span, |entry| entry.value.span)
    };
    cx.routed.push(Routed {
        service: cx.service.clone(),
        port: port_entry.key.span,
        hosts,
        paths,
        names,
        certificate: within("certificate"),
        tls: within("tls"),
    });
    Some(routing)
}

/// Reads the balancer's check; ranges of the ELB API reference, `CreateTargetGroup`.
fn health(cx: &mut Cx, node: Option<&Node>) -> Health {
    let mut health = Health {
        path: "/".to_owned(),
        interval: 10,
        timeout: 5,
        good: 2,
        bad: 3,
        grace: 60,
        codes: "200-299".to_owned(),
    };
    let Some(node) = node else { return health };
    if node.scalar().is_some() {
        if let Some(path) = health_path(cx, node) {
            health.path = path;
        }
        return health;
    }
    let Some(fields) = Fields::of(cx, node, &keys::HEALTH) else { return health };
    if let Some(path) = fields.get(cx, "path").and_then(|node| health_path(cx, node)) {
        health.path = path;
    }
    let mut broken = false;
    for (key, low, high, field) in [
        ("interval", 5, 300, &mut health.interval),
        ("timeout", 2, 120, &mut health.timeout),
        ("grace", 0, 7 * 86400, &mut health.grace),
    ] {
        if let Some(node) = fields.get(cx, key) {
            match units::duration(cx, node, &format!("`{key}`"), low, high) {
                Some(seconds) => *field = seconds,
                None => broken = true,
            }
        }
    }
    for (key, field) in [("good", &mut health.good), ("bad", &mut health.bad)] {
        let number = fields.get(cx, key);
        if let Some(number) = number.and_then(|n| units::integer(cx, n, &format!("`{key}`"), 2, 10))
        {
            *field = number;
        }
    }
    if !broken && health.timeout >= health.interval {
        let timeout = fields.entry("timeout").map(|entry| entry.value.span);
        let interval = fields.entry("interval").map(|entry| entry.value.span);
        let mut problem = Problem::error(
            "E035",
            timeout.or(interval).unwrap_or(node.span),
            "the timeout of a health check must be shorter than its interval",
        )
        .label(match timeout {
            Some(_) => "not shorter",
            None => "not longer than the timeout, which is 5s by default",
        });
        match (timeout, interval) {
            (Some(_), Some(interval)) => problem = problem.also(interval, "the interval"),
            (Some(_), None) => problem = problem.note("the interval is 10s by default"),
            _ => {}
        }
        let shorter = units::human(health.interval.saturating_sub(1).clamp(2, 120));
        cx.push(problem.help(format!("for example `timeout: {shorter}`, or a longer interval")));
    }
    if let Some(codes) = fields.get(cx, "codes").and_then(|node| codes(cx, node)) {
        health.codes = codes;
    }
    health
}

fn health_path(cx: &mut Cx, node: &Node) -> Option<String> {
    let path = units::text(cx, node, "`path`")?;
    let problem = if !path.starts_with('/') {
        Problem::error("E035", node.span, "the path of a health check starts with a slash")
            .label("no slash in front")
            .help(format!("write /{}", shorten(path.trim_start_matches("http://"))))
    } else if path.len() > 1024 || path.contains(|c: char| !c.is_ascii_graphic()) {
        Problem::error("E035", node.span, "this path cannot be requested")
            .label("visible ASCII characters only, 1024 at most")
    } else {
        return Some(path);
    };
    cx.push(problem);
    None
}

/// Checks success codes such as `200`, `200,301` or `200-299`.
fn codes(cx: &mut Cx, node: &Node) -> Option<String> {
    let text = units::text(cx, node, "`codes`")?;
    let code = |text: &str| {
        text.parse::<u16>().ok().filter(|code| (200..=499).contains(code) && text.len() == 3)
    };
    let good = text.split(',').all(|part| match part.split_once('-') {
        Some((low, high)) => {
            matches!((code(low), code(high)), (Some(low), Some(high)) if low < high)
        }
        None => code(part).is_some(),
    });
    if !good {
        cx.push(
            Problem::error(
                "E035",
                node.span,
                format!("`{}` is no set of status codes", shorten(&text)),
            )
            .label("codes from 200 to 499, single or as ranges, separated by commas")
            .help("for example \"200-299\" or \"200,301\", without spaces"),
        );
        return None;
    }
    Some(text)
}

/// Reads a check inside the container; ranges of the ECS API reference, `HealthCheck`.
pub(super) fn container_health(cx: &mut Cx, node: &Node) -> Option<ContainerHealth> {
    let mut health = ContainerHealth {
        command: Vec::new(),
        interval: 30,
        timeout: 5,
        retries: 3,
        start_period: 0,
    };
    let command = if node.map().is_some() {
        let fields = Fields::of(cx, node, &keys::CONTAINER_HEALTH)?;
        for (key, low, high, field) in [
            ("interval", 5, 300, &mut health.interval),
            ("timeout", 2, 60, &mut health.timeout),
            ("start_period", 0, 300, &mut health.start_period),
        ] {
            let value = fields.get(cx, key);
            if let Some(seconds) =
                value.and_then(|n| units::duration(cx, n, &format!("`{key}`"), low, high))
            {
                *field = seconds;
            }
        }
        let retries = fields.get(cx, "retries");
        if let Some(retries) = retries.and_then(|n| units::integer(cx, n, "`retries`", 1, 10)) {
            health.retries = retries;
        }
        let command = fields.get(cx, "command");
        if fields.entry("command").is_none() {
            cx.missing(
                node.span,
                "a container health check",
                "command",
                "command: [\"CMD\", \"bin/check\"]",
            );
        }
        command?
    } else {
        node
    };
    let words = units::texts(cx, command, "the command")?;
    let first = words.first().map(|(word, _)| word.as_str());
    let shell = first == Some("CMD-SHELL");
    if !matches!(first, Some("CMD" | "CMD-SHELL")) {
        let quoted: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        cx.push(
            Problem::error(
                "E035",
                command.span,
                "the command must start with `CMD` or `CMD-SHELL`",
            )
            .label("says nothing about how to run it")
            .help(format!("write [\"CMD\", {}] to run it as it is", shorten(&quoted.join(", "))))
            .help("write [\"CMD-SHELL\", \"…\"] to run one line in the container's shell"),
        );
    } else if words.len() < 2 || (shell && words.len() > 2) {
        let message = if shell { "`CMD-SHELL` takes one line" } else { "the command is missing" };
        cx.push(Problem::error("E035", command.span, message).label("here"));
    }
    health.command = words.into_iter().map(|(word, _)| word).collect();
    Some(health)
}

type Located = Vec<(String, Span)>;

/// Reads hosts and paths (ELB API reference, `RuleCondition`).
fn route(cx: &mut Cx, node: &Node) -> (Located, Located) {
    let Some(fields) = Fields::of(cx, node, &keys::ROUTE) else { return Default::default() };
    let hosts = fields.get(cx, "host").and_then(|node| units::one_or_more(cx, node, "`host`"));
    let paths = fields.get(cx, "path").and_then(|node| units::one_or_more(cx, node, "`path`"));
    let (hosts, paths) = (hosts.unwrap_or_default(), paths.unwrap_or_default());
    for (host, span) in &hosts {
        let lower = host.to_ascii_lowercase();
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-.*?".contains(c);
        if host.is_empty() || host.len() > 128 || !host.chars().all(allowed) {
            cx.push(
                Problem::error("E072", *span, format!("`{}` is not a host name", shorten(host)))
                    .label("expected a name such as api.example.com; `*` and `?` match")
                    .note("without scheme, port and path"),
            );
        } else if *host != lower {
            cx.push(
                Problem::error("E072", *span, "host names are written in lower case")
                    .label("has capitals")
                    .help(format!("write {lower}")),
            );
        }
    }
    for (path, span) in &paths {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_-.$/~\"'@:+&*?".contains(c);
        if !path.starts_with('/') {
            cx.push(
                Problem::error("E072", *span, "a path starts with a slash")
                    .label("no slash in front")
                    .help(format!("write /{}", shorten(path))),
            );
        } else if path.len() > 128 || !path.chars().all(allowed) {
            cx.push(
                Problem::error("E072", *span, format!("`{}` is not a path pattern", shorten(path)))
                    .label("a character a balancer does not take, or more than 128 of them"),
            );
        }
    }
    (hosts, paths)
}

fn domain(cx: &mut Cx, node: &Node) -> Option<(Domain, Located)> {
    let mut domain = Domain {
        names: Vec::new(),
        zone: Zone::Auto,
        certificate: CertificateSource::Auto,
        tls_policy: TLS_MODERN.to_owned(),
    };
    let names = if node.map().is_some() {
        let fields = Fields::of(cx, node, &keys::DOMAIN)?;
        if let Some(zone) = fields.get(cx, "zone").and_then(|node| zone(cx, node)) {
            domain.zone = zone;
        }
        if let Some(node) = fields.get(cx, "certificate")
            && let Some(source) = certificate(cx, node)
        {
            domain.certificate = source;
        }
        if let Some(policy) = fields.get(cx, "tls").and_then(|node| tls(cx, node)) {
            domain.tls_policy = policy;
        }
        if fields.entry("names").is_none() {
            cx.missing(node.span, "a domain", "names", "names: [notes.example.com]");
        }
        let names = fields.get(cx, "names")?;
        let list = units::one_or_more(cx, names, "`names`")?;
        if list.is_empty() {
            cx.push(
                Problem::error("E060", names.span, "a domain needs at least one name")
                    .label("empty"),
            );
        }
        list
    } else {
        units::one_or_more(cx, node, "`domain`")?
    };
    for (at, (name, span)) in names.iter().enumerate() {
        check_domain(cx, name, *span, &domain, at == 0);
    }
    domain.names = names.iter().map(|(name, _)| name.clone()).collect();
    Some((domain, names))
}

fn check_domain(cx: &mut Cx, name: &str, span: Span, domain: &Domain, first: bool) {
    let lower = name.trim_end_matches('.').to_ascii_lowercase();
    let bare = lower.split("://").last().unwrap_or_default().split('/').next().unwrap_or_default();
    let problem = |label: &str| {
        Problem::error("E060", span, format!("`{}` cannot be a domain name here", shorten(name)))
            .label(label)
    };
    let problem = if name.contains('*') && !name.starts_with("*.") {
        problem("a star in the middle of a name stands for nothing, in certificates and in DNS")
            .help("list the names one by one")
    } else if name.starts_with("*.") {
        problem("a wildcard")
            .help("list the names; for a wildcard over HTTP alone, use `route: { host: … }`")
    } else if bare != lower || name != lower {
        problem("lower case, without scheme, path and trailing dot")
            .help(format!("write {}", shorten(bare)))
    } else if !is_fqdn(name) {
        problem("expected a full name such as notes.example.com")
    } else if first && name.len() > 64 && domain.certificate == CertificateSource::Auto {
        problem("longer than 64 characters")
            .note("the main name of a certificate is 64 characters at most (ACM user guide)")
    } else if let Zone::Name(zone) = &domain.zone
        && name != zone
        && !name.ends_with(&format!(".{zone}"))
    {
        problem("not within the zone").help(format!("the zone is `{zone}`"))
    } else {
        return;
    };
    cx.push(problem);
}

fn is_fqdn(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last_has_letter =
        name.rsplit('.').next().is_some_and(|last| last.bytes().any(|b| b.is_ascii_lowercase()));
    name.len() <= 253 && name.contains('.') && name.split('.').all(label) && last_has_letter
}

fn zone(cx: &mut Cx, node: &Node) -> Option<Zone> {
    let text = units::text(cx, node, "`zone`")?;
    let id = text.starts_with('Z')
        && (8..=32).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    match text.as_str() {
        "auto" => return Some(Zone::Auto),
        "external" => return Some(Zone::External),
        _ if id => return Some(Zone::Id(text)),
        name if is_fqdn(name) => return Some(Zone::Name(text)),
        _ => {}
    }
    cx.push(
        Problem::error("E060", node.span, format!("`{}` does not name a zone", shorten(&text)))
            .label("expected a name such as example.com, an id such as Z0123456789ABC, `auto` or `external`"),
    );
    None
}

fn certificate(cx: &mut Cx, node: &Node) -> Option<CertificateSource> {
    let node = owned::inner(cx, node)?;
    let text = units::text(cx, node, "`certificate`")?;
    if text == "auto" {
        return Some(CertificateSource::Auto);
    }
    let parts: Vec<&str> = text.split(':').collect();
    let [arn, partition, service, region, account, resource] = parts.as_slice() else {
        return not_a_certificate(cx, node, &text);
    };
    let digits = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    let good = *arn == "arn"
        && partition.starts_with("aws")
        && *service == "acm"
        && digits
        && resource.strip_prefix("certificate/").is_some_and(|id| !id.is_empty());
    if !good {
        return not_a_certificate(cx, node, &text);
    }
    if !cx.region.is_empty() && *region != cx.region {
        let label = format!("is in {}", shorten(region));
        cx.push(
            Problem::error("E061", node.span, "the certificate is in another region")
                .label(label)
                .note(format!(
                    "a balancer uses certificates of its own region, here {}",
                    cx.region
                )),
        );
        return None;
    }
    Some(CertificateSource::Arn(text))
}

fn not_a_certificate(cx: &mut Cx, node: &Node, text: &str) -> Option<CertificateSource> {
    cx.push(
        Problem::error("E061", node.span, format!("`{}` is not a certificate", shorten(text)))
            .label("expected `auto` or arn:aws:acm:REGION:ACCOUNT:certificate/ID"),
    );
    None
}

fn tls(cx: &mut Cx, node: &Node) -> Option<String> {
    let text = units::text(cx, node, "`tls`")?;
    let policy = text.strip_prefix("ELBSecurityPolicy-").is_some_and(|rest| {
        !rest.is_empty()
            && rest.len() <= 100
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    });
    if text == "modern" {
        return Some(TLS_MODERN.to_owned());
    }
    if policy {
        return Some(text);
    }
    cx.push(
        Problem::error("E084", node.span, format!("`tls` cannot be `{}`", shorten(&text)))
            .label("expected `modern` or the full name of a policy, ELBSecurityPolicy-…"),
    );
    None
}
