//! What the run was made from, how to repeat it, and whether its books balance.

use super::table::{Cell, escape, table};
use crate::report::facts::Facts;
use crate::report::figures::exact;
use crate::report::words::{tame, tame_to};

/// Bytes of escaped input text printed, over all files.
const TEXT_MAX: usize = 1_000_000;

pub(super) fn section(facts: &Facts<'_>) -> String {
    let outcome = facts.outcome();
    let facts_of_run = [
        ("replay", format!("<code>{}</code>", escape(&tame_to(&facts.sheet.command, 2000)))),
        ("digest", format!("<code>{}</code>", escape(&tame(&outcome.digest)))),
        ("seed", outcome.seed.to_string()),
        ("events", exact(u128::from(outcome.events))),
        ("simulated", format!("{} planned, last event at {}", outcome.duration, outcome.ended_at)),
        (
            "engine",
            format!("shakedown {}, outcome schema {}", escape(&tame(&outcome.engine)), outcome.schema),
        ),
    ];
    let facts_of_run =
        facts_of_run.map(|(name, value)| format!("<div><dt>{name}</dt><dd>{value}</dd></div>"));
    format!(
        "<p>Equal inputs and an equal seed give an equal digest, on every machine.</p><dl class=\"facts\">{}</dl>{}{}",
        facts_of_run.concat(),
        inputs(facts),
        conservation(facts),
    )
}

fn inputs(facts: &Facts<'_>) -> String {
    let rows = facts.outcome().inputs.iter().map(|input| {
        vec![
            Cell::text(tame(&input.path)),
            Cell::markup(format!("<code>{}</code>", escape(&tame(&input.fingerprint)))),
        ]
    });
    let mut out = table("Files read", &["file", "fingerprint"], rows.collect());
    let mut room = TEXT_MAX;
    for (path, text) in facts.sheet.inputs.iter().take(super::table::ROWS_MAX) {
        let (shown, missing) = cut(text, room);
        room = room.saturating_sub(shown.len());
        let note = if missing > 0 {
            format!("<p class=\"note\">{} more bytes are not shown.</p>", exact(missing as u128))
        } else {
            String::new()
        };
        out.push_str(&format!(
            "<details><summary>{}</summary><pre>{shown}</pre>{note}</details>",
            escape(&tame(path))
        ));
    }
    out
}

/// Escaped text of at most `room` bytes, and how many bytes of the original are missing.
fn cut(text: &str, room: usize) -> (String, usize) {
    let whole = escape(text);
    if whole.len() <= room {
        return (whole, 0);
    }
    // The longest escape takes six bytes for one, so this prefix always fits.
    let end = (0..=text.len().min(room / 6)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    (escape(&text[..end]), text.len() - end)
}

fn conservation(facts: &Facts<'_>) -> String {
    let checks = &facts.outcome().conservation;
    if checks.is_empty() {
        return "<p class=\"warning\">No conservation law was checked.</p>".to_owned();
    }
    let mut sorted: Vec<_> = checks.iter().collect();
    sorted.sort_by_key(|check| check.holds());
    let rows = sorted.into_iter().map(|check| {
        vec![
            Cell::text(tame(&check.law)),
            Cell::figure(exact(check.left)),
            Cell::figure(exact(check.right)),
            Cell::text(if check.holds() { "held" } else { "broken" }).bad_if(!check.holds()),
        ]
    });
    let list = table("Conservation laws", &["law", "left side", "right side", ""], rows.collect());
    let broken = facts.broken_laws().len();
    if broken > 0 {
        return format!(
            "<p class=\"warning\">{broken} of {} conservation laws broken.</p>{list}",
            checks.len()
        );
    }
    format!("<details><summary>All {} conservation laws held exactly</summary>{list}</details>", checks.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        let (shown, missing) = cut(&"é<".repeat(1000), 600);
        assert!(shown.len() <= 600 && missing > 0, "{} {missing}", shown.len());
        assert_eq!(cut("a<b", 600), ("a&lt;b".to_owned(), 0));
    }
}
