//! Alarms of metrics.

use serde_json::{Value, json};

use super::state::{Alarm, AlarmState};
use crate::{
    error::AwsError,
    input::Input,
    rules::cloudwatch as rules,
    services::{Ctx, Reply},
    tags::{self, Tags},
    world::RegionState,
};

/// Most alarms on a page, and as many as it has without a word (CloudWatch API reference, `DescribeAlarms`).
const PAGE: (i64, i64) = (100, 50);

pub(super) fn describe(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let names = input.strings("AlarmNames");
    let prefix = input.str("AlarmNamePrefix");
    if !names.is_empty() && prefix.is_some() {
        return Err(rules::NAMES_OR_PREFIX
            .refuse("AlarmNamePrefix cannot be specified together with AlarmNames."));
    }
    let state = input.str("StateValue");
    let kinds = input.strings("AlarmTypes");
    // Composite alarms are shown only to whoever asks for them, and there are none.
    let metric = kinds.is_empty() || kinds.iter().any(|kind| kind == "MetricAlarm");
    let alarms = &ctx.here().cloudwatch.alarms;
    let found: Vec<(&String, &Alarm)> = alarms
        .iter()
        .filter(|_| metric)
        .filter(|(name, _)| names.is_empty() || names.contains(name))
        .filter(|(name, _)| prefix.is_none_or(|prefix| name.starts_with(prefix)))
        .filter(|(_, alarm)| state.is_none_or(|state| alarm.state.word() == state))
        .collect();
    let most = input.int_in("MaxRecords", 1, PAGE.0)?.unwrap_or(PAGE.1);
    let most = usize::try_from(most).unwrap_or(1);
    let start = match input.str("NextToken") {
        Some(token) => {
            token.parse().map_err(|_| rules::PAGE_TOKEN.refuse("Invalid next token."))?
        }
        None => 0,
    };
    let next = (found.len() > start + most).then(|| (start + most).to_string());
    let shown: Vec<Value> =
        found.iter().skip(start).take(most).map(|(name, alarm)| show(name, alarm)).collect();
    Ok(json!({"MetricAlarms": shown, "CompositeAlarms": [], "NextToken": next}))
}

fn show(name: &str, alarm: &Alarm) -> Value {
    let mut shown = alarm.body.clone();
    // Who puts an alarm tags it; who looks at it asks for the tags by themselves.
    shown.remove("Tags");
    for (member, default) in [("ActionsEnabled", json!(true)), ("OKActions", json!([]))] {
        shown.entry(member).or_insert(default);
    }
    for member in ["AlarmActions", "InsufficientDataActions", "Dimensions"] {
        shown.entry(member).or_insert_with(|| json!([]));
    }
    shown.insert("AlarmName".to_owned(), name.into());
    shown.insert("AlarmArn".to_owned(), alarm.arn.clone().into());
    shown.insert("StateValue".to_owned(), alarm.state.word().into());
    shown.insert("StateReason".to_owned(), alarm.reason.clone().into());
    let (configured, changed) = (alarm.configured, alarm.changed);
    shown.insert("StateUpdatedTimestamp".to_owned(), changed.epoch_seconds());
    shown.insert("StateTransitionedTimestamp".to_owned(), changed.epoch_seconds());
    shown.insert("AlarmConfigurationUpdatedTimestamp".to_owned(), configured.epoch_seconds());
    shown.into()
}

/// A new alarm has not enough values yet; one that is put again keeps what it says (CloudWatch API reference,
/// `PutMetricAlarm`).
pub(super) fn put(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("AlarmName")?.to_owned();
    let arn = ctx.world.arn("cloudwatch", &ctx.region, &format!("alarm:{name}"));
    let (now, tags) = (ctx.now(), tags::from_list(input, "Tags"));
    let body = input.value().as_object().cloned().unwrap_or_default();
    let alarms = &mut ctx.here().cloudwatch.alarms;
    if let Some(alarm) = alarms.get_mut(&name) {
        (alarm.body, alarm.configured) = (body, now);
        return Ok(Value::Null);
    }
    let alarm = Alarm {
        arn,
        body,
        state: AlarmState::InsufficientData,
        reason: "Unchecked: Initial alarm creation".to_owned(),
        configured: now,
        changed: now,
        tags,
    };
    alarms.insert(name, alarm);
    Ok(Value::Null)
}

pub(super) fn set_state(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("AlarmName")?;
    let state = match input.required("StateValue")? {
        "OK" => AlarmState::Ok,
        "ALARM" => AlarmState::Alarm,
        _ => AlarmState::InsufficientData,
    };
    let reason = input.required("StateReason")?.to_owned();
    let now = ctx.now();
    let alarm = ctx.here().cloudwatch.alarms.get_mut(name).ok_or_else(|| missing(name))?;
    if alarm.state != state {
        alarm.changed = now;
    }
    (alarm.state, alarm.reason) = (state, reason);
    Ok(Value::Null)
}

/// Deletes all or none (CloudWatch API reference, `DeleteAlarms`).
pub(super) fn delete(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let names = input.strings("AlarmNames");
    let alarms = &mut ctx.here().cloudwatch.alarms;
    if let Some(unknown) = names.iter().find(|name| !alarms.contains_key(*name)) {
        return Err(missing(unknown));
    }
    alarms.retain(|name, _| !names.contains(name));
    Ok(Value::Null)
}

fn missing(name: &str) -> AwsError {
    rules::ALARM_EXISTS.refuse(format!("Alarm {name} does not exist."))
}

pub(super) fn tagged(region: &RegionState) -> Vec<(String, Tags)> {
    let alarms = region.cloudwatch.alarms.values();
    alarms.map(|alarm| (alarm.arn.clone(), alarm.tags.clone())).collect()
}
