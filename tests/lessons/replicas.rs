//! Replicas that come and go, and who gets requests.

use super::Lesson;

/// Pathology, twin, and by how much the first expectation of the twin is better: both are
/// availabilities unless the pair says otherwise.
const PAIRS: [(&str, &str, f64); 9] = [
    ("scaling/late", "scaling/late-headroom", 0.3),
    ("scaling/reclaimed", "scaling/reclaimed-notice", 0.001),
    ("scaling/quota", "scaling/quota-reserved", 0.3),
    ("health/cascade", "health/cascade-fail-open", 0.2),
    ("health/zone-loss", "health/zone-loss-spare", 0.2),
    ("health/blind", "health/blind-ejection", 0.2),
    ("health/mass-restart", "health/mass-restart-rolling", 0.2),
    ("health/stale-names", "health/stale-names-short", 0.1),
    ("health/crash-loop", "health/crash-loop-checked", 0.05),
];

#[test]
fn each_pathology_is_absent_from_its_twin() {
    for (pathology, twin, difference) in PAIRS {
        let (bad, good) = (Lesson::run(pathology).value(0), Lesson::run(twin).value(0));
        assert!(good - bad > difference, "{pathology}: {bad}, {twin}: {good}");
    }
}

#[test]
fn scaling_out_exhausts_a_database_only_behind_a_pooler_in_session_mode() {
    let (session, transaction) =
        (Lesson::run("scaling/connections"), Lesson::run("scaling/connections-transaction"));
    assert!(session.value(1) > 1000.0 && transaction.value(1) == 0.0);
    assert!(transaction.value(2) - session.value(2) > 0.3, "availability");
}

#[test]
fn a_window_for_scaling_in_ends_flapping() {
    let (flapping, calm) = (Lesson::run("scaling/flapping"), Lesson::run("scaling/flapping-stabilized"));
    assert!(flapping.value(0) > 10.0 * calm.value(0).max(1.0));
    assert!(calm.value(1) - flapping.value(1) > 0.05, "availability");
}
