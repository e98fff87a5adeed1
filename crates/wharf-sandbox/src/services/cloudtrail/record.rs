//! Writing down what a request changed.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{wire::Incoming, world::World};

/// Longest input that an event shows (CloudTrail User Guide, "CloudTrail record contents"; the sandbox's own size).
const LONGEST: usize = 4096;
/// What has no region is written down here (CloudTrail User Guide, "Global service events").
const GLOBAL: &str = "us-east-1";
/// Services whose requests hold what nobody is to read.
const SILENT: &[&str] = &["ssm", "secretsmanager"];

/// Adds an event (CloudTrail User Guide, "CloudTrail record contents").
pub(crate) fn record(world: &mut World, call: &Incoming) {
    if SILENT.contains(&call.service.name) {
        return;
    }
    let region = if call.service.global { GLOBAL } else { call.region.as_str() };
    let input = call.input.to_string();
    let shown = (input.len() <= LONGEST).then(|| call.input.clone());
    let number = world.cloudtrail.entry(region.to_owned()).or_default().next();
    let event = json!({
        "eventVersion": "1.11",
        "eventID": id(region, number),
        "eventTime": world.now.iso(),
        "eventName": call.operation.name,
        "eventSource": format!("{}.amazonaws.com", call.service.name),
        "eventType": "AwsApiCall",
        "awsRegion": region,
        "readOnly": false,
        "recipientAccountId": world.account,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": call.by.agent,
        "userIdentity": {
            "type": "IAMUser",
            "arn": world.arn("iam", "", &format!("user/{}", call.by.user())),
            "accountId": world.account,
            "accessKeyId": call.by.key,
            "userName": call.by.user(),
        },
        "requestParameters": shown.unwrap_or(Value::Null),
    });
    world.cloudtrail.entry(region.to_owned()).or_default().push(event.to_string());
}

/// Makes an id that takes nothing from where the world's other ids come from: looking on changes nothing.
fn id(region: &str, number: u64) -> String {
    let hash = hex::encode(Sha256::digest(format!("{region} {number}")));
    format!(
        "{}-{}-4{}-8{}-{}",
        &hash[..8],
        &hash[8..12],
        &hash[12..15],
        &hash[15..18],
        &hash[18..30]
    )
}
