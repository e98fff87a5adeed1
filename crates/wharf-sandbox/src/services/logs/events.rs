//! Log streams and the events in them.

use serde_json::{Value, json};

use super::{
    Ctx, group,
    state::{LogEvent, LogGroup, LogStream},
};
use crate::{error::AwsError, input::Input, rules::logs as rules, services::Reply, time::SimTime};

/// The most events a reading operation returns at once (CloudWatch Logs API reference).
const MOST: i64 = 10_000;

fn no_stream() -> AwsError {
    rules::STREAM_EXISTS.refuse("The specified log stream does not exist.")
}

/// Finds the group a request names, in either of the two ways.
fn named<'c>(ctx: &'c mut Ctx<'_>, input: &Input<'_>) -> Result<&'c mut LogGroup, AwsError> {
    let name = input.str("logGroupName").or_else(|| input.str("logGroupIdentifier"));
    group(ctx, name.ok_or_else(|| input.missing("logGroupName"))?)
}

pub(super) fn create_stream(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("logStreamName")?;
    let now = ctx.now();
    let found = named(ctx, input)?;
    if found.streams.contains_key(name) {
        let message = "The specified log stream already exists";
        return Err(rules::STREAM_NAME_UNIQUE.refuse(message));
    }
    found.streams.insert(name.to_owned(), LogStream { created: now, events: Vec::new() });
    Ok(json!({}))
}

pub(super) fn delete_stream(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("logStreamName")?;
    named(ctx, input)?.streams.remove(name).ok_or_else(no_stream)?;
    Ok(json!({}))
}

pub(super) fn describe_streams(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let prefix = input.str("logStreamNamePrefix");
    let order = input.one_of("orderBy", &["LogStreamName", "LastEventTime"])?;
    let by_time = order == Some("LastEventTime");
    if by_time && prefix.is_some() {
        return Err(
            rules::STREAM_ORDER.refuse("Cannot order by LastEventTime with a logStreamNamePrefix.")
        );
    }
    let limit = limit(input, 50)?;
    let start = token(input, "")?.unwrap_or(0);
    let found = named(ctx, input)?;
    let mut streams: Vec<(&String, &LogStream)> = found
        .streams
        .iter()
        .filter(|(name, _)| prefix.is_none_or(|prefix| name.starts_with(prefix)))
        .collect();
    if by_time {
        streams.sort_by_key(|(_, stream)| last_time(stream));
    }
    if input.bool("descending")?.unwrap_or(false) {
        streams.reverse();
    }
    let next = (streams.len() > start + limit).then(|| (start + limit).to_string());
    let shown: Vec<Value> = streams
        .into_iter()
        .skip(start)
        .take(limit)
        .map(|(name, stream)| {
            json!({
                "logStreamName": name,
                "creationTime": stream.created.0,
                "firstEventTimestamp": stream.events.first().map(|event| event.at.0),
                "lastEventTimestamp": stream.events.last().map(|event| event.at.0),
                "lastIngestionTime": stream.events.last().map(|event| event.received.0),
                "arn": format!("{}:log-stream:{name}", found.arn),
                "storedBytes": 0,
            })
        })
        .collect();
    Ok(json!({"logStreams": shown, "nextToken": next}))
}

fn last_time(stream: &LogStream) -> Option<SimTime> {
    stream.events.last().map(|event| event.at)
}

pub(super) fn put(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("logStreamName")?;
    let now = ctx.now();
    let mut events = Vec::new();
    for event in input.list("logEvents") {
        let at = event.int("timestamp")?.ok_or_else(|| event.missing("timestamp"))?;
        let message = event.required("message")?.to_owned();
        events.push(LogEvent { at: SimTime(at), received: now, message });
    }
    if !events.is_sorted_by_key(|event| event.at) {
        let message = "Log events in a single PutLogEvents request must be in chronological order.";
        return Err(rules::EVENTS_IN_ORDER.refuse(message));
    }
    let found = named(ctx, input)?;
    let stream = found.streams.get_mut(name).ok_or_else(no_stream)?;
    stream.events.extend(events);
    stream.events.sort_by_key(|event| event.at);
    Ok(json!({"nextSequenceToken": stream.events.len().to_string()}))
}

pub(super) fn get(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("logStreamName")?;
    let limit = limit(input, MOST)?;
    let (from, until) = (input.int("startTime")?, input.int("endTime")?);
    let (forward, backward) = (token(input, "f/")?, token(input, "b/")?);
    let from_head = input.bool("startFromHead")?.unwrap_or(false);
    let found = named(ctx, input)?;
    let stream = found.streams.get(name).ok_or_else(no_stream)?;
    let within: Vec<&LogEvent> =
        stream.events.iter().filter(|event| inside(event, from, until)).collect();
    // A forward token is where the next page begins, a backward one where the last page ended.
    let (start, end) = match (forward, backward) {
        (Some(start), _) => (start, start.saturating_add(limit)),
        (None, Some(end)) => (end.saturating_sub(limit), end),
        (None, None) if from_head => (0, limit),
        (None, None) => (within.len().saturating_sub(limit), within.len()),
    };
    let end = end.min(within.len());
    let start = start.min(end);
    let events: Vec<Value> = within
        .get(start..end)
        .unwrap_or_default()
        .iter()
        .map(|event| {
            json!({
                "timestamp": event.at.0,
                "message": event.message,
                "ingestionTime": event.received.0,
            })
        })
        .collect();
    Ok(json!({
        "events": events,
        "nextForwardToken": format!("f/{end}"),
        "nextBackwardToken": format!("b/{start}"),
    }))
}

fn inside(event: &LogEvent, from: Option<i64>, until: Option<i64>) -> bool {
    from.is_none_or(|from| event.at.0 >= from) && until.is_none_or(|until| event.at.0 < until)
}

pub(super) fn filter(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let limit = limit(input, MOST)?;
    let (from, until) = (input.int("startTime")?, input.int("endTime")?);
    let pattern = Pattern::parse(input.str_or("filterPattern", ""));
    let names = input.strings("logStreamNames");
    let prefix = input.str("logStreamNamePrefix");
    if prefix.is_some() && !names.is_empty() {
        return Err(rules::STREAMS_ONE_WAY
            .refuse("logStreamNames and logStreamNamePrefix exclude each other."));
    }
    let start = token(input, "")?.unwrap_or(0);
    let found = named(ctx, input)?;
    if names.iter().any(|name| !found.streams.contains_key(name)) {
        return Err(no_stream());
    }
    let mut hits: Vec<(&String, usize, &LogEvent)> = found
        .streams
        .iter()
        .filter(|(name, _)| names.is_empty() || names.contains(name))
        .filter(|(name, _)| prefix.is_none_or(|prefix| name.starts_with(prefix)))
        .flat_map(|(name, stream)| {
            stream.events.iter().enumerate().map(move |(at, event)| (name, at, event))
        })
        .filter(|(_, _, event)| until.is_none_or(|until| event.at.0 <= until))
        .filter(|(_, _, event)| from.is_none_or(|from| event.at.0 >= from))
        .filter(|(_, _, event)| pattern.fits(&event.message))
        .collect();
    hits.sort_by_key(|(name, at, event)| (event.at, *name, *at));
    let next = (hits.len() > start + limit).then(|| (start + limit).to_string());
    let events: Vec<Value> = hits
        .into_iter()
        .skip(start)
        .take(limit)
        .map(|(name, at, event)| {
            json!({
                "logStreamName": name,
                "timestamp": event.at.0,
                "message": event.message,
                "ingestionTime": event.received.0,
                "eventId": format!("{name}/{at}"),
            })
        })
        .collect();
    Ok(json!({"events": events, "searchedLogStreams": [], "nextToken": next}))
}

/// Unstructured filter patterns: all plain terms, none of the `-` ones, any of the `?` ones
/// (CloudWatch Logs user guide, "Filter pattern syntax").
#[derive(Debug, Default)]
struct Pattern {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

impl Pattern {
    fn parse(text: &str) -> Self {
        let mut pattern = Self::default();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let mark = rest.chars().next().filter(|ch| "?-".contains(*ch));
            rest = rest.trim_start_matches(['?', '-']);
            let (term, after) = match rest.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
                None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
            };
            let terms = match mark {
                Some('?') => &mut pattern.any,
                Some(_) => &mut pattern.none,
                None => &mut pattern.all,
            };
            terms.push(term.to_owned());
            rest = after.trim_start();
        }
        pattern
    }

    fn fits(&self, message: &str) -> bool {
        let has = |term: &String| message.contains(term.as_str());
        self.all.iter().all(has)
            && !self.none.iter().any(has)
            && (self.any.is_empty() || self.any.iter().any(has))
    }
}

fn limit(input: &Input<'_>, most: i64) -> Result<usize, AwsError> {
    let limit = input.int_in("limit", 1, most)?.unwrap_or(most);
    Ok(usize::try_from(limit).unwrap_or(usize::MAX))
}

/// Reads the place a token stands for, if it is one of this kind.
fn token(input: &Input<'_>, prefix: &str) -> Result<Option<usize>, AwsError> {
    let Some(text) = input.str("nextToken") else { return Ok(None) };
    let Some(number) = text.strip_prefix(prefix) else { return Ok(None) };
    let bad = || rules::PAGE_TOKEN.refuse("The specified nextToken is invalid.");
    number.parse().map(Some).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn patterns_combine_terms() {
        let fits = |pattern: &str, message| Pattern::parse(pattern).fits(message);
        assert!(fits("", "anything"));
        assert!(fits("ERROR \"not found\"", "ERROR: x not found"));
        assert!(!fits("ERROR WARN", "ERROR"));
        assert!(fits("?ERROR ?WARN", "WARN: x"));
        assert!(!fits("ERROR -retry", "ERROR retry"));
    }
}
