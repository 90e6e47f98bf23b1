//! Whole runs: replications side by side, and the proof that a run repeats.
//!
//! Threads share nothing but the plan; results are put together by index, so
//! how many threads there are decides nothing but how long it takes.

mod diagnose;
mod replicate;
#[cfg(test)]
mod tests;
mod tip;
mod verify;

pub use diagnose::diagnose;
pub use replicate::{Replication, Replications, replicate, seed_of};
pub use tip::{TipError, TipRow, Tipping, tip};
pub use verify::{Checkpoints, Divergence, Incomparable, Side, Verification, verify};

/// A worker pool could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start {jobs} threads: {detail}; use fewer with --jobs")]
pub struct RunError {
    /// Threads asked for.
    pub jobs: usize,
    /// What the system says.
    pub detail: String,
}

/// Makes a pool of workers for that many tasks; no more than asked for, 0 asks for one per core.
fn pool(jobs: usize, tasks: usize) -> Result<rayon::ThreadPool, RunError> {
    let jobs = if jobs == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { jobs };
    rayon::ThreadPoolBuilder::new()
        .num_threads(jobs.min(tasks.max(1)))
        .thread_name(|index| format!("run-{index}"))
        .build()
        .map_err(|error| RunError { jobs, detail: error.to_string() })
}
