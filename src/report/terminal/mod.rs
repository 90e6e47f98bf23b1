//! A summary that an engineer reads in ten seconds: verdict first, then where
//! to look, then the figures.

mod load;
mod machinery;
mod messages;
mod models;
mod names;
mod replicas;
mod replications;
mod sessions;

use super::facts::{Facts, Happening, HappeningKind, depth, findings, timeline};
use super::figures::{count, exact, measure, measure_beside};
use super::table::{Align, Cell, Paint, Table};
use super::words::{self, clip, tame};
use super::{Format, Sheet};
use crate::verdict::{Judgement, Verdict};

pub(super) const FORMAT: Format = Format {
    name: "terminal",
    extension: "txt",
    summary: "a summary read in ten seconds, without colour, 100 columns wide",
    write: |sheet| terminal(sheet, Style { colour: false, width: 100 }).into_bytes(),
};

/// Narrower terminals get lines of this width all the same.
const WIDTH_MIN: usize = 60;
/// Faults and incidents shown before "and more".
const HAPPENINGS_SHOWN: usize = 16;
/// Broken laws shown before "and more".
const BROKEN_LAWS_SHOWN: usize = 5;

/// How the terminal summary looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether to use ANSI colours.
    pub colour: bool,
    /// Columns of the terminal; taken as at least 60.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { colour: false, width: 100 }
    }
}

/// A compact summary; ends with a line feed. Only the replay line may exceed the width.
#[must_use]
pub fn terminal(sheet: &Sheet<'_>, style: Style) -> String {
    let facts = Facts::new(sheet);
    let style = Style { width: style.width.max(WIDTH_MIN), ..style };
    let sections = [
        ("", headline(&facts, style)),
        (replications::promises_title(&facts), expectations(sheet.judgements, style)),
        (replications::TITLE, replications::table(&facts, style)),
        ("What stands out", stands_out(&facts, style)),
        ("Traffic", load::traffic(&facts, style)),
        ("Faults and incidents", happenings(&facts, style)),
        ("Busiest components", machinery::components(&facts, style)),
        ("Calls with retries, timeouts or refusals", machinery::edges(&facts, style)),
        ("Caches: hit ratio", machinery::caches(&facts, style)),
        ("Stores", machinery::stores(&facts, style)),
        ("Replicas", replicas::replicas(&facts, style)),
        ("Sessions", sessions::populations(&facts, style)),
        ("Broadcasts", sessions::broadcasts(&facts, style)),
        ("Names", names::names(&facts, style)),
        ("Messages and schedules", messages::brokers(&facts, style)),
        ("Marks: time from a request's start", messages::marks(&facts, style)),
        ("Language models and meters", models::models(&facts, style)),
        ("Who made the p99 slow", load::blame(&facts, style)),
        ("", footer(&facts, style)),
    ];
    let mut out = String::new();
    for (title, body) in sections {
        if body.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        if !title.is_empty() {
            out.push_str(&format!("{}\n", Paint::Strong.on(title, style.colour)));
        }
        out.push_str(&body);
    }
    out
}

fn paint_of(verdict: Option<Verdict>) -> Paint {
    match verdict {
        Some(Verdict::Pass) => Paint::Good,
        Some(Verdict::Inconclusive) => Paint::Unsure,
        Some(Verdict::Fail) => Paint::Bad,
        None => Paint::Strong,
    }
}

fn headline(facts: &Facts<'_>, style: Style) -> String {
    let outcome = facts.outcome();
    let word = words::verdict(facts.verdict).to_uppercase();
    let what =
        clip(&format!("{}: {}", tame(&outcome.scenario), facts.headline()), style.width - word.len() - 2);
    let environment =
        outcome.environment.as_ref().map_or_else(String::new, |name| format!(" ({})", tame(name)));
    let about = format!(
        "{}{environment} · {} · seed {}",
        tame(&outcome.topology),
        words::length(outcome),
        outcome.seed,
    );
    let mut out = format!(
        "{}  {}\n  {}\n",
        paint_of(facts.verdict).on(&word, style.colour),
        Paint::Strong.on(&what, style.colour),
        Paint::Dim.on(&clip(&about, style.width - 2), style.colour),
    );
    if let Some(note) = facts.replications_note() {
        out.extend(wrap(" ", &note, style.width));
    }
    if let Some(truncation) = &outcome.truncated {
        let warning = clip(&words::truncation(truncation), style.width - 2);
        out.push_str(&format!("  {}\n", Paint::Bad.on(&warning, style.colour)));
    }
    out
}

fn expectations(judgements: &[Judgement], style: Style) -> String {
    let columns =
        [("", Align::Text(1)), ("", Align::Text(24)), ("measured", Align::Figure), ("target", Align::Figure)];
    let mut table = Table::new(&columns);
    for judgement in judgements {
        let paint = paint_of(Some(judgement.verdict));
        let (measured, target) = measured_and_target(judgement);
        let is_kept = judgement.verdict == Verdict::Pass;
        table.row(vec![
            Cell::new(words::tick(judgement.verdict), paint),
            tame(&judgement.text).into(),
            Cell::new(measured, if is_kept { Paint::Plain } else { paint }),
            target.into(),
        ]);
        if !is_kept {
            let reason =
                judgement.reason.as_ref().map_or_else(String::new, |reason| format!(": {}", tame(reason)));
            table.note(Cell::new(format!("{}{reason}", tame(&judgement.location)), Paint::Dim));
        }
    }
    if table.is_empty() { String::new() } else { table.render(style.width, style.colour) }
}

/// What was measured, with its interval, and what it is held against.
pub(super) fn measured_and_target(judgement: &Judgement) -> (String, String) {
    let unit = judgement.unit;
    let measured = judgement.measured.map_or_else(
        || super::figures::NONE.to_owned(),
        |value| {
            let text = measure_beside(value, judgement.target, unit);
            judgement
                .half_width
                .map_or_else(|| text.clone(), |half| format!("{text} ± {}", measure(half, unit)))
        },
    );
    (measured, format!("{} {}", words::comparison(judgement.comparison), measure(judgement.target, unit)))
}

fn stands_out(facts: &Facts<'_>, style: Style) -> String {
    findings(facts).iter().flat_map(|finding| wrap("  •", finding, style.width)).collect()
}

/// A sentence over as many lines as it needs, the first after a bullet, the others indented as far.
fn wrap(bullet: &str, text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = bullet.to_owned();
    for word in text.split(' ') {
        if line.chars().count() + 1 + word.chars().count() > width && line.trim().chars().count() > 1 {
            lines.push(line + "\n");
            line = " ".repeat(bullet.chars().count());
        }
        line.push(' ');
        line.push_str(&clip(word, width - 4));
    }
    lines.push(line + "\n");
    lines
}

fn happenings(facts: &Facts<'_>, style: Style) -> String {
    let columns = [
        ("", Align::Text(3)),
        ("from", Align::Figure),
        ("for", Align::Figure),
        ("", Align::Text(8)),
        ("", Align::Text(20)),
    ];
    let all = timeline(facts.outcome());
    let mut table = Table::new(&columns);
    for happening in all.iter().take(HAPPENINGS_SHOWN) {
        table.row(happening_row(happening));
    }
    if all.len() > HAPPENINGS_SHOWN {
        table.note(Cell::new(format!("and {} more", all.len() - HAPPENINGS_SHOWN), Paint::Dim));
    }
    if table.is_empty() { String::new() } else { table.render(style.width, style.colour) }
}

fn happening_row(happening: &Happening<'_>) -> Vec<Cell> {
    let length = happening.to.map_or_else(|| "no end".to_owned(), |to| to.since(happening.from).to_string());
    let (paint, word, what) = match happening.kind {
        HappeningKind::Fault(fault) => (
            Paint::Unsure,
            "fault",
            format!("{}: {} of {}", tame(&fault.name), tame(&fault.kind), tame(&fault.target)),
        ),
        HappeningKind::Incident(incident) => {
            let text = format!("{}, {} failed", depth(incident), count(incident.failed));
            (Paint::Bad, "users hurt", text)
        }
    };
    vec![
        Cell::new(happening.label.clone(), paint),
        happening.from.to_string().into(),
        length.into(),
        Cell::new(word, paint),
        what.into(),
    ]
}

fn footer(facts: &Facts<'_>, style: Style) -> String {
    let outcome = facts.outcome();
    let mut table = Table::new(&[("", Align::Text(6)), ("", Align::Text(20))]);
    let broken = facts.broken_laws();
    let mut laws =
        |text: String, paint| table.row(vec![Cell::new("laws  ", Paint::Dim), Cell::new(text, paint)]);
    match (broken.len(), outcome.conservation.len()) {
        (_, 0) => laws("no conservation law was checked".to_owned(), Paint::Unsure),
        (0, all) => laws(format!("all {all} conservation laws held exactly"), Paint::Plain),
        (failed, all) => laws(
            format!(
                "{failed} of {all} conservation laws broken: an error of the engine, trust no figure above"
            ),
            Paint::Bad,
        ),
    }
    for law in broken.iter().take(BROKEN_LAWS_SHOWN) {
        let text = format!("{}: {} is not {}", tame(&law.law), exact(law.left), exact(law.right));
        table.row(vec!["".into(), Cell::new(text, Paint::Bad)]);
    }
    let run = format!(
        "digest {} · {} events · seed {} · shakedown {}",
        tame(&outcome.digest),
        exact(u128::from(outcome.events)),
        outcome.seed,
        tame(&outcome.engine),
    );
    table.row(vec![Cell::new("run", Paint::Dim), run.into()]);
    let replay = format!("  {}  {}\n", Paint::Dim.on("replay", style.colour), replay_line(facts.sheet));
    table.render(style.width, style.colour) + &replay
}

/// The replay line, without anything a terminal would act on.
fn replay_line(sheet: &Sheet<'_>) -> String {
    sheet.command.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn sample_text(style: Style) -> String {
        let (outcome, judgements) = (sample::outcome(), sample::judgements());
        terminal(&sample::sheet(&outcome, &judgements), style)
    }

    #[test]
    fn says_the_verdict_first_and_what_was_measured() {
        let text = sample_text(Style::default());
        let first = text.lines().next().unwrap();
        assert!(
            first.starts_with("FAIL") && first.contains("3 of 8 expectations failed, 1 inconclusive"),
            "{first}"
        );
        let failed = text.lines().find(|line| line.contains("latency p99 of checkout < 4s")).unwrap();
        assert!(failed.contains("✗") && failed.contains("7.84s") && failed.contains("< 4s"), "{failed}");
        for fact in
            ["shoppers / checkout", "supabase brownout", "9f3ac1d27be04c55", "pool wait", "14,213,554 events"]
        {
            assert!(text.contains(fact), "{fact} is missing from\n{text}");
        }
    }

    #[test]
    fn only_the_replay_line_exceeds_the_width() {
        for width in [60, 80, 100, 140] {
            let text = sample_text(Style { colour: false, width });
            for line in text.lines().filter(|line| !line.contains("replay")) {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
        }
    }

    #[test]
    fn colour_is_only_there_when_asked_for() {
        assert!(!sample_text(Style::default()).contains('\x1b'));
        assert!(sample_text(Style { colour: true, width: 100 }).contains("\x1b[1;31mFAIL\x1b[0m"));
    }

    #[test]
    fn names_cannot_send_commands_to_the_terminal() {
        let mut outcome = sample::outcome();
        outcome.scenario = "evil\x1b]0;title\x07".into();
        outcome.components[3].name = "a\x1b[2Jb".into();
        let text = terminal(&sample::sheet(&outcome, &[]), Style::default());
        assert!(!text.contains('\x1b') && !text.contains('\x07'));
    }

    #[test]
    fn a_broken_law_is_an_error_of_the_engine() {
        let mut outcome = sample::outcome();
        outcome.conservation[3].left += 1;
        let text = terminal(&sample::sheet(&outcome, &[]), Style::default());
        assert!(text.contains("1 of 90 conservation laws broken"), "{text}");
        assert!(text.contains("arrivals of edge 3: 1,004 is not 1,003"), "{text}");
    }

    #[test]
    fn a_run_stopped_early_says_so_at_the_top() {
        let outcome = sample::empty();
        let text = terminal(&sample::sheet(&outcome, &[]), Style::default());
        assert!(text.lines().take(3).any(|line| line.contains("events-max (10) was reached")), "{text}");
    }
}
