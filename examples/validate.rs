//! Runs every case with a known answer and writes `docs/validation.md`.
//!
//! `cargo run --release --example validate`; a few minutes on two cores. With words after `--`, only the
//! scenarios that begin with one of them, and the page goes to the terminal. With `-- --as-written` the wrong
//! parameters are left out, which takes half the time, and no page is written: what a continuous check needs,
//! for a quick part of them is among the tests.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

#[path = "../validation/runner.rs"]
mod runner;

use runner::{Case, Job, Manifest, Row, as_written, manifest, perturbed, root, run};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::ExitCode;

/// Everything that the page tells.
struct Results {
    manifest: Manifest,
    rows: Vec<Row>,
    /// Jobs with a changed parameter, and what came of them.
    changes: Vec<Job>,
    changed: Vec<Row>,
}

impl Results {
    fn failed(&self) -> Vec<&Row> {
        self.rows.iter().filter(|row| !row.passes()).collect()
    }

    /// Checks that no change of a parameter makes fail, though none is said to be blind.
    fn unproven(&self) -> Vec<&Row> {
        let rows = self.rows.iter().filter(|row| row.check.blind.is_none());
        rows.filter(|row| self.noticed(row).is_none()).collect()
    }

    /// The largest distance, in tolerances, by which a changed parameter makes a check fail.
    fn noticed(&self, row: &Row) -> Option<f64> {
        let same = |other: &&Row| other.case == row.case && other.check.is_same(&row.check);
        let found = self.changed.iter().filter(same).filter(|other| other.notices());
        found.map(Row::badness).max_by(f64::total_cmp)
    }
}

fn main() -> ExitCode {
    let mut wanted: Vec<String> = std::env::args().skip(1).collect();
    let words = wanted.len();
    wanted.retain(|word| word != "--as-written");
    let as_written_only = wanted.len() < words;
    let mut manifest = manifest();
    if !wanted.is_empty() {
        manifest.cases.retain(|case| wanted.iter().any(|name| case.scenario.starts_with(name.as_str())));
    }
    let rows = run(&manifest.cases, &as_written(&manifest.cases));
    if as_written_only {
        return judge(&Results { manifest, rows, changes: Vec::new(), changed: Vec::new() }, false);
    }
    let changes = perturbed(&manifest.cases);
    let changed = run(&manifest.cases, &changes);
    let results = Results { manifest, rows, changes, changed };
    let page = page(&results);
    if wanted.is_empty() {
        std::fs::write(root().join("../docs/validation.md"), page)
            .expect("docs/validation.md can be written");
    } else {
        print!("{page}");
    }
    judge(&results, true)
}

/// Says what does not hold, and whether nothing is wrong.
fn judge(results: &Results, were_changed: bool) -> ExitCode {
    let unproven = if were_changed { results.unproven() } else { Vec::new() };
    let failed = results.failed();
    for (what, rows) in [("FAILED", &failed), ("NEVER FAILS", &unproven)] {
        for row in rows {
            eprintln!("{what} {} {}", results.manifest.cases[row.case].scenario, line(results, row));
        }
    }
    let weak = results.rows.iter().filter(|row| row.is_weak()).count();
    print!(
        "{} checks, {} failed, {weak} with an interval wider than the tolerance",
        results.rows.len(),
        failed.len()
    );
    if were_changed {
        print!(", {} that nothing makes fail", unproven.len());
    }
    println!();
    if failed.is_empty() && unproven.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn number(value: f64) -> String {
    if value == 0.0 || (1e-3..1e6).contains(&value.abs()) {
        let digits = (5 - libm::log10(value.abs().max(1e-9)).floor() as i32).clamp(0, 9) as usize;
        let text = format!("{value:.digits$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    } else {
        format!("{value:.4e}")
    }
}

const HEADER: &str = "| metric | theory | simulation | tolerance | error | holds | wrong parameter |\n|---|---|---|---|---|---|---|\n";

fn line(results: &Results, row: &Row) -> String {
    let check = &row.check;
    let metric = match &check.across {
        None => check.metric.clone(),
        Some(across) => format!("{}, {across} over replications", check.metric),
    };
    let wrong = match (results.noticed(row), &check.blind) {
        (Some(distance), _) => format!("{distance:.0}"),
        (None, Some(_)) => "-".to_owned(),
        (None, None) => "**unnoticed**".to_owned(),
    };
    let (theory, tolerance) = (number(row.expected), &check.tolerance);
    match &row.problem {
        Some(problem) => {
            format!("| {metric} | {theory} | - | {tolerance} | - | **no**: {problem} | {wrong} |")
        }
        None => format!(
            "| {metric} | {theory} | {} ± {} | {tolerance} | {:.2} | {} | {wrong} |",
            number(row.mean),
            number(row.half_width),
            row.badness(),
            match (row.passes(), row.is_weak()) {
                (true, false) => "yes",
                (true, true) => "yes, weak",
                (false, _) => "**no**",
            }
        ),
    }
}

fn page(results: &Results) -> String {
    let mut page = String::from(
        "# Validation: theory beside simulation\n\nGenerated by `cargo run --release --example validate`. Each case is a \
         topology and a scenario under `validation/`, run through the public way with several seeds that derive from its \
         name. The interval is the 99 % Student interval over replications; the error is in units of the stated \
         tolerance, so 1 is the most allowed. Times are in seconds.\n\nEvery case is also run with a parameter that is \
         wrong. The last column says by how many tolerances the check then fails; it counts only if the answer lies outside \
         the 99 % interval of the wrong run too. A check is weak if its interval is wider than its tolerance.\n\n",
    );
    page.push_str(&summary(results));
    page.push_str(&published(results));
    for (number, case) in results.manifest.cases.iter().enumerate() {
        page.push_str(&section(results, number, case));
    }
    page.push_str("\n## Asserted elsewhere\n\n| case | what it is | where |\n|---|---|---|\n");
    for held in &results.manifest.elsewhere {
        writeln!(page, "| {} | {} | {} |", held.id, held.title, held.place).expect("a text grows");
    }
    page.push_str("\n## Not yet\n\n| case | what it is | what is missing |\n|---|---|---|\n");
    for missing in &results.manifest.not_yet {
        writeln!(page, "| {} | {} | {} |", missing.id, missing.title, missing.why).expect("a text grows");
    }
    page
}

fn summary(results: &Results) -> String {
    let Results { manifest, rows, .. } = results;
    let ids: BTreeSet<&str> = manifest.cases.iter().map(|case| case.id.as_str()).collect();
    let (failed, unproven) = (results.failed().len(), results.unproven().len());
    let weak: Vec<&Row> = rows.iter().filter(|row| row.is_weak()).collect();
    let blind: Vec<&Row> = rows.iter().filter(|row| row.check.blind.is_some()).collect();
    let mut text = format!(
        "{} cases in {} scenarios, {} checks: {} hold, {failed} do not; {} are weak. A wrong parameter makes {} fail; \
         {} cannot, as said below. {} cases are not yet possible.\n\n## Worst rows\n\n",
        ids.len(),
        manifest.cases.len(),
        rows.len(),
        rows.len() - failed,
        weak.len(),
        rows.len() - unproven - blind.len(),
        blind.len(),
        manifest.not_yet.len()
    );
    let mut worst: Vec<&Row> = rows.iter().collect();
    worst.sort_by(|a, b| b.badness().total_cmp(&a.badness()));
    text.push_str("| case | metric | theory | simulation | tolerance | error | holds | wrong parameter |\n|---|---|---|---|---|---|---|---|\n");
    for row in worst.iter().take(12) {
        writeln!(text, "| {} {}", manifest.cases[row.case].scenario, line(results, row))
            .expect("a text grows");
    }
    let named = |row: &Row| format!("{}, `{}`", manifest.cases[row.case].scenario, row.check.metric);
    text.push_str("\n## Weak rows\n\n");
    for row in &weak {
        let why = row.check.weak.as_deref().unwrap_or("**no reason given**");
        writeln!(text, "- {}: ± {:.1} tolerances; {why}.", named(row), row.half_width / row.allowed)
            .expect("a text grows");
    }
    if weak.is_empty() {
        text.push_str("None.\n");
    }
    text.push_str("\n## Rows that no wrong parameter moves\n\n");
    for row in &blind {
        let why = row.check.blind.as_deref().unwrap_or_default();
        writeln!(text, "- {}: {why}.", named(row)).expect("a text grows");
    }
    if blind.is_empty() {
        text.push_str("None.\n");
    }
    text
}

/// Published figures beside ours: one table for each heading, in the order of the cases.
fn published(results: &Results) -> String {
    let cases = &results.manifest.cases;
    let mut text = String::from(
        "\n## Published results\n\nFigures that others have published, each beside what comes out of a scenario here; the \
         sections below tell how each is run. The tolerance covers what the publication leaves open.\n",
    );
    let mut headings: Vec<&str> = Vec::new();
    for heading in cases.iter().filter_map(|case| case.published.as_deref()) {
        if !headings.contains(&heading) {
            headings.push(heading);
        }
    }
    for heading in headings {
        write!(text, "\n### {heading}\n\n").expect("a text grows");
        let own = |row: &&Row| cases[row.case].published.as_deref() == Some(heading);
        let mut sources: Vec<&str> = Vec::new();
        for row in results.rows.iter().filter(own) {
            let source = cases[row.case].source.as_str();
            if !sources.contains(&source) {
                sources.push(source);
            }
        }
        text.push_str(
            "| scenario | metric | published | ours | tolerance | holds |\n|---|---|---|---|---|---|\n",
        );
        for row in results.rows.iter().filter(own) {
            let scenario = &cases[row.case].scenario;
            writeln!(
                text,
                "| {scenario} | {} | {} | {} ± {} | {} | {} |",
                row.check.metric,
                number(row.expected),
                number(row.mean),
                number(row.half_width),
                row.check.tolerance,
                if row.passes() { "yes" } else { "**no**" }
            )
            .expect("a text grows");
        }
        writeln!(text, "\nSource: {}.", sources.join("; ")).expect("a text grows");
    }
    text
}

fn section(results: &Results, number: usize, case: &Case) -> String {
    let Case { id, scenario, title, source, replications, .. } = case;
    let own: Vec<&Row> = results.rows.iter().filter(|row| row.case == number).collect();
    let events = own.first().map_or(0, |row| row.events);
    let changes = results.changes.iter().filter(|job| job.case == number).map(|job| {
        let sets = job.sets.iter().map(|(path, value)| format!("`{path}: {value}`"));
        sets.collect::<Vec<_>>().join(" with ")
    });
    let mut text = format!(
        "\n## {scenario}\n\n{id}: {title}. Source: {source}. {replications} replications, {} million events. Wrong: {}.\n\n{HEADER}",
        self::number((events as f64 / 1e4).round() / 100.0),
        changes.collect::<Vec<_>>().join("; or ")
    );
    for row in own {
        writeln!(text, "{}", line(results, row)).expect("a text grows");
    }
    text
}
