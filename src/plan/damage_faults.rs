//! Faults that fill up, hold or damage something: what they do, by their word in the file.

use super::codes;
use super::context::{At, Context};
use super::effects::{operations, path};
use super::faults::World;
use super::model::{ComponentId, Effect, Growth, Path, ReplicaRef};
use super::targets::resolve_replicas;
use crate::dist::Law;
use crate::spec::raw::{
    RawBadStorage, RawBursts, RawDiskFull, RawDuplicate, RawEnd, RawFault, RawLeak, RawTarget,
};
use crate::spec::scalar::{BandwidthText, BytesText, ShareText};
use crate::units::NANOS_PER_SEC;
use std::ops::RangeInclusive;

/// Time from a kill for want of memory to the next service, if none is stated.
const RESTART_DEFAULT: f64 = 10.0 * NANOS_PER_SEC as f64;
/// Share of the room from which on a leaking replica is slower, if none is stated.
const SLOW_FROM_DEFAULT: f64 = 0.8;
/// Times slower that a replica can get for want of memory.
const SLOW_RANGE: RangeInclusive<f64> = 1.0..=1000.0;
/// A replica that is killed more often than this many times a second does nothing else.
const KILLS_PER_SEC_MAX: f64 = 10.0;

/// What such a fault hits, as the file says it.
pub(super) fn damage_target(raw: &RawFault) -> Option<&RawTarget> {
    let leak = raw.leak.as_ref().map(|raw| &raw.target);
    let disk = raw.disk_full.as_ref().map(|raw| &raw.target);
    let storage = raw.bad_storage.as_ref().map(|raw| &raw.target);
    leak.or(disk).or(storage).or(raw.lock.as_ref().map(|raw| &raw.target))
}

/// The ends of the path that such a fault hits, as the file says them.
pub(super) fn path_ends(raw: &RawFault) -> Option<(&RawEnd, &RawEnd)> {
    let hold = raw.hold.as_ref().map(|raw| (&raw.from, &raw.to));
    hold.or(raw.duplicate.as_ref().map(|raw| (&raw.from, &raw.to)))
}

/// The effect of a fault that fills up, holds or damages something; the inner `None` is a mistake.
pub(super) fn resolve_damage(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    salt: &str,
    raw: &RawFault,
) -> Option<Option<Effect>> {
    let replicas = damage_target(raw).map(|raw| resolve_replicas(cx, world, &at.key("target"), salt, raw));
    if let Some(raw) = &raw.leak {
        return Some(leak(cx, world, at, raw, replicas?));
    }
    if let Some(raw) = &raw.disk_full {
        let replicas = replicas?.filter(|replicas| are_stores(cx, world, at, replicas));
        return Some(disk_full(cx, at, raw, replicas));
    }
    if let Some(raw) = &raw.bad_storage {
        let replicas = replicas?.filter(|replicas| are_stores(cx, world, at, replicas));
        return Some(bad_storage(cx, at, raw, replicas));
    }
    if let Some(raw) = &raw.lock {
        let Some(replicas) = replicas? else { return Some(None) };
        let operations = operations(cx, world, &at.key("operations"), &raw.operations, &replicas);
        return Some(operations.map(|operations| Effect::Lock { replicas, operations }));
    }
    if let Some(raw) = &raw.hold {
        let path = path(cx, world, at, &raw.from, &raw.to, raw.one_way);
        return Some(path.map(|path| Effect::Hold { path }));
    }
    let raw = raw.duplicate.as_ref()?;
    let path = path(cx, world, at, &raw.from, &raw.to, Some(true));
    Some(duplicate(cx, at, raw, path))
}

/// Exactly one way to grow, or none at all where that is allowed.
fn growth(
    cx: &mut Context<'_>,
    at: &At,
    by_time: Option<&BandwidthText>,
    by_use: (&str, Option<&BytesText>),
) -> Option<Option<Growth>> {
    let (word, by_use) = by_use;
    match (by_time, by_use) {
        (None, None) => Some(None),
        (Some(text), None) => {
            let at = at.key("per-second");
            let rate = cx.bandwidth(&at, text)?;
            cx.above_zero(&at, "`per-second`", rate).map(|rate| Some(Growth::PerSecond(rate)))
        }
        (None, Some(text)) => {
            let at = at.key(word);
            let bytes = cx.bytes(&at, text)? as f64;
            cx.above_zero(&at, &format!("`{word}`"), bytes).map(|bytes| Some(Growth::PerRequest(bytes)))
        }
        (Some(_), Some(_)) => {
            let message = format!("`per-second` and `{word}` exclude each other");
            cx.error(codes::CONTRADICTION, &at.key(word), message, "make two faults of it");
            None
        }
    }
}

fn leak(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    raw: &RawLeak,
    replicas: Option<Vec<ReplicaRef>>,
) -> Option<Effect> {
    let room = cx.bytes(&at.key("room"), &raw.room).map(|bytes| bytes as f64);
    let room = room.and_then(|room| cx.above_zero(&at.key("room"), "`room`", room));
    let found = growth(cx, at, raw.per_second.as_ref(), ("per-request", raw.per_request.as_ref()));
    if found == Some(None) {
        let help = "add `per-second: 1MiB/s` or `per-request: 64KiB`";
        cx.error(codes::MISSING, at, "the leak does not say how fast it grows", help);
    }
    let restart = match &raw.restart {
        None => Some(Law::Constant(RESTART_DEFAULT)),
        Some(text) => cx.time_law(&at.key("restart"), text),
    };
    let slow = slow_near_the_end(cx, at, raw);
    let (replicas, room, growth) = (replicas?, room?, found??);
    let serverless = replicas.iter().find(|replica| world.components[replica.component].serverless.is_some());
    if let Some(replica) = serverless {
        let name = &world.components[replica.component].name;
        let message = format!("`{name}` has instances and no replicas");
        cx.error(codes::NO_MECHANISM, &at.key("target"), message, "use `crash` with `recurring`");
    }
    if let Growth::PerSecond(rate) = growth
        && rate / room > KILLS_PER_SEC_MAX
    {
        let message = format!("the replica would be killed more than {KILLS_PER_SEC_MAX} times a second");
        cx.error(codes::TOO_BIG, &at.key("per-second"), message, "give it more `room`");
    }
    Some(Effect::Leak { replicas, growth, room, restart: restart?, slow: slow? })
}

/// Share of the room from which on a leak slows, and by how much in the end.
fn slow_near_the_end(cx: &mut Context<'_>, at: &At, raw: &RawLeak) -> Option<Option<(f64, f64)>> {
    let from = match &raw.slow_from {
        None => Some(SLOW_FROM_DEFAULT),
        Some(text) => cx.share(&at.key("slow-from"), text),
    };
    let Some(text) = &raw.slow else {
        if raw.slow_from.is_some() {
            let message = "`slow-from` needs `slow`";
            cx.error(codes::MISSING, &at.key("slow-from"), message, "add `slow: 5`");
        }
        return Some(None);
    };
    let factor = cx.number(&at.key("slow"), text)?;
    let factor = cx.within(&at.key("slow"), "`slow`", factor, SLOW_RANGE)?;
    Some(Some((from?, factor)))
}

/// Whether all targets keep datasets.
fn are_stores(cx: &mut Context<'_>, world: &World<'_>, at: &At, replicas: &[ReplicaRef]) -> bool {
    let mut targets: Vec<ComponentId> = replicas.iter().map(|replica| replica.component).collect();
    targets.dedup();
    let Some(other) = targets.into_iter().find(|id| world.components[*id].store.is_none()) else {
        return true;
    };
    let name = &world.components[other].name;
    let message = format!("`{name}` keeps nothing");
    cx.error(codes::NO_MECHANISM, &at.key("target"), message, format!("give `{name}` a `store`"));
    false
}

fn disk_full(
    cx: &mut Context<'_>,
    at: &At,
    raw: &RawDiskFull,
    replicas: Option<Vec<ReplicaRef>>,
) -> Option<Effect> {
    let room = raw.room.as_ref().map_or(Some(0), |text| cx.bytes(&at.key("room"), text));
    let growth = growth(cx, at, raw.per_second.as_ref(), ("per-write", raw.per_write.as_ref()));
    let freed_after = match &raw.freed_after {
        None => None,
        Some(text) => Some(cx.span_above_zero(&at.key("freed-after"), "`freed-after`", text)?),
    };
    let (room, growth) = (room?, growth?);
    if growth.is_some() != (room > 0) {
        let message = "`room` and what fills it go together";
        let help = "add `room: 10GiB` with `per-second: 5MiB/s` or `per-write: 8KiB`; without any of them the \
                    disk is full at once";
        cx.error(codes::MISSING, at, message, help);
    }
    if freed_after.is_some() && growth.is_none() {
        let message = "`freed-after` needs `per-second` or `per-write`";
        cx.error(codes::MISSING, &at.key("freed-after"), message, "say what fills the disk");
    }
    Some(Effect::DiskFull { replicas: replicas?, room: room as f64, growth, freed_after })
}

fn bad_storage(
    cx: &mut Context<'_>,
    at: &At,
    raw: &RawBadStorage,
    replicas: Option<Vec<ReplicaRef>>,
) -> Option<Effect> {
    if raw.lost.is_none() && raw.corrupt.is_none() {
        let message = "a `bad-storage` fault without `lost` and `corrupt` does nothing";
        cx.error(codes::MISSING, at, message, "add `lost: 1%` or `corrupt: 0.1%`");
    }
    let mut share =
        |key: &str, text: Option<&ShareText>| text.map_or(Some(0.0), |text| cx.share(&at.key(key), text));
    let (lost, corrupt) = (share("lost", raw.lost.as_ref()), share("corrupt", raw.corrupt.as_ref()));
    Some(Effect::BadStorage { replicas: replicas?, lost: lost?, corrupt: corrupt? })
}

fn duplicate(cx: &mut Context<'_>, at: &At, raw: &RawDuplicate, path: Option<Path>) -> Option<Effect> {
    let share = cx.share_above_zero(&at.key("share"), "`share`", &raw.share);
    Some(Effect::Duplicate { path: path?, share: share? })
}

/// How long messages are lost each time, and how long none is lost in between.
pub(super) fn bursts(cx: &mut Context<'_>, at: &At, raw: &RawBursts) -> Option<(Law, Law)> {
    let (on, off) = (cx.time_law(&at.key("on"), &raw.on), cx.time_law(&at.key("off"), &raw.off));
    let (on, off) = (on?, off?);
    // Changes are followed one by one, however long nobody sends.
    if on.mean() + off.mean() < 1e5 {
        let message = "`on` and `off` must together last 100us or longer on average";
        cx.error(codes::BAD_SCHEDULE, at, message, "shorter bursts are `loss` of each message on its own");
        return None;
    }
    Some((on, off))
}
