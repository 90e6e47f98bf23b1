//! What reached its limit first, and whether service came back.

use crate::units::{SimSpan, SimTime};
use serde::{Deserialize, Serialize};

/// Something that reached its limit and stayed there for at least two windows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saturation {
    /// What.
    pub kind: SaturationKind,
    /// Whose: a component's name, or `caller -> target`.
    pub who: String,
    /// Start of the first window of the first such stretch.
    pub from: SimTime,
}

/// What can reach its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SaturationKind {
    /// Threads: nearly all are held.
    Threads,
    /// Cores: nearly all compute.
    Cores,
    /// An allowance or a limit on requests inside: a tenth of all requests or more are turned away.
    Admission,
    /// Connections that a component accepts: all are open.
    Connections,
    /// A caller's pool: all connections are in use, and somebody waits.
    Pool,
    /// A caller's bulkhead: all places are taken, and somebody waits.
    Bulkhead,
}

/// Whether service came back after the last trigger (a fault or a spike that ends) had ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// When the last trigger ended.
    pub trigger_end: SimTime,
    /// From then until service held again, 0 when it held at once; `None` if it never did.
    pub time: Option<SimSpan>,
    /// Since when users had been hurt without a break when the first fault began, if they never were
    /// well again: then the run does not say whether service comes back from a fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hurt_before: Option<SimTime>,
    /// What was tried to find out why it did not, if anything was: the run repeated with a loop taken
    /// away when the trigger ended.
    pub trials: Vec<Trial>,
}

/// One repetition of a run that did not recover.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// What was taken away, as readers call it; several only when none was enough alone.
    pub removed: Vec<String>,
    /// From the trigger's end until service held again; `None` if it never did.
    pub time: Option<SimSpan>,
}

impl Recovery {
    /// The loops whose removal alone brought service back: what kept the overload going.
    #[must_use]
    pub fn sustained_by(&self) -> Vec<&str> {
        let restores = |trial: &&Trial| trial.time.is_some() && trial.removed.len() == 1;
        self.trials.iter().filter(restores).map(|trial| trial.removed[0].as_str()).collect()
    }
}
