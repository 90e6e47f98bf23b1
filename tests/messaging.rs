//! What brokers, consumers, schedules and the steps about messages promise, on small files.

use shakedown::outcome::{BrokerOutcome, BrokerSlot, MarkSlot, Outcome};
use shakedown::plan::resolve;
use shakedown::sim::{Flow, Options, simulate};
use shakedown::spec::{Catalogue, LoadOptions, load_text};

/// Runs a topology's body for some seconds with messages submitted by `web`.
fn run(topology: &str, scenario: &str) -> Outcome {
    let topology = format!("topology: t\n{topology}");
    let scenario = format!("scenario: s\ntopology: t.yaml\n{scenario}");
    let input = load_text(&scenario, &topology, &Catalogue::embedded(), &LoadOptions::default())
        .unwrap_or_else(|error| panic!("{:#?}", error.diags));
    let (plan, _) = resolve(&input).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let outcomes: Vec<Outcome> = [true, false]
        .into_iter()
        .map(|lanes| {
            let options = Options { lanes, ..Options::new(plan.seed) };
            simulate(&plan, &options, &mut |_| Flow::Continue).0
        })
        .collect();
    assert_eq!(outcomes[0].digest, outcomes[1].digest, "lanes change cost, never order");
    for check in &outcomes[0].conservation {
        assert!(check.holds(), "{check:?}");
    }
    outcomes.into_iter().next().expect("there are two")
}

fn broker<'o>(outcome: &'o Outcome, name: &str) -> &'o BrokerOutcome {
    outcome.messages.brokers.iter().find(|broker| broker.name == name).expect("the broker exists")
}

fn sum(outcome: &Outcome, name: &str, of: impl Fn(&BrokerSlot) -> u64) -> u64 {
    broker(outcome, name).slots.iter().map(of).sum()
}

fn mark(outcome: &Outcome, name: &str, of: impl Fn(&MarkSlot) -> u64) -> u64 {
    let mark = outcome.messages.marks.iter().find(|mark| mark.name == name).expect("the mark exists");
    mark.slots.iter().map(of).sum()
}

fn near(value: f64, expected: f64, share: f64) {
    assert!((value / expected - 1.0).abs() <= share, "{value} is not {expected} within {share}");
}

const ONE_QUEUE: &str = "
components:
  jobs: { broker: {} }
  worker: { consumes: { jobs: {} }, operations: { work: [ { compute: exponential(10ms) }, { mark: done } ] } }
clients: { web: { journeys: { submit: [ { publish: jobs } ] } } }
";

fn with(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

#[test]
fn a_queue_with_one_consumer_is_mm1_and_the_publisher_does_not_wait() {
    let outcome = run(ONE_QUEUE, "duration: 4000s\nwarm-up: 100s\nload: { web: { rate: 50/s } }");
    let slots = &broker(&outcome, "jobs").slots;
    let mean = slots.iter().map(|s| s.latency.mean().expect("messages")).sum::<f64>() / slots.len() as f64;
    near(mean, 20e6, 0.03);
    let area: u128 = slots.iter().map(|s| s.waiting_area).sum();
    near(area as f64 / 3900e9, 0.5, 0.06);
    assert_eq!(sum(&outcome, "jobs", |s| s.duplicates + s.redelivered), 0);
    assert_eq!(outcome.traffic[0].slots[0].latency.max(), 0);
    // A mark sees the whole flow: here the same.
    let marked = outcome.messages.marks[0].slots[0].latency.mean().expect("passes");
    near(marked, mean, 0.01);
}

#[test]
fn work_longer_than_the_visibility_timeout_is_done_again_and_again() {
    let slow = with(
        ONE_QUEUE,
        &[
            ("broker: {}", "broker: { visibility-timeout: 1s }"),
            ("jobs: {} }", "jobs: { concurrency: 100 } }"),
            ("compute: exponential(10ms)", "wait: 2500ms"),
        ],
    );
    let outcome = run(&slow, "duration: 100s\nload: { web: { rate: 2/s, arrivals: deterministic } }");
    // Handed out at 0 s, 1 s and 2 s, acknowledged never by the first receipt; each later receipt is the latest only at the end.
    assert!(sum(&outcome, "jobs", |s| s.duplicates) > 100, "{:?}", broker(&outcome, "jobs").slots);
    assert!(mark(&outcome, "done", |s| s.repeats) > 100);
    let longer = with(&slow, &[("visibility-timeout: 1s", "visibility-timeout: 3s")]);
    let outcome = run(&longer, "duration: 100s\nload: { web: { rate: 2/s, arrivals: deterministic } }");
    assert_eq!(sum(&outcome, "jobs", |s| s.duplicates + s.redelivered), 0);
    let kept = with(&slow, &[("concurrency: 100", "concurrency: 100, heartbeat: true")]);
    let outcome = run(&kept, "duration: 100s\nload: { web: { rate: 2/s, arrivals: deterministic } }");
    assert_eq!(sum(&outcome, "jobs", |s| s.duplicates + s.redelivered), 0);
}

#[test]
fn once_does_it_once_however_often_a_message_comes() {
    let twice = with(
        ONE_QUEUE,
        &[
            ("broker: {}", "broker: { duplicates: 20% }"),
            ("{ mark: done }", "{ mark: seen }, { once: { do: [ { mark: done } ] } }"),
        ],
    );
    let outcome = run(&twice, "duration: 200s\nload: { web: { rate: 20/s } }");
    let doubled = sum(&outcome, "jobs", |s| s.doubled);
    assert!((600..1000).contains(&doubled), "{doubled}");
    assert!(mark(&outcome, "seen", |s| s.repeats).abs_diff(doubled) <= 2);
    assert_eq!(mark(&outcome, "done", |s| s.repeats), 0);
    assert!(sum(&outcome, "jobs", |s| s.duplicates).abs_diff(doubled) <= 2);
}

#[test]
fn groups_go_one_at_a_time_and_in_order_while_others_pass() {
    let groups = "
entities: { customer: { population: 4 } }
components:
  jobs: { broker: { group: customer } }
  worker: { consumes: { jobs: { concurrency: unlimited } }, operations: { work: [ { compute: exponential(10ms) } ] } }
clients: { web: { journeys: { submit: [ { publish: jobs } ] } } }
";
    let outcome = run(groups, "duration: 2000s\nwarm-up: 50s\nload: { web: { rate: 200/s } }");
    // Each of the four groups is an M/M/1 queue at half load.
    let slots = &broker(&outcome, "jobs").slots;
    near(slots[0].latency.mean().expect("messages"), 20e6, 0.05);
    assert_eq!(sum(&outcome, "jobs", |s| s.out_of_order), 0);
}

#[test]
fn a_poisoned_message_blocks_its_group_until_it_is_given_up() {
    let topology = "
entities: { customer: { population: 1 } }
components:
  jobs: { broker: { group: customer, visibility-timeout: 5s, MAX } }
  dead: { broker: {} }
  worker: { consumes: { jobs: { } }, operations: { work: [ { compute: 1ms } ] } }
clients: { web: { journeys: { submit: [ { publish: jobs } ] } } }
";
    let scenario = "duration: 100500ms\nload: { web: { rate: 1/s, arrivals: deterministic } }
faults: [ { poison: { target: jobs, share: 100% }, at: 9500ms, for: 1s } ]";
    let protected = with(topology, &[("MAX", "max-receives: 3, dead-letter: dead")]);
    let outcome = run(&protected, scenario);
    assert_eq!(sum(&outcome, "jobs", |s| s.dead_letters), 1);
    assert_eq!(sum(&outcome, "dead", |s| s.published), 1);
    assert_eq!(sum(&outcome, "jobs", |s| s.acknowledged), 99);
    let blocked = run(&with(topology, &[(", MAX", "")]), scenario);
    assert_eq!(sum(&blocked, "jobs", |s| s.acknowledged), 9);
    assert_eq!(sum(&blocked, "jobs", |s| s.dead_letters), 0);
    let slots = &broker(&blocked, "jobs").slots;
    assert_eq!(slots.last().map(|slot| slot.oldest_max), Some(90_500_000_000));
}

#[test]
fn a_crashed_consumer_gives_its_messages_back_after_the_visibility_timeout() {
    let topology = with(
        ONE_QUEUE,
        &[("broker: {}", "broker: { visibility-timeout: 10s }"), ("compute: exponential(10ms)", "wait: 2s")],
    );
    let outcome = run(
        &topology,
        "duration: 60s\nload: { web: { rate: 0.1/s, arrivals: deterministic } }
faults: [ { crash: { target: worker }, at: 11s, for: 1s } ]",
    );
    // Published at 10 s, lost at 11 s, back at 20 s, done at 22 s.
    let slots = &broker(&outcome, "jobs").slots;
    assert_eq!(slots.iter().map(|slot| slot.latency.max()).max(), Some(12_000_000_000));
    assert_eq!(sum(&outcome, "jobs", |s| s.redelivered), 1);
    assert_eq!(sum(&outcome, "jobs", |s| s.duplicates), 0);
}

#[test]
fn an_acknowledgement_that_does_not_reach_the_broker_means_a_duplicate() {
    let topology = with(
        ONE_QUEUE,
        &[("broker: {}", "broker: { visibility-timeout: 10s }"), ("compute: exponential(10ms)", "wait: 2s")],
    );
    let outcome = run(
        &topology,
        "duration: 60s\nload: { web: { rate: 0.1/s, arrivals: deterministic } }
faults: [ { partition: { from: worker, to: jobs }, at: 11s, for: 2s } ]",
    );
    assert_eq!(sum(&outcome, "jobs", |s| s.acks_lost), 1);
    assert_eq!(sum(&outcome, "jobs", |s| s.duplicates), 1);
    assert_eq!(mark(&outcome, "done", |s| s.repeats), 1);
}

#[test]
fn a_backlog_drains_at_what_capacity_is_left() {
    let topology = with(ONE_QUEUE, &[("exponential(10ms)", "10ms")]);
    let outcome = run(
        &topology,
        "duration: 2000s\nwarm-up: 10s\nload: { web: { rate: 60/s } }
faults: [ { outage: { target: worker }, at: 500s, for: 200s } ]",
    );
    let drain = broker(&outcome, "jobs").drain.expect("a fault ended");
    near(drain.backlog as f64, 60.0 * 200.0, 0.03);
    let time = drain.time.expect("it drained").as_secs_f64();
    near(time, (drain.backlog - drain.usual) as f64 / 40.0, 0.03);
}

#[test]
fn a_broker_that_answers_with_errors_hands_nothing_out() {
    for mode in ["refuse", "error", "black-hole"] {
        let outcome = run(
            &with(ONE_QUEUE, &[("compute: exponential(10ms)", "wait: 1s")]),
            &format!(
                "duration: 45500ms\nload: {{ web: {{ rate: 10/s, arrivals: deterministic }} }}
faults: [ {{ outage: {{ target: jobs, mode: {mode} }}, at: 10050ms, for: 30s }} ]"
            ),
        );
        // Nine before, the one at work then, and five after.
        let passes = mark(&outcome, "done", |s| s.passes);
        assert!((14..=16).contains(&passes), "{mode}: {passes}");
    }
}

#[test]
fn topics_copy_to_every_queue_and_channels_to_whoever_is_up() {
    let topology = "
components:
  events: { broker: { topic: [mail, audit], delivery: 50ms } }
  mail: { broker: {} }
  audit: { broker: {} }
  channel: { broker: { ephemeral: true } }
  mailer: { consumes: { mail: {} }, operations: { send: [ { compute: 1ms } ] } }
  auditor: { consumes: { audit: {} }, operations: { note: [ { compute: 1ms } ] } }
  screen: { replicas: 3, consumes: { channel: {} }, operations: { show: [ { compute: 1ms }, { mark: shown } ] } }
clients: { web: { journeys: { submit: [ { publish: events }, { publish: channel } ] } } }
";
    let outcome = run(
        topology,
        "duration: 100090ms\nload: { web: { rate: 10/s, arrivals: deterministic } }
faults: [ { crash: { target: screen }, at: 50s, for: 10s } ]",
    );
    assert_eq!(sum(&outcome, "events", |s| s.published), 1000);
    assert_eq!(sum(&outcome, "mail", |s| s.published), 1000);
    assert_eq!(sum(&outcome, "audit", |s| s.acknowledged), 1000);
    assert_eq!(mark(&outcome, "shown", |s| s.passes), 3 * 900);
    assert!(sum(&outcome, "channel", |s| s.lost) >= 100);
}

#[test]
fn a_full_broker_refuses_or_drops() {
    let full = |word: &str| {
        let room = format!("broker: {{ capacity: 10, full: {word} }}");
        let topology = with(ONE_QUEUE, &[("broker: {}", &room), ("exponential(10ms)", "1s")]);
        run(&topology, "duration: 100s\nload: { web: { rate: 10/s, arrivals: deterministic } }")
    };
    let rejected = full("reject");
    assert!(sum(&rejected, "jobs", |s| s.refused) > 880);
    assert!(rejected.traffic[0].slots[0].errors.values().sum::<u64>() > 880);
    for word in ["drop-oldest", "drop-newest"] {
        let dropped = full(word);
        assert!(sum(&dropped, "jobs", |s| s.lost) > 880, "{word}");
        assert_eq!(dropped.traffic[0].slots[0].errors.values().sum::<u64>(), 0);
        let age = broker(&dropped, "jobs").slots[0].latency.max();
        assert_eq!(age < 3_000_000_000, word == "drop-oldest", "{word}: {age}");
    }
}

#[test]
fn messages_expire_and_dead_letters_are_driven_back() {
    let topology = "
components:
  jobs: { broker: { max-receives: 1, visibility-timeout: 1s, dead-letter: dead } }
  dead: { broker: { retention: 40s } }
  worker:
    consumes: { jobs: { backoff: none } }
    calls: { api: { } }
    operations: { work: [ { call: api.take } ] }
  api: { operations: { take: [ { compute: 1ms } ] } }
  operator: { schedules: { repair: { at: [60s] } }, operations: { repair: [ { redrive: dead } ] } }
clients: { web: { journeys: { submit: [ { publish: jobs } ] } } }
";
    let outcome = run(
        topology,
        "duration: 100500ms\nload: { web: { rate: 1/s, arrivals: deterministic } }
faults: [ { outage: { target: api }, at: 9500ms, for: 41s } ]",
    );
    assert_eq!(sum(&outcome, "jobs", |s| s.dead_letters), 41);
    // Given up from 10 s to 50 s; those before 20 s are too old at 60 s.
    assert_eq!(sum(&outcome, "dead", |s| s.expired), 11);
    assert_eq!(sum(&outcome, "dead", |s| s.redriven), 30);
    assert_eq!(sum(&outcome, "jobs", |s| s.acknowledged), 100 - 11);
}

#[test]
fn batches_are_worked_off_one_after_the_other() {
    let batch = |whole: bool| {
        let consumer =
            format!("jobs: {{ batch: 5, batch-wait: 10s, whole-batch: {whole}, backoff: fixed(1s) }}");
        let topology = with(
            ONE_QUEUE,
            &[
                ("jobs: {} }", &format!("{consumer} }}")),
                ("exponential(10ms)", "10ms"),
                ("{ mark: done }", "{ mark: done }, { fail: 10% }"),
            ],
        );
        run(&topology, "duration: 1000s\nload: { web: { rate: 1/s, arrivals: deterministic } }")
    };
    let (alone, whole) = (batch(false), batch(true));
    assert_eq!(sum(&alone, "jobs", |s| s.duplicates), 0);
    assert!(sum(&whole, "jobs", |s| s.duplicates) > 50);
    let waited = broker(&alone, "jobs").slots[0].latency.mean().expect("messages");
    assert!((1.5e9..4e9).contains(&waited), "a batch of five fills in four seconds: {waited}");
}

#[test]
fn schedules_run_skip_queue_and_make_up_for_what_they_missed() {
    let counts = |settings: &str, work: &str| {
        let topology = format!(
            "components: {{ box: {{ schedules: {{ tick: {{ every: 10s, {settings} }} }}, operations: {{ tick: [ {{ wait: {work} }}, {{ mark: ran }} ] }} }} }}
clients: {{ web: {{ journeys: {{ look: [ {{ wait: 1ms }} ] }} }} }}"
        );
        let scenario = "duration: 205s\nload: { web: { rate: 1/s } }
faults: [ { crash: { target: box }, at: 95s, for: 30s } ]";
        let outcome = run(&topology, scenario);
        let slots = &broker(&outcome, "box.tick").slots;
        let add = |of: fn(&BrokerSlot) -> u64| slots.iter().map(of).sum::<u64>();
        (add(|s| s.published), add(|s| s.skipped), add(|s| s.missed), mark(&outcome, "ran", |s| s.passes))
    };
    // Due at 10, 20, .. 200 s; 100, 110 and 120 s fall into the crash.
    assert_eq!(counts("overlap: allow", "1s"), (17, 0, 3, 17));
    assert_eq!(counts("missed: once", "1s"), (18, 0, 2, 18));
    assert_eq!(counts("missed: all", "1s"), (20, 0, 0, 20));
    let (started, skipped, ..) = counts("overlap: skip", "15s");
    assert!(skipped >= 6 && started + skipped == 17, "{started} {skipped}");
    let (started, skipped, missed, ran) = counts("overlap: queue", "15s");
    assert_eq!((started, skipped, missed), (17, 0, 3));
    assert!(ran < 14);
}

#[test]
fn a_stuck_run_is_stopped_and_tried_again() {
    let topology = "
components: { box: { schedules: { tick: { every: 100s, timeout: 5s, attempts: 3, backoff: fixed(1s) } }, operations: { tick: [ { compute: 1s }, { mark: ran } ] } } }
clients: { web: { journeys: { look: [ { wait: 1ms } ] } } }";
    let outcome = run(
        topology,
        "duration: 450s\nload: { web: { rate: 1/s } }
faults: [ { poison: { target: box.tick, share: 100%, hangs: true }, at: 150s, for: 100s }, { lost-timers: { target: box }, at: 350s, for: 100s } ]",
    );
    assert_eq!(sum(&outcome, "box.tick", |s| s.dead_letters), 1);
    assert_eq!(sum(&outcome, "box.tick", |s| s.failures), 3);
    assert_eq!(sum(&outcome, "box.tick", |s| s.missed), 1);
    assert_eq!(mark(&outcome, "ran", |s| s.passes), 2);
}

#[test]
fn a_retried_step_is_tried_so_often_and_no_more() {
    let topology = "
components: { box: { operations: { go: [ { retry: { attempts: 3, backoff: fixed(1s), do: [ { mark: tried }, { fail: 50% } ] } } ] } } }
clients: { web: { journeys: { look: [ { call: box } ] } } }";
    let outcome = run(topology, "duration: 10000s\nload: { web: { rate: 1/s, arrivals: deterministic } }");
    let failed = outcome.traffic[0].slots[0].errors.values().sum::<u64>();
    near(failed as f64, 10_000.0 / 8.0, 0.1);
    near(mark(&outcome, "tried", |s| s.passes) as f64, 10_000.0 * 1.75, 0.03);
    assert_eq!(outcome.traffic[0].slots[0].latency.max(), 2_000_000_000);
}

#[test]
fn misdelivery_doubles_and_delays() {
    let outcome = run(
        ONE_QUEUE,
        "duration: 1000s\nload: { web: { rate: 20/s } }
faults: [ { misdelivery: { target: jobs, duplicates: 10%, late: 5%, by: 30s }, at: 0s } ]",
    );
    near(sum(&outcome, "jobs", |s| s.doubled) as f64, 2000.0, 0.1);
    near(sum(&outcome, "jobs", |s| s.out_of_order) as f64, 1100.0, 0.15);
}

#[test]
fn a_forgetful_broker_loses_what_it_kept_when_it_is_down() {
    let forgets =
        with(ONE_QUEUE, &[("broker: {}", "broker: { durable: false }"), ("exponential(10ms)", "10s")]);
    let scenario = "duration: 100s\nload: { web: { rate: 1/s, arrivals: deterministic } }
faults: [ { crash: { target: jobs }, at: 50500ms, for: 1s } ]";
    let outcome = run(&forgets, scenario);
    assert_eq!(sum(&outcome, "jobs", |s| s.lost), 46);
    let keeps = with(&forgets, &[("durable: false", "durable: true")]);
    assert_eq!(sum(&run(&keeps, scenario), "jobs", |s| s.lost), 0);
}

#[test]
fn a_publisher_that_tries_again_makes_a_second_message_unless_the_broker_knows() {
    let retried = |broker: &str| {
        let topology = format!(
            "
components:
  jobs: {{ broker: {{ {broker} }}, operations: {{ publish: [ {{ wait: exponential(50ms) }} ] }} }}
  worker: {{ consumes: {{ jobs: {{}} }}, operations: {{ work: [ {{ compute: 1ms }}, {{ mark: done }} ] }} }}
clients: {{ web: {{ calls: {{ jobs: {{ timeout: 100ms, retry: {{ attempts: 3 }} }} }}, journeys: {{ submit: [ {{ publish: jobs }} ] }} }} }}
"
        );
        run(&topology, "duration: 500s\nload: { web: { rate: 10/s } }")
    };
    assert!(mark(&retried(""), "done", |s| s.repeats) > 300);
    assert_eq!(mark(&retried("deduplicate: 5m"), "done", |s| s.repeats), 0);
}

#[test]
fn consumers_can_be_scaled_by_their_backlog() {
    let scaled = |replicas: &str| {
        let consumer = format!("worker: {{ replicas: {replicas}, ");
        let topology = with(ONE_QUEUE, &[("worker: { ", &consumer), ("exponential(10ms)", "100ms")]);
        run(&topology, "duration: 1800s\nload: { web: { rate: 50/s } }")
    };
    // One replica does 10/s: it is overrun, and six or more are needed.
    assert!(sum(&scaled("1"), "jobs", |s| s.waiting) > 60_000);
    let tracked = scaled("{ min: 1, max: 20, metric-period: 30s, track: { backlog: 10 } }");
    assert!(sum(&tracked, "jobs", |s| s.waiting) < 2_000);
}

#[test]
fn what_is_redriven_is_no_duplicate_of_itself() {
    let topology = "
components:
  jobs: { broker: { deduplicate: 1h, visibility-timeout: 1s, max-receives: 1, dead-letter: dead } }
  dead: { broker: {} }
  worker:
    consumes: { jobs: { operation: work, backoff: none } }
    schedules: { repair: { at: [ 30s ], operation: repair } }
    operations: { work: [ { compute: 10ms } ], repair: [ { redrive: dead } ] }
clients: { web: { journeys: { submit: [ { publish: jobs } ] } } }
";
    let scenario = "duration: 60s
load: { web: { rate: 10/s } }
faults: [ { at: 5s, for: 10s, poison: { target: jobs, share: 100%, takes: 1ms } }, { at: 20s, for: 1h, outage: { target: jobs } } ]
";
    let outcome = run(topology, scenario);
    let dead = sum(&outcome, "dead", |slot| slot.published);
    assert!(dead > 80, "{dead}");
    assert_eq!(sum(&outcome, "dead", |slot| slot.redriven), dead);
    assert_eq!(sum(&outcome, "jobs", |slot| slot.deduplicated), 0, "nobody has published anything twice");
}

#[test]
fn second_copies_need_room_too() {
    let topology = with(ONE_QUEUE, &[("broker: {}", "broker: { capacity: 5, duplicates: 100% }")]);
    let scenario =
        "duration: 60s\nload: { web: { rate: 10/s } }\nfaults: [ { at: 0s, pause: { target: worker } } ]";
    let outcome = run(&topology, scenario);
    let most = broker(&outcome, "jobs").slots.iter().map(|slot| slot.waiting_max).max();
    assert_eq!((most, sum(&outcome, "jobs", |s| s.doubled)), (Some(5), 2));
}

/// A message a second is worked on for 900 ms, and from the middle of one on nothing passes to the broker.
#[test]
fn an_acknowledgement_is_held_up_with_everything_else_on_its_path() {
    let acknowledged = |visibility: &str, duration: &str| {
        let topology = with(
            ONE_QUEUE,
            &[
                ("jobs: {} }", &format!("jobs: {{ visibility-timeout: {visibility} }} }}")),
                ("compute: exponential(10ms)", "wait: 900ms"),
            ],
        );
        let scenario = format!(
            "duration: {duration}\nload: {{ web: {{ rate: 1/s, arrivals: deterministic }} }}
faults: [ {{ at: 30500ms, for: 30s, hold: {{ from: worker, to: jobs, one-way: true }} }} ]"
        );
        let outcome = run(&topology, &scenario);
        let of = |count: fn(&BrokerSlot) -> u64| sum(&outcome, "jobs", count);
        (of(|s| s.acknowledged), of(|s| s.duplicates), of(|s| s.acks_lost))
    };
    let (before, ..) = acknowledged("10m", "30600ms");
    assert_eq!(acknowledged("10m", "60s"), (before, 0, 0), "nothing is heard while it lasts");
    let (all, again, lost) = acknowledged("10m", "600s");
    assert!(all > before + 500, "the backlog is worked off: {all}");
    assert_eq!((again, lost), (0, 0), "and what was held up is heard");
    assert_eq!(acknowledged("5s", "600s").1, 1, "too late to be of use");
}
