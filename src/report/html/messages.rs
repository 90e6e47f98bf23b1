//! What became of messages, schedules' runs and marks.

use super::table::{Cell, table};
use crate::report::facts::Facts;
use crate::report::figures::{NONE, count, duration_or_none, number, rate};
use crate::report::words::tame;

pub(super) fn section(facts: &Facts<'_>) -> String {
    brokers(facts) + &marks(facts)
}

fn brokers(facts: &Facts<'_>) -> String {
    let rows = facts.brokers.iter().map(|fact| {
        let total = &fact.total;
        let bad = |value: u64| Cell::figure(count(value)).bad_if(value > 0);
        let drained = match &fact.broker.drain {
            None => NONE.to_owned(),
            Some(drain) => drain.time.map_or_else(|| "never".to_owned(), |time| time.to_string()),
        };
        vec![
            Cell::text(tame(&fact.broker.name)),
            Cell::text(fact.broker.kind.word()),
            Cell::figure(rate(fact.published_per_sec)),
            Cell::figure(number(fact.backlog_mean)),
            Cell::figure(count(total.waiting_max)),
            Cell::figure(duration_or_none((total.oldest_max > 0).then_some(total.oldest_max as f64))),
            Cell::figure(duration_or_none(total.latency.quantile(0.5))),
            Cell::figure(duration_or_none(total.latency.quantile(0.99))),
            Cell::figure(
                fact.receives().map_or_else(|| NONE.to_owned(), |receives| format!("{receives:.3}")),
            ),
            bad(total.duplicates),
            bad(total.out_of_order),
            bad(total.dead_letters),
            bad(total.expired),
            bad(total.lost),
            bad(total.refused),
            bad(total.skipped + total.missed),
            Cell::figure(count(total.waiting)),
            Cell::figure(count(total.in_flight)),
            Cell::figure(drained),
        ]
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    let heads = [
        "broker",
        "kind",
        "published",
        "backlog mean",
        "backlog max",
        "oldest age max",
        "processed p50",
        "processed p99",
        "receives per message",
        "processed twice",
        "out of order",
        "dead letters",
        "expired",
        "lost",
        "refused",
        "runs left out",
        "waiting at the end",
        "in flight at the end",
        "drained after",
    ];
    table("Brokers and schedules", &heads, rows)
}

fn marks(facts: &Facts<'_>) -> String {
    let rows = facts.marks.iter().map(|fact| {
        let total = &fact.total;
        vec![
            Cell::text(tame(&fact.mark.name)),
            Cell::figure(rate(fact.passes_per_sec)),
            Cell::figure(count(total.repeats)).bad_if(total.repeats > 0),
            Cell::figure(duration_or_none(total.latency.quantile(0.5))),
            Cell::figure(duration_or_none(total.latency.quantile(0.99))),
        ]
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    table("Marks, timed from the request's start", &["mark", "passed", "again", "p50", "p99"], rows)
}
