//! The spec as a tree in which every value knows where it stands.

mod node;
mod read;

pub use node::{Entry, Key, Node, Scalar, Value};
pub(crate) use read::read;
