//! What a plan's components and policies amount to for the tables: what is held, how many lines
//! wait.

use super::tables::{Holds, NONE};
use crate::plan::{Component, Discipline, Holding};

/// What holding means for a component: what a request takes, how many there are, cores shared.
pub(super) fn holding(component: &Component) -> (Holds, u32, Option<f64>) {
    match component.holding {
        Holding::Async { cores } => (Holds::Core, cores, None),
        Holding::Threads { per_replica: None, cores } => (Holds::Nothing, NONE, cores),
        Holding::Threads { per_replica: Some(threads), cores } => {
            // As many cores as threads are a core of its own for each.
            (Holds::Thread, threads, cores.filter(|cores| *cores < f64::from(threads)))
        }
    }
}

/// Lines a replica's queue needs.
pub(super) fn lines(discipline: Discipline) -> usize {
    match discipline {
        Discipline::Fifo | Discipline::Lifo | Discipline::AdaptiveLifo => 1,
        Discipline::Priority | Discipline::PreemptivePriority => usize::from(crate::plan::PRIORITY_MAX) + 1,
    }
}
