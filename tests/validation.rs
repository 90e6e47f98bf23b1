//! A quick part of the validation: one case of each family, at its stated tolerance.
//!
//! The whole of it is `cargo run --release --example validate`.

#![expect(dead_code, reason = "the example uses the rest of the runner")]

#[path = "../validation/runner.rs"]
mod runner;

/// Scenarios that are cheap and cover every family.
const QUICK: [&str; 22] = [
    "q03-erlangb-5-3-lognormal",
    "q04-mmck-1-10-90",
    "q11-mg1ps-50-exp",
    "q13-priority-30-50-preemptive",
    "q13-priority-30-50-nonpreemptive",
    "q18-finite-20-0-1-1",
    "q22-jackson",
    "q24-forkjoin-50",
    "q30-erlanga-10-9",
    "q31-det-patience-1-80",
    "q32-client-timeout-80",
    "q39-fluid-spike",
    "q40-quorum-2of3",
    "q41-chain-3",
    "t01-retry-0-1-retries2",
    "t02-tokenbucket-retry-0-5",
    "t03-sre-budget-0-5-all-fail-budget",
    "t07-shopify-rest-burst",
    "t07-shopify-rest-paced",
    "c01-lru-exact-1-0-10-3-lru",
    "c03-ttl-1-0-1-0-sliding",
    "c05-stampede-50-coalesced",
];

#[test]
fn one_case_of_each_family_gives_its_known_answer_and_no_other() {
    let cases: Vec<_> =
        runner::manifest().cases.into_iter().filter(|case| QUICK.contains(&case.scenario.as_str())).collect();
    let found: Vec<&str> = cases.iter().map(|case| case.scenario.as_str()).collect();
    assert_eq!(found.len(), QUICK.len(), "found {found:?}");
    for row in runner::run(&cases) {
        let name = &cases[row.case].scenario;
        let text = format!(
            "{name}: {} is {} ± {}, not {} ± {}",
            row.check.metric, row.mean, row.half_width, row.expected, row.allowed
        );
        assert!(row.passes(), "{text}: {:?}", row.problem);
        assert!(
            !row.agrees_with(row.expected + 5.0 * row.allowed),
            "{name}: {} cannot fail",
            row.check.metric
        );
        assert!(row.badness().is_finite());
    }
}
