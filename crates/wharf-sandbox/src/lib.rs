//! A simulated AWS, strict enough to judge the order in which things are done.
//!
//! [`Sandbox`] holds one account (every region of it) behind AWS's own wire protocols: awsJson 1.1,
//! awsQuery, ec2Query and restXml. It is called in process with an [`http::Request`], or over HTTP
//! through [`Sandbox::serve`]. It shares no types with the crates that call it: they meet on the wire.
//!
//! The served sandbox is also the registry behind its ECR: `docker push` works, and what an image's
//! containers do can be written on a label of it (`wharf.sandbox.app`, JSON of an [`image::App`]).
//!
//! Time inside is simulated ([`SimTime`]) and derives from tokio's clock, so a paused clock makes
//! hours pass in milliseconds. What happens by itself (tasks starting, targets becoming healthy) is
//! a queue of events in the [`world::World`], worked off before every request.

pub mod breaks;
mod call_record;
mod clock;
mod constraints;
mod dispatch;
mod error;
pub mod faults;
mod ids;
pub mod image;
mod input;
mod principal;
mod registry;
pub mod rules;
mod sandbox;
mod schedule;
pub mod seed;
mod server;
pub mod services;
mod store;
mod tags;
mod throttle;
mod time;
mod wire;
pub mod world;

pub use call_record::CallRecord;
pub use error::{AwsError, Fault, SandboxError};
pub use faults::Broken;
pub use ids::Ids;
pub use input::Input;
pub use principal::PolicyError;
pub use sandbox::{Options, Sandbox};
pub use server::Server;
pub use tags::Tags;
pub use time::SimTime;
