//! What the components and the calls between them were doing.

use super::Style;
use crate::report::facts::{EdgeFact, Facts, Saturation};
use crate::report::figures::{
    NONE, count, duration_or_none, level, rate, share_or_none, share_short_or_none,
};
use crate::report::table::{Align, Cell, Paint, Table};
use crate::report::words::tame;

/// Components shown.
const COMPONENTS_SHOWN: usize = 10;
/// Calls shown, most failed attempts first.
const EDGES_SHOWN: usize = 10;

pub(super) fn components(facts: &Facts<'_>, style: Style) -> String {
    let columns = [
        ("component", Align::Text(14)),
        ("util.", Align::Figure),
        ("worst part", Align::Figure),
        ("queue mean", Align::Figure),
        ("max", Align::Figure),
        ("wait p99", Align::Figure),
        ("rejected", Align::Figure),
        ("sojourn p99", Align::Figure),
    ];
    let mut table = Table::new(&columns);
    for fact in facts.busiest().into_iter().take(COMPONENTS_SHOWN) {
        let paint = match fact.saturation {
            Saturation::Saturated => Paint::Bad,
            Saturation::Hot => Paint::Unsure,
            _ => Paint::Plain,
        };
        let rejected = fact.rejected();
        table.row(vec![
            Cell::new(tame(&fact.component.name), paint),
            share_short_or_none(fact.utilization).into(),
            Cell::new(share_short_or_none(fact.utilization_worst), paint),
            level(fact.queue_mean).into(),
            count(fact.total.queue_max).into(),
            duration_or_none(fact.wait_p99).into(),
            Cell::new(count(rejected), if rejected > 0 { Paint::Bad } else { Paint::Plain }),
            duration_or_none(fact.sojourn_p99).into(),
        ]);
    }
    if table.is_empty() { String::new() } else { table.render(style.width, style.colour) }
}

pub(super) fn edges(facts: &Facts<'_>, style: Style) -> String {
    let columns = [
        ("call", Align::Text(20)),
        ("calls", Align::Figure),
        ("attempts/call", Align::Figure),
        ("failed", Align::Figure),
        ("timed out", Align::Figure),
        ("no budget", Align::Figure),
        ("no pool", Align::Figure),
    ];
    let mut notable: Vec<&EdgeFact<'_>> = facts.edges.iter().filter(|edge| edge.is_notable()).collect();
    notable.sort_by_key(|edge| std::cmp::Reverse(edge.bad() + edge.total.pool_timeouts));
    let mut table = Table::new(&columns);
    for fact in notable.iter().take(EDGES_SHOWN) {
        table.row(vec![
            Cell::new(tame(&fact.edge.name), if fact.is_troubled() { Paint::Bad } else { Paint::Plain }),
            rate(fact.calls_per_sec).into(),
            fact.amplification().map_or_else(|| NONE.to_owned(), |a| format!("{a:.2}")).into(),
            share_or_none(fact.bad_share()).into(),
            count(fact.total.timed_out).into(),
            count(fact.total.budget_denied).into(),
            count(fact.total.pool_timeouts).into(),
        ]);
    }
    if notable.len() > EDGES_SHOWN {
        table.note(Cell::new(format!("and {} more", notable.len() - EDGES_SHOWN), Paint::Dim));
    }
    if table.is_empty() { String::new() } else { table.render(style.width, style.colour) }
}

pub(super) fn caches(facts: &Facts<'_>, style: Style) -> String {
    let cached: Vec<_> =
        facts.components.iter().filter_map(|fact| fact.hit_ratios().map(|ratios| (fact, ratios))).collect();
    let mut columns = vec![("cache", Align::Text(14))];
    columns.extend(facts.parts.iter().map(|part| (part.short_name(facts.outcome()), Align::Figure)));
    let mut table = Table::new(&columns);
    for (fact, ratios) in cached {
        let mut cells = vec![tame(&fact.component.name).into()];
        cells.extend(ratios.into_iter().map(|ratio| Cell::from(share_short_or_none(ratio))));
        table.row(cells);
    }
    if table.is_empty() { String::new() } else { table.render(style.width, style.colour) }
}

pub(super) fn stores(facts: &Facts<'_>, style: Style) -> String {
    let columns = [
        ("store", Align::Text(14)),
        ("reads", Align::Figure),
        ("commits", Align::Figure),
        ("unknown to caller", Align::Figure),
        ("conflicts", Align::Figure),
        ("connections max", Align::Figure),
        ("refused", Align::Figure),
    ];
    let mut table = Table::new(&columns);
    for fact in &facts.components {
        let Some(store) = &fact.total.store else { continue };
        let bad = |value: u64| Cell::new(count(value), if value > 0 { Paint::Bad } else { Paint::Plain });
        table.row(vec![
            tame(&fact.component.name).into(),
            count(store.reads).into(),
            count(store.commits).into(),
            bad(store.unknown),
            bad(store.conflicts),
            count(store.connections_max).into(),
            bad(store.connections_refused),
        ]);
    }
    if table.is_empty() { String::new() } else { table.render(style.width, style.colour) }
}
