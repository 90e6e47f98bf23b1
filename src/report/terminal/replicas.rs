//! What became of replicas that come and go, or that are checked.

use super::Style;
use crate::report::facts::Facts;
use crate::report::figures::{NONE, count, duration, number, share_or_none};
use crate::report::table::{Align, Cell, Paint, Table};
use crate::report::words::tame;
use crate::units::SimSpan;

pub(super) fn replicas(facts: &Facts<'_>, style: Style) -> String {
    let columns = [
        ("component", Align::Text(14)),
        ("mean", Align::Figure),
        ("max", Align::Figure),
        ("asked for", Align::Figure),
        ("changes", Align::Figure),
        ("denied", Align::Figure),
        ("taken out", Align::Figure),
        ("cold", Align::Figure),
        ("instance time", Align::Figure),
    ];
    let bad = |value: u64| Cell::new(count(value), if value > 0 { Paint::Bad } else { Paint::Plain });
    let mut table = Table::new(&columns);
    let time: u64 = facts.outcome().slots.iter().map(|slot| slot.time.0).sum();
    let mean = |area: u128| number(area as f64 / SimSpan(time.max(1)).0 as f64);
    for fact in &facts.components {
        let total = &fact.total.replicas;
        // Replicas that are always there and never checked have nothing to tell.
        if total.asked + total.taken_out + total.killed + total.changes + total.denied == 0
            && total.desired_area == 0
        {
            continue;
        }
        let cold = (total.assigned > 0).then(|| total.cold as f64 / total.assigned as f64);
        let desired = if total.desired_area > 0 { mean(total.desired_area) } else { NONE.to_owned() };
        table.row(vec![
            tame(&fact.component.name).into(),
            mean(total.placed_area).into(),
            count(total.placed_max).into(),
            desired.into(),
            count(total.changes).into(),
            bad(total.denied),
            bad(total.taken_out),
            share_or_none(cold).into(),
            duration(total.paid_area as f64).into(),
        ]);
    }
    if table.is_empty() { String::new() } else { table.render(style.width, style.colour) }
}
