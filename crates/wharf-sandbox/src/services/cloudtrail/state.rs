//! The state of CloudTrail.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// How many events are remembered. AWS remembers those of ninety days.
const MOST: usize = 200;

/// What CloudTrail knows in a region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CloudTrailState {
    /// The last events, oldest first, each a JSON document. They never change, so a copy of the world shares them.
    #[serde(with = "documents")]
    pub events: Vec<Arc<str>>,
    /// How many there ever were.
    pub serial: u64,
}

impl CloudTrailState {
    /// Returns the number of the next event.
    pub(super) fn next(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// Adds an event, and forgets the oldest where there are too many.
    pub(super) fn push(&mut self, document: String) {
        if self.events.len() >= MOST {
            self.events.remove(0);
        }
        self.events.push(document.into());
    }
}

mod documents {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(list: &[Arc<str>], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(list.iter().map(|document| &**document))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<Arc<str>>, D::Error> {
        let list = Vec::<String>::deserialize(from)?;
        Ok(list.into_iter().map(Arc::from).collect())
    }
}
