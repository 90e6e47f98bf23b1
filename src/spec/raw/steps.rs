//! Operations and their steps as a file writes them.

use super::{
    RawBroadcast, RawCached, RawErrorClass, RawGenerate, RawIf, RawInvalidate, RawOnce, RawPublish, RawPurge,
    RawPut, RawRetryStep, RawToken,
};
use crate::spec::scalar::{AmountText, LawText, ShareText, TargetText, ValueText};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// What a component does when called: its steps, or steps and properties.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawOperation {
    /// Just its steps.
    Steps(Vec<RawStep>),
    /// Steps and properties.
    Details(RawOperationDetails),
}

/// What a component does when called.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawOperationDetails {
    /// What it does, in order.
    #[serde(default)]
    pub steps: Vec<RawStep>,
    /// Whether calling it twice is as good as once; if not, callers do not retry a call that may have been done. Default: true.
    pub idempotent: Option<bool>,
    /// Size of a call to it. Default: none counted.
    #[schemars(extend("x-law-of" = "bytes"))]
    pub request_bytes: Option<LawText>,
    /// Size of its reply. Default: none counted.
    #[schemars(extend("x-law-of" = "bytes"))]
    pub response_bytes: Option<LawText>,
}

/// One thing an operation or a journey does.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawStep {
    /// Use a core for this long.
    Compute(LawText),
    /// Let time pass without using a core.
    Wait(LawText),
    /// Call `component.operation` (or `component`, if it has only one) and wait for the answer.
    Call(TargetText),
    /// As `call`, and what it answers is passed on to the own caller as it comes: its first token ends the wait for the first token.
    Stream(TargetText),
    /// Hand the request on to `component.operation` and release everything here.
    Forward(TargetText),
    /// Read `store.dataset`.
    Read(TargetText),
    /// Write `store.dataset`, perhaps only if it has not changed since it was read.
    Write(RawWrite),
    /// Look a key up in a cache; on a miss, do something and remember the result.
    Cached(Box<RawCached>),
    /// Write a key to a cache: its operation `put`, which may write through to a store.
    Put(RawPut),
    /// Remove a key from a cache.
    Invalidate(RawInvalidate),
    /// Remove a key, an entity's keys or everything from all replicas of a cache.
    Purge(RawPurge),
    /// Do one of several lists of steps; what is left of 100 % does nothing.
    Choose(Vec<RawBranch>),
    /// Do a list of steps several times.
    Repeat(RawRepeat),
    /// Do several lists of steps at once.
    Parallel(RawParallel),
    /// Do a list of steps, and another if it fails.
    Try(RawTry),
    /// Do one list of steps or another, by the request's attributes.
    If(RawIf),
    /// Change attributes for the steps and calls that follow: by name, an amount or a law.
    Set(IndexMap<String, ValueText>),
    /// Have the component's language model read a prompt and write an answer.
    Generate(RawGenerate),
    /// Count units on meters of this component: by name, an amount.
    Meter(IndexMap<String, AmountText>),
    /// Have a valid token at hand.
    Token(Box<RawToken>),
    /// Fail with some probability.
    Fail(RawFail),
    /// Begin a list of steps and go on without waiting for it.
    Start(Vec<RawStep>),
    /// Answer now and go on with the rest.
    Reply,
    /// Send something to the sessions of this component, on all its replicas, and go on at once.
    Broadcast(RawBroadcast),
    /// Hand a message to a broker and go on when it has it.
    Publish(RawPublish),
    /// Take everything in a dead-letter broker back to where it came from.
    Redrive(String),
    /// Do a list of steps at most once for the same request or key.
    Once(Box<RawOnce>),
    /// Do a list of steps, and again when it fails.
    Retry(RawRetryStep),
    /// Note that the request got here, under a name: counted, timed from its start, and repeats told apart.
    Mark(String),
}

/// A write: what to, or its details.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawWrite {
    /// `store.dataset`.
    Target(TargetText),
    /// What to and on which condition.
    Details(RawWriteDetails),
}

/// A write with a condition.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawWriteDetails {
    /// `store.dataset`.
    pub to: TargetText,
    /// Commit only if nobody has written the row since this list of steps read it; otherwise fail with class `conflict`. Default: false.
    pub if_unchanged: Option<bool>,
}

/// One of several lists of steps.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawBranch {
    /// How likely.
    pub share: ShareText,
    /// What to do.
    #[serde(rename = "do", default)]
    pub steps: Vec<RawStep>,
}

/// A list of steps done several times.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawRepeat {
    /// How often: a number or a law such as `geometric(3)`.
    #[schemars(extend("x-law-of" = "count"))]
    pub times: LawText,
    /// Bound on the rounds.
    pub at_most: u32,
    /// What to do each time.
    #[serde(rename = "do")]
    pub steps: Vec<RawStep>,
}

/// Several lists of steps done at once.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawParallel {
    /// Different lists of steps. Excludes `times` and `do`.
    #[serde(default)]
    pub branches: Vec<Vec<RawStep>>,
    /// Copies of `do`.
    pub times: Option<u32>,
    /// What each copy does.
    #[serde(rename = "do", default)]
    pub steps: Vec<RawStep>,
    /// How many must succeed. Default: all.
    pub need: Option<u32>,
    /// Whether the rest is cancelled once enough have succeeded. Default: false.
    pub cancel_stragglers: Option<bool>,
}

/// A list of steps and what to do if it fails.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawTry {
    /// What to try.
    #[serde(rename = "do")]
    pub steps: Vec<RawStep>,
    /// What to do instead, the first entry that fits.
    pub rescue: Vec<RawRescue>,
    /// Whether a rescued request counts as degraded. Default: true.
    pub degraded: Option<bool>,
}

/// What to do when a tried list of steps fails.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawRescue {
    /// Which failures. Default: all.
    pub on: Option<Vec<RawErrorClass>>,
    /// What to do instead.
    #[serde(rename = "do", default)]
    pub steps: Vec<RawStep>,
}

/// A failure: its probability, or its details.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawFail {
    /// How likely, with class `error`.
    Probability(ShareText),
    /// How likely and how.
    Details(RawFailDetails),
}

/// A failure.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawFailDetails {
    /// How likely. Default: 100%.
    pub probability: Option<ShareText>,
    /// With what. Default: error.
    pub class: Option<RawErrorClass>,
    /// An entity: its keys, not requests, are drawn, so that the same keys always fail, as things that do not exist do.
    pub key: Option<String>,
}
