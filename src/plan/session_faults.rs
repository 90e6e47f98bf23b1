//! Faults of sessions.

use super::codes;
use super::context::{At, Context};
use super::faults::World;
use super::model::{ComponentId, Effect, ReplicaRef, Schedule, SessionFault};
use super::targets::resolve_replicas;
use crate::spec::raw::{RawDisconnect, RawFault, RawIdleTimeoutFault};
use crate::units::SimSpan;

/// Faults that are over as soon as they have happened; what they broke stays broken.
const MOMENTARY: [&str; 2] = ["disconnect", "forget-sessions"];
/// How long such a fault is said to last: there is a time before and a time after it.
const MOMENT: SimSpan = SimSpan::from_millis(1);

/// The component that such a fault hits, as the file says it; targets with selectors are told elsewhere.
pub(super) fn session_target(raw: &RawFault) -> Option<&str> {
    let forget = raw.forget_sessions.as_ref().map(|raw| raw.target.as_str());
    forget.or(raw.idle_timeout.as_ref().map(|raw| raw.target.as_str()))
}

/// The effect of a fault of sessions, if it is one.
pub(super) fn resolve_session_effect(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    salt: &str,
    raw: &RawFault,
) -> Option<Option<Effect>> {
    let fault = if let Some(raw) = &raw.disconnect {
        disconnect(cx, world, at, salt, raw)
    } else if let Some(raw) = &raw.forget_sessions {
        let component = component(cx, world, &at.key("target"), &raw.target);
        component.map(|component| SessionFault::Forget { component })
    } else {
        let raw = raw.idle_timeout.as_ref()?;
        idle_timeout(cx, world, at, raw)
    };
    Some(fault.map(Effect::Sessions))
}

/// Gives a fault without a length its moment, and complains of one that was given a length.
pub(super) fn momentary(cx: &mut Context<'_>, at: &At, word: &str, schedule: Schedule) -> Schedule {
    if !MOMENTARY.contains(&word) {
        return schedule;
    }
    match schedule {
        Schedule::Once { at, length: None, ramp, flap } => {
            Schedule::Once { at, length: Some(MOMENT), ramp, flap }
        }
        other => {
            let message = format!("`{word}` happens at one moment and has no length");
            let help = "an `outage` keeps users from coming back";
            cx.error(codes::BAD_SCHEDULE, &at.key("for"), message, help);
            other
        }
    }
}

fn disconnect(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    salt: &str,
    raw: &RawDisconnect,
) -> Option<SessionFault> {
    let replicas = resolve_replicas(cx, world, &at.key("target"), salt, &raw.target);
    let share = match &raw.share {
        None => Some(1.0),
        Some(text) => cx.share_above_zero(&at.key("share"), "`share`", text),
    };
    let replicas: Vec<ReplicaRef> = replicas?;
    if !replicas.iter().any(|replica| world.components[replica.component].sessions.is_some()) {
        let message = "nothing that is hit has `sessions`";
        cx.error(codes::NO_MECHANISM, &at.key("target"), message, "");
    }
    Some(SessionFault::Disconnect { replicas, share: share?, half_open: raw.half_open.unwrap_or(false) })
}

fn idle_timeout(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    raw: &RawIdleTimeoutFault,
) -> Option<SessionFault> {
    let component = component(cx, world, &at.key("target"), &raw.target);
    let to = cx.span_above_zero(&at.key("to"), "`to`", &raw.to);
    let (component, to) = (component?, to?);
    let own = world.components[component].sessions.as_ref().and_then(|rules| rules.idle_timeout);
    if own.is_some_and(|own| own <= to) {
        let message = format!("`{}` closes idle sessions sooner than {to} anyway", raw.target);
        cx.warning(codes::NO_EFFECT, &at.key("to"), message, "the shorter timeout counts");
    }
    Some(SessionFault::IdleTimeout { component, to, half_open: raw.half_open.unwrap_or(false) })
}

/// The component with this name, which must have sessions.
fn component(cx: &mut Context<'_>, world: &World<'_>, at: &At, name: &str) -> Option<ComponentId> {
    let component = world.directory.component(cx, at, name)?;
    if world.components[component].sessions.is_none() {
        let message = format!("`{name}` has no sessions");
        cx.error(codes::NO_MECHANISM, at, message, format!("give `{name}` a `sessions: {{}}`"));
    }
    Some(component)
}
