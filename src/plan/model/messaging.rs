//! Work that is handed over: brokers, consumers, schedules, and the steps about them.

use super::{BrokerId, Call, ComponentId, EntityId, ErrorClass, MarkId, OperationId, Step};
use crate::dist::{Backoff, Law};
use crate::units::{SimSpan, SimTime};

/// Everything about messages.
#[derive(Clone, Debug, Default)]
pub struct Messaging {
    /// Brokers: those of components in their order, then one for each schedule.
    pub brokers: Vec<Broker>,
    /// Who takes messages from whom.
    pub consumers: Vec<Consumer>,
    /// What runs by the clock.
    pub timers: Vec<Timer>,
    /// Names of the points that `mark` steps note.
    pub marks: Vec<String>,
}

/// A queue, a topic, a channel, or the runs of a schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Broker {
    /// The component's name, or `component.schedule`; the salt of its draws.
    pub name: String,
    /// Whose it is: while no replica of it is up, nothing is handed out or acknowledged.
    pub component: ComponentId,
    /// What it does with a message.
    pub kind: BrokerKind,
    /// Most messages kept, waiting or in flight; `None` is unlimited.
    pub capacity: Option<u64>,
    /// What happens to a message when there is no room.
    pub full: Full,
    /// Whether the newest waiting message is handed out first.
    pub newest_first: bool,
    /// Messages of one key of this entity are handed out one at a time and in order.
    pub group: Option<EntityId>,
    /// How long a message is kept.
    pub retention: Option<SimSpan>,
    /// How often a message is handed out before it is a dead letter, at least 1.
    pub receives_max: Option<u32>,
    /// Who keeps the dead letters; `None` throws them away.
    pub dead_letter: Option<BrokerId>,
    /// Most messages in flight at once.
    pub in_flight_max: Option<u64>,
    /// Time from a message being ready to its receiver having it.
    pub delivery: Option<Law>,
    /// Share of messages stored twice, 0..=1.
    pub duplicates: f64,
    /// Within this time a message of the same request and step is dropped.
    pub deduplicate: Option<SimSpan>,
    /// Whether messages survive when all replicas are down.
    pub is_durable: bool,
    /// Messages per second that a redrive takes back; `None` takes all at once.
    pub redrive_rate: Option<f64>,
}

/// What a broker does with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrokerKind {
    /// Keeps it until a consumer acknowledges it.
    Queue,
    /// Copies it to queues and keeps nothing.
    Topic {
        /// The queues.
        subscribers: Vec<BrokerId>,
    },
    /// Gives a copy to every consuming replica that is up, and keeps nothing.
    Ephemeral,
    /// Keeps the runs of a schedule until they are done.
    Schedule,
}

/// What happens to a message when there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The publisher is refused.
    Reject,
    /// The oldest waiting message makes room.
    DropOldest,
    /// The new message is lost, and the publisher is not told.
    DropNewest,
}

/// A component that takes messages from a broker.
#[derive(Clone, Debug, PartialEq)]
pub struct Consumer {
    /// Who takes them.
    pub component: ComponentId,
    /// From whom.
    pub broker: BrokerId,
    /// What runs for each.
    pub runs: Runs,
    /// Batches in work at once per replica; `None` is unlimited.
    pub concurrency: Option<u32>,
    /// Most messages taken at once, at least 1.
    pub batch_max: u32,
    /// How long to wait for a batch to fill.
    pub batch_wait: SimSpan,
    /// Whether a failure returns the whole batch.
    pub whole_batch: bool,
    /// How long a received message stays hidden.
    pub visibility: SimSpan,
    /// Whether it stays hidden as long as it is being worked on.
    pub has_heartbeat: bool,
    /// Longest work on one message.
    pub timeout: Option<SimSpan>,
    /// Pause after a failure; `None` waits for the visibility timeout.
    pub backoff: Option<Backoff>,
}

/// What runs for a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Runs {
    /// Always this operation.
    One(OperationId),
    /// The operation named by the message's subject: `(subject, operation)`.
    BySubject(Vec<(String, OperationId)>),
}

/// An operation that runs by the clock.
#[derive(Clone, Debug, PartialEq)]
pub struct Timer {
    /// The broker that keeps its runs.
    pub broker: BrokerId,
    /// Whose it is.
    pub component: ComponentId,
    /// When it runs.
    pub table: Timetable,
    /// Each run starts late by a uniform draw up to this.
    pub jitter: SimSpan,
    /// What happens when the run before is still going.
    pub overlap: Overlap,
    /// What happens to runs that fell due while the component was down.
    pub missed: Missed,
}

/// When something runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Timetable {
    /// Again and again.
    Every {
        /// First time.
        first: SimTime,
        /// Time between two, above 0.
        period: SimSpan,
    },
    /// At minutes of a week that begins with the run, sorted.
    Weekly {
        /// Minutes since Monday 00:00, each below 10,080.
        minutes: Vec<u32>,
    },
    /// At these instants, sorted.
    At(Vec<SimTime>),
}

/// What happens when the run before is still going.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// Both run.
    Allow,
    /// The new one does not run.
    Skip,
    /// The new one waits.
    Queue,
}

/// What happens to runs that fell due while the component was down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    /// They are not made up for.
    Skip,
    /// One run makes up for all.
    Once,
    /// Each is made up for.
    All,
}

/// A `publish` step.
#[derive(Clone, Debug)]
pub struct Publish {
    /// The call that carries the message.
    pub call: Call,
    /// Who gets it.
    pub broker: BrokerId,
    /// What it is about.
    pub subject: Option<String>,
    /// How long it stays hidden at first.
    pub delay: Option<Law>,
}

/// A `once` step.
#[derive(Clone, Debug)]
pub struct Once {
    /// Address of the body's draws.
    pub salt: String,
    /// The key space; `None` is the request itself.
    pub entity: Option<EntityId>,
    /// The call that claims the key; `None` costs nothing.
    pub claim: Option<Call>,
    /// How long it is remembered that the body was done.
    pub ttl: Option<SimSpan>,
    /// How long an unfinished try keeps others out.
    pub lease: SimSpan,
    /// What is done once.
    pub body: Vec<Step>,
}

/// A `retry` step.
#[derive(Clone, Debug)]
pub struct RetryStep {
    /// Address of the tries' draws.
    pub salt: String,
    /// Tries in all, at least 1.
    pub attempts_max: u32,
    /// Pause before each retry.
    pub backoff: Backoff,
    /// Which failures are tried again.
    pub on: Vec<ErrorClass>,
    /// What is tried.
    pub body: Vec<Step>,
}

/// Steps about messages.
#[derive(Clone, Debug)]
pub enum MessageStep {
    /// Hand a message to a broker.
    Publish(Publish),
    /// Take dead letters back to where they came from.
    Redrive {
        /// The call that asks for it.
        call: Call,
        /// Whose messages.
        broker: BrokerId,
    },
    /// Do something at most once.
    Once(Once),
    /// Do something, and again when it fails.
    Retry(RetryStep),
    /// Note a named point.
    Mark(MarkId),
}

impl MessageStep {
    /// The calls it makes itself.
    #[must_use]
    pub fn calls(&self) -> Vec<&Call> {
        match self {
            Self::Publish(publish) => vec![&publish.call],
            Self::Redrive { call, .. } => vec![call],
            Self::Once(once) => once.claim.iter().collect(),
            Self::Retry(_) | Self::Mark(_) => Vec::new(),
        }
    }

    /// The lists of steps in it.
    #[must_use]
    pub fn bodies(&self) -> Vec<&[Step]> {
        match self {
            Self::Once(once) => vec![&once.body],
            Self::Retry(retry) => vec![&retry.body],
            Self::Publish(_) | Self::Redrive { .. } | Self::Mark(_) => Vec::new(),
        }
    }
}

/// What goes wrong with messages.
#[derive(Clone, Debug, PartialEq)]
pub enum MessageFault {
    /// A share of the messages published meanwhile can never be processed.
    Poison {
        /// Where they are published.
        broker: BrokerId,
        /// At full strength, 0..=1.
        share: f64,
        /// How it shows.
        mode: PoisonMode,
    },
    /// Messages are stored twice or held back.
    Misdelivery {
        /// By whom.
        broker: BrokerId,
        /// Share stored twice at full strength.
        duplicates: f64,
        /// Share held back at full strength.
        late: f64,
        /// For how long.
        by: Law,
    },
    /// Part of a broker's room is gone.
    Full {
        /// Whose.
        broker: BrokerId,
        /// At full strength, 0..=1.
        share: f64,
    },
    /// A share of the schedules' runs is never started.
    LostTimers {
        /// Whose schedules.
        component: ComponentId,
        /// At full strength, 0..=1.
        share: f64,
    },
}

/// How a message that cannot be processed shows.
#[derive(Clone, Debug, PartialEq)]
pub enum PoisonMode {
    /// The consumer fails after this much work.
    Fails {
        /// CPU demand in nanoseconds.
        takes: Law,
    },
    /// The consumer never finishes.
    Hangs,
}
