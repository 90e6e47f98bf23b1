//! Limits on requests inside a replica, given or found out.
//!
//! The adaptive laws are those of Netflix' concurrency-limits library
//! (`AIMDLimit`, `VegasLimit`, `Gradient2Limit`), with samples taken over a window.

use super::engine::Engine;
use super::exec::Answer;
use super::frame::flag;
use crate::plan::{ConcurrencyLimit, ErrorClass, LimitLaw, LimitRange, PRIORITY_MAX};

/// Fewest requests that make a sample.
const SAMPLE_MIN: u32 = 10;
/// Vegas forgets its shortest time after this many windows times the limit: the service may have become
/// slower for good.
const VEGAS_PROBE: f64 = 30.0;
/// Samples over which the gradient's long-term time is averaged.
const GRADIENT_MEMORY: f64 = 600.0;
/// Samples whose plain mean it begins with.
const GRADIENT_WARM_UP: u32 = 10;
/// Room for a queue that the gradient always allows.
const GRADIENT_QUEUE: f64 = 4.0;
/// Weight of a new limit of the gradient against the old one.
const GRADIENT_WEIGHT: f64 = 0.2;

/// The limit of one replica.
#[derive(Clone, Debug)]
pub(super) struct LimitState {
    limit: f64,
    /// The present window: when it began, sum and number of the times inside, the most inside at
    /// once, whether anything was dropped.
    window: Window,
    /// Vegas: the shortest mean of a window; gradient: the long-term time. 0 is none yet.
    reference: f64,
    /// Windows since the reference was renewed.
    age: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Window {
    from: u64,
    sum: u128,
    count: u32,
    inside_max: u32,
    dropped: bool,
}

impl LimitState {
    pub(super) fn new(rule: &ConcurrencyLimit) -> Self {
        let limit = match rule.law {
            LimitLaw::Fixed(limit) => limit,
            LimitLaw::Aimd { range, .. }
            | LimitLaw::Vegas { range, .. }
            | LimitLaw::Gradient { range, .. } => range.initial,
        };
        Self { limit: f64::from(limit), window: Window::default(), reference: 0.0, age: 0 }
    }

    /// Whether one more request of a priority may come in.
    pub(super) fn admits(&self, rule: &ConcurrencyLimit, inside: u32, priority: u8) -> bool {
        let urgency = f64::from(priority.min(PRIORITY_MAX)) / f64::from(PRIORITY_MAX);
        let share = 1.0 - urgency * (1.0 - rule.least_urgent);
        f64::from(inside) + 1.0 <= self.limit.floor() * share
    }

    /// A request that spent `spent` inside leaves `inside` behind, itself included.
    pub(super) fn leaves(
        &mut self,
        rule: &ConcurrencyLimit,
        spent: u64,
        inside: u32,
        dropped: bool,
        now: u64,
    ) {
        match rule.law {
            LimitLaw::Fixed(_) => {}
            LimitLaw::Aimd { range, timeout, backoff } => {
                if dropped || spent >= timeout.0 {
                    self.set(range, self.limit * backoff);
                } else if f64::from(inside) * 2.0 >= self.limit {
                    self.set(range, self.limit + 1.0);
                }
            }
            LimitLaw::Vegas { range, window, .. } => {
                if let Some(sample) = self.sample(spent, inside, dropped, window.0, now) {
                    self.vegas(range, &sample);
                }
            }
            LimitLaw::Gradient { range, tolerance, window } => {
                if let Some(sample) = self.sample(spent, inside, dropped, window.0, now) {
                    self.gradient(range, tolerance, &sample);
                }
            }
        }
    }

    fn set(&mut self, range: LimitRange, limit: f64) {
        self.limit = limit.clamp(f64::from(range.min), f64::from(range.max));
    }

    /// Adds to the present window; gives it back when it is over and full enough.
    fn sample(&mut self, spent: u64, inside: u32, dropped: bool, window: u64, now: u64) -> Option<Window> {
        let present = &mut self.window;
        if !dropped {
            present.sum += u128::from(spent);
            present.count += 1;
        }
        present.inside_max = present.inside_max.max(inside);
        present.dropped |= dropped;
        let is_over = now >= present.from.saturating_add(window) && present.count >= SAMPLE_MIN;
        is_over.then(|| std::mem::replace(present, Window { from: now, ..Window::default() }))
    }

    /// Limit · (1 − shortest / present) requests wait; between α and β of them are right.
    fn vegas(&mut self, range: LimitRange, sample: &Window) {
        let present = (sample.sum as f64 / f64::from(sample.count)).max(1.0);
        self.age = self.age.saturating_add(1);
        let is_stale = f64::from(self.age) >= VEGAS_PROBE * self.limit;
        if self.reference == 0.0 || is_stale || present < self.reference {
            self.age = if is_stale { 0 } else { self.age };
            self.reference = present;
        }
        let step = libm::log10(self.limit).max(1.0);
        let (alpha, beta) = (3.0 * step, 6.0 * step);
        let queue = (self.limit * (1.0 - self.reference / present)).ceil();
        if sample.dropped || queue > beta {
            self.set(range, self.limit - step);
        } else if f64::from(sample.inside_max) * 2.0 < self.limit {
            // Less than half is in use: nothing can be learnt about more.
        } else if queue <= step {
            self.set(range, self.limit + beta);
        } else if queue < alpha {
            self.set(range, self.limit + step);
        }
    }

    fn gradient(&mut self, range: LimitRange, tolerance: f64, sample: &Window) {
        let present = (sample.sum as f64 / f64::from(sample.count)).max(1.0);
        self.age = self.age.saturating_add(1);
        // A plain mean at first, then an exponential one.
        let weight = if self.age <= GRADIENT_WARM_UP {
            1.0 / f64::from(self.age)
        } else {
            2.0 / (GRADIENT_MEMORY + 1.0)
        };
        self.reference += weight * (present - self.reference);
        if self.reference > 2.0 * present {
            // After a long overload the long-term time is too long by far.
            self.reference *= 0.95;
        }
        if f64::from(sample.inside_max) * 2.0 < self.limit {
            return;
        }
        let gradient = (tolerance * self.reference / present).clamp(0.5, 1.0);
        let wanted = self.limit * gradient + GRADIENT_QUEUE;
        self.set(range, self.limit * (1.0 - GRADIENT_WEIGHT) + wanted * GRADIENT_WEIGHT);
    }
}

impl Engine<'_> {
    /// Refuses a request at the door when its replica's limit is reached.
    #[inline(never)]
    pub(super) fn refused_by_limit(&mut self, f: u32, comp: usize) -> Option<u32> {
        let rule = self.t.comps[comp].concurrency.as_ref()?;
        let frame = &self.frames[f];
        let replica = &self.replicas[frame.replica as usize];
        let state = replica.limit.as_ref()?;
        // Whoever a firewall has looked at is inside already.
        let others = replica.inside - u32::from(frame.has(flag::INSIDE));
        if state.admits(rule, others, frame.priority) {
            return None;
        }
        self.stations[comp].counts.shed += 1;
        self.count_outside(f, comp);
        Some(self.reply(f, Answer::failed(ErrorClass::Shed)))
    }

    /// Lets a replica's limit learn from a request that leaves.
    #[inline(never)]
    pub(super) fn teach_limit(&mut self, f: u32, comp: usize, error: Option<ErrorClass>) {
        let Some(rule) = &self.t.comps[comp].concurrency else { return };
        let frame = &self.frames[f];
        let replica = &mut self.replicas[frame.replica as usize];
        let inside = replica.inside;
        let Some(state) = &mut replica.limit else { return };
        let is_drop = match error {
            None => false,
            // An answer of the service, however bad, says nothing about load.
            Some(ErrorClass::Error | ErrorClass::Cancelled | ErrorClass::Refused | ErrorClass::Reset) => {
                return;
            }
            Some(_) => true,
        };
        state.leaves(rule, self.now - frame.entered, inside, is_drop, self.now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimSpan;

    const RANGE: LimitRange = LimitRange { initial: 20, min: 2, max: 100 };

    fn rule(law: LimitLaw) -> ConcurrencyLimit {
        ConcurrencyLimit { law, least_urgent: 0.5 }
    }

    #[test]
    fn urgent_requests_have_the_whole_limit_and_others_less() {
        let rule = rule(LimitLaw::Fixed(10));
        let state = LimitState::new(&rule);
        let most = |priority: u8| (0..20).take_while(|inside| state.admits(&rule, *inside, priority)).count();
        assert_eq!((most(0), most(7)), (10, 5));
        assert!((1..7).all(|priority| most(priority) >= most(priority + 1)));
    }

    #[test]
    fn aimd_grows_by_one_and_shrinks_by_a_share() {
        let timeout = SimSpan::from_secs(1);
        let rule = rule(LimitLaw::Aimd { range: RANGE, timeout, backoff: 0.5 });
        let mut state = LimitState::new(&rule);
        state.leaves(&rule, 10, 10, false, 0);
        assert_eq!(state.limit, 21.0);
        state.leaves(&rule, 10, 5, false, 0);
        assert_eq!(state.limit, 21.0, "less than half is in use");
        state.leaves(&rule, timeout.0, 20, false, 0);
        assert_eq!(state.limit, 10.5);
        (0..9).for_each(|_| state.leaves(&rule, 10, 9, true, 0));
        assert_eq!(state.limit, 2.0, "never below the least");
    }

    /// A server of `c` threads and 10 ms: with n inside a request takes 10 ms · max(1, n/c).
    fn settle(rule: &ConcurrencyLimit, threads: f64, windows: u64) -> f64 {
        let mut state = LimitState::new(rule);
        for window in 0..windows {
            for _ in 0..50 {
                let inside = state.limit.floor();
                let spent = 10e6 * (inside / threads).max(1.0);
                state.leaves(rule, spent as u64, inside as u32, false, window * 1_000_000_000);
            }
        }
        state.limit
    }

    #[test]
    fn vegas_and_gradient_settle_near_what_the_server_can_do() {
        let range = LimitRange { initial: 20, min: 1, max: 1000 };
        let window = SimSpan::from_secs(1);
        let vegas = settle(&rule(LimitLaw::Vegas { range, window }), 30.0, 300);
        assert!((30.0..=45.0).contains(&vegas), "{vegas}");
        let gradient = settle(&rule(LimitLaw::Gradient { range, tolerance: 1.5, window }), 30.0, 300);
        assert!((30.0..=110.0).contains(&gradient), "{gradient}");
    }
}
