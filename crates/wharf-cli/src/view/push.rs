//! A push as it happens.

use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use wharf_image::{Archive, Destination, Pushed};

use crate::ui::Ui;

/// From this many bytes on, a log gets a line for each quarter.
const LARGE: u64 = 16 << 20;

/// A bar on a terminal, a few lines elsewhere.
pub(crate) struct Progress {
    ui: Ui,
    bar: Option<ProgressBar>,
    quarters: AtomicU64,
}

impl Progress {
    /// Says what begins.
    pub(crate) fn begin(ui: Ui, to: &Destination, archive: &Archive) -> Self {
        let platforms: Vec<&str> = archive.platforms().collect();
        let platforms = if platforms.is_empty() {
            String::new()
        } else {
            format!(" ({})", platforms.join(", "))
        };
        ui.say(&format!(
            "Pushing {}:{}, {}{platforms}, to {}.",
            to.repository,
            to.tag,
            size(archive.size()),
            to.registry
        ));
        let bar = ui.live().then(|| {
            let bar = ProgressBar::new(archive.size());
            // A template that does not parse leaves the plain bar.
            let template = "  {bar:30} {binary_bytes} of {binary_total_bytes}, {eta} left";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar
        });
        Self { ui, bar, quarters: AtomicU64::new(0) }
    }

    /// Shows how far it is.
    pub(crate) fn at(&self, at: wharf_image::Progress) {
        if let Some(bar) = &self.bar {
            bar.set_position(at.done);
            return;
        }
        if at.total < LARGE {
            return;
        }
        let quarter = at.done.saturating_mul(4) / at.total;
        if quarter > self.quarters.fetch_max(quarter, Ordering::Relaxed) && quarter < 4 {
            self.ui.say(&format!("  {} % of {}", quarter * 25, size(at.total)));
        }
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Says what was pushed.
pub(crate) fn done(to: &Destination, pushed: &Pushed) -> String {
    format!(
        "Pushed {}:{}: {} sent ({}), {} there already.",
        to.repository,
        to.tag,
        super::count(pushed.sent, "piece"),
        size(pushed.bytes),
        pushed.skipped
    )
}

/// Writes a number of bytes for people.
fn size(bytes: u64) -> String {
    const KIB: u64 = 1 << 10;
    const MIB: u64 = 1 << 20;
    match bytes {
        0..KIB => format!("{bytes} B"),
        KIB..MIB => format!("{} KiB", bytes / KIB),
        _ => format!("{}.{} MiB", bytes / MIB, bytes % MIB * 10 / MIB),
    }
}
