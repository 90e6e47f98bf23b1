//! What users got: charts over time, results by journey and by part of the run.

use super::table::{Cell, escape, legend, table};
use crate::outcome::TrafficSlot;
use crate::report::charts::{LOAD_LEGEND, load};
use crate::report::facts::{Facts, TrafficFact, answered, failed};
use crate::report::figures::{availability_text, count, duration_or_none, rate, share};
use crate::report::words;

/// Journeys with a chart.
const CHARTS_MAX: usize = 8;

pub(super) fn section(facts: &Facts<'_>) -> String {
    let pictures = load(facts.outcome(), CHARTS_MAX);
    let mut out = String::new();
    if !pictures.is_empty() {
        let bands = [("warm-up", "band warm"), ("fault", "band fault"), ("users hurt", "band incident")];
        out.push_str(&legend(LOAD_LEGEND.into_iter().chain(bands)));
        let figures = pictures.iter().map(|picture| {
            format!(
                "<figure class=\"card\"><figcaption>{}</figcaption>{}</figure>",
                escape(&picture.title),
                picture.svg
            )
        });
        let columns = if pictures.len() == 1 { "grid" } else { "grid two" };
        out.push_str(&format!("<div class=\"{columns}\">{}</div>", figures.collect::<String>()));
        let missing = facts.traffic.len().saturating_sub(pictures.len());
        if missing > 0 {
            out.push_str(&format!(
                "<p class=\"note\">{missing} journeys with fewer requests are in the tables only.</p>"
            ));
        }
    }
    by_journey(facts) + &out
}

fn by_journey(facts: &Facts<'_>) -> String {
    let rows = facts.traffic.iter().map(|fact| {
        let mut cells = vec![Cell::text(fact.name())];
        cells.extend(results(&fact.total, facts.whole.seconds));
        cells.push(Cell::text(errors(&fact.total)));
        cells
    });
    let heads = [
        "workload / journey",
        "arrived",
        "offered",
        "goodput",
        "availability",
        "open",
        "p50",
        "p90",
        "p99",
        "p99.9",
        "errors by class",
    ];
    table("Whole run after the warm-up", &heads, rows.collect())
}

pub(super) fn by_part(facts: &Facts<'_>) -> String {
    if facts.parts.len() < 2 {
        return String::new();
    }
    let mut rows = Vec::new();
    for fact in &facts.traffic {
        for (index, (part, slot)) in facts.parts.iter().zip(&fact.by_part).enumerate() {
            let mut cells = vec![Cell::text(if index == 0 { fact.name() } else { String::new() })];
            cells.push(Cell::name(part.name(facts.outcome())));
            cells.extend(results(slot, part.seconds));
            cells.push(Cell::text(errors(slot)));
            rows.push(cells_with_name(cells, fact, index));
        }
    }
    let heads = [
        "workload / journey",
        "part of the run",
        "arrived",
        "offered",
        "goodput",
        "availability",
        "open",
        "p50",
        "p90",
        "p99",
        "p99.9",
        "errors by class",
    ];
    table("Results of each journey by part of the run", &heads, rows)
}

/// Repeats a journey's name for screen readers without showing it again.
fn cells_with_name(mut cells: Vec<Cell>, fact: &TrafficFact<'_>, index: usize) -> Vec<Cell> {
    if index > 0 {
        cells[0] = Cell::markup(format!("<span class=\"unseen\">{}</span>", escape(&fact.name())));
    }
    cells
}

fn results(slot: &TrafficSlot, seconds: f64) -> Vec<Cell> {
    let per_sec = |count: u64| rate(if seconds > 0.0 { count as f64 / seconds } else { 0.0 });
    let mut cells = vec![
        Cell::figure(count(slot.arrived)),
        Cell::figure(per_sec(slot.arrived)),
        Cell::figure(per_sec(answered(slot))),
        Cell::figure(availability_text(slot)).bad_if(failed(slot) * 100 > slot.arrived),
        Cell::figure(count(slot.open)),
    ];
    cells.extend([0.5, 0.9, 0.99, 0.999].map(|q| Cell::figure(duration_or_none(slot.latency.quantile(q)))));
    cells
}

/// Failures by class with their share of arrivals.
fn errors(slot: &TrafficSlot) -> String {
    let of = |number: u64| share(number as f64 / slot.arrived.max(1) as f64);
    let mut classes: Vec<_> = slot.errors.iter().filter(|(_, number)| **number > 0).collect();
    classes.sort_by_key(|(_, number)| std::cmp::Reverse(**number));
    let mut parts: Vec<String> = classes
        .into_iter()
        .map(|(class, number)| format!("{} {} ({})", count(*number), words::error_class(*class), of(*number)))
        .collect();
    if slot.degraded > 0 {
        parts.push(format!("{} degraded", count(slot.degraded)));
    }
    parts.join(", ")
}
