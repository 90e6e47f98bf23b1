//! Who calls from outside, when and how much.

use super::{AttributeId, ClientId, ClientSessions, PlaceId, SessionLoad, Step, Value};
use crate::dist::Law;
use crate::units::{SimSpan, SimTime};

/// Somebody outside who runs journeys.
#[derive(Clone, Debug)]
pub struct Client {
    /// Name in the file.
    pub name: String,
    /// Where it is.
    pub place: PlaceId,
    /// What its users do, with probabilities summing to 1.
    pub journeys: Vec<Journey>,
    /// Long-lived connections that its users hold.
    pub sessions: Option<ClientSessions>,
}

/// What one user does from arrival to departure.
#[derive(Clone, Debug)]
pub struct Journey {
    /// Name in the file.
    pub name: String,
    /// Share of arrivals that take it.
    pub probability: f64,
    /// What they do.
    pub steps: Vec<Step>,
}

/// Load from one client.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Name in the file; the salt of all its draws.
    pub name: String,
    /// Who sends it.
    pub client: ClientId,
    /// When requests come.
    pub source: Source,
    /// Requests per arrival; `None` is one.
    pub batch: Option<Law>,
    /// What its requests carry instead of the attributes' own values.
    pub attributes: Vec<(AttributeId, Value)>,
    /// User classes, probabilities summing to 1; empty means one of default priority.
    pub classes: Vec<UserClass>,
}

/// A class of users.
#[derive(Clone, Debug, PartialEq)]
pub struct UserClass {
    /// Name in the file.
    pub name: String,
    /// Share of arrivals.
    pub probability: f64,
    /// 0 is served first.
    pub priority: u8,
}

/// Priority of requests that state none.
pub const PRIORITY_DEFAULT: u8 = 4;

/// Largest (least urgent) priority number.
pub const PRIORITY_MAX: u8 = 7;

/// When requests come.
#[derive(Clone, Debug)]
pub enum Source {
    /// Arrivals do not depend on answers: a unit-rate renewal process run through a rate curve.
    Open {
        /// Gaps of the unit-rate process, mean 1.
        gaps: Law,
        /// Arrivals per second over time.
        curve: RateCurve,
    },
    /// Poisson arrivals whose rate jumps between phases in turn.
    Modulated {
        /// `(arrivals per second, sojourn law in nanoseconds)`, visited cyclically.
        phases: Vec<(f64, Law)>,
    },
    /// Arrivals at given instants.
    Replay {
        /// Sorted instants.
        at: Vec<SimTime>,
    },
    /// Users who hold a session each.
    Sessions(SessionLoad),
    /// A fixed number of users who wait for each answer and then think.
    Closed {
        /// How many.
        users: u32,
        /// Pause between an answer and the next request; also before the first.
        think: Law,
    },
}

/// Arrivals per second over time, linear between points and constant after the last.
#[derive(Clone, Debug, PartialEq)]
pub struct RateCurve {
    /// `(instant, arrivals per second)` in time order; two points at one instant make a jump.
    pub points: Vec<(SimTime, f64)>,
    /// Length after which the curve starts over, if it does.
    pub period: Option<SimSpan>,
}
