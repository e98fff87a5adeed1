//! Registries outside AWS: which digest a tag stands for, and for which architectures.
//!
//! What they answer makes a plan more exact and is never needed for one: no answer is not an error.

mod challenge;
mod client;
mod reference;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use client::{PATIENCE, Registries, Resolved, architectures};
pub(crate) use reference::Reference;
