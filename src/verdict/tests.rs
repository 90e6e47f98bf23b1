//! Verdicts on small made-up outcomes whose numbers can be counted by hand.

use super::{Judgement, Verdict, judge, worst};
use crate::dist::Law;
use crate::outcome::*;
use crate::plan::*;
use crate::stats::Histogram;
use crate::units::{SimSpan, SimTime};

const SEC: u64 = 1_000_000_000;

fn at(secs: u64) -> SimTime {
    SimTime(secs * SEC)
}

/// One client `web` with a journey `buy`, one component `db` in `here`, one policy between them.
fn plan() -> Plan {
    let queue = Queue { capacity: None, discipline: Discipline::Fifo, patience: None };
    let operation = |name: &str| Operation {
        name: name.into(),
        idempotent: false,
        request_bytes: None,
        response_bytes: None,
        steps: Vec::new(),
    };
    Plan {
        scenario: "s".into(),
        topology: "t".into(),
        environment: None,
        inputs: Vec::new(),
        seed: 1,
        duration: SimSpan::from_secs(400),
        warm_up: SimSpan::ZERO,
        window: SimSpan::from_secs(10),
        events_max: 1000,
        in_system_max: 1000,
        service_level: ServiceLevel { availability: 0.99, latency_p99: None, hold: SimSpan::from_secs(30) },
        entities: Vec::new(),
        places: vec![Place { name: "here".into() }],
        links: Vec::new(),
        components: vec![Component {
            name: "db".into(),
            kind: "core/service".into(),
            tags: Vec::new(),
            place: 0,
            replicas: 2,
            holding: Holding::Threads { per_replica: Some(5), cores: None },
            speed: 1.0,
            queue,
            admission: Vec::new(),
            connections_max: None,
            cache: None,
            store: None,
            operations: vec![operation("get"), operation("put")],
        }],
        clients: vec![Client {
            name: "web".into(),
            place: 0,
            journeys: vec![Journey { name: "buy".into(), probability: 1.0, steps: Vec::new() }],
        }],
        policies: Vec::new(),
        workloads: vec![Workload {
            name: "shoppers".into(),
            client: 0,
            source: Source::Closed { users: 1, think: Law::Constant(1.0) },
            batch: None,
            classes: Vec::new(),
        }],
        faults: Vec::new(),
        expectations: Vec::new(),
    }
}

fn slot(from: u64, to: u64, phase: Phase, recovered: bool) -> Slot {
    Slot { from: at(from), to: at(to), time: SimSpan::from_secs(to - from), phase, recovered }
}

fn latencies(count: u64, millis: u64) -> Histogram {
    let mut histogram = Histogram::default();
    (0..count).for_each(|_| histogram.record(millis * 1_000_000));
    histogram
}

/// 100 s each before, during, after and after recovery: 1000 requests in each
/// slot, of which 400 fail during the fault; answers take 100 ms, during it 900 ms.
fn outcome() -> Outcome {
    let slots = vec![
        slot(0, 100, Phase::Before, false),
        slot(100, 200, Phase::During, false),
        slot(200, 300, Phase::After, false),
        slot(300, 400, Phase::After, true),
    ];
    let traffic_slot = |slot: &Slot| {
        let failed = if slot.phase == Phase::During { 400 } else { 0 };
        let good = 1000 - failed;
        TrafficSlot {
            arrived: 1000,
            ok: good - 100,
            degraded: 100,
            errors: [(ErrorClass::Timeout, failed)].into(),
            latency: latencies(good, if failed > 0 { 900 } else { 100 }),
            ..TrafficSlot::default()
        }
    };
    let component_slot = |slot: &Slot| {
        let hurt = u64::from(slot.phase == Phase::During);
        ComponentSlot {
            arrived: 2000,
            completed: 2000 - 500 * hurt,
            shed: 200 * hurt,
            throttled: 100 * hurt,
            reneged: 100 * hurt,
            failed: 100 * hurt,
            wait: latencies(1500, 10),
            busy_area: u128::from(slot.time.0) * 5,
            capacity_area: u128::from(slot.time.0) * 10,
            queue_area: u128::from(slot.time.0) * 3,
            up_area: u128::from(slot.time.0) * if hurt == 1 { 1 } else { 2 },
            queue_max: 7 + hurt,
            cache: Some(CacheSlot { hits: 80, misses: 20, ..CacheSlot::default() }),
            store: Some(StoreSlot { unknown: 3 * hurt, ..StoreSlot::default() }),
            ..ComponentSlot::default()
        }
    };
    let sojourn = |count, millis| slots.iter().map(|_| latencies(count, millis)).collect();
    let operations = vec![
        OperationOutcome { name: "get".into(), sojourn: sojourn(3000, 20) },
        OperationOutcome { name: "put".into(), sojourn: sojourn(1000, 60) },
    ];
    let edge_slot = EdgeSlot {
        calls: 100,
        attempts: 150,
        answered_ok: 90,
        timed_out: 60,
        calls_ok: 90,
        ..EdgeSlot::default()
    };
    Outcome {
        schema: SCHEMA,
        engine: "0".into(),
        scenario: "s".into(),
        topology: "t".into(),
        environment: None,
        inputs: Vec::new(),
        seed: 1,
        duration: SimSpan::from_secs(400),
        warm_up: SimSpan::ZERO,
        ended_at: at(400),
        events: 1,
        digest: "0".into(),
        truncated: None,
        traffic: vec![Traffic {
            workload: "shoppers".into(),
            client: "web".into(),
            journey: "buy".into(),
            slots: slots.iter().map(traffic_slot).collect(),
        }],
        components: vec![ComponentOutcome {
            name: "db".into(),
            kind: "core/service".into(),
            place: "here".into(),
            replicas: 2,
            resource: Resource::Threads,
            operations,
            slots: slots.iter().map(component_slot).collect(),
        }],
        edges: vec![Edge {
            name: "web -> db".into(),
            caller: "web".into(),
            target: "db".into(),
            slots: vec![edge_slot; 4],
        }],
        slots,
        faults: Vec::new(),
        incidents: Vec::new(),
        blame: Vec::new(),
        windows: Windows::default(),
        conservation: Vec::new(),
    }
}

fn expect(metric: Metric, scope: Scope, comparison: Comparison, target: f64, when: When) -> Expectation {
    Expectation {
        text: "as written".into(),
        location: "s.yaml:7".into(),
        metric,
        scope,
        comparison,
        target,
        when,
    }
}

fn judged(expectation: Expectation, outcomes: &[Outcome]) -> Judgement {
    judge(&Plan { expectations: vec![expectation], ..plan() }, outcomes).remove(0)
}

fn measured(metric: Metric, scope: Scope, when: When) -> f64 {
    let judgement = judged(expect(metric, scope, Comparison::Less, 1e9, when), &[outcome()]);
    judgement.measured.unwrap_or_else(|| panic!("{metric:?}: {judgement:?}"))
}

fn reason(judgement: &Judgement) -> &str {
    judgement.reason.as_deref().unwrap_or_default()
}

#[test]
fn each_window_selects_its_part_of_the_run() {
    let availability = |when| measured(Metric::Availability, Scope::All, when);
    assert_eq!(availability(When::Always), 0.9);
    assert_eq!(availability(When::BeforeFaults), 1.0);
    assert_eq!(availability(When::DuringFaults), 0.6);
    assert_eq!(availability(When::OutsideFaults), 1.0);
    assert_eq!(availability(When::AfterFaults), 1.0);
    assert_eq!(availability(When::AfterRecovery), 1.0);
    assert_eq!(availability(When::Between(at(100), at(300))), 0.8);
    assert_eq!(availability(When::Between(at(50), at(200))), 0.6);
}

#[test]
fn users_metrics_are_as_defined_for_every_scope() {
    let always = |metric, scope| measured(metric, scope, When::Always);
    for scope in [Scope::All, Scope::Workload(0), Scope::Journey(0, 0)] {
        assert!((always(Metric::ErrorRate, scope.clone()) - 0.1).abs() < 1e-12);
        assert_eq!(always(Metric::DegradedRate, scope.clone()), 0.1);
        assert_eq!(always(Metric::Throughput, scope.clone()), 10.0);
        assert_eq!(always(Metric::Goodput, scope.clone()), 9.0);
        assert_eq!(always(Metric::ArrivalRate, scope.clone()), 10.0);
        assert_eq!(always(Metric::LatencyMax, scope.clone()), 0.9);
        let mean = (3000.0 * 0.1 + 600.0 * 0.9) / 3600.0;
        assert!((always(Metric::LatencyMean, scope.clone()) - mean).abs() < 1e-12);
        let p90 = always(Metric::LatencyQuantile(0.9), scope);
        assert!((p90 / 0.9 - 1.0).abs() < 0.016, "{p90}");
    }
}

#[test]
fn component_metrics_are_as_defined() {
    let during = |metric, scope| measured(metric, scope, When::DuringFaults);
    for scope in [Scope::Component(0), Scope::Place(0)] {
        assert_eq!(during(Metric::Availability, scope.clone()), 0.75);
        assert_eq!(during(Metric::ErrorRate, scope.clone()), 0.25);
        assert_eq!(during(Metric::RejectRate, scope.clone()), 0.15);
        assert_eq!(during(Metric::AbandonRate, scope.clone()), 0.05);
        assert_eq!(during(Metric::Throughput, scope.clone()), 16.0);
        assert_eq!(during(Metric::Goodput, scope.clone()), 15.0);
        assert_eq!(during(Metric::Utilization, scope.clone()), 0.5);
        assert_eq!(during(Metric::QueueMean, scope.clone()), 3.0);
        assert_eq!(during(Metric::QueueMax, scope.clone()), 8.0);
        assert_eq!(during(Metric::Uptime, scope.clone()), 0.5);
        assert_eq!(during(Metric::HitRatio, scope.clone()), 0.8);
        assert_eq!(during(Metric::UnknownWrites, scope), 3.0);
    }
    assert_eq!(measured(Metric::Uptime, Scope::Component(0), When::Always), 0.875);
    assert_eq!(during(Metric::LatencyMean, Scope::Component(0)), 0.03);
    assert_eq!(during(Metric::LatencyMean, Scope::Operation(0, 1)), 0.06);
    assert_eq!(during(Metric::WaitMean, Scope::Component(0)), 0.01);
}

#[test]
fn call_metrics_are_as_defined() {
    let always = |metric| measured(metric, Scope::Edge(0), When::Always);
    assert_eq!(always(Metric::Availability), 0.9);
    assert!((always(Metric::ErrorRate) - 0.1).abs() < 1e-12);
    assert_eq!(always(Metric::RetryAmplification), 1.5);
    assert_eq!(always(Metric::TimeoutRate), 0.4);
}

#[test]
fn every_comparison_includes_or_excludes_its_target() {
    let cases = [
        (Comparison::Less, [true, false, false]),
        (Comparison::LessOrEqual, [true, true, false]),
        (Comparison::Greater, [false, false, true]),
        (Comparison::GreaterOrEqual, [false, true, true]),
    ];
    for (comparison, kept) in cases {
        for (target, kept) in [8.0, 7.0, 6.0].into_iter().zip(kept) {
            let expectation =
                expect(Metric::QueueMax, Scope::Component(0), comparison, target, When::BeforeFaults);
            let verdict = if kept { Verdict::Pass } else { Verdict::Fail };
            assert_eq!(judged(expectation, &[outcome()]).verdict, verdict, "7 {comparison:?} {target}");
        }
    }
}

#[test]
fn without_requests_nothing_is_concluded() {
    let mut quiet = outcome();
    quiet.traffic[0].slots.fill(TrafficSlot::default());
    let metrics =
        [Metric::Availability, Metric::ErrorRate, Metric::LatencyMean, Metric::LatencyQuantile(0.5)];
    for metric in metrics {
        let expectation = expect(metric, Scope::Workload(0), Comparison::Less, 1.0, When::Always);
        let judgement = judged(expectation, &[quiet.clone()]);
        assert_eq!(judgement.verdict, Verdict::Inconclusive, "{metric:?}");
        assert!(reason(&judgement).contains("shoppers"), "{judgement:?}");
    }
}

#[test]
fn a_quantile_needs_ten_samples_beyond_it() {
    for (q, needed) in [(0.5, 20), (0.9, 100), (0.99, 1000), (0.999, 10_000), (0.01, 1000)] {
        assert_eq!(super::measure::samples_needed(q), needed, "{q}");
    }
    let expectation =
        expect(Metric::LatencyQuantile(0.999), Scope::All, Comparison::Less, 1.0, When::DuringFaults);
    let judgement = judged(expectation, &[outcome()]);
    assert_eq!(judgement.verdict, Verdict::Inconclusive);
    assert!(reason(&judgement).contains("p99.9 needs at least 10000"), "{judgement:?}");
}

#[test]
fn requests_in_progress_at_the_end_are_left_out_and_reported() {
    let mut out = outcome();
    out.traffic[0].slots[3].open = 5;
    out.traffic[0].slots[3].ok -= 5;
    let expectation =
        expect(Metric::Availability, Scope::All, Comparison::GreaterOrEqual, 1.0, When::AfterRecovery);
    let judgement = judged(expectation, &[out]);
    assert_eq!((judgement.verdict, judgement.measured), (Verdict::Pass, Some(1.0)));
    assert!(reason(&judgement).contains("5 requests in progress"), "{judgement:?}");
}

#[test]
fn many_hanging_requests_leave_a_share_in_doubt() {
    let mut out = outcome();
    out.traffic[0].slots[3].open = 300;
    out.traffic[0].slots[3].ok -= 300;
    let promise = |target| {
        expect(Metric::Availability, Scope::All, Comparison::GreaterOrEqual, target, When::AfterRecovery)
    };
    assert_eq!(judged(promise(0.99), std::slice::from_ref(&out)).verdict, Verdict::Inconclusive);
    assert_eq!(judged(promise(0.6), std::slice::from_ref(&out)).verdict, Verdict::Pass);
    out.traffic[0].slots[3] = TrafficSlot { arrived: 500, open: 500, ..TrafficSlot::default() };
    let judgement = judged(promise(0.99), &[out]);
    assert!(reason(&judgement).contains("all 500 requests"), "{judgement:?}");
}

#[test]
fn service_that_never_held_again_fails_every_promise_about_afterwards() {
    let mut out = outcome();
    out.slots[3].recovered = false;
    let promise =
        || expect(Metric::Availability, Scope::All, Comparison::GreaterOrEqual, 0.9, When::AfterRecovery);
    let judgement = judged(promise(), std::slice::from_ref(&out));
    assert_eq!(judgement.verdict, Verdict::Fail);
    assert!(reason(&judgement).starts_with("never recovered"), "{judgement:?}");

    out.slots.truncate(3);
    out.slots[2].time = SimSpan::from_secs(20);
    let judgement = judged(promise(), std::slice::from_ref(&out));
    assert_eq!(judgement.verdict, Verdict::Inconclusive);
    assert!(reason(&judgement).contains("must hold 30s"), "{judgement:?}");

    out.slots.truncate(2);
    let judgement = judged(promise(), &[out]);
    assert_eq!(judgement.verdict, Verdict::Inconclusive);
    assert!(reason(&judgement).contains("until the end"), "{judgement:?}");
}

fn incident(from: u64, to: Option<u64>) -> Incident {
    Incident {
        from: at(from),
        to: to.map(at),
        availability_min: 0.5,
        latency_p99_max: SimSpan::ZERO,
        failed: 10,
    }
}

#[test]
fn recovery_time_is_the_longest_incident_and_an_endless_one_fails() {
    let promise = || expect(Metric::RecoveryTime, Scope::All, Comparison::LessOrEqual, 60.0, When::Always);
    let with = |incidents: Vec<Incident>| judged(promise(), &[Outcome { incidents, ..outcome() }]);
    let none = with(Vec::new());
    assert_eq!((none.verdict, none.measured), (Verdict::Pass, Some(0.0)));
    let two = with(vec![incident(10, Some(40)), incident(100, Some(150))]);
    assert_eq!((two.verdict, two.measured), (Verdict::Pass, Some(50.0)));
    let long = with(vec![incident(10, Some(90))]);
    assert_eq!((long.verdict, long.measured), (Verdict::Fail, Some(80.0)));
    let endless = with(vec![incident(390, None)]);
    assert_eq!((endless.verdict, endless.measured), (Verdict::Fail, Some(10.0)));
    assert!(reason(&endless).contains("never recovered"), "{endless:?}");
}

#[test]
fn a_truncated_run_proves_only_what_is_broken_already() {
    let truncated = Some(Truncation { bound: Bound::EventsMax, limit: 1, at: at(400) });
    let out = Outcome { truncated, incidents: vec![incident(300, None)], ..outcome() };
    let verdict = |metric, target| {
        let expectation = expect(metric, Scope::All, Comparison::LessOrEqual, target, When::Always);
        judged(expectation, std::slice::from_ref(&out))
    };
    assert_eq!(verdict(Metric::ErrorRate, 0.2).verdict, Verdict::Inconclusive);
    assert_eq!(verdict(Metric::ErrorRate, 0.05).verdict, Verdict::Fail);
    assert_eq!(verdict(Metric::RecoveryTime, 120.0).verdict, Verdict::Inconclusive);
    assert_eq!(verdict(Metric::RecoveryTime, 90.0).verdict, Verdict::Fail);
    assert!(reason(&verdict(Metric::ErrorRate, 0.05)).contains("stopped early"));
}

/// Replications whose error rate is 0.1 plus a thousandth of each number.
fn replications(extra_failures: &[u64]) -> Vec<Outcome> {
    let replicate = |extra: &u64| {
        let mut out = outcome();
        out.traffic[0].slots[0].ok -= 4 * extra;
        out
    };
    extra_failures.iter().map(replicate).collect()
}

#[test]
fn several_replications_are_judged_by_their_interval() {
    // Error rates 0.101, 0.102, 0.103, 0.104, 0.105: mean 0.103, t(4) = 2.776.
    let several = replications(&[1, 2, 3, 4, 5]);
    let at_most =
        |target| expect(Metric::ErrorRate, Scope::All, Comparison::LessOrEqual, target, When::Always);
    let clear = judged(at_most(0.106), &several);
    assert_eq!(clear.verdict, Verdict::Pass);
    assert!((clear.measured.unwrap() - 0.103).abs() < 1e-9);
    let half_width = 2.776_445_105 * 0.0025f64.sqrt() * 0.001f64.sqrt() / 5f64.sqrt();
    assert!((clear.half_width.unwrap() - half_width).abs() < 1e-9, "{:?} {half_width}", clear.half_width);
    assert_eq!(judged(at_most(0.1), &several).verdict, Verdict::Fail);
    let straddling = judged(at_most(0.1035), &several);
    assert_eq!(straddling.verdict, Verdict::Inconclusive);
    assert!(reason(&straddling).contains("interval over 5 replications"), "{straddling:?}");
}

#[test]
fn one_replication_that_cannot_say_or_never_recovers_decides() {
    let mut several = replications(&[0, 0, 0]);
    several[1].traffic[0].slots.fill(TrafficSlot::default());
    let promise = expect(Metric::ErrorRate, Scope::All, Comparison::LessOrEqual, 0.5, When::Always);
    let judgement = judged(promise, &several);
    assert_eq!(judgement.verdict, Verdict::Inconclusive);
    assert!(reason(&judgement).starts_with("in 1 of 3 replications"), "{judgement:?}");

    several[2].incidents = vec![incident(100, None)];
    let promise = expect(Metric::RecoveryTime, Scope::All, Comparison::LessOrEqual, 500.0, When::Always);
    let judgement = judged(promise, &several);
    assert_eq!(judgement.verdict, Verdict::Fail);
    assert!(reason(&judgement).starts_with("in 1 of 3 replications: never recovered"), "{judgement:?}");
}

#[test]
fn the_worst_verdict_counts_and_no_promise_is_no_failure() {
    assert_eq!(worst(&[]), Verdict::Pass);
    let targets = [1e9, 0.0];
    let expectations: Vec<Expectation> = targets
        .into_iter()
        .map(|target| expect(Metric::QueueMax, Scope::Component(0), Comparison::Less, target, When::Always))
        .collect();
    let judgements = judge(&Plan { expectations, ..plan() }, &[outcome()]);
    assert_eq!(judgements[0].verdict, Verdict::Pass);
    assert_eq!(worst(&judgements), Verdict::Fail);
    assert_eq!(judgements[1].location, "s.yaml:7");
}

#[test]
fn a_metric_can_be_measured_without_a_promise() {
    let read = |metric, scope: &Scope| super::measure(&plan(), metric, scope, When::Always, &outcome());
    assert_eq!(read(Metric::Availability, &Scope::All), Ok(0.9));
    assert!(read(Metric::LatencyQuantile(0.999_99), &Scope::All).is_err());
    assert!(read(Metric::HitRatio, &Scope::All).is_err());
    assert!(read(Metric::RetryAmplification, &Scope::Component(0)).is_err());
    assert!(read(Metric::QueueMean, &Scope::Edge(0)).is_err());
}
