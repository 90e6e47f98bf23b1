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
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The manifest.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Manifest {
    pub cases: Vec<Case>,
    /// What holds in every run, or in a test of another kind.
    pub elsewhere: Vec<Elsewhere>,
    pub not_yet: Vec<NotYet>,
}

/// One scenario and what must come out of it.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Case {
    pub id: String,
    pub scenario: String,
    pub title: String,
    pub source: String,
    /// What somebody has published that this reproduces: under this heading the page puts both figures side by side.
    pub published: Option<String>,
    pub replications: u32,
    pub checks: Vec<Check>,
    /// Changes of parameters, each of which moves answers by five tolerances or more: every check
    /// must notice one of them.
    #[serde(default)]
    pub perturb: Vec<Perturbation>,
}

/// One number that must come out.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Check {
    /// A metric of the expectation language, its window at the end.
    pub metric: String,
    /// The known answer, with its unit.
    pub expected: String,
    /// `1%` of it, `0.002 absolute`, or `3 s.e.` of the mean over replications.
    pub tolerance: String,
    /// What is compared, if not the mean over replications: their `sd`, `p95`, or the share `>= X` or `< X`.
    pub across: Option<String>,
    /// Why the interval is wider than the tolerance, where that cannot be helped.
    pub weak: Option<String>,
    /// Why no change of a parameter can be noticed, where that is so.
    pub blind: Option<String>,
}

impl Check {
    /// Whether it is the same check of the same case.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        (&self.metric, &self.across, &self.expected) == (&other.metric, &other.across, &other.expected)
    }
}

/// A parameter that is off.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Perturbation {
    /// Paths into the scenario and their wrong values.
    pub set: BTreeMap<String, String>,
    /// Replications, if not a quarter of the case's, and at least three.
    pub replications: Option<u32>,
}

/// A case that is no scenario with a number.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Elsewhere {
    pub id: String,
    pub title: String,
    /// Where it is asserted.
    #[serde(rename = "where")]
    pub place: String,
}

/// A case whose mechanism is missing.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct NotYet {
    pub id: String,
    pub title: String,
    pub why: String,
}

/// What became of a check.
#[derive(Clone)]
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
    /// Events of the whole case.
    pub events: u64,
}

impl Row {
    pub(crate) fn passes(&self) -> bool {
        self.problem.is_none() && (self.mean - self.expected).abs() <= self.allowed
    }

    /// Error in units of what is allowed.
    pub(crate) fn badness(&self) -> f64 {
        if self.problem.is_some() { f64::INFINITY } else { (self.mean - self.expected).abs() / self.allowed }
    }

    /// Whether the interval is wider than the tolerance, so that the check can pass or fail by chance.
    pub(crate) fn is_weak(&self) -> bool {
        self.half_width > self.allowed && !self.check.tolerance.ends_with("s.e.")
    }

    /// Whether it fails, and not by chance: the answer lies outside the 99 % interval too.
    pub(crate) fn notices(&self) -> bool {
        !self.passes() && (self.mean - self.expected).abs() > self.half_width
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
    let windows = [" between ", " before faults", " during faults", " outside faults"];
    let at = windows.iter().find_map(|window| check.metric.find(window));
    let (metric, window) = check.metric.split_at(at.unwrap_or(check.metric.len()));
    format!("{metric} <= {}{window}", check.expected)
}

fn plan_of(case: &Case, catalogue: &Catalogue, sets: &[(String, String)]) -> Plan {
    let path = root().join("scenarios").join(format!("{}.yaml", case.scenario));
    let texts: Vec<String> = case.checks.iter().map(|check| format!("\"{}\"", expectation(check))).collect();
    let mut options = LoadOptions { sets: sets.to_vec(), ..LoadOptions::default() };
    options.sets.push(("expect".to_owned(), format!("[{}]", texts.join(", "))));
    let input = load_scenario(&path, catalogue, &options)
        .unwrap_or_else(|e| panic!("{}: {:#?}", case.scenario, e.diags));
    resolve(&input).unwrap_or_else(|diags| panic!("{}: {diags:#?}", case.scenario)).0
}

/// The root seed of a case: from its name, never tried out.
fn seed(case: &Case) -> u64 {
    rng::name_hash(&case.scenario) & 0x7FFF_FFFF
}

/// A case with values set from outside.
pub(crate) struct Job {
    /// Index of the case.
    pub case: usize,
    pub sets: Vec<(String, String)>,
    pub replications: u32,
}

/// One job per case, nothing changed.
pub(crate) fn as_written(cases: &[Case]) -> Vec<Job> {
    let jobs = cases.iter().enumerate();
    jobs.map(|(case, spec)| Job { case, sets: Vec::new(), replications: spec.replications }).collect()
}

/// One job per perturbation of each case.
pub(crate) fn perturbed(cases: &[Case]) -> Vec<Job> {
    let all =
        cases.iter().enumerate().flat_map(|(case, spec)| spec.perturb.iter().map(move |p| (case, spec, p)));
    all.map(|(case, spec, perturbation)| Job {
        case,
        sets: perturbation.set.iter().map(|(path, value)| (path.clone(), value.clone())).collect(),
        replications: perturbation.replications.unwrap_or(spec.replications.div_ceil(4).max(3)),
    })
    .collect()
}

/// Values of one replication, by check, and how many events it took.
type Measured = (Vec<Result<f64, String>>, u64);

/// Runs jobs on all cores; the result does not depend on how many cores there are.
pub(crate) fn run(cases: &[Case], jobs: &[Job]) -> Vec<Row> {
    let catalogue = Catalogue::embedded();
    let plans: Vec<Plan> = jobs.iter().map(|job| plan_of(&cases[job.case], &catalogue, &job.sets)).collect();
    let runs: Vec<(usize, u32)> = jobs
        .iter()
        .enumerate()
        .flat_map(|(number, job)| (0..job.replications).map(move |index| (number, index)))
        .collect();
    let measured: Vec<Measured> = runs
        .par_iter()
        .with_max_len(1)
        .map(|(number, index)| {
            let (plan, case) = (&plans[*number], &cases[jobs[*number].case]);
            let seed = run::seed_of(seed(case), *index);
            let (outcome, _) = simulate(plan, &Options::new(seed), &mut |_| Flow::Continue);
            let broken = outcome.conservation.iter().find(|check| !check.holds());
            assert!(broken.is_none(), "{}: {broken:?}", case.scenario);
            let values = plan.expectations.iter();
            let values = values.map(|e| measure(plan, e.metric, &e.scope, e.when, &outcome)).collect();
            (values, outcome.events)
        })
        .collect();
    let mut rows = Vec::new();
    let mut rest = measured.as_slice();
    for (number, job) in jobs.iter().enumerate() {
        let (own, others) = rest.split_at(job.replications as usize);
        rest = others;
        for (at, check) in cases[job.case].checks.iter().enumerate() {
            rows.push(row(job.case, check, plans[number].expectations[at].target, own, at));
        }
    }
    rows
}

/// Groups of replications whose spread gives the interval of a statistic across them.
const GROUPS: usize = 20;

fn row(case: usize, check: &Check, expected: f64, own: &[Measured], at: usize) -> Row {
    let mut values: Vec<f64> =
        own.iter().filter_map(|(values, _)| values[at].as_ref().ok().copied()).collect();
    let problem = own.iter().find_map(|(values, _)| values[at].as_ref().err().cloned());
    if let Some(across) = &check.across {
        let size = values.len().div_ceil(GROUPS).max(1);
        values = values.chunks(size).map(|group| statistic(group, across)).collect();
    }
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
    let events = own.iter().map(|(_, events)| events).sum();
    Row {
        case,
        check: check.clone(),
        expected,
        mean,
        half_width: interval.half_width,
        allowed,
        problem,
        events,
    }
}

/// A statistic of the values of several replications.
fn statistic(values: &[f64], which: &str) -> f64 {
    let n = values.len() as f64;
    let share = |fits: &dyn Fn(f64) -> bool| values.iter().filter(|value| fits(**value)).count() as f64 / n;
    let mean = values.iter().sum::<f64>() / n;
    match which.split_once(' ') {
        None if which == "sd" => {
            (values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0)).sqrt()
        }
        None if which.starts_with('p') => {
            let q: f64 = which[1..].parse().expect("a per cent");
            let mut sorted = values.to_vec();
            sorted.sort_by(f64::total_cmp);
            sorted[((q / 100.0 * n).ceil() as usize).clamp(1, values.len()) - 1]
        }
        Some((">=", bound)) => share(&|value| value >= bound.parse().expect("a number")),
        Some(("<", bound)) => share(&|value| value < bound.parse().expect("a number")),
        _ => panic!("there is no statistic `{which}`"),
    }
}
