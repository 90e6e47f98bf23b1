//! What names answered.

use super::table::{Cell, table};
use crate::report::facts::Facts;
use crate::report::figures::{count, rate, share, share_or_none};
use crate::report::words::tame;

pub(super) fn section(facts: &Facts<'_>) -> String {
    let rows = facts.names.iter().map(|fact| {
        let total = &fact.total;
        let answers: Vec<String> =
            fact.answers().map(|(target, part)| format!("{} {}", tame(target), share(part))).collect();
        vec![
            Cell::text(tame(&fact.name.name)),
            Cell::figure(rate(fact.asked_per_sec)),
            Cell::figure(rate(fact.lookups_per_sec)),
            Cell::figure(share_or_none(fact.share(total.remembered))),
            Cell::figure(share_or_none(fact.share(total.stale))).bad_if(total.stale > 0),
            Cell::figure(count(total.missing)).bad_if(total.missing > 0),
            Cell::figure(count(total.unanswered)).bad_if(total.unanswered > 0),
            Cell::text(answers.join(", ")),
        ]
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    let heads = ["name", "asked", "look-ups", "remembered", "stale", "no such name", "no answer", "answers"];
    table("Names, over the whole run", &heads, rows)
}
