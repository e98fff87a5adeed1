//! Route 53: hosted zones and their records.

mod lookup;
mod names;
mod records;
mod rules;
pub mod state;
mod zones;

use super::{Operation, Protocol, Service, nothing_tagged, read, write};
use crate::world::World;

use self::state::Route53Event;
pub(crate) use self::zones::seed;

/// Route 53.
pub static SERVICE: Service = Service {
    name: "route53",
    protocol: Protocol::RestXml { xmlns: "https://route53.amazonaws.com/doc/2013-04-01/" },
    global: true,
    invalid: "InvalidInput",
    operations: OPERATIONS,
    tagged: nothing_tagged,
};

const OPERATIONS: &[Operation] = &[
    read("ListHostedZonesByName", zones::list_by_name).at("GET", "/2013-04-01/hostedzonesbyname"),
    read("ListHostedZones", zones::list).at("GET", "/2013-04-01/hostedzone"),
    read("GetHostedZone", zones::get).at("GET", "/2013-04-01/hostedzone/{Id}"),
    write("CreateHostedZone", zones::create).at("POST", "/2013-04-01/hostedzone"),
    write("DeleteHostedZone", zones::delete).at("DELETE", "/2013-04-01/hostedzone/{Id}"),
    read("ListResourceRecordSets", records::list).at("GET", "/2013-04-01/hostedzone/{Id}/rrset"),
    write("ChangeResourceRecordSets", records::change)
        .at("POST", "/2013-04-01/hostedzone/{Id}/rrset"),
    read("GetChange", zones::get_change).at("GET", "/2013-04-01/change/{Id}"),
    write("ChangeTagsForResource", zones::change_tags)
        .at("POST", "/2013-04-01/tags/{ResourceType}/{ResourceId}"),
    read("ListTagsForResource", zones::list_tags)
        .at("GET", "/2013-04-01/tags/{ResourceType}/{ResourceId}"),
];

/// Lets an event of this service happen.
pub(crate) fn happen(world: &mut World, _region: &str, event: Route53Event) {
    match event {
        Route53Event::InSync { change } => {
            if let Some(change) = world.global.route53.changes.get_mut(&change) {
                change.in_sync = true;
            }
        }
    }
}
