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
