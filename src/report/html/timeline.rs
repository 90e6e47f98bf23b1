//! Faults and incidents: a picture with a row each, and a table.

use super::table::{Cell, escape, table};
use crate::report::charts::axis::Axis;
use crate::report::facts::{Facts, Happening, HappeningKind, depth, timeline};
use crate::report::figures::count;
use crate::report::words::{clip, tame};
use crate::units::SimTime;
use std::fmt::Write;

const WIDTH: f64 = 1160.0;
/// Room for the names of rows.
const LEFT: f64 = 230.0;
const RIGHT: f64 = 24.0;
const ROW: f64 = 26.0;
const AXIS: f64 = 26.0;
const NAME_CHARS: usize = 34;
/// Rows of the picture, and bars in all of them.
const ROWS_MAX: usize = 24;
const BARS_MAX: usize = 2000;

pub(super) fn section(facts: &Facts<'_>) -> String {
    let all = timeline(facts.outcome());
    if all.is_empty() {
        return "<p>No fault acted and no users were hurt.</p>".to_owned();
    }
    format!("<div class=\"card scroll\">{}</div>{}", picture(facts, &all), list(&all))
}

fn picture(facts: &Facts<'_>, all: &[Happening<'_>]) -> String {
    let outcome = facts.outcome();
    let end = SimTime(outcome.duration.0.min(outcome.ended_at.0)).as_secs_f64();
    let time = Axis::time(end, 12);
    let x = |secs: f64| LEFT + (WIDTH - LEFT - RIGHT) * time.place(secs);
    let rows = rows(all);
    let height = rows.len() as f64 * ROW + AXIS;
    let mut svg = format!(
        "<svg class=\"timeline\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"Faults and incidents over time; the same as in the table below\">"
    );
    for (at, label) in &time.ticks {
        let x = x(*at);
        let bottom = height - AXIS;
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{x:.1}\" y1=\"0\" x2=\"{x:.1}\" y2=\"{bottom}\"/>\
             <text class=\"tick\" x=\"{x:.1}\" y=\"{:.1}\">{label}</text>",
            bottom + 16.0
        );
    }
    let mut bars = 0;
    for (index, (name, members)) in rows.iter().enumerate() {
        let y = index as f64 * ROW;
        let name = escape(&clip(name, NAME_CHARS));
        let _ =
            write!(svg, "<text class=\"row\" x=\"{:.1}\" y=\"{:.1}\">{name}</text>", LEFT - 10.0, y + 17.0);
        for happening in members {
            bars += 1;
            if bars > BARS_MAX {
                break;
            }
            let from = x(happening.from.as_secs_f64());
            let width = (x(happening.to.map_or(end, SimTime::as_secs_f64)) - from).max(2.0);
            let class = if matches!(happening.kind, HappeningKind::Fault(_)) { "fault" } else { "incident" };
            let _ = write!(
                svg,
                "<rect class=\"{class}\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{:.1}\" rx=\"2\"/>",
                y + 4.0,
                ROW - 8.0
            );
            if width > 26.0 {
                let middle = from + width / 2.0;
                let label = &happening.label;
                let _ = write!(
                    svg,
                    "<text class=\"bar {class}\" x=\"{middle:.1}\" y=\"{:.1}\">{label}</text>",
                    y + 17.0
                );
            }
        }
    }
    svg + "</svg>"
}

/// Incidents first, then each fault with all its times.
fn rows<'a, 'b>(all: &'b [Happening<'a>]) -> Vec<(String, Vec<&'b Happening<'a>>)> {
    let mut rows: Vec<(String, Vec<&Happening<'_>>)> = Vec::new();
    for happening in all {
        let name = match happening.kind {
            HappeningKind::Fault(fault) => tame(&fault.name),
            HappeningKind::Incident(_) => String::from("users hurt"),
        };
        let is_incident = matches!(happening.kind, HappeningKind::Incident(_));
        let same = |row: &&mut (String, Vec<&Happening<'_>>)| {
            row.0 == name && matches!(row.1[0].kind, HappeningKind::Incident(_)) == is_incident
        };
        match rows.iter_mut().find(same) {
            Some((_, members)) => members.push(happening),
            None if is_incident => rows.insert(0, (name, vec![happening])),
            None => rows.push((name, vec![happening])),
        }
    }
    rows.truncate(ROWS_MAX);
    rows
}

fn list(all: &[Happening<'_>]) -> String {
    let rows = all.iter().map(|happening| {
        let length =
            happening.to.map_or_else(|| "no end".to_owned(), |to| to.since(happening.from).to_string());
        let (class, what) = match happening.kind {
            HappeningKind::Fault(fault) => {
                ("fault", format!("{}: {} of {}", tame(&fault.name), tame(&fault.kind), tame(&fault.target)))
            }
            HappeningKind::Incident(incident) => {
                let text = format!("users hurt: {}, {} failed", depth(incident), count(incident.failed));
                ("incident", text)
            }
        };
        vec![
            Cell::markup(format!("<span class=\"mark {class}\">{}</span>", escape(&happening.label))),
            Cell::figure(happening.from.to_string()),
            Cell::figure(happening.to.map_or_else(|| "–".to_owned(), |to| to.to_string())),
            Cell::figure(length),
            Cell::text(what),
        ]
    });
    table("In order of time", &["", "from", "to", "for", "what"], rows.collect())
}
