//! Allowances: admission buckets, retry budgets and connection pools.

use super::tables::{BucketRule, NONE};
use crate::plan::{Admission, Bucket, BudgetRule, Excess};
use std::collections::VecDeque;

/// Slack for sums of fractions: a token that is due is there.
const TOKEN_SLACK: f64 = 1e-9;

/// Level of a token bucket.
#[derive(Clone, Debug)]
pub(super) struct BucketState {
    tokens: f64,
    updated: u64,
}

/// What a bucket says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grant {
    /// Go ahead.
    Now,
    /// Go ahead after this many nanoseconds.
    After(u64),
    /// No; there would be room after this many nanoseconds.
    Refused(u64),
}

impl BucketState {
    pub(super) fn full(rule: &BucketRule, now: u64) -> Self {
        Self { tokens: rule.burst, updated: now }
    }

    pub(super) fn take(&mut self, rule: &BucketRule, cost: f64, now: u64) -> Grant {
        if rule.stretch > 0 {
            return self.take_from_quota(rule, cost, now);
        }
        let refilled = self.tokens + (now - self.updated) as f64 * rule.rate_per_ns;
        self.tokens = refilled.min(rule.burst);
        self.updated = now;
        if self.tokens + TOKEN_SLACK >= cost {
            self.tokens -= cost;
            return Grant::Now;
        }
        let missing = ((cost - self.tokens) / rule.rate_per_ns).ceil();
        let wait = if missing < 1e18 { missing as u64 } else { u64::MAX / 4 };
        match rule.excess {
            Excess::Delay { wait_max } if wait_max.is_none_or(|longest| wait <= longest.0) => {
                self.tokens -= cost;
                Grant::After(wait)
            }
            _ => Grant::Refused(wait),
        }
    }
}

impl BucketState {
    /// Takes from a bucket that is filled at the beginning of each stretch of time.
    fn take_from_quota(&mut self, rule: &BucketRule, cost: f64, now: u64) -> Grant {
        if now / rule.stretch != self.updated / rule.stretch {
            self.tokens = rule.burst;
        }
        self.updated = now;
        if self.tokens + TOKEN_SLACK < cost {
            return Grant::Refused((now / rule.stretch + 1).saturating_mul(rule.stretch) - now);
        }
        self.tokens -= cost;
        Grant::Now
    }
}

/// Parts of a sliding window.
pub(super) const WINDOW_PARTS: usize = 10;

/// What a retry budget remembers.
#[derive(Clone, Debug)]
pub(super) enum BudgetState {
    Tokens(f64),
    Window { parts: [(u64, u64); WINDOW_PARTS], at: u64 },
}

impl BudgetState {
    pub(super) fn new(rule: &BudgetRule) -> Self {
        match rule {
            BudgetRule::TokenBucket { capacity, .. } => Self::Tokens(*capacity),
            BudgetRule::Ratio { .. } => Self::Window { parts: [(0, 0); WINDOW_PARTS], at: 0 },
        }
    }

    /// A first attempt was made.
    pub(super) fn first_attempt(&mut self, rule: &BudgetRule, now: u64) {
        match (self, rule) {
            (Self::Tokens(tokens), BudgetRule::TokenBucket { per_call, capacity }) => {
                *tokens = (*tokens + per_call).min(*capacity);
            }
            (Self::Window { parts, at }, BudgetRule::Ratio { window, .. }) => {
                let part = slide(parts, at, now, window.0);
                parts[part].0 += 1;
            }
            _ => unreachable!("a budget's state is of its rule's kind"),
        }
    }

    /// Whether a retry may be made; if so it is counted.
    pub(super) fn allows_retry(&mut self, rule: &BudgetRule, now: u64) -> bool {
        match (self, rule) {
            (Self::Tokens(tokens), BudgetRule::TokenBucket { .. }) => {
                let allowed = *tokens + TOKEN_SLACK >= 1.0;
                if allowed {
                    *tokens -= 1.0;
                }
                allowed
            }
            (Self::Window { parts, at }, BudgetRule::Ratio { ratio, window, min_per_sec }) => {
                let part = slide(parts, at, now, window.0);
                let (calls, retries) = parts.iter().fold((0, 0), |sum, p| (sum.0 + p.0, sum.1 + p.1));
                let always = min_per_sec * window.as_secs_f64();
                let allowed = (retries + 1) as f64 <= calls as f64 * ratio + always + TOKEN_SLACK;
                if allowed {
                    parts[part].1 += 1;
                }
                allowed
            }
            _ => unreachable!("a budget's state is of its rule's kind"),
        }
    }
}

/// Moves a window on to `now` and returns the current part.
pub(super) fn slide<T: Copy + Default>(
    parts: &mut [T; WINDOW_PARTS],
    at: &mut u64,
    now: u64,
    window: u64,
) -> usize {
    let index = now / (window / WINDOW_PARTS as u64).max(1);
    let steps = (index - *at).min(WINDOW_PARTS as u64);
    for step in 0..steps {
        parts[((index - step) % WINDOW_PARTS as u64) as usize] = T::default();
    }
    *at = index;
    (index % WINDOW_PARTS as u64) as usize
}

/// Connections of one caller replica to one target.
#[derive(Clone, Debug)]
pub(super) struct PoolState {
    /// Most connections, after faults.
    pub(super) size: u32,
    /// Most connections nominally.
    pub(super) size_nominal: u32,
    pub(super) in_use: u32,
    pub(super) idle: u32,
    /// `(frame, ticket)` in order; stale ones are skipped.
    pub(super) queue: VecDeque<(u32, u32)>,
    /// How many of the queue are alive.
    pub(super) waiting: u32,
}

impl PoolState {
    pub(super) fn new(size: u32) -> Self {
        Self { size, size_nominal: size, in_use: 0, idle: 0, queue: VecDeque::new(), waiting: 0 }
    }

    pub(super) fn open(&self) -> u32 {
        self.in_use + self.idle
    }
}

impl BucketRule {
    pub(super) fn new(admission: &Admission) -> Self {
        Self {
            excess: admission.excess,
            retry_after: admission.retry_after,
            each: index(admission.each),
            ..Self::of(&admission.bucket)
        }
    }

    /// A bucket that refuses, one for all.
    pub(super) fn of(bucket: &Bucket) -> Self {
        Self {
            rate_per_ns: bucket.rate_per_sec / 1e9,
            burst: bucket.burst,
            excess: Excess::Reject,
            retry_after: true,
            stretch: bucket.stretch.map_or(0, |stretch| stretch.0),
            each: NONE,
        }
    }
}

/// Converts an optional index.
pub(super) fn index(index: Option<usize>) -> u32 {
    index.map_or(NONE, |index| index as u32)
}

/// Converts an optional count to a bound.
pub(super) fn bound(count: Option<u32>) -> u32 {
    count.unwrap_or(NONE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{NANOS_PER_SEC, SimSpan};

    fn rule(rate: f64, burst: f64, excess: Excess) -> BucketRule {
        BucketRule { rate_per_ns: rate / 1e9, burst, excess, retry_after: true, stretch: 0, each: NONE }
    }

    /// The Shopify REST bucket: 40 at once, then 2 a second; 100 paced requests take 30 s.
    #[test]
    fn a_burst_passes_and_then_the_rate_rules() {
        let rule = rule(2.0, 40.0, Excess::Reject);
        let mut bucket = BucketState::full(&rule, 0);
        let accepted = (0..100).filter(|_| bucket.take(&rule, 1.0, 0) == Grant::Now).count();
        assert_eq!(accepted, 40);
        assert_eq!(bucket.take(&rule, 1.0, 0), Grant::Refused(NANOS_PER_SEC / 2));
        assert_eq!(bucket.take(&rule, 1.0, NANOS_PER_SEC / 2), Grant::Now);
    }

    #[test]
    fn a_pacing_bucket_sends_requests_at_the_rate() {
        let rule = rule(2.0, 40.0, Excess::Delay { wait_max: None });
        let mut bucket = BucketState::full(&rule, 0);
        let last = (0..100).map(|_| bucket.take(&rule, 1.0, 0)).last();
        assert_eq!(last, Some(Grant::After(30 * NANOS_PER_SEC)));
    }

    #[test]
    fn a_quota_starts_over_with_each_stretch() {
        let rule = BucketRule { stretch: 60 * NANOS_PER_SEC, ..rule(0.0, 3.0, Excess::Reject) };
        let mut quota = BucketState::full(&rule, 0);
        let at = |secs: u64| secs * NANOS_PER_SEC;
        assert_eq!((0..3).filter(|_| quota.take(&rule, 1.0, at(50)) == Grant::Now).count(), 3);
        assert_eq!(quota.take(&rule, 1.0, at(59)), Grant::Refused(at(1)));
        assert_eq!(quota.take(&rule, 3.0, at(60)), Grant::Now);
        assert_eq!(quota.take(&rule, 1.0, at(61)), Grant::Refused(at(59)));
    }

    #[test]
    fn a_ratio_budget_counts_a_sliding_window() {
        let rule = BudgetRule::Ratio { ratio: 0.1, window: SimSpan::from_secs(10), min_per_sec: 0.0 };
        let mut budget = BudgetState::new(&rule);
        for _ in 0..100 {
            budget.first_attempt(&rule, 0);
        }
        let allowed = (0..50).filter(|_| budget.allows_retry(&rule, 0)).count();
        assert_eq!(allowed, 10);
        assert!(!budget.allows_retry(&rule, 9 * NANOS_PER_SEC));
        budget.first_attempt(&rule, 20 * NANOS_PER_SEC);
        assert!(!budget.allows_retry(&rule, 20 * NANOS_PER_SEC), "one call does not pay for a retry");
    }
}
