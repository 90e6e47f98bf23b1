//! Caches against closed forms, and each lesson on them beside its protected twin.

use shakedown::outcome::Outcome;
use shakedown::plan::{Plan, resolve};
use shakedown::sim::{Flow, Options, simulate};
use shakedown::spec::{Catalogue, LoadOptions, load_scenario, load_text};
use shakedown::verdict::measure;
use std::path::Path;

fn run(plan: &Plan) -> Outcome {
    let outcome = simulate(plan, &Options::new(plan.seed), &mut |_| Flow::Continue).0;
    for check in &outcome.conservation {
        assert!(check.holds(), "{check:?}");
    }
    outcome
}

/// What `METRIC of NAME [between A and B]` is in a run of a topology and a scenario.
#[track_caller]
fn measured(topology: &str, scenario: &str, what: &str) -> f64 {
    let (metric, window) = what.split_once(" between ").unwrap_or((what, ""));
    let window = if window.is_empty() { String::new() } else { format!(" between {window}") };
    let zero = if metric.starts_with("origin-rate") { "0/s" } else { "0" };
    let scenario =
        format!("scenario: s\ntopology: t.yaml\nexpect: [ '{metric} >= {zero}{window}' ]\n{scenario}");
    let input = load_text(&scenario, topology, &Catalogue::embedded(), &LoadOptions::default())
        .unwrap_or_else(|error| panic!("{:#?}", error.diags));
    let plan = resolve(&input).unwrap_or_else(|diags| panic!("{diags:#?}")).0;
    let outcome = run(&plan);
    first(&plan, &outcome)
}

fn first(plan: &Plan, outcome: &Outcome) -> f64 {
    let wanted = &plan.expectations[0];
    measure(plan, wanted.metric, &wanted.scope, wanted.when, outcome)
        .unwrap_or_else(|why| panic!("{}: {why}", wanted.text))
}

/// One application before a cache and an origin; `rules` go into the cached step.
fn look_aside(population: &str, rules: &str, miss: &str) -> String {
    format!(
        "topology: t
entities: {{ item: {{ population: {population} }} }}
components:
  app: {{ operations: {{ show: [ {{ cached: {{ in: memory, key: item, {rules} miss: [ {miss} ] }} }} ] }} }}
  memory: {{ cache: {{}} }}
  origin: {{ operations: {{ fetch: [ {{ wait: 200ms }} ], at-once: [] }} }}
clients: {{ web: {{ journeys: {{ show: [ {{ call: app.show }} ] }} }} }}
"
    )
}

const TEN_A_SECOND: &str = "duration: 10000s\nwarm-up: 100s\nload: { web: { rate: 10/s } }\n";

#[track_caller]
fn assert_near(measured: f64, expected: f64, tolerance: f64) {
    assert!((measured - expected).abs() <= tolerance, "{measured} is not {expected} +- {tolerance}");
}

/// A cycle is a life T, the wait for the next request 1/lambda, and the fetch d; stale are the
/// request that begins the fetch and those that come during it.
#[test]
fn stale_while_revalidate_has_its_renewal_shares() {
    let topology = look_aside("1", "ttl: 1s, stale-while-revalidate: 1h,", "{ call: origin.fetch }");
    let (rate, life, fetch) = (10.0, 1.0, 0.2);
    let cycle: f64 = life + 1.0 / rate + fetch;
    // Cycles are nearly constant, so three standard errors of a share over 7,600 of them are below this.
    let stale = measured(&topology, TEN_A_SECOND, "stale-ratio of memory");
    assert_near(stale, (1.0 + rate * fetch) / (rate * cycle), 0.006);
    let fetches = measured(&topology, TEN_A_SECOND, "origin-rate of memory");
    assert_near(fetches, 1.0 / cycle, 0.006);
    assert_near(measured(&topology, TEN_A_SECOND, "hit-ratio of memory"), 1.0, 0.0);
}

#[test]
fn remembered_failures_are_answered_as_a_cache_of_their_life_would() {
    let miss = "{ fail: { probability: 100% } }";
    let topology = look_aside("1", "ttl: 1m, negative: { ttl: 1s },", miss);
    let share = measured(&topology, TEN_A_SECOND, "negative-ratio of memory");
    assert_near(share, 10.0 / 11.0, 0.006);
    let calls = look_aside("1", "ttl: 1m,", miss);
    assert_near(measured(&calls, TEN_A_SECOND, "hit-ratio of memory"), 0.0, 0.0);
}

#[test]
fn what_fails_by_key_fails_for_the_same_keys() {
    let miss = "{ fail: { probability: 20%, key: item } }";
    let topology = look_aside("1000", "negative: { ttl: 1h },", miss);
    let missing = measured(&topology, TEN_A_SECOND, "error-rate of web");
    // The share of 1,000 keys drawn with probability 0.2, whatever the number of requests.
    assert_near(missing, 0.2, 4.0 * (0.2 * 0.8 / 1000.0f64).sqrt());
    let repeated = measured(&topology, TEN_A_SECOND, "hit-ratio of memory");
    assert!(repeated > 0.985, "after the first time a failure is remembered, so few are misses: {repeated}");
}

#[test]
fn jitter_keeps_the_mean_life_and_so_the_hit_ratio() {
    for rules in ["ttl: 1s,", "ttl: 1s, ttl-jitter: 80%,"] {
        let topology = look_aside("1", rules, "{ call: origin.at-once }");
        assert_near(measured(&topology, TEN_A_SECOND, "hit-ratio of memory"), 10.0 / 11.0, 0.006);
    }
}

#[test]
fn a_bad_cache_key_divides_the_rate_of_each_key() {
    let topology = look_aside("1", "ttl: 1s,", "{ call: origin.at-once }");
    let fault = "faults: [ { at: 0s, bad-cache-key: { target: memory, variants: 4 } } ]\n";
    let hits = measured(&topology, &format!("{TEN_A_SECOND}{fault}"), "hit-ratio of memory");
    assert_near(hits, 2.5 / 3.5, 0.01);
}

/// Each of a thousand visitors asks once a second and has a memory of one second.
#[test]
fn private_memories_serve_nobody_else() {
    let topology = "topology: t
entities: { visitor: { population: 1000 }, page: { population: 1 } }
components:
  browser: { cache: { entries: 10, private-to: visitor } }
  site: { operations: { get: [] } }
clients: { web: { journeys: { read: [ { cached: { in: browser, key: page, ttl: 1s, miss: [ { call: site.get } ] } } ] } } }
";
    let scenario = "duration: 120s\nwarm-up: 20s\nload: { web: { rate: 1000/s } }\n";
    assert_near(measured(topology, scenario, "hit-ratio of browser"), 0.5, 0.01);
}

/// h(t) = 1 - sum of p exp(-lambda p t) after a flush, and the same with half of the keys flushed.
#[test]
fn after_a_flush_the_hit_ratio_follows_the_cold_start_curve() {
    let topology = look_aside("20k", "", "{ call: origin.at-once }")
        .replace("population: 20k", "population: 20k, popularity: zipf(0.9)");
    let weights: Vec<f64> = (1..=20_000).map(|rank| libm::pow(f64::from(rank), -0.9)).collect();
    let total: f64 = weights.iter().sum();
    for share in [1.0, 0.5] {
        let miss = |t: f64| {
            weights.iter().map(|w| w / total * libm::exp(-1000.0 * w / total * t)).sum::<f64>() * share
        };
        let scenario = format!(
            "duration: 40s\nload: {{ web: {{ rate: 1000/s }} }}\ngiven: {{ caches: {{ memory: {{ item: 20k }} }} }}
faults: [ {{ at: 10s, flush: {{ target: memory, share: {share} }} }} ]\n"
        );
        for t in [1.0, 5.0, 20.0] {
            let what = format!("hit-ratio of memory between {}s and {}s", 10.0 + t - 0.5, 10.0 + t + 0.5);
            let hits = measured(&topology, &scenario, &what);
            // A thousand look-ups: four standard errors, and the draw of which keys go.
            let expected = 1.0 - miss(t);
            let slack = 4.0 * (expected * (1.0 - expected) / 1000.0).sqrt() + (1.0 - share) * 0.06;
            assert_near(hits, expected, slack);
        }
    }
}

/// Puts arrive at 100/s and are flushed every ten seconds; crashes come 1, 3, 5, 7 and 9 s after a flush.
#[test]
fn a_crash_loses_what_was_put_since_the_last_flush() {
    let topology = "topology: t
entities: { item: { population: 1M } }
components:
  app: { operations: { save: [ { put: { in: memory, key: item } } ] } }
  memory: { cache: { write-behind: { flush-every: 10s, batch: 500 } }, operations: { flush: [ { write: db.rows } ] } }
  db: { store: { datasets: { rows: {} } }, operations: { write: [] } }
clients: { web: { journeys: { save: [ { call: app.save } ] } } }
";
    let crashes: Vec<String> = [21, 43, 65, 87, 109]
        .iter()
        .map(|at| format!("{{ at: {at}s, for: 1ms, crash: {{ target: memory }} }}"))
        .collect();
    let scenario =
        format!("duration: 120s\nload: {{ web: {{ rate: 100/s }} }}\nfaults: [ {} ]\n", crashes.join(", "));
    let lost = measured(topology, &scenario, "unflushed-lost of memory");
    // Five times half a period's worth: a Poisson number of mean 2,500.
    assert_near(lost, 2500.0, 4.0 * 2500.0f64.sqrt());
    let without = scenario.replace("at: 21s", "at: 119s");
    assert!(measured(topology, &without, "unflushed-lost of memory") > lost, "nine seconds instead of one");
}

/// Puts arrive at 100/s and are flushed every ten seconds, by three replicas of which the schedule takes away two.
#[test]
fn a_graceful_stop_writes_what_a_cache_has_answered() {
    let topology = "topology: t
entities: { item: { population: 1M } }
components:
  app: { operations: { save: [ { put: { in: memory, key: item } } ] } }
  memory:
    REPLICAS
    cache: { write-behind: { flush-every: 10s, batch: 20 } }
    operations: { flush: [ { write: db.rows } ] }
  db: { store: { datasets: { rows: {} } }, operations: { write: [ { wait: 50ms } ] } }
clients: { web: { journeys: { save: [ { call: app.save } ] } } }
";
    let scales_in = "replicas: { count: 3, min: 3, max: 3, schedule: [ { at: 25s, min: 1, max: 1 } ], metric-period: 1s }";
    let load = "duration: 40s\nload: { web: { rate: 100/s } }\n";
    let lost = |replicas: &str, fault: &str| {
        let topology = topology.replace("REPLICAS", replicas);
        measured(&topology, &format!("{load}faults: [ {fault} ]\n"), "unflushed-lost of memory")
    };
    assert_eq!(lost(scales_in, ""), 0.0, "scaled in");
    let told = "{ at: 25s, for: 5s, crash: { target: memory, graceful: true } }";
    assert_eq!(lost("replicas: 3", told), 0.0, "told to stop");
    let restarted = "{ at: 25s, restart: { target: memory, batch: 100%, every: 1s } }";
    assert_eq!(lost("replicas: 3", restarted), 0.0, "restarted");
    let crashed = "{ at: 25s, for: 5s, crash: { target: memory } }";
    assert!(lost("replicas: 3", crashed) > 300.0, "a crash asks nobody");
    // The store is away until the platform's patience is over.
    let impatient = "replicas: { count: 3, drain: { linger: 1s, deadline: 5s } }";
    let away = format!("{{ at: 24s, outage: {{ target: db }} }}, {restarted}");
    assert!(lost(impatient, &away) > 300.0, "what cannot be written is lost when time is up");
}

/// A black hole in one of two shards: whoever asks a second time asks the same one, for only it has the key.
#[test]
fn a_hedge_of_a_call_by_key_goes_to_the_owner() {
    let failed = |rule: &str| {
        let topology = format!(
            "topology: t
entities: {{ item: {{ population: 10k }} }}
components:
  app: {{ calls: {{ memory: {{ timeout: 500ms, hedge: {{ after: 50ms }}{rule} }} }}, operations: {{ show: [ {{ call: memory.show }} ] }} }}
  memory: {{ replicas: 2, operations: {{ show: {{ idempotent: true, steps: [ {{ wait: 1ms }} ] }} }} }}
clients: {{ web: {{ journeys: {{ show: [ {{ call: app.show }} ] }} }} }}
"
        );
        let fault = "{ at: 0s, outage: { target: { component: memory, count: 1 }, mode: black-hole } }";
        let scenario = format!("duration: 60s\nload: {{ web: {{ rate: 50/s }} }}\nfaults: [ {fault} ]\n");
        measured(&topology, &scenario, "error-rate of web")
    };
    assert_eq!(failed(""), 0.0, "another replica is as good");
    assert_near(failed(", shard-by: item"), 0.5, 0.1);
}

/// The hasty give up after 100 ms and cancel a fetch of 200 ms that the patient wait for.
#[test]
fn whoever_waits_for_a_cancelled_fetch_fetches_instead() {
    let topology = "topology: t
entities: { item: { population: 1 } }
components:
  app: { operations: { show: [ { cached: { in: memory, key: item, ttl: 1s, single-flight: true, miss: [ { call: origin.fetch } ] } } ] } }
  memory: { cache: {} }
  origin: { operations: { fetch: [ { wait: 200ms } ] } }
clients:
  hasty: { calls: { app: { timeout: 100ms, cancel: true } }, journeys: { show: [ { call: app.show } ] } }
  patient: { calls: { app: { timeout: 10s } }, journeys: { show: [ { call: app.show } ] } }
";
    let scenario = "duration: 1000s\nload: { hasty: { rate: 20/s }, patient: { rate: 2/s } }\n";
    assert_eq!(measured(topology, scenario, "error-rate of patient"), 0.0);
    assert!(measured(topology, scenario, "error-rate of hasty") > 0.1);
    // One fetch at a time, each of at most 200 ms and most of them cut short at 100 ms.
    let fetches = measured(topology, scenario, "origin-rate of memory");
    assert!(fetches < 10.0, "{fetches} a second");
}

fn lesson(name: &str) -> (Plan, Outcome) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/lessons/caching/{name}.yaml"));
    let input = load_scenario(&path, &Catalogue::embedded(), &LoadOptions::default())
        .unwrap_or_else(|error| panic!("{name}: {:#?}", error.diags));
    let (plan, warnings) = resolve(&input).unwrap_or_else(|diags| panic!("{name}: {diags:#?}"));
    assert!(warnings.is_empty(), "{name}: {warnings:#?}");
    let outcome = run(&plan);
    (plan, outcome)
}

/// What a lesson measures by the expectation that begins like this, and what its twin
/// measures by the last of its own about the same thing.
#[track_caller]
fn compared(pathology: &str, twin: &str, text: &str) -> (f64, f64) {
    let metric = text.trim_end_matches([' ', '<', '>']);
    let read = |name: &str, text: &str| {
        let (plan, outcome) = lesson(name);
        let mut wanted = plan.expectations.iter().filter(|one| one.text.starts_with(text));
        let wanted = wanted.next_back().unwrap_or_else(|| panic!("{name} expects nothing of `{text}`"));
        measure(&plan, wanted.metric, &wanted.scope, wanted.when, &outcome)
            .unwrap_or_else(|why| panic!("{name}, {text}: {why}"))
    };
    (read(pathology, text), read(twin, metric))
}

#[test]
fn a_protected_twin_serves_where_the_pathology_does_not() {
    let pairs = [
        ("purge-all", "purge-all-coalesced", "availability of visitors < "),
        ("origin-down", "origin-down-stale-if-error", "availability of visitors < "),
        ("bad-cache-key", "bad-cache-key-canary", "availability of visitors < "),
        ("hot-key", "hot-key-local-tier", "availability of shoppers < "),
        ("node-loss", "node-loss-consistent", "availability of shoppers < "),
        ("cold-cache", "cold-cache-bounded-queue", "availability of shoppers < "),
        ("cold-cache", "cold-cache-ramped", "availability of shoppers < "),
        ("cold-cache", "cold-cache-batches", "availability of shoppers < "),
        ("ttl-alignment", "ttl-alignment-jitter", "availability of shoppers < "),
    ];
    for (pathology, twin, text) in pairs {
        let (bad, good) = compared(pathology, twin, text);
        assert!(bad < 0.9 && good > 0.98, "{pathology}: {bad}, {twin}: {good}");
    }
}

#[test]
fn a_protected_twin_is_fast_where_the_pathology_is_not() {
    let pairs = [
        ("missing-keys", "missing-keys-negative", "latency p99 of shoppers > "),
        ("expiry-stalls", "expiry-stalls-revalidate", "latency p99 of shoppers > "),
    ];
    for (pathology, twin, text) in pairs {
        let (slow, fast) = compared(pathology, twin, text);
        assert!(slow > 3.0 * fast, "{pathology}: {slow} s, {twin}: {fast} s");
    }
}

#[test]
fn write_through_loses_nothing_that_write_behind_loses() {
    let (lost, kept) =
        compared("write-behind-crash", "write-behind-crash-through", "unflushed-lost of memory");
    assert!(lost > 100.0 && kept == 0.0, "{lost} and {kept}");
}

#[test]
fn caching_is_deterministic_and_lanes_change_nothing() {
    for name in ["origin-down-stale-if-error", "write-behind-crash", "node-loss"] {
        let (plan, outcome) = lesson(name);
        let options = Options { lanes: false, ..Options::new(plan.seed) };
        let again = simulate(&plan, &options, &mut |_| Flow::Continue).0;
        assert_eq!(outcome.digest, again.digest, "{name}");
    }
}

#[test]
fn a_cache_that_finished_its_work_before_it_went_down_comes_back_cold() {
    let topology = look_aside("200", "", "{ wait: 1ms }");
    let measured = |fault: &str| {
        let scenario = format!("duration: 60s\nload: {{ web: {{ rate: 100/s }} }}\nfaults: [ {fault} ]");
        measured(&topology, &scenario, "hit-ratio of memory between 31s and 32s")
    };
    let warm = measured("{ at: 58s, for: 1s, pause: { target: memory } }");
    let killed = measured("{ at: 30s, for: 1s, crash: { target: memory } }");
    let told = measured("{ at: 30s, for: 1s, crash: { target: memory, graceful: true } }");
    assert!(warm > 0.95 && killed < 0.5, "{warm} {killed}");
    assert!(told < 0.5, "a process that ended has no memory: {told}");
}
