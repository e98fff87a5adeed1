//! Says why a service does not work: facts in, ranked causes out. Pure.
//!
//! Whoever can read an account fills in [`Evidence`]; [`judge`] names the causes, the primary one
//! first, and [`walk`] goes the way of a request hop by hop. [`of_error`] names the cause of a call
//! that was refused. Every cause has a code, explained in [`codes`].

mod cause;
mod codes;
mod crash_loop;
mod evidence;
mod exec;
mod health;
mod job;
mod judge;
mod refusal;
mod route;
mod scaling;
mod start;
mod stopped;
mod walk;

pub use cause::{Cause, Certainty};
pub use codes::{Code, codes, find};
pub use crash_loop::LOOP;
pub use evidence::{
    BalancerEvidence, CertificateEvidence, Evidence, GroupEvidence, ImageEvidence, Intent,
    NameEvidence, Network, Peer, Permit, ScalingEvidence, Seen, ServiceEvidence, StoppedTask,
    SubnetEvidence, TargetEvidence, Way,
};
pub use exec::{ChannelsEvidence, ExecEvidence, judge_exec};
pub use job::{JobEvidence, RoleEvidence, RunEvidence, ScheduleEvidence, judge_job};
pub use judge::judge;
pub use refusal::{of_alarms, of_error, of_shift};
pub use walk::{Hop, State, walk};
