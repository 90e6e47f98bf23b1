//! One plan, several seeds.

use super::{RunError, pool};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::rng;
use crate::sim::{self, Flow, Options, Progress, Trace};
use crate::units::SimTime;
use rayon::prelude::*;

/// How replications are made.
#[derive(Clone, Copy, Debug)]
pub struct Replications {
    /// How many, at least 1.
    pub count: u32,
    /// Threads to use; 0 is one per core.
    pub jobs: usize,
    /// Stop each after this many events instead of the plan's bound.
    pub events_max: Option<u64>,
}

/// One of several runs of a plan.
#[derive(Clone, Debug)]
pub struct Replication {
    /// Which, from 0.
    pub index: u32,
    /// What it found out.
    pub outcome: Outcome,
    /// What it leaves for comparisons.
    pub trace: Trace,
}

/// The seed of a replication: the given seed itself for the first, so that it
/// is the run that one would have made without replications.
#[must_use]
pub fn seed_of(seed: u64, index: u32) -> u64 {
    if index == 0 { seed } else { rng::nth(seed, u64::from(index)) }
}

/// Runs a plan once per replication, in the order of their indices whatever order they end in.
///
/// `watch` is told the index and how far that run has come, from several threads
/// at once. Once it says [`Flow::Stop`], runs under way end as interrupted and
/// those not yet begun are left out, except the first.
///
/// # Errors
/// When threads cannot be started.
pub fn replicate(
    plan: &Plan,
    how: Replications,
    watch: &(dyn Fn(u32, Progress) -> Flow + Sync),
) -> Result<Vec<Replication>, RunError> {
    let one = |index: u32| {
        let begin = Progress { now: SimTime::ZERO, end: SimTime(plan.duration.0), events: 0 };
        if watch(index, begin) == Flow::Stop && index > 0 {
            return None;
        }
        let options = Options { events_max: how.events_max, ..Options::new(seed_of(plan.seed, index)) };
        let (outcome, trace) = sim::simulate(plan, &options, &mut |progress| watch(index, progress));
        Some(Replication { index, outcome, trace })
    };
    let count = how.count.max(1);
    let found: Vec<Option<Replication>> =
        pool(how.jobs, count as usize)?.install(|| (0..count).into_par_iter().map(one).collect());
    Ok(found.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{long, mm1};
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    fn digests(jobs: usize) -> Vec<(u64, String)> {
        let how = Replications { count: 5, jobs, events_max: None };
        let runs = replicate(&mm1(), how, &|_, _| Flow::Continue).unwrap();
        assert!(runs.iter().zip(0..).all(|(run, index)| run.index == index));
        runs.into_iter().map(|run| (run.outcome.seed, run.outcome.digest)).collect()
    }

    #[test]
    fn the_number_of_threads_decides_nothing() {
        let one = digests(1);
        assert_eq!(one, digests(4));
        assert_eq!(one[0].0, mm1().seed);
        assert!((1..5).all(|i| one[..i].iter().all(|earlier| earlier.1 != one[i].1)), "{one:?}");
    }

    #[test]
    fn stopping_keeps_what_was_begun_and_marks_it() {
        let seen = AtomicU64::new(0);
        let stop = |_: u32, progress: Progress| {
            seen.fetch_add(1, Ordering::Relaxed);
            if progress.events > 0 { Flow::Stop } else { Flow::Continue }
        };
        let runs = replicate(&long(), Replications { count: 1, jobs: 1, events_max: None }, &stop).unwrap();
        let truncation = runs[0].outcome.truncated.as_ref().unwrap();
        assert_eq!(truncation.bound, crate::outcome::Bound::Interrupted);
        assert_eq!(seen.load(Ordering::Relaxed), 2);
        let all = Replications { count: 3, jobs: 1, events_max: None };
        let runs = replicate(&mm1(), all, &|_, _| Flow::Stop).unwrap();
        assert_eq!(runs.iter().map(|run| run.index).collect::<Vec<_>>(), [0]);
    }
}
