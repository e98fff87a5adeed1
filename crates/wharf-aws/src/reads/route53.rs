//! Hosted zones and records.
//!
//! Route 53 allows five calls a second for a whole account, so zones and records are read with as few
//! calls as their shape allows: one for the zones of one registered domain, one per zone for up to
//! 300 records.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_route53::types::{DelegationSet, HostedZone as SdkZone, ResourceRecordSet, RrType};
use futures::future::{BoxFuture, try_join_all};
use wharf_graph::ErrorClass;
use wharf_graph::facts::HostedZone;
use wharf_spec::stack::Zone;

use crate::delegation;
use crate::error::AwsError;
use crate::reads::{Got, Memo, Reads};

/// Largest page of zones (Route 53 API reference, `ListHostedZones`).
const ZONE_PAGE: i32 = 100;

/// What is read once.
#[derive(Default)]
pub(crate) struct Memos {
    zones: Memo<Vec<HostedZone>>,
    records: Memo<Vec<ZoneRecords>>,
}

/// The records of one zone that can matter to the stack.
#[derive(Clone, Debug)]
pub(crate) struct ZoneRecords {
    pub(crate) zone: HostedZone,
    pub(crate) records: Vec<ResourceRecordSet>,
}

impl Reads {
    /// Reads the public zones whose name is a suffix of one of the stack's names, longest first.
    pub(crate) async fn zones(&self) -> Result<Arc<Got<Vec<HostedZone>>>, AwsError> {
        self.memos
            .route53
            .zones
            .get(async || self.zones_for(&zoned_names(&self.stack), 0).await)
            .await
    }

    /// Reads the records at and directly below every name the stack has, or had: the names of its own
    /// certificates, and of its rules on a balancer owned elsewhere, lead to records the spec no longer mentions.
    pub(crate) fn records(&self) -> BoxFuture<'_, Result<Arc<Got<Vec<ZoneRecords>>>, AwsError>> {
        Box::pin(async move {
            self.memos
                .route53
                .records
                .get(async || {
                    let mut names = zoned_names(&self.stack);
                    let (zones, former, guest) = futures::try_join!(
                        self.zones(),
                        self.certified_names(),
                        self.guest_names()
                    )?;
                    let former: Got<BTreeSet<String>> = Got {
                        round: former.round.max(guest.round),
                        value: former.value.union(&guest.value).cloned().collect(),
                    };
                    let mut zones = Got { value: zones.value.clone(), round: zones.round };
                    let unknown: BTreeSet<String> =
                        former.value.difference(&names).cloned().collect();
                    if !unknown.is_empty() {
                        names.extend(unknown.iter().cloned());
                        if unknown.iter().any(|name| longest(&zones.value, name).is_none()) {
                            zones = self.zones_for(&names, former.round).await?;
                        }
                        zones.round = zones.round.max(former.round);
                    }
                    let reads = zones.value.iter().map(async |zone| {
                        let inside: BTreeSet<String> =
                            names.iter().filter(|name| within(name, &zone.name)).cloned().collect();
                        let got = self.zone_records(&zone.id, &inside, zones.round).await?;
                        let records = ZoneRecords { zone: zone.clone(), records: got.value };
                        Ok::<_, AwsError>(Got { value: records, round: got.round })
                    });
                    let all = try_join_all(reads).await?;
                    let round = all.iter().map(|got| got.round).max().unwrap_or(zones.round);
                    Ok(Got { value: all.into_iter().map(|got| got.value).collect(), round })
                })
                .await
        })
    }

    /// Reads the zones of the stack's names, and finds out where the world is led to for them, as long as the
    /// stack's certificate waits for that.
    pub(crate) async fn zones_asked(&self) -> Result<Vec<HostedZone>, AwsError> {
        let zones = self.zones().await?;
        if zones.value.is_empty() || !self.waits_for_proof().await? {
            return Ok(zones.value.clone());
        }
        let names = zoned_names(&self.stack);
        let used: BTreeSet<&str> = names
            .iter()
            .filter_map(|name| longest(&zones.value, name))
            .map(|it| it.id.as_str())
            .collect();
        let asked = zones.value.iter().map(async |zone| {
            let mut zone = zone.clone();
            if used.contains(zone.id.as_str()) {
                zone.elsewhere = self.elsewhere(&zone, zones.round).await?;
            }
            Ok::<_, AwsError>(zone)
        });
        try_join_all(asked).await
    }

    /// Returns the name servers the world is led to for a zone, unless they are the zone's or nobody can be asked.
    async fn elsewhere(
        &self,
        zone: &HostedZone,
        after: u32,
    ) -> Result<Option<BTreeSet<String>>, AwsError> {
        let (own, public) = futures::join!(
            self.call(after, "route53:GetHostedZone", |aws| {
                aws.route53.get_hosted_zone().id(&zone.id).send()
            }),
            self.resolver().name_servers(&zone.name),
        );
        let own = match own {
            // Whoever may not look closer plans all the same.
            Err(error) if error.class == ErrorClass::Denied => return Ok(None),
            Err(error) if error.is(&["NoSuchHostedZone"]) => return Ok(None),
            own => own?,
        };
        let set = own.value.delegation_set().map(DelegationSet::name_servers).unwrap_or_default();
        let own: BTreeSet<String> = set.iter().map(|name| delegation::plain(name)).collect();
        Ok(public.filter(|public| !own.is_empty() && public.is_disjoint(&own)))
    }

    /// Reads the zones that contain any of `names`. Names below one registered domain need one call,
    /// since zones are listed in order of reversed labels; otherwise all zones are listed.
    async fn zones_for(
        &self,
        names: &BTreeSet<String>,
        after: u32,
    ) -> Result<Got<Vec<HostedZone>>, AwsError> {
        let mut roots: Vec<String> = names.iter().map(|name| root(name)).collect();
        roots.sort();
        roots.dedup();
        let mut got = match roots.as_slice() {
            [] => return Ok(Got { value: Vec::new(), round: after }),
            [root] => self.zones_below(root, after).await?,
            _ => self.all_zones(after).await?,
        };
        got.value.retain(|zone| names.iter().any(|name| within(name, &zone.name)));
        got.value.sort_by(|one, two| {
            (two.name.len(), &one.name, &one.id).cmp(&(one.name.len(), &two.name, &two.id))
        });
        Ok(got)
    }

    async fn zones_below(&self, root: &str, after: u32) -> Result<Got<Vec<HostedZone>>, AwsError> {
        let mut zones = Vec::new();
        let mut round = after;
        let mut start = (Some(root.to_owned()), None::<String>);
        loop {
            let got = self
                .call(round, "route53:ListHostedZonesByName", |aws| {
                    aws.route53
                        .list_hosted_zones_by_name()
                        .set_dns_name(start.0.clone())
                        .set_hosted_zone_id(start.1.clone())
                        .max_items(ZONE_PAGE)
                        .send()
                })
                .await?;
            round = got.round;
            zones.extend(got.value.hosted_zones().iter().filter_map(public));
            let next = got.value.next_dns_name().map(str::to_owned);
            let inside = next.as_deref().is_some_and(|next| within(&plain_name(next), root));
            if !got.value.is_truncated() || !inside {
                return Ok(Got { value: zones, round });
            }
            start = (next, got.value.next_hosted_zone_id().map(str::to_owned));
        }
    }

    async fn all_zones(&self, after: u32) -> Result<Got<Vec<HostedZone>>, AwsError> {
        let mut zones = Vec::new();
        let mut round = after;
        let mut marker = None::<String>;
        loop {
            let got = self
                .call(round, "route53:ListHostedZones", |aws| {
                    aws.route53
                        .list_hosted_zones()
                        .set_marker(marker.clone())
                        .max_items(ZONE_PAGE)
                        .send()
                })
                .await?;
            round = got.round;
            zones.extend(got.value.hosted_zones().iter().filter_map(public));
            marker = got.value.next_marker().map(str::to_owned);
            if !got.value.is_truncated() || marker.is_none() {
                return Ok(Got { value: zones, round });
            }
        }
    }

    /// Reads a zone from its beginning, which for nearly all zones is the whole of it, and in a larger
    /// one goes on only where one of `names` can be.
    async fn zone_records(
        &self,
        zone: &str,
        names: &BTreeSet<String>,
        after: u32,
    ) -> Result<Got<Vec<ResourceRecordSet>>, AwsError> {
        let mut records: Vec<ResourceRecordSet> = Vec::new();
        let mut round = after;
        let mut start: Start = (None, None, None);
        loop {
            let got = self
                .call(round, "route53:ListResourceRecordSets", |aws| {
                    aws.route53
                        .list_resource_record_sets()
                        .hosted_zone_id(zone)
                        .set_start_record_name(start.0.clone())
                        .set_start_record_type(start.1.clone())
                        .set_start_record_identifier(start.2.clone())
                        .send()
                })
                .await?;
            round = got.round;
            records.extend(got.value.resource_record_sets().iter().cloned());
            let next = got.value.next_record_name().filter(|_| got.value.is_truncated());
            let Some(next) = next else { break };
            let here = plain_name(next);
            start = match resume(&here, names) {
                None => break,
                Some(name) if name == here => (
                    Some(next.to_owned()),
                    got.value.next_record_type().cloned(),
                    got.value.next_record_identifier().map(str::to_owned),
                ),
                Some(name) => (Some(name), None, None),
            };
        }
        Ok(Got { value: records, round })
    }
}

/// Where a page of records begins: name, type, set identifier.
type Start = (Option<String>, Option<RrType>, Option<String>);

/// Returns the names whose records wharf keeps itself.
fn zoned_names(stack: &wharf_spec::Stack) -> BTreeSet<String> {
    stack
        .routed()
        .filter_map(|service| service.routing.as_ref()?.domain.as_ref())
        .filter(|domain| domain.zone != Zone::External)
        .flat_map(|domain| domain.names.iter().cloned())
        .collect()
}

fn public(zone: &SdkZone) -> Option<HostedZone> {
    if zone.config().is_some_and(aws_sdk_route53::types::HostedZoneConfig::private_zone) {
        return None;
    }
    let id = zone.id().trim_start_matches("/hostedzone/").to_owned();
    Some(HostedZone { id, name: plain_name(zone.name()), elsewhere: None })
}

/// The last two labels: no zone of a customer has fewer.
fn root(name: &str) -> String {
    let mut labels: Vec<&str> = name.rsplit('.').take(2).collect();
    labels.reverse();
    labels.join(".")
}

/// Says whether `name` is `zone` or below it.
pub(crate) fn within(name: &str, zone: &str) -> bool {
    name.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Returns the zone with the longest name that contains `name`; `zones` are ordered longest first.
pub(crate) fn longest<'a>(zones: &'a [HostedZone], name: &str) -> Option<&'a HostedZone> {
    zones.iter().find(|zone| within(name, &zone.name))
}

/// Brings a name as Route 53 writes it into plain form: lower case, no trailing dot, octal escapes
/// undone (Route 53 Developer Guide, DNS domain name format).
pub(crate) fn plain_name(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut rest = name.trim_end_matches('.');
    while let Some(at) = rest.find('\\') {
        plain.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 4).and_then(|code| u8::from_str_radix(code, 8).ok());
        rest = if let Some(byte) = code {
            plain.push(char::from(byte));
            &rest[at + 4..]
        } else {
            plain.push('\\');
            &rest[at + 1..]
        };
    }
    plain.push_str(rest);
    plain.make_ascii_lowercase();
    plain
}

/// The text by which Route 53 orders records: labels reversed, with a trailing dot
/// (Route 53 API reference, `ListResourceRecordSets`).
fn order(name: &str) -> String {
    let labels: Vec<&str> = name.rsplit('.').collect();
    labels.join(".") + "."
}

/// Decides where to read on when the next record of a zone is called `next`: there, if it belongs to
/// one of `names`; at the first of `names` that is still to come; or nowhere.
///
/// What belongs to a name is itself and its children that begin with an underscore, such as the
/// validation record of a certificate.
fn resume(next: &str, names: &BTreeSet<String>) -> Option<String> {
    let here = order(next);
    // How a wildcard is ordered is nowhere said, so nothing is skipped for one.
    if names.iter().any(|name| name.contains('*')) {
        return Some(next.to_owned());
    }
    let inside = |name: &&String| {
        let first = order(name);
        here >= first && here < format!("{first}`")
    };
    if names.iter().any(|name| inside(&name)) {
        return Some(next.to_owned());
    }
    names.iter().filter(|name| order(name) > here).min_by_key(|name| order(name)).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> BTreeSet<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn names_become_plain() {
        assert_eq!(plain_name("\\052.Example.com."), "*.example.com");
        assert_eq!(plain_name("a\\09"), "a\\09");
        assert_eq!(plain_name("a\\"), "a\\");
    }

    #[test]
    fn suffixes_end_on_label_boundaries() {
        assert!(within("a.example.com", "example.com"));
        assert!(within("example.com", "example.com"));
        assert!(!within("notexample.com", "example.com"));
    }

    #[test]
    fn reading_goes_on_only_where_a_name_can_be() {
        let wanted = names(&["m.example.com"]);
        assert_eq!(resume("b.example.com", &wanted), Some("m.example.com".into()));
        assert_eq!(resume("m.example.com", &wanted), Some("m.example.com".into()));
        assert_eq!(
            resume("_abc.m.example.com", &wanted),
            Some("_abc.m.example.com".into()),
            "the validation record is still to come"
        );
        assert_eq!(resume("x.m.example.com", &wanted), None);
        assert_eq!(resume("z.example.com", &wanted), None);
        let apex = names(&["example.com"]);
        assert_eq!(resume("_acme.example.com", &apex), Some("_acme.example.com".into()));
        assert_eq!(resume("a.example.com", &apex), None);
    }
}
