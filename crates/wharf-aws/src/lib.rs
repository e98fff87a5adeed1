//! The only crate that names the AWS SDK: reading accounts, the resource kinds, waits and errors.
//!
//! Reading ([`read`]) and writing ([`Writer`]) are different types. Planning is handed only what
//! reading returns, so it cannot change anything.

pub mod adopt;
pub mod aws;
mod call;
pub mod delegation;
pub mod doctor;
mod error;
mod iam_policy;
mod keep;
mod kind;
pub mod kinds;
pub mod lease;
pub mod names;
pub mod offline;
pub mod operate;
mod pace;
pub mod permissions;
mod placement;
mod policy_document;
pub mod previews;
pub mod push;
mod reads;
mod registry;
mod rollout;
pub mod secret;
mod snapshot;
pub mod status;
mod survey;
pub mod tags;
#[cfg(test)]
mod testing;
pub mod trail;
pub mod transport;
mod wait;
mod writer;

pub use aws::{Aws, Connect};
pub use error::{AwsError, Details};
pub use keep::kept;
pub use kind::Origin;
pub use snapshot::{declare, read, read_claiming};
pub use survey::{balancer_subnets, rule_count, task_subnets};
pub use transport::Transport;
pub use writer::Writer;
