//! The best queue for each model: where events are known to come in order, no
//! heap needs to find that out.

use std::collections::VecDeque;

use super::heap::{Heap4, key, parts};
use super::w3::{kind, kind_of};
use super::{Agenda, w1, w2};
use crate::workload::w2::{SERVERS, STATIONS};

/// W1 has at most one arrival and one completion pending.
pub(super) struct Pair {
    /// Times by code, `u64::MAX` for none.
    at: [u64; 2],
}

impl Pair {
    pub(super) fn new() -> Self {
        Self { at: [u64::MAX; 2] }
    }
}

impl Agenda for Pair {
    #[inline]
    fn schedule(&mut self, at: u64, what: u64) {
        self.at[what as usize] = at;
    }

    #[inline]
    fn next(&mut self) -> Option<(u64, u64)> {
        let what = if self.at[0] <= self.at[1] { w1::DONE } else { w1::ARRIVE };
        let at = std::mem::replace(&mut self.at[what as usize], u64::MAX);
        (at < u64::MAX).then_some((at, what))
    }
}

/// W2 has no constant delay, but a fixed set of servers: each station keeps the
/// earliest of its four completions, and the next event is the least of ten
/// such and the arrival, found without a branch.
pub(super) struct Servers {
    /// The earliest event of each station, then the arrival, then padding.
    earliest: [u64; HEADS],
    pending: [[u64; SERVERS]; STATIONS],
}

/// Heads compared, rounded up to a power of two for an even tournament.
const HEADS: usize = 16;
/// Bits of the code below the time in a packed head: times up to 2^58 ns, nine
/// years, are enough for this model.
const CODE_BITS: u32 = 6;

impl Servers {
    pub(super) fn new() -> Self {
        Self { earliest: [u64::MAX; HEADS], pending: [[u64::MAX; SERVERS]; STATIONS] }
    }
}

impl Agenda for Servers {
    #[inline]
    fn schedule(&mut self, at: u64, what: u64) {
        let packed = at << CODE_BITS | what;
        if what == w2::ARRIVE {
            self.earliest[STATIONS] = packed;
            return;
        }
        let (station, server) = (what as usize / SERVERS, what as usize % SERVERS);
        self.pending[station][server] = packed;
        self.earliest[station] = self.earliest[station].min(packed);
    }

    #[inline]
    fn next(&mut self) -> Option<(u64, u64)> {
        let mut heads = self.earliest;
        let mut width = HEADS;
        while width > 1 {
            width /= 2;
            for i in 0..width {
                heads[i] = heads[i].min(heads[i + width]);
            }
        }
        let least = heads[0];
        if least == u64::MAX {
            return None;
        }
        let what = least & ((1 << CODE_BITS) - 1);
        if what == w2::ARRIVE {
            self.earliest[STATIONS] = u64::MAX;
        } else {
            let station = what as usize / SERVERS;
            let pending = &mut self.pending[station];
            pending[what as usize % SERVERS] = u64::MAX;
            self.earliest[station] = pending.iter().fold(u64::MAX, |least, &at| least.min(at));
        }
        Some((least >> CODE_BITS, what))
    }
}

/// W3 has two constant delays: the client's timer and the cache. Their events
/// are scheduled in order of time, so a queue suffices for each and only its
/// head competes; the one pending arrival needs no queue at all.
pub(super) struct Web {
    heap: Heap4,
    timers: VecDeque<u128>,
    cache: VecDeque<u128>,
    arrival: u128,
}

impl Web {
    pub(super) fn new() -> Self {
        Self { heap: Heap4::new(), timers: VecDeque::new(), cache: VecDeque::new(), arrival: u128::MAX }
    }
}

impl Agenda for Web {
    #[inline]
    fn schedule(&mut self, at: u64, what: u64) {
        let key = key(at, what);
        match kind_of(what) {
            kind::TIMER => self.timers.push_back(key),
            kind::CACHE => self.cache.push_back(key),
            kind::ARRIVE => self.arrival = key,
            _ => self.heap.push(key),
        }
    }

    #[inline]
    fn next(&mut self) -> Option<(u64, u64)> {
        let head = |lane: &VecDeque<u128>| lane.front().copied().unwrap_or(u128::MAX);
        let heap = self.heap.peek().unwrap_or(u128::MAX);
        let (timer, cache) = (head(&self.timers), head(&self.cache));
        let least = heap.min(timer).min(cache.min(self.arrival));
        if least == u128::MAX {
            return None;
        }
        match kind_of(least as u64) {
            kind::TIMER => drop(self.timers.pop_front()),
            kind::CACHE => drop(self.cache.pop_front()),
            kind::ARRIVE => self.arrival = u128::MAX,
            _ => drop(self.heap.pop()),
        }
        Some(parts(least))
    }
}
