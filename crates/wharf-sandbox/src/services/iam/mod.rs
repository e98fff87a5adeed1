//! IAM.

pub mod state;

use self::state::IamEvent;
use super::{Operation, Protocol, Service, nothing_tagged};
use crate::world::World;

/// IAM.
pub static SERVICE: Service = Service {
    name: "iam",
    protocol: Protocol::Query { xmlns: "https://iam.amazonaws.com/doc/2010-05-08/" },
    global: true,
    invalid: "ValidationError",
    operations: OPERATIONS,
    tagged: nothing_tagged,
};

const OPERATIONS: &[Operation] = &[];

/// Lets an event of this service happen.
pub(crate) fn happen(_world: &mut World, _region: &str, event: IamEvent) {
    match event {}
}
