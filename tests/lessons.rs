//! Every pathology has a twin that differs in one protective parameter and does not have it.

#[path = "lessons/ai.rs"]
mod ai;
#[path = "lessons/brokers.rs"]
mod brokers;
#[path = "lessons/faults.rs"]
mod faults;
#[path = "lessons/overload.rs"]
mod overload;
#[path = "lessons/replicas.rs"]
mod replicas;
#[path = "lessons/routing.rs"]
mod routing;
#[path = "lessons/security.rs"]
mod security;
#[path = "lessons/sessions.rs"]
mod sessions;

use shakedown::outcome::Outcome;
use shakedown::plan::{self, Expectation, Plan};
use shakedown::sim::{Flow, Options, simulate};
use shakedown::spec::{Catalogue, LoadOptions, load_scenario};
use shakedown::verdict::{Verdict, judge, measure, worst};
use std::path::{Path, PathBuf};

/// A lesson's plan and outcome; what it promises holds, and so do all laws.
fn lesson(name: &str) -> (Plan, Outcome) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/lessons/{name}.yaml"));
    let input = load_scenario(&path, &Catalogue::embedded(), &LoadOptions::default())
        .unwrap_or_else(|error| panic!("{name}: {:#?}", error.diags));
    let (plan, warnings) = plan::resolve(&input).unwrap_or_else(|errors| panic!("{name}: {errors:#?}"));
    assert!(warnings.is_empty(), "{name}: {warnings:#?}");
    let (outcome, _) = simulate(&plan, &Options::new(plan.seed), &mut |_| Flow::Continue);
    assert!(outcome.conservation.iter().all(|check| check.holds()), "{name}");
    for judgement in judge(&plan, std::slice::from_ref(&outcome)) {
        assert_eq!(judgement.verdict, Verdict::Pass, "{name}: {judgement:?}");
    }
    (plan, outcome)
}

/// Whether service came back after the last trigger.
fn recovers(outcome: &Outcome) -> bool {
    outcome.recovery.as_ref().is_some_and(|recovery| recovery.time.is_some())
}

/// Measures something else of a shipped scenario, which must also keep its own promises.
fn measured(scenario: &str, metrics: &[&str]) -> Vec<f64> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/lessons").join(scenario);
    let catalogue = Catalogue::embedded();
    let resolve = |sets: Vec<(String, String)>| -> Plan {
        let input = load_scenario(&path, &catalogue, &LoadOptions { environment: None, sets })
            .unwrap_or_else(|error| panic!("{scenario}: {:#?}", error.diags));
        plan::resolve(&input).unwrap_or_else(|diags| panic!("{scenario}: {diags:#?}")).0
    };
    let promised = resolve(Vec::new());
    let list: Vec<String> = metrics.iter().map(|metric| format!("\"{metric}\"")).collect();
    let asked = resolve(vec![("expect".to_owned(), format!("[{}]", list.join(", ")))]);
    let outcome = |plan: &Plan| {
        let outcome = simulate(plan, &Options::new(plan.seed), &mut |_| Flow::Continue).0;
        assert!(outcome.conservation.iter().all(|check| check.holds()), "{scenario}");
        outcome
    };
    let judgements = judge(&promised, &[outcome(&promised)]);
    assert_eq!(worst(&judgements), Verdict::Pass, "{scenario}: {judgements:#?}");
    let outcome = outcome(&asked);
    let value = |e: &Expectation| {
        measure(&asked, e.metric, &e.scope, e.when, &outcome)
            .unwrap_or_else(|why| panic!("{}: {why}", e.text))
    };
    asked.expectations.iter().map(value).collect()
}

/// A lesson without a name that begins with another's has the two names that make a pair.
const NAMED_PAIRS: [(&str, &str); 3] = [
    ("security/certificate-and-restart", "security/certificate-renewed-before-restart"),
    ("brokers/visibility-too-short", "brokers/visibility-long-enough"),
    ("sessions/heartbeat-too-slow", "sessions/heartbeat-in-time"),
];

#[test]
fn every_lesson_has_a_twin_over_the_same_topology() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/lessons");
    let mut lessons: Vec<(String, String)> = Vec::new();
    for area in std::fs::read_dir(&root).expect("a folder of lessons") {
        let area = area.expect("a readable folder").path();
        for file in std::fs::read_dir(&area).expect("an area") {
            let file = file.expect("a readable file").path();
            let text = std::fs::read_to_string(&file).expect("a lesson");
            let topology = text.lines().find(|line| line.starts_with("topology:")).expect("a topology");
            let name = file.strip_prefix(&root).expect("below").with_extension("");
            lessons.push((name.display().to_string(), topology.to_owned()));
        }
    }
    assert!(lessons.len() > 80, "{}", lessons.len());
    for (name, topology) in &lessons {
        let is_pair = |a: &str, b: &str| b.strip_prefix(a).is_some_and(|rest| rest.starts_with('-'));
        let is_twin = |(other, of): &&(String, String)| {
            let (name, other) = (name.as_str(), other.as_str());
            let is_named = NAMED_PAIRS.contains(&(name, other)) || NAMED_PAIRS.contains(&(other, name));
            of == topology && (is_pair(name, other) || is_pair(other, name) || is_named)
        };
        assert!(lessons.iter().any(|other| is_twin(&other)), "{name} has no twin");
    }
}

/// One number of a scenario and of its twin.
fn twins(without: &str, with: &str, metric: &str) -> (f64, f64) {
    (measured(without, &[metric])[0], measured(with, &[metric])[0])
}
