//! Waits: every one has a deadline, and says what it waits for.

use std::time::Duration;

use tokio::time::Instant;
use wharf_graph::{ErrorClass, Note, StepContext};

use crate::error::AwsError;
use crate::pace::Pace;

/// What one look at a thing that takes time showed.
pub(crate) enum Look<T> {
    /// It is as wanted.
    Ready(T),
    /// Not yet; this is how it stands.
    NotYet(Note),
}

impl<T> Look<T> {
    /// Not yet, in one line.
    pub(crate) fn not_yet(message: impl Into<String>) -> Self {
        Self::NotYet(Note { message: message.into(), ..Note::default() })
    }
}

/// Looks every `every` until ready, at most for `budget` (and never longer than the step's own).
///
/// `what` completes the sentence "gave up after 10 min waiting for …".
pub(crate) async fn wait<T, F>(
    pace: Pace,
    step: &StepContext,
    what: &str,
    every: Duration,
    budget: Duration,
    mut look: impl FnMut() -> F,
) -> Result<T, AwsError>
where
    F: Future<Output = Result<Look<T>, AwsError>>,
{
    let start = Instant::now();
    let budget = budget.min(step.budget);
    let mut last = String::new();
    loop {
        match look().await? {
            Look::Ready(value) => return Ok(value),
            Look::NotYet(note) => {
                last.clone_from(&note.message);
                step.note(note);
            }
        }
        if pace.since(start) + every > budget {
            let message = format!("gave up after {} waiting for {what}", minutes(budget));
            let error = AwsError::own(ErrorClass::TimedOut, message);
            return Err(if last.is_empty() {
                error
            } else {
                error.hint(format!("last seen: {last}"))
            });
        }
        pace.sleep(every).await;
    }
}

fn minutes(length: Duration) -> String {
    match length.as_secs() {
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}
