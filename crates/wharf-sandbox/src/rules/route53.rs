//! What Route 53 refuses.

use super::rules;

rules! { "Route 53"
    RECORD_NEW: "route53/record-new", 400 "InvalidChangeBatch",
        "CREATE needs a record that does not exist.",
        "Route 53 API reference, ChangeResourceRecordSets";
    RECORD_FOUND: "route53/record-found", 400 "InvalidChangeBatch",
        "DELETE needs a record that exists.",
        "Route 53 API reference, ChangeResourceRecordSets";
    RECORD_SAME: "route53/record-same", 400 "InvalidChangeBatch",
        "DELETE repeats the record as it is.",
        "Route 53 API reference, ChangeResourceRecordSets";
    NAME_SERVERS_STAY: "route53/name-servers-stay", 400 "InvalidChangeBatch",
        "The NS records of the zone itself stay.",
        "Route 53 API reference, ChangeResourceRecordSets";
    START_OF_AUTHORITY_STAYS: "route53/start-of-authority-stays", 400 "InvalidChangeBatch",
        "The SOA record of the zone itself stays.",
        "Route 53 API reference, ChangeResourceRecordSets";
    WITHIN_ZONE: "route53/within-zone", 400 "InvalidChangeBatch",
        "A record's name lies within its zone.",
        "Route 53 API reference, ChangeResourceRecordSets";
    NO_CNAME_AT_APEX: "route53/no-cname-at-apex", 400 "InvalidChangeBatch",
        "The zone's own name cannot be a CNAME.",
        "Route 53 API reference, ChangeResourceRecordSets";
    CNAME_ALONE: "route53/cname-alone", 400 "InvalidChangeBatch",
        "A CNAME stands alone at its name.",
        "Route 53 API reference, ChangeResourceRecordSets";
    NOTHING_BESIDE_CNAME: "route53/nothing-beside-cname", 400 "InvalidChangeBatch",
        "Nothing can be put beside a CNAME.",
        "Route 53 API reference, ChangeResourceRecordSets";
    VALUES: "route53/values", 400 "InvalidChangeBatch",
        "Values have the form their type wants.",
        "Route 53 API reference, ChangeResourceRecordSets";
    ALIAS_TARGET: "route53/alias-target", 400 "InvalidChangeBatch",
        "The target of an alias exists, in the zone it is said to be in.",
        "Route 53 API reference, ChangeResourceRecordSets";
    ZONE_EMPTY: "route53/zone-empty", 400 "HostedZoneNotEmpty",
        "A zone with records of its own cannot be deleted.",
        "Route 53 API reference, DeleteHostedZone";
    REFERENCE_NEW: "route53/reference-new", 409 "HostedZoneAlreadyExists",
        "A caller reference makes one zone.",
        "Route 53 API reference, CreateHostedZone";
    ZONE_EXISTS: "route53/zone-exists", 404 "NoSuchHostedZone",
        "A zone must exist.",
        "Route 53 API reference, GetHostedZone";
    SAME_ROUTING: "route53/same-routing", 400 "InvalidChangeBatch",
        "Records of one name and type are all simple or all of a routing policy.",
        "Route 53 API reference, ResourceRecordSet";
    BATCH_SIZE: "route53/batch-size", 400 "InvalidChangeBatch",
        "A batch has up to 1000 records and 32,000 characters of values; UPSERT counts twice.",
        "Route 53 developer guide, quotas";
    START_NAME: "route53/start-name", 400 "InvalidInput",
        "A list that starts at a type starts at a name.",
        "Route 53 API reference, ListResourceRecordSets";
    RECORD_NAME: "route53/record-name", 400 "InvalidInput",
        "The name of a record is a domain name.",
        "Route 53 API reference, ResourceRecordSet";
    VALUES_OR_ALIAS: "route53/values-or-alias", 400 "InvalidInput",
        "A record has TTL and values, or an alias.",
        "Route 53 API reference, ResourceRecordSet";
    ZONE_NAME: "route53/zone-name", 400 "InvalidDomainName",
        "The name of a zone is a domain name.",
        "Route 53 API reference, CreateHostedZone";
    ZONES_COUNT: "route53/zones-count", 400 "TooManyHostedZones",
        "An account has up to 500 zones.",
        "Route 53 developer guide, quotas";
    CHANGE_EXISTS: "route53/change-exists", 404 "NoSuchChange",
        "A change must exist.",
        "Route 53 API reference, GetChange";
    TAGS_OF_ZONES: "route53/tags-of-zones", 400 "InvalidInput",
        "Only the tags of zones are simulated.",
        "the sandbox";
    PAGE_SIZE: "route53/page-size", 400 "InvalidInput",
        "A page has at least one item.",
        "Route 53 API reference, ListHostedZones";
    RECORDS_COUNT: "route53/records-count", 400 "InvalidChangeBatch",
        "A zone has up to 10,000 records.",
        "Route 53 developer guide, quotas";
}
