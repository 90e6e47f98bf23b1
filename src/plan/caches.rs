//! What components remember, how their keys are spread, and what is warm at the start.

use super::codes;
use super::context::{At, Context};
use super::directory::{ComponentEntry, Directory};
use super::model::{
    Cache, CacheCapacity, Component, Effect, Entity, Eviction, Hashing, Plan, Shards, Warm, WriteBehind,
};
use super::steps::CacheUse;
use crate::spec::raw::{RawCache, RawEviction, RawHashing, RawReplicas, RawShards, RawWriteBehind};

/// Memory of the simulator that one remembered key takes, in bytes.
const CACHE_ENTRY_BYTES: u128 = 72;
/// Most memory of the simulator for all remembered keys, in bytes.
const CACHE_BYTES_MAX: u128 = 4 << 30;
/// Keys that one flush writes, if the file states no number.
const BATCH_DEFAULT: u64 = 100;
/// Most replicas that keys can be spread over: each gets some of 16,384 slots.
const SHARDS_MAX: u32 = 4096;

/// One component's memory.
pub(super) fn resolve_cache(
    cx: &mut Context<'_>,
    directory: &Directory,
    at: &At,
    entry: &ComponentEntry,
    raw: &RawCache,
) -> Cache {
    let private_to =
        raw.private_to.as_ref().and_then(|name| directory.entity(cx, &at.key("private-to"), name));
    let eviction = match raw.eviction.unwrap_or(RawEviction::Lru) {
        RawEviction::Lru => Eviction::Lru,
        RawEviction::Fifo => Eviction::Fifo,
        RawEviction::Lfu => Eviction::Lfu,
        RawEviction::Random => Eviction::Random,
    };
    if raw.private_to.is_some() {
        if matches!(eviction, Eviction::Lfu | Eviction::Random) {
            let message = "a private memory sends its entries away in order: lru or fifo";
            cx.error(codes::CONTRADICTION, &at.key("eviction"), message, "use lru");
        }
        if raw.write_behind.is_some() {
            let message = "`private-to` and `write-behind` exclude each other";
            cx.error(codes::CONTRADICTION, &at.key("write-behind"), message, "");
        }
        let raw = cx.input.topology.components.get(&entry.name);
        let replicas = raw.and_then(|raw| raw.replicas.as_ref());
        if replicas.is_some_and(|replicas| !matches!(replicas, RawReplicas::Count(1))) {
            let message = "a component of private memories has one replica: it stands for all of them";
            cx.error(codes::CONTRADICTION, &at.key("private-to"), message, "remove `replicas`");
        }
    }
    let write_behind = raw.write_behind.as_ref();
    Cache {
        capacity: capacity(cx, at, raw),
        eviction,
        private_to,
        write_behind: write_behind.and_then(|raw| resolve_flush(cx, &at.key("write-behind"), entry, raw)),
    }
}

fn capacity(cx: &mut Context<'_>, at: &At, raw: &RawCache) -> CacheCapacity {
    if raw.entries.is_some() && raw.memory.is_some() {
        let message = "`entries` and `memory` exclude each other";
        cx.error(codes::CONTRADICTION, &at.key("memory"), message, "keep the one that is reached first");
    }
    let capacity = match (&raw.entries, &raw.memory) {
        (_, Some(memory)) => cx.bytes(&at.key("memory"), memory).map(CacheCapacity::Bytes),
        (Some(entries), None) => {
            cx.count_or_unlimited(&at.key("entries"), entries).and_then(|count| match count {
                None => Some(CacheCapacity::Unlimited),
                Some(count) => cx
                    .within(&at.key("entries"), "`entries`", count, 1..=u64::MAX)
                    .map(CacheCapacity::Entries),
            })
        }
        (None, None) => None,
    };
    capacity.unwrap_or(CacheCapacity::Unlimited)
}

fn resolve_flush(
    cx: &mut Context<'_>,
    at: &At,
    entry: &ComponentEntry,
    raw: &RawWriteBehind,
) -> Option<WriteBehind> {
    let every = cx.span_above_zero(&at.key("flush-every"), "`flush-every`", &raw.flush_every);
    let batch = match &raw.batch {
        None => Some(BATCH_DEFAULT),
        Some(text) => {
            let batch = cx.count(&at.key("batch"), "`batch`", text);
            batch.and_then(|batch| cx.within(&at.key("batch"), "`batch`", batch, 1..=u64::from(u32::MAX)))
        }
    };
    let parallel = cx.within(&at.key("parallel"), "`parallel`", raw.parallel.unwrap_or(1), 1..=10_000);
    let buffer = match &raw.buffer {
        None => Some(None),
        Some(text) => cx.count_or_unlimited(&at.key("buffer"), text),
    };
    if buffer == Some(Some(0)) {
        cx.error(codes::OUT_OF_RANGE, &at.key("buffer"), "`buffer` must be above 0", "");
    }
    let Some(flush) = entry.operations.get_index_of("flush") else {
        let message = format!("`{}` writes behind, but has no operation `flush` that does it", entry.name);
        let help = "add it, such as `flush: [ { write: db.rows } ]`";
        cx.error(codes::MISSING, at, message, help);
        return None;
    };
    Some(WriteBehind { flush, every: every?, batch: batch?, parallel: parallel?, buffer: buffer? })
}

/// How one component's keys are spread.
pub(super) fn resolve_shards(cx: &mut Context<'_>, at: &At, raw: Option<&RawShards>) -> Shards {
    let hashing = raw.and_then(|raw| raw.hashing).map_or(Hashing::Consistent, |hashing| match hashing {
        RawHashing::Consistent => Hashing::Consistent,
        RawHashing::Modulo => Hashing::Modulo,
    });
    let notice = raw.and_then(|raw| raw.notice.as_ref()).and_then(|text| cx.span(&at.key("notice"), text));
    Shards { hashing, notice }
}

/// Whether a component's memory is one for each key of some entity.
pub(super) fn is_private(cx: &Context<'_>, component: &str) -> bool {
    let raw = cx.input.topology.components.get(component).and_then(|raw| raw.cache.as_ref());
    raw.is_some_and(|raw| raw.private_to.is_some())
}

/// What caches hold at the start.
pub(super) fn resolve_warm(
    cx: &mut Context<'_>,
    directory: &Directory,
    entities: &[Entity],
    uses: &[CacheUse],
) -> Vec<Warm> {
    let Some(given) = &cx.input.scenario.given else { return Vec::new() };
    let at = At::scenario("given").key("caches");
    let mut all = Vec::new();
    for (cache, keys) in &given.caches {
        let at = at.key(cache);
        let component = directory.component(cx, &at, cache);
        if is_private(cx, cache) {
            let message = format!("`{cache}` is private memories, which begin empty");
            cx.error(codes::CONTRADICTION, &at, message, "");
            continue;
        }
        for (name, count) in keys {
            let at = at.key(name);
            let entity = directory.entity(cx, &at, name);
            let count = cx.count(&at, "the number of keys", count);
            let (Some(component), Some(entity), Some(count)) = (component, entity, count) else { continue };
            let population = entities.get(entity).map_or(1, |entity| entity.population);
            if !uses.iter().any(|one| (one.component, one.entity) == (component, entity)) {
                let message = format!("nothing remembers a `{name}` in `{cache}`");
                cx.error(codes::NO_MECHANISM, &at, message, "a `cached` step says what is remembered where");
            }
            all.extend(cx.within(&at, "the number of keys", count, 0..=population).map(|keys| Warm {
                component,
                entity,
                keys,
            }));
        }
    }
    all
}

/// Complains of sharding that nobody uses, and of faults on it.
pub(super) fn check_shards(cx: &mut Context<'_>, plan: &Plan) {
    let edges = plan.edges();
    let is_sharded = |component: usize| {
        edges.iter().any(|edge| edge.target == component && plan.policies[edge.policy].shard_by.is_some())
    };
    for (id, component) in plan.components.iter().enumerate() {
        if !is_sharded(id) {
            let raw = cx.input.topology.components.get(&component.name);
            if raw.is_some_and(|raw| raw.shards.is_some()) {
                let at = At::topology("components").key(&component.name).key("shards");
                let message = format!("no call to `{}` is sent by key", component.name);
                cx.warning(codes::NO_EFFECT, &at, message, "give a caller's entry `shard-by: ENTITY`");
            }
        } else if component.serverless.is_some() {
            let at = At::topology("components").key(&component.name).key("serverless");
            let message =
                format!("`{}` is called by key, and its platform chooses the instance", component.name);
            cx.error(codes::CONTRADICTION, &at, message, "remove its callers' `shard-by`");
        } else if component.slots() > SHARDS_MAX {
            let at = At::topology("components").key(&component.name).key("replicas");
            let message = format!("keys can be spread over at most {SHARDS_MAX} replicas");
            cx.error(codes::TOO_BIG, &at, message, "let one replica stand for several");
        }
    }
    for (index, fault) in plan.faults.iter().enumerate() {
        if let Effect::Reshard { replicas } = &fault.effect
            && let Some(replica) = replicas.iter().find(|replica| !is_sharded(replica.component))
        {
            let name = &plan.components[replica.component].name;
            let at = At::scenario("faults").index(index).key("reshard").key("target");
            let message = format!("no call to `{name}` is sent by key, so there is nothing to reshard");
            cx.error(codes::NO_MECHANISM, &at, message, "give a caller's entry `shard-by: ENTITY`");
        }
    }
}

/// Complains of caches too small for one entry, or too big for the simulator.
pub(super) fn check_caches(
    cx: &mut Context<'_>,
    components: &[Component],
    all: &[Entity],
    uses: &[CacheUse],
) {
    let mut total: u128 = 0;
    for (id, component) in components.iter().enumerate() {
        let Some(cache) = &component.cache else { continue };
        let mut seen = Vec::new();
        for one in uses.iter().filter(|one| one.component == id) {
            let Some(entity) = all.get(one.entity) else { continue };
            if let CacheCapacity::Bytes(memory) = cache.capacity
                && entity.bytes > memory
            {
                let message = format!(
                    "a `{}` of {} bytes does not fit into the {memory} bytes of `{}`",
                    entity.name, entity.bytes, component.name
                );
                cx.error(codes::OUT_OF_RANGE, &one.at, message, "give the cache more `memory`");
            }
            if !seen.contains(&one.entity) {
                seen.push(one.entity);
            }
        }
        let entities: Vec<&Entity> = seen.iter().filter_map(|id| all.get(*id)).collect();
        let keys: u128 = entities.iter().map(|entity| u128::from(entity.population)).sum();
        let smallest = entities.iter().map(|entity| entity.bytes).min().unwrap_or(1);
        let room = match cache.capacity {
            CacheCapacity::Unlimited => keys,
            CacheCapacity::Entries(entries) => u128::from(entries).min(keys),
            CacheCapacity::Bytes(memory) => u128::from(memory / smallest).min(keys),
        };
        let owners = cache.private_to.and_then(|id| all.get(id)).map_or(1, |owner| owner.population);
        let before = total;
        total = total.saturating_add(
            room.saturating_mul(u128::from(component.slots()) * u128::from(owners))
                .saturating_mul(CACHE_ENTRY_BYTES),
        );
        if before <= CACHE_BYTES_MAX && total > CACHE_BYTES_MAX {
            let message =
                format!("the caches up to `{}` would need {} GiB to simulate", component.name, total >> 30);
            let at = At::topology("components").key(&component.name).key("cache");
            cx.error(
                codes::TOO_BIG,
                &at,
                message,
                "the bound is 4 GiB: lower `entries`, `population` or `replicas`",
            );
        }
    }
}
