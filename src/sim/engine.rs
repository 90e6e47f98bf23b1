//! The event loop and its state.

use super::arrivals::{Generator, User};
use super::attributes::AttributeRows;
use super::blame::Logs;
use super::cache::CacheMemory;
use super::control::Controls;
use super::faults::{FaultEvent, FaultState};
use super::firewall::WallState;
use super::fleet::Fleet;
use super::flights::{Flight, FlightKey};
use super::frame::{Frames, State};
use super::gate::CredentialRule;
use super::guard::Guards;
use super::keys::KeyFaults;
use super::limits::{BucketState, BudgetState, PoolState};
use super::messaging::Messaging;
use super::names::NameState;
use super::net::Network;
use super::ready::Ready;
use super::record::{Records, Snapshot};
use super::replica::Replica;
use super::saturation::Watch;
use super::sessions::Sessions;
use super::shards::Rings;
use super::slots::SlotClock;
use super::station::Station;
use super::tables::{NONE, Tables};
use super::tokens::TokenTimes;
use super::versions::Versions;
use super::watch::LevelWatch;
use super::windows::WindowClock;
use super::write_behind::Buffer;
use super::{Flow, Options, Progress, TracedEvent};
use crate::kernel::{Digest, Entry, EventQueue, INDEX_MAX, Phase, SEQUENCE_MAX};
use crate::outcome::{Bound, EdgeSlot, FaultSpan, Truncation};
use crate::plan::Plan;
use crate::stats::Histogram;
use crate::units::SimTime;
use std::collections::BTreeMap;

/// What an event's index refers to.
pub(super) mod tag {
    /// A frame's main event.
    pub(crate) const MAIN: u8 = 0;
    /// The timeout of a frame's call.
    pub(crate) const CALL_TIMER: u8 = 1;
    /// A replica's shared cores.
    pub(crate) const CORES: u8 = 2;
    /// Something that happens on its own: see [`crate::sim::control`].
    pub(crate) const CONTROL: u8 = 3;
    /// A fault or a probe.
    pub(crate) const OTHER: u8 = 4;
    /// Load arrives.
    pub(crate) const ARRIVAL: u8 = 5;
}

/// Handovers in one go before other ready frames get their turn: a chain
/// without end must be noticed.
pub(super) const CHAIN_MAX: u32 = 10_000;
/// Chains of handovers allowed at one instant before a run counts as endless:
/// with `CHAIN_MAX` handovers each, ten million.
const CHAINS_MAX: u32 = 1_000;
/// Events between two clean-ups of the queue.
const COMPACT_EVERY: u64 = 16_384;

/// The state of one run.
pub(super) struct Engine<'p> {
    pub(super) plan: &'p Plan,
    pub(super) t: Tables,
    pub(super) seed: u64,
    pub(super) now: u64,
    pub(super) end: u64,
    pub(super) queue: EventQueue,
    pub(super) frames: Frames,
    /// Frames that can go on now, in order.
    pub(super) ready: Ready,
    pub(super) logs: Logs,
    pub(super) digest: Digest,
    pub(super) replicas: Vec<Replica>,
    pub(super) stations: Vec<Station>,
    /// Times inside by operation, in the present slot.
    pub(super) sojourns: Vec<Histogram>,
    /// Calls by policy, in the present slot.
    pub(super) edges: Vec<EdgeSlot>,
    /// Units metered by operation and meter, in the present slot.
    pub(super) usage: Vec<f64>,
    /// What requests carry, by frame.
    pub(super) attributes: AttributeRows,
    pub(super) records: Records,
    pub(super) slots: SlotClock,
    pub(super) slot_marks: Vec<Snapshot>,
    pub(super) windows: WindowClock,
    pub(super) saturation: Watch,
    pub(super) pools: Vec<PoolState>,
    pub(super) budgets: Vec<BudgetState>,
    pub(super) guards: Guards,
    /// Loops to be taken away, and those that were, as bits.
    pub(super) ablation: Vec<super::Loop>,
    pub(super) ablated: u32,
    pub(super) buckets: Vec<BucketState>,
    /// Allowances of single keys, by bucket and key.
    pub(super) keyed_buckets: BTreeMap<(u32, u64), BucketState>,
    pub(super) walls: Vec<WallState>,
    pub(super) credentials: Vec<CredentialRule>,
    /// Faults that cut connections now.
    pub(super) blocks: Vec<u32>,
    pub(super) tokens: TokenTimes,
    pub(super) caches: Vec<CacheMemory>,
    /// What written-behind caches have not written yet.
    pub(super) buffers: Vec<Buffer>,
    pub(super) rings: Rings,
    pub(super) versions: Versions,
    pub(super) key_faults: KeyFaults,
    /// Connections open to each component.
    pub(super) connections: Vec<u32>,
    /// Connections each component accepts, after faults.
    pub(super) connections_max: Vec<u32>,
    /// Unanswered requests by policy and target replica.
    pub(super) outstanding: Vec<u32>,
    /// Next replica in turn, by policy.
    pub(super) turns: Vec<u32>,
    pub(super) flights: BTreeMap<FlightKey, Flight>,
    pub(super) joins: BTreeMap<u32, Vec<(u32, u32)>>,
    pub(super) controls: Controls,
    pub(super) fleet: Fleet,
    pub(super) names: Vec<NameState>,
    pub(super) messaging: Messaging,
    pub(super) sessions: Sessions,
    pub(super) network: Network,
    pub(super) faults: Vec<FaultState>,
    /// Present strength of each fault that takes a share of pools or connections.
    pub(super) strengths: Vec<Option<f64>>,
    pub(super) fault_events: Vec<FaultEvent>,
    /// Places in `fault_events` whose event has happened: recurring faults use them again.
    pub(super) fault_events_free: Vec<u32>,
    /// Recurring faults acting now, over all targets.
    pub(super) recurring: u32,
    pub(super) fault_spans: Vec<FaultSpan>,
    pub(super) generators: Vec<Generator>,
    pub(super) users: Vec<User>,
    /// Closed users who are thinking: their frames are no requests in progress.
    pub(super) thinking: usize,
    /// Handovers left before the others that are ready get their turn.
    pub(super) chain_left: u32,
    /// Long chains of handovers at this instant.
    pub(super) chains: u32,
    pub(super) truncated: Option<Truncation>,
    /// Whether every event is looked at: it is traced, or levels are watched.
    pub(super) is_observed: bool,
    pub(super) watch: LevelWatch,
    pub(super) record: Option<std::ops::Range<u64>>,
    pub(super) recorded: Vec<TracedEvent>,
}

impl Engine<'_> {
    /// Runs to the end, or to a bound, or until `watch` says stop.
    pub(super) fn run(&mut self, options: &Options, watch: &mut dyn FnMut(Progress) -> Flow) {
        let events_max = options.events_max.unwrap_or(self.plan.events_max);
        loop {
            let Self { queue, frames, replicas, .. } = self;
            let Some(entry) = queue.pop(|entry| is_live(frames, replicas, entry)) else { break };
            if entry.at().0 > self.end {
                break;
            }
            let next = self.dispatch(entry, watch);
            self.settle(next);
            if self.digest.count() >= self.frames.check_at {
                self.check_bounds(events_max);
                if self.truncated.is_some() {
                    break;
                }
            }
        }
        if self.truncated.is_none() {
            self.now = self.end;
        }
    }

    /// Lets one event happen, unless it is dead; returns the frame that goes on because of it.
    #[inline(always)]
    fn dispatch(&mut self, entry: Entry, watch: &mut dyn FnMut(Progress) -> Flow) -> u32 {
        if entry.tag() == tag::ARRIVAL {
            self.note_event(entry, Phase::Arrive as u64, watch);
            return self.arrival_event(entry.index());
        }
        if entry.tag() != tag::MAIN {
            return self.dispatch_other(entry, watch);
        }
        let f = entry.index();
        let frame = &mut self.frames[f];
        if frame.main != entry.id() {
            return NONE;
        }
        frame.main = 0;
        let (state, key, log, comp) = (frame.state, frame.key, frame.log, frame.comp);
        if state == State::Computing {
            frame.state = State::Running;
            frame.pc += 1;
            self.note_event(entry, key, watch);
            return self.computed(f, log, comp);
        }
        self.note_event(entry, key, watch);
        self.main_event(f, state)
    }

    /// Moves the clock and takes a living event into the digest.
    #[inline(always)]
    fn note_event(&mut self, entry: Entry, identity: u64, watch: &mut dyn FnMut(Progress) -> Flow) {
        self.now = entry.at().0;
        if self.digest.fold(entry.when(), identity) {
            self.at_checkpoint(watch);
        }
        if self.is_observed {
            self.observe(entry, identity);
        }
    }

    #[inline(never)]
    fn dispatch_other(&mut self, entry: Entry, watch: &mut dyn FnMut(Progress) -> Flow) -> u32 {
        if !is_live(&self.frames, &self.replicas, entry) {
            return NONE;
        }
        let index = entry.index();
        self.note_event(entry, self.identity(entry), watch);
        let mut next = NONE;
        match entry.tag() {
            tag::CALL_TIMER => {
                self.frames[index].timer = 0;
                next = self.call_timed_out(index);
            }
            tag::CORES => self.cores_event(index),
            tag::CONTROL => next = self.control_event(index),
            _ if entry.phase() == Phase::Fault as u8 => self.fault_event(index),
            _ => self.close_window(),
        }
        next
    }

    /// Who an event other than a frame's main one concerns, by name and address and never by index.
    fn identity(&self, entry: Entry) -> u64 {
        let index = entry.index();
        match entry.tag() {
            tag::CALL_TIMER => self.frames[index].key ^ 1,
            tag::CORES => self.t.comps[self.replicas[index as usize].comp as usize].salt,
            tag::CONTROL => self.control_identity(index),
            _ => u64::from(entry.phase()),
        }
    }

    /// Runs a frame and everything it sets going until nothing more can happen at this instant.
    #[inline(never)]
    pub(super) fn settle(&mut self, first: u32) {
        let mut next = first;
        loop {
            if next != NONE {
                self.run_frame(next);
            }
            next = self.ready.pop_front();
            if next == NONE {
                break;
            }
            // A fan-out without end takes no time, so nothing else would notice it.
            if self.frames.check_at == 0 {
                self.check_in_system();
                if self.truncated.is_some() {
                    break;
                }
            }
        }
        self.chains = 0;
    }

    /// A chain that goes on and on is put back in line, and ends the run when it goes on for ever.
    #[cold]
    pub(super) fn pause_or_stop(&mut self, f: u32) {
        self.chains += 1;
        if self.chains > CHAINS_MAX {
            self.truncate(Bound::EventsMax, u64::from(CHAINS_MAX) * u64::from(CHAIN_MAX));
        } else {
            self.ready.push_back(f);
        }
    }

    /// What a frame's main event means, other than the end of a computation, follows from what it was waiting for.
    #[inline]
    fn main_event(&mut self, f: u32, state: State) -> u32 {
        match state {
            State::Travelling => self.reached(f),
            State::Returning => self.returned(f),
            State::Waiting => self.waited(f),
            State::Held => self.released_by_allowance(f),
            State::Inspected => self.inspected(f),
            State::Delayed => self.released_by_fault(f),
            State::Queued => self.renege(f),
            State::PoolQueued => self.pool_timed_out(f),
            State::Starting => self.instance_ready(f),
            State::PlaceQueued => self.place_timed_out(f),
            State::Joining => self.hedge_now(f),
            State::Connecting => self.connected(f),
            State::BackingOff => self.attempt(f),
            State::Thinking => self.user_returns(f),
            state => {
                unreachable!("frame {f} in state {state:?} has no main event (t = {})", SimTime(self.now))
            }
        }
    }

    #[cold]
    fn at_checkpoint(&mut self, watch: &mut dyn FnMut(Progress) -> Flow) {
        let progress =
            Progress { now: SimTime(self.now), end: SimTime(self.end), events: self.digest.count() };
        if watch(progress) == Flow::Stop {
            self.truncate(Bound::Interrupted, 0);
        }
    }

    /// Checks every bound and sets at which event to check again.
    #[cold]
    fn check_bounds(&mut self, events_max: u64) {
        self.check_in_system();
        let count = self.digest.count();
        if count >= events_max {
            self.truncate(Bound::EventsMax, events_max);
        }
        let Self { queue, frames, replicas, .. } = self;
        queue.compact(|entry| is_live(frames, replicas, entry));
        if self.queue.sequence() > SEQUENCE_MAX - (1 << 32) {
            self.truncate(Bound::EventsMax, SEQUENCE_MAX);
        }
        self.frames.check_at = events_max.min(count + COMPACT_EVERY);
    }

    /// Checks how many requests are in progress; called whenever there are more than ever before.
    #[cold]
    pub(super) fn check_in_system(&mut self) {
        let in_progress = self.frames.live() - self.thinking;
        if in_progress > self.plan.in_system_max as usize || self.frames.len() >= INDEX_MAX {
            self.truncate(Bound::InSystemMax, u64::from(self.plan.in_system_max));
        }
    }

    pub(super) fn truncate(&mut self, bound: Bound, limit: u64) {
        if self.truncated.is_none() {
            self.truncated = Some(Truncation { bound, limit, at: SimTime(self.now) });
            self.frames.check_at = 0;
        }
    }

    /// What is kept of every event, where somebody asked.
    #[inline(never)]
    fn observe(&mut self, entry: Entry, identity: u64) {
        self.note_levels();
        if self.record.is_some() {
            self.trace(entry, identity);
        }
    }

    #[cold]
    fn trace(&mut self, entry: Entry, identity: u64) {
        let number = self.digest.count();
        if self.record.as_ref().is_some_and(|range| range.contains(&number)) {
            let who = match entry.tag() {
                tag::MAIN | tag::CALL_TIMER => self.frame_text(entry.index()),
                tag::CORES => self.comp_name(self.replicas[entry.index() as usize].comp),
                _ => "schedule".to_owned(),
            };
            self.recorded.push(TracedEvent { number, at: entry.at(), phase: entry.phase(), who, identity });
        }
    }

    pub(super) fn comp_name(&self, comp: u32) -> String {
        self.plan.components[comp as usize].name.clone()
    }

    fn frame_text(&self, f: u32) -> String {
        let frame = &self.frames[f];
        let place = match frame.replica {
            NONE => "client".to_owned(),
            replica => self.comp_name(self.replicas[replica as usize].comp),
        };
        format!("{place}, request {:016x}, {:?}", frame.root, frame.state)
    }

    /// Schedules a frame's main event.
    #[inline]
    pub(super) fn schedule(&mut self, f: u32, delay: u64, phase: Phase) {
        let at = SimTime(self.now.saturating_add(delay).min(crate::units::TIME_MAX.0));
        self.frames[f].main = self.queue.push(at, phase, tag::MAIN, f);
    }
}

/// Whether an entry still means something.
#[inline]
fn is_live(frames: &Frames, replicas: &[Replica], entry: Entry) -> bool {
    match entry.tag() {
        tag::MAIN => frames[entry.index()].main == entry.id(),
        tag::CALL_TIMER => frames[entry.index()].timer == entry.id(),
        tag::CORES => replicas[entry.index() as usize].pending() == entry.id(),
        _ => true,
    }
}
