//! What faults have done to a replica: marks under the faults' own numbers, so that any
//! overlap composes and taking the marks away gives back what was.

use super::fleet::Mark;
use super::generate::BadOutput;
use super::tables::NONE;
use crate::plan::{Effect, OutageMode, ReplicaRef};

/// What faults do to one replica: marks by fault number.
#[derive(Clone, Debug, Default)]
pub(super) struct Trouble {
    /// Reasons to be down.
    pub(super) down: u32,
    /// Reasons to refuse new work until empty.
    pub(super) draining: Vec<u32>,
    pub(super) pauses: u32,
    pub(super) slow: Vec<(u32, f64)>,
    pub(super) outages: Vec<(u32, OutageMode)>,
    pub(super) gray: Vec<(u32, f64)>,
    pub(super) exhausted: Vec<(u32, f64)>,
    /// Room that its memory has lost.
    pub(super) memory: Vec<(u32, f64)>,
    /// Faults that took it out of the sharding.
    pub(super) left: Vec<u32>,
    pub(super) throttles: Vec<u32>,
    /// What its life means at the door.
    pub(super) mark: Mark,
    pub(super) bad_outputs: Vec<(u32, BadOutput)>,
    pub(super) clocks: Vec<(u32, i64)>,
    /// Faults that take its memory.
    pub(super) leaks: Vec<u32>,
    /// Faults that fill its disk.
    pub(super) disks: Vec<u32>,
    pub(super) bad_storage: Vec<(u32, f64)>,
    /// Faults that let requests wait, and until when.
    pub(super) locks: Vec<(u32, u64)>,
}

impl Trouble {
    /// Whether the replica takes part in anything.
    pub(super) fn lets_work(&self) -> bool {
        let is_silent = self.outages.first().is_some_and(|(_, mode)| *mode != OutageMode::Error);
        let is_there = matches!(self.mark, Mark::None | Mark::Instance | Mark::Desk);
        self.down == 0 && self.pauses == 0 && self.draining.is_empty() && !is_silent && is_there
    }

    pub(super) fn is_over(&self) -> bool {
        self.down == 0
            && self.pauses == 0
            && self.draining.is_empty()
            && self.slow.is_empty()
            && self.outages.is_empty()
            && self.gray.is_empty()
            && self.exhausted.is_empty()
            && self.memory.is_empty()
            && self.left.is_empty()
            && self.throttles.is_empty()
            && self.mark == Mark::None
            && self.bad_outputs.is_empty()
            && self.clocks.is_empty()
            && self.leaks.is_empty()
            && self.disks.is_empty()
            && self.bad_storage.is_empty()
            && self.locks.is_empty()
    }
}

/// Replicas that an effect marks.
pub(super) fn effect_replicas(effect: &Effect) -> &[ReplicaRef] {
    match effect {
        // A moment leaves no mark.
        Effect::Sessions(_) => &[],
        _ => effect.replicas(),
    }
}

/// Sets a fault's mark in a list kept in the order of faults.
pub(super) fn mark<T>(marks: &mut Vec<(u32, T)>, fault: u32, value: T) {
    match marks.binary_search_by_key(&fault, |(other, _)| *other) {
        Ok(at) => marks[at].1 = value,
        Err(at) => marks.insert(at, (fault, value)),
    }
}

/// Leaves a fault's mark in such a list, or takes it off.
pub(super) fn set_mark<T>(marks: &mut Vec<(u32, T)>, fault: u32, value: Option<T>) {
    match value {
        Some(value) => mark(marks, fault, value),
        None => marks.retain(|(other, _)| *other != fault),
    }
}

/// Share left after several losses.
pub(super) fn remaining(lost: &[(u32, f64)]) -> f64 {
    lost.iter().fold(1.0, |left, (_, share)| left * (1.0 - share))
}

/// A share of a count, rounded; unlimited stays unlimited.
pub(super) fn share_of(count: u32, share: f64) -> u32 {
    if count == NONE { NONE } else { (f64::from(count) * share + 0.5) as u32 }
}
