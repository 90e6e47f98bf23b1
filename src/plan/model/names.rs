//! Names that callers resolve.

use super::ComponentId;
use crate::dist::Law;
use crate::units::SimSpan;

/// Index into [`super::Plan::names`].
pub type NameId = usize;

/// A name that stands for one of several components.
#[derive(Clone, Debug, PartialEq)]
pub struct DnsName {
    /// Name in the file.
    pub name: String,
    /// Components, with weights if the answer is drawn; without, the first that is healthy is answered.
    pub targets: Vec<(ComponentId, Option<f64>)>,
    /// How long a resolver keeps an answer.
    pub ttl: SimSpan,
    /// Resolvers between callers and the name, at least 1.
    pub resolvers: u32,
    /// `(share, least)`: resolvers that keep each answer at least so long.
    pub stale: Option<(f64, SimSpan)>,
    /// Time of a look-up that no resolver has the answer for.
    pub lookup: Option<Law>,
}

/// How a fault of a name shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameFault {
    /// There is no such name; resolvers keep that answer too.
    Missing,
    /// No answer comes, and callers wait so long for it.
    Timeout(SimSpan),
    /// This target is answered, by its place in the name's list.
    Wrong(usize),
}

/// How a fault of health checks shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CheckerFault {
    /// This share of all probes is said to have failed, 0 to 1.
    Fails(f64),
    /// This share of failed probes is said to have passed, 0 to 1.
    Passes(f64),
    /// No probe is made; what was known stays.
    Down,
}
