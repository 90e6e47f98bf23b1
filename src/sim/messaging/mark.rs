//! Named points of flows, over everything that happens between.

use crate::sim::engine::Engine;
use crate::sim::frame::{Role, flag};
use crate::sim::tables::NONE;
use std::collections::BTreeSet;

/// Requests remembered at once by one mark, in two halves: a repeat is
/// noticed if at least so many half have not passed in between.
const SEEN_MAX: usize = 2_000_000;

/// Requests that passed a mark lately.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    newer: BTreeSet<u64>,
    older: BTreeSet<u64>,
}

impl Seen {
    /// Notes a request; whether it had been here before.
    fn note(&mut self, root: u64) -> bool {
        if self.newer.contains(&root) || self.older.contains(&root) {
            return true;
        }
        if self.newer.len() >= SEEN_MAX / 2 {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(root);
        false
    }
}

impl Engine<'_> {
    /// When a frame's request began, if that is still known: work whose caller gave up has lost it.
    pub(super) fn begun(&self, f: u32) -> Option<u64> {
        let mut at = f;
        loop {
            let frame = &self.frames[at];
            if frame.role == Role::Root {
                return Some(frame.entered);
            }
            if frame.role == Role::Detached || frame.has(flag::MESSAGE) || frame.has(flag::REPLIED) {
                return (frame.begun != u64::MAX).then_some(frame.begun);
            }
            if frame.parent == NONE || self.frames[frame.parent].epoch != frame.parent_epoch {
                return None;
            }
            at = frame.parent;
        }
    }

    /// A frame that goes on by itself keeps its request's beginning.
    #[inline(never)]
    pub(in crate::sim) fn keep_begun(&mut self, from: u32, to: u32) {
        self.frames[to].begun = self.begun(from).unwrap_or(u64::MAX);
    }

    /// A request passes a mark.
    pub(super) fn pass_mark(&mut self, f: u32, mark: u32) {
        let begun = self.begun(f);
        let is_repeat = self.messaging.seen[mark as usize].note(self.frames[f].root);
        let index = self.slots.current * self.messaging.seen.len() + mark as usize;
        let counts = &mut self.messaging.mark_counts[index];
        counts.passes += 1;
        counts.repeats += u64::from(is_repeat);
        if let Some(begun) = begun {
            counts.latency.record(self.now - begun);
        }
        self.frames[f].pc += 1;
    }
}
