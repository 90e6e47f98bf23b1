//! Every pathology has a twin that differs in one protective parameter and does not have it.

#[path = "lessons/brokers.rs"]
mod brokers;
#[path = "lessons/overload.rs"]
mod overload;

use shakedown::outcome::Outcome;
use shakedown::plan::{self, Plan};
use shakedown::sim::{Flow, Options, simulate};
use shakedown::spec::{Catalogue, LoadOptions, load_scenario};
use shakedown::verdict::{Verdict, judge};
use std::path::PathBuf;

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
