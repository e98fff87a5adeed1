//! Callers whose permissions end somewhere: a session under policies, as a role in AWS would be.
//!
//! A handle from [`Sandbox::session_under`] is refused whatever its policies do not allow. Which actions
//! on which resources a request takes is written down here after the Service Authorization Reference,
//! request by request; it is not derived from any caller.

mod compute;
mod demand;
mod network;
mod policy;
mod storage;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

pub use policy::PolicyError;

use self::demand::Demand;
use self::policy::Policies;
use crate::{error::AwsError, sandbox::Sandbox, services::Protocol, wire::Incoming, world::World};

/// Who calls, and what that may do.
#[derive(Debug)]
pub(crate) struct Principal {
    policies: Policies,
    used: Mutex<BTreeSet<(String, String)>>,
}

impl Sandbox {
    /// Returns a handle for a caller that may do what these identity-based policies allow, and nothing
    /// else. Everything else about it is as in [`Sandbox::session`].
    ///
    /// # Errors
    ///
    /// Fails if a document is not one the sandbox can judge: an unknown element, operator or condition
    /// key is refused rather than taken as met.
    pub fn session_under(&self, policies: &[Value]) -> Result<Self, PolicyError> {
        let policies = Policies::read(policies)?;
        let mut handle = self.session();
        handle.principal =
            Some(std::sync::Arc::new(Principal { policies, used: Mutex::default() }));
        Ok(handle)
    }

    /// Returns every action on every resource that calls of this handle took, as `(action, resource)`;
    /// nothing for a handle that is not under policies.
    pub fn permissions_used(&self) -> BTreeSet<(String, String)> {
        self.principal.as_ref().map_or_else(BTreeSet::new, |principal| {
            principal.used.lock().unwrap_or_else(PoisonError::into_inner).clone()
        })
    }
}

impl Principal {
    /// Refuses a call for the first thing it takes that no policy allows.
    pub(crate) fn authorize(&self, call: &Incoming, world: &mut World) -> Result<(), AwsError> {
        let demands = demand::demands(call, world);
        if let Some(missing) = demands.iter().find(|demand| !self.policies.allow(demand)) {
            return Err(denied(call, missing, world));
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.extend(demands.into_iter().map(|demand| (demand.action, demand.resource)));
        Ok(())
    }
}

/// Words a refusal as the services do (IAM User Guide, "Troubleshoot access denied error messages"; the
/// codes are those of each API's common errors, EC2's its own).
fn denied(call: &Incoming, demand: &Demand, world: &World) -> AwsError {
    let message = format!(
        "User: {} is not authorized to perform: {} on resource: {} because no identity-based policy \
         allows the {1} action",
        world.arn("iam", "", "user/sandbox"),
        demand.action,
        demand.resource,
    );
    match call.service.protocol {
        Protocol::Ec2 { .. } => AwsError::new("UnauthorizedOperation", message).with_status(403),
        Protocol::Query { .. } | Protocol::RestXml { .. } | Protocol::Cbor => {
            AwsError::new("AccessDenied", message).with_status(403)
        }
        Protocol::Json => AwsError::new("AccessDeniedException", message),
        Protocol::RestJson => AwsError::new("AccessDeniedException", message).with_status(403),
    }
}
