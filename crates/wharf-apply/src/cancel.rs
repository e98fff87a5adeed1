//! Asking a run to stop.

use std::sync::Arc;

use tokio::sync::watch;

/// Asks a run to stop: once to start nothing more, twice to drop what runs. Clones share one state.
#[derive(Clone, Debug)]
pub struct Cancel {
    level: Arc<watch::Sender<u8>>,
}

impl Default for Cancel {
    fn default() -> Self {
        Self::new()
    }
}

impl Cancel {
    /// Starts with nobody having asked.
    pub fn new() -> Self {
        Self { level: Arc::new(watch::Sender::new(0)) }
    }

    /// Asks once more: the first time finishes what runs, the second aborts it.
    pub fn interrupt(&self) {
        self.level.send_modify(|level| *level = level.saturating_add(1));
    }

    /// Returns how often somebody asked.
    pub fn level(&self) -> u8 {
        *self.level.borrow()
    }

    /// Waits until somebody has asked more than `seen` times, and returns how often.
    pub(crate) async fn beyond(&self, seen: u8) -> u8 {
        let mut watch = self.level.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        watch.wait_for(|level| *level > seen).await.map_or(seen, |level| *level)
    }
}
