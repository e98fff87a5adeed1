//! Looking events up.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    input::Input,
    rules::cloudtrail as rules,
    services::{Ctx, Reply},
    time::SimTime,
};

/// After how long an event shows (CloudTrail User Guide, "How CloudTrail works": about five minutes).
const DELAY: Duration = Duration::from_mins(5);
/// Most events on a page (CloudTrail API reference, `LookupEvents`).
const PAGE: i64 = 50;

/// Newest first, by one attribute at most (CloudTrail API reference, `LookupEvents`).
pub(super) fn lookup(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let attributes = input.list("LookupAttributes");
    if attributes.len() > 1 {
        return Err(
            rules::ONE_ATTRIBUTE.refuse("The LookupAttributes list can contain only one item.")
        );
    }
    let bound = |name: &str| input.get(name).and_then(Value::as_f64);
    let (from, until) = (bound("StartTime"), bound("EndTime"));
    if from.zip(until).is_some_and(|(from, until)| from > until) {
        return Err(rules::TIMES_IN_ORDER.refuse("The start time must be before the end time."));
    }
    let most = usize::try_from(input.int_in("MaxResults", 1, PAGE)?.unwrap_or(PAGE)).unwrap_or(1);
    let start = match input.str("NextToken") {
        Some(token) => {
            token.parse().map_err(|_| rules::PAGE_TOKEN.refuse("The token is not valid."))?
        }
        None => 0,
    };
    let now = ctx.now();
    let mut found = Vec::new();
    let events = ctx.world.cloudtrail.get(&ctx.region).map_or(&[][..], |trail| &trail.events);
    for document in events.iter().rev() {
        let Ok(event) = serde_json::from_str::<Value>(document) else { continue };
        let Some(at) = event["eventTime"].as_str().and_then(SimTime::parse) else { continue };
        let seconds = at.epoch_seconds();
        let seconds = seconds.as_f64().unwrap_or_default();
        let shows = now.since(at) >= DELAY
            && from.is_none_or(|from| seconds >= from)
            && until.is_none_or(|until| seconds <= until);
        if shows && attributes.iter().all(|one| has(&event, one)) {
            found.push(show(&event, document, at));
        }
    }
    let next = (found.len() > start + most).then(|| (start + most).to_string());
    let page: Vec<Value> = found.into_iter().skip(start).take(most).collect();
    Ok(json!({"Events": page, "NextToken": next}))
}

/// Says whether an event has an attribute. What an event is about stands in its parameters only.
fn has(event: &Value, attribute: &Input<'_>) -> bool {
    let value = attribute.str_or("AttributeValue", "");
    let own = match attribute.str_or("AttributeKey", "") {
        "EventId" => &event["eventID"],
        "EventName" => &event["eventName"],
        "EventSource" => &event["eventSource"],
        "Username" => &event["userIdentity"]["userName"],
        "AccessKeyId" => &event["userIdentity"]["accessKeyId"],
        "ReadOnly" => return value == "false",
        _ => return false,
    };
    own == value
}

fn show(event: &Value, document: &str, at: SimTime) -> Value {
    json!({
        "EventId": event["eventID"],
        "EventName": event["eventName"],
        "EventSource": event["eventSource"],
        "EventTime": at.epoch_seconds(),
        "ReadOnly": "false",
        "AccessKeyId": event["userIdentity"]["accessKeyId"],
        "Username": event["userIdentity"]["userName"],
        "Resources": [],
        "CloudTrailEvent": document,
    })
}
