//! Who made requests slow: for each journey, part of the run and quantile, a
//! bar of whole length divided by what the time was spent on.

use super::table::{Cell, escape, legend, table};
use crate::outcome::{Blame, BlameQuantile, Outcome, WaitKind};
use crate::report::facts::Facts;
use crate::report::figures::{count, duration, share_short};
use crate::report::words::{self, WAIT_KINDS, clip, tame};
use std::fmt::Write;

/// Journeys with bars.
const JOURNEYS_MAX: usize = 8;
/// Parts of one latency in the table.
const PARTS_MAX: usize = 6;
/// Under this many requests a bar is indicative only.
const FEW: u64 = 100;

const WIDTH: f64 = 580.0;
/// Room for quantiles on the left and latencies on the right.
const LEFT: f64 = 62.0;
const RIGHT: f64 = 66.0;
const BAR: f64 = 20.0;
const STEP: f64 = 24.0;
const TITLE: f64 = 24.0;
/// Estimated width of a character in a bar.
const CHAR: f64 = 6.5;

pub(super) fn section(facts: &Facts<'_>) -> String {
    let mut out = String::new();
    let mut journeys: Vec<(&str, &str)> = Vec::new();
    for blame in &facts.outcome().blame {
        let journey = (blame.workload.as_str(), blame.journey.as_str());
        if !journeys.contains(&journey) {
            journeys.push(journey);
        }
    }
    for (workload, journey) in journeys.iter().take(JOURNEYS_MAX) {
        let entries: Vec<&Blame> = facts
            .outcome()
            .blame
            .iter()
            .filter(|b| b.workload == *workload && b.journey == *journey)
            .collect();
        let name = format!("{} / {}", tame(workload), tame(journey));
        out.push_str(&format!(
            "<figure class=\"card\"><figcaption>{}</figcaption>{}<details><summary>Table</summary>{}</details></figure>",
            escape(&name),
            bars(facts.outcome(), &name, &entries),
            parts_table(facts.outcome(), &name, &entries),
        ));
    }
    if out.is_empty() {
        return out;
    }
    let key = legend(WAIT_KINDS.map(|kind| (words::wait_kind(kind), class(kind))));
    let missing = journeys.len().saturating_sub(JOURNEYS_MAX);
    let missing =
        if missing > 0 { format!(" {missing} further journeys are not shown.") } else { String::new() };
    format!(
        "<p>Each bar is the mean request around that quantile, divided by where its time went on the critical path.{missing}</p>{key}<div class=\"grid two\">{out}</div>"
    )
}

fn bars(outcome: &Outcome, name: &str, entries: &[&Blame]) -> String {
    let rows: usize = entries.iter().map(|blame| blame.quantiles.len()).sum();
    let height = entries.len() as f64 * TITLE + rows as f64 * STEP + 4.0;
    let mut svg = format!(
        "<svg class=\"blame\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}: where the time of requests around each quantile went; the same as in the table below\">",
        escape(name)
    );
    let mut y = 0.0;
    for blame in entries {
        let _ = write!(
            svg,
            "<text class=\"part\" x=\"0\" y=\"{:.0}\">{} · {} requests</text>",
            y + 16.0,
            words::phase(blame.phase, outcome),
            count(blame.requests)
        );
        y += TITLE;
        for entry in &blame.quantiles {
            bar(&mut svg, entry, y);
            y += STEP;
        }
    }
    svg + "</svg>"
}

fn bar(svg: &mut String, entry: &BlameQuantile, y: f64) {
    let base = y + BAR / 2.0 + 4.0;
    let few = if entry.requests < FEW { "*" } else { "" };
    let _ = write!(
        svg,
        "<text class=\"quantile\" x=\"{:.0}\" y=\"{base:.0}\">{}{few}</text><text class=\"latency\" x=\"{WIDTH}\" y=\"{base:.0}\">{}</text>",
        LEFT - 8.0,
        words::quantile(entry.quantile),
        duration(entry.latency_ns),
    );
    let total: f64 = entry.parts.iter().map(|part| part.nanos.max(0.0)).sum();
    if total <= 0.0 {
        return;
    }
    let full = WIDTH - LEFT - RIGHT;
    let mut parts: Vec<_> = entry.parts.iter().filter(|part| part.nanos > 0.0).collect();
    parts.sort_by(|a, b| b.nanos.total_cmp(&a.nanos));
    let mut x = LEFT;
    for part in parts {
        let width = full * part.nanos / total;
        if width < 0.5 {
            break;
        }
        let who = tame(&part.who);
        let _ = write!(
            svg,
            "<g class=\"{}\"><title>{}: {} {} ({})</title><rect x=\"{x:.1}\" y=\"{y:.0}\" width=\"{:.1}\" height=\"{BAR}\"/>",
            class(part.kind),
            escape(&who),
            words::wait_kind(part.kind),
            duration(part.nanos),
            share_short(part.nanos / total),
            (width - 1.0).max(0.5),
        );
        let room = ((width - 8.0) / CHAR).max(0.0) as usize;
        let label = clip(short_name(&who, room), room);
        if room >= 7 || (room >= 3 && !label.ends_with('…')) {
            let _ = write!(svg, "<text x=\"{:.1}\" y=\"{base:.0}\">{}</text>", x + 4.0, escape(&label));
        }
        svg.push_str("</g>");
        x += width;
    }
}

/// Of `caller -> target`, the target where both do not fit.
fn short_name(who: &str, room: usize) -> &str {
    if who.chars().count() <= room { who } else { who.rsplit_once("-> ").map_or(who, |(_, target)| target) }
}

fn parts_table(outcome: &Outcome, name: &str, entries: &[&Blame]) -> String {
    let mut rows = Vec::new();
    for blame in entries {
        for entry in &blame.quantiles {
            let mut parts: Vec<_> = entry.parts.iter().collect();
            parts.sort_by(|a, b| b.nanos.total_cmp(&a.nanos));
            for part in parts.into_iter().take(PARTS_MAX) {
                let of = if entry.latency_ns > 0.0 { part.nanos / entry.latency_ns } else { 0.0 };
                rows.push(vec![
                    Cell::text(words::phase(blame.phase, outcome)),
                    Cell::text(words::quantile(entry.quantile)),
                    Cell::figure(duration(entry.latency_ns)),
                    Cell::text(tame(&part.who)),
                    Cell::text(words::wait_kind(part.kind)),
                    Cell::figure(duration(part.nanos)),
                    Cell::figure(share_short(of)),
                    Cell::figure(format!(
                        "{}{}",
                        count(entry.requests),
                        if entry.requests < FEW { "*" } else { "" }
                    )),
                ]);
            }
        }
    }
    let heads = ["part of the run", "quantile", "latency", "who", "time spent", "mean", "share", "requests"];
    table(&format!("{name}: largest parts (* under {FEW} requests: indicative only)"), &heads, rows)
}

fn class(kind: WaitKind) -> &'static str {
    match kind {
        WaitKind::Network => "network",
        WaitKind::Admission => "admission",
        WaitKind::PoolWait => "pool-wait",
        WaitKind::Connect => "connect",
        WaitKind::QueueWait => "queue-wait",
        WaitKind::Service => "service",
        WaitKind::Coalesced => "coalesced",
        WaitKind::Backoff => "backoff",
        WaitKind::Abandoned => "abandoned",
        WaitKind::User => "user",
        WaitKind::ColdStart => "cold-start",
    }
}
