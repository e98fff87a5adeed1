//! Whom the world asks about a zone: the name servers that its registrar, or the zone above it, leads to.
//!
//! A hosted zone answers nobody as long as the world is led to other name servers (Route 53 Developer Guide,
//! "Making Route 53 the DNS service for a domain"): its names lead nowhere, and ACM never sees the proof that
//! somebody owns them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::RData;

use crate::transport::Transport;

/// How long an answer is waited for. Whoever cannot ask knows nothing, and plans all the same.
const PATIENCE: Duration = Duration::from_secs(3);

/// Who is asked.
#[derive(Clone)]
pub(crate) enum Resolver {
    /// The resolver of this machine.
    Public,
    /// The embedded AWS, whose world has names of its own.
    Embedded(Arc<dyn Transport>),
    /// Nobody: an emulator's zones are not the world's.
    Nobody,
}

impl Resolver {
    /// Returns the name servers of a zone, in lower case and without the last dot; none if there is no such
    /// zone. `None` if nobody could be asked.
    pub(crate) async fn name_servers(&self, zone: &str) -> Option<BTreeSet<String>> {
        let found = match self {
            Self::Public => tokio::time::timeout(PATIENCE, asked(zone)).await.ok()??,
            Self::Embedded(transport) => transport.name_servers(zone)?,
            Self::Nobody => return None,
        };
        Some(found.iter().map(|name| plain(name)).collect())
    }
}

/// Brings the name of a name server into one form.
pub(crate) fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

async fn asked(zone: &str) -> Option<Vec<String>> {
    let resolver = TokioResolver::builder_tokio().ok()?.build().ok()?;
    match resolver.ns_lookup(format!("{}.", plain(zone))).await {
        Ok(found) => {
            let records = found.answers().iter().map(|record| &record.data);
            let names = records.filter_map(|data| match data {
                RData::NS(name) => Some(name.to_string()),
                _ => None,
            });
            Some(names.collect())
        }
        Err(error) if error.is_no_records_found() || error.is_nx_domain() => Some(Vec::new()),
        Err(_) => None,
    }
}
