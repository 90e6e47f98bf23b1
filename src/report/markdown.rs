//! A short summary for the summary page of a CI job.

use super::facts::{CONFIDENCE, Facts, Spread, answered, findings};
use super::figures::{availability_text, duration_or_none, exact, mean, rate, share};
use super::terminal::measured_and_target;
use super::words::{self, tame};
use super::{Format, Sheet};
use crate::verdict::{Unit, Verdict};

pub(super) const FORMAT: Format = Format {
    name: "markdown",
    extension: "md",
    summary: "a short summary for the page of a CI job",
    write: |sheet| markdown(sheet).into_bytes(),
};

/// Rows of each table.
const ROWS_MAX: usize = 40;

/// Verdict, expectations, what stands out, traffic and the replay line, as GitHub-flavoured Markdown.
#[must_use]
pub fn markdown(sheet: &Sheet<'_>) -> String {
    let facts = Facts::new(sheet);
    let outcome = sheet.outcome;
    let mut out = format!(
        "## {}: {}\n\n{}; topology {}, {}, seed {}.\n\n",
        words::verdict(facts.verdict).to_uppercase(),
        escape(&tame(&outcome.scenario)),
        facts.headline(),
        escape(&tame(&outcome.topology)),
        words::length(outcome),
        outcome.seed,
    );
    if let Some(note) = facts.replications_note() {
        out.push_str(&format!("{note}\n\n"));
    }
    if let Some(truncation) = &outcome.truncated {
        out.push_str(&format!("**{}**\n\n", words::truncation(truncation)));
    }
    let broken = facts.broken_laws().len();
    if broken > 0 {
        out.push_str(&format!(
            "**{broken} conservation laws broken: an error of the engine, trust no figure.**\n\n"
        ));
    }
    out.push_str(&expectations(sheet));
    out.push_str(&replications(&facts));
    let findings: String = findings(&facts).iter().map(|text| format!("- {}\n", escape(text))).collect();
    if !findings.is_empty() {
        out.push_str(&format!("{findings}\n"));
    }
    out.push_str(&traffic(&facts));
    let command: String = sheet.command.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    out.push_str(&format!(
        "Digest {}, {} events. Replay:\n\n    {command}\n",
        code(&outcome.digest),
        exact(u128::from(outcome.events)),
    ));
    out
}

fn expectations(sheet: &Sheet<'_>) -> String {
    if sheet.judgements.is_empty() {
        return String::new();
    }
    let mut out =
        String::from("| | expectation | measured | target | written in |\n|---|---|---:|---:|---|\n");
    for judgement in sheet.judgements.iter().take(ROWS_MAX) {
        let (measured, target) = measured_and_target(judgement);
        let mark = match judgement.verdict {
            Verdict::Pass => "✓ pass",
            Verdict::Inconclusive => "? inconclusive",
            Verdict::Fail => "**✗ fail**",
        };
        let reason = judgement
            .reason
            .as_ref()
            .map_or_else(String::new, |reason| format!("<br>{}", escape(&tame(reason))));
        out.push_str(&format!(
            "| {mark} | {}{reason} | {measured} | {} | {} |\n",
            code(&judgement.text),
            escape(&target),
            escape(&tame(&judgement.location)),
        ));
    }
    more(out, sheet.judgements.len())
}

fn replications(facts: &Facts<'_>) -> String {
    if facts.headlines.is_empty() {
        return String::new();
    }
    let of = facts.replications();
    let mut out = format!(
        "| mean ± {} interval over {of} replications | goodput | availability | p50 | p99 |\n|---|---:|---:|---:|---:|\n",
        share(CONFIDENCE)
    );
    for line in facts.headlines.iter().take(ROWS_MAX) {
        let seconds = |spread: Option<Spread>| mean(spread.map(Spread::in_seconds), Unit::Seconds, of);
        out.push_str(&format!(
            "| {} | {} | {} | {} | {} |\n",
            escape(&line.name),
            mean(line.goodput, Unit::PerSecond, of),
            mean(line.availability, Unit::Share, of),
            seconds(line.p50),
            seconds(line.p99),
        ));
    }
    more(out, facts.headlines.len())
}

fn traffic(facts: &Facts<'_>) -> String {
    if facts.traffic.is_empty() {
        return String::new();
    }
    let mut out = String::from(
        "| workload / journey | offered | goodput | availability | p50 | p99 | p99.9 |\n|---|---:|---:|---:|---:|---:|---:|\n",
    );
    for fact in facts.traffic.iter().take(ROWS_MAX) {
        let quantile = |q| duration_or_none(fact.total.latency.quantile(q));
        out.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} | {} |\n",
            escape(&fact.name()),
            rate(facts.whole.per_sec(fact.total.arrived)),
            rate(facts.whole.per_sec(answered(&fact.total))),
            availability_text(&fact.total),
            quantile(0.5),
            quantile(0.99),
            quantile(0.999),
        ));
    }
    more(out, facts.traffic.len())
}

fn more(mut table: String, rows: usize) -> String {
    if rows > ROWS_MAX {
        table.push_str(&format!("\nand {} more\n", rows - ROWS_MAX));
    }
    table + "\n"
}

/// Text that Markdown and the HTML within it take literally, also in a table.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' => out.extend(['\\', c]),
            // Keeps a name from notifying somebody.
            '@' => out.push_str("&#64;"),
            c => out.push(c),
        }
    }
    out
}

/// Text in a code span, which knows no escapes but `|` in tables.
fn code(text: &str) -> String {
    format!("`{}`", tame(text).replace('`', "'").replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn holds_verdict_expectations_and_the_replay_line() {
        let (outcome, judgements) = (sample::outcome(), sample::judgements());
        let text = markdown(&sample::sheet(&outcome, &judgements));
        assert!(text.starts_with("## FAIL: supabase brownout on a sale day\n"), "{text}");
        assert!(text.contains("| **✗ fail** | `latency p99 of checkout < 4s during faults`"), "{text}");
        assert!(text.contains("\n    shakedown run "), "{text}");
    }

    #[test]
    fn names_can_neither_break_a_table_nor_become_markup() {
        let mut outcome = sample::outcome();
        outcome.traffic[0].journey = "a|b<img src=x>@team\nc".into();
        let text = markdown(&sample::sheet(&outcome, &[]));
        assert!(text.contains("a\\|b&lt;img src=x&gt;&#64;team\u{fffd}c"), "{text}");
    }
}
