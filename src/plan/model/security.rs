//! Firewalls, credentials, tokens and reachability.

use super::{AttributeId, Condition, EntityId, Step};
use crate::units::SimSpan;

/// Index into [`super::Plan::credentials`].
pub type CredentialId = usize;

/// A key, password or certificate that one side presents and the other checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Name in the file.
    pub name: String,
    /// When it is checked.
    pub checked: Checked,
}

/// When a credential is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// At every call.
    Call,
    /// When a connection is opened; calls without a pool open one each.
    Connection,
}

/// A rule checked for every request at the door, before its limits.
#[derive(Clone, Debug, PartialEq)]
pub struct FirewallRule {
    /// Name in messages; the salt of its draws within the component.
    pub name: String,
    /// Which requests it is about; `None` is all.
    pub when: Option<Condition>,
    /// Time that checking it takes.
    pub delay: SimSpan,
    /// Share of the requests it is about that it refuses when it acts, 0..=1.
    pub catches: f64,
    /// Share of the others that it refuses when it acts, 0..=1.
    pub false_positives: f64,
    /// When it acts; `None` is always.
    pub flood: Option<Flood>,
}

/// What makes a rule against floods act.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flood {
    /// Rate of the requests it is about, per second, above which it acts.
    pub threshold_per_sec: f64,
    /// Over how long the rate is taken: a multiple of `check_every`.
    pub window: SimSpan,
    /// How often the rate is looked at.
    pub check_every: SimSpan,
    /// Time from seeing too high a rate until it acts.
    pub lag: SimSpan,
    /// How long the rate must stay below before it stops.
    pub release: SimSpan,
}

/// Having a valid token at hand.
#[derive(Clone, Debug)]
pub struct Token {
    /// Address of the step.
    pub salt: String,
    /// Whose token it is.
    pub entity: EntityId,
    /// How long a token is good for.
    pub lifetime: SimSpan,
    /// How long before its end it is renewed; less than `lifetime`.
    pub early: SimSpan,
    /// Whether a new one is got in any case.
    pub renew: bool,
    /// Whether all tokens were issued at the start of the run.
    pub aligned: bool,
    /// Attribute that gets the token's age in seconds.
    pub age: Option<AttributeId>,
    /// How a new one is got.
    pub refresh: Vec<Step>,
}
