//! Where the stack stands: region, account, tags, network, balancer.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::context::Cx;
use super::owned;
use crate::document::Node;
use crate::keys::{self, Fields, shorten};
use crate::problem::{Problem, Span};
use crate::stack::{Balancer, Network, Placement, Scheme, VpcRef};
use crate::{regions, units};

/// Most tags of the spec; wharf's own go beside them (50 on most things, AWS general reference).
const MAX_TAGS: usize = 40;

pub(super) fn region(cx: &mut Cx, node: &Node) -> Option<String> {
    let region = units::text(cx, node, "`region`")?;
    if regions::known(&region) {
        return Some(region);
    }
    let near = regions::nearest(&region);
    if regions::plausible(&region) {
        let mut problem =
            Problem::warning("W104", node.span, format!("`{region}` is not a region wharf knows"))
                .label("AWS may have opened it since");
        if let Some(near) = near {
            problem = problem.help(format!("did you mean `{near}`?"));
        }
        cx.push(problem);
        return Some(region);
    }
    let mut problem =
        Problem::error("E013", node.span, format!("`{}` is not a region", shorten(&region)))
            .label("expected a name such as eu-west-1");
    if near.is_some_and(|near| region.len() == near.len() + 1 && region.starts_with(near)) {
        problem =
            problem.note("this is an availability zone; a region is named without the last letter");
    }
    if let Some(near) = near {
        problem = problem.help(format!("did you mean `{near}`?"));
    }
    cx.push(problem);
    None
}

pub(super) fn account(cx: &mut Cx, node: &Node) -> Option<String> {
    let Some(scalar) = node.scalar() else {
        cx.wrong_type(node, "`account` (twelve digits in quotes)");
        return None;
    };
    let digits: String = scalar.text.chars().filter(char::is_ascii_digit).collect();
    let twelve = digits.len() == 12;
    if twelve && digits == scalar.text && !scalar.plain {
        return Some(digits);
    }
    let problem = if twelve && digits == scalar.text {
        Problem::error("E014", node.span, "the account must be quoted")
            .label("a number without quotes")
            .note("an account may start with a zero, which a number would lose")
            .help(format!("write \"{digits}\""))
    } else {
        let problem = Problem::error("E014", node.span, "an account is twelve digits")
            .label(format!("{} digits", digits.len()));
        if twelve { problem.help(format!("write \"{digits}\"")) } else { problem }
    };
    cx.push(problem);
    None
}

pub(super) fn tags(cx: &mut Cx, key: Span, node: &Node) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    let Some(entries) = node.map() else {
        cx.wrong_type(node, "`tags` (a map of names and values)");
        return tags;
    };
    if entries.len() > MAX_TAGS {
        cx.push(
            Problem::error("E015", key, format!("there can be {MAX_TAGS} tags at most"))
                .label(format!("{} tags", entries.len()))
                .note("AWS takes 50 on a resource, and wharf needs some for itself"),
        );
    }
    for entry in entries {
        let key = entry.key.text.as_str();
        if let Some(wrong) = tag_problem(key, 128, true) {
            let shown = shorten(key);
            cx.push(
                Problem::error("E015", entry.key.span, format!("`{shown}` cannot be a tag"))
                    .label(wrong),
            );
        }
        let Some(value) = units::text(cx, &entry.value, "the value of a tag") else { continue };
        if let Some(wrong) = tag_problem(&value, 256, false) {
            cx.push(
                Problem::error(
                    "E015",
                    entry.value.span,
                    format!("the value of tag `{}` is not possible", shorten(key)),
                )
                .label(wrong),
            );
        }
        tags.insert(key.to_owned(), value);
    }
    tags
}

/// Says what is wrong with a key or value (AWS general reference, "Tagging your AWS resources").
fn tag_problem(text: &str, longest: usize, key: bool) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    if key && text.is_empty() {
        return Some("empty".to_owned());
    }
    if key && lower.starts_with("aws:") {
        return Some("names that start with `aws:` belong to AWS".to_owned());
    }
    if key && lower.starts_with("wharf:") {
        return Some("names that start with `wharf:` are wharf's own".to_owned());
    }
    if text.chars().count() > longest {
        return Some(format!("longer than {longest} characters"));
    }
    let allowed = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
    text.chars()
        .find(|c| !allowed(*c))
        .map(|c| format!("`{}` is not allowed in a tag", c.escape_debug()))
}

pub(super) fn network(cx: &mut Cx, node: Option<&Node>) -> Network {
    let mut network =
        Network { vpc: VpcRef::Default, tasks: Placement::Auto, balancer: Placement::Auto };
    let Some(node) = node else { return network };
    let Some(fields) = Fields::of(cx, node, &keys::NETWORK) else { return network };
    if let Some(vpc) = fields.get(cx, "vpc").and_then(|node| vpc(cx, node)) {
        network.vpc = vpc;
    }
    if let Some(tasks) = fields.get(cx, "tasks").and_then(|node| placement(cx, node, "tasks", 1)) {
        network.tasks = tasks;
    }
    let balancer = fields.get(cx, "balancer");
    if let Some(balancer) = balancer.and_then(|node| placement(cx, node, "balancer", 2)) {
        network.balancer = balancer;
    }
    network
}

fn vpc(cx: &mut Cx, node: &Node) -> Option<VpcRef> {
    let node = owned::inner(cx, node)?;
    let text = units::text(cx, node, "`vpc`")?;
    if text == "default" {
        return Some(VpcRef::Default);
    }
    if is_id(&text, "vpc-") {
        return Some(VpcRef::Id(text));
    }
    if let Some((key, value)) = owned::tag(&text) {
        return Some(VpcRef::Tag { key, value });
    }
    cx.push(
        Problem::error("E080", node.span, format!("`{}` does not name a VPC", shorten(&text)))
            .label("expected `default`, `vpc-…` or `tag:KEY=VALUE`")
            .help(format!("for a VPC known by its name, write \"tag:Name={}\"", shorten(&text))),
    );
    None
}

fn placement(cx: &mut Cx, node: &Node, key: &str, least: usize) -> Option<Placement> {
    if node.list().is_none() {
        let word = units::word(cx, node, &format!("`{key}`"), &["auto", "public", "private"])?;
        return Some(match word {
            "public" => Placement::Public,
            "private" => Placement::Private,
            _ => Placement::Auto,
        });
    }
    let items = units::texts(cx, node, &format!("`{key}`"))?;
    let mut subnets = BTreeSet::new();
    for (subnet, span) in &items {
        if !is_id(subnet, "subnet-") {
            cx.push(
                Problem::error("E080", *span, format!("`{}` is not a subnet", shorten(subnet)))
                    .label("expected `subnet-` and hexadecimal digits"),
            );
        }
        if !subnets.insert(subnet.clone()) {
            cx.push(Problem::error("E080", *span, "this subnet is listed twice").label("again"));
        }
    }
    if items.len() < least {
        let message = if least == 2 {
            "a balancer stands in at least two zones, so it needs two subnets"
        } else {
            "at least one subnet is needed"
        };
        cx.push(Problem::error("E080", node.span, message).label(format!("{} given", items.len())));
    }
    Some(Placement::Subnets(subnets))
}

/// Says whether a text is an EC2 id: a prefix and 8 or 17 hexadecimal digits.
fn is_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        (8..=17).contains(&rest.len())
            && rest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

pub(super) fn balancer(cx: &mut Cx, node: Option<&Node>) -> Balancer {
    let mut balancer = Balancer {
        shared: None,
        scheme: Scheme::InternetFacing,
        allow: BTreeSet::from(["0.0.0.0/0".to_owned(), "::/0".to_owned()]),
        idle_timeout: 60,
    };
    let Some(node) = node else { return balancer };
    let Some(fields) = Fields::of(cx, node, &keys::BALANCER) else { return balancer };
    if let Some(entry) = fields.entry("use") {
        balancer.shared = fields.get(cx, "use").and_then(|node| owned::balancer(cx, node));
        for key in ["scheme", "allow", "idle_timeout"] {
            let Some(own) = fields.entry(key) else { continue };
            cx.push(
                Problem::error("E085", own.key.span, format!("`{key}` is up to the owner"))
                    .label("would change the balancer")
                    .also(entry.key.span, "owned elsewhere")
                    .help("remove one of the two"),
            );
        }
    }
    if let Some(node) = fields.get(cx, "scheme")
        && units::word(cx, node, "`scheme`", &["internet-facing", "internal"]) == Some("internal")
    {
        balancer.scheme = Scheme::Internal;
    }
    if let Some(node) = fields.get(cx, "allow")
        && let Some(items) = units::texts(cx, node, "`allow`")
    {
        if items.is_empty() {
            cx.push(
                Problem::error("E081", node.span, "nobody could reach the balancer")
                    .label("empty")
                    .help("list at least one range, for example \"10.0.0.0/8\""),
            );
        }
        for (cidr, span) in &items {
            check_cidr(cx, cidr, *span);
        }
        balancer.allow = items.into_iter().map(|(cidr, _)| cidr).collect();
    }
    // ELB API reference, load balancer attribute idle_timeout.timeout_seconds.
    let idle = fields.get(cx, "idle_timeout");
    if let Some(idle) = idle.and_then(|node| units::duration(cx, node, "`idle_timeout`", 1, 4000)) {
        balancer.idle_timeout = idle;
    }
    balancer
}

/// Reads `cluster`, which only names one owned elsewhere.
pub(super) fn cluster(cx: &mut Cx, node: &Node) -> Option<String> {
    let fields = Fields::of(cx, node, &keys::CLUSTER)?;
    if fields.entry("use").is_none() {
        cx.missing(node.span, "`cluster`", "use", "use: NAME");
    }
    fields.get(cx, "use").and_then(|node| owned::cluster(cx, node))
}

fn check_cidr(cx: &mut Cx, text: &str, span: Span) {
    let problem =
        Problem::error("E081", span, format!("`{}` is not a range of addresses", shorten(text)));
    let (address, prefix) = text.split_once('/').unwrap_or((text, ""));
    let Ok(address) = address.parse::<IpAddr>() else {
        return cx.push(
            problem
                .label("expected an address, a slash and a number of bits")
                .help("for example \"10.0.0.0/8\" or \"2001:db8::/32\""),
        );
    };
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let length =
        prefix.parse::<u32>().ok().filter(|length| *length <= bits && !prefix.starts_with('+'));
    let Some(length) = length else {
        return cx.push(
            problem
                .label(format!("the number behind the slash must be from 0 to {bits}"))
                .help(format!("for this one address, write \"{address}/{bits}\"")),
        );
    };
    let network = match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
            IpAddr::V4((u32::from(v4) & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
            IpAddr::V6((u128::from(v6) & mask).into())
        }
    };
    let canonical = format!("{network}/{length}");
    if canonical != text {
        cx.push(
            Problem::error("E081", span, "this range is not written the way AWS writes it")
                .label("AWS would change it, and every plan would show the difference")
                .help(format!("write \"{canonical}\"")),
        );
    }
}
