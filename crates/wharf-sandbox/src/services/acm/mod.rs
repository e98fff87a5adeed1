//! ACM: certificates.

mod certificates;
mod lookup;
pub mod state;
mod validation;

use super::{Operation, Protocol, Service, read, write};
use crate::world::World;

use self::state::AcmEvent;

/// ACM.
pub static SERVICE: Service = Service {
    name: "acm",
    protocol: Protocol::Json,
    global: false,
    invalid: "ValidationException",
    operations: OPERATIONS,
    tagged: certificates::tagged,
};

const OPERATIONS: &[Operation] = &[
    write("RequestCertificate", certificates::request),
    read("DescribeCertificate", certificates::describe),
    read("ListCertificates", certificates::list),
    write("DeleteCertificate", certificates::delete),
    write("AddTagsToCertificate", certificates::add_tags),
    write("RemoveTagsFromCertificate", certificates::remove_tags),
    read("ListTagsForCertificate", certificates::list_tags),
];

/// Lets an event of this service happen.
pub(crate) fn happen(world: &mut World, region: &str, event: AcmEvent) {
    match event {
        AcmEvent::RecordsShown { certificate } => {
            if let Some(found) = world.region(region).acm.certificates.get_mut(&certificate) {
                found.records_shown = true;
            }
        }
        AcmEvent::Validate { certificate } => validation::look(world, region, &certificate),
        AcmEvent::Issue { certificate } => {
            let now = world.now;
            if let Some(found) = world.region(region).acm.certificates.get_mut(&certificate) {
                "ISSUED".clone_into(&mut found.status);
                found.issued = Some(now);
            }
        }
        AcmEvent::Released { certificate, balancer } => {
            lookup::released(world, region, &certificate, &balancer);
        }
    }
}
