//! The built binary, seen from outside, on sandboxes of its own.

#![expect(clippy::unwrap_used, reason = "in a test a panic is a result")]

mod account;
mod adopt;
mod alarms;
mod bad_input;
mod beside;
mod consent;
mod diff;
mod docs;
mod doctor;
mod drift;
mod exec;
mod fields;
mod first_run;
mod forecast;
mod foreign;
mod golden;
mod iam;
mod import;
mod init;
mod interrupt;
mod jobs;
mod kill;
mod lifecycle;
mod money;
mod owned;
mod plans;
mod push;
mod rename;
mod role;
mod rules;
mod running;
mod scaling;
mod schemas;
mod served;
mod shared;
mod spec_tools;
mod strategies;
mod swap;
mod terminal;
mod throttle;
mod two;
mod untagged;
mod waiting;
mod world;
