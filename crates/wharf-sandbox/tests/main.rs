//! Drives the sandbox from outside, with requests as the SDKs send them.

mod common;
mod ecr;
mod logs;
mod settings;
mod storage;
mod wire;
