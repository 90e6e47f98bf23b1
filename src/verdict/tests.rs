//! Verdicts on an outcome whose numbers can be counted by hand.

use super::fixture::{at, outcome, plan};
use super::{Judgement, Verdict, judge, measure, worst};
use crate::outcome::*;
use crate::plan::*;
use crate::units::SimSpan;

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
        assert_eq!(during(Metric::Ledger(LedgerMetric::UnknownWrites), scope), 3.0);
    }
    let always = |metric| measured(metric, Scope::Component(0), When::Always);
    assert_eq!(always(Metric::Uptime), 0.875);
    assert_eq!(always(Metric::WaitRate), 0.2);
    assert_eq!(always(Metric::EntriesMean), 40.0);
    assert_eq!(always(Metric::InSystemQuantile(0.8)), 1.0);
    assert_eq!(always(Metric::InSystemQuantile(0.81)), 4.0);
    assert_eq!(always(Metric::InSystemAtLeast(2)), 0.2);
    assert_eq!(always(Metric::UpAtLeast(1)), 1.0);
    assert_eq!(always(Metric::UpAtLeast(2)), 0.75);
    assert_eq!(always(Metric::WaitSd), 0.0);
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
fn the_timeout_rate_counts_attempts_not_calls() {
    let mut out = outcome();
    for slot in out.edges.iter_mut().flat_map(|edge| &mut edge.slots) {
        *slot = EdgeSlot::default();
    }
    let slot = out.edges[0].slots.last_mut().unwrap();
    *slot =
        EdgeSlot { calls: 1, attempts: 3, timed_out: 2, answered_ok: 1, calls_ok: 1, ..EdgeSlot::default() };
    let read = |metric| measure(&plan(), metric, &Scope::Edge(0), When::Always, &out);
    assert_eq!((read(Metric::TimeoutRate), read(Metric::Availability)), (Ok(2.0 / 3.0), Ok(1.0)));
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
    assert!(reason(&judgement).contains("5 of 1000 requests"), "{judgement:?}");
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
    let judgement = judged(promise(0.99), &[out.clone(), outcome()]);
    assert_eq!(judgement.verdict, Verdict::Inconclusive);
    assert!(reason(&judgement).starts_with("in 1 of 2 replications: 300 of 1000"), "{judgement:?}");
    out.traffic[0].slots[3] = TrafficSlot { arrived: 500, open: 500, ..TrafficSlot::default() };
    let judgement = judged(promise(0.99), &[out]);
    assert!(reason(&judgement).contains("all 500 requests"), "{judgement:?}");
}

#[test]
fn goodput_counts_answers_to_what_arrived_and_hanging_requests_leave_it_in_doubt() {
    let mut out = outcome();
    out.traffic[0].slots[3].open = 300;
    out.traffic[0].slots[3].ok -= 300;
    let at_least = |target| {
        let promise =
            expect(Metric::Goodput, Scope::All, Comparison::GreaterOrEqual, target, When::AfterRecovery);
        judged(promise, std::slice::from_ref(&out))
    };
    assert_eq!(at_least(7.0).measured, Some(7.0), "700 of 1000 in 100 s");
    assert_eq!(at_least(7.0).verdict, Verdict::Pass);
    assert_eq!(at_least(9.0).verdict, Verdict::Inconclusive, "they might be answered yet");
    assert_eq!(at_least(11.0).verdict, Verdict::Fail);
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
    Incident { from: at(from), to: to.map(at), availability_min: 0.5, latency_p99_max: None, failed: 10 }
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
