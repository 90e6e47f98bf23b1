//! Firewalls, credentials, tokens and reachability as a file writes them.

use super::{RawEnd, RawStep};
use crate::spec::scalar::{ConditionText, LawText, RateText, ShareText, SpanText};
use schemars::JsonSchema;
use serde::Deserialize;

/// A rule of a firewall, checked for every request in the order listed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawFirewall {
    /// Refuses a share of the requests that it is about (class `denied`), and by mistake some others.
    Rule(RawFirewallRule),
    /// Learns of a flood after a while and then refuses a share of it.
    Flood(RawFloodRule),
}

/// A firewall rule.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawFirewallRule {
    /// Name in messages. Default: rule.
    pub name: Option<String>,
    /// Which requests it is about, by their attributes. Default: all.
    pub when: Option<ConditionText>,
    /// Share of them that it refuses. Default: 100%.
    pub catches: Option<ShareText>,
    /// Share of the others that it refuses. Default: 0%.
    pub false_positives: Option<ShareText>,
    /// Time that checking it takes for every request. Default: 0s.
    pub delay: Option<SpanText>,
}

/// Mitigation of floods.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawFloodRule {
    /// Name in messages. Default: flood.
    pub name: Option<String>,
    /// Which requests it counts and can tell from others, by their attributes. Default: all.
    pub when: Option<ConditionText>,
    /// Rate above which it acts.
    pub threshold: RateText,
    /// Over how long the rate is taken. Default: 1m.
    pub window: Option<SpanText>,
    /// How often the rate is looked at; divides `window`. Default: 10s.
    pub check_every: Option<SpanText>,
    /// Time from seeing too high a rate until it acts. Default: 0s.
    pub lag: Option<SpanText>,
    /// Share of the counted requests that it then refuses. Default: 100%.
    pub drops: Option<ShareText>,
    /// Share of the others that it then refuses too. Default: 0%.
    pub false_positives: Option<ShareText>,
    /// How long the rate must stay below the threshold before it stops. Default: 5m.
    pub release: Option<SpanText>,
    /// Time that checking it takes for every request. Default: 0s.
    pub delay: Option<SpanText>,
}

/// A key, password or certificate that one side presents and the other checks.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawCredential {
    /// What it is, for readers.
    pub description: Option<String>,
    /// When it is checked: at every call, or when a connection is opened. Certificates are always checked at connections. Default: call.
    pub checked: Option<RawChecked>,
}

/// When a credential is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawChecked {
    /// At every call.
    Call,
    /// When a connection is opened; calls without a pool open one each.
    Connection,
}

/// Has a valid token at hand, and gets a new one if there is none.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawToken {
    /// Whose token it is: an entity; each of its keys has a token of its own.
    pub of: String,
    /// How long a token is good for.
    pub lifetime: SpanText,
    /// How long before its end a token is renewed. Default: 0s.
    pub early: Option<SpanText>,
    /// Get a new one in any case, as after a refusal. Default: false.
    pub renew: Option<bool>,
    /// Whether all tokens were issued at the start of the run, instead of at times spread over one lifetime. Default: false.
    pub aligned: Option<bool>,
    /// Attribute that is set to the token's age in seconds.
    pub age: Option<String>,
    /// How a new one is got.
    pub refresh: Vec<RawStep>,
}

/// A credential is no longer valid: from `at` until the fault ends, by the clock of whoever checks.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawExpire {
    /// Which one.
    pub credential: String,
}

/// A credential is replaced. Whoever has not heard of it presents the old one, or accepts only the old one.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawRotate {
    /// Which one.
    pub credential: String,
    /// Time until a replica that presents it has the new one; users have one law for each request. Default: 0s.
    pub lag: Option<LawText>,
    /// Time until a replica that checks it knows the new one. Default: 0s.
    pub verifier_lag: Option<LawText>,
    /// How long the old one is still accepted by those who know the new one. Default: 0s.
    pub grace: Option<SpanText>,
}

/// Somebody may no longer open connections to somebody; those that are open stay.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawBlock {
    /// Who calls.
    pub from: RawEnd,
    /// Who is called.
    pub to: RawEnd,
    /// Whether callers are told at once instead of hearing nothing. Default: false.
    pub refuse: Option<bool>,
}
