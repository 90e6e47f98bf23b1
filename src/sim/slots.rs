//! Which part of the run it is.

use crate::outcome::{Phase, Slot};
use crate::plan::{Plan, Schedule, When};
use crate::units::{SimSpan, SimTime};

/// A stretch between two instants at which the schedule changes.
#[derive(Clone, Copy, Debug)]
struct Segment {
    from: u64,
    to: u64,
    is_faulty: bool,
    is_first: bool,
    is_last: bool,
}

/// Keeps track of the present slot: the stretch of the schedule, whether a
/// recurring fault acts, and whether service was seen to hold again.
#[derive(Clone, Debug)]
pub(super) struct SlotClock {
    segments: Vec<Segment>,
    segment: usize,
    recurring: bool,
    recovered: bool,
    warm_up: u64,
    since: u64,
    /// `(segment, recurring, recovered)` of each slot, and its data; slot 0 is the warm-up.
    keys: Vec<(usize, bool, bool)>,
    pub(super) slots: Vec<Slot>,
    pub(super) current: usize,
}

impl SlotClock {
    pub(super) fn new(plan: &Plan, end: u64) -> Self {
        let segments = segments(plan, end);
        let mut clock = Self {
            segments,
            segment: 0,
            recurring: false,
            recovered: false,
            warm_up: plan.warm_up.0,
            since: 0,
            keys: Vec::new(),
            slots: Vec::new(),
            current: 0,
        };
        clock.enter(0);
        clock
    }

    /// Instants at which the schedule changes, in order.
    pub(super) fn boundaries(&self) -> Vec<u64> {
        self.segments.iter().skip(1).map(|segment| segment.from).collect()
    }

    /// Start of the last fault-free stretch, if faults act at known times and end.
    pub(super) fn last_fault_end(&self) -> Option<u64> {
        self.segments.last().filter(|last| last.is_last && !last.is_first).map(|_| {
            let faulty = self.segments.iter().rev().find(|segment| segment.is_faulty);
            faulty.map_or(0, |segment| segment.to)
        })
    }

    /// Start of the first stretch in which a fault acts; the end of the run when there is none.
    pub(super) fn first_fault(&self) -> u64 {
        self.segments.iter().find(|segment| !segment.is_first).map_or(u64::MAX, |segment| segment.from)
    }

    /// The schedule moved on; `true` if the slot is new.
    pub(super) fn at_boundary(&mut self, now: u64) -> bool {
        while self.segments.get(self.segment + 1).is_some_and(|next| next.from <= now) {
            self.segment += 1;
        }
        self.enter(now)
    }

    pub(super) fn set_recurring(&mut self, now: u64, acts: bool) -> bool {
        self.recurring = acts;
        self.enter(now)
    }

    pub(super) fn set_recovered(&mut self, now: u64, recovered: bool) -> bool {
        self.recovered = recovered;
        self.enter(now)
    }

    /// Closes the books on the present slot's time.
    pub(super) fn settle(&mut self, now: u64) {
        self.slots[self.current].time.0 += now - self.since;
        self.since = now;
    }

    /// Part of the run relative to faults, of a slot after the warm-up.
    #[inline]
    pub(super) fn counted_phase(&self, slot: usize) -> Option<Phase> {
        let slot = &self.slots[slot];
        (slot.from.0 >= self.warm_up).then_some(slot.phase)
    }

    fn enter(&mut self, now: u64) -> bool {
        if !self.slots.is_empty() {
            self.settle(now);
        }
        let key = (self.segment, self.recurring, self.recovered);
        if let Some(known) = self.keys.iter().position(|k| *k == key) {
            self.current = known;
            return false;
        }
        let segment = self.segments[self.segment];
        let phase = match segment {
            _ if segment.is_faulty || self.recurring => Phase::During,
            Segment { is_first: true, .. } => Phase::Before,
            Segment { is_last: true, .. } => Phase::After,
            _ => Phase::Between,
        };
        self.keys.push(key);
        self.slots.push(Slot {
            from: SimTime(segment.from),
            to: SimTime(segment.to),
            time: SimSpan::ZERO,
            phase,
            recovered: self.recovered,
        });
        self.current = self.slots.len() - 1;
        true
    }

    /// Whether a slot belongs to the warm-up.
    pub(super) fn is_warm_up(&self, slot: usize) -> bool {
        self.slots[slot].from.0 < self.warm_up
    }
}

/// Cuts the run at the warm-up's end, wherever a fault begins or ends, and at
/// the instants that expectations name.
fn segments(plan: &Plan, end: u64) -> Vec<Segment> {
    let spans: Vec<(u64, u64)> = plan.faults.iter().map(|fault| fault_span(&fault.schedule, end)).collect();
    let once: Vec<(u64, u64)> = plan
        .faults
        .iter()
        .zip(&spans)
        .filter(|(fault, _)| matches!(fault.schedule, Schedule::Once { .. }))
        .map(|(_, span)| *span)
        .collect();
    let mut cuts = vec![0, plan.warm_up.0];
    cuts.extend(spans.iter().flat_map(|(from, to)| [*from, *to]));
    for expectation in &plan.expectations {
        if let When::Between(from, to) = expectation.when {
            cuts.extend([from.0, to.0]);
        }
    }
    cuts.retain(|cut| *cut < end);
    cuts.sort_unstable();
    cuts.dedup();
    let first_fault = spans.iter().map(|span| span.0).min().unwrap_or(u64::MAX);
    let last_fault = spans.iter().map(|span| span.1).max().unwrap_or(u64::MAX);
    let ends = cuts.iter().skip(1).copied().chain([end]);
    cuts.iter()
        .zip(ends)
        .map(|(from, to)| Segment {
            from: *from,
            to,
            is_faulty: once.iter().any(|(start, stop)| start <= from && from < stop),
            is_first: *from < first_fault,
            is_last: *from >= last_fault,
        })
        .collect()
}

/// From the first to the last instant at which a fault may act.
pub(super) fn fault_span(schedule: &Schedule, end: u64) -> (u64, u64) {
    match schedule {
        Schedule::Once { at, length, .. } => {
            (at.0, length.map_or(end, |length| at.0.saturating_add(length.0)).min(end))
        }
        Schedule::Recurring { at, until, .. } => (at.0, until.map_or(end, |until| until.0).min(end)),
    }
}
