//! What became of sessions and broadcasts.

use super::Style;
use crate::report::facts::Facts;
use crate::report::figures::{count, duration_or_none, number, rate, share_or_none};
use crate::report::table::{Align, Cell, Paint, Table};
use crate::report::words::tame;

pub(super) fn populations(facts: &Facts<'_>, style: Style) -> String {
    let columns = [
        ("sessions", Align::Text(14)),
        ("open", Align::Figure),
        ("max", Align::Figure),
        ("connected", Align::Figure),
        ("opened", Align::Figure),
        ("failed", Align::Figure),
        ("lost", Align::Figure),
        ("waiting max", Align::Figure),
        ("back p99", Align::Figure),
    ];
    let bad = |value: u64| Cell::new(count(value), if value > 0 { Paint::Bad } else { Paint::Plain });
    let mut table = Table::new(&columns);
    for fact in &facts.populations {
        let total = &fact.total;
        table.row(vec![
            tame(&fact.population.load).into(),
            number(fact.open_mean).into(),
            count(total.open_max).into(),
            share_or_none(fact.connected).into(),
            rate(fact.opened_per_sec).into(),
            bad(total.failed),
            bad(total.lost()),
            count(total.waiting_max).into(),
            duration_or_none(total.reconnect_time.quantile(0.99)).into(),
        ]);
    }
    if table.is_empty() { String::new() } else { table.render(style.width, style.colour) }
}

pub(super) fn broadcasts(facts: &Facts<'_>, style: Style) -> String {
    let columns = [
        ("broadcasts of", Align::Text(14)),
        ("sent", Align::Figure),
        ("delivered", Align::Figure),
        ("p50", Align::Figure),
        ("p99", Align::Figure),
        ("last p99", Align::Figure),
    ];
    let mut table = Table::new(&columns);
    for fact in facts.hubs.iter().filter(|fact| fact.total.broadcasts > 0) {
        let total = &fact.total;
        let delivered = fact.delivered();
        let paint = if delivered.is_some_and(|share| share < 0.99) { Paint::Bad } else { Paint::Plain };
        table.row(vec![
            tame(&fact.hub.name).into(),
            count(total.broadcasts).into(),
            Cell::new(share_or_none(delivered), paint),
            duration_or_none(total.latency.quantile(0.5)).into(),
            duration_or_none(total.latency.quantile(0.99)).into(),
            duration_or_none(total.last.quantile(0.99)).into(),
        ]);
    }
    if table.is_empty() { String::new() } else { table.render(style.width, style.colour) }
}
