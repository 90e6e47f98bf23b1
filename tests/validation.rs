//! A quick part of the validation: one case of each family, at its stated tolerance.
//!
//! The whole of it is `cargo run --release --example validate`.

#![expect(dead_code, reason = "the example uses the rest of the runner")]

#[path = "../validation/runner.rs"]
mod runner;

/// Scenarios that are cheap and cover every family.
const QUICK: [&str; 36] = [
    "q03-erlangb-5-3-lognormal",
    "q04-mmck-1-10-90",
    "q11-mg1ps-50-exp",
    "q13-priority-30-50-preemptive",
    "q13-priority-30-50-nonpreemptive",
    "q18-finite-20-0.1-1",
    "q22-jackson",
    "q24-forkjoin-50",
    "q30-erlanga-10-9",
    "q31-det-patience-1-80",
    "q32-client-timeout-80",
    "q39-fluid-spike",
    "q40-quorum-2of3",
    "q41-chain-3",
    "t01-retry-0.1-retries2",
    "t02-tokenbucket-retry-0.5",
    "t03-sre-budget-0.5-all-fail-budget",
    "t07-shopify-rest-burst",
    "t07-shopify-rest-paced",
    "c01-lru-exact-1.0-10-3-lru",
    "c03-ttl-1.0-1.0-sliding",
    "c05-stampede-50-coalesced",
    "t12-hpa-4-90-60",
    "e01-keep-alive-100ms",
    "e02-alarm-3-of-3",
    "e04-detection",
    "t05-adaptive-throttle-2-0.25",
    "q-guard-channel",
    "s10-layers-only-if-first",
    "t11-sqs-dlq-0.5-5",
    "m01-backlog-drain",
    "m03-herd",
    "s01-aws-backoff-10-full-jitter",
    "d01-usl-36",
    "t06-full-jitter-8",
    "s09-standing",
];

fn cases(names: &[&str]) -> Vec<runner::Case> {
    let cases: Vec<_> =
        runner::manifest().cases.into_iter().filter(|case| names.contains(&case.scenario.as_str())).collect();
    assert_eq!(cases.len(), names.len(), "some of {names:?} do not exist");
    cases
}

#[test]
fn one_case_of_each_family_gives_its_known_answer() {
    let cases = cases(&QUICK);
    for row in runner::run(&cases, &runner::as_written(&cases)) {
        let name = &cases[row.case].scenario;
        let found = format!("{} ± {}, not {} ± {}", row.mean, row.half_width, row.expected, row.allowed);
        assert!(row.passes(), "{name}: {} is {found}: {:?}", row.check.metric, row.problem);
    }
}

#[test]
fn every_check_of_these_cases_fails_when_a_parameter_is_wrong() {
    let cases = cases(&QUICK);
    let rows = runner::run(&cases, &runner::perturbed(&cases));
    for (number, case) in cases.iter().enumerate() {
        for check in case.checks.iter().filter(|check| check.blind.is_none()) {
            let own = rows.iter().filter(|row| row.case == number && row.check.is_same(check));
            let changes: Vec<_> = case.perturb.iter().map(|change| &change.set).collect();
            assert!(
                own.into_iter().any(runner::Row::notices),
                "{}: {} does not notice {changes:?}",
                case.scenario,
                check.metric
            );
        }
    }
}

#[test]
fn every_case_says_which_wrong_parameter_its_checks_must_notice() {
    for case in runner::manifest().cases {
        let is_blind = case.checks.iter().all(|check| check.blind.is_some());
        assert!(is_blind || !case.perturb.is_empty(), "{} has no `perturb`", case.scenario);
    }
}
