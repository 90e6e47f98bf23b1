//! Faults with answers known beforehand: leaks, disks, storage, locks, held and doubled messages.

use shakedown::plan::{Expectation, Plan, resolve};
use shakedown::sim::{Flow, Options, simulate};
use shakedown::spec::{Catalogue, LoadOptions, load_text};
use shakedown::verdict::measure;

const TOPOLOGY: &str = "
topology: t
components:
  app:
    threads: unlimited
    calls: { db: { timeout: 1h } }
    operations:
      save: { idempotent: false, steps: [ { write: db.rows } ] }
      show: [ { read: db.rows } ]
  db:
    kind: core/store
    threads: unlimited
    store: { datasets: { rows: {} } }
    operations: { read: [ { wait: 1ms } ], write: { idempotent: false, steps: [ { wait: 1ms } ] } }
clients:
  writers: { calls: { app: { timeout: 1h } }, journeys: { save: [ { call: app.save } ] } }
  readers: { calls: { app: { timeout: 1h } }, journeys: { show: [ { call: app.show } ] } }
";

fn plan(topology: &str, scenario: &str) -> Plan {
    let input = load_text(scenario, topology, &Catalogue::embedded(), &LoadOptions::default())
        .unwrap_or_else(|error| panic!("{:#?}", error.diags));
    resolve(&input).unwrap_or_else(|diags| panic!("{diags:#?}")).0
}

/// What metrics come to in a run with a fault; nothing is lost or made up.
fn measured_in(topology: &str, rest: &str, fault: &str, metrics: &[&str]) -> Vec<f64> {
    let expect: String = metrics.iter().map(|metric| format!("  - {metric}\n")).collect();
    let scenario =
        format!("scenario: s\ntopology: t\n{rest}\nfaults: [ {{ at: 0s, {fault} }} ]\nexpect:\n{expect}");
    let plan = plan(topology, &scenario);
    let (outcome, _) = simulate(&plan, &Options::new(7), &mut |_| Flow::Continue);
    assert!(outcome.truncated.is_none());
    for check in &outcome.conservation {
        assert!(check.holds(), "{check:?}");
    }
    let value = |e: &Expectation| {
        measure(&plan, e.metric, &e.scope, e.when, &outcome).unwrap_or_else(|why| panic!("{}: {why}", e.text))
    };
    plan.expectations.iter().map(value).collect()
}

fn measured(load: &str, fault: &str, metrics: &[&str]) -> Vec<f64> {
    measured_in(TOPOLOGY, &format!("duration: 800s\nload: {load}"), fault, metrics)
}

const WRITES: &str = "{ writers: { rate: 20/s, arrivals: deterministic } }";
/// Arrivals at twenty a second in 800 s: the last would come as the run ends.
const ALL: f64 = 15_999.0;
const READS: &str = "{ readers: { rate: 20/s, arrivals: deterministic } }";

fn close(value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() <= tolerance, "{value} is not {expected} ± {tolerance}");
}

/// 60 s up and 20 s down, again and again, whatever the load: ten kills in 800 s.
#[test]
fn a_leak_by_time_kills_with_the_period_of_its_room() {
    let leak = "leak: { target: app, per-second: 1MiB/s, room: 60MiB, restart: 20s }";
    let found = measured(WRITES, leak, &["memory-kills of app < 99", "uptime of app > 0%"]);
    assert_eq!(found[0], 10.0);
    close(found[1], 0.75, 1e-6);
}

/// 400 requests take 20 s, and the process is away for 20 s: twenty kills in 800 s.
#[test]
fn a_leak_by_request_kills_by_the_number_of_requests() {
    let leak = "leak: { target: app, per-request: 1MiB, room: 400MiB, restart: 20s }";
    let found = measured(WRITES, leak, &["memory-kills of app < 99", "availability > 0%"]);
    assert_eq!(found[0], 20.0);
    close(found[1], 0.5, 0.01);
}

/// Work of 10 ms that takes up to twice as long over the last half of the room: 1 in the first half and
/// 1.5 in the mean over the second.
#[test]
fn a_leak_slows_towards_its_end() {
    let slow = "leak: { target: app, per-second: 1MiB/s, room: 800MiB, slow: 3, slow-from: 50% }";
    let topology = TOPOLOGY.replace("[ { read: db.rows } ]", "[ { compute: 10ms } ]");
    let metrics = [
        "latency mean of readers > 0s between 0s and 400s",
        "latency mean of readers > 0s between 400s and 800s",
    ];
    let found = measured_in(&topology, &format!("duration: 799s\nload: {READS}"), slow, &metrics);
    close(found[0], 0.010, 1e-6);
    close(found[1], 0.019, 5e-4);
}

#[test]
fn a_restart_gives_leaked_memory_back() {
    let faults = |restart: &str| {
        format!(
            "leak: {{ target: app, per-second: 1MiB/s, room: 60MiB }} }}, {{ {restart} restart: {{ target: app, graceful: false }}"
        )
    };
    let often = faults("at: 40s, for: 760s, flap: { on: 1s, off: 39s },");
    assert_eq!(measured(WRITES, &often, &["memory-kills of app < 99"]), [0.0]);
}

/// 16,000 writes arrive; the disk holds 1,000 of them, or 1,000 of every ten seconds' 200.
#[test]
fn a_disk_takes_what_it_has_room_for() {
    let metrics = ["no-room-writes of db > 0", "availability > 0%"];
    let full = measured(WRITES, "disk-full: { target: db, room: 1000kB, per-write: 1kB }", &metrics);
    assert_eq!(full[0], ALL - 1_000.0);
    let freed = "disk-full: { target: db, room: 100kB, per-write: 1kB, freed-after: 10s }";
    // Ten a second are removed in the long run, in parts of a hundredth of the ten seconds.
    close(measured(WRITES, freed, &metrics)[1], 0.5, 0.01);
    let roomy = "disk-full: { target: db, room: 300kB, per-write: 1kB, freed-after: 10s }";
    assert_eq!(measured(WRITES, roomy, &metrics), [0.0, 1.0]);
    // 1 MB/s fills 200 MB in 200 s of 800.
    let others = "disk-full: { target: db, room: 200MB, per-second: 1MB/s }";
    close(measured(WRITES, others, &metrics)[1], 0.25, 1e-3);
    assert_eq!(measured(WRITES, "disk-full: { target: db }", &metrics), [ALL, 0.0]);
    assert_eq!(measured(READS, "disk-full: { target: db }", &metrics), [0.0, 1.0]);
}

/// 16,000 rows, a fifth of them lost or damaged: within three standard errors of 51.
#[test]
fn a_bad_store_loses_and_damages_its_share() {
    let lost = measured(
        WRITES,
        "bad-storage: { target: db, lost: 20% }",
        &["lost-writes of db > 0", "availability > 0%"],
    );
    close(lost[0], 3_200.0, 152.0);
    assert_eq!(lost[1], 1.0);
    let metrics = ["corrupt-reads of db > 0", "wrong-rate > 0%", "availability > 0%"];
    let corrupt = measured(READS, "bad-storage: { target: db, corrupt: 20% }", &metrics);
    close(corrupt[0], 3_200.0, 152.0);
    close(corrupt[1], corrupt[0] / ALL, 1e-9);
    let checked = TOPOLOGY.replace("db: { timeout: 1h }", "db: { timeout: 1h, validate: true }");
    let rest = format!("duration: 800s\nload: {READS}");
    let noticed = measured_in(&checked, &rest, "bad-storage: { target: db, corrupt: 20% }", &metrics);
    assert_eq!((noticed[0], noticed[1]), (corrupt[0], 0.0));
    close(noticed[2], 1.0 - corrupt[0] / ALL, 1e-9);
}

/// Requests that arrive evenly over ten seconds wait five on average and ten at most, and all go on at once.
#[test]
fn locks_and_held_paths_let_everybody_go_at_once() {
    for fault in ["lock: { target: db, operations: [write] }", "hold: { from: app, to: db, one-way: true }"] {
        let metrics = [
            "latency mean of writers > 0s between 0s and 10s",
            "latency max of writers > 0s",
            "availability > 0%",
            "in-system mean of db > 0 between 20s and 30s",
        ];
        let found = measured(WRITES, &format!("for: 10s, {fault}"), &metrics);
        close(found[0], 5.0, 0.05);
        close(found[1], 10.0, 0.06);
        assert_eq!(found[2], 1.0);
        close(found[3], 0.02, 0.001);
    }
    // Reads are not locked.
    let reads = measured(READS, "for: 10s, lock: { target: db, operations: [write] }", &["latency max > 0s"]);
    close(reads[0], 0.001, 1e-6);
}

/// 30 % of 16,000 requests arrive twice, and are done twice: within three standard errors of 58.
#[test]
fn doubled_requests_write_twice() {
    let metrics = ["double-writes of db > 0", "unknown-writes of db < 1", "availability > 0%"];
    let found = measured(WRITES, "duplicate: { from: app, to: db, share: 30% }", &metrics);
    close(found[0], 4_800.0, 174.0);
    assert_eq!(found[1..], [0.0, 1.0]);
    let idempotent = TOPOLOGY
        .replace("write: { idempotent: false, steps: [ { wait: 1ms } ] }", "write: [ { wait: 1ms } ]");
    let rest = format!("duration: 800s\nload: {WRITES}");
    assert_eq!(
        measured_in(&idempotent, &rest, "duplicate: { from: app, to: db, share: 30% }", &metrics)[0],
        0.0
    );
}

/// A tenth of the time is bad, and there a fifth of the messages is sent again: 1 s x 0.2 / (1 - 2 x 0.2).
#[test]
fn loss_in_bursts_costs_its_share_of_the_time() {
    let fault = "packet-loss: { from: app, to: db, one-way: true, loss: 20%, retransmit: 1s, bursts: { on: exponential(1s), off: exponential(9s) } }";
    let rest = "duration: 40000s\nload: { readers: { rate: 5/s } }";
    let found = measured_in(TOPOLOGY, rest, fault, &["latency mean of readers > 0s"]);
    close(found[0] - 0.001, 0.1 / 3.0, 0.003);
}

/// A fifth of the answers breaks after the work was done: every write is committed, and a fifth unknown.
#[test]
fn answers_that_break_after_the_work_leave_writes_unknown() {
    let metrics = ["unknown-writes of db > 0", "availability > 0%", "goodput of db > 0/s"];
    let found = measured(WRITES, "gray: { target: db, errors: 20%, after-work: true }", &metrics);
    close(found[0], 3_200.0, 152.0);
    close(found[1], 1.0 - found[0] / ALL, 1e-9);
    let reset = measured(WRITES, "for: 400s, outage: { target: db, mode: reset }", &["availability > 0%"]);
    close(reset[0], 0.5, 1e-3);
}

/// Each target with a probability; with full correlation all or none. Each run draws for itself.
#[test]
fn targets_by_chance_are_as_likely_and_as_alike_as_they_should_be() {
    let topology = TOPOLOGY
        .replace("    threads: unlimited\n    calls", "    replicas: 10\n    threads: unlimited\n    calls");
    let hits = |correlation: &str| -> Vec<f64> {
        let scenario = format!(
            "scenario: s\ntopology: t\nduration: 1s\nload: {READS}\nfaults: [ {{ at: 0s, crash: {{ target: {{ component: app, probability: 30%, correlation: {correlation} }} }} }} ]\nexpect: [ uptime of app > 0% ]\n"
        );
        let plan = plan(&topology, &scenario);
        let expectation = &plan.expectations[0];
        let hit = |seed: u64| {
            let (outcome, _) = simulate(&plan, &Options::new(seed), &mut |_| Flow::Continue);
            let uptime = measure(&plan, expectation.metric, &expectation.scope, expectation.when, &outcome);
            10.0 - 10.0 * uptime.unwrap()
        };
        (0..200).map(hit).collect()
    };
    for (correlation, variance) in [("0%", 2.1), ("50%", 11.55), ("100%", 21.0)] {
        let counts = hits(correlation);
        let mean = counts.iter().sum::<f64>() / 200.0;
        close(mean, 3.0, 3.0 * f64::sqrt(variance / 200.0));
        let spread = counts.iter().map(|count| (count - mean) * (count - mean)).sum::<f64>() / 199.0;
        close(spread / variance, 1.0, 0.4);
    }
}

#[test]
fn mistakes_are_said() {
    let topology = TOPOLOGY;
    for (fault, code) in [
        ("leak: { target: app, room: 1GiB }", "E205"),
        ("leak: { target: app, room: 0B, per-second: 1MiB/s }", "E203"),
        ("leak: { target: app, room: 1kB, per-second: 1GiB/s }", "E214"),
        ("leak: { target: app, room: 1GiB, per-second: 1MiB/s, per-request: 1kB }", "E204"),
        ("leak: { target: app, room: 1GiB, per-second: 1MiB/s, slow-from: 50% }", "E205"),
        ("disk-full: { target: app }", "E213"),
        ("disk-full: { target: db, room: 1GiB }", "E205"),
        ("disk-full: { target: db, freed-after: 1m }", "E205"),
        ("bad-storage: { target: db }", "E205"),
        ("bad-storage: { target: app, lost: 1% }", "E213"),
        ("lock: { target: db, operations: [erase] }", "E201"),
        ("ramp: 1s, lock: { target: db }", "E218"),
        ("duplicate: { from: app, to: db, share: 0% }", "E203"),
        ("gray: { target: db, errors: 1%, latency: 1s, after-work: true }", "E204"),
        ("packet-loss: { from: app, to: db, loss: 1%, bursts: { on: 0s, off: 0s } }", "E218"),
        ("pause: { target: { component: app, correlation: 50% } }", "E205"),
        ("pause: { target: { component: app, probability: 50%, count: 1 } }", "E204"),
    ] {
        let scenario = format!(
            "scenario: s\ntopology: t\nduration: 100s\nload: {READS}\nfaults: [ {{ at: 0s, for: 10s, {fault} }} ]\n"
        );
        let input = load_text(&scenario, topology, &Catalogue::embedded(), &LoadOptions::default())
            .unwrap_or_else(|error| panic!("{fault}: {:#?}", error.diags));
        let diags = resolve(&input).err().unwrap_or_default();
        assert!(diags.iter().any(|diag| diag.code == code), "{fault}: {diags:#?}");
    }
}

/// An instance with fewer threads than requests lets them wait for its own; the desk, where they arrive, never serves any.
#[test]
fn threads_lost_in_functions_make_requests_wait_and_nothing_is_lost_count_of() {
    let topology = "
topology: t
components:
  functions:
    threads: 13
    serverless: { max: 39, cold-start: lognormal(p50 100ms p99 500ms), keep-alive: 30s }
    operations: { serve: [ { compute: uniform(1ms 20ms) }, { call: store.read } ] }
  store: { threads: 40, operations: { read: [ { compute: 10ms } ] } }
clients: { users: { calls: { functions: { timeout: 500ms, cancel: true } }, journeys: { go: [ { call: functions.serve } ] } } }
";
    let scenario = "
scenario: t
topology: t
duration: 40s
load: { users: { rate: 300/s } }
faults: [ { at: 10s, for: 10s, exhaust: { threads: functions, share: 70% } } ]
";
    let outcome = simulate(&plan(topology, scenario), &Options::new(1), &mut |_| Flow::Continue).0;
    assert!(outcome.conservation.iter().all(|check| check.holds()), "{:?}", outcome.conservation);
    let functions = &outcome.components[0];
    let waited: u64 = functions.slots.iter().map(|slot| slot.wait.count()).sum();
    assert!(waited > 0, "nobody waited for a thread of an instance");
}

/// Ten threads at work for ten seconds each when seven of them are taken: they are given up one by one.
#[test]
fn threads_that_are_taken_while_at_work_are_no_use_beyond_what_there_is() {
    let topology = "
topology: t
components: { app: { threads: 10, operations: { go: [ { wait: 10s } ] } } }
clients: { users: { journeys: { go: [ { call: app.go } ] } } }
";
    let scenario = "duration: 60s\nload: { users: { rate: 2/s } }";
    let fault = "for: 1ms, slow: { target: app, factor: 2 } }, { at: 30s, for: 20s, exhaust: { threads: app, share: 70% }";
    let found = measured_in(topology, scenario, fault, &["utilization of app <= 100% between 30s and 50s"]);
    close(found[0], 1.0, 1e-9);
}

/// Ten threads begin ten seconds of work each, half a second apart from 25 s on; seven are taken at 30 s and
/// nothing comes after that. A thread that is taken at work is there until its work is done, so from 35 s on
/// there are 10, 9, ... 3 for half a second each. In use: 5 + 5.5 + ... + 9.5 = 72.5 thread seconds, and there:
/// 50 + (9 + 8 + ... + 4) / 2 + 12 * 3 = 105.5.
#[test]
fn threads_that_are_taken_while_at_work_are_there_until_it_is_done() {
    let topology = "
topology: t
components: { app: { threads: 10, operations: { go: [ { wait: 10s } ] } } }
clients: { users: { journeys: { go: [ { call: app.go } ] } } }
";
    let steps = "steps: [ { at: 0s, rate: 0/s }, { at: 24500ms, rate: 2/s }, { at: 29750ms, rate: 0/s } ]";
    let scenario = format!(
        "duration: 60s\nwindow: 7s\nload: {{ users: {{ arrivals: deterministic, rate: {{ {steps} }} }} }}"
    );
    let fault = "for: 1ms, slow: { target: app, factor: 2 } }, { at: 30s, for: 20s, exhaust: { threads: app, share: 70% }";
    let found = measured_in(topology, &scenario, fault, &["utilization of app <= 100% between 30s and 50s"]);
    close(found[0], 72.5 / 105.5, 1e-9);
}

/// All sessions are closed and opened again within the minute of the fault, and each then lives for twenty.
#[test]
fn sessions_keep_their_longest_life_through_an_idle_timeout() {
    let topology = "topology: t
components: { hub: { sessions: { max-lifetime: 20m }, operations: { connect: [] } } }
clients: { app: { sessions: { connect: hub.connect, heartbeat: 60s } } }
";
    let rest = "duration: 30m\nload: { app: { sessions: { population: 1k, start: fresh } } }";
    let fault = "for: 1m, idle-timeout: { target: hub, to: 50s }";
    assert_eq!(measured_in(topology, rest, fault, &["sessions-expired of app >= 0"]), [1000.0]);
}
