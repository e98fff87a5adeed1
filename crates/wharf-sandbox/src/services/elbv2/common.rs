//! What the operations share: finding things, names, pages, attributes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    super::Reply,
    state::{Balancer, Elbv2State, Listener, Rule, TargetGroup},
};
use crate::{error::AwsError, input::Input, rules};

/// Finds a balancer, or answers as ELB does.
pub(super) fn balancer<'e>(elb: &'e Elbv2State, arn: &str) -> Result<&'e Balancer, AwsError> {
    check_arn(arn, ":loadbalancer/", "load balancer")?;
    elb.balancers
        .get(arn)
        .ok_or_else(|| rules::elbv2::BALANCER_EXISTS.refuse("One or more load balancers not found"))
}

/// Finds a target group, or answers as ELB does.
pub(super) fn target_group<'e>(
    elb: &'e Elbv2State,
    arn: &str,
) -> Result<&'e TargetGroup, AwsError> {
    check_arn(arn, ":targetgroup/", "target group")?;
    elb.target_groups.get(arn).ok_or_else(|| {
        rules::elbv2::TARGET_GROUP_EXISTS.refuse("One or more target groups not found")
    })
}

/// Finds a listener, or answers as ELB does.
pub(super) fn listener<'e>(elb: &'e Elbv2State, arn: &str) -> Result<&'e Listener, AwsError> {
    check_arn(arn, ":listener/", "listener")?;
    elb.listeners
        .get(arn)
        .ok_or_else(|| rules::elbv2::LISTENER_EXISTS.refuse("One or more listeners not found"))
}

/// Finds a rule that is not a default one, or answers as ELB does.
pub(super) fn rule<'e>(elb: &'e Elbv2State, arn: &str) -> Result<&'e Rule, AwsError> {
    check_arn(arn, ":listener-rule/", "listener rule")?;
    if elb.listeners.values().any(|it| it.default_rule == arn) {
        let text = format!("Default rule '{arn}' cannot be modified or deleted");
        return Err(rules::elbv2::DEFAULT_RULE.refuse(text));
    }
    elb.rules.get(arn).ok_or_else(no_rule)
}

/// ELB's answer for a rule that does not exist.
pub(super) fn no_rule() -> AwsError {
    rules::elbv2::RULE_EXISTS.refuse("One or more rules not found")
}

fn check_arn(arn: &str, kind: &str, noun: &str) -> Result<(), AwsError> {
    if arn.starts_with("arn:") && arn.contains(":elasticloadbalancing:") && arn.contains(kind) {
        return Ok(());
    }
    Err(rules::elbv2::ARN_FORM.refuse(format!("'{arn}' is not a valid {noun} ARN")))
}

/// Checks the name of a balancer or target group: at most 32 letters, digits and hyphens, no
/// hyphen at either end, not beginning with `internal-` (ELB API reference, `CreateLoadBalancer`).
pub(super) fn check_name(input: &Input<'_>, noun: &str) -> Result<(), AwsError> {
    let name = input.required("Name")?;
    let text = if name.is_empty() {
        format!("The {noun} name cannot be empty")
    } else if name.len() > 32 {
        format!("The {noun} name '{name}' cannot be longer than '32' characters")
    } else if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        format!(
            "The {noun} name '{name}' can only contain characters that are alphanumeric \
             characters and hyphens(-)"
        )
    } else if name.starts_with('-') || name.ends_with('-') {
        format!("The {noun} name '{name}' cannot begin or end with a hyphen(-)")
    } else if noun == "load balancer" && name.starts_with("internal-") {
        format!("The {noun} name '{name}' cannot begin with 'internal-'")
    } else {
        return Ok(());
    };
    Err(rules::elbv2::NAME.refuse(text))
}

/// Cuts a list into pages of `PageSize`; the marker is the place of the next item.
pub(super) fn page(input: &Input<'_>, member: &str, items: Vec<Value>) -> Reply {
    let size = input.int_in("PageSize", 1, 400)?.unwrap_or(400);
    let size = usize::try_from(size).unwrap_or(400);
    let from: usize = match input.str("Marker") {
        None => 0,
        Some(text) => {
            text.parse().map_err(|_| rules::elbv2::MARKER.refuse("The marker is not valid"))?
        }
    };
    let more = items.len() > from.saturating_add(size);
    let shown: Vec<Value> = items.into_iter().skip(from).take(size).collect();
    let marker = more.then(|| (from + size).to_string());
    Ok(json!({member: shown, "NextMarker": marker}))
}

/// What an attribute's value may be.
pub(super) enum Values {
    /// `true` or `false`.
    Bool,
    /// A whole number between bounds.
    Int(u32, u32),
    /// One of these.
    One(&'static [&'static str]),
    /// Anything.
    Text,
    /// Exactly this: the attribute cannot be changed.
    Fixed(&'static str),
}

/// An attribute: key, default and values.
pub(super) type Attribute = (&'static str, &'static str, Values);

/// Returns the attributes with their defaults.
pub(super) fn defaults(known: &[Attribute]) -> BTreeMap<String, String> {
    known.iter().map(|(key, value, _)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Reads and checks the attributes of a request.
pub(super) fn attributes(
    input: &Input<'_>,
    known: &[Attribute],
    noun: &str,
) -> Result<BTreeMap<String, String>, AwsError> {
    let mut wanted = BTreeMap::new();
    for attribute in input.list("Attributes") {
        let (key, value) = (attribute.required("Key")?, attribute.str_or("Value", ""));
        let Some((_, _, values)) = known.iter().find(|(name, _, _)| *name == key) else {
            return Err(rules::elbv2::ATTRIBUTE_KNOWN
                .refuse(format!("{noun} attribute key '{key}' is not recognized")));
        };
        let fits = match values {
            Values::Bool => value == "true" || value == "false",
            Values::Int(low, high) => {
                value.parse().is_ok_and(|number: u32| (*low..=*high).contains(&number))
            }
            Values::One(all) => all.contains(&value),
            Values::Text => true,
            Values::Fixed(only) => value == *only,
        };
        if !fits {
            let text = format!("{noun} attribute '{key}' value '{value}' is not valid");
            return Err(rules::elbv2::ATTRIBUTE_VALUE.refuse(text));
        }
        if wanted.insert(key.to_owned(), value.to_owned()).is_some() {
            let text = format!("{noun} attribute key '{key}' is given twice");
            return Err(rules::elbv2::ATTRIBUTE_ONCE.refuse(text));
        }
    }
    if wanted.is_empty() {
        return Err(input.missing("Attributes"));
    }
    Ok(wanted)
}

/// Writes attributes as a list of `{Key, Value}`.
pub(super) fn show_attributes(attributes: &BTreeMap<String, String>) -> Value {
    attributes.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}
