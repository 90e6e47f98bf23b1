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
        ("first token p99", Align::Figure),
        ("per token", Align::Figure),
        ("tokens", Align::Figure),
        ("bad", Align::Figure),
        ("USD", Align::Figure),
    ];
    let mut table = Table::new(&columns);
    for fact in &facts.components {
        let cost = fact.cost(&facts.whole.slots);
        if fact.total.model.is_none() && cost.is_none() {
            continue;
        }
        let model = fact.total.model.clone().unwrap_or_default();
        // Malformed, cut, or refused because the prompt did not fit.
        let bad = model.malformed + model.cut + model.overflowed;
        let asked = model.generations + model.overflowed;
        let bad_share = (asked > 0).then(|| bad as f64 / asked as f64);
        let tokens_per_sec = model.output_tokens as f64 / facts.whole.seconds.max(1e-9);
        table.row(vec![
            tame(&fact.component.name).into(),
            count(model.generations).into(),
            duration_or_none(model.first_token.quantile(0.99)).into(),
            duration_or_none(model.token_time.mean()).into(),
            rate(tokens_per_sec).into(),
            Cell::new(share_or_none(bad_share), if bad > 0 { Paint::Bad } else { Paint::Plain }),
            cost.map_or_else(|| crate::report::figures::NONE.to_owned(), number).into(),
        ]);
    }
    if table.is_empty() { String::new() } else { table.render(style.width, style.colour) }
}
