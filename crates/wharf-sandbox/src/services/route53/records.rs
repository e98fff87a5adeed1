//! Record sets: listed, and changed in batches that succeed or fail as a whole.

use serde_json::{Value, json};

use super::{
    super::{Ctx, Reply},
    names,
    rules::{self, Problem},
    state::{Alias, RecordSet},
    zones::{max_items, new_change, zone},
};
use crate::{error::AwsError, input::Input, rules::route53 as refusals};

pub(super) fn list(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let limit = max_items(input, 300)?;
    let (name, kind) = (input.str("name"), input.str("type").unwrap_or_default());
    if name.is_none() && !kind.is_empty() {
        let text = "A start record type needs a start record name";
        return Err(refusals::START_NAME.refuse(text));
    }
    let identifier = input.str("identifier").unwrap_or_default();
    let start = name.map(|name| {
        (names::reversed(&names::canonical(name)), kind.to_owned(), identifier.to_owned())
    });
    let zone = zone(ctx, input.required("Id")?)?;
    let records = zone.records.iter();
    let mut chosen: Vec<&RecordSet> =
        records.filter(|it| start.as_ref().is_none_or(|start| it.key() >= *start)).collect();
    let next = chosen.get(limit).copied();
    chosen.truncate(limit);
    Ok(json!({
        "ResourceRecordSets": {
            "ResourceRecordSet": chosen.into_iter().map(show).collect::<Vec<Value>>(),
        },
        "IsTruncated": next.is_some(),
        "NextRecordName": next.map(|it| it.name.clone()),
        "NextRecordType": next.map(|it| it.kind.clone()),
        "NextRecordIdentifier": next.and_then(|it| it.set_identifier.clone()),
        "MaxItems": limit.to_string(),
    }))
}

pub(super) fn change(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let id = input.required("Id")?;
    let batch = input.structure("ChangeBatch").ok_or_else(|| input.missing("ChangeBatch"))?;
    let mut zone_now = zone(ctx, id)?.clone();
    let changes = batch.list("Changes");
    if changes.is_empty() {
        return Err(input.missing("Changes"));
    }
    let (mut problems, mut touched): (Vec<Problem>, _) = (Vec::new(), Vec::new());
    let (mut count, mut size) = (0, 0);
    for change in &changes {
        change.required("Action")?;
        let action = change.one_of("Action", &["CREATE", "DELETE", "UPSERT"])?.unwrap_or_default();
        let set = change.structure("ResourceRecordSet");
        let set = read(&set.ok_or_else(|| change.missing("ResourceRecordSet"))?, action)?;
        let times = if action == "UPSERT" { 2 } else { 1 };
        count += set.values.len().max(1) * times;
        size += set.values.iter().map(String::len).sum::<usize>() * times;
        let before = zone_now.records.iter().position(|it| it.key() == set.key());
        let named = format!("[name='{}', type='{}']", set.name, set.kind);
        match (action, before) {
            ("CREATE", Some(_)) => {
                let text = "but it already exists";
                problems.push((
                    &refusals::RECORD_NEW,
                    format!("Tried to create resource record set {named} {text}"),
                ));
            }
            ("DELETE", None) => {
                let text = "but it was not found";
                problems.push((
                    &refusals::RECORD_FOUND,
                    format!("Tried to delete resource record set {named} {text}"),
                ));
            }
            ("DELETE", Some(at)) => {
                if !rules::same(&zone_now.records[at], &set) {
                    let text = "but the values provided do not match the current values";
                    problems.push((
                        &refusals::RECORD_SAME,
                        format!("Tried to delete resource record set {named} {text}"),
                    ));
                    continue;
                }
                zone_now.records.remove(at);
            }
            (_, Some(at)) => {
                zone_now.records[at] = set.clone();
                touched.push(set);
            }
            (_, None) => {
                zone_now.records.push(set.clone());
                touched.push(set);
            }
        }
    }
    if count > 1000 {
        let text = "Number of records limit of 1000 exceeded.".to_owned();
        problems.push((&refusals::BATCH_SIZE, text));
    }
    if size > 32_000 {
        let text = "The length of all values exceeds 32000 characters.".to_owned();
        problems.push((&refusals::BATCH_SIZE, text));
    }
    if !touched.is_empty() && zone_now.records.len() > 10_000 {
        let text = "Number of records limit of 10000 exceeded.".to_owned();
        problems.push((&refusals::RECORDS_COUNT, text));
    }
    rules::check(ctx.world, &zone_now, &touched, &mut problems);
    if let Some((rule, _)) = problems.first() {
        let texts: Vec<&str> = problems.iter().map(|(_, text)| text.as_str()).collect();
        return Err(rule.refuse(format!("[{}]", texts.join(", "))));
    }
    zone_now.records.sort_by_key(RecordSet::key);
    *zone(ctx, id)? = zone_now;
    Ok(json!({"ChangeInfo": new_change(ctx, batch.str("Comment"))}))
}

fn read(set: &Input<'_>, action: &str) -> Result<RecordSet, AwsError> {
    let (given, kind) = (set.required("Name")?, set.required("Type")?);
    let kinds = [
        "SOA", "A", "TXT", "NS", "CNAME", "MX", "NAPTR", "PTR", "SRV", "SPF", "AAAA", "CAA", "DS",
        "TLSA", "SSHFP", "SVCB", "HTTPS",
    ];
    set.one_of("Type", &kinds)?;
    let name = names::canonical(given);
    if !names::is_valid(&name) {
        let text = format!("The domain name '{given}' is not valid");
        return Err(refusals::RECORD_NAME.refuse(text));
    }
    let mut values = Vec::new();
    for record in set.list("ResourceRecords") {
        values.push(record.required("Value")?.to_owned());
    }
    let ttl = set.int_in("TTL", 0, 2_147_483_647)?;
    let alias = match set.structure("AliasTarget") {
        None => None,
        Some(alias) => Some(Alias {
            zone: alias.required("HostedZoneId")?.to_owned(),
            name: names::canonical(alias.required("DNSName")?),
            evaluate_health: alias
                .bool("EvaluateTargetHealth")?
                .ok_or_else(|| alias.missing("EvaluateTargetHealth"))?,
        }),
    };
    let found = match (&alias, ttl.is_some(), values.is_empty()) {
        (Some(_), false, true) | (None, true, false) => None,
        (Some(_), _, _) => Some("more than one"),
        (None, _, _) => Some("none"),
    };
    if let Some(found) = found {
        let text = format!(
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and \
             ResourceRecords], or TrafficPolicyInstanceId], but found {found} in Change with \
             [Action={action}, Name={given}, Type={kind}, SetIdentifier=null]"
        );
        return Err(refusals::VALUES_OR_ALIAS.refuse(text));
    }
    Ok(RecordSet {
        name,
        kind: kind.to_owned(),
        set_identifier: set.str("SetIdentifier").map(str::to_owned),
        weight: set.int_in("Weight", 0, 255)?,
        ttl,
        values,
        alias,
    })
}

fn show(set: &RecordSet) -> Value {
    let values = set.values.iter().map(|value| json!({"Value": value}));
    let values: Vec<Value> = values.collect();
    let records = (!values.is_empty()).then(|| json!({"ResourceRecord": values}));
    let alias = set.alias.as_ref().map(|alias| {
        json!({
            "HostedZoneId": alias.zone,
            "DNSName": alias.name,
            "EvaluateTargetHealth": alias.evaluate_health,
        })
    });
    json!({
        "Name": set.name,
        "Type": set.kind,
        "SetIdentifier": set.set_identifier,
        "Weight": set.weight,
        "TTL": set.ttl,
        "ResourceRecords": records,
        "AliasTarget": alias,
    })
}
