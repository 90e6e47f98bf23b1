//! What names and health checks do when they are wrong, and what is refused about them.

use shakedown::outcome::{Outcome, ReplicaNoteKind};
use shakedown::plan::{Expectation, resolve};
use shakedown::sim::{Flow, Options, simulate};
use shakedown::spec::{Catalogue, LoadOptions, load_text};
use shakedown::verdict::measure;

const REGIONS: &str = "
topology: regions
components:
  east: { replicas: 2, threads: 16, health: { check: { interval: 2s, timeout: 1s } }, operations: { serve: [ { compute: 1ms } ] } }
  west: { replicas: 2, threads: 16, health: { check: { interval: 2s, timeout: 1s } }, operations: { serve: [ { compute: 1ms } ] } }
  plain: { threads: 16, operations: { serve: [ { compute: 1ms } ] } }
names:
  service: { failover: [east, west], ttl: 10s, resolvers: 50 }
  mixed: { weighted: { east: 3, west: 1 }, ttl: 1s, resolvers: 50, lookup: 5ms }
clients:
  users: { journeys: { visit: [ { call: service.serve } ] } }
  others: { journeys: { visit: [ { call: mixed.serve } ] } }
";

fn scenario(faults: &str) -> String {
    format!(
        "scenario: test\ntopology: x.yaml\nduration: 100s\nload: {{ users: {{ rate: 100/s }}, others: {{ rate: 100/s }} }}\nfaults: [ {faults} ]\n"
    )
}

fn run(faults: &str) -> Outcome {
    let input = load_text(&scenario(faults), REGIONS, &Catalogue::embedded(), &LoadOptions::default())
        .unwrap_or_else(|error| panic!("{:#?}", error.diags));
    let (plan, _) = resolve(&input).unwrap_or_else(|diags| panic!("{diags:#?}"));
    let run = || simulate(&plan, &Options::new(plan.seed), &mut |_| Flow::Continue).0;
    let outcome = run();
    assert!(outcome.conservation.iter().all(|check| check.holds()), "{faults}");
    assert_eq!(outcome.digest, run().digest, "{faults}");
    outcome
}

fn notes(outcome: &Outcome, kind: ReplicaNoteKind) -> usize {
    outcome.replica_notes.iter().filter(|note| note.kind == kind).count()
}

#[test]
fn every_fault_of_names_keeps_the_laws_and_shows() {
    let calm = run("");
    for fault in [
        "{ at: 20s, for: 20s, dns: { name: service } }",
        "{ at: 20s, for: 20s, dns: { name: service, mode: timeout, timeout: 2s } }",
        "{ at: 20s, for: 60s, flap: { on: 5s, off: 5s }, dns: { name: mixed, mode: wrong, answer: west } }",
    ] {
        assert_ne!(run(fault).digest, calm.digest, "{fault}");
    }
}

#[test]
fn a_checker_that_lies_takes_out_the_well_and_one_that_is_down_nobody() {
    assert_eq!(notes(&run(""), ReplicaNoteKind::Unhealthy), 0);
    let lies = "{ at: 20s, for: 20s, health-checker: { target: east, mode: fails } }";
    assert_eq!(notes(&run(lies), ReplicaNoteKind::Unhealthy), 2);
    let flaps =
        "{ at: 10s, for: 80s, flap: { on: 20s, off: 20s }, health-checker: { target: east, mode: fails } }";
    assert_eq!(notes(&run(flaps), ReplicaNoteKind::Unhealthy), 4);
    let outage = "{ at: 20s, for: 20s, outage: { target: east } }";
    assert_eq!(notes(&run(outage), ReplicaNoteKind::Unhealthy), 2);
    for mode in ["passes", "down"] {
        let blind =
            format!("{outage}, {{ at: 10s, for: 40s, health-checker: {{ target: east, mode: {mode} }} }}");
        assert_eq!(notes(&run(&blind), ReplicaNoteKind::Unhealthy), 0, "{mode}");
    }
}

#[test]
fn mistakes_about_names_and_checkers_are_found() {
    let of_faults = [
        ("{ at: 1s, dns: { name: servce } }", "E201", "did you mean `service`?"),
        ("{ at: 1s, dns: { name: service, mode: wrong } }", "E2", "answer"),
        ("{ at: 1s, dns: { name: service, mode: wrong, answer: wst } }", "E201", "did you mean `west`?"),
        ("{ at: 1s, dns: { name: service, timeout: 1s } }", "E204", "timeout"),
        ("{ at: 1s, dns: { name: service, mode: timeout, timeout: 0s } }", "E203", "timeout"),
        ("{ at: 1s, health-checker: { target: est, mode: down } }", "E201", "did you mean `east`?"),
        ("{ at: 1s, health-checker: { target: plain, mode: down } }", "E2", "no health check"),
        ("{ at: 1s, health-checker: { target: east, mode: down, share: 5% } }", "E204", "share"),
        ("{ at: 1s, health-checker: { target: east, mode: fails, share: 200% } }", "E108", "200%"),
    ];
    let of_names = [
        ("failover: [east, west]", "failover: [east, wst]", "E201", "did you mean `west`?"),
        ("failover: [east, west]", "failover: []", "E204", "weighted"),
        ("resolvers: 50,", "resolvers: 0,", "E203", "resolvers"),
        ("west: 1 }", "west: -1 }", "E108", "not a number"),
        ("east: 3, west: 1 }", "east: 0, west: 0 }", "E2", "more than 0"),
        ("west: 1 }", "west: 1e7 }", "E203", "weight"),
        ("west: 1 }", "west: 1e300 }", "E108", "`1e300` is too large"),
        ("call: service.serve", "call: servce.serve", "E201", "service"),
    ];
    let faults = of_faults.map(|(fault, code, says)| (REGIONS.to_owned(), fault, code, says));
    let names = of_names.map(|(part, by, code, says)| (REGIONS.replacen(part, by, 1), "", code, says));
    for (topology, fault, code, says) in faults.into_iter().chain(names) {
        let loaded = load_text(&scenario(fault), &topology, &Catalogue::embedded(), &LoadOptions::default());
        let diags = match loaded {
            Ok(input) => resolve(&input).err().unwrap_or_default(),
            Err(error) => error.diags,
        };
        let texts: Vec<String> = diags.iter().map(|diag| format!("{diag:?}")).collect();
        let finds = |text: &String| text.contains(code) && text.contains(says);
        assert!(texts.iter().any(finds), "{says}: {texts:#?}");
    }
}

/// A front in three zones that prefers the replicas of its own zone.
const ZONES: &str = "
topology: zones
places: { region: { zones: 3 } }
components:
  front:
    place: region
    replicas: 3
    threads: 64
    calls: { back: { timeout: 500ms, zone-aware: true } }
    operations: { show: [ { call: back.serve } ] }
  back:
    place: region
    replicas: 3
    threads: 32
    health: { check: { interval: 2s, timeout: 1s, unhealthy: 2, healthy: 2 } }
    operations: { serve: [ { compute: 1ms } ] }
clients:
  users: { place: region, calls: { front: { timeout: 8s } }, journeys: { visit: [ { call: front.show } ] } }
";

#[test]
fn zone_aware_balancing_crosses_zones_only_when_its_own_has_nobody_well() {
    let scenario = "scenario: test\ntopology: x.yaml\nduration: 100s\nload: { users: { rate: 200/s } }\n\
        faults: [ { at: 30s, crash: { target: { component: back, place: region, zone: 2 } } } ]\n\
        expect: [ error-rate < 1 between 30s and 32s, error-rate < 1 between 40s and 100s ]\n";
    let input = load_text(scenario, ZONES, &Catalogue::embedded(), &LoadOptions::default())
        .unwrap_or_else(|error| panic!("{:#?}", error.diags));
    let plan = resolve(&input).unwrap_or_else(|diags| panic!("{diags:#?}")).0;
    let outcome = simulate(&plan, &Options::new(plan.seed), &mut |_| Flow::Continue).0;
    let read = |e: &Expectation| measure(&plan, e.metric, &e.scope, e.when, &outcome);
    let values: Vec<f64> =
        plan.expectations.iter().map(|e| read(e).unwrap_or_else(|why| panic!("{why}"))).collect();
    // Until checks have found out, only the front of that zone fails: a third of all.
    assert!((values[0] - 1.0 / 3.0).abs() < 0.1, "{values:?}");
    assert!(values[1].abs() < f64::EPSILON, "then it calls another zone: {values:?}");
}

/// One name before two components, and how many resolvers it has.
fn named(rules: &str) -> String {
    format!(
        "topology: t
components: {{ east: {{ operations: {{ serve: [] }} }}, west: {{ operations: {{ serve: [] }} }} }}
names: {{ service: {{ {rules} }} }}
clients: {{ users: {{ journeys: {{ visit: [ {{ call: service.serve }} ] }} }} }}
"
    )
}

/// What metrics come to; the sum of what resolvers said is how often they were asked.
fn measured<const N: usize>(topology: &str, rest: &str, metrics: [&str; N]) -> [f64; N] {
    let expect: String = metrics.iter().map(|metric| format!("  - {metric}\n")).collect();
    let scenario = format!("scenario: s\ntopology: t\n{rest}\nexpect:\n{expect}");
    let input = load_text(&scenario, topology, &Catalogue::embedded(), &LoadOptions::default())
        .unwrap_or_else(|error| panic!("{:#?}", error.diags));
    let plan = resolve(&input).unwrap_or_else(|diags| panic!("{diags:#?}")).0;
    let outcome = simulate(&plan, &Options::new(plan.seed), &mut |_| Flow::Continue).0;
    for slot in &outcome.names[0].slots {
        let said = slot.missing + slot.unanswered + slot.answers.iter().sum::<u64>();
        assert_eq!(slot.asked(), said, "{slot:?}");
    }
    let read = |e: &Expectation| measure(&plan, e.metric, &e.scope, e.when, &outcome);
    std::array::from_fn(|n| read(&plan.expectations[n]).unwrap_or_else(|why| panic!("{why}")))
}

#[track_caller]
fn near(value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() <= tolerance, "{value} is not {expected} +- {tolerance}");
}

/// A resolver asks once in its TTL of 10 s and the 50 ms until the next of its requests: a renewal process.
#[test]
fn resolvers_ask_once_in_a_life_and_the_wait_for_the_next_request() {
    let rest = "duration: 2000s\nwarm-up: 20s\nload: { users: { rate: 1000/s } }";
    let metrics =
        ["lookup-rate of service >= 0/s", "remembered-ratio of service >= 0", "unresolved of service <= 0"];
    let topology = named("failover: [east, west], ttl: 10s, resolvers: 50");
    let [lookups, remembered, unresolved] = measured(&topology, rest, metrics);
    // Fifty renewal counts over 197 cycles; each is known to within one, so the rate to within 50 / 1980 s.
    near(lookups, 50.0 / 10.05, 50.0 / 1980.0);
    near(remembered, 1.0 - 50.0 / 10.05 / 1000.0, 5e-4);
    near(unresolved, 0.0, 0.0);
}

/// Once the TTL of all others is over, just those still go to the old target that keep what they know.
#[test]
fn stale_resolvers_are_the_share_of_traffic_that_a_change_leaves_behind() {
    let topology =
        named("failover: [east, west], ttl: 10s, resolvers: 2000, stale: { share: 20%, min-ttl: 20h }");
    let rest = "duration: 200s\nload: { users: { rate: 2000/s } }
faults: [ { at: 100s, dns: { name: service, mode: wrong, answer: west } } ]";
    let metrics = [
        "answer-share of service -> east >= 0 between 120s and 200s",
        "answer-share of service -> west >= 0 between 120s and 200s",
        "stale-answers of service >= 0 between 120s and 200s",
        "stale-answers of service >= 0 between 10s and 99s",
        "throughput of east >= 0/s between 120s and 200s",
    ];
    let [east, west, stale, before, served] = measured(&topology, rest, metrics);
    // A draw for each of 2,000 resolvers: four standard errors of the share.
    near(east, 0.2, 4.0 * (0.2 * 0.8 / 2000.0f64).sqrt());
    near(east + west, 1.0, 1e-12);
    near(stale, east, 1e-12);
    near(before, 0.0, 0.0);
    // 160,000 Poisson arrivals are 2,000 a second within five.
    near(served, 2000.0 * east, 0.2 * 4.0 * 5.0 + 1.0);
}

#[test]
fn weights_are_the_shares_of_answers_and_what_is_missing_is_counted() {
    let topology = named("weighted: { east: 3, west: 1 }, ttl: 1s, resolvers: 100");
    let rest = "duration: 1000s\nload: { users: { rate: 500/s } }
faults: [ { at: 500s, for: 100s, dns: { name: service } }, { at: 800s, dns: { name: service, mode: timeout } } ]";
    let metrics = [
        "answer-share of answer service -> east >= 0 between 10s and 500s",
        "stale-answers of name service >= 0 between 10s and 500s",
        "unresolved of service >= 0 between 502s and 600s",
        "arrival-rate of users >= 0/s between 502s and 600s",
        "unresolved of service >= 0 between 700s and 800s",
        "unresolved of service >= 0 between 805s and 1000s",
        "arrival-rate of users >= 0/s between 805s and 1000s",
    ];
    let [east, stale, missing, arrived, well, unanswered, asked] = measured(&topology, rest, metrics);
    // About 100 resolvers draw once a second: 49,000 draws, each for a second's worth of requests.
    near(east, 0.75, 4.0 * (0.75 * 0.25 / 48_000.0f64).sqrt());
    near(stale, 0.0, 0.0);
    near(missing, arrived * 98.0, 0.5);
    near(well, 0.0, 0.0);
    near(unanswered, asked * 195.0, 0.5);
}
