//! Drives the sandbox from outside, with requests as the SDKs send them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod acm;
mod autoscaling;
mod breaks;
mod cbor;
mod cloudtrail;
mod cloudwatch;
mod common;
mod constraints;
mod ec2;
mod ecr;
mod ecs;
mod ecs_life;
mod ecs_rollout;
mod ecs_shift;
mod ecs_stage;
mod elbv2;
mod elbv2_health;
mod faults;
mod hostile;
mod iam;
mod logs;
mod principal;
mod route53;
mod rules;
mod scheduler;
mod settings;
mod storage;
mod wire;
