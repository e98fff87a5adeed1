//! What a stack costs, as part of the document. Whoever knows prices works it out.

use serde::{Deserialize, Serialize};

/// An estimate of what the stack costs at least in a month.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// US cents a month once the plan is carried out; `None` where a price is not known.
    pub cents_per_month: Option<u64>,
    /// By how much the plan changes it, in US cents.
    pub cents_change: Option<i64>,
    /// Month of the list prices, for example `2026-09`.
    pub prices_of: String,
    /// What it consists of.
    pub parts: Vec<CostPart>,
    /// Prices that are not known, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// What is paid for besides at a price that moves, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub varying: Vec<String>,
    /// What is not counted, in words.
    pub not_counted: Vec<String>,
}

/// One part of the cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostPart {
    /// What is paid for, for example `2 tasks of service web`.
    pub what: String,
    /// US cents a month.
    pub cents_per_month: u64,
}
