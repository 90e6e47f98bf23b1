//! The shipped topologies and scenarios: they load, resolve without a word, and no part of them is a mere label.

use shakedown::outcome::Outcome;
use shakedown::plan::{self, Plan};
use shakedown::sim::{Flow, Options, simulate};
use shakedown::spec::{Catalogue, LoadOptions, load_scenario};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What a normal minute and a half says nothing about: fallbacks and dead letters that nobody needs then, scans that
/// take longer, and images made after the user has gone. Their scenarios do.
const UNSEEN: [&str; 5] =
    ["openai-small", "failed-orders", "media-pipeline", "dependency-scan", "static-analysis"];

/// All YAML files below a folder, in order.
fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(yaml_files(&path));
        } else if path.extension().is_some_and(|end| end == "yaml") {
            files.push(path);
        }
    }
    files
}

fn resolve(catalogue: &Catalogue, path: &Path, options: &LoadOptions) -> Plan {
    let input = load_scenario(path, catalogue, options)
        .unwrap_or_else(|error| panic!("{}: {:#?}", path.display(), error.diags));
    let (plan, warnings) =
        plan::resolve(&input).unwrap_or_else(|errors| panic!("{}: {errors:#?}", path.display()));
    assert!(warnings.is_empty(), "{}: {warnings:#?}", path.display());
    plan
}

fn normal_day() -> PathBuf {
    root().join("scenarios/mood-mnky/normal-day.yaml")
}

/// A minute and a half of a normal day, with a fault from its first third on.
fn short_day(catalogue: &Catalogue, faults: &str) -> Outcome {
    let load = "{ web: { rate: 200/s }, mobile: { rate: 100/s }, merchandisers: { rate: 5/s }, \
                developers: { rate: 1/s } }";
    let sets = [("duration", "90s"), ("warm-up", "0s"), ("load", load), ("expect", "[]"), ("faults", faults)];
    let sets = sets.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    let plan = resolve(catalogue, &normal_day(), &LoadOptions { environment: None, sets });
    simulate(&plan, &Options::new(plan.seed), &mut |_| Flow::Continue).0
}

/// What a run says by name: each journey's undegraded answers, and each component's arrivals.
fn named_outcomes(outcome: &Outcome) -> BTreeMap<String, u64> {
    let journeys = outcome.traffic.iter().map(|traffic| {
        let answers = traffic.slots.iter().map(|slot| slot.ok).sum();
        (format!("{}.{}", traffic.workload, traffic.journey), answers)
    });
    let components = outcome.components.iter().map(|component| {
        let arrived = component.slots.iter().map(|slot| slot.arrived).sum();
        (component.name.clone(), arrived)
    });
    journeys.chain(components).collect()
}

#[test]
fn every_scenario_loads_and_resolves_without_a_word() {
    let catalogue = Catalogue::embedded();
    let files = yaml_files(&root().join("scenarios"));
    assert!(files.len() >= 8);
    for path in files {
        resolve(&catalogue, &path, &LoadOptions::default());
    }
}

#[test]
fn every_environment_is_a_whole_architecture() {
    let catalogue = Catalogue::embedded();
    for environment in ["development", "staging", "production"] {
        let options = LoadOptions { environment: Some(environment.to_owned()), sets: Vec::new() };
        let plan = resolve(&catalogue, &normal_day(), &options);
        assert_eq!(plan.environment.as_deref(), Some(environment));
    }
}

#[test]
fn every_file_tells_editors_its_schema() {
    for (folder, schema) in [("topologies", "topology"), ("scenarios", "scenario")] {
        for path in yaml_files(&root().join(folder)) {
            let text =
                std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let depth = path.strip_prefix(root()).expect("a path below the root").components().count() - 1;
            let schema = format!("{}docs/schema/{schema}.json", "../".repeat(depth));
            let modelines = format!("# yaml-language-server: $schema={schema}\n# $schema: {schema}\n");
            assert!(text.starts_with(&modelines), "{} has not the modelines", path.display());
        }
    }
}

#[test]
fn no_component_is_a_mere_label() {
    let catalogue = Catalogue::embedded();
    let usual = short_day(&catalogue, "[]");
    let expected = named_outcomes(&usual);
    let seen = usual.components.iter().filter(|component| !UNSEEN.contains(&component.name.as_str()));
    for component in seen {
        let name = &component.name;
        let fault = format!("[ {{ at: 30s, outage: {{ target: {name} }} }} ]");
        let found = named_outcomes(&short_day(&catalogue, &fault));
        let changed = |(what, count): &(&String, &u64)| {
            let before = expected.get(*what).copied().unwrap_or_default();
            *what != name && count.abs_diff(before) * 20 > before.max(1)
        };
        assert!(found.iter().any(|one| changed(&one)), "without `{name}` nothing else changes by 5 %");
    }
}
