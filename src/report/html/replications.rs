//! Headline figures over several replications.

use super::table::{Cell, table};
use crate::report::facts::{CONFIDENCE, Facts, Spread};
use crate::report::figures::{mean, share};
use crate::verdict::Unit;

/// Empty for a single run.
pub(super) fn section(facts: &Facts<'_>) -> String {
    let of = facts.replications();
    let rows = facts.headlines.iter().map(|line| {
        vec![
            Cell::text(&line.name),
            Cell::figure(mean(line.goodput, Unit::PerSecond, of)),
            Cell::figure(mean(line.availability, Unit::Share, of)),
            Cell::figure(mean(line.p50.map(Spread::in_seconds), Unit::Seconds, of)),
            Cell::figure(mean(line.p99.map(Spread::in_seconds), Unit::Seconds, of)),
        ]
    });
    let caption = format!(
        "Whole runs after the warm-up: means with their {} intervals over {of} replications",
        share(CONFIDENCE)
    );
    table(&caption, &["workload / journey", "goodput", "availability", "p50", "p99"], rows.collect())
}

#[cfg(test)]
mod tests {
    use crate::report::{html, sample};

    #[test]
    fn the_page_says_what_is_over_all_replications_and_which_one_it_pictures() {
        let (first, judgements) = (sample::outcome(), sample::judgements());
        let mut sheet = sample::sheet(&first, &judgements);
        assert!(!html(&sheet).contains("replications"));
        let others = [first.clone()];
        sheet.others = &others;
        let page = html(&sheet);
        for part in [
            "99% intervals over 2 replications",
            "95% interval over 2 replications",
            "shows the first, seed 42",
        ] {
            assert!(page.contains(part), "{part}");
        }
    }
}
