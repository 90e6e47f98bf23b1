//! Components without their operations: what they hold, where they wait, and
//! what they remember.

use super::admission::resolve_admission;
use super::caches::{resolve_cache, resolve_shards};
use super::codes;
use super::conditional_writes::store;
use super::context::{At, Context};
use super::directory::Directory;
use super::language_models::{meters, model};
use super::model::{Component, ComponentId, Discipline, Holding, Queue};
use super::overload::{contention, resolve_concurrency, standing};
use super::replicas::resolve_replica_rules;
use super::security::{credential, firewall, reachable_from};
use super::sessions::session_rules;
use crate::spec::raw::{RawComponent, RawDiscipline, RawQueue};

/// Most replicas of all components together.
const REPLICAS_TOTAL_MAX: u64 = 1_000_000;
/// Kind of a component that states none.
const KIND_DEFAULT: &str = "core/service";

/// All components, their operations still empty.
pub(super) fn resolve_components(cx: &mut Context<'_>, directory: &Directory) -> Vec<Component> {
    let raw = &cx.input.topology.components;
    let mut components: Vec<Component> =
        raw.values().enumerate().map(|(id, raw)| component(cx, directory, id, raw)).collect();
    let total: u64 = components.iter().map(|component| u64::from(component.slots())).sum();
    if total > REPLICAS_TOTAL_MAX {
        let message = format!("there are {total} replicas in all, more than {REPLICAS_TOTAL_MAX}");
        cx.error(codes::TOO_BIG, &At::topology("components"), message, "let one replica stand for several");
        components.iter_mut().for_each(|component| {
            (component.replicas, component.scaling, component.serverless) = (1, None, None);
        });
    }
    components
}

fn component(cx: &mut Context<'_>, directory: &Directory, id: ComponentId, raw: &RawComponent) -> Component {
    let entry = &directory.components[id];
    let at = At::topology("components").key(&entry.name);
    let holding = holding(cx, &at, raw);
    let rules = resolve_replica_rules(cx, &at, raw, &holding);
    let queue = queue(cx, &at, raw.queue.as_ref(), &holding);
    let contention = raw.contention.as_ref().and_then(|raw| contention(cx, &at, raw, &holding));
    Component {
        name: entry.name.clone(),
        kind: raw.kind.clone().unwrap_or_else(|| KIND_DEFAULT.to_owned()),
        tags: raw.tags.clone(),
        place: entry.place,
        replicas: rules.count,
        lifecycle: rules.lifecycle,
        scaling: rules.scaling,
        serverless: rules.serverless,
        health: None,
        speed: raw
            .speed
            .as_ref()
            .and_then(|text| cx.number_above_zero(&at.key("speed"), "`speed`", text))
            .unwrap_or(1.0),
        firewall: firewall(cx, directory, &at.key("firewall"), &raw.firewall),
        certificate: raw.certificate.as_ref().and_then(|name| credential(cx, &at.key("certificate"), name)),
        reachable_from: raw
            .reachable_from
            .as_ref()
            .map(|raw| reachable_from(cx, directory, &at.key("reachable-from"), raw)),
        admission: resolve_admission(cx, directory, &at.key("admission"), &raw.admission, entry),
        concurrency: resolve_concurrency(cx, &at.key("admission"), &raw.admission),
        connections_max: cx.small_count_or_unlimited(
            &at.key("connections"),
            "`connections`",
            raw.connections.as_ref(),
            1,
        ),
        cache: raw.cache.as_ref().map(|raw| resolve_cache(cx, directory, &at.key("cache"), entry, raw)),
        shards: resolve_shards(cx, &at.key("shards"), raw.shards.as_ref()),
        store: raw.store.as_ref().map(|raw| store(cx, directory, &at.key("store"), raw)),
        model: raw.model.as_ref().and_then(|raw| model(cx, &at.key("model"), raw, entry)),
        meters: meters(cx, &at, raw, entry),
        sessions: raw.sessions.as_ref().map(|raw| session_rules(cx, &at.key("sessions"), raw, &holding)),
        operations: Vec::new(),
        holding,
        contention,
        queue,
    }
}

fn holding(cx: &mut Context<'_>, at: &At, raw: &RawComponent) -> Holding {
    let cores = raw.cores.as_ref().and_then(|text| cx.number_above_zero(&at.key("cores"), "`cores`", text));
    let threads = cx.small_count_or_unlimited(&at.key("threads"), "`threads`", raw.threads.as_ref(), 1);
    // One request for each instance, unless the file says otherwise.
    let threads = threads.or(raw.serverless.as_ref().filter(|_| raw.threads.is_none()).map(|_| 1));
    let shares_cores = is_processor_sharing(raw);
    if raw.is_async == Some(true) {
        return async_holding(cx, at, raw, cores);
    }
    if shares_cores && threads.is_some() {
        let message = "`processor-sharing` serves everyone at once, so `threads` must be unlimited";
        cx.error(
            codes::CONTRADICTION,
            &at.key("threads"),
            message,
            "remove `threads`, or choose another discipline",
        );
    }
    if let (Some(cores), Some(threads)) = (cores, threads)
        && cores > f64::from(threads)
    {
        let message = format!("{threads} threads never use more than {threads} of the {cores} cores");
        cx.warning(codes::NO_EFFECT, &at.key("cores"), message, "");
    }
    Holding::Threads { per_replica: threads, cores: if shares_cores { cores.or(Some(1.0)) } else { cores } }
}

fn is_processor_sharing(raw: &RawComponent) -> bool {
    let discipline = raw.queue.as_ref().and_then(|queue| queue.discipline);
    discipline == Some(RawDiscipline::ProcessorSharing)
}

fn async_holding(cx: &mut Context<'_>, at: &At, raw: &RawComponent, cores: Option<f64>) -> Holding {
    if raw.threads.is_some() {
        let message = "`async` and `threads` exclude each other";
        cx.error(
            codes::CONTRADICTION,
            &at.key("threads"),
            message,
            "an event loop has `cores` instead of threads",
        );
    }
    if is_processor_sharing(raw) {
        let message = "`processor-sharing` needs threads, and `async` has none";
        cx.error(codes::CONTRADICTION, &at.key("queue").key("discipline"), message, "remove `async`");
    }
    let cores = cores.unwrap_or(1.0);
    if cores.fract() != 0.0 || cores > f64::from(u32::MAX) {
        let message = format!("an `async` component needs a whole number of cores, not {cores}");
        cx.error(codes::OUT_OF_RANGE, &at.key("cores"), message, "use `speed` for slower or faster cores");
    }
    Holding::Async { cores: cores as u32 }
}

fn queue(cx: &mut Context<'_>, at: &At, raw: Option<&RawQueue>, holding: &Holding) -> Queue {
    let at = at.key("queue");
    let Some(raw) = raw else {
        return Queue::default();
    };
    let queue = Queue {
        capacity: cx.small_count_or_unlimited(&at.key("capacity"), "`capacity`", raw.capacity.as_ref(), 0),
        discipline: match raw.discipline.unwrap_or(RawDiscipline::Fifo) {
            RawDiscipline::Fifo | RawDiscipline::ProcessorSharing | RawDiscipline::Codel => Discipline::Fifo,
            RawDiscipline::AdaptiveLifo => Discipline::AdaptiveLifo,
            RawDiscipline::Lifo => Discipline::Lifo,
            RawDiscipline::Priority => Discipline::Priority,
            RawDiscipline::PreemptivePriority => Discipline::PreemptivePriority,
        },
        patience: cx.time_law_opt(&at.key("patience"), raw.patience.as_ref()),
        drops_expired: raw.drop_expired.unwrap_or(false),
        standing: standing(cx, &at, raw),
    };
    match holding {
        Holding::Threads { per_replica: None, .. } => check_never_waits(cx, &at, &queue),
        Holding::Threads { cores: Some(_), .. } if queue.discipline == Discipline::PreemptivePriority => {
            let message = "`preemptive-priority` gives each running request a core of its own";
            let help = "remove `cores`, or use `async` with `cores`";
            cx.error(codes::CONTRADICTION, &at.key("discipline"), message, help);
        }
        Holding::Threads { .. } | Holding::Async { .. } => {}
    }
    queue
}

fn check_never_waits(cx: &mut Context<'_>, at: &At, queue: &Queue) {
    let help = "limit `threads`, or use `async`";
    let set = [
        ("capacity", queue.capacity.is_some()),
        ("patience", queue.patience.is_some()),
        ("drop-expired", queue.drops_expired),
    ];
    for (key, is_set) in set {
        if is_set {
            let message = format!("`{key}` needs a queue, and with unlimited threads nobody waits");
            cx.error(codes::CONTRADICTION, &at.key(key), message, help);
        }
    }
    match queue.discipline {
        Discipline::Fifo if queue.standing.is_none() => {}
        Discipline::PreemptivePriority => {
            let message = "`preemptive-priority` needs limited threads";
            cx.error(codes::CONTRADICTION, &at.key("discipline"), message, help);
        }
        Discipline::Fifo | Discipline::Lifo | Discipline::AdaptiveLifo | Discipline::Priority => {
            let message = "the discipline changes nothing: with unlimited threads nobody waits";
            cx.warning(codes::NO_EFFECT, &at.key("discipline"), message, help);
        }
    }
}
