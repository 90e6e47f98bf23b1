//! Generated reference: schemas and tables agree with the program.
//!
//! `UPDATE_DOCS=1 cargo test --test reference` rewrites them.

use shakedown::spec::{Catalogue, FileKind, schema};
use std::fmt::Write as _;
use std::path::Path;

fn assert_current(path: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("can be made");
        std::fs::write(&path, text).expect("can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == text,
        "{} is out of date: run UPDATE_DOCS=1 cargo test --test reference",
        path.display()
    );
}

#[test]
fn schemas_are_current() {
    for (kind, name) in
        [(FileKind::Topology, "topology"), (FileKind::Scenario, "scenario"), (FileKind::Kind, "kind")]
    {
        let text = serde_json::to_string_pretty(schema(kind)).unwrap() + "\n";
        assert_current(&format!("docs/schema/{name}.json"), &text);
    }
}

#[test]
fn the_schema_of_nemeses_is_current() {
    let text = serde_json::to_string_pretty(shakedown::spec::nemesis_schema()).unwrap() + "\n";
    assert_current("docs/schema/nemesis.json", &text);
}

#[test]
fn the_reference_is_current() {
    let mut page = String::from(
        "# Reference\n\nGenerated from the program by `UPDATE_DOCS=1 cargo test --test reference`; see \
         [language.md](language.md) for how to write files.\n\n## Metrics of expectations\n\n| metric | of | what it is |\n|---|---|---|\n",
    );
    for metric in shakedown::plan::METRICS {
        let scopes: Vec<&str> = metric.scopes.iter().map(|scope| scope.word()).collect();
        let statistics = if metric.statistics.is_empty() {
            String::new()
        } else {
            format!(" {}", metric.statistics.join(", "))
        };
        writeln!(page, "| `{}`{statistics} | {} | {} |", metric.word, scopes.join(", "), metric.about)
            .unwrap();
    }
    page.push_str("\n## Codes of errors (E) and warnings (W)\n\n| code | meaning |\n|---|---|\n");
    for (code, meaning) in shakedown::spec::CODES.iter().chain(shakedown::plan::CODES) {
        writeln!(page, "| {code} | {meaning} |").unwrap();
    }
    page.push_str("\n## Kinds of the catalogue\n\n`shakedown catalogue show KIND` tells every figure with its source.\n\n");
    page.push_str("| kind | based on | figures looked up | assumed | what it is |\n|---|---|---|---|---|\n");
    for kind in Catalogue::embedded().kinds() {
        let verified = kind.figures.iter().filter(|figure| figure.verified).count();
        let base = kind.extends.as_deref().unwrap_or("");
        let about = kind.description.trim().replace('\n', " ");
        writeln!(
            page,
            "| {} | {base} | {verified} | {} | {about} |",
            kind.name,
            kind.figures.len() - verified
        )
        .unwrap();
    }
    page.push_str("\n## Nemeses\n\n[Faults](language/faults.md#nemeses) says how to use them.\n\n");
    page.push_str("| nemesis | parameters | what it is |\n|---|---|---|\n");
    for nemesis in Catalogue::embedded().nemeses() {
        let parameters = nemesis.parameters.iter();
        let parameters: Vec<String> = parameters
            .map(|(name, _, is_needed)| format!("`{name}`{}", if *is_needed { " (needed)" } else { "" }))
            .collect();
        let about = nemesis.description.trim().replace('\n', " ");
        writeln!(page, "| {} | {} | {about} |", nemesis.name, parameters.join(", ")).unwrap();
    }
    assert_current("docs/reference.md", &page);
}
