//! AWS's wire protocols: from an HTTP request to an operation and its input, and back.

mod cbor;
mod form;
mod json;
mod request;
mod response;
mod xml;

pub(crate) use request::{Incoming, Refused, parse};
pub(crate) use response::{Outcome, render};
