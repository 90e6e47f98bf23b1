//! Faults on the life of replicas: what they do, by their word in the file.

use super::codes;
use super::context::{At, Context};
use super::faults::World;
use super::model::{Backoff, ComponentId, Effect, ReplicaRef};
use super::targets::resolve_replicas;
use crate::dist::Law;
use crate::spec::law::parse_backoff;
use crate::spec::raw::{
    RawCapacityDenied, RawCrashLoop, RawFault, RawQuotaFault, RawReclaim, RawRestart, RawTarget,
};
use crate::units::SimSpan;

/// Time that a replica of a crash loop runs, in nanoseconds, if none is stated.
const RUNS_DEFAULT: f64 = 1e9;
/// Back-off of a crash loop that states none: 10 s, doubling to five minutes
/// (kubernetes.io, Pod lifecycle, container restarts).
const BACKOFF_DEFAULT: &str = "exponential(10s 5m)";
/// Notice of a reclaim that states none: what EC2 gives to spot instances
/// (docs.aws.amazon.com, Spot Instance interruption notices).
const NOTICE_DEFAULT: SimSpan = SimSpan::from_secs(120);
/// Time between two batches of a restart that states none.
const EVERY_DEFAULT: SimSpan = SimSpan::from_secs(60);

/// The effect of a fault on the life of replicas; the inner `None` is a mistake.
pub(super) fn resolve_replica_effect(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    salt: &str,
    raw: &RawFault,
) -> Option<Option<Effect>> {
    let replicas = |cx: &mut Context<'_>, target: &RawTarget| {
        let replicas = resolve_replicas(cx, world, &at.key("target"), salt, target)?;
        refuse_serverless(cx, world, &at.key("target"), &replicas)?;
        Some(replicas)
    };
    if let Some(raw) = &raw.crash_loop {
        let replicas = replicas(cx, &raw.target);
        return Some(crash_loop(cx, at, raw, replicas));
    }
    if let Some(raw) = &raw.restart {
        let replicas = replicas(cx, &raw.target);
        return Some(restart(cx, at, raw, replicas));
    }
    if let Some(raw) = &raw.reclaim {
        let replicas = replicas(cx, &raw.target);
        return Some(reclaim(cx, at, raw, replicas));
    }
    if let Some(raw) = &raw.capacity_denied {
        return Some(capacity_denied(cx, world, at, salt, raw));
    }
    raw.quota.as_ref().map(|raw| quota(cx, at, raw))
}

/// Instances of a serverless platform come and go by its own rules.
fn refuse_serverless(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    replicas: &[ReplicaRef],
) -> Option<()> {
    let found = replicas.iter().find(|replica| world.components[replica.component].serverless.is_some());
    let Some(found) = found else { return Some(()) };
    let name = &world.components[found.component].name;
    let message = format!("`{name}` has instances and no replicas");
    cx.error(codes::NO_MECHANISM, at, message, "use `crash`, `outage` or `capacity-denied`");
    None
}

fn crash_loop(
    cx: &mut Context<'_>,
    at: &At,
    raw: &RawCrashLoop,
    replicas: Option<Vec<ReplicaRef>>,
) -> Option<Effect> {
    let runs = match &raw.runs {
        None => Some(Law::Constant(RUNS_DEFAULT)),
        Some(text) => cx.time_law(&at.key("runs"), text),
    };
    let backoff = raw.backoff.as_ref().map_or(BACKOFF_DEFAULT, |text| text.as_str());
    let backoff = cx.value(&at.key("backoff"), parse_backoff(backoff));
    let (runs, backoff) = (runs?, backoff?);
    if runs.mean() < 1.0 && backoff == Backoff::None {
        let message = "a replica that neither runs nor pauses crashes for ever at one instant";
        cx.error(codes::BAD_SCHEDULE, at, message, "give `runs` or `backoff`");
        return None;
    }
    Some(Effect::CrashLoop { replicas: replicas?, runs, backoff })
}

fn restart(
    cx: &mut Context<'_>,
    at: &At,
    raw: &RawRestart,
    replicas: Option<Vec<ReplicaRef>>,
) -> Option<Effect> {
    let batch = match &raw.batch {
        None => Some(1.0),
        Some(text) => cx.share_above_zero(&at.key("batch"), "`batch`", text),
    };
    let every = match &raw.every {
        None => Some(EVERY_DEFAULT),
        Some(text) => cx.span_above_zero(&at.key("every"), "`every`", text),
    };
    let graceful = raw.graceful.unwrap_or(true);
    Some(Effect::Restart { replicas: replicas?, batch: batch?, every: every?, graceful })
}

fn reclaim(
    cx: &mut Context<'_>,
    at: &At,
    raw: &RawReclaim,
    replicas: Option<Vec<ReplicaRef>>,
) -> Option<Effect> {
    let notice = cx.span_or(&at.key("notice"), raw.notice.as_ref(), NOTICE_DEFAULT);
    Some(Effect::Reclaim { replicas: replicas?, notice })
}

fn capacity_denied(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    salt: &str,
    raw: &RawCapacityDenied,
) -> Option<Effect> {
    let replicas = resolve_replicas(cx, world, &at.key("target"), salt, &raw.target)?;
    let mut components: Vec<ComponentId> = replicas.iter().map(|replica| replica.component).collect();
    components.dedup();
    let asks = |id: &ComponentId| {
        let component = &world.components[*id];
        let replaces = component.health.as_ref().is_some_and(|health| health.replaces);
        component.scaling.is_some() || component.serverless.is_some() || replaces
    };
    if !components.iter().any(asks) {
        let message = "none of the targets ever asks for a replica, so nothing can be denied";
        let help = "give it `replicas: { max: ..., track: ... }`";
        cx.error(codes::NO_MECHANISM, &at.key("target"), message, help);
    }
    let share = cx.share_or(&at.key("share"), raw.share.as_ref(), 1.0);
    Some(Effect::CapacityDenied { components, share: share? })
}

fn quota(cx: &mut Context<'_>, at: &At, raw: &RawQuotaFault) -> Option<Effect> {
    let amount = cx.count(&at.key("amount"), "`amount`", &raw.amount);
    let limits = &cx.input.topology.limits;
    let Some(limit) = limits.get_index_of(&raw.limit) else {
        cx.unknown(&at.key("limit"), "limit", &raw.limit, limits.keys().map(String::as_str));
        return None;
    };
    Some(Effect::Quota { limit, amount: amount? })
}
