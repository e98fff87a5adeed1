//! What can be broken on purpose, so that every failure people meet on AWS can be met here.
//!
//! A [`Case`] either changes what the applications in images pushed from now on do, or lets AWS
//! refuse something, or changes what is in the account, as a person in the console would.

mod application;
mod balancer;
mod capacity;
mod case;
mod destroy;
mod enact;
mod jobs;
mod network;
mod permissions;
mod place;
mod secrets;
mod trouble;
mod undo;

pub use case::{Case, Condition, Deed, Pushed, all, find};
pub use enact::BreakError;
pub use place::Place;
pub use trouble::{InForce, Trouble};
