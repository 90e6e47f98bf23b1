//! Pending events in a total order.
//!
//! The order is (time, phase, sequence) and is the contract: nothing else
//! decides what happens first. Events whose delay is one of a few constants
//! (timeouts, fixed latencies) arrive already sorted; each such delay has a
//! *lane*, a plain first-in-first-out ring of which only the head competes for
//! "next". Lanes change the cost, never the order: entries keep their full
//! keys, and an event that would break a lane's order goes to the heap.

use super::calendar::Calendar;
use super::heap::{Ceiling, Heap};
use crate::units::SimTime;
use std::collections::VecDeque;

/// What kind of event goes first at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Phase {
    /// A fault begins, changes or ends.
    Fault,
    /// Work is done.
    Done,
    /// A message arrives.
    Deliver,
    /// Somebody stops waiting.
    Timer,
    /// Load arrives.
    Arrive,
    /// A measurement is taken.
    Probe,
}

const PHASE_BITS: u32 = 3;
const INDEX_BITS: u32 = 24;
const TAG_BITS: u32 = 3;

/// Largest index an event can carry.
pub const INDEX_MAX: u32 = (1 << INDEX_BITS) - 1;
/// Largest sequence number: 137 thousand million events.
pub const SEQUENCE_MAX: u64 = (1 << (64 - INDEX_BITS - TAG_BITS)) - 1;

/// One pending event: 16 bytes, ordered by time, phase and sequence.
///
/// Time and phase in the upper half, sequence, tag and index in the lower: one
/// integer comparison is the whole order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry(u128);

impl Entry {
    /// Before every other.
    const FLOOR: Self = Self(0);

    /// When it happens.
    #[inline]
    #[must_use]
    pub fn at(self) -> SimTime {
        SimTime(self.when() >> PHASE_BITS)
    }

    /// Time and phase in one number, for the digest.
    #[inline]
    #[must_use]
    pub fn when(self) -> u64 {
        (self.0 >> 64) as u64
    }

    /// Sequence, tag and index in one number: unique within a run and never 0.
    #[inline]
    #[must_use]
    pub fn id(self) -> u64 {
        self.0 as u64
    }

    /// Its phase, as a number.
    #[inline]
    #[must_use]
    pub fn phase(self) -> u8 {
        (self.when() & ((1 << PHASE_BITS) - 1)) as u8
    }

    /// Its sequence number, unique within a run and never 0.
    #[inline]
    #[must_use]
    pub fn sequence(self) -> u64 {
        self.id() >> (INDEX_BITS + TAG_BITS)
    }

    /// What the owner attached, 0..8.
    #[inline]
    #[must_use]
    pub fn tag(self) -> u8 {
        ((self.id() >> INDEX_BITS) & ((1 << TAG_BITS) - 1)) as u8
    }

    /// What the owner attached, up to [`INDEX_MAX`].
    #[inline]
    #[must_use]
    pub fn index(self) -> u32 {
        (self.id() & u64::from(INDEX_MAX)) as u32
    }
}

impl Ceiling for Entry {
    const CEILING: Self = Self(u128::MAX);
}

/// The head of a lane, ordered by its entry.
#[derive(Clone, Copy, Debug)]
struct Head {
    entry: Entry,
    lane: u32,
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.entry == other.entry
    }
}

impl Eq for Head {}

impl PartialOrd for Head {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }

    #[inline]
    fn lt(&self, other: &Self) -> bool {
        self.entry < other.entry
    }
}

impl Ord for Head {
    #[inline]
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.entry.cmp(&other.entry)
    }
}

impl Ceiling for Head {
    const CEILING: Self = Self { entry: Entry::CEILING, lane: NO_LANE };
}

/// The lane of an entry without one.
const NO_LANE: u32 = u32::MAX;

/// Names a lane of one [`EventQueue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane(u32);

#[derive(Clone, Debug)]
struct Ring {
    delay: u64,
    entries: VecDeque<Entry>,
    /// The latest ever put in. Only later ones go here; none where lanes are not used.
    last: Entry,
    compact_at: usize,
}

/// Pending events.
#[derive(Clone, Debug)]
pub struct EventQueue {
    others: Calendar,
    rings: Vec<Ring>,
    /// Heads of the non-empty rings, each with its ring's index, and the next of each stream.
    heads: Heap<Head>,
    sequence: u64,
    compact_at: usize,
    use_lanes: bool,
}

/// Rings and heaps shorter than this are never cleaned of dead entries.
const COMPACT_MIN: usize = 4096;

impl EventQueue {
    /// An empty queue; without lanes everything goes through the heap.
    #[must_use]
    pub fn new(use_lanes: bool) -> Self {
        Self {
            others: Calendar::new(),
            rings: Vec::new(),
            heads: Heap::new(),
            sequence: 0,
            compact_at: COMPACT_MIN,
            use_lanes,
        }
    }

    /// The lane of a constant delay in nanoseconds; asking twice gives the same lane.
    pub fn lane(&mut self, delay: u64) -> Lane {
        let found = self.rings.iter().position(|ring| ring.delay == delay);
        let index = found.unwrap_or_else(|| {
            let last = if self.use_lanes { Entry::FLOOR } else { Entry::CEILING };
            self.rings.push(Ring { delay, entries: VecDeque::new(), last, compact_at: COMPACT_MIN });
            self.rings.len() - 1
        });
        Lane(index as u32)
    }

    /// Sequence numbers used so far.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    #[inline]
    fn entry(&mut self, at: SimTime, phase: Phase, tag: u8, index: u32) -> Entry {
        self.sequence += 1;
        debug_assert!(index <= INDEX_MAX && u32::from(tag) < (1 << TAG_BITS));
        let when = at.0 << PHASE_BITS | u64::from(phase as u8);
        let what = self.sequence << (INDEX_BITS + TAG_BITS) | u64::from(tag) << INDEX_BITS | u64::from(index);
        Entry(u128::from(when) << 64 | u128::from(what))
    }

    /// Adds an event and returns its [`Entry::id`].
    #[inline]
    pub fn push(&mut self, at: SimTime, phase: Phase, tag: u8, index: u32) -> u64 {
        let entry = self.entry(at, phase, tag, index);
        self.others.push(entry);
        entry.id()
    }

    /// Adds the next event of a stream that never has two pending, such as arrivals. Streams are few: theirs compete
    /// with the heads of lanes and do not make the heap deeper.
    #[inline]
    pub fn push_next(&mut self, at: SimTime, phase: Phase, tag: u8, index: u32) {
        let entry = self.entry(at, phase, tag, index);
        if self.use_lanes {
            self.heads.push(Head { entry, lane: NO_LANE });
        } else {
            self.others.push(entry);
        }
    }

    /// Adds an event that happens the lane's delay from now, and returns its [`Entry::id`].
    #[inline]
    pub fn push_lane(&mut self, lane: Lane, at: SimTime, phase: Phase, tag: u8, index: u32) -> u64 {
        let entry = self.entry(at, phase, tag, index);
        let ring = &mut self.rings[lane.0 as usize];
        if entry > ring.last && !ring.entries.is_empty() {
            ring.last = entry;
            ring.entries.push_back(entry);
        } else {
            self.push_elsewhere(lane, entry);
        }
        entry.id()
    }

    /// Puts an entry where it is the first of its lane, or into the heap if it would break the lane's order.
    #[inline(never)]
    fn push_elsewhere(&mut self, lane: Lane, entry: Entry) {
        let ring = &mut self.rings[lane.0 as usize];
        if entry > ring.last {
            ring.last = entry;
            ring.entries.push_back(entry);
            self.heads.push(Head { entry, lane: lane.0 });
        } else {
            self.others.push(entry);
        }
    }

    /// Takes the next event. Dead entries behind the head of a lane are dropped on the way;
    /// others are returned, and the caller skips them.
    #[inline]
    pub fn pop(&mut self, mut is_live: impl FnMut(Entry) -> bool) -> Option<Entry> {
        let entry = self.others.first();
        let head = self.heads.first();
        if entry < head.entry {
            self.others.pop_peeked();
            return Some(entry);
        }
        let Some(ring) = self.rings.get_mut(head.lane as usize) else {
            if head.entry == Entry::CEILING {
                return None;
            }
            self.heads.pop_peeked();
            return Some(head.entry);
        };
        let entries = &mut ring.entries;
        entries.pop_front();
        while entries.front().is_some_and(|next| !is_live(*next)) {
            entries.pop_front();
        }
        match entries.front() {
            Some(next) => self.heads.replace_peeked(Head { entry: *next, lane: head.lane }),
            None => self.heads.pop_peeked(),
        }
        Some(head.entry)
    }

    /// When the next entry, dead or alive, is due.
    #[must_use]
    pub fn next_at(&mut self) -> Option<SimTime> {
        let other = Some(self.others.first()).filter(|entry| *entry != Entry::CEILING).map(Entry::at);
        let lane = self.heads.peek().map(|head| head.entry.at());
        match (other, lane) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Drops dead entries wherever they outnumber the living, so that cancelled
    /// timers of half an hour do not pile up. Cheap to call often.
    pub fn compact(&mut self, mut is_live: impl FnMut(Entry) -> bool) {
        for ring in &mut self.rings {
            if ring.entries.len() >= ring.compact_at {
                // The head stays: it is already in `heads`.
                let head = ring.entries.front().copied();
                ring.entries.retain(|entry| Some(*entry) == head || is_live(*entry));
                ring.compact_at = COMPACT_MIN.max(2 * ring.entries.len());
            }
        }
        if self.others.len() >= self.compact_at {
            self.others.retain(|entry| is_live(*entry));
            self.compact_at = COMPACT_MIN.max(2 * self.others.len());
        }
    }

    /// Entries held, dead ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        let behind_heads = |ring: &Ring| ring.entries.len().saturating_sub(1);
        self.others.len() + self.heads.len() + self.rings.iter().map(behind_heads).sum::<usize>()
    }

    #[cfg(test)]
    pub(super) fn others(&mut self) -> &mut Calendar {
        &mut self.others
    }

    /// Whether nothing is pending.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn same_instant_events_fire_in_phase_then_insertion_order() {
        let mut queue = EventQueue::new(true);
        let at = SimTime(5);
        queue.push(at, Phase::Timer, 0, 3);
        queue.push(at, Phase::Done, 0, 1);
        queue.push(at, Phase::Done, 0, 2);
        queue.push(at, Phase::Fault, 0, 0);
        queue.push(SimTime(4), Phase::Probe, 0, 9);
        let order: Vec<u32> = std::iter::from_fn(|| queue.pop(|_| true)).map(Entry::index).collect();
        assert_eq!(order, [9, 0, 1, 2, 3]);
    }

    #[test]
    fn an_entry_carries_what_was_put_in() {
        let mut queue = EventQueue::new(true);
        let id = queue.push(crate::units::TIME_MAX, Phase::Probe, 7, INDEX_MAX);
        let entry = queue.pop(|_| true).unwrap();
        assert_eq!((entry.at(), entry.phase()), (crate::units::TIME_MAX, Phase::Probe as u8));
        assert_eq!((entry.tag(), entry.index(), entry.sequence(), entry.id()), (7, INDEX_MAX, 1, id));
    }

    #[derive(Clone, Debug)]
    enum Act {
        Push(u64),
        PushLane(usize),
        PushNext(u64),
        Pop,
        Compact,
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            (0u64..50).prop_map(Act::Push),
            (0u64..50_000_000).prop_map(Act::Push),
            (0u64..1 << 50).prop_map(Act::Push),
            (0usize..3).prop_map(Act::PushLane),
            (0u64..50).prop_map(Act::PushNext),
            Just(Act::Pop),
            Just(Act::Pop),
            Just(Act::Compact),
        ]
    }

    proptest! {
        /// Heap, lanes, holes and compaction together behave like a sorted list.
        #[test]
        fn pops_follow_a_sorted_reference(acts in prop::collection::vec(act(), 0..400), use_lanes: bool) {
            let mut queue = EventQueue::new(use_lanes);
            queue.compact_at = 4;
            let lanes: Vec<(Lane, u64)> = [3, 10, 0].map(|delay| (queue.lane(delay), delay)).to_vec();
            let is_dead = |sequence: u64| sequence.is_multiple_of(3);
            let mut reference = std::collections::BTreeSet::new();
            let mut now = 0;
            for act in acts {
                match act {
                    Act::Push(delay) => {
                        queue.push(SimTime(now + delay), Phase::Done, 0, 0);
                        reference.insert((now + delay, queue.sequence()));
                    }
                    Act::PushLane(lane) => {
                        let (lane, delay) = lanes[lane];
                        queue.push_lane(lane, SimTime(now + delay), Phase::Done, 0, 0);
                        reference.insert((now + delay, queue.sequence()));
                    }
                    Act::PushNext(delay) => {
                        queue.push_next(SimTime(now + delay), Phase::Done, 0, 0);
                        reference.insert((now + delay, queue.sequence()));
                    }
                    Act::Compact => queue.compact(|entry| !is_dead(entry.sequence())),
                    Act::Pop => {
                        reference.retain(|(_, sequence)| !is_dead(*sequence));
                        let expected = reference.pop_first();
                        let live = std::iter::from_fn(|| queue.pop(|e| !is_dead(e.sequence())))
                            .find(|entry| !is_dead(entry.sequence()));
                        prop_assert_eq!(live.map(|e| (e.at().0, e.sequence())), expected);
                        now = live.map_or(now, |entry| entry.at().0);
                    }
                }
            }
        }
    }
}
