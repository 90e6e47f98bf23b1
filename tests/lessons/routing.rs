//! Names that resolvers keep for too long, and health checks that lie.

use super::{measured, twins};

#[test]
fn a_short_ttl_lets_users_follow_a_failover() {
    let metric = "availability of users > 0% during faults";
    let (without, with) = twins("health/stale-names.yaml", "health/stale-names-short-ttl.yaml", metric);
    assert!(with - without > 0.2, "{without} and {with}");
}

#[test]
fn nobody_stays_longer_than_the_life_of_an_answer() {
    let late = measured("health/stale-names.yaml", &["availability of users > 0% between 10m10s and 13m"]);
    assert_eq!(late[0], 1.0);
}

#[test]
fn checks_that_lie_hurt_only_those_who_believe_them_at_once() {
    let metric = "availability > 0% during faults";
    for twin in ["health/flapping-checks-fail-open.yaml", "health/flapping-checks-patient.yaml"] {
        let (without, with) = twins("health/flapping-checks.yaml", twin, metric);
        assert!(with - without > 0.3, "{twin}: {without} and {with}");
    }
}
