//! How a component protects itself: what its queue does while it stands, and
//! how many requests it lets inside.

use crate::units::SimSpan;

/// What changes while a queue *stands*, that is, has not been empty for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How long the queue must not have been empty.
    pub interval: SimSpan,
    /// Controlled delay: a request may wait `interval`, but only `target` if it joins a standing
    /// queue; then it is shed (Maurer, "Fail at Scale", 2015). `None` sheds nothing.
    pub target: Option<SimSpan>,
}

/// Most requests inside one replica at once; more are shed at the door.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConcurrencyLimit {
    /// How the limit is found.
    pub law: LimitLaw,
    /// Share of the limit open to the least urgent priority; priorities between have shares between.
    pub least_urgent: f64,
}

/// How a limit on requests inside is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LimitLaw {
    /// It is given.
    Fixed(u32),
    /// Additive increase, multiplicative decrease: one more when at least half is in use,
    /// times `backoff` when a request takes longer than `timeout` or is dropped.
    Aimd {
        /// Where it may go.
        range: LimitRange,
        /// Time inside from which a request counts as dropped.
        timeout: SimSpan,
        /// Factor of a decrease, below 1.
        backoff: f64,
    },
    /// Estimates the queue from the shortest and the present mean time inside, over windows, as TCP
    /// Vegas does: limit · (1 − shortest / present).
    Vegas {
        /// Where it may go.
        range: LimitRange,
        /// Time over which requests make one sample.
        window: SimSpan,
    },
    /// Follows the ratio of the long-term to the present time inside.
    Gradient {
        /// Where it may go.
        range: LimitRange,
        /// How much longer than in the long term is still no queue, at least 1.
        tolerance: f64,
        /// Time over which requests make one sample.
        window: SimSpan,
    },
}

/// Where an adaptive limit starts and may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitRange {
    /// At first, and after a crash.
    pub initial: u32,
    /// Least, at least 1.
    pub min: u32,
    /// Most.
    pub max: u32,
}
