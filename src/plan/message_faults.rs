//! Faults of brokers and schedules.

use super::codes;
use super::context::{At, Context};
use super::faults::World;
use super::model::{BrokerId, BrokerKind, MessageFault, PoisonMode};
use crate::dist::Law;
use crate::spec::raw::{RawBrokerFull, RawFault, RawLostTimers, RawMisdelivery, RawPoison};
use crate::spec::scalar::ShareText;

/// What such a fault hits, as the file says it.
pub(super) fn message_target(raw: &RawFault) -> Option<&str> {
    let poison = raw.poison.as_ref().map(|raw| &raw.target);
    let misdelivery = raw.misdelivery.as_ref().map(|raw| &raw.target);
    let full = raw.broker_full.as_ref().map(|raw| &raw.target);
    let timers = raw.lost_timers.as_ref().map(|raw| &raw.target);
    poison.or(misdelivery).or(full).or(timers).map(String::as_str)
}

/// The effect of a fault of brokers or schedules.
pub(super) fn resolve_message_fault(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    raw: &RawFault,
) -> Option<MessageFault> {
    if let Some(raw) = &raw.poison {
        return poison(cx, world, at, raw);
    }
    if let Some(raw) = &raw.misdelivery {
        return misdelivery(cx, world, at, raw);
    }
    if let Some(raw) = &raw.broker_full {
        return full(cx, world, at, raw);
    }
    raw.lost_timers.as_ref().and_then(|raw| lost_timers(cx, world, at, raw))
}

/// The broker or schedule with this name, or a complaint.
fn broker(cx: &mut Context<'_>, world: &World<'_>, at: &At, name: &str) -> Option<BrokerId> {
    let brokers = &world.messaging.brokers;
    let found = brokers.iter().position(|broker| broker.name == name);
    if found.is_none() {
        cx.unknown(at, "broker or schedule", name, brokers.iter().map(|broker| broker.name.as_str()));
    }
    found
}

fn poison(cx: &mut Context<'_>, world: &World<'_>, at: &At, raw: &RawPoison) -> Option<MessageFault> {
    let broker = broker(cx, world, &at.key("target"), &raw.target);
    let share = cx.share_above_zero(&at.key("share"), "`share`", &raw.share);
    let takes = match &raw.takes {
        None => Some(Law::Constant(0.0)),
        Some(text) => cx.time_law(&at.key("takes"), text),
    };
    let hangs = raw.hangs.unwrap_or(false);
    if hangs && raw.takes.is_some() {
        let message = "`takes` and `hangs` exclude each other";
        cx.error(codes::CONTRADICTION, &at.key("takes"), message, "work that hangs never ends");
    }
    let mode = if hangs { PoisonMode::Hangs } else { PoisonMode::Fails { takes: takes? } };
    Some(MessageFault::Poison { broker: broker?, share: share?, mode })
}

fn misdelivery(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    raw: &RawMisdelivery,
) -> Option<MessageFault> {
    let broker = broker(cx, world, &at.key("target"), &raw.target);
    if raw.duplicates.is_none() && raw.late.is_none() {
        let message = "a `misdelivery` without `duplicates` and `late` does nothing";
        cx.error(codes::MISSING, at, message, "add `duplicates: 1%`, or `late: 5%` with `by: 30s`");
    }
    if raw.late.is_some() != raw.by.is_some() {
        cx.error(codes::MISSING, at, "`late` and `by` go together", "such as `late: 5%` and `by: 30s`");
    }
    let share = |cx: &mut Context<'_>, key: &str, text: Option<&ShareText>| {
        text.map_or(Some(0.0), |text| cx.share(&at.key(key), text))
    };
    let duplicates = share(cx, "duplicates", raw.duplicates.as_ref());
    let late = share(cx, "late", raw.late.as_ref());
    let by = cx.time_law_opt(&at.key("by"), raw.by.as_ref()).unwrap_or(Law::Constant(0.0));
    Some(MessageFault::Misdelivery { broker: broker?, duplicates: duplicates?, late: late?, by })
}

fn full(cx: &mut Context<'_>, world: &World<'_>, at: &At, raw: &RawBrokerFull) -> Option<MessageFault> {
    let share = cx.share_above_zero(&at.key("share"), "`share`", &raw.share);
    let target = at.key("target");
    let broker = broker(cx, world, &target, &raw.target)?;
    if world.messaging.brokers[broker].capacity.is_none() {
        let message = format!("`{}` has room without end, so none can be gone", raw.target);
        cx.error(codes::NO_MECHANISM, &target, message, "give its `broker` a `capacity`");
    }
    Some(MessageFault::Full { broker, share: share? })
}

fn lost_timers(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    raw: &RawLostTimers,
) -> Option<MessageFault> {
    let share = match &raw.share {
        None => Some(1.0),
        Some(text) => cx.share_above_zero(&at.key("share"), "`share`", text),
    };
    let target = at.key("target");
    let component = world.directory.component(cx, &target, &raw.target)?;
    let has_timer = world.messaging.brokers.iter();
    let mut has_timer =
        has_timer.filter(|broker| broker.kind == BrokerKind::Schedule && broker.component == component);
    if has_timer.next().is_none() {
        let message = format!("`{}` has no schedules", raw.target);
        cx.error(codes::NO_MECHANISM, &target, message, "give it `schedules:`");
    }
    Some(MessageFault::LostTimers { component, share: share? })
}
