//! Elastic Load Balancing: application load balancers.

pub mod availability;
mod probe;
pub mod state;
mod targets;

use super::{Operation, Protocol, Service, nothing_tagged};
use crate::world::World;

use self::state::Elbv2Event;

/// Elastic Load Balancing.
pub static SERVICE: Service = Service {
    name: "elasticloadbalancing",
    protocol: Protocol::Query {
        xmlns: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
    },
    global: false,
    invalid: "ValidationError",
    operations: OPERATIONS,
    tagged: nothing_tagged,
};

const OPERATIONS: &[Operation] = &[];

/// Lets an event of this service happen.
pub(crate) fn happen(world: &mut World, region: &str, event: Elbv2Event) {
    match event {
        Elbv2Event::Provisioned { balancer } => {
            if let Some(found) = world.region(region).elbv2.balancers.get_mut(&balancer) {
                found.active = true;
            }
            world.targets_changed(region);
        }
        Elbv2Event::Check { group, target, serial } => {
            targets::check(world, region, &group, &target, serial);
        }
        Elbv2Event::Drained { group, target, serial } => {
            targets::drained(world, region, &group, &target, serial);
        }
    }
}
