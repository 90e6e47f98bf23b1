//! What became of messages, schedules' runs and marks.

use crate::stats::Histogram;
use crate::units::{SimSpan, SimTime};
use serde::{Deserialize, Serialize};

/// Everything about messages.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Messages {
    /// Brokers and schedules, in the plan's order.
    pub brokers: Vec<BrokerOutcome>,
    /// Marks, in order of first use.
    pub marks: Vec<MarkOutcome>,
}

/// One broker, or the runs of one schedule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BrokerOutcome {
    /// The component's name, or `component.schedule`.
    pub name: String,
    /// What it does with a message.
    pub kind: BrokerWord,
    /// What happened, by slot.
    pub slots: Vec<BrokerSlot>,
    /// How the backlog that faults left was worked off; `None` without faults that end.
    pub drain: Option<Drain>,
    /// Mean number waiting, by window.
    pub backlog: Vec<f64>,
    /// Age of the oldest message not done at the end of the window, in seconds.
    pub oldest_age: Vec<f64>,
}

/// What a broker does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BrokerWord {
    /// Keeps it until it is acknowledged.
    Queue,
    /// Copies it to queues.
    Topic,
    /// Gives it to whoever is up.
    Ephemeral,
    /// Keeps the runs of a schedule.
    Schedule,
}

impl BrokerWord {
    /// The word for it in tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Topic => "topic",
            Self::Ephemeral => "ephemeral",
            Self::Schedule => "schedule",
        }
    }
}

/// One broker in one slot. Over all slots of a queue, what was published or doubled is acknowledged, dead, expired,
/// lost, redriven, or waiting or in flight at the end. A topic counts what it
/// was given as published, and copies that reached a queue as acknowledged. An ephemeral channel counts copies.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct BrokerSlot {
    /// Messages accepted, dead letters of others included.
    pub published: u64,
    /// Messages stored a second time.
    pub doubled: u64,
    /// Messages dropped because the same one had been accepted shortly before; not among `published`.
    pub deduplicated: u64,
    /// Messages refused for want of room; not among `published`.
    pub refused: u64,
    /// Times that a message was handed out.
    pub receives: u64,
    /// Of these, not for the first time.
    pub redelivered: u64,
    /// Of these, after a message published later.
    pub out_of_order: u64,
    /// Messages processed and acknowledged.
    pub acknowledged: u64,
    /// Messages given up after too many receives.
    pub dead_letters: u64,
    /// Messages kept too long.
    pub expired: u64,
    /// Messages lost for want of room, memory or a subscriber.
    pub lost: u64,
    /// Messages taken back to where they came from.
    pub redriven: u64,
    /// Receives of the messages acknowledged or given up.
    pub receives_of_finished: u64,
    /// Work on a message that ended in failure.
    pub failures: u64,
    /// Messages processed again although they had been processed.
    pub duplicates: u64,
    /// Acknowledgements that did not reach the broker.
    pub acks_lost: u64,
    /// Runs not started because one was still going.
    pub skipped: u64,
    /// Runs that fell due while the component was down, or whose timer was lost.
    pub missed: u64,
    /// Time from publish to the first success, of messages published in the slot.
    pub latency: Histogram,
    /// Nanoseconds from publish to being given up, summed.
    pub dead_age: u128,
    /// Messages waiting, integrated over time, in message-nanoseconds.
    pub waiting_area: u128,
    /// Messages in flight, integrated over time, in message-nanoseconds.
    pub in_flight_area: u128,
    /// Age of the oldest message not done, integrated over time, in square nanoseconds.
    pub oldest_area: u128,
    /// Most messages waiting at once.
    pub waiting_max: u64,
    /// Largest age of the oldest message, in nanoseconds.
    pub oldest_max: u64,
    /// Messages waiting at the end of the slot.
    pub waiting: u64,
    /// Messages in flight at the end of the slot.
    pub in_flight: u64,
}

/// How a backlog was worked off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drain {
    /// When the last fault ended.
    pub from: SimTime,
    /// Messages waiting then.
    pub backlog: u64,
    /// Most messages waiting before the first fault.
    pub usual: u64,
    /// Until no more were waiting than usual; `None` if that did not come about.
    pub time: Option<SimSpan>,
}

/// One named point of flows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MarkOutcome {
    /// Its name.
    pub name: String,
    /// What happened, by slot.
    pub slots: Vec<MarkSlot>,
}

/// One mark in one slot.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct MarkSlot {
    /// Times it was passed.
    pub passes: u64,
    /// Of these, by a request that had passed it before.
    pub repeats: u64,
    /// Time from the request's start, where it is known.
    pub latency: Histogram,
}
