//! Hosted zones and their tags.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    super::{Ctx, Reply},
    names,
    state::{Change, RecordSet, Route53Event, Zone},
};
use crate::{
    error::AwsError,
    input::Input,
    rules,
    tags::{self, Tags},
    world::{Event, World},
};

/// How long a change takes to reach all name servers; AWS says within 60 seconds.
const PROPAGATION: Duration = Duration::from_secs(20);

/// Makes the zone `example.com`, which is really delegated.
pub(crate) fn seed(world: &mut World) {
    make(world, "example.com.", "seed", Some("The sandbox's own domain"), false);
}

/// Makes a zone with its `NS` and `SOA` records and returns its id.
fn make(
    world: &mut World,
    name: &str,
    reference: &str,
    comment: Option<&str>,
    private: bool,
) -> String {
    let id = format!("Z0{}", world.ids.upper(19));
    let number: u64 = world.ids.bits() % 512;
    let name_servers: Vec<String> = [("org", 1024), ("co.uk", 1536), ("com", 0), ("net", 512)]
        .iter()
        .map(|(top, base)| format!("ns-{}.awsdns-{:02}.{top}", base + number, number % 64))
        .collect();
    let dotted: Vec<String> = name_servers.iter().map(|ns| format!("{ns}.")).collect();
    let soa = format!("{} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400", dotted[0]);
    let record = |kind: &str, ttl, values| RecordSet {
        name: name.to_owned(),
        kind: kind.to_owned(),
        set_identifier: None,
        weight: None,
        ttl: Some(ttl),
        values,
        alias: None,
    };
    let records = vec![record("NS", 172_800, dotted), record("SOA", 900, vec![soa])];
    let zones = &mut world.global.route53.zones;
    let first = !zones.values().any(|zone| zone.name == name && !zone.private);
    let made = Zone {
        id: id.clone(),
        name: name.to_owned(),
        reference: reference.to_owned(),
        comment: comment.map(str::to_owned),
        private,
        registered: first && !private,
        name_servers,
        records,
        tags: Tags::new(),
    };
    zones.insert(id.clone(), made);
    id
}

pub(super) fn create(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = names::canonical(input.required("Name")?);
    if !names::is_valid(&name) || name.starts_with("\\052") {
        let text = format!("{name} is not a valid domain name");
        return Err(rules::route53::ZONE_NAME.refuse(text));
    }
    let reference = input.required("CallerReference")?;
    let zones = &ctx.world.global.route53.zones;
    if zones.values().any(|zone| zone.reference == reference) {
        let text = "A hosted zone has already been created with the specified caller reference.";
        return Err(rules::route53::REFERENCE_NEW.refuse(text).with_status(409));
    }
    if zones.len() >= 500 {
        let text = "The maximum number of hosted zones has been reached";
        return Err(rules::route53::ZONES_COUNT.refuse(text));
    }
    let config = input.structure("HostedZoneConfig");
    let comment = config.and_then(|config| config.str("Comment"));
    let private = input.has("VPC");
    let id = make(ctx.world, &name, reference, comment, private);
    let change = new_change(ctx, None);
    let zone = zone(ctx, &id)?;
    let (shown, servers) = (show(zone), show_delegation(zone));
    ctx.status = Some(201);
    let location = format!("https://route53.amazonaws.com/2013-04-01/hostedzone/{id}");
    ctx.headers.push(("location", location));
    Ok(json!({"HostedZone": shown, "ChangeInfo": change, "DelegationSet": servers}))
}

pub(super) fn delete(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let id = zone(ctx, input.required("Id")?)?.id.clone();
    if zone(ctx, &id)?.records.len() > 2 {
        let text = "The specified hosted zone contains non-required resource record sets  and so \
                    cannot be deleted.";
        return Err(rules::route53::ZONE_EMPTY.refuse(text));
    }
    ctx.world.global.route53.zones.remove(&id);
    Ok(json!({"ChangeInfo": new_change(ctx, None)}))
}

pub(super) fn get(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let zone = zone(ctx, input.required("Id")?)?;
    let servers = (!zone.private).then(|| show_delegation(zone));
    Ok(json!({"HostedZone": show(zone), "DelegationSet": servers}))
}

pub(super) fn list(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let limit = max_items(input, 100)?;
    let marker = input.str("marker").unwrap_or_default();
    let zones = ctx.world.global.route53.zones.values();
    let mut chosen: Vec<&Zone> = zones.filter(|zone| zone.id.as_str() >= marker).collect();
    let next = chosen.get(limit).map(|zone| zone.id.clone());
    chosen.truncate(limit);
    Ok(json!({
        "HostedZones": {"HostedZone": chosen.into_iter().map(show).collect::<Vec<Value>>()},
        "Marker": marker,
        "IsTruncated": next.is_some(),
        "NextMarker": next,
        "MaxItems": limit.to_string(),
    }))
}

/// In the order of reversed labels, from a name on (Route 53 API reference, `ListHostedZonesByName`).
pub(super) fn list_by_name(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let limit = max_items(input, 100)?;
    let from = input.str("dnsname").map(names::canonical);
    let from_id = input.str("hostedzoneid").unwrap_or_default();
    let start = from.as_deref().map(|name| (names::reversed(name), from_id.to_owned()));
    let key = |zone: &Zone| (names::reversed(&zone.name), zone.id.clone());
    let zones = ctx.world.global.route53.zones.values();
    let mut chosen: Vec<&Zone> =
        zones.filter(|zone| start.as_ref().is_none_or(|start| key(zone) >= *start)).collect();
    chosen.sort_by_key(|zone| key(zone));
    let next = chosen.get(limit).map(|zone| (zone.name.clone(), zone.id.clone()));
    chosen.truncate(limit);
    let (next_name, next_id) = next.unzip();
    Ok(json!({
        "HostedZones": {"HostedZone": chosen.into_iter().map(show).collect::<Vec<Value>>()},
        "DNSName": input.str("dnsname"),
        "HostedZoneId": input.str("hostedzoneid"),
        "IsTruncated": next_name.is_some(),
        "NextDNSName": next_name,
        "NextHostedZoneId": next_id,
        "MaxItems": limit.to_string(),
    }))
}

pub(super) fn get_change(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let id = input.required("Id")?;
    let found = ctx.world.global.route53.changes.get(id).ok_or_else(|| {
        let text = format!("A change with id {id} does not exist.");
        rules::route53::CHANGE_EXISTS.refuse(text)
    })?;
    Ok(json!({"ChangeInfo": show_change(found)}))
}

pub(super) fn change_tags(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let more = tags::from_list(input, "AddTags");
    let doomed = input.strings("RemoveTagKeys");
    let zone = tagged_zone(ctx, input)?;
    let mut all = zone.tags.clone();
    all.retain(|key, _| !doomed.contains(key));
    all.extend(more);
    tags::check(&all, "InvalidInput")?;
    zone.tags = all;
    Ok(json!({}))
}

pub(super) fn list_tags(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let zone = tagged_zone(ctx, input)?;
    Ok(json!({"ResourceTagSet": {
        "ResourceType": "hostedzone",
        "ResourceId": zone.id,
        "Tags": {"Tag": tags::upper(&zone.tags)},
    }}))
}

fn tagged_zone<'c>(ctx: &'c mut Ctx<'_>, input: &Input<'_>) -> Result<&'c mut Zone, AwsError> {
    if input.required("ResourceType")? != "hostedzone" {
        return Err(rules::route53::TAGS_OF_ZONES.refuse("Only hosted zones are simulated"));
    }
    zone(ctx, input.required("ResourceId")?)
}

/// Finds a zone, or answers as Route 53 does.
pub(super) fn zone<'c>(ctx: &'c mut Ctx<'_>, id: &str) -> Result<&'c mut Zone, AwsError> {
    let id = id.rsplit('/').next().unwrap_or(id);
    ctx.world.global.route53.zones.get_mut(id).ok_or_else(|| {
        let text = format!("No hosted zone found with ID: {id}");
        rules::route53::ZONE_EXISTS.refuse(text).with_status(404)
    })
}

/// Records a change that will be in sync later.
pub(super) fn new_change(ctx: &mut Ctx<'_>, comment: Option<&str>) -> Value {
    let id = format!("C0{}", ctx.world.ids.upper(19));
    let made = Change {
        id: id.clone(),
        submitted: ctx.now(),
        comment: comment.map(str::to_owned),
        in_sync: false,
    };
    let shown = show_change(&made);
    ctx.world.global.route53.changes.insert(id.clone(), made);
    let event = Event::Route53(Route53Event::InSync { change: id });
    ctx.world.schedule(PROPAGATION, "", event);
    shown
}

/// Reads the size of a page.
pub(super) fn max_items(input: &Input<'_>, most: i64) -> Result<usize, AwsError> {
    let given = input.int("maxitems")?.unwrap_or(most);
    if given < 1 {
        return Err(
            rules::route53::PAGE_SIZE.refuse("The maximum number of items must be positive")
        );
    }
    Ok(usize::try_from(given.min(most)).unwrap_or(100))
}

fn show(zone: &Zone) -> Value {
    json!({
        "Id": format!("/hostedzone/{}", zone.id),
        "Name": zone.name,
        "CallerReference": zone.reference,
        "Config": {"Comment": zone.comment, "PrivateZone": zone.private},
        "ResourceRecordSetCount": zone.records.len(),
    })
}

fn show_delegation(zone: &Zone) -> Value {
    json!({"NameServers": {"NameServer": zone.name_servers}})
}

fn show_change(change: &Change) -> Value {
    json!({
        "Id": format!("/change/{}", change.id),
        "Status": if change.in_sync { "INSYNC" } else { "PENDING" },
        "SubmittedAt": change.submitted.iso(),
        "Comment": change.comment,
    })
}
