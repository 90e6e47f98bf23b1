//! Processor sharing: running threads share a replica's cores equally.
//!
//! With `n` running on `c` cores each proceeds at `min(1, c/n)` of the replica's
//! speed. One clock per replica counts the work each of them has been given; a
//! computation ends when that clock reaches its start plus its demand. The
//! clock is an integer (nanoseconds of work in 2^-24 steps), so that nothing
//! drifts however often the rate changes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

const FRACTION_BITS: u32 = 24;

/// The shared cores of one replica.
#[derive(Clone, Debug)]
pub(super) struct SharedCores {
    cores: f64,
    /// Work given to each running thread, in 2^-24 ns.
    clock: u128,
    /// When the clock was last brought up to date.
    updated: u64,
    /// Work per nanosecond given to each, in 2^-24.
    rate: u64,
    speed: f64,
    /// `(finish tag, ticket, frame)`; cancelled ones stay until they surface.
    running: BinaryHeap<Reverse<(u128, u32, u32)>>,
    /// How many of `running` are alive.
    pub(super) live: u32,
    /// Sequence number of the pending completion, or 0, and when it is due.
    pub(super) pending: u64,
    pub(super) pending_at: u64,
    /// Cores in use as last counted into the component's busy level.
    pub(super) level: u64,
}

impl SharedCores {
    pub(super) fn new(cores: f64, speed: f64) -> Self {
        Self {
            cores,
            clock: 0,
            updated: 0,
            rate: 0,
            speed,
            running: BinaryHeap::new(),
            live: 0,
            pending: 0,
            pending_at: u64::MAX,
            level: 0,
        }
    }

    /// Cores in use.
    pub(super) fn busy(&self) -> f64 {
        f64::from(self.live).min(self.cores)
    }

    fn advance(&mut self, now: u64) {
        self.clock += u128::from(now - self.updated) * u128::from(self.rate);
        self.updated = now;
    }

    fn retune(&mut self) {
        let share = if self.live == 0 { 0.0 } else { (self.cores / f64::from(self.live)).min(1.0) };
        self.rate = (self.speed * share * f64::from(1u32 << FRACTION_BITS) + 0.5) as u64;
    }

    /// Adds a computation that needs `work` nanoseconds of a whole core.
    pub(super) fn add(&mut self, now: u64, work: u64, ticket: u32, frame: u32) {
        self.advance(now);
        self.live += 1;
        self.retune();
        self.running.push(Reverse((self.clock + (u128::from(work) << FRACTION_BITS), ticket, frame)));
    }

    /// Changes the pace; 0 freezes everything.
    pub(super) fn set_speed(&mut self, now: u64, speed: f64) {
        self.advance(now);
        self.speed = speed;
        self.retune();
    }

    /// Takes the next computation that has ended by `now`, skipping dead ones.
    pub(super) fn take_done(&mut self, now: u64, is_live: impl Fn(u32, u32) -> bool) -> Option<u32> {
        self.advance(now);
        while let Some(Reverse((tag, ticket, frame))) = self.running.peek().copied() {
            if !is_live(ticket, frame) {
                self.running.pop();
                continue;
            }
            if tag > self.clock {
                return None;
            }
            self.running.pop();
            self.live -= 1;
            self.retune();
            return Some(frame);
        }
        None
    }

    /// When the next living computation will end at the present rate.
    pub(super) fn next_end(&mut self, is_live: impl Fn(u32, u32) -> bool) -> Option<u64> {
        while let Some(Reverse((tag, ticket, frame))) = self.running.peek().copied() {
            if !is_live(ticket, frame) {
                self.running.pop();
                continue;
            }
            if self.rate == 0 {
                return None;
            }
            let left = tag.saturating_sub(self.clock);
            // Short work does without the long division.
            let time = u64::try_from(left).map_or_else(
                |_| u64::try_from(left.div_ceil(u128::from(self.rate))).unwrap_or(u64::MAX),
                |left| left.div_ceil(self.rate),
            );
            return Some(self.updated.saturating_add(time));
        }
        None
    }

    /// Forgets everything, as a crash does.
    pub(super) fn clear(&mut self, now: u64) {
        self.advance(now);
        self.running.clear();
        self.live = 0;
        self.pending = 0;
        self.pending_at = u64::MAX;
        self.retune();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_on_one_core_run_at_half_speed_and_the_rest_speeds_up() {
        let mut cores = SharedCores::new(1.0, 1.0);
        cores.add(0, 100, 1, 1);
        cores.add(0, 300, 1, 2);
        assert_eq!(cores.next_end(|_, _| true), Some(200));
        assert_eq!(cores.take_done(200, |_, _| true), Some(1));
        assert_eq!(cores.take_done(200, |_, _| true), None);
        assert_eq!(cores.next_end(|_, _| true), Some(400));
        assert_eq!(cores.take_done(400, |_, _| true), Some(2));
    }

    #[test]
    fn fewer_than_cores_run_at_full_speed_and_a_freeze_keeps_what_was_done() {
        let mut cores = SharedCores::new(2.0, 1.0);
        cores.add(0, 100, 1, 1);
        assert_eq!(cores.next_end(|_, _| true), Some(100));
        cores.set_speed(60, 0.0);
        assert_eq!(cores.next_end(|_, _| true), None);
        cores.set_speed(1060, 1.0);
        assert_eq!(cores.next_end(|_, _| true), Some(1100));
    }
}
