//! Things owned elsewhere, which wharf only reads: `use:`.

use super::context::Cx;
use crate::document::Node;
use crate::keys::{self, Fields, shorten};
use crate::problem::Problem;
use crate::stack::BalancerRef;
use crate::units;

/// Returns the value itself or, of the long form `{ use: … }`, the value inside.
pub(super) fn inner<'n>(cx: &mut Cx, node: &'n Node) -> Option<&'n Node> {
    if node.map().is_none() {
        return Some(node);
    }
    let fields = Fields::of(cx, node, &keys::USE)?;
    if fields.entry("use").is_none() {
        cx.missing(node.span, "a reference", "use", "use: NAME");
    }
    fields.get(cx, "use")
}

/// Splits `tag:KEY=VALUE`.
pub(super) fn tag(text: &str) -> Option<(String, String)> {
    let (key, value) = text.strip_prefix("tag:")?.split_once('=')?;
    (!key.is_empty() && !value.is_empty()).then(|| (key.to_owned(), value.to_owned()))
}

/// Checks an ARN of one service, in this region if it has one; returns what stands behind the account.
pub(super) fn arn<'t>(text: &'t str, service: &str, region: &str) -> Result<&'t str, String> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, found, place, account, resource] = parts.as_slice() else {
        return Err("not an ARN".to_owned());
    };
    let digits = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    if *arn != "arn" || !partition.starts_with("aws") || *found != service || !digits {
        return Err(format!("not an ARN of {service}"));
    }
    if !place.is_empty() && !region.is_empty() && *place != region {
        return Err(format!("is in {}, not in {region}", shorten(place)));
    }
    Ok(*resource)
}

/// Reads `balancer.use`.
pub(super) fn balancer(cx: &mut Cx, node: &Node) -> Option<BalancerRef> {
    let text = units::text(cx, node, "`use`")?;
    let bad = |label: String| {
        Problem::error("E085", node.span, format!("`{}` does not name a balancer", shorten(&text)))
            .label(label)
            .help("a name, \"tag:KEY=VALUE\", or the ARN of an application load balancer")
    };
    if text.starts_with("arn:") {
        let problem = match arn(&text, "elasticloadbalancing", &cx.region) {
            Ok(resource) if resource.starts_with("loadbalancer/app/") => {
                return Some(BalancerRef::Arn(text));
            }
            Ok(_) => bad("not of an application load balancer".to_owned()),
            Err(why) => bad(why),
        };
        cx.push(problem);
        return None;
    }
    if let Some((key, value)) = tag(&text) {
        return Some(BalancerRef::Tag { key, value });
    }
    // ELB API reference, CreateLoadBalancer: letters, digits and hyphens, 32 at most.
    let good = (1..=32).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !good {
        cx.push(bad("letters, digits and hyphens, 32 at most".to_owned()));
        return None;
    }
    Some(BalancerRef::Name(text))
}

/// Reads `cluster.use`.
pub(super) fn cluster(cx: &mut Cx, node: &Node) -> Option<String> {
    let text = units::text(cx, node, "`use`")?;
    let name = if text.starts_with("arn:") {
        match arn(&text, "ecs", &cx.region) {
            Ok(resource) => resource.strip_prefix("cluster/").ok_or("not of a cluster".to_owned()),
            Err(why) => Err(why),
        }
    } else {
        Ok(text.as_str())
    };
    // ECS API reference, CreateCluster: letters, digits, underscores and hyphens, 255 at most.
    let good = |name: &str| {
        (1..=255).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let label = match name {
        Ok(name) if good(name) => return Some(text),
        Ok(_) => "letters, digits, underscores and hyphens".to_owned(),
        Err(why) => why,
    };
    cx.push(
        Problem::error("E085", node.span, format!("`{}` does not name a cluster", shorten(&text)))
            .label(label)
            .help("a name, or an ARN such as arn:aws:ecs:REGION:ACCOUNT:cluster/NAME"),
    );
    None
}

/// Checks the ARN of a role that takes the place of the task role.
pub(super) fn role(cx: &mut Cx, node: &Node) -> Option<String> {
    let text = units::text(cx, node, "`permissions`")?;
    let label = match arn(&text, "iam", "") {
        Ok(resource) if resource.strip_prefix("role/").is_some_and(|name| !name.is_empty()) => {
            return Some(text);
        }
        Ok(_) => "not of a role".to_owned(),
        Err(why) => why,
    };
    cx.push(
        Problem::error("E085", node.span, format!("`{}` does not name a role", shorten(&text)))
            .label(label)
            .help("an ARN such as arn:aws:iam::ACCOUNT:role/NAME, or a list of statements"),
    );
    None
}
