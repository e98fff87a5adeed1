//! What an account and a region hold before anybody does anything.
//!
//! The samples need a network, a delegated hosted zone, parameters and secrets.

use crate::{
    services::{ec2, route53, secrets, ssm},
    world::World,
};

/// Fills the services without a region; called once, when a world is made.
pub(crate) fn global(world: &mut World) {
    if !world.seed_defaults {
        return;
    }
    route53::seed(world);
}

/// Fills a region when it is first touched.
pub(crate) fn region(world: &mut World, region: &str) {
    if !world.seed_defaults {
        return;
    }
    ec2::seed(world, region);
    ssm::seed(world, region);
    secrets::seed(world, region);
}
