//! Replicas that come and go, and who gets requests.

use super::lesson;
use shakedown::run::diagnose;
use shakedown::sim::Flow;
use shakedown::verdict::measure;

/// What each expectation of a lesson measured.
fn values(name: &str) -> Vec<f64> {
    let (plan, outcome) = lesson(name);
    let value = |e: &shakedown::plan::Expectation| measure(&plan, e.metric, &e.scope, e.when, &outcome);
    plan.expectations.iter().map(|e| value(e).unwrap_or_else(|why| panic!("{name}: {why}"))).collect()
}

/// Pathology, twin, and by how much the availability that both files begin with is better in the twin.
const PAIRS: [(&str, &str, f64); 8] = [
    ("scaling/late", "scaling/late-headroom", 0.3),
    ("scaling/reclaimed", "scaling/reclaimed-notice", 0.001),
    ("scaling/quota", "scaling/quota-reserved", 0.3),
    ("health/cascade", "health/cascade-fail-open", 0.2),
    ("health/zone-loss", "health/zone-loss-spare", 0.2),
    ("health/blind", "health/blind-ejection", 0.2),
    ("health/mass-restart", "health/mass-restart-rolling", 0.2),
    ("health/crash-loop", "health/crash-loop-checked", 0.05),
];

#[test]
fn each_pathology_is_absent_from_its_twin() {
    for (pathology, twin, difference) in PAIRS {
        let (bad, good) = (values(pathology)[0], values(twin)[0]);
        assert!(good - bad > difference, "{pathology}: {bad}, {twin}: {good}");
    }
}

#[test]
fn the_loop_that_sustains_a_cascade_is_named_by_taking_it_away() {
    let (plan, mut cascade) = lesson("health/cascade");
    diagnose(&plan, &mut cascade, (0, None), &|_| Flow::Continue).unwrap();
    let recovery = cascade.recovery.as_ref().unwrap();
    assert!(recovery.sustained_by().contains(&"replicas taken out for their health"), "{recovery:?}");
}

#[test]
fn scaling_out_exhausts_a_database_only_behind_a_pooler_in_session_mode() {
    let (session, transaction) = (values("scaling/connections"), values("scaling/connections-transaction"));
    assert!(session[1] > 1000.0 && transaction[1] == 0.0);
    assert!(transaction[2] - session[2] > 0.3, "availability");
}

#[test]
fn a_window_for_scaling_in_ends_flapping() {
    let (flapping, calm) = (values("scaling/flapping"), values("scaling/flapping-stabilized"));
    assert!(flapping[0] > 10.0 * calm[0].max(1.0));
    assert!(calm[1] - flapping[1] > 0.05, "availability");
}
