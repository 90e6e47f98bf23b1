//! What caches do, and how keys are spread over replicas.

use super::measure::{Reading, View};
use crate::outcome::{CacheSlot, ComponentSlot, SHARD_SLOTS, ShardSlot};
use crate::plan::CacheMetric;

/// Measures a metric of the slots of one component.
pub(super) fn measure<'a>(
    view: &View<'_>,
    slots: impl Iterator<Item = &'a ComponentSlot>,
    name: &str,
    metric: CacheMetric,
) -> Reading {
    let mut cache = CacheSlot::default();
    let mut shards = ShardSlot::default();
    for slot in slots {
        shards.add(&slot.shards);
        if let Some(later) = &slot.cache {
            cache.add(later);
        }
    }
    let nothing_asked = || format!("nothing was looked up in {name} in this window");
    let look_ups = cache.hits + cache.misses;
    match metric {
        CacheMetric::StaleRatio => Reading::share(cache.stale, look_ups, nothing_asked),
        CacheMetric::NegativeRatio => Reading::share(cache.negative, look_ups, nothing_asked),
        CacheMetric::CoalescedRatio => Reading::share(cache.coalesced, cache.misses, || {
            format!("everything looked up in {name} in this window was there")
        }),
        CacheMetric::OriginRate => view.rate(cache.fetches),
        CacheMetric::EvictionRate => view.rate(cache.evictions),
        CacheMetric::Purged => Reading::value(cache.purged as f64),
        CacheMetric::UnflushedLost => Reading::value(cache.unflushed_lost as f64),
        CacheMetric::HotShardShare => match shards.hottest() {
            Some(share) => Reading::value(share),
            None => Reading::TooLittle(format!("nothing was sent to {name} by key in this window")),
        },
        CacheMetric::MovedKeys => Reading::value(shards.moved as f64 / SHARD_SLOTS as f64),
    }
}
