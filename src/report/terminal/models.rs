//! Language models, and what meters counted.

use super::Style;
use crate::report::facts::Facts;
use crate::report::figures::{count, duration_or_none, number, rate, share_or_none};
use crate::report::table::{Align, Cell, Paint, Table};
use crate::report::words::tame;

/// One row for each component that wrote tokens, passed them on or was metered.
pub(super) fn models(facts: &Facts<'_>, style: Style) -> String {
    let columns = [
        ("model or meter", Align::Text(14)),
        ("answers", Align::Figure),
        ("first token p50", Align::Figure),
        ("p99", Align::Figure),
        ("per token", Align::Figure),
        ("tokens", Align::Figure),
        ("malformed", Align::Figure),
        ("cut", Align::Figure),
        ("too long", Align::Figure),
        ("USD", Align::Figure),
    ];
    let mut table = Table::new(&columns);
    for fact in &facts.components {
        let cost = fact.cost(&facts.whole.slots);
        if fact.total.model.is_none() && cost.is_none() {
            continue;
        }
        let model = fact.total.model.clone().unwrap_or_default();
        let share = |part: u64| (model.generations > 0).then(|| part as f64 / model.generations as f64);
        let bad = |part: u64| {
            let paint = if part > 0 { Paint::Bad } else { Paint::Plain };
            Cell::new(share_or_none(share(part)), paint)
        };
        let tokens_per_sec = model.output_tokens as f64 / facts.whole.seconds.max(1e-9);
        table.row(vec![
            tame(&fact.component.name).into(),
            count(model.generations).into(),
            duration_or_none(model.first_token.quantile(0.5)).into(),
            duration_or_none(model.first_token.quantile(0.99)).into(),
            duration_or_none(model.token_time.mean()).into(),
            rate(tokens_per_sec).into(),
            bad(model.malformed),
            bad(model.cut),
            Cell::new(count(model.overflowed), if model.overflowed > 0 { Paint::Bad } else { Paint::Plain }),
            cost.map_or_else(|| crate::report::figures::NONE.to_owned(), number).into(),
        ]);
    }
    if table.is_empty() { String::new() } else { table.render(style.width, style.colour) }
}
