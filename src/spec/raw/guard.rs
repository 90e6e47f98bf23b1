//! A caller's protections as a file writes them.

use super::{RawBudgetScope, RawErrorClass};
use crate::spec::scalar::{CountText, NumberText, ShareText, SpanText};
use schemars::JsonSchema;
use serde::Deserialize;

/// Stops calling what keeps failing: attempts fail at once with class `open`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawBreaker {
    /// Judge by the last so many attempts. Excludes `window`. Default: 100.
    pub calls: Option<u32>,
    /// Judge by the attempts that ended within this time.
    pub window: Option<SpanText>,
    /// Fewest attempts to judge by. Default: `calls`, or 100 with `window`.
    pub minimum: Option<u32>,
    /// Share of failed attempts from which it opens. Default: 50%.
    pub failures: Option<ShareText>,
    /// Attempts that take at least this long are slow. Default: none are.
    pub slow: Option<SpanText>,
    /// Share of slow attempts from which it opens; needs `slow`. Default: 100%.
    pub slow_share: Option<ShareText>,
    /// How long it stays open before it lets probes through. Default: 60s.
    pub open: Option<SpanText>,
    /// Attempts let through while half open; together they decide whether it closes. Default: 10.
    pub probes: Option<u32>,
    /// What counts as a failure. Default: every class but the caller's own `open` and `bulkhead`.
    pub on: Option<Vec<RawErrorClass>>,
    /// Who shares it. Default: replica.
    pub scope: Option<RawBudgetScope>,
}

/// Most attempts at once: a number, or its details.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawBulkhead {
    /// Most attempts at once per caller replica; more fail at once with class `bulkhead`.
    Calls(u32),
    /// With a queue.
    Details(RawBulkheadDetails),
}

/// Most attempts at once.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawBulkheadDetails {
    /// Most attempts at once.
    pub calls: u32,
    /// Most callers waiting for a place: a number or `unlimited`. Default: 0.
    pub queue: Option<CountText>,
    /// Longest wait for a place. Default: for ever.
    pub wait: Option<SpanText>,
    /// Who shares it. Default: replica.
    pub scope: Option<RawBudgetScope>,
}

/// Sends less when many attempts are rejected: with probability max(0, (requests - k * accepts) / (requests + 1)) an attempt fails at once with class `open`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawClientThrottle {
    /// Attempts sent per accepted one in the long run, 1 or more. Default: 2.
    pub k: Option<NumberText>,
    /// Over which attempts are counted. Default: 2m.
    pub window: Option<SpanText>,
    /// Who shares it. Default: replica.
    pub scope: Option<RawBudgetScope>,
}

/// Asks a second time when the first answer is late; the first success counts.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawHedge {
    /// Send the second request after this time. Excludes `percentile`.
    pub after: Option<SpanText>,
    /// Send it when the call takes longer than this share of recent calls did.
    pub percentile: Option<ShareText>,
    /// How long a call counts as recent, for `percentile`. Default: 30s.
    pub window: Option<SpanText>,
    /// Most second requests as a share of calls over ten seconds. Default: unlimited.
    pub cap: Option<ShareText>,
    /// Whether the slower of the two is cancelled, also on the other side. Default: true.
    pub cancel: Option<bool>,
}
