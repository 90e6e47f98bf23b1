//! Taking away what may keep an overload going, to see whether it does.

use super::control::Control;
use super::engine::Engine;
use super::frame::State;

use crate::kernel::Phase;
use crate::plan::ErrorClass;
use crate::units::SimTime;
use serde::{Deserialize, Serialize};

/// Something that can keep an overload going after its trigger has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loop {
    /// Failed calls are tried again, and messages that failed are handed out again.
    Retries,
    /// Slow calls are made twice.
    Hedges,
    /// Look-ups miss and load what is behind the cache.
    CacheMisses,
    /// Requests queued during the trigger are still waiting.
    Backlog,
    /// Requests are served although their callers have stopped waiting.
    AbandonedWork,
    /// Replicas are taken out for their health, and the others get their share.
    HealthChecks,
    /// The number of replicas follows what it caused itself.
    Autoscaler,
}

impl Loop {
    /// Every loop.
    pub const ALL: [Self; 7] = [
        Self::Retries,
        Self::Hedges,
        Self::CacheMisses,
        Self::Backlog,
        Self::AbandonedWork,
        Self::HealthChecks,
        Self::Autoscaler,
    ];

    /// As readers call it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Retries => "retries",
            Self::Hedges => "hedged requests",
            Self::CacheMisses => "cache misses",
            Self::Backlog => "the backlog in the queues",
            Self::AbandonedWork => "work for callers who have stopped waiting",
            Self::HealthChecks => "replicas taken out for their health",
            Self::Autoscaler => "the autoscaler",
        }
    }
}

/// Loops taken away from some instant on: no call is retried or hedged, every look-up is a hit, every
/// queue is emptied once, work for callers who left is dropped when its turn comes, no replica is taken
/// out for its health, no autoscaler changes its mind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ablation {
    /// Which.
    pub loops: Vec<Loop>,
    /// From when.
    pub from: SimTime,
}

impl Engine<'_> {
    /// Schedules an ablation.
    pub(super) fn schedule_ablation(&mut self, ablation: &Ablation) {
        self.ablation.clone_from(&ablation.loops);
        self.schedule_control(ablation.from.0, Phase::Fault, Control::Ablate);
    }

    /// Takes the chosen loops away.
    pub(super) fn ablate(&mut self) {
        self.ablated = self.ablation.iter().fold(0, |set, one| set | 1 << *one as u32);
        if self.is_ablated(Loop::AbandonedWork) {
            for station in &mut self.stations {
                station.drops_expired = true;
                station.hands_over = false;
            }
        }
        if self.is_ablated(Loop::HealthChecks) {
            (0..self.t.comps.len()).for_each(|comp| self.refresh_rotation(comp));
        }
        if self.is_ablated(Loop::Backlog) {
            self.drop_backlogs();
            let queued: Vec<u32> =
                (0..self.frames.len()).filter(|f| self.frames[*f].state == State::Queued).collect();
            for f in queued {
                // One may have gone because of another.
                if self.frames[f].state == State::Queued {
                    self.throw_out(f, ErrorClass::Shed);
                }
            }
        }
    }

    /// Whether a loop was taken away.
    #[inline]
    pub(super) fn is_ablated(&self, one: Loop) -> bool {
        self.ablated & 1 << one as u32 != 0
    }
}
