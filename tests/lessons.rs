//! Every pathology has a twin that differs in one protection and does not have it.

#[path = "lessons/ai.rs"]
mod ai;
#[path = "lessons/security.rs"]
mod security;

use shakedown::plan::{self, Expectation, Plan};
use shakedown::sim::{Flow, Options, simulate};
use shakedown::spec::{Catalogue, LoadOptions, load_scenario};
use shakedown::verdict::{Verdict, judge, measure, worst};
use std::path::Path;

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

/// One number of a scenario and of its twin.
fn twins(without: &str, with: &str, metric: &str) -> (f64, f64) {
    (measured(without, &[metric])[0], measured(with, &[metric])[0])
}
