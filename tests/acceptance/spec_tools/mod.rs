//! What helps to write a spec, offline: explanations, formatting, the schema, the effective spec.

mod check;
mod explain;
mod fmt;
mod render;
mod schema;
