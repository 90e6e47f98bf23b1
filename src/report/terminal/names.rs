//! What names answered.

use super::Style;
use crate::report::facts::Facts;
use crate::report::figures::{count, rate, share_short, share_short_or_none};
use crate::report::table::{Align, Cell, Paint, Table};
use crate::report::words::tame;

pub(super) fn names(facts: &Facts<'_>, style: Style) -> String {
    let columns = [
        ("name", Align::Text(14)),
        ("asked", Align::Figure),
        ("look-ups", Align::Figure),
        ("remembered", Align::Figure),
        ("stale", Align::Figure),
        ("unresolved", Align::Figure),
        ("answers", Align::Text(12)),
    ];
    let bad = |text: String, is_bad: bool| Cell::new(text, if is_bad { Paint::Bad } else { Paint::Plain });
    let mut table = Table::new(&columns);
    for fact in &facts.names {
        let total = &fact.total;
        let unresolved = total.missing + total.unanswered;
        let answers: Vec<String> = fact
            .answers()
            .map(|(target, share)| format!("{} {}", tame(target), share_short(share)))
            .collect();
        table.row(vec![
            tame(&fact.name.name).into(),
            rate(fact.asked_per_sec).into(),
            rate(fact.lookups_per_sec).into(),
            share_short_or_none(fact.share(total.remembered)).into(),
            bad(share_short_or_none(fact.share(total.stale)), total.stale > 0),
            bad(count(unresolved), unresolved > 0),
            answers.join(", ").into(),
        ]);
    }
    if table.is_empty() { String::new() } else { table.render(style.width, style.colour) }
}
