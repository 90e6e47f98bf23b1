//! What became of messages, schedules' runs and marks.

use super::Style;
use crate::report::facts::Facts;
use crate::report::figures::{NONE, count, duration_or_none, number, rate};
use crate::report::table::{Align, Cell, Paint, Table};
use crate::report::words::tame;

pub(super) fn brokers(facts: &Facts<'_>, style: Style) -> String {
    let columns = [
        ("broker", Align::Text(14)),
        ("published", Align::Figure),
        ("backlog", Align::Figure),
        ("max", Align::Figure),
        ("oldest", Align::Figure),
        ("processed p99", Align::Figure),
        ("receives", Align::Figure),
        ("twice", Align::Figure),
        ("dead", Align::Figure),
        ("gone", Align::Figure),
    ];
    let bad = |value: u64| Cell::new(count(value), if value > 0 { Paint::Bad } else { Paint::Plain });
    let mut table = Table::new(&columns);
    for fact in &facts.brokers {
        let total = &fact.total;
        table.row(vec![
            tame(&fact.broker.name).into(),
            rate(fact.published_per_sec).into(),
            number(fact.backlog_mean).into(),
            count(total.waiting_max).into(),
            duration_or_none((total.oldest_max > 0).then_some(total.oldest_max as f64)).into(),
            duration_or_none(total.latency.quantile(0.99)).into(),
            fact.receives().map_or_else(|| NONE.to_owned(), |receives| format!("{receives:.2}")).into(),
            bad(total.duplicates),
            bad(total.dead_letters),
            bad(fact.gone()),
        ]);
    }
    if table.is_empty() { String::new() } else { table.render(style.width, style.colour) }
}

pub(super) fn marks(facts: &Facts<'_>, style: Style) -> String {
    let columns = [
        ("mark", Align::Text(14)),
        ("passed", Align::Figure),
        ("again", Align::Figure),
        ("p50", Align::Figure),
        ("p99", Align::Figure),
    ];
    let mut table = Table::new(&columns);
    for fact in &facts.marks {
        let total = &fact.total;
        let paint = if total.repeats > 0 { Paint::Bad } else { Paint::Plain };
        table.row(vec![
            tame(&fact.mark.name).into(),
            rate(fact.passes_per_sec).into(),
            Cell::new(count(total.repeats), paint),
            duration_or_none(total.latency.quantile(0.5)).into(),
            duration_or_none(total.latency.quantile(0.99)).into(),
        ]);
    }
    if table.is_empty() { String::new() } else { table.render(style.width, style.colour) }
}
