//! Layers: each module uses only those below it.

use super::assert_none;
use super::files::shown;
use super::source::{Source, sources};

/// What each module may use. `cli` is at the top and may use everything; nobody may use it.
const MAY_USE: &[(&str, &[&str])] = &[
    ("units", &[]),
    ("rng", &[]),
    ("diag", &[]),
    ("catalogue", &[]),
    ("kernel", &["units"]),
    ("dist", &["units", "rng"]),
    ("stats", &["units"]),
    ("spec", &["units", "rng", "diag", "dist", "catalogue"]),
    ("plan", &["units", "rng", "diag", "dist", "spec"]),
    ("outcome", &["units", "stats", "plan"]),
    ("sim", &["units", "rng", "kernel", "dist", "stats", "plan", "outcome"]),
    ("verdict", &["units", "stats", "plan", "outcome"]),
    ("run", &["units", "rng", "kernel", "stats", "spec", "plan", "outcome", "sim", "verdict"]),
    ("report", &["units", "stats", "plan", "outcome", "verdict"]),
    ("store", &["units", "stats", "plan", "outcome", "verdict"]),
];

/// Libraries that only one module may name.
const ONLY_IN: &[(&str, &str)] = &[
    ("clap", "cli"),
    ("ctrlc", "cli"),
    ("indicatif", "cli"),
    ("anyhow", "cli"),
    ("rusqlite", "store"),
    ("plotters", "report"),
    ("petgraph", "report"),
    ("serde_saphyr", "spec"),
    ("rayon", "run"),
];

fn may_use(module: &str) -> Option<&'static [&'static str]> {
    MAY_USE.iter().find(|(name, _)| *name == module).map(|(_, uses)| *uses)
}

/// The words that follow `prefix` in the code, with their line numbers.
fn after<'c>(source: &'c Source, prefix: &'c str) -> impl Iterator<Item = (usize, &'c str)> {
    source.code.lines().enumerate().flat_map(move |(number, line)| {
        line.match_indices(prefix).filter_map(move |(at, _)| {
            let is_word_before = line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
            let rest = &line[at + prefix.len()..];
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            (!is_word_before).then_some((number + 1, &rest[..end]))
        })
    })
}

fn violations(source: &Source) -> Vec<String> {
    let module = source.module();
    let mut complaints = Vec::new();
    let mut complain = |line: usize, what: String| {
        complaints.push(format!("{}:{line}: {what}", shown(&source.path)));
    };
    let Some(allowed) = may_use(&module) else {
        complain(1, format!("module `{module}` is not in the table of layers"));
        return complaints;
    };
    for (line, used) in after(source, "crate::") {
        if used.is_empty() {
            complain(line, "one `use` line per module, so that layers can be checked".to_owned());
        } else if used != module && !allowed.contains(&used) {
            complain(line, format!("`{module}` must not use `{used}`"));
        }
    }
    complaints
}

#[test]
fn each_module_uses_only_the_layers_below_it() {
    let sources = sources();
    let inner = sources.iter().filter(|source| !["lib", "main", "cli"].contains(&source.module().as_str()));
    assert_none(inner.flat_map(violations).collect());
}

#[test]
fn paths_do_not_hide_which_module_is_used() {
    let mut complaints = Vec::new();
    for source in sources() {
        for (number, line) in source.code.lines().enumerate() {
            for hidden in ["super::super::", "use crate::*", "use crate::{"] {
                if line.contains(hidden) {
                    complaints.push(format!("{}:{}: `{hidden}`", shown(&source.path), number + 1));
                }
            }
        }
    }
    assert_none(complaints);
}

#[test]
fn each_library_stays_in_its_module() {
    let mut complaints = Vec::new();
    for source in sources() {
        for (library, home) in ONLY_IN {
            if source.module() == *home {
                continue;
            }
            let named = source.code.lines().position(|line| line.contains(&format!("{library}::")));
            if let Some(line) = named {
                let place = format!("{}:{}", shown(&source.path), line + 1);
                complaints.push(format!("{place}: `{library}` belongs in `{home}`"));
            }
        }
    }
    assert_none(complaints);
}

#[test]
fn the_table_of_layers_has_no_cycle_and_no_stranger() {
    for (index, (name, uses)) in MAY_USE.iter().enumerate() {
        for used in *uses {
            let below = MAY_USE[..index].iter().any(|(lower, _)| lower == used);
            assert!(below, "`{name}` is listed before `{used}`, which it may use");
        }
    }
}

#[test]
fn a_use_of_a_higher_layer_is_found() {
    let source = Source {
        path: super::files::root().join("src/kernel/queue.rs"),
        text: String::new(),
        code: "use crate::units::SimTime;\nlet x: crate::plan::Plan;\nuse crate::{sim};".to_owned(),
    };
    let complaints = violations(&source);
    assert_eq!(complaints.len(), 2, "{complaints:?}");
    assert!(complaints[0].ends_with("queue.rs:2: `kernel` must not use `plan`"), "{complaints:?}");
}
