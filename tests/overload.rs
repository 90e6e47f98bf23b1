//! What the engine promises of overload protection: every mechanism at once under every kind of
//! trouble, laws that hold exactly, and the same bits with and without lanes.

use shakedown::outcome::{EdgeSlot, Outcome};
use shakedown::plan::{ErrorClass, Plan, resolve};
use shakedown::sim::{Ablation, Flow, Loop, Options, simulate};
use shakedown::spec::{Catalogue, LoadOptions, load_text};
use shakedown::units::{SimSpan, SimTime};

const SHOP: &str = "
topology: guarded-shop
entities: { product: { population: 2k, popularity: zipf(0.9) } }
places: { here: {}, there: {} }
network:
  links: [ { between: [here, there], latency: lognormal(p50 5ms p99 20ms) } ]
components:
  api:
    place: here
    replicas: 3
    threads: 30
    queue: { capacity: 100, discipline: adaptive-lifo, interval: 100ms, target: 20ms, drop-expired: true }
    admission: [ { concurrency: { gradient: { window: 500ms }, least-urgent: 50% } }, { token-bucket: { rate: 400/s, burst: 400 } } ]
    calls:
      memory: { timeout: 20ms, on-failure: continue }
      store:
        pool: { size: 10, timeout: 500ms, connect: 2ms }
        timeout: 400ms
        retry: { attempts: 3, backoff: full-jitter(10ms 100ms), only-if-first: true }
        breaker: { window: 5s, minimum: 20, failures: 40%, slow: 300ms, slow-share: 80%, open: 2s, probes: 5 }
        hedge: { percentile: 90%, window: 10s, cap: 10% }
      partner:
        timeout: 800ms
        bulkhead: { calls: 12, queue: 4, wait: 300ms }
        throttle: { k: 2, window: 10s }
        fallback: [ { compute: 1ms } ]
        inherit-deadline: true
    operations:
      browse:
        - compute: lognormal(mean 4ms sigma 0.5)
        - cached: { in: memory, key: product, ttl: 30s, miss: [ { read: store.products } ] }
      buy:
        steps:
          - compute: exponential(6ms)
          - parallel: { branches: [ [ { call: partner.charge } ], [ { write: store.orders } ] ] }
        response-bytes: 20KiB
  memory: { kind: core/cache, place: here, cache: { entries: 500 }, operations: { get: [ { wait: 1ms } ] } }
  store:
    kind: core/store
    place: here
    replicas: 2
    async: true
    cores: 2
    queue: { discipline: codel, drop-expired: true }
    admission: [ { concurrency: { aimd: { timeout: 300ms } } } ]
    store: { datasets: { products: {}, orders: {} } }
    operations: { read: [ { compute: exponential(5ms) } ], write: [ { compute: exponential(9ms) } ] }
  partner:
    place: there
    threads: 12
    queue: { drop-expired: true, patience: exponential(30s) }
    operations: { charge: [ { compute: lognormal(p50 80ms p99 400ms) }, { fail: 5% } ] }
clients:
  web:
    place: here
    calls: { api: { timeout: 1s, cancel: true, retry: { attempts: 3, backoff: exponential(50ms 1s spread 50%) }, hedge: { after: 300ms, cap: 2%, cancel: false } } }
    journeys: { browse: { weight: 9, steps: [ { call: api.browse } ] }, buy: { weight: 1, steps: [ { call: api.buy } ] } }
";

const FAULTS: &str = "
faults:
  - { at: 20s, for: 20s, crash: { target: { component: api, count: 1 }, restart: 2s } }
  - { at: 22s, for: 4s, flap: { on: 1s, off: 1s }, pause: { target: store } }
  - { at: 30s, for: 20s, ramp: 5s, slow: { target: store, factor: 6 } }
  - { at: 24s, for: 20s, gray: { target: api, errors: 20%, latency: exponential(50ms) } }
  - { at: 26s, for: 9s, exhaust: { pool: api -> store, share: 80% } }
  - { at: 30s, for: 6s, outage: { target: partner, mode: black-hole } }
  - { at: 44s, for: 3s, outage: { target: store, mode: error } }
  - { at: 50s, for: 10s, slow: { target: partner, factor: 5 } }
  - { at: 40s, for: 20s, spike: { load: web, factor: 3 } }
  - { recurring: { up: exponential(10s), down: exponential(1s), from: 20s, until: 60s }, crash: { target: api } }
";

fn scenario(rest: &str) -> String {
    format!(
        "scenario: test\ntopology: shop.yaml\nduration: 100s\nwindow: 1s\nload: {{ web: {{ rate: 200/s, classes: {{ gold: {{ share: 50%, priority: 0 }}, lead: {{ share: 50%, priority: 7 }} }} }} }}\n{rest}"
    )
}

fn plan_of(topology: &str, scenario: &str) -> Plan {
    let input = load_text(scenario, topology, &Catalogue::embedded(), &LoadOptions::default())
        .unwrap_or_else(|error| panic!("{:#?}", error.diags));
    resolve(&input).unwrap_or_else(|diags| panic!("{diags:#?}")).0
}

fn run(plan: &Plan, options: &Options) -> Outcome {
    let outcome = simulate(plan, options, &mut |_| Flow::Continue).0;
    for check in &outcome.conservation {
        assert!(check.holds(), "{check:?}");
    }
    outcome
}

fn edge(outcome: &Outcome, name: &str, of: fn(&EdgeSlot) -> u64) -> u64 {
    let edge = outcome.edges.iter().find(|edge| edge.name == name).unwrap_or_else(|| panic!("no {name}"));
    edge.slots.iter().map(of).sum()
}

#[test]
fn every_mechanism_under_every_trouble_repeats_and_loses_nothing() {
    for faults in ["", FAULTS] {
        let plan = plan_of(SHOP, &scenario(faults));
        let one = run(&plan, &Options::new(7));
        let other = run(&plan, &Options { lanes: false, ..Options::new(7) });
        assert_eq!(one.digest, other.digest);
        assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&other).unwrap());
    }
}

#[test]
fn every_mechanism_is_seen_to_act() {
    let outcome = run(&plan_of(SHOP, &scenario(FAULTS)), &Options::new(7));
    assert!(edge(&outcome, "api -> store", |slot| slot.short_circuited) > 0, "the breaker stops attempts");
    assert!(edge(&outcome, "api -> store", |slot| slot.breaker_opened) > 0);
    assert!(edge(&outcome, "api -> store", |slot| slot.budget_denied) > 0, "a retry's work is not retried");
    assert!(edge(&outcome, "api -> partner", |slot| slot.bulkhead_full) > 0);
    assert!(edge(&outcome, "api -> partner", |slot| slot.short_circuited) > 0, "the throttle stops attempts");
    assert!(edge(&outcome, "web -> api", |slot| slot.hedges) > 0);
    assert!(edge(&outcome, "web -> api", |slot| slot.hedges_won) > 0);
    assert!(edge(&outcome, "web -> api", |slot| slot.hedges_denied) > 0, "the cap holds");
    let count = |name: &str, of: fn(&shakedown::outcome::ComponentSlot) -> u64| -> u64 {
        outcome.components.iter().find(|c| c.name == name).unwrap().slots.iter().map(of).sum()
    };
    assert!(count("api", |slot| slot.shed) > 0);
    assert!(["api", "store", "partner"].iter().any(|name| count(name, |slot| slot.expired) > 0));
    let degraded: u64 = outcome.traffic.iter().flat_map(|t| &t.slots).map(|slot| slot.degraded).sum();
    assert!(degraded > 0, "fallbacks answer in degraded form");
    let classes: std::collections::BTreeSet<ErrorClass> =
        outcome.traffic.iter().flat_map(|t| &t.slots).flat_map(|slot| slot.errors.keys().copied()).collect();
    assert!(classes.contains(&ErrorClass::Open), "{classes:?}");
}

#[test]
fn runs_with_loops_taken_away_are_still_exact_and_equal_up_to_then() {
    let plan = plan_of(SHOP, &scenario(FAULTS));
    let whole = run(&plan, &Options::new(7));
    for one in Loop::ALL {
        let from = SimTime::ZERO + SimSpan::from_secs(60);
        let ablation = Some(Ablation { loops: vec![one], from });
        let without = run(&plan, &Options { ablation, ..Options::new(7) });
        let windows = |outcome: &Outcome| outcome.windows.traffic[0].answered[..59].to_vec();
        assert_eq!(windows(&whole), windows(&without), "{one:?}");
    }
}

/// Facebook's constants (Maurer, "Fail at Scale", 2015): a request may wait N = 100 ms, but only M = 5 ms
/// when the queue has not been empty for N.
#[test]
fn controlled_delay_follows_the_published_rule_on_a_trace() {
    let topology = "
topology: codel
components:
  server: { threads: 1, queue: { discipline: codel }, operations: { work: [ { compute: 10s } ] } }
clients:
  web: { journeys: { ask: [ { call: server.work } ] } }
";
    let waits = |rate: &str| {
        let scenario = format!(
            "scenario: codel\ntopology: codel.yaml\nduration: 1006ms\nwindow: 100ms\n\
             load: {{ web: {{ rate: {rate}, arrivals: deterministic }} }}\n"
        );
        let outcome = run(&plan_of(topology, &scenario), &Options::new(1));
        let mut waits = shakedown::stats::Histogram::default();
        outcome.traffic[0].slots.iter().for_each(|slot| waits.merge(&slot.latency_failed));
        let shed: u64 =
            outcome.traffic[0].slots.iter().flat_map(|slot| slot.errors.get(&ErrorClass::Shed)).sum();
        assert_eq!(shed, waits.count());
        let millis = |quantile: f64| (waits.quantile(quantile).unwrap() / 1e6).round();
        (waits.count(), millis(0.01), millis(0.45), millis(0.5), millis(0.89), millis(0.91))
    };
    // One every 10 ms while the only thread is busy. The queue begins at 20 ms; ten join in the
    // next 100 ms and may wait as long, nine more may wait 5 ms; at 210 ms the last of the ten leaves, the queue
    // has been empty, and everything begins anew: five rounds of ten and nine.
    assert_eq!(waits("100/s"), (95, 5.0, 5.0, 100.0, 100.0, 100.0));
    // One every millisecond: the queue is never empty again, so that after 100 ms nobody waits
    // longer than 5 ms: a hundred of a thousand waited 100 ms.
    assert_eq!(waits("1000/s"), (1000, 5.0, 5.0, 5.0, 5.0, 100.0));
}

#[test]
fn an_adaptive_limit_keeps_latency_where_a_queue_would_let_it_grow() {
    let topology = |admission: &str| {
        format!("
topology: limits
components:
  server: {{ threads: 20, admission: [ {admission} ], operations: {{ work: [ {{ compute: exponential(20ms) }} ] }} }}
clients:
  web: {{ journeys: {{ ask: [ {{ call: server.work }} ] }} }}
")
    };
    let scenario = "
scenario: limits
topology: limits.yaml
duration: 120s
warm-up: 30s
load: { web: { rate: 1500/s } }
";
    for (law, least) in [("aimd: { timeout: 200ms }", 700.0), ("vegas: {}", 900.0), ("gradient: {}", 900.0)] {
        let outcome =
            run(&plan_of(&topology(&format!("{{ concurrency: {{ {law} }} }}")), scenario), &Options::new(3));
        let served: u64 = outcome.traffic[0].slots.iter().map(|slot| slot.ok).sum();
        let rate = served as f64 / 90.0;
        assert!(rate > least, "{law}: {rate} of 1,000/s that the server can do");
        let p50 = outcome.traffic[0].slots[0].latency.quantile(0.5).unwrap() / 1e6;
        assert!(p50 < 150.0, "{law}: {p50} ms");
    }
}

#[test]
fn a_crash_gives_back_the_places_of_attempts_that_waited_for_a_connection() {
    // Two places in the bulkhead and one connection: when the caller crashes, one attempt waits in line for
    // the connection and holds a place. Were it lost, so would be half of the bulkhead.
    let topology = "
topology: t
components:
  api:
    threads: 10
    calls: { store: { pool: 1, bulkhead: { calls: 2, scope: component }, timeout: 1s } }
    operations: { go: [ { call: store.get } ] }
  store: { operations: { get: [ { wait: 100ms } ] } }
clients: { web: { calls: { api: { timeout: 2s } }, journeys: { go: [ { call: api.go } ] } } }
";
    let crash = |at: u32| format!("  - {{ at: {at}s, for: 1s, crash: {{ target: api }} }}\n");
    let scenario = format!(
        "scenario: s\ntopology: t\nduration: 60s\nload: {{ web: {{ rate: 50/s }} }}\nfaults:\n{}",
        (1..8).map(|n| crash(n * 5)).collect::<String>()
    );
    let outcome = run(&plan_of(topology, &scenario), &Options::new(7));
    let last = outcome.traffic[0].slots.last().expect("there is a last slot");
    assert!(last.ok > 190, "ten a second for the last twenty seconds: {}", last.ok);
}

#[test]
fn what_a_fault_holds_up_still_meets_the_limits_at_the_door() {
    // Twice what the partner allows; being slow does not make it more generous.
    let topology = "
topology: t
components:
  partner:
    admission: [ { token-bucket: { name: calls, rate: 20/s, burst: 20 } } ]
    operations: { charge: [ { wait: 1ms } ] }
clients: { web: { journeys: { go: [ { call: partner.charge } ] } } }
";
    for fault in [
        "gray: { target: partner, latency: 50ms }",
        "lock: { target: partner, operations: [charge] }, for: 60s, flap: { on: 1s, off: 1ms }",
    ] {
        let scenario = format!(
            "scenario: s\ntopology: t\nduration: 60s\nload: {{ web: {{ rate: 40/s }} }}\nfaults: [ {{ at: 0s, {fault} }} ]\n"
        );
        let outcome = run(&plan_of(topology, &scenario), &Options::new(7));
        let served: u64 = outcome.traffic[0].slots.iter().map(|slot| slot.ok).sum();
        assert!(served <= 20 * 60 + 20, "{fault}: {served}");
    }
}

#[test]
fn gray_faults_that_overlap_both_act() {
    let topology = "
topology: t
components: { api: { operations: { go: [ { wait: 1ms } ] } } }
clients: { web: { journeys: { go: [ { call: api.go } ] } } }
";
    let scenario = "scenario: s\ntopology: t\nduration: 60s\nload: { web: { rate: 100/s } }
faults: [ { at: 0s, gray: { target: api, latency: 50ms } }, { at: 0s, gray: { target: api, errors: 50% } } ]
";
    let outcome = run(&plan_of(topology, scenario), &Options::new(7));
    let (ok, arrived) =
        outcome.traffic[0].slots.iter().fold((0, 0), |(ok, all), slot| (ok + slot.ok, all + slot.arrived));
    // 6000 requests: five standard deviations of the share.
    assert!((ok as f64 / arrived as f64 - 0.5).abs() < 5.0 * 0.5 / 6000f64.sqrt(), "{ok} of {arrived}");
}
