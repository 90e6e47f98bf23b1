//! Brokers, consumers, schedules and steps about messages as flat tables.

use crate::dist::Backoff;
use crate::plan::{Full, Missed, Timetable};
use crate::sim::tables::Delay;

/// What a broker does with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sim) enum Kind {
    /// Keeps it; runs of a schedule are kept the same way.
    Keeps,
    /// Copies it to these brokers.
    Copies(Vec<u32>),
    /// Gives it to everyone who is up.
    Calls,
}

/// A compiled broker.
#[derive(Clone, Debug)]
pub(in crate::sim) struct BrokerRule {
    pub(in crate::sim) salt: u64,
    pub(in crate::sim) comp: u32,
    pub(in crate::sim) kind: Kind,
    /// `u64::MAX` when unlimited.
    pub(in crate::sim) capacity: u64,
    pub(in crate::sim) full: Full,
    pub(in crate::sim) newest_first: bool,
    /// Whether messages of one group are handed out one at a time.
    pub(in crate::sim) is_grouped: bool,
    /// Entity of the group's key, or `NONE`: all are one group.
    pub(in crate::sim) group: u32,
    /// `u64::MAX` keeps for ever.
    pub(in crate::sim) retention: u64,
    /// `u32::MAX` never gives up.
    pub(in crate::sim) receives_max: u32,
    /// Broker, or `NONE`.
    pub(in crate::sim) dead_letter: u32,
    /// `u64::MAX` when unlimited.
    pub(in crate::sim) in_flight_max: u64,
    pub(in crate::sim) delivery: Option<Delay>,
    pub(in crate::sim) duplicates: f64,
    /// 0 never drops the same message.
    pub(in crate::sim) deduplicate: u64,
    pub(in crate::sim) is_durable: bool,
    /// Whether it keeps the runs of a schedule: then it cannot be down or out of reach.
    pub(in crate::sim) is_schedule: bool,
    /// Nanoseconds between two messages taken back; 0 takes all at once.
    pub(in crate::sim) redrive_gap: u64,
    /// Consumers of it.
    pub(in crate::sim) consumers: Vec<u32>,
}

/// A compiled consumer.
#[derive(Clone, Debug)]
pub(in crate::sim) struct ConsumerRule {
    pub(in crate::sim) salt: u64,
    pub(in crate::sim) comp: u32,
    pub(in crate::sim) broker: u32,
    /// Site by subject; one entry when the subject does not matter.
    pub(in crate::sim) sites: Vec<u32>,
    pub(in crate::sim) concurrency: u32,
    pub(in crate::sim) batch_max: u32,
    pub(in crate::sim) batch_wait: u64,
    pub(in crate::sim) whole_batch: bool,
    pub(in crate::sim) visibility: u64,
    pub(in crate::sim) has_heartbeat: bool,
    /// `u64::MAX` never stops work.
    pub(in crate::sim) timeout: u64,
    pub(in crate::sim) backoff: Option<Backoff>,
    /// First of its pollers, one per replica.
    pub(in crate::sim) first_poller: u32,
}

/// A compiled schedule.
#[derive(Clone, Debug)]
pub(in crate::sim) struct TimerRule {
    pub(in crate::sim) salt: u64,
    pub(in crate::sim) broker: u32,
    pub(in crate::sim) comp: u32,
    pub(in crate::sim) table: Timetable,
    pub(in crate::sim) jitter: u64,
    /// Whether a run that falls due while one is going is left out.
    pub(in crate::sim) skips: bool,
    pub(in crate::sim) missed: Missed,
}

/// A compiled `publish` step.
#[derive(Clone, Debug)]
pub(in crate::sim) struct PublishRule {
    pub(in crate::sim) salt: u64,
    pub(in crate::sim) broker: u32,
    /// Interned subject, or `NONE`.
    pub(in crate::sim) subject: u32,
    pub(in crate::sim) delay: Option<Delay>,
}

/// A compiled `once` step.
#[derive(Clone, Debug)]
pub(in crate::sim) struct OnceRule {
    pub(in crate::sim) salt: u64,
    /// `NONE` is the request itself.
    pub(in crate::sim) entity: u32,
    /// `u64::MAX` remembers for ever.
    pub(in crate::sim) ttl: u64,
    pub(in crate::sim) lease: u64,
    /// Component that remembers, or `NONE`.
    pub(in crate::sim) guard: u32,
}

/// A compiled `retry` step.
#[derive(Clone, Debug)]
pub(in crate::sim) struct RetryRule {
    pub(in crate::sim) salt: u64,
    pub(in crate::sim) attempts_max: u32,
    pub(in crate::sim) backoff: Backoff,
    pub(in crate::sim) on: u32,
}

/// What an instruction about messages does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim) enum MessageIns {
    /// A `once` step's rule.
    Once(u32),
    /// A `retry` step's rule.
    Retry(u32),
    /// A mark.
    Mark(u32),
    /// Never goes on.
    Hang,
}

/// Everything about messages that does not change while running.
#[derive(Clone, Debug, Default)]
pub(in crate::sim) struct MessageTables {
    pub(in crate::sim) brokers: Vec<BrokerRule>,
    pub(in crate::sim) consumers: Vec<ConsumerRule>,
    pub(in crate::sim) timers: Vec<TimerRule>,
    pub(in crate::sim) publishes: Vec<PublishRule>,
    pub(in crate::sim) onces: Vec<OnceRule>,
    pub(in crate::sim) retries: Vec<RetryRule>,
    /// Subjects by their index.
    pub(in crate::sim) subjects: Vec<String>,
    /// What a poisoned message runs instead, by fault, or `NONE`.
    pub(in crate::sim) poisons: Vec<u32>,
}
