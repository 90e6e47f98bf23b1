//! What stands out about caches that is no hit ratio.

use super::Facts;
use crate::report::figures::{plural, share};
use crate::report::words::tame;

/// A replica that gets this many times its fair share of what is sent by key is a hot one.
const HOT_SHARD: f64 = 2.0;

/// A component whose keys crowd on one replica.
pub(super) fn hot_shard(facts: &Facts<'_>) -> Option<String> {
    let shards = facts.components.iter().filter_map(|fact| {
        let hottest = fact.total.shards.hottest()?;
        Some((fact, hottest, hottest * fact.total.shards.sent.len() as f64))
    });
    let (fact, hottest, times) = shards.max_by(|a, b| a.2.total_cmp(&b.2))?;
    (times >= HOT_SHARD).then(|| {
        format!(
            "One replica of {} got {} of what was sent by key, {times:.1} times its fair share.",
            tame(&fact.component.name),
            share(hottest),
        )
    })
}

/// Writes that a cache answered and the store behind it never got.
pub(super) fn lost_writes(facts: &Facts<'_>) -> Option<String> {
    let lost =
        facts.components.iter().filter_map(|fact| Some((fact, fact.total.cache.as_ref()?.unflushed_lost)));
    let (fact, lost) = lost.max_by_key(|(_, lost)| *lost).filter(|(_, lost)| *lost > 0)?;
    Some(format!(
        "{} answered {} that it had not flushed when it crashed: they are lost.",
        tame(&fact.component.name),
        plural(usize::try_from(lost).unwrap_or(usize::MAX), "write"),
    ))
}

/// Answers with values that were no longer so.
pub(super) fn stale_answers(facts: &Facts<'_>) -> Option<String> {
    let stale = facts.components.iter().filter_map(|fact| {
        let cache = fact.total.cache.as_ref().filter(|cache| cache.stale > 0)?;
        Some((fact, cache.stale as f64 / (cache.hits + cache.misses) as f64))
    });
    let (fact, part) = stale.max_by(|a, b| a.1.total_cmp(&b.1))?;
    Some(format!("{} of the answers of {} were stale.", share(part), tame(&fact.component.name)))
}
