//! Brokers, consumers and schedules as files get them wrong.

use super::fixture::{CALM, SHOP, diags, plan, shown, warned};
use crate::diag::{Diag, Severity};
use crate::plan::*;

/// The shop with more components.
fn with(components: &str) -> String {
    SHOP.replace("components:\n", &format!("components:\n{components}\n"))
        .replace("browse: [{ compute: 5ms }]", "browse: [{ compute: 5ms }, { publish: jobs }]")
        .replace("topology: shop", "topology: shop\nentities: { item: { population: 5 } }")
}

/// Asserts that the one error is `CODE PLACE`.
#[track_caller]
fn assert_finds(topology: &str, scenario: &str, expected: &str) {
    let diags = diags(topology, scenario);
    let errors = diags.iter().filter(|diag| diag.severity == Severity::Error);
    let place = |diag: &Diag| diag.at.as_ref().map_or(String::new(), |at| at.file.clone());
    let found: Vec<String> = errors.map(|diag| format!("{} {}", diag.code, place(diag))).collect();
    assert_eq!(found, [expected], "{}", shown(&diags));
}

const FINE: &str = "
  jobs: { broker: { max-receives: 3, dead-letter: dead, group: item } }
  dead: { broker: {} }
  worker: { consumes: { jobs: { concurrency: 5, backoff: fixed(1s) } }, operations: { handle: [{ mark: done }] } }";

#[test]
fn a_queue_its_dead_letters_and_its_consumer_are_resolved() {
    let messaging = plan(&with(FINE), CALM).messaging;
    let names: Vec<&str> = messaging.brokers.iter().map(|broker| broker.name.as_str()).collect();
    assert_eq!(names, ["jobs", "dead"]);
    assert_eq!(messaging.brokers[0].dead_letter, Some(1));
    assert_eq!(messaging.consumers[0].concurrency, Some(5));
    assert_eq!(messaging.consumers[0].runs, Runs::One(0));
    assert_eq!(messaging.marks, ["done"]);
}

#[test]
fn schedules_come_after_all_queues_and_are_named_after_their_owner() {
    let components =
        format!("{FINE}\n  box: {{ schedules: {{ tick: {{ every: 5m }} }}, operations: {{ tick: [] }} }}");
    let messaging = plan(&with(&components), CALM).messaging;
    assert_eq!(messaging.brokers[2].name, "box.tick");
    assert_eq!(messaging.brokers[2].kind, BrokerKind::Schedule);
    assert_eq!(messaging.timers[0].broker, 2);
}

#[test]
fn each_mistake_is_found_where_it_is() {
    let cases = [
        (
            "broker: { max-receives: 3",
            "broker: { max-receives: 0",
            "E203 components/jobs/broker/max-receives",
        ),
        ("max-receives: 3, ", "", "E205 components/jobs/broker/dead-letter"),
        ("dead-letter: dead", "dead-letter: jobs", "E204 components/jobs/broker/dead-letter"),
        ("dead-letter: dead", "dead-letter: worker", "E213 components/jobs/broker/dead-letter"),
        ("dead-letter: dead", "dead-letter: dad", "E201 components/jobs/broker/dead-letter"),
        ("group: item", "group: itm", "E201 components/jobs/broker/group"),
        ("group: item", "group: item, order: lifo", "E204 components/jobs/broker/order"),
        ("group: item", "capacity: 0", "E203 components/jobs/broker/capacity"),
        ("group: item", "visibility-timeout: 0s", "E203 components/jobs/broker/visibility-timeout"),
        ("group: item", "redrive-rate: 0/s", "E203 components/jobs/broker/redrive-rate"),
        ("concurrency: 5", "concurrency: 0", "E203 components/worker/consumes/jobs/concurrency"),
        ("concurrency: 5", "batch: 0", "E203 components/worker/consumes/jobs/batch"),
        ("concurrency: 5", "operation: handl", "E201 components/worker/consumes/jobs/operation"),
        ("consumes: { jobs:", "consumes: { web:", "E213 components/worker/consumes/web"),
        (
            "dead: { broker: {} }",
            "dead: { broker: {} }\n  fan: { broker: { topic: [jobs], capacity: 5 } }",
            "E204 components/fan/broker/capacity",
        ),
        ("mark: done", "mark: a b", "E208 components/worker/operations/handle/0/mark"),
        ("[{ mark: done }]", "[{ publish: worker }]", "E213 components/worker/operations/handle/0/publish"),
        (
            "[{ mark: done }]",
            "[{ retry: { attempts: 0, do: [] } }]",
            "E203 components/worker/operations/handle/0/retry/attempts",
        ),
        (
            "[{ mark: done }]",
            "[{ once: { key: itm, do: [] } }]",
            "E201 components/worker/operations/handle/0/once/key",
        ),
        (
            "{ handle: [{ mark: done }] }",
            "{ handle: [], rest: [] }",
            "E212 components/web/operations/browse/1/publish",
        ),
    ];
    for (part, by, expected) in cases {
        assert!(FINE.contains(part), "{part}");
        assert_finds(&with(&FINE.replace(part, by)), CALM, expected);
    }
}

#[test]
fn a_schedule_says_when_exactly_once() {
    let schedule = |text: &str| {
        let broken =
            format!("{FINE}\n  box: {{ schedules: {{ tick: {{ {text} }} }}, operations: {{ tick: [] }} }}");
        with(&broken)
    };
    for (text, expected) in [
        ("", "E204 components/box/schedules/tick"),
        ("every: 5m, at: [1h]", "E204 components/box/schedules/tick"),
        ("every: 0s", "E203 components/box/schedules/tick/every"),
        ("every: 1ns", "E203 components/box/schedules/tick/every"),
        ("cron: '61 * * * *'", "E202 components/box/schedules/tick/cron"),
        ("at: [1h], first: 5m", "E204 components/box/schedules/tick/first"),
        ("every: 5m, operation: tock", "E201 components/box/schedules/tick/operation"),
        ("every: 5m, attempts: 0", "E203 components/box/schedules/tick/attempts"),
    ] {
        assert_finds(&schedule(text), CALM, expected);
    }
}

#[test]
fn a_queue_that_only_grows_is_warned_of() {
    let (_, warnings) = warned(&with("  jobs: { broker: {} }"), CALM);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(warnings[0].code, "W205");
}

#[test]
fn faults_of_brokers_need_what_they_hit() {
    for (fault, expected) in [
        ("poison: { target: jbs, share: 1% }", "E201 faults/0/poison/target"),
        ("poison: { target: jobs, share: 0% }", "E203 faults/0/poison/share"),
        ("poison: { target: jobs, share: 1%, takes: 1s, hangs: true }", "E204 faults/0/poison/takes"),
        ("misdelivery: { target: jobs }", "E205 faults/0/misdelivery"),
        ("misdelivery: { target: jobs, late: 5% }", "E205 faults/0/misdelivery"),
        ("broker-full: { target: jobs, share: 50% }", "E213 faults/0/broker-full/target"),
        ("lost-timers: { target: worker }", "E213 faults/0/lost-timers/target"),
    ] {
        let scenario = format!("{CALM}faults: [ {{ at: 1m, {fault} }} ]");
        assert_finds(&with(FINE), &scenario, expected);
    }
}

#[test]
fn a_retry_of_what_never_fails_to_it_is_warned_of() {
    let warnings = |rule: &str, steps: &str| {
        let components = format!(
            "{FINE}\n  gift: {{ operations: {{ wrap: [] }} }}
  pack: {{ calls: {{ gift: {{ {rule} }} }}, operations: {{ go: [{{ retry: {{ attempts: 3, do: {steps} }} }}] }} }}"
        );
        let (_, diags) = warned(&with(&components), CALM);
        let diags = diags.iter().filter(|diag| diag.message.contains("tried again"));
        diags.map(|diag| diag.code).collect::<Vec<_>>()
    };
    let call = "[{ call: gift.wrap }, { mark: wrapped }]";
    for rule in ["on-failure: degrade", "on-failure: continue"] {
        assert_eq!(warnings(rule, call), ["W205"], "{rule}");
    }
    assert!(warnings("timeout: 1s", call).is_empty());
    let either = "[{ choose: [{ share: 50%, do: [{ call: gift.wrap }] }] }]";
    assert_eq!(warnings("on-failure: degrade", either), ["W205"]);
    assert!(
        warnings("on-failure: degrade", "[{ call: gift.wrap }, { fail: 1% }]").is_empty(),
        "that may fail"
    );
}
