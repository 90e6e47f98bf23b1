//! Lessons on brokers, consumers and schedules.

use super::lesson;
use shakedown::outcome::{BrokerSlot, MarkSlot, Outcome};

/// A sum over one broker's slots.
fn broker(outcome: &Outcome, name: &str, of: impl Fn(&BrokerSlot) -> u64) -> u64 {
    let broker =
        outcome.messages.brokers.iter().find(|broker| broker.name == name).expect("the broker exists");
    broker.slots.iter().map(of).sum()
}

fn mark(outcome: &Outcome, name: &str, of: impl Fn(&MarkSlot) -> u64) -> u64 {
    let mark = outcome.messages.marks.iter().find(|mark| mark.name == name).expect("the mark exists");
    mark.slots.iter().map(of).sum()
}

fn drain_secs(outcome: &Outcome, name: &str) -> f64 {
    let broker =
        outcome.messages.brokers.iter().find(|broker| broker.name == name).expect("the broker exists");
    broker.drain.and_then(|drain| drain.time).map_or(f64::INFINITY, |time| time.as_secs_f64())
}

#[test]
fn a_poison_message_blocks_its_group_unless_it_is_given_up() {
    let (without, with) =
        (lesson("brokers/poison-message").1, lesson("brokers/poison-message-dead-letter").1);
    let done = |outcome: &Outcome| broker(outcome, "orders", |s| s.acknowledged);
    assert!(done(&with) > done(&without) + 1000, "{} {}", done(&with), done(&without));
}

#[test]
fn a_visibility_timeout_shorter_than_the_work_multiplies_it() {
    let (short, long) =
        (lesson("brokers/visibility-too-short").1, lesson("brokers/visibility-long-enough").1);
    let receives = |outcome: &Outcome| broker(outcome, "orders", |s| s.receives);
    assert!(receives(&short) > receives(&long) + 1000, "{} {}", receives(&short), receives(&long));
}

#[test]
fn spare_capacity_decides_how_long_an_outage_is_felt() {
    let plain = lesson("brokers/consumer-outage").1;
    let newest = lesson("brokers/consumer-outage-newest-first").1;
    let more = lesson("brokers/consumer-outage-more-consumers").1;
    assert!(drain_secs(&more, "orders") * 3.0 < drain_secs(&plain, "orders"));
    assert!((drain_secs(&newest, "orders") / drain_secs(&plain, "orders") - 1.0).abs() < 0.1);
}

#[test]
fn an_order_is_charged_twice_unless_it_is_charged_once() {
    let (twice, once) = (lesson("brokers/charged-twice").1, lesson("brokers/charged-twice-once").1);
    assert!(mark(&twice, "charged", |s| s.repeats) > 0);
    assert_eq!(mark(&once, "charged", |s| s.repeats), 0);
    let came_twice = |outcome: &Outcome| broker(outcome, "orders", |s| s.duplicates);
    assert!(came_twice(&once) > came_twice(&twice) / 2);
}

#[test]
fn retried_webhooks_flood_unless_their_sender_is_limited() {
    let (flood, limited) = (lesson("brokers/webhook-flood").1, lesson("brokers/webhook-flood-limited").1);
    assert!(drain_secs(&flood, "store") > 600.0);
    assert!(drain_secs(&limited, "store") < 300.0);
}

#[test]
fn jobs_by_the_clock_push_others_out_unless_they_are_spread() {
    let (herd, spread) = (lesson("brokers/cron-herd").1, lesson("brokers/cron-herd-spread").1);
    let failed = |outcome: &Outcome| -> u64 {
        outcome.traffic[0].slots.iter().map(|slot| slot.errors.values().sum::<u64>()).sum()
    };
    assert!(failed(&herd) > 10 * failed(&spread) + 100, "{} {}", failed(&herd), failed(&spread));
}
