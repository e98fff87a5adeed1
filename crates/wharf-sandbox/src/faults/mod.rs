//! Faults: what can go wrong between a caller and AWS, put into any call.
//!
//! An [`Interceptor`] sees every call before and after it is carried out and says what becomes of
//! it; [`FaultPlan`] is one that follows a list or a seed.

pub(crate) mod answers;
mod intercept;
mod plan;
mod session;
pub(crate) mod stale;

pub(crate) use intercept::Intercepting;
pub use intercept::{After, Before, Broken, Call, Change, Interceptor, TIME_OUT};
pub use plan::{Fault, FaultPlan, Odds};
pub(crate) use session::Session;
