//! Generated pages agree with what they are generated from.
//!
//! `UPDATE_DOCS=1 cargo test --test docs` rewrites them.

use serde::Deserialize;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const TOPOLOGY: &str = "topologies/mood-mnky";
const SCENARIOS: &str = "scenarios/mood-mnky";

/// A part of the overview.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    section: String,
    items: Vec<Item>,
}

/// One thing that the overview names.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Item {
    item: String,
    #[serde(rename = "in", default)]
    places: Vec<String>,
    by: Option<String>,
    scenario: Option<String>,
    not_yet: Option<String>,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn sections() -> Vec<Section> {
    serde_saphyr::from_str(&read("docs/coverage.yaml"))
        .unwrap_or_else(|error| panic!("docs/coverage.yaml: {error}"))
}

/// A file of a topology, searched by the indentation that the shipped ones keep.
struct Lines {
    path: String,
    lines: Vec<String>,
}

impl Lines {
    /// All files of the topology, in the order of their names.
    fn of_all() -> Vec<Self> {
        let read_one = |name: String| {
            let path = format!("{TOPOLOGY}/{name}.yaml");
            Self { lines: read(&path).lines().map(str::to_owned).collect(), path }
        };
        file_names(&root().join(TOPOLOGY)).into_iter().map(read_one).collect()
    }

    /// Lines of the block under a top-level key: `(first, end)`.
    fn section(&self, key: &str) -> Option<(usize, usize)> {
        let first = self.position(&format!("{key}:"), 0, self.lines.len())?;
        let rest = self.lines[first + 1..].iter();
        let length = rest.take_while(|line| line.is_empty() || line.starts_with([' ', '#'])).count();
        Some((first, first + 1 + length))
    }

    fn position(&self, prefix: &str, from: usize, to: usize) -> Option<usize> {
        (from..to).find(|line| self.lines[*line].starts_with(prefix))
    }

    /// Names of a top-level map.
    fn names(&self, key: &str) -> Vec<String> {
        let Some((first, end)) = self.section(key) else { return Vec::new() };
        let is_name =
            |line: &&String| line.starts_with("  ") && !line.starts_with("   ") && !line.starts_with("  #");
        let lines = self.lines[first + 1..end].iter().filter(is_name);
        lines.map(|line| line.trim().split(':').next().unwrap_or_default().to_owned()).collect()
    }

    /// Line of a name in one of the top-level maps, counted from 0.
    fn name(&self, name: &str, keys: &[&str]) -> Option<usize> {
        keys.iter().find_map(|key| {
            let (first, end) = self.section(key)?;
            self.position(&format!("  {name}:"), first, end)
        })
    }

    /// Line of the first step by which a caller reaches a target.
    fn arrow(&self, caller: &str, target: &str) -> Option<usize> {
        let first = self.name(caller, &["components", "clients"])?;
        let length = self.lines[first + 1..].iter().take_while(|line| line.starts_with("    ")).count();
        let marks = [format!(" {target}."), format!(" {target} }}"), format!("in: {target},")];
        let mut lines = first..first + 1 + length;
        lines.find(|line| marks.iter().any(|mark| self.lines[*line].contains(mark.as_str())))
    }

    /// Line that a reference of the table stands for.
    fn find(&self, reference: &str) -> Option<usize> {
        match (reference.split_once(" -> "), reference.strip_prefix("environment ")) {
            (Some((caller, target)), _) => self.arrow(caller, target),
            (None, Some(environment)) => self.name(environment, &["environments"]),
            (None, None) => self.name(reference, &["components", "clients"]),
        }
    }
}

/// A link to the line that a reference of the table stands for.
fn link(files: &[Lines], reference: &str, item: &str) -> String {
    let found = files.iter().find_map(|file| Some((&file.path, file.find(reference)?)));
    let (path, line) = found.unwrap_or_else(|| {
        panic!("docs/coverage.yaml: `{item}` names `{reference}`, which {TOPOLOGY} has not")
    });
    format!("[{}](../{path}#L{})", reference.replace("->", "→"), line + 1)
}

fn row(files: &[Lines], item: &Item) -> String {
    let links: Vec<String> = item.places.iter().map(|place| link(files, place, &item.item)).collect();
    let is_run = !links.is_empty() && item.by.is_some() && item.scenario.is_some();
    assert!(
        is_run || item.not_yet.is_some(),
        "docs/coverage.yaml: `{}` is neither run nor marked not-yet",
        item.item
    );
    let scenario = item.scenario.as_ref().map(|name| {
        assert!(root().join(format!("{SCENARIOS}/{name}.yaml")).is_file(), "no scenario `{name}`");
        format!("[{name}](../{SCENARIOS}/{name}.yaml)")
    });
    let not_yet = item.not_yet.as_ref().map_or_else(String::new, |missing| format!("not yet: {missing}"));
    format!(
        "| {} | {} | {} | {} | {not_yet} |",
        item.item,
        links.join(", "),
        item.by.as_deref().unwrap_or_default(),
        scenario.unwrap_or_default(),
    )
}

/// Items that run whole, in part, and not yet.
fn counts(sections: &[Section]) -> (usize, usize, usize) {
    let items = || sections.iter().flat_map(|section| &section.items);
    let whole = items().filter(|item| item.not_yet.is_none()).count();
    let in_part = items().filter(|item| item.not_yet.is_some() && item.scenario.is_some()).count();
    (whole, in_part, items().count() - whole - in_part)
}

fn coverage_page() -> String {
    let sections = sections();
    let files = Lines::of_all();
    let (whole, in_part, not_yet) = counts(&sections);
    let mut page = format!(
        "<!-- Generated from coverage.yaml and {TOPOLOGY}: UPDATE_DOCS=1 cargo test --test docs -->\n\
         # What of the infrastructure overview runs\n\n\
         Every item that the MOOD MNKY infrastructure overview names, with the line of the topology that has it, the\n\
         mechanism that makes it matter, and a scenario that would end differently without it.\n\n\
         {} items: {whole} run, {in_part} run in part, {not_yet} not yet.\n",
        whole + in_part + not_yet
    );
    for section in &sections {
        let heading = format!(
            "\n## {}\n\n| item | in the topology | mechanism | scenario | missing |\n|---|---|---|---|---|\n",
            section.section
        );
        page.push_str(&heading);
        for item in &section.items {
            writeln!(page, "{}", row(&files, item)).expect("writing to a string");
        }
    }
    page
}

/// Compares a page with its file, or writes the file when asked to.
fn check_page(path: &str, page: &str) {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(root().join(path), page).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    let found = std::fs::read_to_string(root().join(path)).unwrap_or_default();
    assert!(found == page, "{path} is out of date: run `UPDATE_DOCS=1 cargo test --test docs`");
}

fn file_names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    paths.filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned())).collect()
}

#[test]
fn the_coverage_page_is_up_to_date() {
    check_page("docs/coverage.md", &coverage_page());
}

#[test]
fn every_component_and_client_stands_for_something_in_the_overview() {
    let sections = sections();
    let references = sections.iter().flat_map(|section| &section.items).flat_map(|item| &item.places);
    let named: BTreeSet<&str> = references.flat_map(|reference| reference.split(" -> ")).collect();
    let files = Lines::of_all();
    let names = |key| files.iter().flat_map(move |file| file.names(key));
    for name in ["components", "clients"].into_iter().flat_map(names) {
        assert!(named.contains(name.as_str()), "no item of docs/coverage.yaml names `{name}`");
    }
}

#[test]
fn the_list_of_scenarios_names_every_scenario() {
    let list = read("scenarios/README.md");
    for name in file_names(&root().join(SCENARIOS)) {
        assert!(
            list.contains(&format!("(mood-mnky/{name}.yaml)")),
            "scenarios/README.md does not name `{name}`"
        );
    }
}

#[test]
fn every_row_of_the_faults_names_a_scenario_that_is_there() {
    let page = read("docs/language/faults.md");
    let rows = page.lines().skip_while(|line| !line.starts_with("| # |")).skip(2);
    let mut count = 0;
    for row in rows.take_while(|line| line.starts_with('|')) {
        let shown_by = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
        let names: Vec<&str> = shown_by.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "{row}");
        for name in names {
            assert!(root().join(format!("scenarios/{name}.yaml")).exists(), "there is no {name}: {row}");
        }
        count += 1;
    }
    assert!(count > 40, "{count} rows");
}
