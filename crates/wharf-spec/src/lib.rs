//! The spec: from the text a person writes to its complete meaning.
//!
//! [`parse`] goes the whole way: text → [`document`] (a tree with positions) → overlay of one
//! environment → interpolation → [`Stack`] with every default filled in. All problems of a file are
//! found in one run; each has a code, a position and, where one is known, the fix.
//!
//! Nothing here reads files, talks to AWS or looks at a clock.

mod check;
mod codes;
mod credential;
mod cron;
mod cross;
pub mod describe;
pub mod document;
mod fargate;
mod interpolate;
mod keys;
mod layout;
pub mod names;
mod overlay;
mod parse;
mod problem;
mod read;
mod regions;
pub mod render;
pub mod stack;
mod units;
mod waive;

pub use codes::{Code, codes};
pub use cross::PROTECTABLE;
pub use keys::known_keys;
pub use layout::{LayoutError, format};
pub use parse::{Options, Parsed, environments, parse};
pub use problem::{Level, Problem, Problems, Span};
pub use stack::Stack;
