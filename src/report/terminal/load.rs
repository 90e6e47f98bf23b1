//! What users got, and who made them wait.

use super::Style;
use crate::report::facts::{Facts, TrafficFact, answered, failed, worst_blame};
use crate::report::figures::{availability_text, count, duration, duration_or_none, rate, share_short};
use crate::report::table::{Align, Cell, Paint, Table};
use crate::report::words::{self, tame};

/// Journeys shown, those with most requests first.
const JOURNEYS_SHOWN: usize = 12;
/// Journeys whose blame is shown, slowest first.
const BLAMED_SHOWN: usize = 6;
/// Parts of a latency shown.
const PARTS_SHOWN: usize = 5;
/// Width of the longest bar.
const BAR: f64 = 20.0;

pub(super) fn traffic(facts: &Facts<'_>, style: Style) -> String {
    let columns = [
        ("workload / journey", Align::Text(16)),
        ("offered", Align::Figure),
        ("goodput", Align::Figure),
        ("avail.", Align::Figure),
        ("p50", Align::Figure),
        ("p90", Align::Figure),
        ("p99", Align::Figure),
        ("p99.9", Align::Figure),
    ];
    let mut table = Table::new(&columns);
    let mut all: Vec<&TrafficFact<'_>> = facts.traffic.iter().collect();
    all.sort_by_key(|traffic| std::cmp::Reverse(traffic.total.arrived));
    for fact in all.iter().take(JOURNEYS_SHOWN) {
        let total = &fact.total;
        let quantile = |q| Cell::from(duration_or_none(total.latency.quantile(q)));
        table.row(vec![
            fact.name().into(),
            rate(facts.whole.per_sec(total.arrived)).into(),
            rate(facts.whole.per_sec(answered(total))).into(),
            availability_text(total).into(),
            quantile(0.5),
            quantile(0.9),
            quantile(0.99),
            quantile(0.999),
        ]);
        if let Some(errors) = errors(fact) {
            table.note(Cell::new(errors, Paint::Bad));
        }
    }
    if all.len() > JOURNEYS_SHOWN {
        table.note(Cell::new(
            format!("and {} more with fewer requests", all.len() - JOURNEYS_SHOWN),
            Paint::Dim,
        ));
    }
    if table.is_empty() { String::new() } else { table.render(style.width, style.colour) }
}

/// `of 9,012: 1,234 failed (1,000 timeout, 234 shed), 3 still open`; nothing when all went well.
fn errors(fact: &TrafficFact<'_>) -> Option<String> {
    let total = &fact.total;
    let mut classes: Vec<_> = total.errors.iter().filter(|(_, count)| **count > 0).collect();
    classes.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let classes: Vec<String> = classes
        .iter()
        .map(|(class, number)| format!("{} {}", count(**number), words::error_class(**class)))
        .collect();
    let mut parts = Vec::new();
    if failed(total) > 0 {
        parts.push(format!("{} failed ({})", count(failed(total)), classes.join(", ")));
    }
    if total.degraded > 0 {
        parts.push(format!("{} degraded", count(total.degraded)));
    }
    if total.open > 0 {
        parts.push(format!("{} still open", count(total.open)));
    }
    (!parts.is_empty()).then(|| format!("of {}: {}", count(total.arrived), parts.join(", ")))
}

pub(super) fn blame(facts: &Facts<'_>, style: Style) -> String {
    let columns = [
        ("", Align::Text(1)),
        ("", Align::Figure),
        ("", Align::Figure),
        ("", Align::Text(8)),
        ("", Align::Text(16)),
        ("", Align::Text(4)),
    ];
    let mut worst: Vec<_> = facts
        .traffic
        .iter()
        .filter_map(|fact| {
            worst_blame(facts.outcome(), &fact.traffic.workload, &fact.traffic.journey, 0.99)
                .map(|(blame, entry)| (fact, blame, entry))
        })
        .collect();
    worst.sort_by(|a, b| b.2.latency_ns.total_cmp(&a.2.latency_ns));
    let mut out = String::new();
    for (fact, blame, entry) in worst.into_iter().take(BLAMED_SHOWN) {
        let few = if entry.requests < 100 {
            format!(" (over {} requests only)", entry.requests)
        } else {
            String::new()
        };
        let title = format!(
            "{} {}: {}{few}",
            fact.name(),
            words::phase(blame.phase, facts.outcome()),
            duration(entry.latency_ns)
        );
        out.push_str(&format!("  {}\n", words::clip(&title, style.width - 2)));
        let mut parts: Vec<_> = entry.parts.iter().collect();
        parts.sort_by(|a, b| b.nanos.total_cmp(&a.nanos));
        let mut table = Table::new(&columns);
        for part in parts.into_iter().take(PARTS_SHOWN) {
            let of = if entry.latency_ns > 0.0 { part.nanos / entry.latency_ns } else { 0.0 };
            let bar = "▇".repeat((of.clamp(0.0, 1.0) * BAR).round() as usize);
            table.row(vec![
                "".into(),
                share_short(of).into(),
                duration(part.nanos).into(),
                words::wait_kind(part.kind).into(),
                tame(&part.who).into(),
                Cell::new(bar, Paint::Dim),
            ]);
        }
        out.push_str(&table.render(style.width, style.colour));
    }
    out
}
