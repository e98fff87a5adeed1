//! Merged tree to [`Stack`](crate::Stack), part by part.

mod build;
mod container;
mod context;
mod deploy;
mod image;
mod job;
mod owned;
mod place;
mod routing;
mod scale;
mod schedule;
mod service;
mod sidecar;
mod size;
mod stack;
mod variables;

pub(crate) use context::Cx;
pub(crate) use routing::MAX_CONDITIONS;
pub(crate) use size::vcpu;
pub(crate) use stack::{app, stack, version};
