//! ECS.

pub mod state;

use self::state::EcsEvent;
use super::{Operation, Protocol, Service, nothing_tagged};
use crate::world::World;

/// ECS.
pub static SERVICE: Service = Service {
    name: "ecs",
    protocol: Protocol::Json,
    global: false,
    invalid: "InvalidParameterException",
    operations: OPERATIONS,
    tagged: nothing_tagged,
};

const OPERATIONS: &[Operation] = &[];

/// Lets an event of this service happen.
pub(crate) fn happen(_world: &mut World, _region: &str, event: EcsEvent) {
    match event {}
}
