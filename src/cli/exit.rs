//! What the program says to the shell when it ends.

use crate::outcome::{Bound, Outcome};
use crate::verdict::Verdict;
use std::cmp::Ordering;
use std::process::ExitCode;

/// Exit codes: an interface, never changed. Their order is by severity, not by
/// number: of several, the greatest wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything promised was kept, or the command did what it was asked.
    Pass = 0,
    /// Nothing was selected.
    NothingSelected = 4,
    /// The runs cannot say whether a promise is kept.
    Inconclusive = 97,
    /// A run stopped at a bound.
    Stopped = 75,
    /// Worse than a baseline; reserved for comparisons.
    Regression = 98,
    /// A promise was broken.
    Failed = 99,
    /// A run did not repeat.
    NotDeterministic = 3,
    /// An input or the command line is wrong, or a file cannot be read or written.
    BadInput = 2,
    /// A bug of this program.
    Internal = 70,
    /// The user interrupted.
    Interrupted = 130,
}

/// From the least to the most severe.
const BY_SEVERITY: [Exit; 10] = [
    Exit::Pass,
    Exit::NothingSelected,
    Exit::Inconclusive,
    Exit::Stopped,
    Exit::Regression,
    Exit::Failed,
    Exit::NotDeterministic,
    Exit::BadInput,
    Exit::Internal,
    Exit::Interrupted,
];

/// For `--help`, in the order of the numbers.
pub(super) const HELP: &str = "\
Exit codes:
    0  pass: every expectation was met, or there was nothing to complain of
    2  bad input or usage, or a file that cannot be read or written
    3  not deterministic: a run did not repeat
    4  nothing selected: no scenario among what was named
   70  internal error: a bug in shakedown
   75  stopped at a bound (events-max, in-system-max)
   97  inconclusive: the runs cannot say whether an expectation is met
   98  regression against a baseline (reserved)
   99  an expectation failed
  130  interrupted
Of several scenarios the most severe counts: 130, 70, 2, 3, 99, 98, 75, 97, 4, 0.";

impl Exit {
    /// What a run and its verdict amount to. A run that stopped at a bound
    /// counts as failed if it broke a promise before.
    #[must_use]
    pub fn of(outcome: &Outcome, verdict: Verdict) -> Self {
        let by_verdict = match verdict {
            Verdict::Pass => Self::Pass,
            Verdict::Inconclusive => Self::Inconclusive,
            Verdict::Fail => Self::Failed,
        };
        match outcome.truncated.as_ref().map(|truncation| truncation.bound) {
            Some(Bound::Interrupted) => Self::Interrupted,
            Some(Bound::EventsMax | Bound::InSystemMax) => by_verdict.max(Self::Stopped),
            None => by_verdict,
        }
    }
}

impl Exit {
    fn severity(self) -> Option<usize> {
        BY_SEVERITY.iter().position(|exit| *exit == self)
    }
}

impl Ord for Exit {
    fn cmp(&self, other: &Self) -> Ordering {
        self.severity().cmp(&other.severity())
    }
}

impl PartialOrd for Exit {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained_once_and_severity_is_as_explained() {
        let order: Vec<String> = BY_SEVERITY.iter().rev().map(|exit| (*exit as u8).to_string()).collect();
        assert!(HELP.ends_with(&format!("counts: {}.", order.join(", "))), "{order:?}");
        for exit in BY_SEVERITY {
            let line = format!("\n{:>5}  ", exit as u8);
            assert_eq!(HELP.matches(&line).count(), 1, "{exit:?}");
        }
        assert!(Exit::Stopped > Exit::Inconclusive && Exit::BadInput > Exit::Failed);
    }
}
