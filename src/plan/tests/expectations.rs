//! The grammar of expectations.

use super::fixture::{assert_finds, diags, shown, warned};
use crate::plan::Comparison::{Greater, GreaterOrEqual, Less, LessOrEqual};
use crate::plan::*;
use crate::units::SimTime;

const TOPOLOGY: &str = "
topology: t
places: { east: {}, web: {} }
network: { links: [{ between: [east, web], latency: 1ms }] }
entities: { item: { population: 5 } }
components:
  web: { place: east, threads: 4, operations: { get: [{ call: db.list }, { cached: { in: redis, key: item } }] } }
  redis: { place: east, cache: {}, operations: { get: [] } }
  db: { place: web, store: { datasets: { rows: {} } }, operations: { list: [], read: [] } }
clients:
  users: { place: east, journeys: { browse: [{ call: web }] } }
";

fn scenario(expectation: &str) -> String {
    format!(
        "
scenario: s
topology: t.yaml
duration: 1h
warm-up: 1m
load: {{ web: {{ client: users, rate: 10/s }}, night: {{ client: users, rate: 1/s }} }}
faults: [{{ at: 10m, for: 10m, slow: {{ target: db, factor: 2 }} }}]
expect: [{expectation:?}]
"
    )
}

type Reading = (&'static str, Metric, Scope, Comparison, f64, When);

fn check((text, metric, scope, comparison, target, when): Reading) {
    let (plan, _) = warned(TOPOLOGY, &scenario(text));
    let got = &plan.expectations[0];
    assert_eq!(
        (got.metric, &got.scope, got.comparison, got.when),
        (metric, &scope, comparison, when),
        "{text}"
    );
    assert!((got.target - target).abs() < 1e-12, "{text}: {}", got.target);
    assert_eq!((got.text.as_str(), got.location.as_str()), (text, "expect/0:7"));
}

fn min(minutes: u64) -> SimTime {
    SimTime(minutes * 60_000_000_000)
}

#[test]
fn promises_to_users_are_read_as_a_person_would_write_them() {
    let cases = [
        ("availability >= 99.9%", Metric::Availability, Scope::All, GreaterOrEqual, 0.999, When::Always),
        ("availability of all > 0.5 always", Metric::Availability, Scope::All, Greater, 0.5, When::Always),
        (
            "latency p99.9 of night<250ms during faults",
            Metric::LatencyQuantile(0.999),
            Scope::Workload(1),
            Less,
            0.25,
            When::DuringFaults,
        ),
        ("latency mean of load web < 1s", Metric::LatencyMean, Scope::Workload(0), Less, 1.0, When::Always),
        (
            "latency p50 of users.browse <= 2s before faults",
            Metric::LatencyQuantile(0.5),
            Scope::Journey(0, 0),
            LessOrEqual,
            2.0,
            When::BeforeFaults,
        ),
        ("goodput > 9/s after faults", Metric::Goodput, Scope::All, Greater, 9.0, When::AfterFaults),
        ("recovery-time <= 5m", Metric::RecoveryTime, Scope::All, LessOrEqual, 300.0, When::Always),
        ("error-rate < 1 % after recovery", Metric::ErrorRate, Scope::All, Less, 0.01, When::AfterRecovery),
    ];
    cases.into_iter().for_each(check);
}

#[test]
fn promises_of_components_and_calls_are_read_as_a_person_would_write_them() {
    let cases = [
        (
            "latency max of component web < 1s",
            Metric::LatencyMax,
            Scope::Component(0),
            Less,
            1.0,
            When::Always,
        ),
        (
            "latency p50 of db.list <= 2s outside faults",
            Metric::LatencyQuantile(0.5),
            Scope::Operation(2, 0),
            LessOrEqual,
            2.0,
            When::OutsideFaults,
        ),
        ("wait p90 of web < 5ms", Metric::WaitQuantile(0.9), Scope::Component(0), Less, 0.005, When::Always),
        ("throughput of place web > 60/m", Metric::Throughput, Scope::Place(1), Greater, 1.0, When::Always),
        ("utilization of east < 80%", Metric::Utilization, Scope::Place(0), Less, 0.8, When::Always),
        ("queue mean of web < 3", Metric::QueueMean, Scope::Component(0), Less, 3.0, When::Always),
        ("queue max of web < 3", Metric::QueueMax, Scope::Component(0), Less, 3.0, When::Always),
        (
            "hit-ratio of redis >= 80%",
            Metric::HitRatio,
            Scope::Component(1),
            GreaterOrEqual,
            0.8,
            When::Always,
        ),
        (
            "retry-amplification of web -> db <= 1.2 between 10m and 20m",
            Metric::RetryAmplification,
            Scope::Edge(0),
            LessOrEqual,
            1.2,
            When::Between(min(10), min(20)),
        ),
        ("timeout-rate of web->db < 1%", Metric::TimeoutRate, Scope::Edge(0), Less, 0.01, When::Always),
        (
            "unknown-writes of db <= 0",
            Metric::Ledger(LedgerMetric::UnknownWrites),
            Scope::Component(2),
            LessOrEqual,
            0.0,
            When::Always,
        ),
    ];
    cases.into_iter().for_each(check);
}

#[test]
fn mistakes_are_marked_where_they_are() {
    // Columns count from 5, where the fixture says that the text begins.
    let cases = [
        ("latency of night < 250ms", "E220", "latency", "followed by a quantile"),
        ("latency p99 of night 250ms", "E220", "latency p99 of night 250ms", "no comparison"),
        ("latency p999 of night < 250ms", "E220", "p999", "p99.9"),
        ("availabilty of night > 1%", "E221", "availabilty", "did you mean `availability`?"),
        ("availability of nihgt > 1%", "E201", "nihgt", "did you mean `night`?"),
        ("availability of users > 1%", "E201", "users", "its loads are web, night"),
        ("availability of web > 1%", "E224", "web", "`of load web` or `of component web` or `of place web`"),
        ("hit-ratio of load web > 1%", "E222", "load web", "measured of component"),
        ("hit-ratio of db > 1%", "E222", "db", "redis"),
        ("hit-ratio > 1%", "E222", "hit-ratio", "add `of NAME`"),
        ("utilization of redis < 1%", "E222", "redis", "unlimited"),
        ("unknown-writes of redis < 1", "E222", "redis", "no `store`"),
        ("retry-amplification of web -> dc < 2", "E201", "web -> dc", "did you mean `web -> db`?"),
        ("retry-amplification of db < 2", "E222", "db", "call"),
        ("availability >= 250ms", "E223", "250ms", "a share such as"),
        ("availability >= 101%", "E223", "101%", "more than the whole"),
        ("latency p99 < 40%", "E223", "40%", "a time such as"),
        ("queue max of component web < 1s", "E223", "1s", "a number such as"),
        ("availability == 1%", "E220", "==", "never exactly equal"),
        ("availability >= ", "E220", ">=", "no value"),
        ("availability of >= 1%", "E220", "of", "no name"),
        (">= 1%", "E220", ">= 1%", "no metric"),
        ("availability >= 1% during lunch", "E220", "during lunch", "`during faults`"),
        ("availability >= 1% between 20m and 10m", "E225", "between 20m and 10m", "nothing lies between"),
        ("availability >= 1% between 2h and 3h", "E225", "between 2h and 3h", "the run ends"),
        ("availability >= 1% between 0s and 30s", "E225", "between 0s and 30s", "warm-up"),
        ("recovery-time < 5m after faults", "E225", "after faults", "whole run"),
        ("", "E220", "", "no comparison"),
    ];
    for (text, code, marked, says) in cases {
        let found = diags(TOPOLOGY, &scenario(text));
        let [diag] = found.as_slice() else { panic!("{text}: {}", shown(&found)) };
        let said = format!("{} ({})", diag.message, diag.help.as_deref().unwrap_or(""));
        assert_eq!(diag.code, code, "{text}: {said}");
        assert!(said.contains(says), "{text}: `{said}` does not say `{says}`");
        let at = diag.at.clone().unwrap();
        let start = at.column as usize - 5;
        let got: String = text.chars().skip(start).take(at.length as usize).collect();
        assert_eq!(got, marked, "{text}");
    }
}

#[test]
fn windows_that_name_faults_need_some() {
    let calm = scenario("availability > 1% during faults")
        .replace("[{ at: 10m, for: 10m, slow: { target: db, factor: 2 } }]", "[]");
    assert_finds(TOPOLOGY, &calm, "E225", "expect/0", "the scenario has no faults");
}
