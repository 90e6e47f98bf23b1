//! Runs the cases of `validation/cases.yaml` through the public way and compares
//! them with their known answers. Shared by the test and the example.

use rayon::prelude::*;
use serde::Deserialize;
use shakedown::plan::{Plan, resolve};
use shakedown::sim::{Flow, Options, simulate};
use shakedown::spec::{Catalogue, LoadOptions, load_scenario};
use shakedown::stats::mean_interval;
use shakedown::verdict::measure;
use shakedown::{rng, run};
use std::path::{Path, PathBuf};

/// The manifest.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Manifest {
    pub cases: Vec<Case>,
    pub not_yet: Vec<NotYet>,
}

/// One scenario and what must come out of it.
#[derive(Clone, Deserialize)]
pub(crate) struct Case {
    pub id: String,
    pub scenario: String,
    pub title: String,
    pub source: String,
    pub replications: u32,
    pub checks: Vec<Check>,
}

/// One number that must come out.
#[derive(Clone, Deserialize)]
pub(crate) struct Check {
    /// A metric of the expectation language, its window at the end.
    pub metric: String,
    /// The known answer, with its unit.
    pub expected: String,
    /// `1%` of it, `0.002 absolute`, or `3 s.e.` of the mean over replications.
    pub tolerance: String,
}

/// A case whose mechanism is missing.
#[derive(Deserialize)]
pub(crate) struct NotYet {
    pub id: String,
    pub title: String,
    pub why: String,
}

/// What became of a check.
pub(crate) struct Row {
    pub case: usize,
    pub check: Check,
    pub expected: f64,
    pub mean: f64,
    /// Half-width of the 99 % interval over replications.
    pub half_width: f64,
    pub allowed: f64,
    /// Why there is no number, if there is none.
    pub problem: Option<String>,
}

impl Row {
    /// Whether the measurement agrees with an answer.
    pub(crate) fn agrees_with(&self, answer: f64) -> bool {
        self.problem.is_none() && (self.mean - answer).abs() <= self.allowed
    }

    pub(crate) fn passes(&self) -> bool {
        self.agrees_with(self.expected)
    }

    /// Error in units of what is allowed.
    pub(crate) fn badness(&self) -> f64 {
        if self.problem.is_some() { f64::INFINITY } else { (self.mean - self.expected).abs() / self.allowed }
    }
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("validation")
}

pub(crate) fn manifest() -> Manifest {
    let text = std::fs::read_to_string(root().join("cases.yaml")).expect("validation/cases.yaml can be read");
    serde_saphyr::from_str(&text).expect("validation/cases.yaml can be parsed")
}

/// `METRIC [between ..]` and an answer as an expectation.
fn expectation(check: &Check) -> String {
    let (metric, window) = match check.metric.find(" between ") {
        Some(at) => check.metric.split_at(at),
        None => (check.metric.as_str(), ""),
    };
    format!("{metric} <= {}{window}", check.expected)
}

fn plan_of(case: &Case, catalogue: &Catalogue) -> Plan {
    let path = root().join("scenarios").join(format!("{}.yaml", case.scenario));
    let texts: Vec<String> = case.checks.iter().map(|check| format!("\"{}\"", expectation(check))).collect();
    let mut options = LoadOptions::default();
    options.sets.push(("expect".to_owned(), format!("[{}]", texts.join(", "))));
    let input = load_scenario(&path, catalogue, &options)
        .unwrap_or_else(|e| panic!("{}: {:#?}", case.scenario, e.diags));
    resolve(&input).unwrap_or_else(|diags| panic!("{}: {diags:#?}", case.scenario)).0
}

/// The root seed of a case: from its name, never tried out.
fn seed(case: &Case) -> u64 {
    rng::name_hash(&case.scenario) & 0x7FFF_FFFF
}

/// Runs cases on all cores; the result does not depend on how many there are.
pub(crate) fn run(cases: &[Case]) -> Vec<Row> {
    let catalogue = Catalogue::embedded();
    let plans: Vec<Plan> = cases.iter().map(|case| plan_of(case, &catalogue)).collect();
    let jobs: Vec<(usize, u32)> = cases
        .iter()
        .enumerate()
        .flat_map(|(number, case)| (0..case.replications).map(move |i| (number, i)))
        .collect();
    let measured: Vec<Vec<Result<f64, String>>> = jobs
        .par_iter()
        .map(|(number, index)| {
            let plan = &plans[*number];
            let seed = run::seed_of(seed(&cases[*number]), *index);
            let (outcome, _) = simulate(plan, &Options::new(seed), &mut |_| Flow::Continue);
            let broken = outcome.conservation.iter().find(|check| !check.holds());
            assert!(broken.is_none(), "{}: {broken:?}", cases[*number].scenario);
            plan.expectations.iter().map(|e| measure(plan, e.metric, &e.scope, e.when, &outcome)).collect()
        })
        .collect();
    let mut rows = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let own: Vec<&Vec<Result<f64, String>>> =
            jobs.iter().zip(&measured).filter(|(job, _)| job.0 == number).map(|(_, values)| values).collect();
        for (at, check) in case.checks.iter().enumerate() {
            rows.push(row(number, check, plans[number].expectations[at].target, &own, at));
        }
    }
    rows
}

fn row(case: usize, check: &Check, expected: f64, own: &[&Vec<Result<f64, String>>], at: usize) -> Row {
    let values: Vec<f64> = own.iter().filter_map(|values| values[at].as_ref().ok().copied()).collect();
    let problem = own.iter().find_map(|values| values[at].as_ref().err().cloned());
    let interval = mean_interval(&values, 0.99);
    let n = values.len().max(2) as f64;
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    let allowed = match check.tolerance.split_once(' ') {
        Some((value, "absolute")) => value.parse().expect("a number"),
        // Counts that are the same in every replication still have the noise of rounding.
        Some((times, "s.e.")) => times.parse::<f64>().expect("a number") * (variance / n).sqrt().max(1e-9),
        _ => {
            check.tolerance.trim_end_matches('%').parse::<f64>().expect("a per cent") / 100.0 * expected.abs()
        }
    };
    Row { case, check: check.clone(), expected, mean, half_width: interval.half_width, allowed, problem }
}
