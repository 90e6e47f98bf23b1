//! Good input becomes the plan it describes.

use super::fixture::{CALM, SHOP, plan, warned};
use crate::dist::Law;
use crate::plan::*;
use crate::units::{SimSpan, SimTime};

const MS: f64 = 1e6;

#[test]
fn a_minimal_model_gets_every_default() {
    let plan = plan(SHOP, CALM);
    assert_eq!((plan.scenario.as_str(), plan.topology.as_str(), plan.seed), ("calm", "shop", 1));
    assert_eq!(
        (plan.duration, plan.warm_up, plan.window),
        (SimSpan::from_secs(600), SimSpan::ZERO, SimSpan::from_secs(5))
    );
    assert_eq!((plan.events_max, plan.in_system_max), (2_000_000_000, 1_000_000));
    assert_eq!(plan.service_level.hold, SimSpan::from_secs(15));
    assert_eq!(plan.places, [Place { name: "here".to_owned(), zones: 1 }]);
    let web = &plan.components[0];
    assert_eq!((web.kind.as_str(), web.replicas, web.speed), ("core/service", 1, 1.0));
    assert_eq!(web.holding, Holding::Threads { per_replica: Some(16), cores: None });
    assert_eq!(web.queue, Queue::default());
    assert!(web.operations[0].idempotent);
    let [policy] = plan.policies.as_slice() else { panic!("one caller, one target: {:?}", plan.policies) };
    assert_eq!(policy.name, "shoppers -> web");
    assert_eq!((policy.retry.attempts_max, policy.balancing), (1, Balancing::RoundRobin));
    assert_eq!((policy.attempt_timeout, policy.on_failure), (None, OnFailure::Fail));
    assert_eq!(policy.retry.on.len(), 12, "all but what trying again cannot mend");
    let Source::Open { gaps, curve } = &plan.workloads[0].source else { panic!("open") };
    assert_eq!(*gaps, Law::Exponential { mean: 1.0 });
    assert_eq!(curve.points, [(SimTime::ZERO, 100.0)]);
}

/// The reference web application of the benchmarks.
const REFERENCE: &str = "
topology: reference
entities: { product: { population: 10k, popularity: zipf(0.9) } }
components:
  gateway:
    threads: 16
    operations:
      get: [{ compute: exponential(2ms) }, { call: app.get }]
  app:
    threads: 40
    calls:
      db.read: { pool: 20 }
    operations:
      get:
        - compute: lognormal(mean 20ms sigma 0.6)
        - call: cache
        - choose: [{ share: 20%, do: [{ read: db.products }] }]
  cache:
    operations: { get: [{ wait: 1ms }] }
  db:
    connections: 20
    store: { datasets: { products: {} } }
    operations: { read: [{ compute: exponential(8ms) }] }
clients:
  web:
    calls:
      gateway: { timeout: 500ms, retry: { attempts: 3, backoff: full-jitter(50ms 1s), budget: 10% } }
    journeys:
      page: [{ call: gateway.get }]
";
const STEADY: &str = "
scenario: steady
topology: reference.yaml
duration: 600s
warm-up: 60s
load: { web: { rate: 1000/s } }
";

#[test]
fn the_reference_application_resolves_to_what_it_says() {
    let plan = plan(REFERENCE, STEADY);
    let names: Vec<&str> = plan.policies.iter().map(|policy| policy.name.as_str()).collect();
    assert_eq!(names, ["gateway -> app", "app -> cache", "app -> db.read", "web -> gateway"]);
    assert_eq!(plan.policies[2].pool.as_ref().map(|pool| pool.size), Some(20));
    let web = &plan.policies[3];
    assert_eq!(web.attempt_timeout, Some(SimSpan::from_millis(500)));
    assert_eq!(web.retry.attempts_max, 3);
    let rule = BudgetRule::Ratio { ratio: 0.1, window: SimSpan::from_secs(10), min_per_sec: 0.0 };
    assert_eq!(web.retry.budget, Some(RetryBudget { owner: 3, rule, scope: BudgetScope::Component }));
    let app = &plan.components[1].operations[0].steps;
    let Step::Choose { branches, salt } = &app[2] else { panic!("{:?}", app[2]) };
    assert_eq!(salt, "get/choose#1");
    assert_eq!((branches.len(), branches[0].0, branches[1].0), (2, 0.2, 0.8));
    let Step::Call(read) = &branches[0].1[0] else { panic!("a read is a call") };
    assert_eq!((read.target, read.operation, read.policy), (3, 0, 2));
    assert_eq!(read.store, Some(StoreAccess { dataset: 0, is_write: false, if_unchanged: false }));
    let edges = plan.edges();
    assert_eq!(edges.len(), plan.policies.len());
    assert_eq!(edges[3], EdgeRef { policy: 3, caller: Caller::Client(0), target: 0 });
}

#[test]
fn what_an_entry_for_an_operation_leaves_out_comes_from_the_targets_and_then_from_client_defaults() {
    let topology = "
topology: t
components:
  app:
    calls:
      db: { timeout: 1s }
      db.write: { pool: 5 }
    operations:
      run: [{ call: db.read }, { call: db.list }, { call: db.write }]
  other:
    operations:
      run: [{ call: db.read }, { call: app.run }]
  db:
    client-defaults: { timeout: 9s, on-failure: degrade, priority: 2 }
    operations: { read: [], list: [], write: [] }
clients:
  users: { journeys: { go: [{ call: other.run }] } }
";
    let plan = plan(topology, &CALM.replace("shoppers", "users"));
    let got: Vec<_> = plan
        .policies
        .iter()
        .map(|policy| (policy.name.as_str(), policy.attempt_timeout, policy.pool.is_some(), policy.priority))
        .collect();
    let secs = |secs| Some(SimSpan::from_secs(secs));
    assert_eq!(
        got,
        [
            ("app -> db", secs(1), false, Some(2)),
            ("app -> db.write", secs(1), true, Some(2)),
            ("other -> db", secs(9), false, Some(2)),
            ("other -> app", None, false, None),
            ("users -> other", None, false, None),
        ]
    );
}

#[test]
fn calls_that_take_a_pool_or_budget_from_the_same_entry_share_it() {
    let topology = "
topology: t
components:
  app:
    calls:
      db: { pool: 5, retry: { attempts: 2, budget: 10% }, timeout: 1s }
      db.read: { timeout: 2s }
      db.list: { pool: 2, timeout: 3s }
      db.write: { retry: { attempts: 3, budget: 20% } }
    operations:
      run: [{ call: db.list }, { call: db.read }, { call: db.write }]
  db: { operations: { read: [], list: [], write: [], drop: [] } }
clients:
  users: { journeys: { go: [{ call: app.run }] } }
";
    let (plan, diags) = warned(topology, &CALM.replace("shoppers", "users"));
    assert_eq!(diags, [], "the entry for the target is used, if only by the others");
    let got: Vec<_> = plan.policies[..3]
        .iter()
        .map(|policy| {
            let pool = policy.pool.as_ref().map(|pool| (pool.size, pool.owner));
            let budget = policy.retry.budget.as_ref().map(|budget| budget.owner);
            (policy.name.as_str(), pool, policy.retry.attempts_max, budget)
        })
        .collect();
    assert_eq!(
        got,
        [
            ("app -> db.list", Some((2, 0)), 2, Some(0)),
            ("app -> db.read", Some((5, 1)), 2, Some(0)),
            ("app -> db.write", Some((5, 1)), 3, Some(2)),
        ]
    );
}

#[test]
fn caches_get_free_operations_only_if_a_step_needs_them() {
    let topology = "
topology: t
entities: { user: { population: 100 } }
components:
  redis:
    cache: { entries: 10, eviction: lfu }
    admission: [{ token-bucket: { rate: 10/s, burst: 5, costs: { get: 2 } } }]
    operations: { get: [{ compute: 1ms }] }
  app:
    operations:
      look: [{ cached: { in: redis, key: user, sliding-ttl: 5m, single-flight: true, miss: [{ compute: 1ms }] } }]
      drop: [{ invalidate: { in: redis, key: user } }]
clients: { users: { journeys: { go: [{ call: app.look }, { call: app.drop }] } } }
";
    let plan = plan(topology, &CALM.replace("shoppers", "users"));
    let redis = &plan.components[0];
    let operations: Vec<(&str, usize)> =
        redis.operations.iter().map(|operation| (operation.name.as_str(), operation.steps.len())).collect();
    assert_eq!(operations, [("get", 1), ("set", 0), ("delete", 0)]);
    let costs: Vec<_> = redis.admission[0].costs.iter().map(Amount::constant).collect();
    assert_eq!(costs, [Some(2.0), Some(1.0), Some(1.0)]);
    let Step::Cached(cached) = &plan.components[1].operations[0].steps[0] else { panic!("cached") };
    assert_eq!(cached.salt, "look/cached redis user#1");
    assert_eq!((cached.get.salt.as_str(), cached.get.operation), ("look/cached redis user#1/get", 0));
    assert_eq!((cached.set.operation, cached.ttl), (1, Ttl::Sliding(SimSpan::from_secs(300))));
    let Step::Remove(removal) = &plan.components[1].operations[1].steps[0] else { panic!("invalidate") };
    assert_eq!((removal.call.operation, removal.everywhere), (2, false));
}

#[test]
fn places_are_joined_by_links_and_every_place_by_itself() {
    let topology = "
topology: t
places: { east: {}, west: {} }
network:
  same-place: 1ms
  links:
    - { between: [east, west], latency: 30ms, loss: 1%, bandwidth: 100Mbit/s }
components:
  web: { place: east, operations: { get: [{ call: db }] } }
  db: { place: west, operations: { read: [] } }
clients: { users: { place: east, journeys: { go: [{ call: web }] } } }
";
    let plan = plan(topology, &CALM.replace("shoppers", "users"));
    let links: Vec<_> = plan.links.iter().map(|link| (link.from, link.to, link.latency.clone())).collect();
    let ms = |ms: f64| Some(Law::Constant(ms * MS));
    assert_eq!(links, [(0, 1, ms(30.0)), (1, 0, ms(30.0)), (0, 0, ms(1.0)), (1, 1, ms(1.0))]);
    assert_eq!((plan.links[0].bandwidth, plan.links[0].loss), (Some(12.5e6), 0.01));
    assert_eq!(plan.links[0].retransmit, SimSpan::from_millis(200));
}

#[test]
fn processor_sharing_is_unlimited_threads_over_one_core() {
    let cases = [
        (
            "queue: { discipline: processor-sharing }",
            Holding::Threads { per_replica: None, cores: Some(1.0) },
        ),
        (
            "queue: { discipline: processor-sharing }, cores: 2.5",
            Holding::Threads { per_replica: None, cores: Some(2.5) },
        ),
        ("async: true", Holding::Async { cores: 1 }),
        ("threads: 8, cores: 2", Holding::Threads { per_replica: Some(8), cores: Some(2.0) }),
        ("threads: unlimited", Holding::Threads { per_replica: None, cores: None }),
    ];
    for (keys, holding) in cases {
        let web = format!("  web: {{ {keys}, operations: {{ browse: [] }} }}");
        let topology = format!("topology: t\ncomponents:\n{web}\n{}", &SHOP[SHOP.find("clients").unwrap()..]);
        assert_eq!(plan(&topology, CALM).components[0].holding, holding, "{keys}");
    }
}

fn curve(rate: &str) -> RateCurve {
    let (plan, _) = warned(SHOP, &CALM.replace("100/s", rate));
    let Source::Open { curve, .. } = &plan.workloads[0].source else { panic!("open") };
    curve.clone()
}

#[test]
fn every_curve_becomes_points() {
    let at = |secs: u64| SimTime(secs * 1_000_000_000);
    assert_eq!(
        curve("{ points: [{ at: 10s, rate: 5/s }, { at: 20s, rate: 9/s }] }").points,
        [(at(0), 5.0), (at(10), 5.0), (at(20), 9.0)]
    );
    assert_eq!(
        curve("{ steps: [{ at: 0s, rate: 5/s }, { at: 20s, rate: 9/s }] }").points,
        [(at(0), 5.0), (at(20), 5.0), (at(20), 9.0)]
    );
    assert_eq!(curve("{ ramp: { from: 1/s, to: 3/s, over: 60s } }").points, [(at(0), 1.0), (at(60), 3.0)]);
    assert_eq!(
        curve("{ spike: { base: 1/s, peak: 9/s, at: 100s, for: 50s, ramp: 10s, after: 2/s } }").points,
        [(at(0), 1.0), (at(90), 1.0), (at(100), 9.0), (at(150), 9.0), (at(160), 2.0)]
    );
}

#[test]
fn a_wave_peaks_where_it_says_and_has_the_mean_it_says() {
    let wave = curve("{ diurnal: { mean: 10/s, swing: 50%, period: 288s, peak-at: 72s } }");
    assert_eq!((wave.points.len(), wave.period), (289, Some(SimSpan::from_secs(288))));
    assert!((wave.points[72].1 - 15.0).abs() < 1e-9, "the peak is at a quarter");
    assert!((wave.points[216].1 - 5.0).abs() < 1e-9, "the trough is opposite");
    let mean = wave.points[..288].iter().map(|(_, rate)| rate).sum::<f64>() / 288.0;
    assert!((mean - 10.0).abs() < 1e-9, "{mean}");
}

#[test]
fn gaps_of_any_law_are_scaled_to_a_mean_of_one() {
    let scenario = CALM.replace("rate: 100/s", "rate: 100/s, arrivals: erlang(4 3s)");
    let plan = plan(SHOP, &scenario);
    let Source::Open { gaps, .. } = &plan.workloads[0].source else { panic!("open") };
    assert_eq!(*gaps, Law::Erlang { stages: 4, mean: 1.0 });
}

#[test]
fn weights_of_journeys_become_probabilities() {
    let topology = SHOP.replace(
        "visit: [{ call: web.browse }]",
        "visit: { weight: 3, steps: [{ call: web.browse }] }\n      leave: []",
    );
    let plan = plan(&topology, CALM);
    let got: Vec<f64> = plan.clients[0].journeys.iter().map(|journey| journey.probability).collect();
    assert_eq!(got, [0.75, 0.25]);
}

#[test]
fn two_resolutions_of_one_input_are_equal() {
    let show = || format!("{:?}", plan(REFERENCE, STEADY));
    assert_eq!(show(), show());
}
