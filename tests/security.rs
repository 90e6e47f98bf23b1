//! Firewalls, floods, credentials, tokens, reachability and clocks against what arithmetic says.

use shakedown::outcome::Outcome;
use shakedown::plan::{Expectation, Plan, resolve};
use shakedown::sim::{Flow, Options, simulate};
use shakedown::spec::{Catalogue, LoadOptions, load_text};
use shakedown::verdict::measure;

fn plan(topology: &str, scenario: &str) -> Plan {
    let input = load_text(scenario, topology, &Catalogue::embedded(), &LoadOptions::default())
        .unwrap_or_else(|error| panic!("{:#?}", error.diags));
    resolve(&input).unwrap_or_else(|diags| panic!("{diags:#?}")).0
}

/// Runs and checks that nothing was lost or made up.
fn run(plan: &Plan) -> Outcome {
    let (outcome, _) = simulate(plan, &Options::new(3), &mut |_| Flow::Continue);
    assert!(outcome.truncated.is_none());
    for check in &outcome.conservation {
        assert!(check.holds(), "{check:?}");
    }
    outcome
}

/// What an expectation's metric comes to.
fn measured(topology: &str, scenario: &str, metrics: &[&str]) -> Vec<f64> {
    let expect: Vec<String> = metrics.iter().map(|metric| format!("  - {metric}")).collect();
    let plan = plan(topology, &format!("{scenario}\nexpect:\n{}\n", expect.join("\n")));
    let outcome = run(&plan);
    let value = |e: &Expectation| {
        measure(&plan, e.metric, &e.scope, e.when, &outcome).unwrap_or_else(|why| panic!("{}: {why}", e.text))
    };
    plan.expectations.iter().map(value).collect()
}

fn close(value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() <= tolerance, "{value} is not {expected} ± {tolerance}");
}

const EDGE: &str = "
topology: edge
attributes: { bot: 0 }
components:
  edge:
    firewall: [ RULES ]
    operations: { get: [ { compute: 1ms } ] }
clients:
  users: { journeys: { ask: [ { call: edge.get } ] } }
  bots: { journeys: { ask: [ { call: edge.get } ] } }
";

fn edge(rules: &str) -> String {
    EDGE.replace("RULES", rules)
}

const BOTH: &str = "load:
  users: { rate: 20/s, arrivals: deterministic }
  bots: { rate: 100/s, arrivals: deterministic, attributes: { bot: 1 } }";

#[test]
fn a_rule_refuses_its_share_and_takes_its_time() {
    let topology = edge(
        "{ rule: { when: bot > 0, catches: 90%, false-positives: 2%, delay: 3ms } }, { rule: { name: second, when: bot > 5, delay: 1ms } }",
    );
    let scenario = format!("scenario: s\ntopology: t\nduration: 2000s\n{BOTH}");
    let values = measured(
        &topology,
        &scenario,
        &[
            "availability of load users < 1",
            "availability of load bots < 1",
            "latency mean of load users < 1s",
            "reject-rate of edge < 1",
        ],
    );
    // 40,000 and 200,000 requests: three standard errors.
    close(values[0], 0.98, 0.0021);
    close(values[1], 0.10, 0.0021);
    close(values[2], 0.005, 0.0001);
    close(values[3], (0.9 * 100.0 + 0.02 * 20.0) / 120.0, 0.002);
}

/// Requests come every 10 ms from 60 s on. The look at 70 s is the first that sees more than 50/s in a window of 10 s;
/// 25 s later the rule acts, and refuses every request of the flood from then on.
#[test]
fn a_flood_is_dropped_exactly_after_its_detection_and_lag() {
    let topology = edge(
        "{ flood: { when: bot > 0, threshold: 50/s, window: 10s, check-every: 10s, lag: 25s, drops: 100%, release: 1m } }",
    );
    let scenario = "scenario: s\ntopology: t\nduration: 400s\nload:
  users: { rate: 10/s, arrivals: deterministic }
  bots: { rate: { steps: [ { at: 0s, rate: 0/s }, { at: 60s, rate: 100/s }, { at: 200s, rate: 0/s }, { at: 300s, rate: 40/s } ] }, arrivals: deterministic, attributes: { bot: 1 } }";
    let plan = plan(&topology, scenario);
    let outcome = run(&plan);
    let denied: u64 = outcome.components[0].slots.iter().map(|slot| slot.denied).sum();
    // From 95 s to 200 s; the later 40/s come after the release, and under the threshold.
    let expected = (200 - 95) * 100;
    assert!(denied.abs_diff(expected) <= 1, "{denied} instead of {expected}");
    assert_eq!(outcome.traffic[0].slots[0].errors.len(), 0, "no user was refused");
}

/// With a mean time of 1/λ until a user's next request, tokens of N users are renewed at N / (lifetime + 1/λ).
#[test]
fn tokens_are_renewed_at_users_over_lifetime() {
    let topology = "
topology: tokens
entities: { user: { population: 2k } }
components:
  auth: { operations: { refresh: [ { compute: 5ms } ] } }
  api: { operations: { get: [ { compute: 1ms } ] } }
clients:
  users: { journeys: { ask: [ { token: { of: user, lifetime: 5m, early: 1m, refresh: [ { call: auth.refresh } ] } }, { call: api.get } ] } }
";
    let scenario =
        "scenario: s\ntopology: t\nduration: 10000s\nwarm-up: 1000s\nload: { users: { rate: 100/s } }";
    let values = measured(topology, scenario, &["arrival-rate of auth < 1/s", "arrival-rate of api < 1/s"]);
    close(values[0], 2000.0 / (240.0 + 20.0), 0.15);
    close(values[1], 100.0, 0.5);
    // All issued at once, they all end at once: in the last 20 s of a life's first 260 s.
    let aligned = topology.replace("early: 1m,", "early: 1m, aligned: true,");
    let values = measured(
        &aligned,
        "scenario: s\ntopology: t\nduration: 1000s\nload: { users: { rate: 100/s } }",
        &[
            "arrival-rate of auth < 1/s between 0s and 240s",
            "arrival-rate of auth < 1/s between 240s and 260s",
        ],
    );
    close(values[0], 0.0, 0.0);
    close(values[1], 2000.0 * (1.0 - libm::exp(-1.0)) / 20.0, 6.0);
}

const LOGIN: &str = "
topology: login
entities: { user: { population: 500 } }
attributes: { token-age: 0 }
components:
  auth: { operations: { refresh: [ { compute: 5ms } ] } }
  api:
    operations:
      get: [ { if: { when: token-age + clock-offset > 300, do: [ { fail: { class: denied } } ] } }, { compute: 1ms } ]
clients:
  users:
    journeys:
      ask: [ { token: { of: user, lifetime: 5m, age: token-age, refresh: [ { call: auth.refresh } ] } }, { call: api.get } ]
";

/// A verifier whose clock is a minute ahead refuses the last minute of every token's life.
#[test]
fn a_clock_ahead_refuses_the_end_of_every_token() {
    let scenario =
        "scenario: s\ntopology: t\nduration: 8000s\nwarm-up: 1000s\nload: { users: { rate: 500/s } }
faults: [ { at: 2000s, clock-skew: { target: api, ahead: 1m } } ]";
    let values = measured(
        LOGIN,
        scenario,
        &["availability of users < 1 before faults", "availability of users < 1 during faults"],
    );
    close(values[0], 1.0, 0.0);
    // A token lives 300 s and on average 1 s more until its user's next request; requests are evenly spread over it.
    close(values[1], 1.0 - 60.0 / 300.0, 0.006);
}

const KEYS: &str = "
topology: keys
credentials: { password: { checked: CHECKED }, tls: {} }
components:
  web:
    replicas: 50
    calls: { db: { credential: password, timeout: 1s POOL } }
    operations: { get: [ { call: db.read } ] }
  db: { certificate: tls, operations: { read: [ { compute: 10ms } ] } }
clients:
  users: { calls: { web: { balance: random } }, journeys: { ask: [ { call: web.get } ] } }
";

fn keys(checked: &str, pool: &str) -> String {
    KEYS.replace("CHECKED", checked).replace("POOL", pool)
}

/// Replicas hear of a new password after an exponential time: t after the rotation, exp(-t/mean) of them still have the old one.
#[test]
fn a_rotation_is_errors_until_everybody_has_heard_of_it() {
    let topology = keys("call", "").replace("replicas: 50", "replicas: 2000");
    let scenario = "scenario: s\ntopology: t\nduration: 600s\nload: { users: { rate: 500/s } }
faults: [ { at: 100s, for: 400s, rotate: { credential: password, lag: exponential(60s), grace: 30s } } ]";
    let metrics = [
        "availability of users < 1 between 100s and 130s",
        "availability of users < 1 between 130s and 190s",
        "availability of users < 1 between 190s and 250s",
        "availability of users < 1 after faults",
    ];
    let values = measured(&topology, scenario, &metrics);
    let old = |from: f64, to: f64| 60.0 * (libm::exp(-from / 60.0) - libm::exp(-to / 60.0)) / (to - from);
    close(values[0], 1.0, 0.0);
    close(values[1], 1.0 - old(30.0, 90.0), 0.03);
    close(values[2], 1.0 - old(90.0, 150.0), 0.03);
    close(values[3], 1.0, 0.0);
}

#[test]
fn open_connections_outlive_a_rotation_and_an_expiry_that_are_checked_on_opening() {
    let pooled = keys("connection", ", pool: 20");
    let scenario = |fault: &str| {
        format!(
            "scenario: s\ntopology: t\nduration: 600s\nload: {{ users: {{ rate: 300/s }} }}\nfaults: [ {{ at: 200s, for: 200s, {fault} }} ]"
        )
    };
    let metrics = ["availability of users < 1 during faults"];
    let expired = scenario("expire: { credential: tls }");
    let rotated = scenario("rotate: { credential: password, lag: 1h }");
    // Fifty pools were opened before; each of 6 requests a second has one idle connection or more.
    for fault in [&expired, &rotated] {
        assert!(measured(&pooled, fault, &metrics)[0] > 0.99);
    }
    let loose = keys("connection", "");
    for fault in [&expired, &rotated] {
        assert_eq!(measured(&loose, fault, &metrics), [0.0]);
    }
    // Checked at every call, open connections do not help.
    assert_eq!(measured(&keys("call", ", pool: 20"), &rotated, &metrics), [0.0]);
}

/// A certificate expires by the clock of whoever checks it: two of four callers are five minutes ahead. Its renewal is
/// no matter of clocks.
#[test]
fn a_clock_ahead_sees_a_certificate_expire_early() {
    let topology = keys("call", "").replace("replicas: 50", "replicas: 4");
    let scenario = "scenario: s\ntopology: t\nduration: 1800s\nload: { users: { rate: 200/s } }
faults:
  - { at: 0s, clock-skew: { target: { component: web, count: 2 }, ahead: 5m } }
  - { at: 900s, for: 600s, expire: { credential: tls } }";
    let metrics = [
        "availability of users < 1 between 0s and 600s",
        "availability of users < 1 between 600s and 900s",
        "availability of users < 1 between 900s and 1200s",
        "availability of users < 1 between 1200s and 1500s",
        "availability of users < 1 between 1500s and 1800s",
    ];
    let values = measured(&topology, scenario, &metrics);
    close(values[0], 1.0, 0.0);
    close(values[1], 0.5, 0.01);
    close(values[2], 0.0, 0.0);
    close(values[3], 0.0, 0.0);
    close(values[4], 1.0, 0.0);
}

#[test]
fn a_security_group_mistake_cuts_new_connections_and_leaves_open_ones() {
    let scenario = |refuse: bool| {
        format!(
            "scenario: s\ntopology: t\nduration: 600s\nload: {{ users: {{ rate: 300/s }} }}\nfaults: [ {{ at: 200s, for: 200s, block: {{ from: web, to: db, refuse: {refuse} }} }} ]"
        )
    };
    let metrics = [
        "availability of users < 1 during faults",
        "timeout-rate of web -> db < 1 during faults",
        "availability of users < 1 before faults",
    ];
    assert!(measured(&keys("call", ", pool: 20"), &scenario(false), &metrics)[0] > 0.99);
    let silent = measured(&keys("call", ""), &scenario(false), &metrics);
    assert_eq!(silent[0], 0.0);
    assert!(silent[1] > 0.98, "nobody answers: {}", silent[1]);
    let told = measured(&keys("call", ""), &scenario(true), &metrics);
    assert_eq!((told[0], told[2]), (0.0, 1.0));
    close(told[1], 0.0, 0.0);
}

#[test]
fn only_those_listed_reach_a_component() {
    let topology = "
topology: isolated
places: { inside: {}, outside: {} }
network: { links: [ { between: [inside, outside], latency: 1ms } ] }
components:
  db: { place: inside, reachable-from: [inside], operations: { read: [ { compute: 1ms } ] } }
  api: { place: inside, operations: { get: [ { call: db.read } ] } }
clients:
  good: { place: outside, journeys: { ask: [ { call: api.get } ] } }
  bad: { place: outside, journeys: { ask: [ { call: db.read } ] } }
";
    let scenario =
        "scenario: s\ntopology: t\nduration: 100s\nload: { good: { rate: 10/s }, bad: { rate: 10/s } }";
    let input =
        load_text(scenario, topology, &Catalogue::embedded(), &LoadOptions::default()).expect("it loads");
    let (_, warnings) = resolve(&input).expect("it resolves");
    assert_eq!(warnings.iter().map(|diag| diag.code).collect::<Vec<_>>(), ["W230"]);
    let values =
        measured(topology, scenario, &["availability of load good < 1", "availability of load bad < 1"]);
    close(values[0], 1.0, 0.0);
    close(values[1], 0.0, 0.0);
}

/// Each key has a quota of its own: 100 keys with 30 a minute, asked for 60 a minute each.
#[test]
fn api_keys_have_quotas_of_their_own() {
    let topology = "
topology: quotas
entities: { api-key: { population: 100 } }
components:
  api: { admission: [ { quota: { name: per-key, limit: 30, per: 1m, each: api-key } } ], operations: { get: [ { compute: 1ms } ] } }
clients:
  users: { journeys: { ask: [ { call: api.get } ] } }
";
    let scenario = "scenario: s\ntopology: t\nduration: 2h\nload: { users: { rate: 100/s } }";
    let values = measured(topology, scenario, &["goodput of api < 1/s"]);
    // A Poisson number of mean 60 is below 30 once in twenty thousand minutes.
    close(values[0], 100.0 * 30.0 / 60.0, 0.02);
}

#[test]
fn row_level_security_makes_queries_longer() {
    let topology = "
topology: rls
components:
  api: { calls: { db.read: { timeout: 1s } }, operations: { get: [ { read: db.orders } ], list: [ { read: db.products } ] } }
  db:
    threads: 10
    store: { datasets: { orders: { row-level-security: 2.5 }, products: {} } }
    operations: { read: [ { compute: exponential(10ms) }, { choose: [ { share: 50%, do: [ { compute: 4ms } ] } ] } ] }
clients:
  users: { journeys: { both: [ { call: api.get }, { call: api.list } ] } }
";
    let scenario = "scenario: s\ntopology: t\nduration: 5000s\nload: { users: { rate: 20/s } }";
    let values = measured(
        topology,
        scenario,
        &[
            "latency mean of db.read-orders < 1s",
            "latency mean of db.read < 1s",
            "timeout-rate of api -> db.read < 1",
        ],
    );
    close(values[1], 0.012, 0.0003);
    close(values[0], 0.030, 0.0006);
    close(values[2], 0.0, 0.001);
}
