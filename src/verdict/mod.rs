//! Whether an outcome keeps its promises.
//!
//! Reads outcomes and the plan's expectations only. One outcome is judged by
//! its measured values; several, one per replication, by the Student t
//! interval of the mean over them. "Inconclusive" is a verdict of its own: it
//! says that the run cannot tell, and why.

mod caches;
mod calls;
mod components;
#[cfg(test)]
pub(crate) mod fixture;
mod judge;
mod measure;
mod messages;
mod models;
mod names;
mod replicas;
mod sessions;
#[cfg(test)]
mod tests;
mod users;

pub use judge::{CONFIDENCE, judge, worst};
pub use measure::measure;

use crate::plan::Comparison;
use serde::{Deserialize, Serialize};

/// Whether a promise was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Kept.
    Pass,
    /// The run cannot say: too few requests, or the interval over replications straddles the target.
    Inconclusive,
    /// Broken.
    Fail,
}

impl Verdict {
    /// The word for it in files and tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
        }
    }
}

/// What became of one expectation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The expectation as written.
    pub text: String,
    /// Where it was written, `file:line`.
    pub location: String,
    /// Whether it was kept.
    pub verdict: Verdict,
    /// What was measured, in the unit of the target: seconds, shares, per second or plain numbers.
    pub measured: Option<f64>,
    /// Half-width of the 95 % interval over replications, if there were several.
    pub half_width: Option<f64>,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub target: f64,
    /// The unit for printing.
    pub unit: Unit,
    /// Why it is inconclusive or how far off it is, for readers.
    pub reason: Option<String>,
}

/// Unit of a measured value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// A share, printed in per cent.
    Share,
    /// Per second.
    PerSecond,
    /// A plain number.
    Number,
}
