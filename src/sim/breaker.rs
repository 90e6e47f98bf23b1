//! Circuit breakers and client-side throttles: what they remember, and what they let through.

use super::limits::{WINDOW_PARTS, slide};
use crate::plan::{Breaker, BreakerWindow, Throttle};

/// What a breaker says to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Permit {
    /// Go ahead.
    Yes,
    /// Go ahead: what becomes of it decides whether the breaker closes.
    Probe,
    /// No.
    No,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Closed,
    Open { until: u64 },
    HalfOpen { under_way: u32, ended: Tally },
}

/// Attempts that ended, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    ended: u32,
    failed: u32,
    slow: u32,
}

impl Tally {
    fn add(&mut self, failed: bool, slow: bool) {
        self.ended += 1;
        self.failed += u32::from(failed);
        self.slow += u32::from(slow);
    }

    fn is_bad(self, rule: &Breaker) -> bool {
        let of = |part: u32| f64::from(part) / f64::from(self.ended);
        of(self.failed) >= rule.failures || rule.slow.is_some_and(|(_, share)| of(self.slow) >= share)
    }
}

/// The attempts a breaker remembers.
#[derive(Clone, Debug)]
enum Memory {
    /// The last ones, as `(failed, slow)`, in a ring.
    Ring { last: Vec<(bool, bool)>, next: usize },
    /// Sums over parts of a sliding window.
    Parts { parts: [Tally; WINDOW_PARTS], at: u64 },
}

/// One breaker.
#[derive(Clone, Debug)]
pub(super) struct BreakerState {
    mode: Mode,
    memory: Memory,
    /// Of everything in `memory`.
    tally: Tally,
}

impl BreakerState {
    pub(super) fn new(rule: &Breaker) -> Self {
        let memory = match rule.window {
            BreakerWindow::Calls(calls) => Memory::Ring { last: Vec::with_capacity(calls as usize), next: 0 },
            BreakerWindow::Time(_) => Memory::Parts { parts: [Tally::default(); WINDOW_PARTS], at: 0 },
        };
        Self { mode: Mode::Closed, memory, tally: Tally::default() }
    }

    /// Whether an attempt may be made now.
    pub(super) fn permit(&mut self, rule: &Breaker, now: u64) -> Permit {
        match &mut self.mode {
            Mode::Closed => Permit::Yes,
            Mode::Open { until } if now < *until => Permit::No,
            Mode::Open { .. } => {
                self.mode = Mode::HalfOpen { under_way: 1, ended: Tally::default() };
                Permit::Probe
            }
            Mode::HalfOpen { under_way, ended } if *under_way + ended.ended < rule.probes => {
                *under_way += 1;
                Permit::Probe
            }
            Mode::HalfOpen { .. } => Permit::No,
        }
    }

    /// An attempt ended; `true` if the breaker opens because of it. Attempts made before it
    /// opened say nothing about whether it may close.
    pub(super) fn record(
        &mut self,
        rule: &Breaker,
        failed: bool,
        slow: bool,
        is_probe: bool,
        now: u64,
    ) -> bool {
        match (&mut self.mode, is_probe) {
            (Mode::Closed, false) => {
                self.remember(rule, failed, slow, now);
                let opens = self.tally.ended >= rule.calls_min && self.tally.is_bad(rule);
                if opens {
                    self.open(rule, now);
                }
                opens
            }
            (Mode::HalfOpen { under_way, ended }, true) => {
                *under_way -= 1;
                ended.add(failed, slow);
                let ended = *ended;
                if ended.ended < rule.probes {
                    return false;
                }
                let opens = ended.is_bad(rule);
                if opens {
                    self.open(rule, now)
                } else {
                    *self = Self::new(rule)
                }
                opens
            }
            _ => false,
        }
    }

    /// Probes that have not ended, while it is half open.
    pub(super) fn under_way(&self) -> Option<u32> {
        match self.mode {
            Mode::HalfOpen { under_way, .. } => Some(under_way),
            Mode::Closed | Mode::Open { .. } => None,
        }
    }

    /// A probe ended without saying anything.
    pub(super) fn give_back(&mut self) {
        if let Mode::HalfOpen { under_way, .. } = &mut self.mode {
            *under_way -= 1;
        }
    }

    fn open(&mut self, rule: &Breaker, now: u64) {
        *self = Self::new(rule);
        self.mode = Mode::Open { until: now.saturating_add(rule.open.0) };
    }

    fn remember(&mut self, rule: &Breaker, failed: bool, slow: bool, now: u64) {
        match (&mut self.memory, rule.window) {
            (Memory::Ring { last, next }, BreakerWindow::Calls(calls)) => {
                if last.len() < calls as usize {
                    last.push((failed, slow));
                } else {
                    let old = std::mem::replace(&mut last[*next], (failed, slow));
                    self.tally.ended -= 1;
                    self.tally.failed -= u32::from(old.0);
                    self.tally.slow -= u32::from(old.1);
                    *next = (*next + 1) % last.len();
                }
                self.tally.add(failed, slow);
            }
            (Memory::Parts { parts, at }, BreakerWindow::Time(window)) => {
                let part = slide(parts, at, now, window.0);
                parts[part].add(failed, slow);
                self.tally = parts.iter().fold(Tally::default(), |sum, part| Tally {
                    ended: sum.ended + part.ended,
                    failed: sum.failed + part.failed,
                    slow: sum.slow + part.slow,
                });
            }
            _ => unreachable!("a breaker's memory is of its rule's kind"),
        }
    }
}

/// One client-side throttle: `(requests, accepts)` over parts of a sliding window.
#[derive(Clone, Debug, Default)]
pub(super) struct ThrottleState {
    parts: [(u64, u64); WINDOW_PARTS],
    at: u64,
}

impl ThrottleState {
    /// Counts a request and says whether to reject it; `draw` is uniform in 0..1.
    pub(super) fn rejects(&mut self, rule: &Throttle, draw: f64, now: u64) -> bool {
        let part = slide(&mut self.parts, &mut self.at, now, rule.window.0);
        let (requests, accepts) = self.parts.iter().fold((0, 0), |sum, p| (sum.0 + p.0, sum.1 + p.1));
        self.parts[part].0 += 1;
        draw < (requests as f64 - rule.k * accepts as f64) / (requests as f64 + 1.0)
    }

    /// The other side accepted a request.
    pub(super) fn accepted(&mut self, rule: &Throttle, now: u64) {
        let part = slide(&mut self.parts, &mut self.at, now, rule.window.0);
        self.parts[part].1 += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{BudgetScope, ErrorClass};
    use crate::units::{NANOS_PER_SEC as SEC, SimSpan};

    fn rule(window: BreakerWindow) -> Breaker {
        Breaker {
            window,
            calls_min: 4,
            failures: 0.5,
            slow: Some((SimSpan::from_secs(1), 1.0)),
            open: SimSpan::from_secs(30),
            probes: 2,
            on: vec![ErrorClass::Error],
            scope: BudgetScope::Replica,
        }
    }

    fn feed(breaker: &mut BreakerState, rule: &Breaker, now: u64, results: &[bool]) -> bool {
        results.iter().any(|failed| {
            assert_eq!(breaker.permit(rule, now), Permit::Yes);
            breaker.record(rule, *failed, false, false, now)
        })
    }

    #[test]
    fn opens_at_the_share_once_there_are_enough_and_probes_after_its_time() {
        let rule = rule(BreakerWindow::Calls(4));
        let mut breaker = BreakerState::new(&rule);
        assert!(!feed(&mut breaker, &rule, 0, &[true, true, true]), "three are too few to judge by");
        assert!(feed(&mut breaker, &rule, 0, &[false]), "three of four");
        assert_eq!(breaker.permit(&rule, 30 * SEC - 1), Permit::No);
        assert_eq!(breaker.permit(&rule, 30 * SEC), Permit::Probe);
        assert_eq!(breaker.permit(&rule, 30 * SEC), Permit::Probe);
        assert_eq!(breaker.permit(&rule, 30 * SEC), Permit::No, "two probes are out");
        assert!(!breaker.record(&rule, true, false, false, 30 * SEC), "an old attempt says nothing");
        assert!(!breaker.record(&rule, false, false, true, 31 * SEC));
        assert!(breaker.record(&rule, true, false, true, 31 * SEC), "one of two probes failed");
        assert_eq!(breaker.permit(&rule, 61 * SEC - 1), Permit::No);
        for _ in 0..2 {
            assert_eq!(breaker.permit(&rule, 61 * SEC), Permit::Probe);
            breaker.record(&rule, false, false, true, 61 * SEC);
        }
        assert_eq!(breaker.permit(&rule, 61 * SEC), Permit::Yes, "it closed and forgot everything");
        assert!(!feed(&mut breaker, &rule, 61 * SEC, &[true, true, true]));
    }

    #[test]
    fn a_ring_forgets_the_oldest_and_a_window_what_is_too_old() {
        let rule = rule(BreakerWindow::Calls(6));
        let mut breaker = BreakerState::new(&rule);
        assert!(!feed(&mut breaker, &rule, 0, &[true, false, false, false, false, false, false, true, true]));
        assert!(feed(&mut breaker, &rule, 0, &[true]), "three of the last six");
        let timed = self::rule(BreakerWindow::Time(SimSpan::from_secs(10)));
        let mut breaker = BreakerState::new(&timed);
        assert!(!feed(&mut breaker, &timed, 0, &[true, true, true]));
        assert!(!feed(&mut breaker, &timed, 11 * SEC, &[true]), "the others are too old");
        assert!(feed(&mut breaker, &timed, 12 * SEC, &[true, true, true]));
    }

    #[test]
    fn slow_attempts_open_it_too_and_a_lost_probe_makes_room() {
        let rule = rule(BreakerWindow::Calls(4));
        let mut breaker = BreakerState::new(&rule);
        let opened = (0..4).map(|_| breaker.record(&rule, false, true, false, 0)).collect::<Vec<_>>();
        assert_eq!(opened, [false, false, false, true]);
        assert_eq!(breaker.permit(&rule, 40 * SEC), Permit::Probe);
        assert_eq!(breaker.permit(&rule, 40 * SEC), Permit::Probe);
        breaker.give_back();
        assert_eq!(breaker.permit(&rule, 40 * SEC), Permit::Probe);
    }

    /// With everything rejected the n-th request is let through with probability 1/(n+1).
    #[test]
    fn a_throttle_rejects_by_the_published_formula() {
        let rule = Throttle { k: 2.0, window: SimSpan::from_secs(120), scope: BudgetScope::Replica };
        let mut throttle = ThrottleState::default();
        for n in 0..100u32 {
            let limit = f64::from(n) / f64::from(n + 1);
            assert!(!throttle.clone().rejects(&rule, limit, 0));
            assert!(n == 0 || throttle.rejects(&rule, limit - 1e-9, 0));
            if n == 0 {
                throttle.rejects(&rule, 0.5, 0);
            }
        }
        for _ in 0..50 {
            throttle.accepted(&rule, 0);
        }
        assert!(!throttle.rejects(&rule, 0.001, 0), "half of the requests were accepted");
    }
}
