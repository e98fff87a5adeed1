//! What goes into the first spec of a directory: read from its Dockerfile and the machine, or asked.

pub(crate) mod answers;
pub(crate) mod dockerfile;
mod healthcheck;
mod region;
pub(crate) mod text;
mod variables;

pub(crate) use healthcheck::path as asked_path;
pub(crate) use variables::words;
