//! Drives the sandbox from outside, with requests as the SDKs send them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;
mod ecr;
mod ecs;
mod ecs_life;
mod ecs_rollout;
mod ecs_stage;
mod logs;
mod settings;
mod storage;
mod wire;
