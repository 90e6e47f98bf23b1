//! Reconnect storms, idle timeouts, sessions that grow old together, half-open connections.

use super::lesson;
use shakedown::outcome::{Outcome, SessionSlot};

fn pair(pathology: &str, twin: &str) -> (Outcome, Outcome) {
    (lesson(&format!("sessions/{pathology}")).1, lesson(&format!("sessions/{twin}")).1)
}

fn sum(outcome: &Outcome, of: impl Fn(&SessionSlot) -> u64) -> u64 {
    outcome.sessions.populations.iter().flat_map(|one| &one.slots).map(of).sum()
}

/// Users without a session at the end.
fn waiting(outcome: &Outcome) -> u64 {
    outcome.sessions.populations.iter().filter_map(|one| one.slots.last()).map(|slot| slot.waiting).sum()
}

#[test]
fn a_reconnect_storm_feeds_itself_and_jitter_with_backoff_prevents_it() {
    let (storm, spread) = pair("reconnect-storm", "reconnect-storm-jitter");
    assert!(waiting(&storm) > 10_000 && waiting(&spread) == 0);
    // The login service works all the time, for apps that have given up.
    let login = |outcome: &Outcome, of: fn(&shakedown::outcome::ComponentSlot) -> u64| -> u64 {
        outcome.components[1].slots.iter().map(of).sum()
    };
    assert!(login(&storm, |slot| slot.wasted) > login(&storm, |slot| slot.completed) / 2);
    assert_eq!(login(&spread, |slot| slot.wasted), 0);
}

#[test]
fn a_connect_limit_keeps_a_storm_from_feeding_itself() {
    let (storm, limited) = pair("reconnect-storm", "reconnect-storm-limited");
    assert!(waiting(&storm) > 10_000 && waiting(&limited) == 0);
    let wasted = limited.components[1].slots.iter().map(|slot| slot.wasted).sum::<u64>();
    assert_eq!(wasted, 0, "whoever is let in waits for the answer");
}

#[test]
fn a_flood_of_connects_keeps_everybody_out_unless_it_is_limited() {
    let (flood, limited) = pair("connect-flood", "connect-flood-limited");
    let late = |outcome: &Outcome| sum(outcome, |slot| slot.waiting_max);
    assert!(late(&flood) > 10 * late(&limited), "{} {}", late(&flood), late(&limited));
}

#[test]
fn a_drained_restart_makes_no_storm() {
    let (at_once, drained) = pair("rolling-restart", "rolling-restart-drained");
    assert!(sum(&at_once, |slot| slot.failed) > 4_000);
    assert_eq!(sum(&drained, |slot| slot.failed), 0);
    let moved = sum(&drained, |slot| slot.drained);
    assert!(moved >= 40_000 && moved == sum(&drained, |slot| slot.reconnects), "{moved}");
}

#[test]
fn heartbeats_slower_than_the_idle_timeout_lose_every_session_again_and_again() {
    let (slow, in_time) = pair("heartbeat-too-slow", "heartbeat-in-time");
    assert!(sum(&slow, |slot| slot.idle) > 10 * 20_000);
    assert_eq!(sum(&in_time, |slot| slot.idle), 0);
}

#[test]
fn sessions_of_one_age_end_together_and_spread_ages_do_not() {
    let (together, spread) = pair("same-birthday", "same-birthday-spread");
    assert_eq!(sum(&together, |slot| slot.waiting_max), 20_000);
    assert!(sum(&spread, |slot| slot.waiting_max) < 20);
}

#[test]
fn half_open_connections_are_noticed_by_heartbeats_only() {
    let (never, noticed) = pair("half-open", "half-open-heartbeats");
    assert_eq!(waiting(&never), 8000);
    assert_eq!(waiting(&noticed), 0);
}
