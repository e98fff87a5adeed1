//! The spec: text to [`Stack`].

pub mod stack;

pub use stack::Stack;
