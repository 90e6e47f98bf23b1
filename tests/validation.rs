//! A quick part of the validation: one case of each family, at its stated tolerance.
//!
//! The whole of it is `cargo run --release --example validate`.

#![expect(dead_code, reason = "the example uses the rest of the runner")]

#[path = "../validation/runner.rs"]
mod runner;

/// Scenarios that are cheap and cover every family.
const QUICK: [&str; 25] = [
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
    "t11-sqs-dlq-0.5-5",
    "m01-backlog-drain",
    "m03-herd",
];

/// A parameter off by so much that the answer moves by five tolerances or more.
const WRONG: [(&str, &str, &str); 12] = [
    ("q04-mmck-1-10-90", "load.web.rate", "97/s"),
    ("q11-mg1ps-50-exp", "load.web.rate", "53/s"),
    ("q13-priority-30-50-preemptive", "load.high.rate", "33/s"),
    ("q18-finite-20-0.1-1", "load.web.users", "22"),
    ("q30-erlanga-10-9", "override.components.server.queue.patience", "exponential(1.7s)"),
    ("q32-client-timeout-80", "override.clients.web.calls.server.timeout", "90ms"),
    ("q40-quorum-2of3", "override.components.leaf.operations.serve", "[ { compute: exponential(1.06s) } ]"),
    ("t02-tokenbucket-retry-0.5", "override.clients.web.calls.backend.retry.budget.per-call", "0.25"),
    ("c01-lru-exact-1.0-10-3-lru", "override.components.cache.cache.entries", "4"),
    ("c03-ttl-1.0-1.0-sliding", "load.web.rate", "1.05/s"),
    ("t11-sqs-dlq-0.5-5", "override.components.worker.operations.work", "[ { fail: 55% } ]"),
    ("m01-backlog-drain", "override.components.worker.operations.work", "[ { wait: 11ms } ]"),
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
    for row in runner::run(&cases, &[]) {
        let name = &cases[row.case].scenario;
        let found = format!("{} ± {}, not {} ± {}", row.mean, row.half_width, row.expected, row.allowed);
        assert!(row.passes(), "{name}: {} is {found}: {:?}", row.check.metric, row.problem);
    }
}

#[test]
fn a_wrong_parameter_is_noticed() {
    for (name, path, value) in WRONG {
        let cases = cases(&[name]);
        let rows = runner::run(&cases, &[(path.to_owned(), value.to_owned())]);
        assert!(rows.iter().any(|row| !row.passes()), "{name} passes with {path} = {value}");
    }
}
