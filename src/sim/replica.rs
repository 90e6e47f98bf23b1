//! One copy of a component.

use super::concurrency::LimitState;
use super::share::SharedCores;
use super::trouble::Trouble;
use std::collections::VecDeque;

/// One copy of a component.
#[derive(Clone, Debug)]
pub(super) struct Replica {
    pub(super) comp: u32,
    /// Threads or cores usable now.
    pub(super) units: u32,
    /// Threads or cores in use.
    pub(super) busy: u32,
    /// Requests inside.
    pub(super) inside: u32,
    /// Living entries of `lines`.
    pub(super) waiting: u32,
    /// `(frame, ticket)`: one line, or one per priority.
    pub(super) lines: Vec<VecDeque<(u32, u32)>>,
    /// Frames that may be interrupted by more urgent ones.
    pub(super) running: Vec<u32>,
    pub(super) cores: Option<Box<SharedCores>>,
    /// Present pace of all work.
    pub(super) speed: f64,
    /// Share of the nominal pace that a slow start allows.
    pub(super) pace: f64,
    /// Every computation has a core of its own at nominal pace.
    pub(super) is_steady: bool,
    /// What faults do to it; `None` when nothing.
    pub(super) trouble: Option<Box<Trouble>>,
    /// When its queue last became longer than nothing.
    pub(super) queued_since: u64,
    /// How many it lets inside; `None` when that is unlimited.
    pub(super) limit: Option<Box<LimitState>>,
}

impl Replica {
    /// Sequence number of the pending completion on shared cores, or 0.
    #[inline]
    pub(super) fn pending(&self) -> u64 {
        self.cores.as_ref().map_or(0, |cores| cores.pending)
    }

    /// Nanoseconds by which its clock is ahead.
    pub(super) fn clock_offset(&self) -> i64 {
        self.trouble.as_ref().map_or(0, |trouble| trouble.clock_offset())
    }

    /// Whether it takes part in anything: it is up, not paused, and takes new work.
    pub(super) fn is_at_work(&self) -> bool {
        self.trouble.as_ref().is_none_or(|trouble| trouble.lets_work())
    }

    /// Whether whoever asks it gets what was asked for: it is at work, and does not answer with errors either.
    pub(super) fn gives_answers(&self) -> bool {
        self.trouble.as_ref().is_none_or(|trouble| trouble.lets_work() && trouble.outages.is_empty())
    }

    /// Whether no fault keeps it from serving.
    pub(super) fn is_up(&self) -> bool {
        self.trouble.as_ref().is_none_or(|trouble| trouble.down == 0)
    }

    /// Whether a new replica in this slot would serve.
    pub(super) fn has_no_reason_to_be_down(&self) -> bool {
        self.trouble.as_ref().is_none_or(|trouble| trouble.down == 0 && trouble.draining.is_empty())
    }
}
