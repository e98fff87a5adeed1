//! Hosted zones and their records.

use std::{fmt::Write, time::Duration};

use wharf_sandbox::Sandbox;

use crate::common::{Answer, query, rest, sandbox};

/// The id of the zone `example.com`.
pub(crate) async fn zone(sandbox: &Sandbox) -> String {
    let path = "/2013-04-01/hostedzonesbyname?dnsname=example.com&maxitems=1";
    let id = rest(sandbox, "GET", path, "").await.element("Id");
    id.trim_start_matches("/hostedzone/").to_owned()
}

/// The id in the answer to the creation of a zone.
pub(crate) fn made_id(made: &Answer) -> String {
    let ids = made.elements("Id");
    ids.iter().find_map(|id| id.strip_prefix("/hostedzone/")).unwrap().to_owned()
}

/// A change of a record with one value.
pub(crate) fn record(action: &str, name: &str, kind: &str, value: &str) -> String {
    let set = format!(
        "<TTL>300</TTL><ResourceRecords><ResourceRecord><Value>{value}</Value></ResourceRecord>\
         </ResourceRecords>"
    );
    any(action, name, kind, &set)
}

fn any(action: &str, name: &str, kind: &str, set: &str) -> String {
    format!(
        "<Change><Action>{action}</Action><ResourceRecordSet><Name>{name}</Name>\
         <Type>{kind}</Type>{set}</ResourceRecordSet></Change>"
    )
}

fn alias(zone: &str, name: &str) -> String {
    format!(
        "<AliasTarget><HostedZoneId>{zone}</HostedZoneId><DNSName>{name}</DNSName>\
         <EvaluateTargetHealth>true</EvaluateTargetHealth></AliasTarget>"
    )
}

/// Sends a batch of changes.
pub(crate) async fn change(sandbox: &Sandbox, zone: &str, changes: &[String]) -> Answer {
    let body = format!(
        "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">\
         <ChangeBatch><Changes>{}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>",
        changes.concat()
    );
    rest(sandbox, "POST", &format!("/2013-04-01/hostedzone/{zone}/rrset/"), &body).await
}

async fn list(sandbox: &Sandbox, zone: &str, query: &str) -> Answer {
    rest(sandbox, "GET", &format!("/2013-04-01/hostedzone/{zone}/rrset?{query}"), "").await
}

#[tokio::test(start_paused = true)]
async fn a_change_is_in_sync_later() {
    let sandbox = sandbox();
    let zone = zone(&sandbox).await;
    let made = change(&sandbox, &zone, &[record("CREATE", "A.example.com", "A", "1.2.3.4")]).await;
    assert_eq!(made.element("Status"), "PENDING");
    let path = format!("/2013-04-01{}", made.element("Id"));
    assert_eq!(rest(&sandbox, "GET", &path, "").await.element("Status"), "PENDING");
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(rest(&sandbox, "GET", &path, "").await.element("Status"), "INSYNC");
    let none = rest(&sandbox, "GET", "/2013-04-01/change/CNONE", "").await;
    assert_eq!((none.status, none.element("Code").as_str()), (404, "NoSuchChange"));
}

#[tokio::test]
async fn what_a_zone_cannot_hold_is_refused() {
    let sandbox = sandbox();
    let zone = zone(&sandbox).await;
    let first = [
        record("CREATE", "a.example.com", "A", "1.2.3.4"),
        record("CREATE", "c.example.com", "CNAME", "elsewhere.net"),
    ];
    assert_eq!(change(&sandbox, &zone, &first).await.status, 200);
    let elb = alias("Z32O12XQLNTSW2", "none-1.eu-west-1.elb.amazonaws.com");
    let own = alias(&zone, "none.example.com");
    let cases = [
        (record("CREATE", "a.example.com.", "A", "1.2.3.5"), "but it already exists"),
        (record("DELETE", "b.example.com", "A", "1.2.3.4"), "but it was not found"),
        (record("DELETE", "a.example.com", "A", "1.2.3.5"), "do not match the current values"),
        (record("CREATE", "a.example.com", "CNAME", "x.net"), "conflicts with other records"),
        (record("CREATE", "c.example.com", "A", "1.2.3.4"), "a conflicting RRSet of type CNAME"),
        (record("UPSERT", "example.com", "CNAME", "x.net"), "is not permitted at apex"),
        (record("CREATE", "a.example.org", "A", "1.2.3.4"), "is not permitted in zone"),
        (record("CREATE", "notexample.com", "A", "1.2.3.4"), "is not permitted in zone"),
        (record("CREATE", "d.example.com", "A", "1.2.3"), "not a valid IPv4 address"),
        (record("CREATE", "d.example.com", "TXT", "plain"), "enclosed in quotation marks"),
        (any("CREATE", "d.example.com", "A", &elb), "but that target was not found"),
        (any("CREATE", "d.example.com", "A", &own), "but that target was not found"),
    ];
    for (wanted, text) in cases {
        let answer = change(&sandbox, &zone, std::slice::from_ref(&wanted)).await;
        assert_eq!(answer.element("Code"), "InvalidChangeBatch", "{wanted}");
        let message = answer.element("Message");
        assert!(message.contains(text) && message.starts_with('['), "{message}");
    }
    let naked = change(&sandbox, &zone, &[any("CREATE", "e.example.com", "A", "")]).await;
    assert_eq!(naked.element("Code"), "InvalidInput");
    let none = change(&sandbox, "ZNONE", &first).await;
    assert_eq!((none.status, none.element("Code").as_str()), (404, "NoSuchHostedZone"));
}

#[tokio::test]
async fn a_batch_succeeds_or_fails_as_a_whole() {
    let sandbox = sandbox();
    let zone = zone(&sandbox).await;
    let half = [
        record("CREATE", "a.example.com", "A", "1.2.3.4"),
        record("DELETE", "b.example.com", "A", "1.2.3.4"),
    ];
    assert_eq!(change(&sandbox, &zone, &half).await.status, 400);
    assert!(!list(&sandbox, &zone, "").await.body.contains("a.example.com"));
    change(&sandbox, &zone, &half[..1]).await;
    // A name changes its type in one batch.
    let swap = [
        record("DELETE", "a.example.com", "A", "1.2.3.4"),
        record("CREATE", "a.example.com", "CNAME", "b.net"),
    ];
    assert_eq!(change(&sandbox, &zone, &swap).await.status, 200);
    let apex = list(&sandbox, &zone, "name=example.com&type=NS&maxitems=1").await;
    let mut values = String::new();
    for value in apex.elements("Value") {
        write!(values, "<ResourceRecord><Value>{value}</Value></ResourceRecord>").unwrap();
    }
    let set = format!("<TTL>172800</TTL><ResourceRecords>{values}</ResourceRecords>");
    let refused = change(&sandbox, &zone, &[any("DELETE", "example.com", "NS", &set)]).await;
    assert!(refused.element("Message").contains("at least one NS record"), "{}", refused.body);
}

#[tokio::test]
async fn records_are_listed_in_order_from_a_name_on() {
    let sandbox = sandbox();
    let zone = zone(&sandbox).await;
    let changes = [
        record("CREATE", "b.example.com", "A", "1.2.3.4"),
        record("CREATE", "*.example.com", "A", "1.2.3.4"),
        record("CREATE", "a.b.example.com", "TXT", "&quot;x&quot;"),
        record("CREATE", "c.example.com", "A", "1.2.3.4"),
    ];
    assert_eq!(change(&sandbox, &zone, &changes).await.status, 200);
    let all = list(&sandbox, &zone, "").await.elements("Name");
    let expected = [
        "example.com.",
        "example.com.",
        "\\052.example.com.",
        "b.example.com.",
        "a.b.example.com.",
        "c.example.com.",
    ];
    assert_eq!(all, expected);
    let one = list(&sandbox, &zone, "name=B.example.com&type=CNAME&maxitems=1").await;
    assert_eq!(one.elements("Name"), ["a.b.example.com."], "the first at or after the key");
    assert_eq!(one.element("NextRecordName"), "c.example.com.");
    assert_eq!(one.element("IsTruncated"), "true");
}

#[tokio::test]
async fn an_alias_needs_the_balancers_own_zone_and_is_kept_as_sent() {
    let sandbox = sandbox();
    let zone = zone(&sandbox).await;
    let subnets = [
        crate::ec2::subnet(&sandbox, "main-public-a").await,
        crate::ec2::subnet(&sandbox, "main-public-b").await,
    ];
    let form = format!("Name=Web&Subnets.member.1={}&Subnets.member.2={}", subnets[0], subnets[1]);
    let made = query(&sandbox, "elasticloadbalancing", "CreateLoadBalancer", &form).await;
    let (name, of) = (made.element("DNSName"), made.element("CanonicalHostedZoneId"));
    let wrong = any("CREATE", "example.com", "A", &alias("Z35SXDOTRQ7X7K", &name));
    let refused = change(&sandbox, &zone, &[wrong]).await;
    assert!(refused.element("Message").contains("does not lie within the target zone"));
    let right = any("CREATE", "example.com", "A", &alias(&of, &format!("dualstack.{name}")));
    assert_eq!(change(&sandbox, &zone, &[right]).await.status, 200);
    let read = list(&sandbox, &zone, "name=example.com&type=A&maxitems=1").await;
    assert_eq!(read.element("DNSName"), format!("dualstack.{}.", name.to_lowercase()));
    assert!(!read.body.contains("<TTL>"));
    // A deletion repeats the set.
    let other = any("DELETE", "example.com", "A", &alias(&of, &name));
    assert_eq!(change(&sandbox, &zone, &[other]).await.element("Code"), "InvalidChangeBatch");
}

#[tokio::test]
async fn zones_are_made_found_tagged_and_deleted() {
    let sandbox = sandbox();
    let body = "<CreateHostedZoneRequest><Name>Staging.example.com</Name>\
                <CallerReference>r1</CallerReference></CreateHostedZoneRequest>";
    let made = rest(&sandbox, "POST", "/2013-04-01/hostedzone", body).await;
    assert_eq!((made.status, made.element("Name").as_str()), (201, "staging.example.com."));
    assert_eq!(made.elements("NameServer").len(), 4);
    let id = made_id(&made);
    let again = rest(&sandbox, "POST", "/2013-04-01/hostedzone", body).await;
    assert_eq!(again.element("Code"), "HostedZoneAlreadyExists");
    let path = "/2013-04-01/hostedzonesbyname?dnsname=staging.example.com";
    assert_eq!(rest(&sandbox, "GET", path, "").await.elements("Id").len(), 1, "no ancestors");
    assert_eq!(rest(&sandbox, "GET", "/2013-04-01/hostedzone", "").await.elements("Id").len(), 2);
    let tags = format!("/2013-04-01/tags/hostedzone/{id}");
    let add = "<ChangeTagsForResourceRequest><AddTags><Tag><Key>k</Key><Value>v</Value></Tag>\
               </AddTags></ChangeTagsForResourceRequest>";
    assert_eq!(rest(&sandbox, "POST", &tags, add).await.status, 200);
    assert_eq!(rest(&sandbox, "GET", &tags, "").await.element("Value"), "v");
    let one = record("CREATE", "a.staging.example.com", "A", "1.2.3.4");
    change(&sandbox, &id, std::slice::from_ref(&one)).await;
    let path = format!("/2013-04-01/hostedzone/{id}");
    let refused = rest(&sandbox, "DELETE", &path, "").await;
    assert_eq!(refused.element("Code"), "HostedZoneNotEmpty");
    change(&sandbox, &id, &[one.replace("CREATE", "DELETE")]).await;
    assert_eq!(rest(&sandbox, "DELETE", &path, "").await.status, 200);
    assert_eq!(rest(&sandbox, "GET", &path, "").await.element("Code"), "NoSuchHostedZone");
}
