//! Security as behaviour.

use super::twins;

#[test]
fn mitigation_saves_all_but_the_detection_lag() {
    let (without, with) = twins(
        "security/ddos.yaml",
        "security/ddos-mitigated.yaml",
        "availability of load shoppers < 1 between 7m and 15m",
    );
    assert!(without < 0.3 && with > 0.99, "{without} and {with}");
    let (without, with) = twins(
        "security/ddos.yaml",
        "security/ddos-mitigated.yaml",
        "availability of load shoppers < 1 between 5m and 5m40s",
    );
    assert!(without < 0.4 && with < 0.4, "the lag is lost either way: {without} and {with}");
}

#[test]
fn keys_that_are_kept_outlast_their_issuer() {
    let (without, with) = twins(
        "security/auth-outage.yaml",
        "security/auth-outage-keys-kept.yaml",
        "availability of users < 1 during faults",
    );
    assert!(without < 0.05 && with > 0.9, "{without} and {with}");
}

#[test]
fn an_expired_certificate_waits_for_the_next_restart() {
    let (without, with) = twins(
        "security/certificate-and-restart.yaml",
        "security/certificate-renewed-before-restart.yaml",
        "availability of users < 1 between 31m and 50m",
    );
    assert!(without < 0.01 && with > 0.99, "{without} and {with}");
}

#[test]
fn two_keys_at_once_make_a_rotation_nothing() {
    let (without, with) = twins(
        "security/key-rotation.yaml",
        "security/key-rotation-with-grace.yaml",
        "availability of users < 1 between 10m and 12m",
    );
    assert!(without < 0.3 && with > 0.999, "{without} and {with}");
}

#[test]
fn a_quota_for_each_key_hits_only_whoever_needs_it() {
    let (without, with) = twins(
        "security/shared-quota.yaml",
        "security/shared-quota-per-key.yaml",
        "goodput of customers < 1/s",
    );
    assert!(with > without + 30.0, "{without} and {with}");
}

#[test]
fn tokens_that_end_together_come_back_together() {
    let (without, with) = twins(
        "security/token-herd.yaml",
        "security/token-herd-spread.yaml",
        "availability of users < 1 between 30m and 31m",
    );
    assert!(without < 0.6 && with > 0.99, "{without} and {with}");
}

#[test]
fn an_outage_by_expiry_lasts_as_long_as_nobody_knows() {
    let (without, with) = twins(
        "security/certificate-expiry.yaml",
        "security/certificate-expiry-automated.yaml",
        "availability of users < 1 between 11m and 40m",
    );
    assert!(without <= 0.0 && with > 0.99, "{without} and {with}");
}

#[test]
fn a_gate_that_waits_for_its_scanner_loses_no_release() {
    let (without, with) = twins(
        "security/release-gates.yaml",
        "security/release-gates-patient.yaml",
        "availability of developers < 1 during faults",
    );
    assert!(without <= 0.0 && with > 0.6, "{without} and {with}");
}
