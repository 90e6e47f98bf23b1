//! What faults do to caches: what they hold, how much they can hold, and which keys are asked for.

use super::codes;
use super::context::{At, Context};
use super::faults::World;
use super::model::{CacheCapacity, Effect, Exhausted, ReplicaRef};
use super::targets::resolve_replicas;
use crate::spec::raw::{RawBadCacheKey, RawFault, RawFlush, RawHotKey, RawTarget};
use crate::spec::scalar::{CountText, ShareText};

/// The effect of a fault that is about caches or keys; the inner `None` is a mistake.
pub(super) fn resolve_cache_effect(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    salt: &str,
    raw: &RawFault,
) -> Option<Option<Effect>> {
    if let Some(raw) = &raw.flush {
        return Some(flush(cx, world, at, salt, raw));
    }
    if let Some(raw) = &raw.bad_cache_key {
        return Some(bad_cache_key(cx, world, at, raw));
    }
    if let Some(raw) = &raw.hot_key {
        return Some(hot_key(cx, world, at, raw));
    }
    let raw = raw.reshard.as_ref()?;
    let replicas = resolve_replicas(cx, world, &at.key("target"), salt, &raw.target);
    Some(replicas.map(|replicas| Effect::Reshard { replicas }))
}

/// A share above nothing, all if it is left out.
fn share(cx: &mut Context<'_>, at: &At, text: Option<&ShareText>) -> Option<f64> {
    let at = at.key("share");
    text.map_or(Some(1.0), |text| cx.share_above_zero(&at, "`share`", text))
}

/// Replicas of components that remember keys.
fn cache_replicas(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    salt: &str,
    target: &RawTarget,
) -> Option<Vec<ReplicaRef>> {
    let replicas = resolve_replicas(cx, world, at, salt, target)?;
    for replica in &replicas {
        let component = &world.components[replica.component];
        if component.cache.is_none() {
            let message = format!("`{}` remembers nothing", component.name);
            cx.error(codes::NO_MECHANISM, at, message, format!("give `{}` a `cache`", component.name));
            return None;
        }
    }
    Some(replicas)
}

fn flush(cx: &mut Context<'_>, world: &World<'_>, at: &At, salt: &str, raw: &RawFlush) -> Option<Effect> {
    let replicas = cache_replicas(cx, world, &at.key("target"), salt, &raw.target);
    let share = share(cx, at, raw.share.as_ref());
    let entity = match &raw.key {
        None => None,
        Some(name) => Some(world.directory.entity(cx, &at.key("key"), name)?),
    };
    Some(Effect::Flush { replicas: replicas?, share: share?, entity })
}

/// Room of caches that have a limit.
pub(super) fn exhausted_memory(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    salt: &str,
    target: &RawTarget,
) -> Option<Exhausted> {
    let replicas = cache_replicas(cx, world, at, salt, target)?;
    for replica in &replicas {
        let component = &world.components[replica.component];
        if component.cache.as_ref().is_some_and(|cache| cache.capacity == CacheCapacity::Unlimited) {
            let message = format!("`{}` has unlimited room, so none can be used up", component.name);
            let help = format!("give `{}` a number of `entries`, or `memory`", component.name);
            cx.error(codes::NO_MECHANISM, at, message, help);
            return None;
        }
    }
    Some(Exhausted::Memory(replicas))
}

fn bad_cache_key(cx: &mut Context<'_>, world: &World<'_>, at: &At, raw: &RawBadCacheKey) -> Option<Effect> {
    let component = world.directory.component(cx, &at.key("target"), &raw.target);
    let variants = cx.count(&at.key("variants"), "`variants`", &raw.variants);
    let variants =
        variants.and_then(|count| cx.within(&at.key("variants"), "`variants`", count, 2..=u64::MAX));
    let share = share(cx, at, raw.share.as_ref());
    let component = component?;
    if world.components[component].cache.is_none() {
        let message = format!("`{}` remembers nothing", raw.target);
        cx.error(codes::NO_MECHANISM, &at.key("target"), message, format!("give `{}` a `cache`", raw.target));
    }
    Some(Effect::BadCacheKey { component, variants: variants?, share: share? })
}

fn hot_key(cx: &mut Context<'_>, world: &World<'_>, at: &At, raw: &RawHotKey) -> Option<Effect> {
    let entity = world.directory.entity(cx, &at.key("key"), &raw.key);
    let share = share(cx, at, Some(&raw.share));
    let count = |cx: &mut Context<'_>, key: &str, text: Option<&CountText>, most: u64| match text {
        None => Some(None),
        Some(text) => {
            let count = cx.count(&at.key(key), &format!("`{key}`"), text)?;
            cx.within(&at.key(key), &format!("`{key}`"), count, 1..=most).map(Some)
        }
    };
    let entity = entity?;
    let population = world.entities.get(entity).map_or(1, |entity| entity.population);
    let keys = count(cx, "keys", raw.keys.as_ref(), population)?.unwrap_or(1);
    let first =
        count(cx, "first", raw.first.as_ref(), population)?.map_or(population - keys, |rank| rank - 1);
    if first + keys > population {
        let message =
            format!("{keys} keys from rank {} on are more than the {population} there are", first + 1);
        cx.error(codes::OUT_OF_RANGE, &at.key("first"), message, "");
    }
    Some(Effect::HotKey { entity, first, keys, share: share? })
}
