//! Who changed something outside wharf, by the event history of CloudTrail.
//!
//! Events are looked up by their names, since few services say in them which resources they are about; which of them
//! is about an object is seen in their parameters. The history holds ninety days, a page fifty events of a name, and
//! what happened a moment ago is not in it yet (CloudTrail API reference, `LookupEvents`; CloudTrail User Guide, "How
//! CloudTrail works").

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use serde_json::Value;
use wharf_graph::{Address, ErrorClass};

use crate::aws::{APP, Aws};
use crate::error::AwsError;

/// Most events of one page (CloudTrail API reference, `LookupEvents`).
const PAGE: i32 = 50;

/// Something that was changed outside wharf.
#[derive(Clone, Debug)]
pub struct Suspect {
    /// Its address.
    pub address: Address,
    /// What it is known by: its id, or its name where it is gone.
    pub known_as: Vec<String>,
    /// Whether it is gone.
    pub gone: bool,
}

/// Who changed something, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Whoever did it, in words: `alice (role Admin)`.
    pub by: String,
    /// When, RFC 3339.
    pub at: String,
    /// What was called, `UpdateService`.
    pub event: String,
    /// The program it came from, or `the console`, as far as is known.
    pub through: Option<String>,
}

/// The calls that change or delete an object of a kind, other than tagging it.
const CALLS: &[(&str, &[&str])] = &[
    ("certificate", &["DeleteCertificate"]),
    (
        "cluster",
        &["DeleteCluster", "PutClusterCapacityProviders", "UpdateCluster", "UpdateClusterSettings"],
    ),
    ("dns_record", &["ChangeResourceRecordSets"]),
    (
        "ingress_rule",
        &[
            "AuthorizeSecurityGroupIngress",
            "ModifySecurityGroupRules",
            "RevokeSecurityGroupIngress",
        ],
    ),
    ("listener", &["DeleteListener", "ModifyListener"]),
    ("listener_rule", &["DeleteRule", "ModifyRule", "SetRulePriorities"]),
    (
        "load_balancer",
        &[
            "DeleteLoadBalancer",
            "ModifyLoadBalancerAttributes",
            "SetIpAddressType",
            "SetSecurityGroups",
            "SetSubnets",
        ],
    ),
    ("log_group", &["DeleteLogGroup", "DeleteRetentionPolicy", "PutRetentionPolicy"]),
    (
        "repository",
        &[
            "DeleteLifecyclePolicy",
            "DeleteRepository",
            "PutImageScanningConfiguration",
            "PutImageTagMutability",
            "PutLifecyclePolicy",
        ],
    ),
    ("role", &["DeleteRole", "DeleteRolePolicy", "PutRolePolicy", "UpdateAssumeRolePolicy"]),
    ("scalable_target", &["DeregisterScalableTarget", "RegisterScalableTarget"]),
    ("scaling_policy", &["DeleteScalingPolicy", "PutScalingPolicy"]),
    ("schedule", &["DeleteSchedule", "UpdateSchedule"]),
    ("schedule_group", &["DeleteScheduleGroup"]),
    ("scheduled_action", &["DeleteScheduledAction", "PutScheduledAction"]),
    ("security_group", &["DeleteSecurityGroup"]),
    ("service", &["DeleteService", "UpdateService"]),
    ("target_group", &["DeleteTargetGroup", "ModifyTargetGroup", "ModifyTargetGroupAttributes"]),
    ("task_definition", &["DeleteTaskDefinitions", "DeregisterTaskDefinition"]),
];

/// Kinds of services without a region, whose events are elsewhere (CloudTrail User Guide, "Global service events").
const GLOBAL: &[&str] = &["dns_record", "role"];
/// Where they are, in the partition `aws`.
const GLOBAL_REGION: &str = "us-east-1";

/// Looks up who last changed each of these, wharf aside. What nobody is found for is not in the answer.
///
/// Fails with [`ErrorClass::Denied`] if the history may not be read.
pub async fn who(
    aws: &Aws,
    partition: &str,
    suspects: &[Suspect],
) -> Result<BTreeMap<Address, Deed>, AwsError> {
    let mut found = BTreeMap::new();
    let mut events: BTreeMap<&str, Vec<Event>> = BTreeMap::new();
    for suspect in suspects {
        let kind = suspect.address.kind();
        let calls = CALLS.iter().find(|(of, _)| *of == kind).map_or(&[][..], |(_, calls)| calls);
        let mut deeds = Vec::new();
        for call in calls.iter().filter(|call| fits(call, suspect.gone)) {
            if !events.contains_key(call) {
                // Two a second are allowed, so one after the other.
                let global = GLOBAL.contains(&kind) && partition == "aws";
                events.insert(call, history(aws, call, global).await?);
            }
            let own = events.get(call).into_iter().flatten();
            deeds.extend(own.filter_map(|event| deed(event, &suspect.known_as)));
        }
        // What wharf has put right since is not what is wrong now.
        let last = deeds.into_iter().max_by(|one, two| one.0.at.cmp(&two.0.at));
        if let Some((last, Whose::Somebodys)) = last {
            found.insert(suspect.address.clone(), last);
        }
    }
    Ok(found)
}

async fn history(aws: &Aws, call: &str, global: bool) -> Result<Vec<Event>, AwsError> {
    let name = LookupAttribute::builder()
        .attribute_key(LookupAttributeKey::EventName)
        .attribute_value(call)
        .build()
        .map_err(|error| {
            let message = format!("{error}; this is a bug in wharf");
            AwsError::own(ErrorClass::Other, message)
        })?;
    let client = if global { aws.trail_in(GLOBAL_REGION) } else { aws.trail.clone() };
    let got = aws
        .caller
        .call("cloudtrail:LookupEvents", || {
            client.lookup_events().lookup_attributes(name.clone()).max_results(PAGE).send()
        })
        .await?;
    Ok(got.events.unwrap_or_default())
}

/// Whose an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Wharfs,
    Somebodys,
}

/// Says whether a call can have done it: what is gone was deleted, and what is there was not.
fn fits(call: &str, gone: bool) -> bool {
    // The call says by its parameters alone which of the two it does.
    let either = ["ChangeResourceRecordSets", "ModifySecurityGroupRules"].contains(&call);
    // They take a part away and leave the object.
    let part =
        ["DeleteLifecyclePolicy", "DeleteRetentionPolicy", "DeleteRolePolicy"].contains(&call);
    let deletes = ["Delete", "Deregister", "Revoke"].iter().any(|verb| call.starts_with(verb));
    either || (deletes && !part) == gone
}

/// Reads an event, unless it is about something else or had no effect.
fn deed(event: &Event, known_as: &[String]) -> Option<(Deed, Whose)> {
    let record: Value = serde_json::from_str(event.cloud_trail_event()?).ok()?;
    let agent = record["userAgent"].as_str().unwrap_or_default();
    let own = agent.contains(&format!("app/{APP}"));
    if !record["errorCode"].is_null() {
        return None;
    }
    let mut texts = BTreeSet::new();
    collect(&record["requestParameters"], &mut texts);
    collect(&record["responseElements"], &mut texts);
    let about = |known: &String| texts.iter().any(|text| names(text, known));
    if !known_as.iter().any(about) {
        return None;
    }
    let console = record["sessionCredentialFromConsole"] == "true";
    let program = agent.split([' ', '[']).next().filter(|program| !program.is_empty());
    let done = Deed {
        by: principal(&record["userIdentity"]),
        at: record["eventTime"].as_str()?.to_owned(),
        event: event.event_name()?.to_owned(),
        through: if console { Some("the console".to_owned()) } else { program.map(str::to_owned) },
    };
    Some((done, if own { Whose::Wharfs } else { Whose::Somebodys }))
}

fn collect<'v>(value: &'v Value, texts: &mut BTreeSet<&'v str>) {
    match value {
        Value::String(text) => {
            texts.insert(text);
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(members) => members.values().for_each(|member| collect(member, texts)),
        _ => {}
    }
}

/// Says whether a text names an object: by its id, its name, or either of them at the end of an ARN. A part of a name
/// names something else.
fn names(text: &str, known: &str) -> bool {
    // Names of zones and records may end in a dot.
    let text = text.strip_suffix('.').unwrap_or(text);
    let of_arn = |arn: &str, short: &str| {
        let resource = arn.strip_prefix("arn:").and_then(|rest| rest.splitn(5, ':').nth(4));
        let typed = resource.and_then(|resource| resource.split_once(['/', ':']));
        resource == Some(short) || typed.is_some_and(|(_, own)| own == short)
    };
    let ends = |arn: &str, name: &str| {
        arn.starts_with("arn:")
            && arn.strip_suffix(name).is_some_and(|rest| rest.ends_with(['/', ':']))
    };
    !text.is_empty() && (text == known || of_arn(known, text) || ends(text, known))
}

/// Says in words who somebody is (CloudTrail User Guide, "CloudTrail userIdentity element").
fn principal(identity: &Value) -> String {
    let text = |name: &str| identity[name].as_str();
    let arn = text("arn").unwrap_or_default();
    let last = |text: &str| text.rsplit('/').next().unwrap_or_default().to_owned();
    match text("type") {
        Some("Root") => "the root user".to_owned(),
        Some("IAMUser") => text("userName").map_or_else(|| last(arn), str::to_owned),
        Some("AssumedRole") => {
            let issuer = identity["sessionContext"]["sessionIssuer"]["userName"].as_str();
            let role = issuer.or_else(|| arn.rsplit('/').nth(1)).unwrap_or("unknown");
            format!("{} (role {role})", last(arn))
        }
        Some("AWSService") => text("invokedBy").unwrap_or("a service of AWS").to_owned(),
        _ if !arn.is_empty() => arn.to_owned(),
        _ => "somebody".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(record: &Value) -> Event {
        Event::builder().event_name("UpdateService").cloud_trail_event(record.to_string()).build()
    }

    fn record() -> Value {
        json!({
            "eventTime": "2026-01-01T00:00:00Z",
            "userAgent": "aws-cli/2.17.0 md/awscrt",
            "requestParameters": {"cluster": "notes", "service": "notes-web-0741", "desiredCount": 0},
            "userIdentity": {
                "type": "AssumedRole",
                "arn": "arn:aws:sts::111122223333:assumed-role/Admin/alice",
                "sessionContext": {"sessionIssuer": {"userName": "Admin"}},
            },
        })
    }

    #[test]
    fn a_deed_is_that_of_somebody_else_about_the_object() {
        let known = |name: &str| {
            let arn = format!("arn:aws:ecs:eu-west-1:111122223333:service/notes/{name}");
            vec![arn, name.to_owned()]
        };
        let arn = known("notes-web-0741");
        let (done, whose) = deed(&event(&record()), &arn).unwrap();
        assert_eq!(whose, Whose::Somebodys);
        assert_eq!(done.by, "alice (role Admin)");
        assert_eq!(done.through.as_deref(), Some("aws-cli/2.17.0"));
        let other = known("notes-api-0741");
        assert_eq!(deed(&event(&record()), &other), None);
        let with = |name: &str, value: Value| {
            let mut changed = record();
            changed[name] = value;
            deed(&event(&changed), &arn)
        };
        let own = with("userAgent", json!("aws-sdk-rust/1.3 app/wharf")).unwrap();
        assert_eq!(own.1, Whose::Wharfs);
        assert_eq!(with("errorCode", json!("AccessDenied")), None, "had no effect");
        let console = with("sessionCredentialFromConsole", json!("true")).unwrap().0;
        assert_eq!(console.through.as_deref(), Some("the console"));
    }

    #[test]
    fn objects_are_named_by_the_whole_of_what_they_are_called() {
        let service = "arn:aws:ecs:eu-west-1:1:service/notes/notes-web";
        let group = "arn:aws:logs:eu-west-1:1:log-group:/wharf/notes/web";
        let repository = "arn:aws:ecr:eu-west-1:1:repository/notes/web";
        let task = "arn:aws:ecs:eu-west-1:1:task-definition/notes-web:1";
        for (text, known, same) in [
            ("sg-1", "sg-1", true),
            (service, "notes-web", true),
            ("service/notes/notes-web", service, true),
            ("/wharf/notes/web", group, true),
            ("notes/web", repository, true),
            ("notes-web:1", task, true),
            ("notes.example.com.", "notes.example.com", true),
            // A part of it names something else: a type of record, a repository of somebody else's.
            ("A", "Z1/notes.example.com/A", false),
            ("web", group, false),
            ("web", repository, false),
            ("1", task, false),
            ("web", service, false),
            ("", "anything/", false),
        ] {
            assert_eq!(names(text, known), same, "{text} {known}");
        }
    }

    #[test]
    fn everybody_has_a_name() {
        for (identity, name) in [
            (json!({"type": "Root", "arn": "arn:aws:iam::1:root"}), "the root user"),
            (json!({"type": "IAMUser", "userName": "bob"}), "bob"),
            (json!({"type": "AWSService", "invokedBy": "ecs.amazonaws.com"}), "ecs.amazonaws.com"),
            (
                json!({"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/Ci/run"}),
                "run (role Ci)",
            ),
            (json!({}), "somebody"),
        ] {
            assert_eq!(principal(&identity), name);
        }
    }

    #[test]
    fn every_kind_that_can_drift_has_its_calls() {
        let known: BTreeSet<&str> = CALLS.iter().map(|(kind, _)| *kind).collect();
        // What these are is seen in other objects.
        let none = ["certificate_validation", "image", "release"];
        let kinds: BTreeSet<&str> =
            crate::kinds::KINDS.iter().map(|kind| kind.policy().kind).collect();
        let wanted: BTreeSet<&str> =
            kinds.into_iter().filter(|kind| !none.contains(kind)).collect();
        assert_eq!(known, wanted);
    }
}
