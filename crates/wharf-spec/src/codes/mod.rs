//! What every code means, for `wharf explain` and the published list.
//!
//! One file for each range. A code that is emitted and stands in none of them, or the other way
//! round, fails a test.

mod file;
mod head;
mod images;
mod places;
mod routes;
mod tasks;
mod warnings;

/// The explanation of one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The code, for example `E005`.
    pub code: &'static str,
    /// What it is about, a few words without a full stop.
    pub title: &'static str,
    /// What is wrong and why that matters, in full sentences.
    pub explanation: &'static str,
    /// What to do about it, in full sentences.
    pub fix: &'static str,
    /// Lines that show it put right, if a few lines can.
    pub example: Option<&'static str>,
}

const TABLES: &[&[Code]] = &[
    file::CODES,
    head::CODES,
    tasks::CODES,
    images::CODES,
    routes::CODES,
    places::CODES,
    warnings::CODES,
];

/// Returns the explanation of every code a spec can be met with, in the order of the codes.
pub fn codes() -> Vec<Code> {
    let mut codes: Vec<Code> = TABLES.iter().flat_map(|table| table.iter().copied()).collect();
    codes.sort_by_key(|code| code.code);
    codes
}
