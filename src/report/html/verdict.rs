//! The verdict, what stands out, and each expectation.

use super::table::{Cell, escape, table};
use crate::outcome::TrafficSlot;
use crate::report::facts::answered;
use crate::report::facts::{Facts, findings};
use crate::report::figures::{availability_text, count, exact, rate, share};
use crate::report::terminal::measured_and_target;
use crate::report::words::{self, tame, tame_to};
use crate::verdict::{CONFIDENCE, Verdict};

/// Longest expectation and reason shown whole.
const TEXT_MAX: usize = 240;

pub(super) fn header(facts: &Facts<'_>) -> String {
    let outcome = facts.outcome();
    let word = words::verdict(facts.verdict);
    let environment =
        outcome.environment.as_ref().map_or_else(String::new, |name| format!(" ({})", tame(name)));
    let mut out = format!(
        "<header class=\"{}\">\n<p class=\"verdict\">{}</p>\n<h1>{}</h1>\n<p>{}. {}{}, {}, seed {}.</p>\n",
        class(facts.verdict),
        escape(word),
        escape(&tame(&outcome.scenario)),
        escape(&capital(&facts.headline())),
        escape(&tame(&outcome.topology)),
        escape(&environment),
        words::length(outcome),
        outcome.seed,
    );
    if let Some(note) = facts.replications_note() {
        out.push_str(&format!("<p>{}</p>\n", escape(&note)));
    }
    if let Some(truncation) = &outcome.truncated {
        out.push_str(&format!(
            "<p class=\"warning\" role=\"alert\">{}</p>\n",
            escape(&words::truncation(truncation))
        ));
    }
    let broken = facts.broken_laws().len();
    if broken > 0 {
        out.push_str(&format!(
            "<p class=\"warning\" role=\"alert\">{broken} of {} conservation laws broken: an error of the engine. Trust no figure below.</p>\n",
            outcome.conservation.len()
        ));
    }
    out.push_str(&tiles(facts));
    let findings: String = findings(facts).iter().map(|text| format!("<li>{}</li>", escape(text))).collect();
    if !findings.is_empty() {
        out.push_str(&format!("<h2>What stands out</h2><ul class=\"findings\">{findings}</ul>\n"));
    }
    out + "</header>\n"
}

/// The figures everybody asks for first.
fn tiles(facts: &Facts<'_>) -> String {
    let mut total = TrafficSlot::default();
    for traffic in &facts.traffic {
        total.arrived += traffic.total.arrived;
        total.ok += traffic.total.ok;
        total.degraded += traffic.total.degraded;
        total.open += traffic.total.open;
        for (class, count) in &traffic.total.errors {
            *total.errors.entry(*class).or_insert(0) += count;
        }
    }
    let worst = longest_incident(facts);
    let tiles = [
        ("availability", availability_text(&total)),
        ("offered", rate(facts.whole.per_sec(total.arrived))),
        ("goodput", rate(facts.whole.per_sec(answered(&total)))),
        ("failed", count(total.errors.values().sum())),
        ("open at the end", count(total.open)),
        ("longest incident", worst),
        ("events", exact(u128::from(facts.outcome().events))),
    ];
    let tiles = tiles.map(|(name, value)| format!("<div><dt>{name}</dt><dd>{}</dd></div>", escape(&value)));
    format!("<dl class=\"tiles\">{}</dl>\n", tiles.concat())
}

fn longest_incident(facts: &Facts<'_>) -> String {
    let outcome = facts.outcome();
    if outcome.incidents.iter().any(|incident| incident.to.is_none()) {
        return "not over".to_owned();
    }
    let spans = outcome.incidents.iter().filter_map(|incident| incident.to.map(|to| to.since(incident.from)));
    spans.max().map_or_else(|| "none".to_owned(), |span| span.to_string())
}

fn class(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Pass) => "pass",
        Some(Verdict::Inconclusive) => "inconclusive",
        Some(Verdict::Fail) => "fail",
        None => "none",
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

pub(super) fn expectations(facts: &Facts<'_>) -> String {
    let rows = facts.sheet.judgements.iter().map(|judgement| {
        let verdict = judgement.verdict;
        let chip = format!(
            "<span class=\"chip {}\">{} {}</span>",
            class(Some(verdict)),
            words::tick(verdict),
            words::verdict(Some(verdict))
        );
        let (measured, target) = measured_and_target(judgement);
        let mut text = format!("<code>{}</code>", escape(&tame_to(&judgement.text, TEXT_MAX)));
        if let Some(reason) = &judgement.reason {
            text.push_str(&format!("<br><small>{}</small>", escape(&tame_to(reason, TEXT_MAX))));
        }
        vec![
            Cell::markup(chip),
            Cell::markup(text),
            Cell::figure(measured).bad_if(verdict == Verdict::Fail),
            Cell::figure(target),
            Cell::markup(format!("<small>{}</small>", escape(&tame(&judgement.location)))),
        ]
    });
    let caption = match facts.replications() {
        1 => "What the scenario promises, and what was measured".to_owned(),
        count => format!(
            "What the scenario promises, and the mean measured, with its {} interval over {count} replications",
            share(CONFIDENCE)
        ),
    };
    table(&caption, &["verdict", "expectation", "measured", "target", "written in"], rows.collect())
}
