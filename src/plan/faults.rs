//! Faults: exactly one effect each, and when it acts.

use super::codes;
use super::context::{At, Context};
use super::directory::Directory;
use super::effects::{default_name, replica_target, resolve_effect};
use super::model::{CallPolicy, Component, Effect, Entity, Fault, Messaging, Schedule, Workload};
use super::session_faults::momentary;
use super::targets::{late_part, resolve_chance};
use crate::spec::raw::{RawFault, RawRecurring};
use crate::units::{SimSpan, SimTime};
use std::collections::BTreeSet;

/// What a fault may refer to.
pub(super) struct World<'w> {
    /// Every name.
    pub(super) directory: &'w Directory,
    /// All key spaces.
    pub(super) entities: &'w [Entity],
    /// All components.
    pub(super) components: &'w [Component],
    /// All policies.
    pub(super) policies: &'w [CallPolicy],
    /// All brokers and schedules.
    pub(super) messaging: &'w Messaging,
    /// All load.
    pub(super) workloads: &'w [Workload],
    /// Root of all randomness.
    pub(super) seed: u64,
    /// How long the run lasts.
    pub(super) duration: SimSpan,
}

/// All faults, in order.
pub(super) fn resolve_faults(cx: &mut Context<'_>, world: &World<'_>) -> Vec<Fault> {
    let raw = &cx.input.scenario.faults;
    let mut names = BTreeSet::new();
    let faults = raw.iter().enumerate();
    faults
        .filter_map(|(index, raw)| fault(cx, world, &At::scenario("faults").index(index), raw, &mut names))
        .collect()
}

/// Words of the effects that a fault has, in the order of the file's documentation.
pub(super) fn effect_words(raw: &RawFault) -> Vec<&'static str> {
    let all = [
        ("crash", raw.crash.is_some()),
        ("pause", raw.pause.is_some()),
        ("slow", raw.slow.is_some()),
        ("gray", raw.gray.is_some()),
        ("exhaust", raw.exhaust.is_some()),
        ("outage", raw.outage.is_some()),
        ("bad-output", raw.bad_output.is_some()),
        ("clock-skew", raw.clock_skew.is_some()),
        ("expire", raw.expire.is_some()),
        ("rotate", raw.rotate.is_some()),
        ("block", raw.block.is_some()),
        ("throttle", raw.throttle.is_some()),
        ("latency", raw.latency.is_some()),
        ("packet-loss", raw.packet_loss.is_some()),
        ("bandwidth", raw.bandwidth.is_some()),
        ("partition", raw.partition.is_some()),
        ("flush", raw.flush.is_some()),
        ("bad-cache-key", raw.bad_cache_key.is_some()),
        ("hot-key", raw.hot_key.is_some()),
        ("reshard", raw.reshard.is_some()),
        ("crash-loop", raw.crash_loop.is_some()),
        ("restart", raw.restart.is_some()),
        ("reclaim", raw.reclaim.is_some()),
        ("capacity-denied", raw.capacity_denied.is_some()),
        ("quota", raw.quota.is_some()),
        ("dns", raw.dns.is_some()),
        ("health-checker", raw.health_checker.is_some()),
        ("spike", raw.spike.is_some()),
        ("poison", raw.poison.is_some()),
        ("misdelivery", raw.misdelivery.is_some()),
        ("broker-full", raw.broker_full.is_some()),
        ("lost-timers", raw.lost_timers.is_some()),
        ("disconnect", raw.disconnect.is_some()),
        ("forget-sessions", raw.forget_sessions.is_some()),
        ("idle-timeout", raw.idle_timeout.is_some()),
        ("leak", raw.leak.is_some()),
        ("disk-full", raw.disk_full.is_some()),
        ("bad-storage", raw.bad_storage.is_some()),
        ("lock", raw.lock.is_some()),
        ("hold", raw.hold.is_some()),
        ("duplicate", raw.duplicate.is_some()),
    ];
    all.into_iter().filter(|(_, is_given)| *is_given).map(|(word, _)| word).collect()
}

fn fault(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    raw: &RawFault,
    names: &mut BTreeSet<String>,
) -> Option<Fault> {
    let words = effect_words(raw);
    let [word] = words.as_slice() else {
        let message = "a fault does exactly one thing";
        let help = match words.as_slice() {
            [] => "add one of crash, pause, slow, gray, exhaust, outage, bad-output, clock-skew, expire, rotate, \
                   block, throttle, latency, packet-loss, bandwidth, partition, crash-loop, restart, reclaim, \
                   capacity-denied, quota, dns, health-checker, flush, bad-cache-key, hot-key, reshard, spike, poison, misdelivery, \
                   broker-full, lost-timers, leak, disk-full, bad-storage, lock, hold, duplicate, disconnect, \
                   forget-sessions and idle-timeout"
                .to_owned(),
            words => format!("make {} faults of it: {}", words.len(), words.join(", ")),
        };
        cx.error(codes::CONTRADICTION, at, message, help);
        return None;
    };
    let name = unique_name(cx, at, word, raw, names);
    let schedule = schedule(cx, world, at, word, raw).map(|schedule| momentary(cx, at, word, schedule));
    let effect = resolve_effect(cx, world, &at.key(word), &name, raw);
    let target = replica_target(raw);
    let chance = target.map_or(Some(None), |raw| resolve_chance(cx, &at.key(word).key("target"), raw));
    if chance.flatten().is_some() && *word == "capacity-denied" {
        let message = "the platform has replicas for a component or has not: chance is no choice";
        cx.error(codes::CONTRADICTION, &at.key(word).key("target"), message, "give it a `share`");
    }
    let (effect, schedule, chance) = (effect?, schedule?, chance?);
    let part = late_part(cx, world, &at.key(word).key("target"), target, (&effect, &schedule));
    Some(Fault { name, kind: (*word).to_owned(), effect, schedule, chance, part })
}

/// The fault's name, which is also the address of its draws: replicas drawn by
/// a fault do not change when another is put in before it.
fn unique_name(
    cx: &mut Context<'_>,
    at: &At,
    word: &str,
    raw: &RawFault,
    names: &mut BTreeSet<String>,
) -> String {
    if let Some(name) = &raw.name {
        if !names.insert(name.clone()) {
            let message = format!("there are two faults called `{name}`");
            cx.error(codes::DUPLICATE, &at.key("name"), message, "give each a `name` of its own");
        }
        return name.clone();
    }
    let plain = default_name(word, raw);
    let mut name = plain.clone();
    let mut number = 1;
    while !names.insert(name.clone()) {
        number += 1;
        name = format!("{plain} ({number})");
    }
    name
}

/// Effects with a strength that can grow.
const CAN_RAMP: [&str; 16] = [
    "slow",
    "gray",
    "exhaust",
    "bad-output",
    "latency",
    "packet-loss",
    "capacity-denied",
    "bad-cache-key",
    "hot-key",
    "spike",
    "poison",
    "misdelivery",
    "broker-full",
    "lost-timers",
    "bad-storage",
    "duplicate",
];
/// Effects that happen at an instant and leave nothing to end.
const AT_ONCE: [&str; 1] = ["flush"];
/// Effects on replicas, each of which can be hit on its own.
const CAN_RECUR: [&str; 8] =
    ["crash", "pause", "slow", "gray", "outage", "bad-output", "clock-skew", "bad-storage"];

fn schedule(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    word: &str,
    raw: &RawFault,
) -> Option<Schedule> {
    if raw.ramp.is_some() && !CAN_RAMP.contains(&word) {
        let message = format!("`{word}` is all or nothing and cannot `ramp`");
        cx.error(codes::BAD_SCHEDULE, &at.key("ramp"), message, format!("{} can", CAN_RAMP.join(", ")));
    }
    if raw.flap.is_some() && ["expire", "rotate"].contains(&word) {
        let message = format!("`{word}` happens once and cannot `flap`");
        cx.error(codes::BAD_SCHEDULE, &at.key("flap"), message, "");
    }
    match (&raw.at, &raw.recurring) {
        (Some(_), None) => once(cx, world, at, raw).map(|schedule| at_once(cx, at, word, raw, schedule)),
        (None, Some(recurring)) => {
            if !CAN_RECUR.contains(&word) {
                let message = format!("`{word}` cannot be `recurring`: it does not hit replicas one by one");
                cx.error(
                    codes::BAD_SCHEDULE,
                    &at.key("recurring"),
                    message,
                    format!("{} can", CAN_RECUR.join(", ")),
                );
            }
            let excluded =
                [("for", raw.length.is_some()), ("ramp", raw.ramp.is_some()), ("flap", raw.flap.is_some())];
            for (key, _) in excluded.into_iter().filter(|(_, is_given)| *is_given) {
                let message = format!("`{key}` does not go with `recurring`");
                cx.error(
                    codes::BAD_SCHEDULE,
                    &at.key(key),
                    message,
                    "`recurring` has `down`, the length of each",
                );
            }
            self::recurring(cx, world, &at.key("recurring"), recurring)
        }
        (Some(_), Some(_)) => {
            let message = "a fault has either `at` or `recurring`";
            cx.error(
                codes::BAD_SCHEDULE,
                &at.key("recurring"),
                message,
                "`recurring` has `from`, its first possible start",
            );
            None
        }
        (None, None) => {
            cx.error(codes::MISSING, at, "the fault does not say when", "add `at:`, such as `at: 10m`");
            None
        }
    }
}

/// What happens at an instant is over at once, and cannot last.
fn at_once(cx: &mut Context<'_>, at: &At, word: &str, raw: &RawFault, schedule: Schedule) -> Schedule {
    match schedule {
        Schedule::Once { at: start, flap: None, .. } if AT_ONCE.contains(&word) => {
            if raw.length.is_some() {
                let message = format!("`{word}` happens at once and does not last");
                let help = "remove `for`, or add `flap` to do it again and again";
                cx.error(codes::BAD_SCHEDULE, &at.key("for"), message, help);
            }
            Schedule::Once { at: start, length: Some(SimSpan(1)), ramp: SimSpan::ZERO, flap: None }
        }
        schedule => schedule,
    }
}

/// Most times that one fault comes and goes.
const FLAPS_MAX: u64 = 100_000;

fn once(cx: &mut Context<'_>, world: &World<'_>, at: &At, raw: &RawFault) -> Option<Schedule> {
    let start = raw.at.as_ref().and_then(|text| cx.span(&at.key("at"), text));
    let length = match &raw.length {
        None => None,
        Some(text) => Some(cx.span_above_zero(&at.key("for"), "`for`", text)?),
    };
    let ramp = cx.span_or(&at.key("ramp"), raw.ramp.as_ref(), SimSpan::ZERO);
    let flap = match &raw.flap {
        None => None,
        Some(raw) => {
            let on = cx.span_above_zero(&at.key("flap").key("on"), "`on`", &raw.on);
            let off = cx.span_above_zero(&at.key("flap").key("off"), "`off`", &raw.off);
            Some((on?, off?))
        }
    };
    let start = start?;
    if start >= world.duration {
        let message = format!("the fault starts at {start}, and the run ends at {}", world.duration);
        cx.error(codes::BAD_SCHEDULE, &at.key("at"), message, "");
    }
    if flap.is_some() && length.is_none() {
        cx.error(
            codes::BAD_SCHEDULE,
            &at.key("flap"),
            "`flap` needs `for`",
            "say how long it comes and goes",
        );
    }
    if let (Some(length), Some((on, off))) = (length, flap)
        && length.0.min(world.duration.0) / (on.0 + off.0) > FLAPS_MAX
    {
        let message = format!("the fault comes and goes more than {FLAPS_MAX} times");
        cx.error(codes::TOO_BIG, &at.key("flap"), message, "make `on` and `off` longer");
    }
    if let Some(length) = length
        && ramp > length
    {
        let message = format!("the ramp of {ramp} is longer than the fault's {length}");
        cx.error(codes::BAD_SCHEDULE, &at.key("ramp"), message, "");
    }
    Some(Schedule::Once { at: SimTime(start.0), length, ramp, flap })
}

fn recurring(cx: &mut Context<'_>, world: &World<'_>, at: &At, raw: &RawRecurring) -> Option<Schedule> {
    let up = cx.time_law(&at.key("up"), &raw.up);
    let down = cx.time_law(&at.key("down"), &raw.down);
    let from = cx.span_or(&at.key("from"), raw.from.as_ref(), SimSpan::ZERO);
    let until = raw.until.as_ref().map(|text| cx.span(&at.key("until"), text));
    let (up, down) = (up?, down?);
    if up.mean() + down.mean() < 1.0 {
        cx.error(codes::BAD_SCHEDULE, at, "`up` and `down` must last longer than 0s", "");
    }
    let until = match until {
        None => None,
        Some(until) => Some(SimTime(until?.0)),
    };
    if from >= world.duration {
        let message = format!("the fault can start from {from}, and the run ends at {}", world.duration);
        cx.error(codes::BAD_SCHEDULE, &at.key("from"), message, "");
    }
    if until.is_some_and(|until| until.0 <= from.0) {
        cx.error(codes::BAD_SCHEDULE, &at.key("until"), "`until` must be after `from`", "");
    }
    Some(Schedule::Recurring { at: SimTime(from.0), up, down, until })
}

/// Whether an effect hits the messages between two ends.
pub(super) fn path_of(effect: &Effect) -> Option<&super::model::Path> {
    match effect {
        Effect::Latency { path, .. }
        | Effect::PacketLoss { path, .. }
        | Effect::Bandwidth { path, .. }
        | Effect::Block { path, .. }
        | Effect::Hold { path }
        | Effect::Duplicate { path, .. }
        | Effect::Partition { path, .. } => Some(path),
        _ => None,
    }
}
