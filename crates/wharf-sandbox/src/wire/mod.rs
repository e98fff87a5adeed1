//! AWS's wire protocols: from an HTTP request to an operation and its input, and back.

mod cbor;
mod form;
mod json;
mod request;
mod response;
mod xml;

#[cfg(test)]
pub(crate) use request::Caller;
pub(crate) use request::{Incoming, Refused, parse};
pub(crate) use response::{Outcome, render};
