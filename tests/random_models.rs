//! Random architectures under random faults keep what every run promises: no panic, one result whatever the queue is
//! made of, nothing lost count of. (In the test build every run also ends with an audit of who holds what.)
//!
//! `SHAKEDOWN_MODELS=5000 SHAKEDOWN_FIRST_MODEL=1000 cargo test --test random_models` looks at more of them.

#[path = "random_models/dice.rs"]
mod dice;
#[path = "random_models/scenario.rs"]
mod scenario;
#[path = "random_models/topology.rs"]
mod topology;

use dice::Dice;
use shakedown::diag::{Diag, Severity};
use shakedown::outcome::Outcome;
use shakedown::plan::{Plan, resolve};
use shakedown::sim::{Flow, Options, simulate};
use shakedown::spec::{Catalogue, LoadOptions, load_text};
use std::collections::BTreeMap;

/// Models of an ordinary run of the tests.
const MODELS: u64 = 300;
/// Some models make more and more work for themselves: they end here.
const EVENTS_MAX: u64 = 300_000;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// The plan, unless the checks refuse the model, as they may: with their words.
fn plan(topology: &str, scenario: &str, catalogue: &Catalogue) -> Result<Plan, String> {
    let input = load_text(scenario, topology, catalogue, &LoadOptions::default())
        .map_err(|error| words(&error.diags))?;
    resolve(&input).map(|(plan, _)| plan).map_err(|diags| words(&diags))
}

fn words(diags: &[Diag]) -> String {
    let errors = diags.iter().filter(|diag| diag.severity == Severity::Error);
    let say =
        |diag: &Diag| format!("{} {} {}", diag.code, diag.message, diag.help.as_deref().unwrap_or_default());
    errors.map(say).collect::<Vec<_>>().join("\n")
}

fn run(plan: &Plan, lanes: bool) -> Outcome {
    let options = Options { lanes, events_max: Some(EVENTS_MAX), ..Options::new(plan.seed) };
    simulate(plan, &options, &mut |_| Flow::Continue).0
}

/// What is wrong with a model, if anything is.
fn complaint(plan: &Plan) -> Option<String> {
    let outcome = run(plan, true);
    if let Some(check) = outcome.conservation.iter().find(|check| !check.holds()) {
        return Some(format!("not conserved: {check:?}"));
    }
    let text = |outcome: &Outcome| serde_json::to_string(outcome).expect("an outcome can be written");
    (text(&outcome) != text(&run(plan, false))).then(|| "another outcome without lanes".to_owned())
}

#[test]
fn random_models_give_one_result_and_lose_count_of_nothing() {
    let catalogue = Catalogue::embedded();
    let first = number("SHAKEDOWN_FIRST_MODEL").unwrap_or(1);
    let count = number("SHAKEDOWN_MODELS").unwrap_or(MODELS);
    let mut refused = BTreeMap::new();
    for seed in first..first + count {
        let mut dice = Dice::new(seed);
        let model = topology::model(&mut dice);
        let scenario = scenario::scenario(&mut dice, &model);
        let shown = format!("SHAKEDOWN_FIRST_MODEL={seed} SHAKEDOWN_MODELS=1\n{}\n{scenario}", model.text);
        let plan = match plan(&model.text, &scenario, &catalogue) {
            Ok(plan) => plan,
            Err(why) => {
                refused.entry(why).or_insert_with(Vec::new).push(seed);
                continue;
            }
        };
        let looked = std::panic::catch_unwind(|| complaint(&plan));
        let complaint = looked.unwrap_or_else(|_| Some("a panic".to_owned()));
        assert_eq!(complaint, None, "{shown}");
    }
    // Not every choice goes with every other, but most must.
    let refusals: usize = refused.values().map(Vec::len).sum();
    assert!(refusals as u64 * 10 <= count, "{refusals} of {count} refused: {refused:#?}");
}
