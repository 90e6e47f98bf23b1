//! What the engine promises of replicas that come and go: the same bits for the same seed, laws that
//! hold exactly, and no request lost by draining.

use shakedown::outcome::{Outcome, ReplicaNoteKind};
use shakedown::plan::{Plan, resolve};
use shakedown::sim::{Flow, Options, simulate};
use shakedown::spec::{Catalogue, LoadOptions, load_text};

/// Everything about replicas in one topology.
const CLOUD: &str = "
topology: cloud
places: { here: { zones: 3 }, there: {} }
limits: { cores: 14, concurrency: 40 }
network:
  same-place: exponential(200us)
  links: [ { between: [here, there], latency: lognormal(p50 10ms p99 30ms) } ]
components:
  api:
    place: here
    replicas:
      count: 4
      min: 2
      max: 12
      track: { cpu: 50%, queue: 2 }
      steps: [ { above: { concurrency: 8 }, add: 2 }, { below: { concurrency: 4 }, remove: 1 } ]
      schedule: [ { at: 60s, min: 5 } ]
      schedule-every: 90s
      metric-period: 5s
      metric-delay: 2s
      points: { out: 1 of 2, in: 2 of 3 }
      stabilize: { in: 20s }
      cooldown: { out: 5s, in: 10s }
      limit: { out: { count: 2, percent: 100%, per: 10s }, in: { count: 1, per: 10s } }
      start: lognormal(p50 5s p99 20s)
      warm-up: { for: 5s, speed: 50% }
      drain: { linger: 1s, deadline: 10s }
      protect: 5s
      quota: cores
      units: 2
    threads: 10
    cores: 1
    queue: { capacity: 50 }
    health: { check: { interval: 2s, timeout: 500ms, from: web }, eject: { errors: 3, for: 5s, max: 50% }, fail-open: 30%, replace: true }
    calls:
      pooler: { pool: { size: 10, timeout: 500ms, connect: 2ms }, timeout: 1s, retry: { attempts: 2 } }
      images: { timeout: 2s, on-failure: degrade }
    operations: { serve: [ { compute: exponential(8ms) }, { call: pooler.query }, { choose: [ { share: 20%, do: [ { call: images.resize } ] } ] } ] }
  pooler:
    place: here
    connections: 200
    calls: { db: { pool: { size: 60, mode: session }, timeout: 1s } }
    operations: { query: [ { call: db.query } ] }
  db:
    place: here
    replicas: 2
    threads: 20
    connections: 50
    operations: { query: [ { compute: exponential(3ms) } ] }
  images:
    place: there
    threads: 2
    serverless: { max: 30, provisioned: 2, cold-start: exponential(300ms), keep-alive: exponential(10s), scale-up: { rate: 2/s, burst: 5 }, quota: concurrency }
    operations: { resize: [ { wait: exponential(100ms) }, { compute: 5ms } ] }
clients:
  web:
    place: here
    calls: { api: { timeout: 2s, retry: { attempts: 3, backoff: exponential(50ms 1s spread 50%) }, balance: least-requests, zone-aware: true } }
    journeys: { visit: [ { call: api.serve } ] }
";

const EVERY_FAULT: &str = "
faults:
  - { at: 20s, for: 20s, ramp: 5s, spike: { load: web, factor: 4 } }
  - { at: 25s, for: 10s, crash: { target: { place: here, zone: 2 }, restart: uniform(0s 5s) } }
  - { at: 30s, for: 20s, crash-loop: { target: { component: api, count: 1 }, runs: exponential(500ms), backoff: exponential(500ms 4s) } }
  - { at: 45s, for: 20s, reclaim: { target: { component: api, count: 2 }, notice: 3s } }
  - { at: 50s, for: 20s, ramp: 5s, capacity-denied: { target: api, share: 50% } }
  - { at: 60s, for: 20s, quota: { limit: concurrency, amount: 3 } }
  - { at: 70s, for: 30s, restart: { target: { component: api }, batch: 30%, every: 5s } }
  - { at: 75s, for: 10s, restart: { target: db, batch: 50%, every: 5s, graceful: false } }
  - { at: 85s, for: 10s, gray: { target: { component: api, percent: 40% }, errors: 80%, health-blind: true } }
  - { at: 90s, for: 5s, crash: { target: images } }
  - { at: 96s, for: 5s, pause: { target: { component: api, percent: 50% } } }
  - { at: 100s, for: 5s, slow: { target: images, factor: 3 } }
  - { at: 105s, for: 5s, outage: { target: { component: api, percent: 50% }, mode: black-hole } }
  - { recurring: { up: exponential(10s), down: exponential(1s), from: 20s, until: 100s }, crash: { target: db } }
";

fn plan_of(topology: &str, faults: &str) -> Plan {
    let scenario = format!(
        "scenario: test\ntopology: cloud.yaml\nduration: 150s\nwindow: 1s\nload: {{ web: {{ rate: 200/s }} }}\n{faults}"
    );
    let input = load_text(&scenario, topology, &Catalogue::embedded(), &LoadOptions::default())
        .unwrap_or_else(|error| panic!("{:#?}", error.diags));
    resolve(&input).unwrap_or_else(|diags| panic!("{diags:#?}")).0
}

fn run(plan: &Plan, options: &Options) -> Outcome {
    let outcome = simulate(plan, options, &mut |_| Flow::Continue).0;
    for check in &outcome.conservation {
        assert!(check.holds(), "{check:?}");
    }
    assert!(outcome.truncated.is_none());
    outcome
}

fn json(outcome: &Outcome) -> String {
    serde_json::to_string(outcome).expect("an outcome can be written")
}

#[test]
fn the_same_seed_gives_the_same_bits_with_and_without_lanes_and_laws_hold() {
    for faults in ["", EVERY_FAULT] {
        let plan = plan_of(CLOUD, faults);
        for seed in 1..4 {
            let with_lanes = run(&plan, &Options::new(seed));
            let without = run(&plan, &Options { lanes: false, ..Options::new(seed) });
            assert_eq!(json(&with_lanes), json(&without));
        }
    }
    let notes = run(&plan_of(CLOUD, EVERY_FAULT), &Options::new(1)).replica_notes;
    for kind in [
        ReplicaNoteKind::ScaleOut,
        ReplicaNoteKind::ScaleIn,
        ReplicaNoteKind::Denied,
        ReplicaNoteKind::Unhealthy,
        ReplicaNoteKind::Ejected,
        ReplicaNoteKind::Readmitted,
        ReplicaNoteKind::FailOpen,
        ReplicaNoteKind::FailOpenEnds,
        ReplicaNoteKind::Reclaimed,
    ] {
        assert!(notes.iter().any(|note| note.kind == kind), "{kind:?}");
    }
}

const RESTARTED: &str = "
topology: restarted
places: { here: {}, there: {} }
network: { links: [ { between: [here, there], latency: 50ms } ] }
components:
  api:
    place: here
    replicas: { count: 4, start: 5s, drain: { linger: LINGER } }
    threads: 100
    operations: { serve: [ { wait: exponential(1ms) } ] }
clients: { web: { place: there, journeys: { visit: [ { call: api.serve } ] } } }
";

/// A replica that lingers for longer than a request travels loses none; one that stops as soon as it
/// is empty refuses those on their way.
#[test]
fn draining_loses_no_request_if_it_lingers_for_those_on_their_way() {
    let restart = "faults: [ { at: 10s, restart: { target: api, batch: 25%, every: 20s } } ]\n";
    let failed = |linger: &str| {
        let topology = RESTARTED.replace("LINGER", linger);
        let plan = plan_of(&topology, &format!("seed: 3\n{restart}"));
        let outcome = run(&plan, &Options::new(3));
        let lost: u64 = outcome.traffic[0].slots.iter().map(|slot| slot.errors.values().sum::<u64>()).sum();
        let refused: u64 = outcome.components[0].slots.iter().map(|slot| slot.refused + slot.lost).sum();
        assert_eq!(lost, refused);
        lost
    };
    assert_eq!(failed("51ms"), 0);
    assert!(failed("0s") > 0);
}

/// With nothing to come or go a component keeps its numbers: a fixed count written as a map is the
/// same as a number.
#[test]
fn a_count_in_a_map_is_a_plain_count() {
    let number = RESTARTED.replace("{ count: 4, start: 5s, drain: { linger: LINGER } }", "4");
    let map = RESTARTED.replace("LINGER", "1s");
    let (number, map) = (plan_of(&number, ""), plan_of(&map, ""));
    let digest = |plan: &Plan| run(plan, &Options::new(1)).digest;
    assert_eq!(digest(&number), digest(&map));
}

/// Everybody in one place, without links.
fn outcome_of(topology: &str, scenario: &str) -> Outcome {
    let input = load_text(
        &format!("scenario: s\ntopology: t\n{scenario}"),
        &format!("topology: t\n{topology}"),
        &Catalogue::embedded(),
        &LoadOptions::default(),
    )
    .unwrap_or_else(|error| panic!("{:#?}", error.diags));
    let (plan, _) = resolve(&input).unwrap_or_else(|diags| panic!("{diags:#?}"));
    let outcome = simulate(&plan, &Options::new(7), &mut |_| Flow::Continue).0;
    for check in &outcome.conservation {
        assert!(check.holds(), "{check:?}");
    }
    outcome
}

#[test]
fn an_instance_told_to_finish_gives_its_units_back_once_and_takes_no_more_work() {
    let topology = "
limits: { concurrency: 4 }
components:
  images:
    serverless: { max: 10, cold-start: 10ms, keep-alive: 1m, quota: concurrency }
    operations: { resize: [ { wait: 100ms } ] }
clients: { web: { journeys: { go: [ { call: images.resize } ] } } }
";
    // Thirty requests a second of 100 ms: three at once, within the limit of four.
    let scenario = |faults: &str| {
        format!(
            "duration: 40s\nload: {{ web: {{ rate: 30/s, arrivals: deterministic }} }}\nfaults:\n{faults}"
        )
    };
    let crash =
        "  - { at: 10s, for: 10s, crash: { target: { component: images, percent: 50% }, graceful: true } }\n";
    let again = crash.replace("at: 10s", "at: 15s");
    for faults in [crash.to_owned(), format!("{crash}{again}")] {
        let outcome = outcome_of(topology, &scenario(&faults));
        let most = outcome.components[0].slots.iter().map(|slot| slot.in_system_max).max();
        assert!(most <= Some(4), "the limit holds: {most:?}");
        let lost: u64 = outcome.components[0].slots.iter().map(|slot| slot.lost).sum();
        assert_eq!(lost, 0, "what is inside is finished first");
    }
}

#[test]
fn ejections_of_replicas_that_are_gone_do_not_count() {
    // The third replica is ejected, and then goes because two suffice. When the first fails, it is the only one
    // that is out.
    let topology = "
places: { here: { zones: 3 } }
components:
  api:
    replicas: { count: 3, min: 3, max: 3, schedule: [ { at: 20s, min: 2, max: 2 } ], metric-period: 1s }
    health: { eject: { errors: 3, for: 1h, max: 50% } }
    operations: { serve: [ { wait: 10ms } ] }
clients: { web: { calls: { api: { timeout: 1s } }, journeys: { go: [ { call: api.serve } ] } } }
";
    let scenario = "duration: 60s
load: { web: { rate: 50/s } }
faults:
  - { at: 10s, for: 5s, gray: { target: { component: api, place: here, zone: 3 }, errors: 100% } }
  - { at: 40s, for: 5s, gray: { target: { component: api, place: here, zone: 1 }, errors: 100% } }
";
    let outcome = outcome_of(topology, scenario);
    let taken_out: u64 = outcome.components[0].slots.iter().map(|slot| slot.replicas.taken_out).sum();
    assert_eq!(taken_out, 2, "one ejection before and one after");
}

/// Two instances are always there and one crashes for good: another starts at once, before anybody asks for it.
#[test]
fn an_instance_that_is_always_there_is_replaced_in_advance() {
    let topology = "
components:
  images:
    serverless: { max: 10, provisioned: 2, cold-start: 400ms, keep-alive: 1m }
    operations: { resize: [ { wait: 900ms } ] }
clients: { web: { journeys: { go: [ { call: images.resize } ] } } }
";
    // One request at a time until the crash of the idle one, two at a time once the new one has started.
    let scenario = |faults: &str| {
        format!(
            "duration: 60s\nload:\n  web: {{ rate: {{ steps: [ {{ at: 0s, rate: 1/s }}, {{ at: 15s, rate: 2/s }} ] }}, arrivals: deterministic }}\nfaults: [ {faults} ]"
        )
    };
    let sums = |faults: &str| {
        let outcome = outcome_of(topology, &scenario(faults));
        let slots = outcome.components[0].slots.iter().map(|slot| &slot.replicas);
        slots.fold((0, 0), |(cold, asked), slot| (cold + slot.cold, asked + slot.asked))
    };
    let (_, before) = sums("");
    let (cold, asked) = sums("{ at: 10500ms, crash: { target: { component: images, count: 1 } } }");
    assert_eq!(cold, 0, "nobody waits for the replacement's start");
    assert_eq!(asked, before + 1, "exactly one takes its place");
    // All are away for five seconds: then both come back, whether anybody asks or not.
    let all = "{ at: 10700ms, for: 5s, crash: { target: images } }";
    let (_, asked) = sums(all);
    assert_eq!(asked, before + 2);
    let denied = "{ at: 10s, for: 10050ms, capacity-denied: { target: images, share: 100% } }";
    let (_, asked) = sums(&format!("{denied}, {{ at: 10500ms, for: 1ms, crash: {{ target: images }} }}"));
    assert_eq!(asked, before + 2, "when there may be new ones again");
}

/// Two replicas until 20 s, eight from then on, out of a largest number of forty.
#[test]
fn a_share_of_replicas_is_of_those_in_service_when_the_fault_begins() {
    let topology = "
components:
  api:
    replicas: { count: 2, min: 2, max: 40, schedule: [ { at: 20s, min: 8, max: 8 } ], metric-period: 1s }
    operations: { serve: [] }
clients: { web: { journeys: { go: [ { call: api.serve } ] } } }
";
    let up = |at: &str, target: &str| {
        let fault = format!("{{ at: {at}, for: 10s, crash: {{ target: {{ component: api, {target} }} }} }}");
        let scenario = format!("duration: 60s\nload: {{ web: {{ rate: 1/s }} }}\nfaults: [ {fault} ]");
        let outcome = outcome_of(topology, &scenario);
        // Before, during and after.
        let mean = |slot: usize| {
            outcome.components[0].slots[slot].up_area as f64 / outcome.slots[slot].time.0 as f64
        };
        (mean(1), mean(2))
    };
    assert_eq!(up("9s", "percent: 50%").0, 1.0);
    assert_eq!(up("40s", "percent: 50%"), (4.0, 8.0), "and it undoes itself");
    assert_eq!(up("40s", "count: 6").0, 2.0);
    assert_eq!(up("9s", "count: 6").0, 0.0, "there are only two");
}
