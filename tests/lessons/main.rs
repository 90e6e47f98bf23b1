//! Lessons: each pathology beside a twin that differs in one protective parameter. Both files say
//! what happens, and both are right; the tests also hold the difference between the two.

mod replicas;

use shakedown::outcome::Outcome;
use shakedown::plan::{Plan, resolve};
use shakedown::sim::{Flow, Options, simulate};
use shakedown::spec::{Catalogue, LoadOptions, load_scenario};
use shakedown::verdict::measure;
use std::path::Path;

/// A lesson that was run.
struct Lesson {
    plan: Plan,
    outcome: Outcome,
}

impl Lesson {
    /// Runs a file of `scenarios/lessons`; its expectations and every conservation law must hold.
    fn run(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/lessons/{name}.yaml"));
        let input = load_scenario(&path, &Catalogue::embedded(), &LoadOptions::default())
            .unwrap_or_else(|error| panic!("{name}: {:#?}", error.diags));
        let (plan, warnings) = resolve(&input).unwrap_or_else(|errors| panic!("{name}: {errors:#?}"));
        assert!(warnings.is_empty(), "{name}: {warnings:#?}");
        let (outcome, _) = simulate(&plan, &Options::new(plan.seed), &mut |_| Flow::Continue);
        for check in &outcome.conservation {
            assert!(check.holds(), "{name}: {check:?}");
        }
        for (number, expectation) in plan.expectations.iter().enumerate() {
            let value = value(&plan, number, &outcome);
            let is_kept = match expectation.comparison {
                shakedown::plan::Comparison::Less => value < expectation.target,
                shakedown::plan::Comparison::LessOrEqual => value <= expectation.target,
                shakedown::plan::Comparison::Greater => value > expectation.target,
                shakedown::plan::Comparison::GreaterOrEqual => value >= expectation.target,
            };
            assert!(is_kept, "{name}: {} is {value}", expectation.text);
        }
        Self { plan, outcome }
    }

    /// What the expectation with this number, from 0, measured.
    fn value(&self, expectation: usize) -> f64 {
        value(&self.plan, expectation, &self.outcome)
    }
}

fn value(plan: &Plan, number: usize, outcome: &Outcome) -> f64 {
    let expectation = &plan.expectations[number];
    measure(plan, expectation.metric, &expectation.scope, expectation.when, outcome)
        .unwrap_or_else(|why| panic!("{}: {why}", expectation.text))
}
