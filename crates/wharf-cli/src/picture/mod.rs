//! The resources of a stack as a picture: what must exist before what, coloured by what happens.

mod build;
mod layout;
mod svg;
mod words;

pub(crate) use build::Picture;
pub(crate) use svg::{css, document as svg, inline, width};
pub(crate) use words::{dot, json, mermaid, text};
