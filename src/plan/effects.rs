//! What a fault does, by its word in the file.

use super::cache_faults::{exhausted_memory, resolve_cache_effect};
use super::codes;
use super::context::{At, Context};
use super::damage_faults::{bursts, damage_target, path_ends, resolve_damage};
use super::fault_effects::{bad_output, clock_skew};
use super::faults::World;
use super::message_faults::{message_target, resolve_message_fault};
use super::model::{
    Bucket, Caller, ComponentId, Effect, ErrorClass, Exhausted, Holding, OperationId, OutageMode, Path,
    ReplicaRef, Source,
};
use super::names::{resolve_routing_effect, routing_target};
use super::places::{RETRANSMIT_DEFAULT, loss};
use super::policy::error_class;
use super::replica_faults::resolve_replica_effect;
use super::security::{block, expire, rotate};
use super::session_faults::{resolve_session_effect, session_target};
use super::targets::{resolve_end, resolve_replicas};
use crate::dist::Law;
use crate::spec::raw::{
    RawCrash, RawEnd, RawExhaust, RawFault, RawGray, RawOutageMode, RawPacketLoss, RawSlow, RawSpikeFault,
    RawTarget, RawThrottle,
};

/// How one family of faults is resolved; the inner `None` is a mistake.
type Resolve = fn(&mut Context<'_>, &World<'_>, &At, &str, &RawFault) -> Option<Option<Effect>>;

/// The effect of a fault that has exactly one.
pub(super) fn resolve_effect(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    salt: &str,
    raw: &RawFault,
) -> Option<Effect> {
    let replicas = |cx: &mut Context<'_>, target: &RawTarget| {
        resolve_replicas(cx, world, &at.key("target"), salt, target)
    };
    if let Some(raw) = &raw.crash {
        let replicas = replicas(cx, &raw.target);
        return crash(cx, at, raw, replicas);
    }
    if let Some(raw) = &raw.pause {
        return replicas(cx, &raw.target).map(|replicas| Effect::Pause { replicas });
    }
    if let Some(raw) = &raw.slow {
        let replicas = replicas(cx, &raw.target);
        return slow(cx, at, raw, replicas);
    }
    if let Some(raw) = &raw.gray {
        let replicas = replicas(cx, &raw.target);
        return gray(cx, world, at, raw, replicas);
    }
    if let Some(raw) = &raw.exhaust {
        return exhaust(cx, world, at, salt, raw);
    }
    if let Some(raw) = &raw.outage {
        let mode = outage_mode(raw.mode.unwrap_or(RawOutageMode::Refuse));
        return replicas(cx, &raw.target).map(|replicas| Effect::Outage { replicas, mode });
    }
    if let Some(raw) = &raw.bad_output {
        let replicas = replicas(cx, &raw.target);
        return bad_output(cx, world, at, raw, replicas);
    }
    if let Some(raw) = &raw.clock_skew {
        let replicas = replicas(cx, &raw.target);
        return clock_skew(cx, at, raw, replicas);
    }
    if let Some(raw) = &raw.expire {
        return expire(cx, at, raw);
    }
    if let Some(raw) = &raw.rotate {
        return rotate(cx, at, raw);
    }
    if let Some(raw) = &raw.block {
        return block(cx, world, at, raw);
    }
    if let Some(raw) = &raw.throttle {
        return throttle(cx, world, at, raw);
    }
    if let Some(raw) = &raw.spike {
        return spike(cx, world, at, raw);
    }
    let families: [Resolve; 6] = [
        resolve_path_effect,
        resolve_routing_effect,
        resolve_replica_effect,
        resolve_cache_effect,
        resolve_damage,
        resolve_session_effect,
    ];
    if let Some(effect) = families.iter().find_map(|resolve| resolve(cx, world, at, salt, raw)) {
        return effect;
    }
    resolve_message_fault(cx, world, at, raw).map(Effect::Messages)
}

fn outage_mode(raw: RawOutageMode) -> OutageMode {
    match raw {
        RawOutageMode::Refuse => OutageMode::Refuse,
        RawOutageMode::Error => OutageMode::Error,
        RawOutageMode::Reset => OutageMode::Reset,
        RawOutageMode::BlackHole => OutageMode::BlackHole,
    }
}

/// The effect of a fault on messages between two ends, if it is one.
fn resolve_path_effect(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    _: &str,
    raw: &RawFault,
) -> Option<Option<Effect>> {
    let path = |cx: &mut Context<'_>, from: &RawEnd, to: &RawEnd, one_way: Option<bool>| {
        path(cx, world, at, from, to, one_way)
    };
    if let Some(raw) = &raw.latency {
        let path = path(cx, &raw.from, &raw.to, raw.one_way);
        let add = cx.time_law(&at.key("add"), &raw.add);
        return Some(path.zip(add).map(|(path, add)| Effect::Latency { path, add }));
    }
    if let Some(raw) = &raw.packet_loss {
        let path = path(cx, &raw.from, &raw.to, raw.one_way);
        return Some(packet_loss(cx, at, raw, path));
    }
    if let Some(raw) = &raw.bandwidth {
        let path = path(cx, &raw.from, &raw.to, raw.one_way);
        let limit = cx.bandwidth(&at.key("limit"), &raw.limit);
        return Some(path.zip(limit).map(|(path, bytes_per_sec)| Effect::Bandwidth { path, bytes_per_sec }));
    }
    if let Some(raw) = &raw.partition {
        let path = path(cx, &raw.from, &raw.to, raw.one_way);
        let refuses = raw.refuse.unwrap_or(false);
        return Some(path.map(|path| Effect::Partition { path, refuses }));
    }
    None
}

pub(super) fn path(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    from: &RawEnd,
    to: &RawEnd,
    one_way: Option<bool>,
) -> Option<Path> {
    let from = resolve_end(cx, world, &at.key("from"), from);
    let to = resolve_end(cx, world, &at.key("to"), to);
    Some(Path { from: from?, to: to?, both_ways: !one_way.unwrap_or(false) })
}

fn crash(cx: &mut Context<'_>, at: &At, raw: &RawCrash, replicas: Option<Vec<ReplicaRef>>) -> Option<Effect> {
    let restart = match &raw.restart {
        None => Some(Law::Constant(0.0)),
        Some(text) => cx.time_law(&at.key("restart"), text),
    };
    Some(Effect::Crash { replicas: replicas?, graceful: raw.graceful.unwrap_or(false), restart: restart? })
}

fn slow(cx: &mut Context<'_>, at: &At, raw: &RawSlow, replicas: Option<Vec<ReplicaRef>>) -> Option<Effect> {
    let factor = cx.number(&at.key("factor"), &raw.factor)?;
    if factor <= 1.0 {
        let message = format!("`factor` says how many times slower, so it must be above 1, not {factor}");
        cx.error(codes::OUT_OF_RANGE, &at.key("factor"), message, "");
    }
    Some(Effect::Slow { replicas: replicas?, factor })
}

fn gray(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    raw: &RawGray,
    replicas: Option<Vec<ReplicaRef>>,
) -> Option<Effect> {
    if raw.errors.is_none() && raw.latency.is_none() {
        let message = "a `gray` fault without `errors` and `latency` does nothing";
        cx.error(codes::MISSING, at, message, "add `errors: 10%` or `latency: 2s`");
    }
    if raw.class.is_some() && raw.errors.is_none() {
        cx.error(codes::MISSING, &at.key("class"), "`class` needs `errors`", "add `errors: 10%`");
    }
    let is_late = raw.after_work.unwrap_or(false);
    if is_late && raw.latency.is_some() {
        let message = "`latency` comes before the work, and `after-work` fails requests after it";
        cx.error(codes::CONTRADICTION, &at.key("latency"), message, "make a fault of each");
    }
    let default = if is_late { ErrorClass::Reset } else { ErrorClass::Error };
    let errors = cx.share_or(&at.key("errors"), raw.errors.as_ref(), 0.0);
    let latency = cx.time_law_opt(&at.key("latency"), raw.latency.as_ref());
    let callers = callers(cx, world, &at.key("callers"), &raw.callers);
    let replicas = replicas?;
    let operations = operations(cx, world, &at.key("operations"), &raw.operations, &replicas);
    Some(Effect::Gray {
        errors: errors?,
        class: raw.class.map_or(default, error_class),
        latency,
        callers: callers?,
        operations: operations?,
        is_blind: raw.health_blind.unwrap_or(false),
        is_late,
        replicas,
    })
}

fn callers(cx: &mut Context<'_>, world: &World<'_>, at: &At, names: &[String]) -> Option<Vec<Caller>> {
    if names.is_empty() {
        return Some(Vec::new());
    }
    resolve_end(cx, world, at, &RawEnd::Many(names.to_vec()))
}

/// Operations of the targets, by name alone or as `component.operation`.
pub(super) fn operations(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    names: &[String],
    replicas: &[ReplicaRef],
) -> Option<Vec<(ComponentId, OperationId)>> {
    let mut targets: Vec<ComponentId> = replicas.iter().map(|replica| replica.component).collect();
    targets.dedup();
    let mut found = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let before = found.len();
        for id in &targets {
            let entry = &world.directory.components[*id];
            let own = name.strip_prefix(entry.name.as_str()).and_then(|rest| rest.strip_prefix('.'));
            let operation = entry.operations.get_index_of(own.unwrap_or(name));
            found.extend(operation.map(|operation| (*id, operation)));
        }
        if found.len() == before {
            let known = targets.iter().flat_map(|id| &world.directory.components[*id].operations);
            cx.unknown(&at.index(index), "operation of the targets called", name, known.map(String::as_str));
            return None;
        }
    }
    found.sort_unstable();
    found.dedup();
    Some(found)
}

fn exhaust(cx: &mut Context<'_>, world: &World<'_>, at: &At, salt: &str, raw: &RawExhaust) -> Option<Effect> {
    let share = cx.share(&at.key("share"), &raw.share);
    let what = match (&raw.threads, &raw.pool, &raw.connections) {
        (None, None, None) if raw.memory.is_some() => raw
            .memory
            .as_ref()
            .and_then(|target| exhausted_memory(cx, world, &at.key("memory"), salt, target)),
        _ if raw.memory.is_some() => {
            let message = "`memory` excludes `threads`, `pool` and `connections`";
            cx.error(codes::CONTRADICTION, &at.key("memory"), message, "make a fault of each");
            None
        }
        (Some(target), None, None) => exhausted_threads(cx, world, &at.key("threads"), salt, target),
        (None, Some(name), None) => exhausted_pool(cx, world, &at.key("pool"), name),
        (None, None, Some(name)) => {
            let at = at.key("connections");
            let component = world.directory.component(cx, &at, name)?;
            if world.components[component].connections_max.is_none() {
                let message = format!("`{name}` accepts any number of connections, so none can be used up");
                cx.error(
                    codes::NO_MECHANISM,
                    &at,
                    message,
                    format!("give `{name}` a limit with `connections:`"),
                );
            }
            Some(Exhausted::Connections(component))
        }
        _ => {
            let message = "`exhaust` has exactly one of `threads`, `memory`, `pool` and `connections`";
            cx.error(codes::CONTRADICTION, at, message, "");
            None
        }
    };
    Some(Effect::Exhaust { what: what?, share: share? })
}

fn exhausted_threads(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    salt: &str,
    target: &RawTarget,
) -> Option<Exhausted> {
    let replicas = resolve_replicas(cx, world, at, salt, target)?;
    let mut targets: Vec<ComponentId> = replicas.iter().map(|replica| replica.component).collect();
    targets.dedup();
    for id in targets {
        let component = &world.components[id];
        if matches!(component.holding, Holding::Threads { per_replica: None, .. }) {
            let message = format!("`{}` has unlimited threads, so none can be used up", component.name);
            cx.error(
                codes::NO_MECHANISM,
                at,
                message,
                format!("give `{}` a number of `threads`", component.name),
            );
        }
    }
    Some(Exhausted::Threads(replicas))
}

fn exhausted_pool(cx: &mut Context<'_>, world: &World<'_>, at: &At, name: &str) -> Option<Exhausted> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some(policy) = world.policies.iter().position(|policy| policy.name == name) else {
        let pooled = world.policies.iter().filter(|policy| policy.pool.is_some());
        cx.unknown(at, "call", &name, pooled.map(|policy| policy.name.as_str()));
        return None;
    };
    let Some(pool) = &world.policies[policy].pool else {
        let message = format!("`{name}` has no pool: each call opens a connection of its own");
        cx.error(codes::NO_MECHANISM, at, message, "give the caller's entry under `calls` a `pool`");
        return None;
    };
    // Calls that share a pool run out of it together, whichever of them the file names.
    Some(Exhausted::Pool(pool.owner))
}

fn throttle(cx: &mut Context<'_>, world: &World<'_>, at: &At, raw: &RawThrottle) -> Option<Effect> {
    let component = world.directory.component(cx, &at.key("target"), &raw.target);
    let rate = cx.rate(&at.key("rate"), &raw.rate);
    let rate = rate.and_then(|rate| cx.above_zero(&at.key("rate"), "`rate`", rate));
    let burst = match &raw.burst {
        None => rate.map(|rate| rate.max(1.0)),
        Some(text) => cx.number(&at.key("burst"), text),
    };
    let bucket = Bucket { rate_per_sec: rate?, burst: burst?, stretch: None };
    if bucket.burst < 1.0 && raw.limit.is_none() {
        let message = format!("no request ever passes a `burst` of {}", bucket.burst);
        cx.error(
            codes::OUT_OF_RANGE,
            &at.key("burst"),
            message,
            "it must be at least 1; an `outage` stops everything",
        );
    }
    let limit = match (&raw.limit, component) {
        (Some(name), Some(component)) => Some(limit(cx, world, &at.key("limit"), component, name)?),
        _ => None,
    };
    Some(Effect::Throttle {
        component: component?,
        limit,
        bucket,
        retry_after: raw.retry_after.unwrap_or(true),
    })
}

/// The limit of a component with this name.
fn limit(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    component: ComponentId,
    name: &str,
) -> Option<usize> {
    let component = &world.components[component];
    let found = component.admission.iter().position(|limit| limit.name == name);
    if found.is_none() {
        let known = component.admission.iter().map(|limit| limit.name.as_str());
        cx.unknown(at, &format!("limit of `{}` called", component.name), name, known);
    }
    found
}

fn packet_loss(cx: &mut Context<'_>, at: &At, raw: &RawPacketLoss, path: Option<Path>) -> Option<Effect> {
    let loss = loss(cx, &at.key("loss"), &raw.loss);
    let retransmit = match &raw.retransmit {
        None => Some(RETRANSMIT_DEFAULT),
        Some(text) => cx.span_above_zero(&at.key("retransmit"), "`retransmit`", text),
    };
    let bursts = match &raw.bursts {
        None => None,
        Some(raw) => Some(bursts(cx, &at.key("bursts"), raw)?),
    };
    Some(Effect::PacketLoss { path: path?, loss: loss?, retransmit: retransmit?, bursts })
}

fn spike(cx: &mut Context<'_>, world: &World<'_>, at: &At, raw: &RawSpikeFault) -> Option<Effect> {
    let factor = cx.number(&at.key("factor"), &raw.factor);
    if let Some(factor) = factor.filter(|factor| *factor <= 1.0) {
        let message = format!("`factor` says how many times more, so it must be above 1, not {factor}");
        cx.error(
            codes::OUT_OF_RANGE,
            &at.key("factor"),
            message,
            "give the load itself a curve to make it fall",
        );
    }
    let Some(workload) = world.workloads.iter().position(|workload| workload.name == raw.load) else {
        // A load with a mistake of its own is not in the list, but it is no unknown name.
        if !cx.input.scenario.load.contains_key(&raw.load) {
            let loads = cx.input.scenario.load.keys().map(String::as_str);
            cx.unknown(&at.key("load"), "load", &raw.load, loads);
        }
        return None;
    };
    match world.workloads[workload].source {
        Source::Open { .. } => {}
        Source::Modulated { .. } | Source::Replay { .. } | Source::Closed { .. } | Source::Sessions(_) => {
            let message = format!("`{}` has no `rate` that could grow", raw.load);
            cx.error(
                codes::NO_MECHANISM,
                &at.key("load"),
                message,
                "add a second load with a `rate` instead",
            );
        }
    }
    Some(Effect::Spike { workload, factor: factor? })
}

/// Whose replicas a fault hits, as the file says it.
pub(super) fn replica_target(raw: &RawFault) -> Option<&RawTarget> {
    raw.crash
        .as_ref()
        .map(|raw| &raw.target)
        .or(raw.pause.as_ref().map(|raw| &raw.target))
        .or(raw.slow.as_ref().map(|raw| &raw.target))
        .or(raw.gray.as_ref().map(|raw| &raw.target))
        .or(raw.outage.as_ref().map(|raw| &raw.target))
        .or(raw.crash_loop.as_ref().map(|raw| &raw.target))
        .or(raw.restart.as_ref().map(|raw| &raw.target))
        .or(raw.reclaim.as_ref().map(|raw| &raw.target))
        .or(raw.capacity_denied.as_ref().map(|raw| &raw.target))
        .or(raw.flush.as_ref().map(|raw| &raw.target))
        .or(raw.reshard.as_ref().map(|raw| &raw.target))
        .or(raw.bad_output.as_ref().map(|raw| &raw.target))
        .or(raw.clock_skew.as_ref().map(|raw| &raw.target))
        .or(raw.disconnect.as_ref().map(|raw| &raw.target))
        .or(damage_target(raw))
        .or(raw.exhaust.as_ref().and_then(|raw| raw.threads.as_ref().or(raw.memory.as_ref())))
}

/// A fault's word and what it hits, as the file says it.
pub(super) fn default_name(word: &str, raw: &RawFault) -> String {
    let target = replica_target(raw);
    let ends = (raw.latency.as_ref().map(|raw| (&raw.from, &raw.to)))
        .or(raw.packet_loss.as_ref().map(|raw| (&raw.from, &raw.to)))
        .or(raw.bandwidth.as_ref().map(|raw| (&raw.from, &raw.to)))
        .or(raw.block.as_ref().map(|raw| (&raw.from, &raw.to)))
        .or(raw.partition.as_ref().map(|raw| (&raw.from, &raw.to)))
        .or(path_ends(raw));
    let what = if let Some(target) = target {
        target_text(target)
    } else if let Some((from, to)) = ends {
        format!("{} -> {}", end_text(from), end_text(to))
    } else if let Some(raw) = &raw.throttle {
        raw.target.clone()
    } else if let Some(raw) = &raw.quota {
        raw.limit.clone()
    } else if let Some(raw) = &raw.expire {
        raw.credential.clone()
    } else if let Some(raw) = &raw.rotate {
        raw.credential.clone()
    } else if let Some(raw) = &raw.spike {
        raw.load.clone()
    } else if let Some(raw) = &raw.bad_cache_key {
        raw.target.clone()
    } else if let Some(raw) = &raw.hot_key {
        raw.key.clone()
    } else if let Some(target) = message_target(raw).or(session_target(raw)).or(routing_target(raw)) {
        target.to_owned()
    } else {
        let exhaust = raw.exhaust.as_ref();
        let named = exhaust.and_then(|raw| raw.pool.as_ref().or(raw.connections.as_ref()));
        named.cloned().unwrap_or_default()
    };
    format!("{word} {what}")
}

fn target_text(target: &RawTarget) -> String {
    match target {
        RawTarget::Name(name) => name.clone(),
        RawTarget::Selector(selector) => {
            let named = [
                ("", &selector.component),
                ("kind ", &selector.kind),
                ("tag ", &selector.tag),
                ("place ", &selector.place),
            ];
            let parts =
                named.iter().filter_map(|(word, name)| name.as_ref().map(|name| format!("{word}{name}")));
            parts.collect::<Vec<_>>().join(", ")
        }
    }
}

fn end_text(end: &RawEnd) -> String {
    match end {
        RawEnd::One(name) => name.clone(),
        RawEnd::Many(names) => names.join(", "),
    }
}
