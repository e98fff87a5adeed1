//! The state of ACM.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{tags::Tags, time::SimTime};

/// Everything ACM knows in one region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AcmState {
    /// Certificates by ARN.
    pub certificates: BTreeMap<String, Certificate>,
}

/// A certificate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Certificate {
    /// Its ARN.
    pub arn: String,
    /// The name it was asked for.
    pub domain: String,
    /// All its names, the first one included.
    pub names: Vec<String>,
    /// The algorithm of its key.
    pub key_algorithm: String,
    /// `PENDING_VALIDATION`, `ISSUED`, `FAILED` or `VALIDATION_TIMED_OUT`.
    pub status: String,
    /// Why it failed.
    pub failure: Option<String>,
    /// Whether the records to be made are shown yet.
    pub records_shown: bool,
    /// The names found valid so far.
    pub validated: BTreeSet<String>,
    /// When it was asked for.
    pub created: SimTime,
    /// When it was issued.
    pub issued: Option<SimTime>,
    /// The ARNs of the balancers it is known to be used by; the end of a use is noticed late.
    pub in_use_by: BTreeSet<String>,
    /// The token of the request that made it.
    pub token: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// What happens by itself in ACM.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum AcmEvent {
    /// The records to be made are known.
    RecordsShown {
        /// The certificate's ARN.
        certificate: String,
    },
    /// ACM looks whether the records exist.
    Validate {
        /// The certificate's ARN.
        certificate: String,
    },
    /// A certificate whose records were all found is issued.
    Issue {
        /// The certificate's ARN.
        certificate: String,
    },
    /// ACM notices that a balancer does not use a certificate any more.
    Released {
        /// The certificate's ARN.
        certificate: String,
        /// The balancer's ARN.
        balancer: String,
    },
}
