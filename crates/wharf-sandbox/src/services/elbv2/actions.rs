//! What listeners and rules do with a request.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    common::target_group,
    state::{Action, Balancer, Deed, Elbv2State},
};
use crate::{error::AwsError, input::Input, rules};

/// Reads and checks a list of actions for a balancer: one deed, at the end.
pub(super) fn read(
    elb: &Elbv2State,
    balancer: &Balancer,
    input: &Input<'_>,
    member: &str,
) -> Result<Vec<Action>, AwsError> {
    let given = input.list(member);
    if given.is_empty() {
        return Err(input.missing(member));
    }
    let mut actions = Vec::new();
    for action in &given {
        let order = action.int_in("Order", 1, 50_000)?.unwrap_or(1);
        let what = match action.required("Type")? {
            "forward" => forward(elb, balancer, action)?,
            "redirect" => redirect(action)?,
            "fixed-response" => fixed_response(action)?,
            _ => {
                let text = "Authentication is not simulated";
                return Err(rules::elbv2::AUTHENTICATION_SIMULATED.refuse(text));
            }
        };
        actions.push(Action { order: u32::try_from(order).unwrap_or(1), what });
    }
    if actions.len() > 1 {
        let text = "A list of actions must have exactly one of forward, redirect and \
                    fixed-response, and it must be the last";
        return Err(rules::elbv2::ONE_ACTION.refuse(text));
    }
    Ok(actions)
}

fn forward(elb: &Elbv2State, balancer: &Balancer, action: &Input<'_>) -> Result<Deed, AwsError> {
    let single = action.str("TargetGroupArn");
    let config = action.structure("ForwardConfig");
    let mut groups: Vec<(String, u32)> = Vec::new();
    for group in config.iter().flat_map(|config| config.list("TargetGroups")) {
        let weight = group.int_in("Weight", 0, 999)?.unwrap_or(1);
        let arn = group.required("TargetGroupArn")?.to_owned();
        groups.push((arn, u32::try_from(weight).unwrap_or(1)));
    }
    match (single, groups.as_slice()) {
        (None, []) => {
            let text = "A target group ARN must be specified";
            return Err(rules::elbv2::FORWARD_TARGET.refuse(text));
        }
        (Some(arn), []) => groups.push((arn.to_owned(), 1)),
        (Some(arn), [(only, _)]) if only == arn => {}
        (Some(_), _) => {
            let text = "You cannot specify both TargetGroupArn and a different ForwardConfig";
            return Err(rules::elbv2::FORWARD_FORMS_AGREE.refuse(text));
        }
        (None, _) => {}
    }
    if groups.len() > 5 {
        let text = "A forward action can have at most five target groups";
        return Err(rules::elbv2::FIVE_TARGET_GROUPS.refuse(text));
    }
    let mut seen = BTreeSet::new();
    for (arn, _) in &groups {
        if !seen.insert(arn) {
            let text = format!("Target group '{arn}' is given twice");
            return Err(rules::elbv2::FORWARD_ONCE.refuse(text));
        }
        let group = target_group(elb, arn)?;
        if group.vpc != balancer.vpc {
            let text = format!(
                "The following target groups are not in the VPC of the load balancer: {arn}"
            );
            return Err(rules::elbv2::TARGET_GROUP_OF_THE_VPC.refuse(text));
        }
        if elb.balancer_of(arn).is_some_and(|other| other.arn != balancer.arn) {
            let text = format!(
                "The following target groups cannot be associated with more than one load \
                 balancer: {arn}"
            );
            return Err(rules::elbv2::ONE_BALANCER.refuse(text));
        }
    }
    let led_to = |arn: &&String| elb.balancer_of(arn).is_some_and(|it| it.arn == balancer.arn);
    let mut all: BTreeSet<&String> = elb.target_groups.keys().filter(led_to).collect();
    all.extend(seen);
    if all.len() > 100 {
        let text = "The maximum number of target groups per load balancer has been reached";
        return Err(rules::elbv2::TARGET_GROUPS_COUNT.refuse(text));
    }
    let sticky = config.and_then(|config| config.structure("TargetGroupStickinessConfig"));
    let (mut on, mut seconds) = (false, None);
    if let Some(sticky) = sticky {
        on = sticky.bool("Enabled")?.unwrap_or(false);
        seconds = sticky.int_in("DurationSeconds", 1, 604_800)?;
        if on && seconds.is_none() {
            let text = "Target group stickiness duration must be specified when it is enabled";
            return Err(rules::elbv2::STICKINESS_DURATION.refuse(text));
        }
    }
    let sticky_seconds = seconds.and_then(|seconds| u32::try_from(seconds).ok());
    Ok(Deed::Forward { groups, sticky: on, sticky_seconds })
}

/// Absent parts of a redirect keep those of the request (ELB API reference, `RedirectActionConfig`).
fn redirect(action: &Input<'_>) -> Result<Deed, AwsError> {
    let config = action.structure("RedirectConfig");
    let config = config.ok_or_else(|| action.missing("redirectConfig"))?;
    config.required("StatusCode")?;
    let code = config.one_of("StatusCode", &["HTTP_301", "HTTP_302"])?;
    let given = |name, default| config.str_or(name, default);
    let protocol = given("Protocol", "#{protocol}");
    let port = given("Port", "#{port}");
    if port != "#{port}" && !port.parse::<u16>().is_ok_and(|port| port > 0) {
        let text = "The redirect port must be in 1-65535 or #{port}";
        return Err(rules::elbv2::REDIRECT_FORM.refuse(text));
    }
    let (host, path) = (given("Host", "#{host}"), given("Path", "/#{path}"));
    if !path.starts_with('/') {
        let text = "The redirect path must begin with /";
        return Err(rules::elbv2::REDIRECT_FORM.refuse(text));
    }
    if [protocol, port, host, path] == ["#{protocol}", "#{port}", "#{host}", "/#{path}"] {
        return Err(rules::elbv2::REDIRECT_LOOP
            .refuse("The redirect configuration is not valid because it creates a loop"));
    }
    Ok(Deed::Redirect(json!({
        "Protocol": protocol,
        "Port": port,
        "Host": host,
        "Path": path,
        "Query": given("Query", "#{query}"),
        "StatusCode": code,
    })))
}

fn fixed_response(action: &Input<'_>) -> Result<Deed, AwsError> {
    let config = action.structure("FixedResponseConfig");
    let config = config.ok_or_else(|| action.missing("fixedResponseConfig"))?;
    let status = config.required("StatusCode")?;
    let types =
        ["text/plain", "text/css", "text/html", "application/javascript", "application/json"];
    let content_type = config.one_of("ContentType", &types)?;
    Ok(Deed::FixedResponse(json!({
        "StatusCode": status,
        "MessageBody": config.str("MessageBody"),
        "ContentType": content_type,
    })))
}

/// Shows actions as they are read back: a single target group appears in both forms.
pub(super) fn show(actions: &[Action]) -> Vec<Value> {
    let each = actions.iter().map(|action| match &action.what {
        Deed::Forward { groups, sticky, sticky_seconds } => {
            let single = match groups.as_slice() {
                [(arn, _)] => Some(arn),
                _ => None,
            };
            let weighted =
                groups.iter().map(|(arn, weight)| json!({"TargetGroupArn": arn, "Weight": weight}));
            json!({
                "Type": "forward",
                "Order": action.order,
                "TargetGroupArn": single,
                "ForwardConfig": {
                    "TargetGroups": weighted.collect::<Vec<Value>>(),
                    "TargetGroupStickinessConfig": {
                        "Enabled": sticky,
                        "DurationSeconds": sticky_seconds,
                    },
                },
            })
        }
        Deed::Redirect(config) => {
            json!({"Type": "redirect", "Order": action.order, "RedirectConfig": config})
        }
        Deed::FixedResponse(config) => {
            json!({"Type": "fixed-response", "Order": action.order, "FixedResponseConfig": config})
        }
    });
    each.collect()
}
