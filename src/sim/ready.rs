//! Frames that can go on at this instant, in order.

use super::tables::NONE;
use std::collections::VecDeque;

/// A line of frames. There is seldom more than one, which has a place of its own.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    /// The first, or `NONE` when nobody is in line.
    first: u32,
    others: VecDeque<u32>,
}

impl Ready {
    pub(super) fn new() -> Self {
        Self { first: NONE, others: VecDeque::new() }
    }

    #[inline]
    pub(super) fn push_back(&mut self, f: u32) {
        if self.first == NONE {
            self.first = f;
        } else {
            self.others.push_back(f);
        }
    }

    /// The first in line, or `NONE`.
    #[inline]
    pub(super) fn pop_front(&mut self) -> u32 {
        let f = self.first;
        if f != NONE {
            self.first = self.others.pop_front().unwrap_or(NONE);
        }
        f
    }

    /// Keeps only those that pass.
    pub(super) fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        self.others.retain(|f| keep(*f));
        if self.first != NONE && !keep(self.first) {
            self.first = self.others.pop_front().unwrap_or(NONE);
        }
    }
}
