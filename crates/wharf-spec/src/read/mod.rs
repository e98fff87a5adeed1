//! Merged tree to [`Stack`](crate::Stack), part by part.

mod context;
mod deploy;
mod image;
mod place;
mod routing;
mod service;
mod stack;
mod variables;

pub(crate) use context::Cx;
pub(crate) use routing::MAX_CONDITIONS;
pub(crate) use stack::{app, stack, version};
