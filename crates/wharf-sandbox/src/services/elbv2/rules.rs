//! Rules of listeners.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    super::{Ctx, Reply},
    actions,
    common::{balancer, listener, no_rule, page, rule},
    conditions,
    listeners::changed,
    state::{Elbv2State, Listener, Rule},
};
use crate::{error::AwsError, input::Input, rules, tags};

pub(super) fn create(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = input.required("ListenerArn")?;
    let found = listener(&ctx.here().elbv2, arn)?.clone();
    let elb = &ctx.here().elbv2;
    let of = balancer(elb, &found.balancer)?.clone();
    let priority = input.int_in("Priority", 1, 50_000)?.ok_or_else(|| input.missing("Priority"))?;
    let priority = u32::try_from(priority).unwrap_or(0);
    let conditions = conditions::read(input)?;
    let actions = actions::read(elb, &of, input, "Actions")?;
    let tags = tags::from_list(input, "Tags");
    tags::check(&tags, "ValidationError")?;
    if elb.rules.values().any(|it| it.listener == arn && it.priority == priority) {
        return Err(in_use(priority));
    }
    let of_balancer = |it: &&Rule| {
        elb.listeners.get(&it.listener).is_some_and(|listener| listener.balancer == of.arn)
    };
    if elb.rules.values().filter(of_balancer).count() >= 100 {
        let text = "The maximum number of rules per load balancer has been reached";
        return Err(rules::elbv2::RULES_COUNT.refuse(text));
    }
    let id = ctx.world.ids.hex(16);
    let own = found.default_rule.rsplit_once('/').map_or("", |(path, _)| path);
    let made = Rule {
        arn: format!("{own}/{id}"),
        listener: arn.to_owned(),
        priority,
        conditions,
        actions,
        tags,
    };
    let shown = show(&made);
    ctx.here().elbv2.rules.insert(made.arn.clone(), made);
    changed(ctx);
    Ok(json!({"Rules": [shown]}))
}

fn in_use(priority: u32) -> AwsError {
    rules::elbv2::PRIORITY_FREE.refuse(format!("Priority '{priority}' is currently in use"))
}

pub(super) fn describe(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let elb = &ctx.here().elbv2;
    let arns = input.strings("RuleArns");
    let of_listener = input.str("ListenerArn");
    if of_listener.is_some() != arns.is_empty() {
        let text = "You must specify either listener rule ARNs or a listener ARN";
        return Err(rules::elbv2::ONE_SELECTION.refuse(text));
    }
    if let Some(arn) = of_listener {
        listener(elb, arn)?;
    }
    let mut all: Vec<(u32, &str, Value)> = Vec::new();
    for it in elb.rules.values().filter(|it| of_listener.is_none_or(|arn| arn == it.listener)) {
        all.push((it.priority, &it.arn, show(it)));
    }
    for it in elb.listeners.values().filter(|it| of_listener.is_none_or(|arn| arn == it.arn)) {
        all.push((u32::MAX, &it.default_rule, show_default(it)));
    }
    if arns.iter().any(|arn| !all.iter().any(|(_, other, _)| other == arn)) {
        return Err(no_rule());
    }
    all.retain(|(_, arn, _)| arns.is_empty() || arns.iter().any(|it| it == arn));
    all.sort_by_key(|(priority, arn, _)| (*priority, (*arn).to_owned()));
    page(input, "Rules", all.into_iter().map(|(_, _, shown)| shown).collect())
}

pub(super) fn modify(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = input.required("RuleArn")?;
    let elb = &ctx.here().elbv2;
    let mut new = rule(elb, arn)?.clone();
    if input.has("Conditions") {
        new.conditions = conditions::read(input)?;
    }
    if input.has("Actions") {
        let of = balancer(elb, &listener(elb, &new.listener)?.balancer)?;
        new.actions = actions::read(elb, of, input, "Actions")?;
    }
    let shown = show(&new);
    ctx.here().elbv2.rules.insert(arn.to_owned(), new);
    changed(ctx);
    Ok(json!({"Rules": [shown]}))
}

pub(super) fn delete(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = input.required("RuleArn")?;
    rule(&ctx.here().elbv2, arn)?;
    ctx.here().elbv2.rules.remove(arn);
    changed(ctx);
    Ok(json!({}))
}

/// All at once, so that two rules can change places.
pub(super) fn set_priorities(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let elb = &ctx.here().elbv2;
    let mut wanted = Vec::new();
    for pair in input.list("RulePriorities") {
        let arn = pair.required("RuleArn")?;
        let priority = pair.int_in("Priority", 1, 50_000)?;
        let priority = priority.ok_or_else(|| pair.missing("Priority"))?;
        wanted.push((rule(elb, arn)?.clone(), u32::try_from(priority).unwrap_or(0)));
    }
    if wanted.is_empty() {
        return Err(input.missing("RulePriorities"));
    }
    let mut taken: BTreeSet<(&str, u32)> = others(elb, &wanted);
    for (rule, priority) in &wanted {
        if !taken.insert((&rule.listener, *priority)) {
            return Err(in_use(*priority));
        }
    }
    let mut shown = Vec::new();
    for (mut rule, priority) in wanted {
        rule.priority = priority;
        shown.push(show(&rule));
        ctx.here().elbv2.rules.insert(rule.arn.clone(), rule);
    }
    Ok(json!({"Rules": shown}))
}

fn others<'e>(elb: &'e Elbv2State, wanted: &[(Rule, u32)]) -> BTreeSet<(&'e str, u32)> {
    let stay = elb.rules.values().filter(|it| !wanted.iter().any(|(rule, _)| rule.arn == it.arn));
    stay.map(|it| (it.listener.as_str(), it.priority)).collect()
}

fn show(rule: &Rule) -> Value {
    json!({
        "RuleArn": rule.arn,
        "Priority": rule.priority.to_string(),
        "Conditions": rule.conditions,
        "Actions": actions::show(&rule.actions),
        "IsDefault": false,
    })
}

fn show_default(listener: &Listener) -> Value {
    json!({
        "RuleArn": listener.default_rule,
        "Priority": "default",
        "Conditions": [],
        "Actions": actions::show(&listener.actions),
        "IsDefault": true,
    })
}
