//! EC2.

pub(crate) mod cidr;
mod lookup;
mod seed;
pub mod state;

use super::{Operation, Protocol, Service};
use crate::{
    tags::Tags,
    world::{RegionState, World},
};

pub(crate) use self::seed::seed;
use self::state::Ec2Event;

/// EC2.
pub static SERVICE: Service = Service {
    name: "ec2",
    protocol: Protocol::Ec2 { xmlns: "http://ec2.amazonaws.com/doc/2016-11-15/" },
    global: false,
    invalid: "InvalidParameterValue",
    operations: OPERATIONS,
    tagged,
};

const OPERATIONS: &[Operation] = &[];

/// Lets an event of this service happen.
pub(crate) fn happen(world: &mut World, region: &str, event: Ec2Event) {
    match event {
        Ec2Event::InterfaceGone { id } => world.delete_eni(region, &id),
        Ec2Event::NatAvailable { id } => {
            if let Some(nat) = world.region(region).ec2.nat_gateways.get_mut(&id) {
                nat.state = "available".to_owned();
            }
        }
    }
}

fn tagged(region: &RegionState) -> Vec<(String, Tags)> {
    let all = region.ec2.all_tags();
    all.into_iter().map(|(arn, tags)| (arn.to_owned(), tags.clone())).collect()
}
