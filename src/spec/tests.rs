//! Loading as a whole: every mistake at once, each where it is; overlays; hostile texts.

use super::raw::{RawComponent, RawReplicas};
use super::*;
use crate::diag::{Diag, Severity};
use proptest::prelude::*;

const SCENARIO: &str = "scenario: calm\ntopology: shop.yaml\nduration: 1m\n";
const TOPOLOGY: &str = "topology: shop\ncomponents:\n  app: { replicas: 2 }\n";

fn options(environment: Option<&str>, sets: &[(&str, &str)]) -> LoadOptions {
    let sets = sets.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect();
    LoadOptions { environment: environment.map(str::to_owned), sets }
}

fn load(scenario: &str, topology: &str, options: &LoadOptions) -> Result<Input, LoadError> {
    load_text(scenario, topology, &Catalogue::embedded(), options)
}

fn loaded(scenario: &str, topology: &str, options: &LoadOptions) -> Input {
    load(scenario, topology, options).unwrap_or_else(|error| panic!("{:#?}", error.diags))
}

/// Code, line, column and length of each finding.
fn brief(diags: &[Diag]) -> Vec<String> {
    let line = |diag: &Diag| {
        let at = diag.at.clone().unwrap_or_default();
        format!("{} {}:{}+{}", diag.code, at.line, at.column, at.length)
    };
    diags.iter().map(line).collect()
}

fn mistakes(scenario: &str, topology: &str) -> Vec<Diag> {
    load(scenario, topology, &LoadOptions::default()).map(|_| ()).unwrap_err().diags
}

/// The number of replicas that a component states.
fn count_of(component: &RawComponent) -> Option<u32> {
    match &component.replicas {
        Some(RawReplicas::Count(count)) => Some(*count),
        _ => None,
    }
}

#[test]
fn each_mistake_has_its_code_and_exact_place() {
    let cases = [
        ("replcas: 2", "E104 4:3+7", "did you mean `replicas`?"),
        ("replicas: two", "E106 4:13+3", "Independent copies"),
        ("replicas: '3'", "E106 4:13+3", "remove the quotes"),
        ("replicas: -1", "E107 4:13+2", "from 0 to 4294967295"),
        ("replicas: 2.5", "E107 4:13+3", "whole number"),
        ("threads: many", "E108 4:12+4", "`unlimited`"),
        ("cores: .nan", "E108 4:10+4", "write a number"),
        ("queue: { discipline: fifi }", "E109 4:24+4", "did you mean `fifo`?"),
        ("queue: fifo", "E106 4:10+4", "waiting line"),
        ("queue: { patience: 5 }", "E108 4:22+1", "`5ms`"),
        ("operations: { x.y: [] }", "E110 4:17+3", "letters, digits"),
        ("operations: { x: [{ transaction: a }] }", "E111 4:23+11", "coverage"),
        ("operations: { x: [{ push: a }] }", "E111 4:23+4", "coverage"),
        ("pipelines: {}", "E111 4:3+9", "coverage"),
        ("operations: { x: [{ compte: 1ms }] }", "E104 4:23+6", "did you mean `compute`?"),
        ("operations: { x: [{ reply: {} }] }", "E106 4:23+5", "write `reply` without"),
        ("operations: { x: [{ compute: 1ms, wait: 1ms }] }", "E107 4:21+1", "allowed: reply, compute"),
        ("operations: { x: [{ compute: exponential(2) }] }", "E108 4:32+14", "write"),
        ("operations: { x: { request-bytes: 5ms } }", "E108 4:37+3", "a size"),
        ("operations: { x: [{ repeat: { times: 2s, at-most: 3, do: [] } }] }", "E108 4:40+2", "a number"),
        ("operations: { x: [{ repeat: { times: 2, do: [] } }] }", "E105 4:31+1", "Bound on the rounds"),
        ("calls: { b: { retry: { backoff: none } } }", "E105 4:24+1", "Tries in all"),
        ("calls: { b: { priority: 300 } }", "E107 4:27+3", "from 0 to 255"),
        ("calls: { b: { pool: [1] } }", "E106 4:23+1", ""),
        ("kind: core/cash", "E112 4:9+9", "did you mean `core/cache`?"),
        ("replicas: 1\n    replicas: 2", "E114 5:5+8", "line 4"),
    ];
    for (line, expected, help) in cases {
        let topology = if line.contains('\n') {
            format!("topology: a\ncomponents:\n  app:\n    {line}\n")
        } else {
            format!("topology: a\ncomponents: {{\n app: {{\n  {line} }} }}\n")
        };
        let diags = mistakes(SCENARIO, &topology);
        assert_eq!(brief(&diags), [expected], "{line}: {diags:#?}");
        let said = diags[0].help.clone().unwrap_or_default();
        assert!(said.contains(help), "{line}: {said}");
        assert_eq!(diags[0].at.as_ref().map(|at| at.file.as_str()), Some("topology.yaml"));
    }
}

#[test]
fn all_mistakes_of_both_files_are_reported_in_one_go() {
    let scenario =
        "scenario: 5\ntopology: t\nduration: soon\nenvironment: prod\nload: { web: { rate: 5 } }\n";
    let topology =
        "topology: t\ncomponents:\n  app:\n    replcas: 1\n    kind: core/cash\n  app: { threads: 1.5 }\n";
    let diags = mistakes(scenario, topology);
    let expected = [
        "E106 1:11+1",
        "E108 3:11+4",
        "E113 4:14+4",
        "E108 5:22+1", // the scenario's
        "E114 6:3+3",
        "E108 6:19+3", // the topology's: the second `app` counts
    ];
    assert_eq!(brief(&diags), expected, "{diags:#?}");
}

#[test]
fn a_topology_that_cannot_be_read_does_not_hide_the_scenarios_mistakes() {
    let codes: Vec<&str> =
        mistakes("scenario: a\nduration: 5\n", "topology: [").iter().map(|diag| diag.code).collect();
    assert_eq!(codes, ["E105", "E108", "E102"]);
}

#[test]
fn more_mistakes_than_anybody_reads_are_counted() {
    let keys: String = (0..1000).map(|number| format!("key{number}: 1\n")).collect();
    let diags = mistakes(SCENARIO, &format!("topology: a\n{keys}"));
    assert_eq!(diags.len(), 201);
    assert!(diags.iter().any(|diag| diag.code == "E117" && diag.message.contains("800 more")));
}

const LAYERED: &str = "
topology: shop
components:
  memory: { kind: core/cache, threads: 4, tags: [a, b] }
  app: { replicas: 2, threads: 8 }
environments:
  production:
    components:
      memory: { cache: { eviction: ~, entries: 5 }, tags: [c] }
      app: { replicas: 4, threads: ~ }
      extra: { kind: core/store }
";

#[test]
fn layers_merge_maps_replace_lists_and_remove_what_is_null() {
    let scenario = format!(
        "{SCENARIO}environment: production\noverride: {{ components: {{ app: {{ replicas: 6 }} }} }}\n"
    );
    let input =
        loaded(&scenario, LAYERED, &options(None, &[("components.app.speed", "2"), ("duration", "9s")]));
    let (memory, app) = (&input.topology.components["memory"], &input.topology.components["app"]);
    let cache = memory.cache.as_ref().unwrap();
    assert_eq!(cache.eviction, None, "null in an environment removes what the kind says");
    assert_eq!(cache.entries.as_ref().map(|text| text.as_str()), Some("5"));
    assert_eq!(memory.threads.as_ref().map(|text| text.as_str()), Some("4"));
    assert_eq!(memory.tags, ["c"]);
    assert_eq!(memory.operations.keys().collect::<Vec<_>>(), ["get", "set", "delete"]);
    assert_eq!((count_of(app), app.threads.as_ref().map(|text| text.as_str())), (Some(6), None));
    assert_eq!(app.speed.as_ref().map(|text| text.as_str()), Some("2"));
    assert_eq!(input.scenario.duration.as_str(), "9s");
    assert!(input.topology.components["extra"].store.is_some());
    assert_eq!(input.warnings, []);
}

#[test]
fn each_value_knows_the_layer_that_wrote_it() {
    let scenario = format!("{SCENARIO}override: {{ components: {{ app: {{ replicas: 6 }} }} }}\n");
    let input = loaded(&scenario, LAYERED, &options(Some("production"), &[("components.app.speed", "2")]));
    let place = |pointer: &str| {
        let at = input.origins.locate(Part::Topology, pointer);
        format!("{} {}:{}", at.file, at.line, at.column)
    };
    assert_eq!(place("components/app/replicas"), "scenario.yaml 4:44");
    assert_eq!(place("components/app/speed"), "--set components.app.speed 1:1");
    assert_eq!(place("components/memory/cache/entries"), "topology.yaml 9:48");
    assert_eq!(place("components/memory/threads"), "topology.yaml 4:40");
    assert!(place("components/memory/operations/get").starts_with("catalogue/core/cache.yaml"));
    assert!(input.sources["catalogue/core/cache.yaml"].contains("kind: core/cache"));
    assert_eq!(input.scenario.environment.as_deref(), Some("production"));
}

#[test]
fn an_overlay_cannot_make_a_component_by_misspelling_one() {
    let scenario = format!("{SCENARIO}override: {{ components: {{ ap: {{ replicas: 6 }} }} }}\n");
    let diags = mistakes(&scenario, TOPOLOGY);
    assert_eq!(brief(&diags), ["E115 4:27+2"]);
    assert!(diags[0].help.as_deref().unwrap().contains("did you mean `app`?"));
}

#[test]
fn an_overlay_may_choose_the_kind() {
    let input = loaded(SCENARIO, TOPOLOGY, &options(None, &[("components.app.kind", "core/store")]));
    assert!(input.topology.components["app"].store.is_some());
    let input = loaded(SCENARIO, LAYERED, &options(None, &[("components.memory.kind", "~")]));
    assert!(input.topology.components["memory"].cache.is_none());
}

#[test]
fn a_null_that_removes_nothing_is_a_warning() {
    let topology =
        format!("{TOPOLOGY}environments: {{ small: {{ components: {{ app: {{ treads: ~ }} }} }} }}\n");
    let input = loaded(SCENARIO, &topology, &options(Some("small"), &[]));
    assert_eq!(brief(&input.warnings), ["W101 4:47+6"]);
    assert_eq!(input.warnings[0].severity, Severity::Warning);
}

#[test]
fn values_are_set_by_path_or_refused() {
    let scenario = format!("{SCENARIO}faults: [{{ at: 1s, crash: {{ target: app }} }}]\n");
    let topology = format!("{TOPOLOGY}  web: {{ calls: {{ app.get: {{ timeout: 1s }} }} }}\n");
    let sets = [("faults.0.at", "7s"), ("components/web/calls/app.get/timeout", "3s")];
    let input = loaded(&scenario, &topology, &options(None, &sets));
    assert_eq!(input.scenario.faults[0].at.as_ref().map(|text| text.as_str()), Some("7s"));
    let timeout = input.topology.components["web"].calls["app.get"].timeout.clone();
    assert_eq!(timeout.map(|text| text.0).as_deref(), Some("3s"));
    for (path, value, code) in [
        ("", "1", "E116"),
        ("components..app", "1", "E116"),
        ("faults.4.at", "1s", "E116"),
        ("seed.x.y", "1", "E106"),
        ("components.app.replicas.x", "1", "E116"),
        ("components.app.nothing", "~", "E116"),
        ("components.app.replcas", "1", "E104"),
        ("components.ap.replicas", "1", "E115"),
        ("duration", "soon", "E108"),
        ("duration", "[", "E102"),
    ] {
        let error = load(&scenario, &topology, &options(None, &[(path, value)])).map(|_| ()).unwrap_err();
        assert!(error.diags.iter().any(|diag| diag.code == code), "{path}={value}: {:?}", error.diags);
    }
}

#[test]
fn an_unknown_environment_names_the_nearest() {
    let error = load(SCENARIO, LAYERED, &options(Some("prodution"), &[])).map(|_| ()).unwrap_err();
    assert_eq!(error.diags[0].code, "E113");
    assert!(error.diags[0].help.as_deref().unwrap().contains("did you mean `production`?"));
}

#[test]
fn keys_without_a_value_count_as_left_out() {
    let input = loaded(
        &format!("{SCENARIO}faults:\nseed:\n"),
        "topology: a\ncomponents:\nnetwork:\n",
        &LoadOptions::default(),
    );
    assert!(input.topology.components.is_empty() && input.scenario.faults.is_empty());
}

#[test]
fn a_lone_topology_is_checked_in_all_its_environments() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.yaml");
    let write = |text: &str| std::fs::write(&path, text).unwrap();
    let catalogue = Catalogue::embedded();
    write(LAYERED);
    let input = load_topology(&path, &catalogue, &LoadOptions::default()).unwrap();
    assert_eq!(count_of(&input.topology.components["app"]), Some(2), "no environment is chosen");
    write(&LAYERED.replace("replicas: 4", "replcas: 4").replace("tags: [c]", "tags: c"));
    let error = load_topology(&path, &catalogue, &LoadOptions::default()).map(|_| ()).unwrap_err();
    assert_eq!(brief(&error.diags), ["E106 9:59+1", "E104 10:14+7"]);
    assert_eq!(file_kind(&path).ok(), Some(FileKind::Topology));
}

/// Texts that look like files: the more of the grammar they hit, the deeper they get.
fn yaml_like() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "topology",
        "components",
        "app",
        "kind",
        "core/cache",
        "operations",
        "calls",
        "retry",
        "environments",
        "x",
        ": ",
        ":\n",
        "\n",
        "\n  ",
        "\n    ",
        "- ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "~",
        "5ms",
        "1e999",
        ".nan",
        "-1",
        "&a ",
        "*a",
        "<<: *a",
        "\"",
        "'",
        "|\n",
        ">-\n",
        "!!int ",
        "# ",
        "---\n",
        "\t",
        "\u{0}",
        "é",
        "lognormal(p50 8ms",
        ")",
        "scenario",
        "load",
        "rate",
        "expect",
        "faults",
        "compute",
        "choose",
        "share",
        "50%",
        "true",
        "%",
        "\u{feff}",
    ]);
    prop_oneof![".{0,200}", prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_loading_panic(scenario in yaml_like(), topology in yaml_like(), path in ".{0,12}", value in yaml_like()) {
        let catalogue = Catalogue::default();
        let none = LoadOptions::default();
        for (scenario, topology) in [(scenario.as_str(), topology.as_str()), (SCENARIO, &topology), (&scenario, TOPOLOGY)] {
            if let Err(error) = load_text(scenario, topology, &catalogue, &none) {
                prop_assert!(!error.diags.is_empty());
                prop_assert!(error.diags.iter().all(|diag| diag.code != "E199"), "{:?}", error.diags);
            }
        }
        let set = options(None, &[(&path, &value)]);
        if let Err(error) = load_text(SCENARIO, TOPOLOGY, &catalogue, &set) {
            prop_assert!(error.diags.iter().all(|diag| diag.code != "E199"), "{:?}", error.diags);
        }
    }
}
