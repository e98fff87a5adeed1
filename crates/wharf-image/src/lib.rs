//! Images without a daemon: archives are opened, builders are asked for one, registries are pushed to.
//!
//! Credentials are given to [`push`] in memory and go nowhere else: not into arguments of other
//! programs, not into a configuration file, not into a message.

mod archive;
mod build;
mod error;
mod push;
mod source;

pub use archive::Archive;
pub use build::{Build, Builder, Engine, build, detect};
pub use error::ImageError;
pub use push::{Credentials, Destination, Progress, Pushed, push};
pub use source::Source;
