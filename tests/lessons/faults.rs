//! Leaks, full disks, locks, clogged paths, damaged rows, and the loss of a zone.

use super::{lesson, twins};

fn pair(name: &str, protection: &str, metric: &str) -> (f64, f64) {
    twins(&format!("faults/{name}.yaml"), &format!("faults/{name}-{protection}.yaml"), metric)
}

#[test]
fn recycling_processes_keeps_a_leak_from_killing_them() {
    let (without, with) = pair("memory-leak", "recycled", "memory-kills of app >= 0");
    assert!(without >= 4.0 && with == 0.0, "{without} and {with}");
}

#[test]
fn retention_keeps_a_disk_from_filling_up() {
    let (without, with) = pair("disk-full", "retention", "availability of shoppers.buy > 0%");
    assert!(with - without > 0.2, "{without} and {with}");
}

#[test]
fn a_lock_takes_the_readers_with_it_unless_writers_give_up() {
    let (without, with) = pair("long-lock", "timeout", "availability of shoppers.browse > 0% during faults");
    assert!(with - without > 0.4, "{without} and {with}");
}

#[test]
fn a_burst_of_the_dead_is_dropped_or_served() {
    let (without, with) = pair("clogged", "expired", "availability of users > 0% between 82s and 110s");
    assert!(with - without > 0.7, "{without} and {with}");
}

#[test]
fn a_lost_zone_needs_spare_until_it_is_warm_again() {
    let (without, with) = pair("az-loss", "spare", "availability > 0% between 4m and 25m");
    assert!(with - without > 0.02, "{without} and {with}");
    // The recovery is part of the nemesis.
    let (plan, _) = lesson("faults/az-loss");
    let names: Vec<&str> = plan.faults.iter().map(|fault| fault.name.as_str()).collect();
    assert_eq!(names, ["az-loss: no power", "az-loss: cold return"]);
}

#[test]
fn checksums_turn_wrong_answers_into_reads_done_again() {
    let (without, with) = pair("silent-corruption", "checked", "wrong-rate of shoppers >= 0% during faults");
    assert!(without > 0.01 && with == 0.0, "{without} and {with}");
}
