//! What components, calls, caches and stores were doing.

use super::table::{Cell, escape, legend, table};
use crate::report::charts::{caches, components as pictures};
use crate::report::facts::{ComponentFact, EdgeFact, Facts, Saturation};
use crate::report::figures::{
    NONE, count, duration_or_none, level, number, rate, share, share_or_none, share_short,
    share_short_or_none,
};
use crate::report::words::{self, tame};
use crate::stats::Histogram;

/// Components with a chart.
const CHARTS_MAX: usize = 9;

/// Utilisation and queues of the busiest components, and hit ratios of caches.
pub(super) fn over_time(facts: &Facts<'_>) -> String {
    let busiest = facts.busiest();
    let charted: Vec<usize> = busiest
        .iter()
        .filter(|fact| fact.utilization.is_some() || fact.total.queue_max > 0)
        .filter_map(|fact| facts.components.iter().position(|other| std::ptr::eq(other, *fact)))
        .take(CHARTS_MAX)
        .collect();
    let figures = pictures(facts.outcome(), &charted);
    let mut out = String::new();
    if !figures.is_empty() {
        let key = [
            ("utilisation", "blue"),
            ("requests waiting", "purple"),
            ("warm-up", "band warm"),
            ("fault", "band fault"),
            ("users hurt", "band incident"),
        ];
        out.push_str(&format!(
            "<p>The busiest components, the one nearest its limit first.</p>{}",
            legend(key)
        ));
        let figures = figures.iter().map(|picture| {
            format!(
                "<figure class=\"card\"><figcaption>{}</figcaption>{}</figure>",
                escape(&picture.title),
                picture.svg
            )
        });
        out.push_str(&format!("<div class=\"grid three\">{}</div>", figures.collect::<String>()));
    }
    out + &hit_ratios(facts)
}

fn hit_ratios(facts: &Facts<'_>) -> String {
    let Some((picture, names)) = caches(facts.outcome()) else { return String::new() };
    format!(
        "{}<figure class=\"card\"><figcaption>{}</figcaption>{}</figure>",
        legend(names.iter().map(|(name, class)| (name.as_str(), *class))),
        escape(&picture.title),
        picture.svg
    )
}

/// Every component, busiest first.
pub(super) fn components(facts: &Facts<'_>) -> String {
    let heads = [
        "component",
        "replicas",
        "utilisation",
        "worst part",
        "queue mean",
        "queue max",
        "wait p99",
        "sojourn p50",
        "sojourn p99",
        "arrived",
        "rejected",
        "failed",
        "lost",
        "wasted",
        "up",
    ];
    let rows = facts.busiest().into_iter().map(component_row).collect();
    table("All components, the one nearest its limit in any part of the run first", &heads, rows)
}

fn component_row(fact: &ComponentFact<'_>) -> Vec<Cell> {
    let (component, total) = (fact.component, &fact.total);
    let rejected = fact.rejected() + total.reneged;
    let mut sojourn = Histogram::default();
    component.operations.iter().flat_map(|operation| &operation.sojourn).for_each(|h| sojourn.merge(h));
    let rejected_cell = if rejected > 0 {
        Cell::figure(format!(
            "{} ({})",
            count(rejected),
            share(rejected as f64 / total.arrived.max(1) as f64)
        ))
    } else {
        Cell::figure("0")
    };
    let worst = fact.utilization_worst;
    let is_full = worst.is_some() && fact.saturation == Saturation::Saturated;
    let name = format!(
        "{}<br><small>{} · {} · {}</small>",
        escape(&tame(&component.name)),
        escape(&tame(&component.kind)),
        escape(&tame(&component.place)),
        words::resource(component.resource),
    );
    vec![
        Cell::markup(name),
        Cell::figure(component.replicas.to_string()),
        Cell::figure(share_short_or_none(fact.utilization)),
        Cell::figure(share_short_or_none(worst)).bad_if(is_full),
        Cell::figure(level(fact.queue_mean)),
        Cell::figure(count(total.queue_max)),
        Cell::figure(duration_or_none(fact.wait_p99)),
        Cell::figure(duration_or_none(sojourn.quantile(0.5))),
        Cell::figure(duration_or_none(fact.sojourn_p99)),
        Cell::figure(count(total.arrived)),
        rejected_cell.bad_if(rejected > 0),
        Cell::figure(count(total.failed)).bad_if(total.failed > 0),
        Cell::figure(count(total.lost)).bad_if(total.lost > 0),
        Cell::figure(count(total.wasted)),
        Cell::figure(share_or_none(fact.up)).bad_if(fact.up.is_some_and(|up| up < 1.0)),
    ]
}

pub(super) fn edges(facts: &Facts<'_>) -> String {
    let mut all: Vec<&EdgeFact<'_>> = facts.edges.iter().collect();
    all.sort_by_key(|edge| {
        (std::cmp::Reverse(edge.bad() + edge.total.pool_timeouts), std::cmp::Reverse(edge.total.calls))
    });
    let rows = all.into_iter().map(|fact| {
        let total = &fact.total;
        let amplification = fact.amplification();
        let bad = |value: u64| Cell::figure(count(value)).bad_if(value > 0);
        vec![
            Cell::text(tame(&fact.edge.name)),
            Cell::figure(rate(fact.calls_per_sec)),
            Cell::figure(amplification.map_or_else(|| NONE.to_owned(), |a| format!("{a:.3}")))
                .bad_if(amplification.is_some_and(|a| a >= 1.1)),
            Cell::figure(share_or_none(fact.bad_share())).bad_if(fact.is_troubled()),
            bad(total.answered_error),
            bad(total.refused),
            bad(total.timed_out),
            bad(total.lost),
            bad(total.pool_timeouts),
            bad(total.budget_denied),
            Cell::figure(count(total.connects)),
        ]
    });
    let heads = [
        "call",
        "calls",
        "attempts per call",
        "attempts failed",
        "errors",
        "refused",
        "timed out",
        "lost",
        "pool timeouts",
        "budget denied",
        "connects",
    ];
    table("Calls by caller and target, most failed attempts first", &heads, rows.collect())
}

pub(super) fn data(facts: &Facts<'_>) -> String {
    cache_table(facts) + &store_table(facts) + &model_table(facts) + &meter_table(facts)
}

fn cache_table(facts: &Facts<'_>) -> String {
    let part_names: Vec<String> =
        facts.parts.iter().map(|part| format!("hit ratio {}", part.name(facts.outcome()))).collect();
    let rows = facts.components.iter().filter_map(|fact| {
        let (cache, ratios) = (fact.total.cache.as_ref()?, fact.hit_ratios()?);
        let mut cells =
            vec![Cell::text(tame(&fact.component.name)), Cell::figure(count(cache.hits + cache.misses))];
        cells.extend(
            ratios.iter().map(|ratio| Cell::figure(ratio.map_or_else(|| NONE.to_owned(), share_short))),
        );
        let counts = [
            cache.coalesced,
            cache.fetches,
            cache.fills + cache.puts,
            cache.stale,
            cache.negative,
            cache.evictions,
            cache.expirations,
            cache.invalidations + cache.purged,
            cache.entries,
        ];
        cells.extend(counts.map(|value| Cell::figure(count(value))));
        cells.push(Cell::figure(count(cache.unflushed_lost)).bad_if(cache.unflushed_lost > 0));
        Some(cells)
    });
    let mut heads = vec!["cache", "look-ups"];
    heads.extend(part_names.iter().map(String::as_str));
    heads.extend([
        "shared fetches",
        "fetches",
        "fills",
        "stale answers",
        "failures remembered",
        "evictions",
        "expirations",
        "removals",
        "entries at the end",
        "lost writes",
    ]);
    table("Caches", &heads, rows.collect())
}

fn store_table(facts: &Facts<'_>) -> String {
    let rows = facts.components.iter().filter_map(|fact| {
        let store = fact.total.store.as_ref()?;
        Some(vec![
            Cell::text(tame(&fact.component.name)),
            Cell::figure(count(store.reads)),
            Cell::figure(count(store.commits)),
            Cell::figure(count(store.acknowledged)),
            Cell::figure(count(store.unknown)).bad_if(store.unknown > 0),
            Cell::figure(count(store.conflicts)).bad_if(store.conflicts > 0),
            Cell::figure(count(store.connections_max)),
            Cell::figure(count(store.connections_refused)).bad_if(store.connections_refused > 0),
        ])
    });
    let heads = [
        "store",
        "reads",
        "commits",
        "acknowledged",
        "unknown to the caller",
        "conflicts",
        "connections max",
        "connections refused",
    ];
    table("Stores: what the ledger says", &heads, rows.collect())
}

fn model_table(facts: &Facts<'_>) -> String {
    let rows = facts.components.iter().filter_map(|fact| {
        let model = fact.total.model.as_ref()?;
        let bad = |value: u64| Cell::figure(count(value)).bad_if(value > 0);
        Some(vec![
            Cell::text(tame(&fact.component.name)),
            Cell::figure(count(model.generations)),
            Cell::figure(duration_or_none(model.first_token.quantile(0.5))),
            Cell::figure(duration_or_none(model.first_token.quantile(0.99))),
            Cell::figure(duration_or_none(model.token_time.mean())),
            Cell::figure(count(model.prompt_tokens)),
            Cell::figure(count(model.output_tokens)),
            bad(model.malformed),
            bad(model.wrong),
            bad(model.cut),
            bad(model.overflowed),
        ])
    });
    let heads = [
        "language model",
        "answers",
        "first token p50",
        "first token p99",
        "time per token",
        "tokens read",
        "tokens written",
        "malformed",
        "wrong",
        "cut",
        "beyond the window",
    ];
    table("Language models, and what passes their answers on as they come", &heads, rows.collect())
}

fn meter_table(facts: &Facts<'_>) -> String {
    let slots = &facts.whole.slots;
    let mut rows = Vec::new();
    for fact in &facts.components {
        for operation in &fact.component.operations {
            for meter in &operation.meters {
                let units: f64 = slots.iter().filter_map(|slot| meter.usage.get(*slot)).sum();
                rows.push(vec![
                    Cell::text(tame(&format!("{}.{}", fact.component.name, operation.name))),
                    Cell::text(tame(&meter.name)),
                    Cell::figure(number(units)),
                    Cell::figure(number(meter.cost(slots))),
                ]);
            }
        }
    }
    table("What was counted for the bill", &["operation", "meter", "units", "USD"], rows)
}
