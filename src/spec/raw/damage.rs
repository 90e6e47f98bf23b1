//! Faults that fill up, hold or damage something, as a file writes them.

use super::{RawEnd, RawTarget};
use crate::spec::scalar::{BandwidthText, BytesText, LawText, NumberText, ShareText, SpanText};
use schemars::JsonSchema;
use serde::Deserialize;

/// Memory that is never given back, until the process is killed and starts anew. Give one of `per-second` and `per-request`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawLeak {
    /// Which replicas; each leaks on its own.
    pub target: RawTarget,
    /// What a replica can lose before it is killed.
    pub room: BytesText,
    /// What leaks by itself.
    pub per_second: Option<BandwidthText>,
    /// What each request that is let in leaks.
    pub per_request: Option<BytesText>,
    /// Time from the kill until the replica serves again. Default: 10s.
    pub restart: Option<LawText>,
    /// Times slower just before the kill, as by collecting garbage ever more often. Default: no slower.
    pub slow: Option<NumberText>,
    /// From which share of the room on it becomes slower. Default: 80%.
    pub slow_from: Option<ShareText>,
}

/// A disk without room: writes fail, reads go on. Without `room` it is full at once.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawDiskFull {
    /// Which stores; each replica has a disk of its own.
    pub target: RawTarget,
    /// What is free when the fault begins. Default: nothing.
    pub room: Option<BytesText>,
    /// What others write to the disk, such as logs.
    pub per_second: Option<BandwidthText>,
    /// What each write that is kept takes.
    pub per_write: Option<BytesText>,
    /// Age at which what was written is removed, which makes room again. Default: never.
    pub freed_after: Option<SpanText>,
}

/// A store that loses or damages what it keeps. Give at least one share.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawBadStorage {
    /// Which stores.
    pub target: RawTarget,
    /// Share of writes that are acknowledged and not kept. Default: 0%.
    pub lost: Option<ShareText>,
    /// Share of reads whose rows are damaged; callers with `validate` notice. Default: 0%.
    pub corrupt: Option<ShareText>,
}

/// Requests wait at the door, with all that their callers hold, until it is over; then they go on in order.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawLock {
    /// Which replicas.
    pub target: RawTarget,
    /// Only these operations of the targets. Default: all.
    #[serde(default)]
    pub operations: Vec<String>,
}

/// Messages are held on their way and released all at once, in order, when it is over.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawHold {
    /// Senders.
    pub from: RawEnd,
    /// Receivers.
    pub to: RawEnd,
    /// Leave the other direction alone. Default: false.
    pub one_way: Option<bool>,
}

/// Requests arrive twice, and are done twice; the second answer goes nowhere.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawDuplicate {
    /// Senders.
    pub from: RawEnd,
    /// Receivers.
    pub to: RawEnd,
    /// Share of requests that arrive twice.
    pub share: ShareText,
}

/// Loss that comes in bursts.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawBursts {
    /// How long messages are lost each time.
    pub on: LawText,
    /// How long none is lost in between.
    pub off: LawText,
}
