//! How far runs have come, for somebody who watches.

use super::terminal::Terminal;
use crate::sim::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::atomic::{AtomicU64, Ordering};

/// Steps of the bar per run.
const STEPS: u64 = 1000;

/// A bar over one scenario's replications; invisible unless standard error is a terminal.
#[derive(Debug)]
pub(super) struct Bar {
    bar: ProgressBar,
    /// How far each replication is.
    done: Vec<AtomicU64>,
}

impl Bar {
    pub(super) fn new(scenario: &str, replications: u32, is_quiet: bool, terminal: &Terminal) -> Self {
        let target = if terminal.is_watched && !is_quiet {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(STEPS * u64::from(replications.max(1))), target);
        let template = "{msg} {wide_bar} {percent}% {eta}";
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.set_message(scenario.to_owned());
        Self { bar, done: (0..replications.max(1)).map(|_| AtomicU64::new(0)).collect() }
    }

    /// Replication `index` has come so far.
    pub(super) fn update(&self, index: u32, progress: Progress) {
        if self.bar.is_hidden() {
            return;
        }
        let share = progress.now.as_secs_f64() / progress.end.as_secs_f64().max(f64::MIN_POSITIVE);
        if let Some(done) = self.done.get(index as usize) {
            done.store((share.min(1.0) * STEPS as f64) as u64, Ordering::Relaxed);
        }
        self.bar.set_position(self.done.iter().map(|done| done.load(Ordering::Relaxed)).sum());
    }

    /// Removes the bar.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
