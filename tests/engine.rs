//! What the engine promises, shown on small files: determinism, paired runs,
//! faults that undo themselves, and laws that hold exactly.

use shakedown::outcome::Outcome;
use shakedown::plan::{Plan, resolve};
use shakedown::sim::{Flow, Options, simulate};
use shakedown::spec::{Catalogue, LoadOptions, load_text};

const SHOP: &str = "
topology: shop
entities: { product: { population: 2k, popularity: zipf(0.9) } }
places: { here: {}, there: {} }
network:
  same-place: exponential(200us)
  links: [ { between: [here, there], latency: lognormal(p50 10ms p99 30ms), bandwidth: 100Mbit/s, loss: 0.1% } ]
components:
  api:
    place: here
    replicas: 3
    threads: 30
    queue: { capacity: 100, patience: exponential(5s) }
    calls:
      memory: { timeout: 20ms, on-failure: continue }
      store: { pool: { size: 10, timeout: 500ms, connect: 2ms }, timeout: 1s, retry: { attempts: 2, backoff: full-jitter(10ms 100ms), budget: 20% }, balance: least-requests }
      partner: { timeout: 800ms, cancel: true, on-failure: degrade }
    operations:
      browse:
        - compute: lognormal(mean 4ms sigma 0.5)
        - cached: { in: memory, key: product, ttl: 30s, single-flight: true, miss: [ { read: store.products } ] }
      buy:
        steps:
          - compute: exponential(6ms)
          - parallel: { branches: [ [ { call: partner.charge } ], [ { write: store.orders } ] ] }
        idempotent: false
        response-bytes: 20KiB
  memory: { kind: core/cache, place: here, cache: { entries: 500 }, operations: { get: [ { wait: 1ms } ] } }
  store:
    kind: core/store
    place: here
    threads: 16
    cores: 4
    connections: 200
    store: { datasets: { products: {}, orders: {} } }
    operations: { read: [ { compute: exponential(5ms) } ], write: [ { compute: exponential(9ms) } ] }
  partner:
    place: there
    admission: [ { token-bucket: { rate: 60/s, burst: 100 } } ]
    operations: { charge: [ { wait: lognormal(p50 80ms p99 400ms) }, { fail: 0.5% } ] }
clients:
  web:
    place: here
    calls: { api: { timeout: 2s, retry: { attempts: 3, backoff: exponential(50ms 1s spread 50%) } } }
    journeys: { browse: { weight: 9, steps: [ { call: api.browse } ] }, buy: { weight: 1, steps: [ { call: api.buy } ] } }
";

fn scenario(rest: &str) -> String {
    format!(
        "scenario: test\ntopology: shop.yaml\nduration: 120s\nwindow: 1s\nload: {{ web: {{ rate: 200/s }} }}\n{rest}"
    )
}

fn plan_of(topology: &str, scenario: &str) -> Plan {
    let input = load_text(scenario, topology, &Catalogue::embedded(), &LoadOptions::default())
        .unwrap_or_else(|error| panic!("{:#?}", error.diags));
    resolve(&input).unwrap_or_else(|diags| panic!("{diags:#?}")).0
}

fn run(plan: &Plan, options: &Options) -> Outcome {
    simulate(plan, options, &mut |_| Flow::Continue).0
}

fn assert_conserved(outcome: &Outcome) {
    for check in &outcome.conservation {
        assert!(check.holds(), "{check:?}");
    }
}

/// One of every fault, all overlapping.
const EVERY_FAULT: &str = "
faults:
  - { at: 20s, for: 30s, crash: { target: { component: api, count: 1 }, restart: 2s } }
  - { at: 25s, for: 5s, crash: { target: { component: api, count: 2 }, graceful: true } }
  - { at: 22s, for: 4s, flap: { on: 1s, off: 1s }, pause: { target: store } }
  - { at: 20s, for: 20s, ramp: 5s, slow: { target: store, factor: 3 } }
  - { at: 24s, for: 20s, gray: { target: api, errors: 20%, latency: exponential(50ms), callers: [web], operations: [browse] } }
  - { at: 26s, for: 9s, exhaust: { threads: store, share: 50% } }
  - { at: 26s, for: 9s, exhaust: { pool: api -> store, share: 80% } }
  - { at: 26s, for: 9s, exhaust: { connections: store, share: 95% } }
  - { at: 30s, for: 3s, outage: { target: partner, mode: black-hole } }
  - { at: 34s, for: 3s, outage: { target: memory, mode: error } }
  - { at: 30s, for: 9s, throttle: { target: api, rate: 100/s, burst: 5 } }
  - { at: 30s, for: 9s, latency: { from: api, to: partner, add: uniform(5ms 20ms) } }
  - { at: 30s, for: 9s, packet-loss: { from: here, to: there, loss: 10% } }
  - { at: 30s, for: 9s, bandwidth: { from: api, to: web, limit: 1Mbit/s } }
  - { at: 40s, for: 3s, partition: { from: api, to: store } }
  - { at: 44s, for: 3s, partition: { from: web, to: api, one-way: true, refuse: true } }
  - { at: 40s, for: 10s, spike: { load: web, factor: 3 } }
  - { recurring: { up: exponential(10s), down: exponential(1s), from: 20s, until: 60s }, crash: { target: memory } }
";

/// Those of which the fixed run does not know.
const LATER_FAULTS: &str = "
faults:
  - { at: 24s, for: 20s, leak: { target: api, per-second: 10MiB/s, room: 50MiB, restart: 1s, slow: 3 } }
  - { at: 24s, for: 20s, leak: { target: store, per-request: 64KiB, room: 20MiB, restart: 1s } }
  - { at: 24s, for: 20s, disk-full: { target: store, room: 1MiB, per-write: 8KiB, freed-after: 5s } }
  - { at: 24s, for: 9s, disk-full: { target: store } }
  - { at: 24s, for: 20s, ramp: 5s, bad-storage: { target: store, lost: 10%, corrupt: 10% } }
  - { at: 24s, for: 4s, lock: { target: store, operations: [write] } }
  - { at: 24s, for: 2s, hold: { from: api, to: store } }
  - { at: 24s, for: 9s, ramp: 2s, duplicate: { from: api, to: store, share: 10% } }
  - { at: 24s, for: 9s, packet-loss: { from: here, to: there, loss: 50%, bursts: { on: exponential(100ms), off: exponential(900ms) } } }
  - { at: 24s, for: 3s, outage: { target: partner, mode: reset } }
  - { at: 24s, for: 9s, gray: { target: store, errors: 10%, after-work: true } }
  - { at: 24s, for: 9s, crash: { target: { component: api, probability: 60%, correlation: 50% } } }
";

#[test]
fn the_same_seed_gives_the_same_bits_with_and_without_lanes_and_metrics_are_conserved() {
    for faults in ["", EVERY_FAULT, LATER_FAULTS] {
        let plan = plan_of(SHOP, &scenario(faults));
        let with_lanes = run(&plan, &Options::new(7));
        let without = run(&plan, &Options { lanes: false, ..Options::new(7) });
        assert_eq!(with_lanes.digest, without.digest);
        assert_eq!(serde_json::to_string(&with_lanes).unwrap(), serde_json::to_string(&without).unwrap());
        assert_ne!(with_lanes.digest, run(&plan, &Options::new(8)).digest);
        assert!(with_lanes.truncated.is_none());
        assert_conserved(&with_lanes);
    }
}

/// A bit pattern written down once: it must be the same on every platform and in every build.
#[test]
fn the_digest_of_a_fixed_run_never_changes_unnoticed() {
    let outcome = run(&plan_of(SHOP, &scenario(EVERY_FAULT)), &Options::new(1));
    assert_eq!(outcome.digest, GOLDEN_DIGEST, "{} events", outcome.events);
}

const GOLDEN_DIGEST: &str = "9bd6646711f3a918";

/// Each fault alone, long over: the last windows are those of a run without it, to the nanosecond.
#[test]
fn every_fault_undoes_itself_exactly() {
    let calm =
        SHOP.replace("ttl: 30s", "ttl: 2s").replace("rate: 60/s, burst: 100", "rate: 600/s, burst: 100");
    let base = run(&plan_of(&calm, &scenario("")), &Options::new(3));
    let faults = EVERY_FAULT.lines().chain(LATER_FAULTS.lines());
    for fault in faults.filter(|line| line.contains("at:")) {
        let outcome = run(&plan_of(&calm, &scenario(&format!("faults:\n{fault}\n"))), &Options::new(3));
        assert_conserved(&outcome);
        assert_ne!(outcome.digest, base.digest, "{fault} does nothing");
        for (with, without) in outcome.windows.traffic.iter().zip(&base.windows.traffic) {
            assert_eq!(with.arrived[110..], without.arrived[110..], "{fault}");
            assert_eq!(with.answered[110..], without.answered[110..], "{fault}");
        }
        for (with, without) in outcome.windows.components.iter().zip(&base.windows.components) {
            let last = |values: &[f64]| values[115..].iter().sum::<f64>();
            let (a, b) = (last(&with.utilization), last(&without.utilization));
            assert!((a - b).abs() <= 0.05 * b.max(0.05), "{fault}: utilisation {a} against {b}");
        }
    }
}

/// Demand is addressed by who asks: a retry policy, a fault or a component changes nothing for the others.
#[test]
fn changes_elsewhere_leave_first_attempts_alone() {
    let topology = "
topology: pair
components:
  a: { threads: 50, operations: { serve: [ { compute: lognormal(mean 20ms sigma 1) } ] } }
  b: { threads: 50, operations: { serve: [ { compute: exponential(10ms) }, { fail: 5% } ] } }
clients:
  one: { journeys: { go: [ { call: a.serve } ] } }
  two: { journeys: { go: [ { call: b.serve } ] } }
";
    let loads = "scenario: t\ntopology: t.yaml\nduration: 60s\nload: { one: { rate: 100/s }, two: { rate: 100/s } }\n";
    let with_retries = topology.replace("two: { journeys", "two: { calls: { b: { timeout: 30ms, retry: { attempts: 4, backoff: full-jitter(5ms 1s) } } }, journeys");
    let with_component = topology
        .replace(
            "components:\n",
            "components:\n  auth: { operations: { check: [ { compute: exponential(3ms) } ] } }\n",
        )
        .replace("two: { journeys: { go: [ {", "two: { journeys: { go: [ { call: auth.check }, {");
    let with_fault =
        format!("{loads}faults: [ {{ at: 10s, for: 20s, slow: {{ target: b, factor: 5 }} }} ]\n");
    let of_one = |topology: &str, scenario: &str| {
        let outcome = run(&plan_of(topology, scenario), &Options::new(5));
        let merged =
            outcome.traffic[0].slots.iter().fold(shakedown::stats::Histogram::default(), |mut all, slot| {
                all.merge(&slot.latency);
                all
            });
        let demand = outcome
            .components
            .iter()
            .find(|c| c.name == "b")
            .map(|c| c.slots.iter().map(|s| s.busy_area).sum::<u128>());
        (serde_json::to_string(&merged).unwrap(), demand)
    };
    let base = of_one(topology, loads);
    for (topology, scenario) in
        [(with_retries.as_str(), loads), (with_component.as_str(), loads), (topology, with_fault.as_str())]
    {
        assert_eq!(of_one(topology, scenario).0, base.0);
    }
    // An extra step before the call shifts b's work in time but not its amount, but for the ends.
    let (a, b) = (of_one(&with_component, loads).1.unwrap() as f64, base.1.unwrap() as f64);
    assert!((a / b - 1.0).abs() < 2e-3, "{a} against {b}");
}

#[test]
fn explosions_stop_at_their_bound_and_say_so() {
    let topology = "
topology: t
components: { a: { threads: 1, operations: { serve: [ { compute: 1s } ] } } }
clients: { web: { journeys: { go: [ { call: a.serve } ] } } }
";
    let plan = plan_of(
        topology,
        "scenario: t\ntopology: t\nduration: 1d\nin-system-max: 5000\nload: { web: { rate: 1000000M/s } }\n",
    );
    let outcome = run(&plan, &Options::new(1));
    let truncation = outcome.truncated.clone().expect("truncated");
    assert_eq!(truncation.bound, shakedown::outcome::Bound::InSystemMax);
    assert_conserved(&outcome);
    let plan = plan_of(
        topology,
        "scenario: t\ntopology: t\nduration: 1d\nevents-max: 20k\nload: { web: { rate: 0.5/s } }\n",
    );
    let outcome = run(&plan, &Options::new(1));
    assert_eq!(outcome.truncated.expect("truncated").bound, shakedown::outcome::Bound::EventsMax);
    assert_eq!(outcome.events, 20_000);
}

/// A cycle with an exit that is all but never taken needs no time: it must end all the same.
#[test]
fn a_cycle_without_time_stops_at_a_bound() {
    let topology = "
topology: t
components:
  a: { operations: { serve: [ { choose: [ { share: 99.99999%, do: [ { forward: b.serve } ] } ] } ] } }
  b: { operations: { serve: [ { forward: a.serve } ] } }
clients: { web: { journeys: { go: [ { call: a.serve } ] } } }
";
    let plan = plan_of(topology, "scenario: t\ntopology: t\nduration: 10s\nload: { web: { rate: 1/s } }\n");
    let outcome = run(&plan, &Options::new(1));
    assert_eq!(outcome.truncated.expect("truncated").bound, shakedown::outcome::Bound::EventsMax);
}

/// Neither does a fan-out: it makes more and more requests at one instant.
#[test]
fn a_fan_out_without_time_stops_at_a_bound() {
    let topology = "
topology: t
components: { a: { operations: { serve: [ { parallel: { times: 2, do: [ { choose: [ { share: 90%, do: [ { call: a.serve } ] } ] } ] } } ] } } }
clients: { web: { journeys: { go: [ { call: a.serve } ] } } }
";
    let scenario =
        "scenario: t\ntopology: t\nduration: 60s\nin-system-max: 5000\nload: { web: { rate: 1/s } }\n";
    let outcome = run(&plan_of(topology, scenario), &Options::new(1));
    assert_eq!(outcome.truncated.clone().expect("truncated").bound, shakedown::outcome::Bound::InSystemMax);
    assert_conserved(&outcome);
}

const RESCUED: &str = "
topology: t
components:
  app: { calls: { a: { timeout: 2s } }, operations: { serve: [ { try: { do: [ { call: a.x } ], rescue: [ { do: [ { call: b.x } ] } ] } } ] } }
  a: { operations: { x: [ { wait: 10ms } ] } }
  b: { operations: { x: [ { wait: 10ms } ] } }
clients: { web: { journeys: { go: [ { call: app.serve } ] } } }
";

#[test]
fn the_time_of_a_call_that_failed_is_not_blamed_on_what_rescued_it() {
    let scenario = "scenario: t\ntopology: t\nduration: 3m\nload: { web: { rate: 50/s } }\n\
                    faults: [ { at: 1m, for: 1m, outage: { target: a, mode: black-hole } } ]\n";
    let outcome = run(&plan_of(RESCUED, scenario), &Options::new(1));
    let during = outcome.blame.iter().find(|blame| blame.phase == shakedown::outcome::Phase::During);
    let p99 =
        during.and_then(|blame| blame.quantiles.iter().find(|q| q.quantile == 0.99)).expect("there is one");
    let of = |who: &str| p99.parts.iter().filter(|part| part.who == who).map(|part| part.nanos).sum::<f64>();
    assert!((of("app -> a") / 2e9 - 1.0).abs() < 0.01 && (of("b") / 1e7 - 1.0).abs() < 0.01, "{p99:?}");
}

#[test]
fn users_hurt_before_the_first_fault_are_no_failed_recovery() {
    let scenario = "scenario: t\ntopology: t\nduration: 5m\nload: { web: { rate: 50/s } }\n\
                    faults: [ { at: 2m, for: 1m, slow: { target: b, factor: 2 } } ]\n";
    let failing = RESCUED.replace("{ wait: 10ms } ] } }\n  b:", "{ fail: 100% } ] } }\n  b:").replace(
        "b: { operations: { x: [ { wait: 10ms } ] } }",
        "b: { operations: { x: [ { fail: 5% } ] } }",
    );
    let recovery = run(&plan_of(&failing, scenario), &Options::new(1)).recovery.expect("a fault ends");
    assert!(recovery.time.is_none() && recovery.hurt_before.is_some_and(|since| since.0 < 60_000_000_000));
    let healthy = run(&plan_of(RESCUED, scenario), &Options::new(1)).recovery.expect("a fault ends");
    assert_eq!((healthy.time.map(|time| time.0), healthy.hurt_before), (Some(0), None));
}

/// Blame's parts sum to the latency they explain.
#[test]
fn blame_adds_up() {
    let outcome = run(&plan_of(SHOP, &scenario(EVERY_FAULT)), &Options::new(2));
    let mut seen = 0;
    for quantile in
        outcome.blame.iter().filter(|blame| blame.requests > 500).flat_map(|blame| &blame.quantiles)
    {
        let total: f64 = quantile.parts.iter().map(|part| part.nanos).sum();
        // The two bands around a quantile bracket it unless it lies beyond the last one's mean.
        assert!((total / quantile.latency_ns - 1.0).abs() < 0.35, "{total} against {}", quantile.latency_ns);
        seen += 1;
    }
    assert!(seen > 4);
}

#[test]
fn watching_levels_changes_no_event_and_agrees_with_the_means() {
    let asked = "expect: [ in-system p90 of store <= 1000, in-system-at-least 5 of store <= 100%, up-at-least 3 of api <= 100% ]\n";
    let plain = run(&plan_of(SHOP, &scenario(EVERY_FAULT)), &Options::new(3));
    let watched = run(&plan_of(SHOP, &scenario(&format!("{EVERY_FAULT}{asked}"))), &Options::new(3));
    assert_eq!(plain.digest, watched.digest);
    assert_conserved(&watched);
    assert!(watched.conservation.len() > plain.conservation.len());
    let component = |name: &str| watched.components.iter().find(|c| c.name == name).expect("it exists");
    let (store, api) = (component("store"), component("api"));
    for (slot, part) in watched.slots.iter().enumerate() {
        let inside = store.slots[slot].watched.in_system.as_ref().expect("it was asked for");
        let up = api.slots[slot].watched.up.as_ref().expect("it was asked for");
        assert_eq!((inside.total(), up.total()), (part.time.0, part.time.0));
        assert_eq!(inside.area(), Some(store.slots[slot].in_system_area));
        assert_eq!(up.area(), Some(api.slots[slot].up_area));
    }
    assert!(plain.components.iter().flat_map(|c| &c.slots).all(|slot| slot.watched.in_system.is_none()));
}

#[test]
fn an_incident_says_how_slow_answers_were_and_whether_there_were_any() {
    let incident = |step: &str| {
        let topology = format!(
            "topology: one\ncomponents: {{ app: {{ operations: {{ get: [ {{ wait: 50ms }}, {step} ] }} }} }}\n\
             clients: {{ web: {{ journeys: {{ ask: [ {{ call: app.get }} ] }} }} }}\n"
        );
        let incidents = run(&plan_of(&topology, &scenario("")), &Options::new(3)).incidents;
        assert_eq!(incidents.len(), 1, "{incidents:?}");
        incidents[0].clone()
    };
    assert_eq!(incident("{ fail: 100% }").latency_p99_max, None);
    let half = incident("{ fail: 50% }").latency_p99_max.expect("half were answered");
    assert!(half.0.abs_diff(50_000_000) < 1_000_000, "{half}");
}

#[test]
fn calls_of_two_operations_share_a_pool_unless_one_has_its_own() {
    let median_ms = |entry: &str| {
        let topology = format!(
            "topology: pools\ncomponents:\n  app:\n    calls: {{ db: {{ pool: 1 }}, db.read: {entry} }}\n    operations: \
             {{ get: [ {{ parallel: {{ branches: [ [ {{ call: db.read }} ], [ {{ call: db.list }} ] ] }} }} ] }}\n  \
             db: {{ operations: {{ read: [ {{ wait: 100ms }} ], list: [ {{ wait: 100ms }} ] }} }}\n\
             clients: {{ web: {{ journeys: {{ ask: [ {{ call: app.get }} ] }} }} }}\n"
        );
        let scenario =
            "scenario: one user\ntopology: t\nduration: 60s\nload: { web: { users: 1, think: 1s } }\n";
        let outcome = run(&plan_of(&topology, scenario), &Options::new(1));
        assert_conserved(&outcome);
        let mut latency = shakedown::stats::Histogram::default();
        outcome.traffic[0].slots.iter().for_each(|slot| latency.merge(&slot.latency));
        latency.quantile(0.5).expect("there are answers") / 1e6
    };
    assert!((median_ms("{ timeout: 5s }") - 200.0).abs() < 4.0, "one connection for both");
    assert!((median_ms("{ pool: 1 }") - 100.0).abs() < 2.0, "a connection each");
}

#[test]
fn pooled_connections_are_counted_in_slots_in_which_none_was_opened() {
    let topology = "
topology: pools
components:
  app: { replicas: 2, calls: { db: { pool: 3 } }, operations: { get: [ { parallel: { times: 3, do: [ { call: db.read } ] } } ] } }
  db: { store: { datasets: {} }, operations: { read: [ { wait: 10ms } ] } }
clients: { web: { journeys: { ask: [ { call: app.get } ] } } }
";
    let outcome = run(&plan_of(topology, &scenario("warm-up: 60s\n")), &Options::new(1));
    let slots = outcome.components[1].slots.iter();
    assert_eq!(
        slots.filter_map(|slot| slot.store.as_ref()).map(|store| store.connections_max).max(),
        Some(6)
    );
}
