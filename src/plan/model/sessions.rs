//! Long-lived connections: what a component allows, what clients hold, and what is sent to them.

use super::{ComponentId, RateCurve, ReplicaRef};
use crate::dist::{Backoff, Law};
use crate::units::SimSpan;

/// What a component allows long-lived connections to it.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionRules {
    /// Most sessions of one replica; `None` is unlimited.
    pub per_replica: Option<u32>,
    /// A session on which nothing came for this long is closed.
    pub idle_timeout: Option<SimSpan>,
    /// A session of this age is closed; nanoseconds.
    pub max_lifetime: Option<Law>,
    /// Time over which a drained replica closes its sessions.
    pub drain: SimSpan,
    /// Whether the state that a resume needs dies with its replica.
    pub dies_with_replica: bool,
    /// CPU time of one heartbeat.
    pub heartbeat_cost: SimSpan,
    /// Bytes per second that one replica sends in broadcasts; `None` is unlimited.
    pub bandwidth: Option<f64>,
}

/// The long-lived connections that a client's users hold.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientSessions {
    /// Who they are connected to.
    pub component: ComponentId,
    /// The client's journey that opens one.
    pub connect: usize,
    /// The client's journey that opens one again.
    pub resume: Option<usize>,
    /// How long after its loss a session can be resumed; `None` is for ever.
    pub resume_within: Option<SimSpan>,
    /// How long a user who arrives stays, in nanoseconds; `None` only without arrivals.
    pub stay: Option<Law>,
    /// Share of users who leave without closing, 0..=1.
    pub vanish: f64,
    /// What an idle client does to be heard, and to notice a dead peer.
    pub heartbeat: Option<Heartbeat>,
    /// Journeys per second of one open session.
    pub messages_per_sec: f64,
    /// Pause before the first try after a loss, in nanoseconds.
    pub after: Law,
    /// Pause after each failed try; never [`Backoff::None`].
    pub backoff: Backoff,
    /// Tries until a user gives up; `None` never does.
    pub attempts_max: Option<u32>,
}

/// What an idle client does to be heard, and to notice a dead peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Time without a message until one is sent, above zero.
    pub every: SimSpan,
    /// How long its answer may take.
    pub timeout: SimSpan,
    /// Answers missed in a row until the peer counts as dead, at least 1.
    pub misses: u32,
}

impl Heartbeat {
    /// Shortest and longest time from a peer's death to its being noticed: the next
    /// heartbeat is due at any instant of a period.
    #[must_use]
    pub fn detection(&self) -> (SimSpan, SimSpan) {
        let shortest = self.every.0.saturating_mul(u64::from(self.misses - 1)).saturating_add(self.timeout.0);
        (SimSpan(shortest), SimSpan(shortest.saturating_add(self.every.0)))
    }

    /// Heartbeats per second of a session whose messages come at a rate: a message makes the next one
    /// unnecessary, so that with Poisson messages of rate `m` they form a renewal process with
    /// rate `m / (e^(m·every) - 1)`, which is `1 / every` without messages.
    #[must_use]
    pub fn rate(&self, messages_per_sec: f64) -> f64 {
        let every = self.every.as_secs_f64();
        let exponent = messages_per_sec * every;
        if exponent < 1e-9 { 1.0 / every } else { messages_per_sec / libm::expm1(exponent) }
    }
}

/// Sessions as load.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionLoad {
    /// Users who are there from start to end.
    pub population: u64,
    /// Users who arrive per second.
    pub curve: Option<RateCurve>,
    /// How the population begins.
    pub start: SessionStart,
}

/// How a population of sessions begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionStart {
    /// Connected, at ages as they are after a long time.
    Steady,
    /// Connected just now.
    Fresh,
    /// Not connected: they come one after the other over this time.
    Empty {
        /// Above zero.
        over: SimSpan,
    },
}

/// A step that sends something to the sessions of its component.
#[derive(Clone, Debug, PartialEq)]
pub struct Broadcast {
    /// Address of its draws.
    pub salt: String,
    /// Whom it is for.
    pub to: Recipients,
    /// CPU time for each recipient.
    pub cost: SimSpan,
    /// Bytes for each recipient.
    pub bytes: u64,
}

/// Whom a broadcast is for.
#[derive(Clone, Debug, PartialEq)]
pub enum Recipients {
    /// This share of the sessions, 0..=1.
    Share(f64),
    /// So many sessions, as far as there are.
    Count(Law),
}

/// A fault of sessions.
#[derive(Clone, Debug, PartialEq)]
pub enum SessionFault {
    /// Sessions end, all at once.
    Disconnect {
        /// Whose.
        replicas: Vec<ReplicaRef>,
        /// Share of them, 0..=1.
        share: f64,
        /// Whether nobody is told.
        half_open: bool,
    },
    /// The state that a resume needs is gone.
    Forget {
        /// Whose.
        component: ComponentId,
    },
    /// An idle timeout in between.
    IdleTimeout {
        /// Whose.
        component: ComponentId,
        /// The timeout.
        to: SimSpan,
        /// Whether nobody is told.
        half_open: bool,
    },
}

/// What an expectation measures of sessions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SessionMetric {
    /// Mean number open.
    OpenMean,
    /// Largest number open.
    OpenMax,
    /// Share of users' time in which they had a session.
    Connected,
    /// Sessions opened per second.
    ConnectRate,
    /// Share of connects and resumes that failed.
    ConnectFailureRate,
    /// Sessions opened again after they ended.
    Reconnects,
    /// Sessions that ended unasked.
    Lost,
    /// Sessions closed at their largest age.
    Expired,
    /// Quantile of the time from a session's end to the user's next one, seconds.
    ReconnectQuantile(f64),
    /// Its mean.
    ReconnectMean,
    /// Its largest.
    ReconnectMax,
    /// Longest time in which more than 1 % of users were without a session, seconds.
    RecoveryTime,
    /// Mean number of sessions that one side only takes for open.
    HalfOpenMean,
    /// Its largest.
    HalfOpenMax,
    /// Quantile of the time until a dead peer was noticed, seconds.
    DetectionQuantile(f64),
    /// Its mean.
    DetectionMean,
    /// Its largest.
    DetectionMax,
    /// Share of the cores that heartbeats take.
    HeartbeatLoad,
    /// Sessions of the fullest replica over the mean of all, on average over windows.
    ImbalanceMean,
    /// Its largest.
    ImbalanceMax,
    /// Quantile of the time from a broadcast to a recipient, seconds.
    BroadcastQuantile(f64),
    /// Its mean.
    BroadcastMean,
    /// Its largest.
    BroadcastMax,
    /// Quantile of the time from a broadcast to its last recipient, seconds.
    LastQuantile(f64),
    /// Its mean.
    LastMean,
    /// Its largest.
    LastMax,
    /// Share of those a broadcast was for who got it.
    Delivered,
    /// Recipients reached per second.
    DeliveryRate,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_peer_is_noticed_between_the_bounds_that_period_wait_and_misses_give() {
        let span = SimSpan::from_secs;
        let beat = Heartbeat { every: span(25), timeout: span(10), misses: 2 };
        assert_eq!(beat.detection(), (span(35), span(60)));
    }

    #[test]
    fn messages_make_heartbeats_unnecessary() {
        let beat = Heartbeat { every: SimSpan::from_secs(10), timeout: SimSpan::from_secs(1), misses: 1 };
        assert_eq!(beat.rate(0.0), 0.1);
        assert!((beat.rate(0.1) - 0.1 / (std::f64::consts::E - 1.0)).abs() < 1e-12);
        assert!(beat.rate(10.0) < 1e-30);
    }
}
