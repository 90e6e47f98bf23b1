//! Clients and load as a file writes them.

use super::{RawCallPolicy, RawClientSessions, RawSessionLoad, RawStep};
use crate::spec::scalar::{LawText, NumberText, RateText, ShareText, SpanText, ValueText};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// Somebody outside who runs journeys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawClient {
    /// Who they are, for readers.
    pub description: Option<String>,
    /// Where they are. Default: the only place, if there is one.
    pub place: Option<String>,
    /// How they call: by `component` or `component.operation`.
    #[serde(default)]
    pub calls: IndexMap<String, RawCallPolicy>,
    /// Long-lived connections that its users hold.
    pub sessions: Option<RawClientSessions>,
    /// What they do; with `sessions`, what an open session does at its rate of `messages`.
    #[serde(default)]
    pub journeys: IndexMap<String, RawJourney>,
}

/// What one user does from arrival to departure: its steps, or a weight and steps.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawJourney {
    /// Just its steps, with weight 1.
    Steps(Vec<RawStep>),
    /// Weight and steps.
    Details(RawJourneyDetails),
}

/// What one user does from arrival to departure.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawJourneyDetails {
    /// Relative frequency among the client's journeys. Default: 1.
    pub weight: Option<NumberText>,
    /// What they do, in order.
    pub steps: Vec<RawStep>,
}

/// Load from one client. Give one of `rate`, `modulated`, `timestamps`, `users` or `sessions`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawLoad {
    /// Which of the topology's clients sends it. Default: the one with this load's name.
    pub client: Option<String>,
    /// Arrivals per second, fixed or over time; arrivals do not wait for answers.
    pub rate: Option<RawRate>,
    /// Pattern of the gaps between arrivals: `poisson`, `deterministic`, or a law whose mean is scaled to the rate, such as `erlang(4 1s)`. Default: poisson.
    pub arrivals: Option<String>,
    /// Poisson arrivals whose rate jumps between phases in turn.
    #[serde(default)]
    pub modulated: Vec<RawPhase>,
    /// A CSV file with one arrival time in seconds per line, relative to this file.
    pub timestamps: Option<String>,
    /// A fixed number of users, who wait for each answer and then think.
    pub users: Option<u32>,
    /// Users who hold a session each; for clients with `sessions`.
    pub sessions: Option<RawSessionLoad>,
    /// Pause between an answer and the same user's next request. Default: 0s.
    pub think: Option<LawText>,
    /// Requests per arrival, such as `geometric(10)`. Default: 1.
    #[schemars(extend("x-law-of" = "count"))]
    pub batch: Option<LawText>,
    /// What requests of this load carry, instead of what the topology says: by attribute, an amount or a law.
    #[serde(default)]
    pub attributes: IndexMap<String, ValueText>,
    /// Classes of users.
    #[serde(default)]
    pub classes: IndexMap<String, RawClass>,
}

/// A phase of modulated load.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawPhase {
    /// Arrivals per second in this phase.
    pub rate: RateText,
    /// How long each visit lasts.
    #[serde(rename = "for")]
    pub length: LawText,
}

/// A class of users.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawClass {
    /// Share of arrivals; the classes' shares sum to 100%.
    pub share: ShareText,
    /// 0 (first) to 7. Default: 4.
    pub priority: Option<u8>,
}

/// Arrivals per second: fixed, or a curve over time.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawRate {
    /// The same all the time.
    Fixed(RateText),
    /// A curve.
    Curve(RawCurve),
}

/// Arrivals per second over time.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawCurve {
    /// Linear between points, constant before the first and after the last.
    Points(Vec<RawRatePoint>),
    /// Constant from each point to the next.
    Steps(Vec<RawRatePoint>),
    /// From one rate to another, then constant.
    Ramp(RawRamp),
    /// A base with a peak in it.
    Spike(RawSpikeCurve),
    /// A daily (or other) sine wave.
    Diurnal(RawDiurnal),
    /// A CSV file of `seconds,rate` lines, linear between them; relative to this file.
    Csv(String),
}

/// A point of a rate curve.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawRatePoint {
    /// When.
    pub at: SpanText,
    /// Arrivals per second then.
    pub rate: RateText,
}

/// From one rate to another.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawRamp {
    /// Rate at the start.
    pub from: RateText,
    /// Rate at the end and after.
    pub to: RateText,
    /// How long it takes.
    pub over: SpanText,
}

/// A base with a peak in it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawSpikeCurve {
    /// Rate before.
    pub base: RateText,
    /// Rate at the peak.
    pub peak: RateText,
    /// When the peak is reached.
    pub at: SpanText,
    /// How long the peak lasts.
    #[serde(rename = "for")]
    pub length: SpanText,
    /// Time to climb to the peak and to fall from it. Default: 0s.
    pub ramp: Option<SpanText>,
    /// Rate after. Default: the base.
    pub after: Option<RateText>,
}

/// A daily (or other) sine wave.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawDiurnal {
    /// Mean rate.
    pub mean: RateText,
    /// Swing around the mean, as a share of it, at most 100%.
    pub swing: ShareText,
    /// Length of one wave. Default: 24h.
    pub period: Option<SpanText>,
    /// When the first peak is reached. Default: a quarter of the period.
    pub peak_at: Option<SpanText>,
}
