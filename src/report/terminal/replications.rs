//! Headline figures over several replications.

use super::Style;
use crate::report::facts::{Facts, Spread};
use crate::report::figures::mean;
use crate::report::table::{Align, Cell, Paint, Table};
use crate::verdict::Unit;

/// Journeys shown, in the scenario's order.
const JOURNEYS_SHOWN: usize = 12;

/// What [`table`] shows; it names [`crate::report::facts::CONFIDENCE`].
pub(super) const TITLE: &str = "Over all replications: mean ± 99% interval";

/// What the table of expectations shows; it names [`crate::verdict::CONFIDENCE`].
pub(super) fn promises_title(facts: &Facts<'_>) -> &'static str {
    if facts.replications() == 1 {
        "Expectations"
    } else {
        "Expectations, over all replications: mean ± 95% interval"
    }
}

/// Empty for a single run.
pub(super) fn table(facts: &Facts<'_>, style: Style) -> String {
    let columns = [
        ("workload / journey", Align::Text(16)),
        ("goodput", Align::Figure),
        ("avail.", Align::Figure),
        ("p50", Align::Figure),
        ("p99", Align::Figure),
    ];
    let of = facts.replications();
    let mut table = Table::new(&columns);
    for line in facts.headlines.iter().take(JOURNEYS_SHOWN) {
        table.row(vec![
            line.name.clone().into(),
            mean(line.goodput, Unit::PerSecond, of).into(),
            mean(line.availability, Unit::Share, of).into(),
            mean(line.p50.map(Spread::in_seconds), Unit::Seconds, of).into(),
            mean(line.p99.map(Spread::in_seconds), Unit::Seconds, of).into(),
        ]);
    }
    if facts.headlines.len() > JOURNEYS_SHOWN {
        let more = format!("and {} more", facts.headlines.len() - JOURNEYS_SHOWN);
        table.note(Cell::new(more, Paint::Dim));
    }
    if table.is_empty() { String::new() } else { table.render(style.width, style.colour) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::facts::CONFIDENCE;
    use crate::report::{sample, terminal};

    #[test]
    fn titles_name_the_confidence_of_what_is_below_them() {
        assert!(TITLE.contains(&format!("{:.0}%", CONFIDENCE * 100.0)));
        assert!((crate::verdict::CONFIDENCE - 0.95).abs() < 1e-12);
    }

    #[test]
    fn several_replications_are_summed_up_and_the_one_shown_is_named() {
        let (first, judgements) = (sample::outcome(), sample::judgements());
        let others = [first.clone(), first.clone()];
        let mut sheet = sample::sheet(&first, &judgements);
        assert!(!terminal(&sheet, Style::default()).contains("replications"));
        sheet.others = &others;
        for width in [60, 100] {
            let text = terminal(&sheet, Style { colour: false, width });
            assert!(text.contains(TITLE) && text.contains("all users"), "{text}");
            assert!(text.contains("3 replications.") && text.contains("the first, seed 42."), "{text}");
            let is_fit = |line: &&str| line.chars().count() <= width || line.contains("replay");
            assert_eq!(text.lines().find(|line| !is_fit(line)), None);
        }
    }
}
