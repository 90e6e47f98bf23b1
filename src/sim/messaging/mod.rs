//! Messages: brokers that keep them, consumers that take them, schedules that
//! make them, and steps that guard, repeat and note.
//!
//! A message is no frame while it waits: it costs memory and no events. A
//! consumer that has a free place is handed the next one in the same event
//! (as with long polling), and the work on it is a frame without a parent that
//! enters the consuming replica like any request. What the broker waits for
//! by itself (visibility, pauses, retention) are queues of deadlines with one
//! pending event each, so an acknowledged message leaves no timer behind.

mod account;
mod carried;
mod consume;
mod deadlines;
mod guard;
mod line;
mod mark;
mod publish;
mod schedule;
pub(super) mod tables;

use super::engine::Engine;
use super::record::Area;
use super::tables::Tables;
use crate::outcome::{BrokerSlot, Drain, MarkSlot};
use crate::rng;
use carried::Carried;
use guard::Guard;
use line::{Line, Ticket};
use mark::Seen;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use tables::Kind;

/// Messages kept at once before a run counts as exploding.
const MESSAGES_MAX: usize = 20_000_000;

/// Something about messages that happens on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happening {
    /// A copy reaches a topic's queue.
    Copied { message: u32, to: u32 },
    /// The oldest of a consumer's visibility timeouts may be over.
    Visible { consumer: u32 },
    /// A message's pause may be over.
    Rested { broker: u32 },
    /// The oldest message may have been kept too long.
    Aged { broker: u32 },
    /// The oldest of a consumer's work may have lasted too long.
    Overdue { consumer: u32 },
    /// A batch has waited long enough.
    Batch { broker: u32 },
    /// A schedule's time has come.
    Tick { timer: u32 },
    /// A run delayed by jitter starts.
    Run { timer: u32, number: u32 },
    /// The next dead letter is taken back.
    Redrive { broker: u32 },
    /// A step's pause before another try is over.
    Again { frame: u32, born: u32 },
    /// An acknowledgement that a fault held up is heard.
    Acknowledged { message: u32, born: u32, receipt: u32, replica: u32 },
    /// After the last fault: what has to be worked off.
    Drains,
}

/// Where a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nowhere: its slot is free, or only receipts refer to it.
    Done,
    /// On its way from a topic to a queue.
    Copied,
    /// In the line.
    Waiting,
    /// Just out of the line, and still counted as waiting.
    Taken,
    /// Hidden until a pause is over.
    Resting,
    /// With a consumer.
    InFlight,
}

/// One message.
#[derive(Clone, Copy, Debug)]
struct Message {
    /// The request it belongs to.
    root: u64,
    /// Address of its draws.
    key: u64,
    /// The step and request that published it: equal for a repeated publish.
    identity: u64,
    group: u64,
    /// When its request began; `u64::MAX` if unknown.
    begun: u64,
    /// When it was first accepted.
    accepted: u64,
    /// When it came to this broker.
    came: u64,
    /// Its last pause.
    pause: u64,
    /// Number in the broker's order.
    number: u64,
    broker: u32,
    /// The batch it was last handed out in.
    delivery: u32,
    /// Broker that gave it up, for dead letters.
    origin: u32,
    subject: u32,
    /// Fault that poisoned it, or `NONE`.
    poison: u32,
    /// What it carries of its request, or `NONE`.
    carried: u32,
    /// Its double, if it was stored twice.
    twin: Option<Ticket>,
    receives: u32,
    /// Receipts not yet given back.
    receipts: u32,
    /// Times it was processed.
    processed: u32,
    born: u32,
    /// Statistics slot of its publish.
    slot: u16,
    stage: Stage,
    /// Its latest receipt's consumer is at work on it or about to be.
    is_held: bool,
}

/// All messages. Slots are reused, last freed first.
#[derive(Clone, Debug, Default)]
struct Slab {
    items: Vec<Message>,
    free: Vec<u32>,
    carried: Carried,
}

impl Slab {
    fn add(&mut self, message: Message) -> u32 {
        self.carried.hold(message.carried);
        if let Some(index) = self.free.pop() {
            let born = self.items[index as usize].born;
            self.items[index as usize] = Message { born, ..message };
            return index;
        }
        self.items.push(Message { born: 0, ..message });
        (self.items.len() - 1) as u32
    }

    /// Gives a slot back once the message is done and nobody holds a receipt.
    fn release(&mut self, index: u32) {
        let message = &mut self.items[index as usize];
        if message.stage == Stage::Done && message.receipts == 0 {
            message.born = message.born.wrapping_add(1);
            self.carried.let_go(message.carried);
            self.free.push(index);
        }
    }

    fn ticket(&self, index: u32) -> Ticket {
        Ticket { message: index, born: self.items[index as usize].born }
    }

    fn is(&self, ticket: Ticket, stage: Stage) -> bool {
        let message = &self.items[ticket.message as usize];
        message.born == ticket.born && message.stage == stage
    }

    fn is_alive(&self, ticket: Ticket) -> bool {
        let message = &self.items[ticket.message as usize];
        message.born == ticket.born && message.stage != Stage::Done
    }
}

impl std::ops::Index<u32> for Slab {
    type Output = Message;
    fn index(&self, index: u32) -> &Message {
        &self.items[index as usize]
    }
}

impl std::ops::IndexMut<u32> for Slab {
    fn index_mut(&mut self, index: u32) -> &mut Message {
        &mut self.items[index as usize]
    }
}

/// One broker's present state.
#[derive(Clone, Debug)]
struct Broker {
    line: Line,
    /// Hidden messages by the end of their pause.
    resting: BTreeSet<(u64, Ticket)>,
    /// When the pending [`Happening::Rested`] comes, or `u64::MAX`.
    rested_at: u64,
    /// All messages by age.
    by_age: VecDeque<Ticket>,
    is_ageing: bool,
    /// Messages waiting, hidden ones included, and in flight.
    waiting: Area,
    in_flight: Area,
    /// Messages in the line.
    ready: u64,
    /// Since when there is something for a batch.
    ready_since: u64,
    is_batching: bool,
    /// Pollers with a free place, in turn.
    pollers: VecDeque<u32>,
    /// Pollers that are down or out of reach.
    parked: Vec<u32>,
    numbers: u64,
    /// Largest number handed out, and the same by group.
    newest: u64,
    newest_of: BTreeMap<u64, u64>,
    /// Identities accepted lately.
    recent: Guard,
    oldest: Oldest,
    /// Marks of faults: fault and strength.
    poisons: Vec<(u32, f64)>,
    misdeliveries: Vec<(u32, f64)>,
    fulls: Vec<(u32, f64)>,
    is_redriving: bool,
    /// Most waiting since the warm-up and before the first fault.
    usual: u64,
    drain: Option<Drain>,
    marks: [u128; 3],
    window_mark: u128,
    backlog: Vec<f64>,
    oldest_age: Vec<f64>,
}

/// Age of the oldest message, integrated over time.
#[derive(Clone, Copy, Debug, Default)]
struct Oldest {
    /// When the oldest came, while there is one.
    came: Option<u64>,
    since: u64,
    area: u128,
    max: u64,
}

impl Oldest {
    /// Brings the integral up to `now`; twice the area is kept, so that halves stay whole.
    fn settle(&mut self, now: u64) {
        if let Some(came) = self.came {
            let square = |at: u64| u128::from(at - came) * u128::from(at - came);
            self.area += square(now) - square(self.since);
            self.max = self.max.max(now - came);
        }
        self.since = now;
    }
}

/// A consuming replica.
#[derive(Clone, Copy, Debug)]
struct Poller {
    consumer: u32,
    replica: u32,
    /// Batches it may still take.
    free: u32,
}

/// A batch in work.
#[derive(Clone, Debug, Default)]
struct Delivery {
    poller: u32,
    /// Messages with their receives at the time: an older number is an old receipt.
    messages: Vec<(Ticket, u32)>,
    next: usize,
}

/// Deadlines of one consumer: each in order, with at most one pending event.
#[derive(Clone, Debug, Default)]
struct Deadlines {
    /// End of visibility of a receipt.
    visible: VecDeque<(u64, Ticket, u32)>,
    /// Length of `visible` when it was last tidied.
    kept: usize,
    is_watching: bool,
    /// Latest end of work: time, frame and birth.
    overdue: VecDeque<(u64, u32, u32)>,
    is_timing: bool,
}

/// A schedule's present state.
#[derive(Clone, Copy, Debug, Default)]
struct Timer {
    /// Ticks so far.
    ticks: u32,
    /// Runs so far.
    runs: u64,
    /// Runs to make up for.
    owed: u64,
}

/// All state about messages.
#[derive(Clone, Debug, Default)]
pub(super) struct Messaging {
    messages: Slab,
    brokers: Vec<Broker>,
    pollers: Vec<Poller>,
    deliveries: Vec<Delivery>,
    free_deliveries: Vec<u32>,
    deadlines: Vec<Deadlines>,
    timers: Vec<Timer>,
    /// Faults that keep schedules from firing: component, fault and strength.
    lost_timers: Vec<(u32, u32, f64)>,
    onces: Vec<Guard>,
    seen: Vec<Seen>,
    /// Counts by `slot * brokers + broker`.
    counts: Vec<BrokerSlot>,
    /// Counts by `slot * marks + mark`.
    mark_counts: Vec<MarkSlot>,
    /// When the first fault begins; `u64::MAX` without faults.
    first_fault: u64,
    /// Whether a backlog is being worked off after faults.
    is_draining: bool,
}

impl Messaging {
    pub(super) fn new(t: &Tables, marks: usize) -> Self {
        let rules = &t.messages;
        let mut all = Self {
            brokers: rules.brokers.iter().map(Broker::new).collect(),
            deadlines: vec![Deadlines::default(); rules.consumers.len()],
            timers: vec![Timer::default(); rules.timers.len()],
            onces: vec![Guard::default(); rules.onces.len()],
            seen: vec![Seen::default(); marks],
            messages: Slab { carried: Carried::new(t.attributes.count), ..Slab::default() },
            ..Self::default()
        };
        for (number, consumer) in (0u32..).zip(&rules.consumers) {
            let comp = &t.comps[consumer.comp as usize];
            for replica in comp.first_replica..comp.first_replica + comp.replicas {
                let poller = all.pollers.len() as u32;
                all.pollers.push(Poller { consumer: number, replica, free: consumer.concurrency });
                all.brokers[consumer.broker as usize].pollers.push_back(poller);
            }
        }
        all
    }

    /// Whether there is anything about messages at all.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.brokers.is_empty() && self.seen.is_empty()
    }

    /// Makes room for one more slot.
    pub(super) fn add_slot(&mut self) {
        self.counts.resize(self.counts.len() + self.brokers.len(), BrokerSlot::default());
        self.mark_counts.resize(self.mark_counts.len() + self.seen.len(), MarkSlot::default());
    }
}

impl Broker {
    fn new(rule: &tables::BrokerRule) -> Self {
        Self {
            line: Line::new(rule.is_grouped),
            resting: BTreeSet::new(),
            rested_at: u64::MAX,
            by_age: VecDeque::new(),
            is_ageing: false,
            waiting: Area::default(),
            in_flight: Area::default(),
            ready: 0,
            ready_since: 0,
            is_batching: false,
            pollers: VecDeque::new(),
            parked: Vec::new(),
            numbers: 0,
            newest: 0,
            newest_of: BTreeMap::new(),
            recent: Guard::default(),
            oldest: Oldest::default(),
            poisons: Vec::new(),
            misdeliveries: Vec::new(),
            fulls: Vec::new(),
            is_redriving: false,
            usual: 0,
            drain: None,
            marks: [0; 3],
            window_mark: 0,
            backlog: Vec::new(),
            oldest_age: Vec::new(),
        }
    }

    /// Messages kept.
    fn live(&self) -> u64 {
        self.waiting.level + self.in_flight.level
    }
}

impl Engine<'_> {
    /// Something about messages happens; returns a frame that goes on because of it, or `NONE`.
    pub(super) fn message_event(&mut self, happening: Happening) -> u32 {
        match happening {
            Happening::Copied { message, to } => self.copy_arrives(message, to),
            Happening::Visible { consumer } => self.check_visible(consumer),
            Happening::Rested { broker } => self.check_rested(broker),
            Happening::Aged { broker } => self.check_aged(broker),
            Happening::Overdue { consumer } => self.check_overdue(consumer),
            Happening::Batch { broker } => {
                self.messaging.brokers[broker as usize].is_batching = false;
                self.hand_out(broker);
            }
            Happening::Tick { timer } => self.tick(timer),
            Happening::Run { timer, number } => self.run_due(timer, number),
            Happening::Redrive { broker } => self.redrive_next(broker),
            Happening::Again { frame, born } => return self.try_again(frame, born),
            Happening::Acknowledged { message, born, receipt, replica } => {
                self.acknowledge(Ticket { message, born }, receipt, replica);
            }
            Happening::Drains => self.note_drains(),
        }
        super::tables::NONE
    }

    /// Who it concerns, by name and address and never by index.
    pub(super) fn message_identity(&self, happening: Happening) -> u64 {
        let rules = &self.t.messages;
        match happening {
            Happening::Copied { message, .. } => self.messaging.messages[message].key ^ 1,
            Happening::Visible { consumer } => rules.consumers[consumer as usize].salt ^ 2,
            Happening::Overdue { consumer } => rules.consumers[consumer as usize].salt ^ 3,
            Happening::Rested { broker } => rules.brokers[broker as usize].salt ^ 4,
            Happening::Aged { broker } => rules.brokers[broker as usize].salt ^ 5,
            Happening::Batch { broker } => rules.brokers[broker as usize].salt ^ 6,
            Happening::Redrive { broker } => rules.brokers[broker as usize].salt ^ 7,
            Happening::Tick { timer } => rules.timers[timer as usize].salt ^ 8,
            Happening::Run { timer, number } => rules.timers[timer as usize].salt ^ u64::from(number) << 8,
            Happening::Again { frame, .. } => self.frames[frame].key ^ 9,
            Happening::Drains => 10,
            Happening::Acknowledged { message, receipt, .. } => {
                rng::nth(self.messaging.messages[message].key ^ 11, u64::from(receipt))
            }
        }
    }

    /// Whether a broker can be spoken to: some replica of it is up.
    fn is_broker_up(&self, broker: u32) -> bool {
        let rule = &self.t.messages.brokers[broker as usize];
        let comp = &self.t.comps[rule.comp as usize];
        let mut all = comp.first_replica..comp.first_replica + comp.replicas;
        rule.is_schedule || all.any(|r| self.replicas[r as usize].gives_answers())
    }

    /// Whether a replica can take messages from a broker and acknowledge them.
    fn can_poll(&self, replica: u32, broker: u32) -> bool {
        let rule = &self.t.messages.brokers[broker as usize];
        let replica = &self.replicas[replica as usize];
        if !replica.is_at_work() {
            return false;
        }
        if rule.is_schedule || self.network.active == 0 {
            return true;
        }
        let (here, there) = (self.t.comps[replica.comp as usize].node, self.t.comps[rule.comp as usize].node);
        let is_heard = self.is_connected(here, there) && self.held_until(here, there) == self.now;
        is_heard && self.is_connected(there, here)
    }

    /// After a fault came or went: whoever could not take messages may be able to now, and the other way round.
    #[inline(never)]
    pub(super) fn wake_consumers(&mut self) {
        for broker in 0..self.messaging.brokers.len() as u32 {
            let state = &mut self.messaging.brokers[broker as usize];
            let parked = std::mem::take(&mut state.parked);
            state.pollers.extend(parked);
            self.hand_out(broker);
        }
        self.make_up_for();
    }

    fn count(&mut self, broker: u32) -> &mut BrokerSlot {
        let index = self.slots.current * self.messaging.brokers.len() + broker as usize;
        &mut self.messaging.counts[index]
    }

    /// Whether messages of a broker are copied or called out rather than kept.
    fn keeps(&self, broker: u32) -> bool {
        self.t.messages.brokers[broker as usize].kind == Kind::Keeps
    }
}
