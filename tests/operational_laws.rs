//! Operational laws hold exactly in a run that begins and ends empty: they follow from counting, whatever the model.

use shakedown::plan::resolve;
use shakedown::sim::{Flow, Options, simulate};
use shakedown::spec::{Catalogue, LoadOptions, load_text};
use shakedown::verdict::measure;

const TOPOLOGY: &str = "
topology: shop
components:
  web: { threads: 20, calls: { db: { timeout: 400ms, on-failure: continue, retry: { attempts: 3, backoff: full-jitter(10ms 1s) } } }, operations: { page: [ { compute: exponential(3ms) }, { repeat: { times: 3, at-most: 3, do: [ { call: db.query } ] } } ] } }
  db: { replicas: 2, threads: 2, queue: { discipline: lifo }, operations: { query: [ { compute: 10ms } ] } }
clients:
  users: { journeys: { visit: [ { call: web.page }, { wait: exponential(50ms) } ] } }
";

/// Overload for half a minute; all is over long before the end.
const SCENARIO: &str = "
scenario: laws
topology: topology.yaml
duration: 400s
load: { users: { rate: { steps: [ { at: 0s, rate: 90/s }, { at: 60s, rate: 170/s }, { at: 90s, rate: 90/s }, { at: 120s, rate: 0/s } ] } } }
";

fn measured(metrics: &[&str]) -> Vec<f64> {
    let list: Vec<String> = metrics.iter().map(|metric| format!("'{metric}'")).collect();
    let scenario = format!("{SCENARIO}expect: [ {} ]\n", list.join(", "));
    let input = load_text(&scenario, TOPOLOGY, &Catalogue::embedded(), &LoadOptions::default())
        .unwrap_or_else(|error| panic!("{:#?}", error.diags));
    let plan = resolve(&input).unwrap_or_else(|diags| panic!("{diags:#?}")).0;
    let outcome = simulate(&plan, &Options::new(1), &mut |_| Flow::Continue).0;
    assert!(outcome.conservation.iter().all(|check| check.holds()), "{:?}", outcome.conservation);
    let value = |e: &shakedown::plan::Expectation| measure(&plan, e.metric, &e.scope, e.when, &outcome);
    plan.expectations.iter().map(|e| value(e).unwrap_or_else(|why| panic!("{}: {why}", e.text))).collect()
}

#[track_caller]
fn assert_same(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-9 * a.abs().max(b.abs()), "{a} and {b}");
}

#[test]
fn littles_law_holds_at_every_component() {
    for name in ["web", "db"] {
        let inside = format!("in-system mean of {name} >= 0");
        let rate = format!("throughput of {name} >= 0/s");
        let time = format!("latency mean of component {name} >= 0s");
        let [inside, rate, time] = measured(&[&inside, &rate, &time])[..] else { unreachable!() };
        assert!(inside > 0.5 && time > 0.01, "{inside} {time}");
        assert_same(inside, rate * time);
    }
}

#[test]
fn the_utilization_law_holds_where_work_is_constant() {
    let [busy, rate] = measured(&["utilization of db >= 0", "throughput of db >= 0/s"])[..] else {
        unreachable!()
    };
    assert_same(busy * 4.0, rate * 0.01);
}

#[test]
fn flow_is_forced_by_visits() {
    // What reaches the database is every attempt of three queries a page, and those of pages cut short.
    let [attempts, calls, queries] = measured(&[
        "retry-amplification of web -> db >= 0",
        "goodput of web >= 0/s",
        "arrival-rate of db >= 0/s",
    ])[..] else {
        unreachable!()
    };
    assert!(attempts > 1.0, "some are tried again: {attempts}");
    assert!(queries >= 3.0 * calls, "{queries} {calls}");
    let [visits, pages] = measured(&["arrival-rate of users >= 0/s", "arrival-rate of web >= 0/s"])[..]
    else {
        unreachable!()
    };
    assert_same(visits, pages);
}
