//! What sessions promise, on small files: closed forms where there are any.

use shakedown::outcome::{HubSlot, Outcome, SessionSlot};
use shakedown::plan::resolve;
use shakedown::sim::{Flow, Options, simulate};
use shakedown::spec::{Catalogue, LoadOptions, load_text};
use shakedown::stats::Histogram;

/// Runs a topology's body and a scenario's.
fn run(topology: &str, scenario: &str) -> Outcome {
    let topology = format!("topology: t\n{topology}");
    let scenario = format!("scenario: s\ntopology: t.yaml\n{scenario}");
    let input = load_text(&scenario, &topology, &Catalogue::embedded(), &LoadOptions::default())
        .unwrap_or_else(|error| panic!("{:#?}", error.diags));
    let (plan, _) = resolve(&input).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let outcomes = [true, false].map(|lanes| {
        let options = Options { lanes, ..Options::new(plan.seed) };
        simulate(&plan, &options, &mut |_| Flow::Continue).0
    });
    assert_eq!(outcomes[0].digest, outcomes[1].digest, "lanes change cost, never order");
    for check in &outcomes[0].conservation {
        assert!(check.holds(), "{check:?}");
    }
    let [outcome, _] = outcomes;
    assert!(outcome.truncated.is_none(), "{:?}", outcome.truncated);
    outcome
}

/// Users of `app`, and a hub they are connected to.
fn hub(rules: &str, connect: &str, client: &str) -> String {
    format!(
        "components:
  hub:
    sessions: {rules}
    operations: {{ connect: {connect} }}
clients:
  app: {{ sessions: {client} }}
"
    )
}

fn sum(outcome: &Outcome, of: impl Fn(&SessionSlot) -> u64) -> u64 {
    outcome.sessions.populations.iter().flat_map(|one| &one.slots).map(of).sum()
}

fn times(outcome: &Outcome, of: impl Fn(&SessionSlot) -> &Histogram) -> Histogram {
    let mut all = Histogram::default();
    outcome.sessions.populations.iter().flat_map(|one| &one.slots).for_each(|slot| all.merge(of(slot)));
    all
}

fn hub_sum(outcome: &Outcome, of: impl Fn(&HubSlot) -> u64) -> u64 {
    outcome.sessions.hubs.iter().flat_map(|one| &one.slots).map(of).sum()
}

fn open_mean(outcome: &Outcome) -> f64 {
    let slots = || outcome.sessions.populations.iter().flat_map(|one| &one.slots);
    let area: u128 = slots().map(|slot| slot.open_area).sum();
    let time: u64 = outcome.slots.iter().map(|slot| slot.time.0).sum();
    area as f64 / time as f64
}

fn near(value: f64, expected: f64, share: f64) {
    assert!((value / expected - 1.0).abs() <= share, "{value} is not {expected} within {share}");
}

#[test]
fn open_sessions_are_those_of_an_mg_infinity_queue() {
    let topology = hub("{}", "[]", "{ connect: hub.connect, stay: lognormal(mean 30s cv2 2) }");
    let scenario = "duration: 8h\nwarm-up: 10m\nwindow: 5m\nload: { app: { sessions: { rate: 20/s } } }";
    let outcome = run(&topology, scenario);
    // Mean 600, whatever the law of stays; the mean over the run has standard deviation
    // sqrt(2 · 600 · (E[S²] / 2 E[S]) / T) = sqrt(2 · 600 · 45 s / 28,200 s) = 1.4.
    let mean = open_mean(&outcome);
    assert!((mean - 600.0).abs() < 5.0 * 1.4, "{mean}");
    // Poisson: variance and mean are equal. Windows lie ten stays apart, so they are all but independent,
    // and the variance of 94 of them has a relative standard deviation of sqrt(2 / 93) = 15 %.
    let open = &outcome.sessions.populations[0].open[3..];
    let values: Vec<f64> = open.iter().map(|open| *open as f64).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let variance =
        values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (values.len() - 1) as f64;
    assert!((variance / 600.0 - 1.0).abs() < 4.0 * 0.15, "variance {variance} of {} windows", values.len());
}

#[test]
fn a_largest_age_makes_reconnects_at_the_rate_of_users_over_age() {
    let topology = hub("{ max-lifetime: 1h }", "[]", "{ connect: hub.connect }");
    let outcome = run(&topology, "duration: 2h\nload: { app: { sessions: 36k } }");
    let expired = sum(&outcome, |slot| slot.expired);
    assert!((72_000 - 11..=72_000).contains(&expired), "{expired} are not 10 a second");
    let windows = &outcome.sessions.populations[0].opened;
    let per_window = 10 * outcome.windows.width.0 / 1_000_000_000;
    assert!(windows[1..].iter().all(|opened| opened.abs_diff(per_window) <= 12), "{windows:?}");
}

#[test]
fn ages_drawn_from_a_law_make_the_same_rate_as_their_mean() {
    let topology = hub("{ max-lifetime: uniform(10m 50m) }", "[]", "{ connect: hub.connect }");
    let outcome = run(&topology, "duration: 2h\nload: { app: { sessions: 18k } }");
    // 18,000 users / 30 min = 10 a second; a renewal process counts with variance N·T·cv²/E[L]: sd 125.
    near(sum(&outcome, |slot| slot.expired) as f64, 72_000.0, 5.0 * 125.0 / 72_000.0);
    let (first, last) = (&outcome.sessions.populations[0].opened[1..11], 10);
    let first: u64 = first.iter().sum();
    let width = outcome.windows.width.0 / 1_000_000_000;
    near(first as f64, 10.0 * (last * width) as f64, 0.1);
}

#[test]
fn a_storm_without_jitter_drains_at_the_rate_of_the_connects() {
    let topology = "
components:
  hub: { sessions: {}, threads: 50, operations: { connect: [ { wait: 100ms } ] } }
clients: { app: { sessions: { connect: hub.connect } } }
";
    let scenario = "
duration: 2m
load: { app: { sessions: 10k } }
faults: [ { disconnect: { target: hub }, at: 1m } ]
";
    let outcome = run(topology, scenario);
    // 50 threads at 100 ms do 500 a second: the last of 10,000 is back after 20 s, 99 % after 19.8 s.
    let back = times(&outcome, |slot| &slot.reconnect_time);
    assert_eq!((back.count(), back.max()), (10_000, 20_000_000_000));
    near(back.mean().expect("some came back"), 10.05e9, 1e-9);
    let outage = outcome.sessions.populations[0].outages[0];
    assert_eq!(outage.to.expect("it ended").since(outage.from).0, 19_800_000_000);
    assert_eq!(outage.waiting_max, 10_000);
}

#[test]
fn jitter_over_a_window_spreads_the_storm_evenly() {
    let client = "{ connect: hub.connect, reconnect: { after: uniform(0s 60s) } }";
    let scenario = "
duration: 4m
window: 10s
load: { app: { sessions: 12k } }
faults: [ { disconnect: { target: hub }, at: 2m } ]
";
    let outcome = run(&hub("{}", "[]", client), scenario);
    let opened = &outcome.sessions.populations[0].opened;
    assert_eq!(opened[12..18].iter().sum::<u64>(), 12_000);
    // Binomial with 12,000 and 1/6: mean 2,000, standard deviation 41.
    assert!(opened[12..18].iter().all(|count| count.abs_diff(2000) < 5 * 41), "{opened:?}");
}

#[test]
fn clients_notice_a_dead_peer_uniformly_between_the_bounds() {
    let client = "{ connect: hub.connect, heartbeat: { every: 25s, timeout: 10s } }";
    let scenario = "
duration: 5m
load: { app: { sessions: 10k } }
faults: [ { disconnect: { target: hub, half-open: true }, at: 2m } ]
";
    let outcome = run(&hub("{}", "[]", client), scenario);
    let delay = times(&outcome, |slot| &slot.detection);
    assert_eq!(delay.count(), 10_000);
    assert!(delay.max() <= 35_000_000_000 && delay.quantile(0.001).expect("there are some") >= 9.9e9);
    // Uniform on 10 s to 35 s: mean 22.5 s with standard error 25 s / sqrt(12 · 10,000) = 72 ms.
    let mean = delay.mean().expect("there are some");
    assert!((mean - 22.5e9).abs() < 5.0 * 72e6, "{mean}");
    assert_eq!(sum(&outcome, |slot| slot.reconnects), 10_000);
}

#[test]
fn a_pause_loses_the_sessions_whose_heartbeat_is_overdue_before_it_ends() {
    // A connect that takes work waits for the pause to end.
    let connect = "[ { compute: 1ms } ]";
    let topology = hub("{}", connect, "{ connect: hub.connect, heartbeat: { every: 25s, timeout: 10s } }");
    for (length, lost) in [(8, 0.0), (20, 4000.0), (40, 10_000.0)] {
        let scenario = format!(
            "duration: 5m\nload: {{ app: {{ sessions: 10k }} }}\n\
             faults: [ {{ pause: {{ target: hub }}, at: 1m, for: {length}s }} ]"
        );
        let outcome = run(&topology, &scenario);
        let timed_out = sum(&outcome, |slot| slot.timed_out) as f64;
        assert!((timed_out - lost).abs() <= 45.0, "{timed_out} of a pause of {length} s");
    }
}

#[test]
fn a_partition_ends_sessions_on_both_sides() {
    let topology = "
places: { inside: {}, outside: {} }
network: { links: [ { between: [inside, outside], latency: 10ms } ] }
components:
  hub: { place: inside, sessions: { idle-timeout: 2m }, operations: { connect: [] } }
clients:
  app:
    place: outside
    calls: { hub: { timeout: 5s } }
    sessions: { connect: hub.connect, heartbeat: { every: 25s, timeout: 10s } }
";
    let scenario = "
duration: 10m
load: { app: { sessions: 1k } }
faults: [ { partition: { from: outside, to: inside }, at: 2m, for: 2m } ]
";
    let outcome = run(topology, scenario);
    assert_eq!(sum(&outcome, |slot| slot.timed_out), 1000);
    assert_eq!(sum(&outcome, |slot| slot.reconnects), 1000);
    // The hub took them for open until nothing had come for two minutes.
    let half_open = outcome.sessions.populations[0].slots.iter().map(|slot| slot.half_open_max);
    assert_eq!(half_open.max(), Some(1000));
    let last = outcome.sessions.populations[0].slots.last().expect("there are slots");
    assert_eq!((last.open, last.waiting), (1000, 0));
}

#[test]
fn a_million_idle_sessions_cost_next_to_no_events() {
    let rules = "{ idle-timeout: 60s, heartbeat-cost: 20us }";
    let topology = hub(rules, "[]", "{ connect: hub.connect, heartbeat: 30s }");
    let outcome = run(&topology, "duration: 1h\nload: { app: { sessions: 1M } }");
    assert_eq!(open_mean(&outcome), 1e6);
    assert!(outcome.events < 1000, "{}", outcome.events);
}

#[test]
fn heartbeats_take_their_share_of_the_cores() {
    let topology = "
components:
  hub:
    async: true
    sessions: { heartbeat-cost: 1ms }
    operations: { connect: [], say: [ { compute: 9ms } ] }
clients:
  app:
    sessions: { connect: hub.connect, heartbeat: 10s, messages: 1/h }
    journeys: { say: [ { call: hub.say } ] }
";
    let outcome = run(topology, "duration: 4h\nload: { app: { sessions: 1000 } }");
    // 1,000 / 10 s · 1 ms is a tenth of the core, so that 9 ms of work take 10 ms.
    let latency = &outcome.traffic[1].slots[0].latency;
    near(latency.quantile(0.5).expect("some spoke"), 10e6, 0.02);
    let beats: u128 = outcome.sessions.hubs[0].slots.iter().map(|slot| slot.heartbeat_area).sum();
    // A message an hour makes hardly any heartbeat unnecessary.
    near(beats as f64, 0.1 * 4.0 * 3600e9, 0.01);
}

#[test]
fn sessions_speak_at_their_rate_over_the_replica_that_holds_them() {
    let topology = "
components:
  hub: { replicas: 4, sessions: {}, operations: { connect: [], say: [] } }
clients:
  app:
    sessions: { connect: hub.connect, messages: 1/min, reconnect: { after: 5s } }
    journeys: { say: [ { call: hub.say } ] }
";
    let scenario = "
duration: 2h
load: { app: { sessions: 1200 } }
faults: [ { crash: { target: { component: hub, count: 1 } }, at: 1h, for: 1s } ]
";
    let outcome = run(topology, scenario);
    let said: u64 = outcome.traffic[1].slots.iter().map(|slot| slot.arrived).sum();
    // 20 a second for two hours, less 300 sessions for 5 s: a Poisson count of 144,000, standard deviation 380.
    assert!((said as f64 - 144_000.0).abs() < 5.0 * 380.0, "{said}");
    // All were told to go to a replica that is up: the others hold what the crashed one lost, and after
    // its return it takes its share of the reconnects only.
    let failed: u64 = outcome.traffic[1].slots.iter().flat_map(|slot| slot.errors.values()).sum();
    assert_eq!(failed, 0);
    let fullest = outcome.sessions.hubs[0].slots.last().map_or(0, |slot| slot.imbalance_max);
    assert!((1200..1300).contains(&fullest), "{fullest}: 375 of 1,200 on three, 75 on one");
}

#[test]
fn a_replica_takes_no_more_than_its_limit() {
    let topology = "
components:
  hub: { replicas: 2, sessions: { per-replica: 400 }, operations: { connect: [] } }
clients: { app: { sessions: { connect: hub.connect, reconnect: { attempts: 3 } } } }
";
    let outcome = run(topology, "duration: 10m\nload: { app: { sessions: 1000 } }");
    assert_eq!(sum(&outcome, |slot| slot.open), 800);
    assert_eq!(sum(&outcome, |slot| slot.gave_up), 200);
    assert_eq!(sum(&outcome, |slot| slot.failed), 600);
}

#[test]
fn a_connect_rate_admits_so_many_and_nothing_else_counts_against_it() {
    let topology = "
components:
  hub:
    sessions: { connect-rate: 100/s, connect-burst: 10 }
    operations: { connect: [], say: [] }
clients:
  app:
    sessions: { connect: hub.connect, messages: 1/s, reconnect: { backoff: full-jitter(1s 5s) } }
    journeys: { say: [ { call: hub.say } ] }
";
    let scenario = "
duration: 2m
window: 1s
load: { app: { sessions: 3k } }
faults: [ { disconnect: { target: hub }, at: 30s } ]
";
    let outcome = run(topology, scenario);
    let opened = &outcome.sessions.populations[0].opened;
    assert!(opened[30..].iter().all(|count| *count <= 110), "{opened:?}");
    assert_eq!(opened[1..].iter().sum::<u64>(), 3000);
    assert!(opened[35..50].iter().all(|count| *count >= 95), "{opened:?}");
}

#[test]
fn a_population_that_begins_empty_connects_evenly() {
    let scenario = "
duration: 2m
window: 10s
load: { app: { sessions: { population: 6k, start: empty, over: 1m } } }
";
    let outcome = run(&hub("{}", "[]", "{ connect: hub.connect }"), scenario);
    let opened = &outcome.sessions.populations[0].opened;
    assert!(opened[..6].iter().all(|count| count.abs_diff(1000) <= 1), "{opened:?}");
    assert_eq!(sum(&outcome, |slot| slot.open), 6000);
}

#[test]
fn who_vanishes_is_noticed_when_nothing_has_come_for_the_idle_timeout() {
    let client = "{ connect: hub.connect, stay: exponential(60s), vanish: 50%, heartbeat: 20s }";
    let topology = hub("{ idle-timeout: 60s }", "[]", client);
    let outcome = run(&topology, "duration: 2h\nwarm-up: 10m\nload: { app: { sessions: { rate: 10/s } } }");
    let (left, vanished) = (sum(&outcome, |slot| slot.left), sum(&outcome, |slot| slot.vanished));
    near(vanished as f64, left as f64 / 2.0, 0.001);
    // The last heartbeat came up to 20 s before: noticed after 40 to 60 s.
    let delay = times(&outcome, |slot| &slot.detection);
    assert!(delay.max() <= 60_000_000_000 && delay.quantile(0.001).expect("some") >= 39.7e9);
    near(delay.mean().expect("some"), 50e9, 0.01);
    // Little: five a second for 50 s each are there although nobody holds them.
    let area: u128 = outcome.sessions.populations[0].slots.iter().map(|slot| slot.half_open_area).sum();
    near(area as f64 / (110.0 * 60e9), 250.0, 0.03);
}

#[test]
fn a_lost_session_is_resumed_while_there_is_something_to_resume() {
    let case = |rules: &str, faults: &str| {
        let topology = format!(
            "
components:
  hub: {{ sessions: {rules}, operations: {{ connect: [], resume: [] }} }}
clients:
  app: {{ sessions: {{ connect: hub.connect, resume: hub.resume, resume-within: 30s, reconnect: {{ after: uniform(0s 60s) }} }} }}
"
        );
        let scenario = format!("duration: 5m\nload: {{ app: {{ sessions: 10k }} }}\nfaults: {faults}");
        let outcome = run(&topology, &scenario);
        assert_eq!(sum(&outcome, |slot| slot.reconnects), 10_000);
        sum(&outcome, |slot| slot.resumed)
    };
    let within = case("{}", "[ { disconnect: { target: hub }, at: 1m } ]");
    assert!(within.abs_diff(5000) < 5 * 50, "half of them come within 30 s, not {within}");
    let crash = "[ { crash: { target: hub }, at: 1m, for: 1ms } ]";
    assert!(case("{ state: shared }", crash) > 4500);
    assert_eq!(case("{ state: replica }", crash), 0);
    let forgotten =
        "[ { disconnect: { target: hub }, at: 1m }, { forget-sessions: { target: hub }, at: 61s } ]";
    let before = case("{}", forgotten);
    assert!(before.abs_diff(167) < 5 * 13, "those of the first second, not {before}");
}

#[test]
fn a_drained_replica_closes_its_sessions_one_by_one_and_then_goes() {
    let topology = "
components:
  hub: { replicas: 2, sessions: { drain: 100s }, operations: { connect: [] } }
clients: { app: { sessions: { connect: hub.connect } } }
";
    let scenario = "
duration: 10m
window: 10s
load: { app: { sessions: 2k } }
faults: [ { crash: { target: { component: hub, count: 1 }, graceful: true }, at: 1m, for: 2m } ]
";
    let outcome = run(topology, scenario);
    assert_eq!(sum(&outcome, |slot| slot.drained), 1000);
    assert_eq!(sum(&outcome, |slot| slot.crashed), 0);
    let opened = &outcome.sessions.populations[0].opened;
    assert!(opened[6..15].iter().all(|count| (60..=140).contains(count)), "{opened:?}");
    // Down from the last session's end at 160 s until the fault ends at 180 s.
    let up: u128 = outcome.components[0].slots.iter().map(|slot| slot.up_area).sum();
    near(1200.0 - up as f64 / 1e9, 20.0, 0.05);
}

#[test]
fn replicas_follow_the_sessions_and_drain_them_when_they_go() {
    let topology = "
components:
  hub:
    replicas: { min: 1, max: 12, count: 6, track: { sessions: 500 }, metric-period: 1m }
    sessions: { drain: 60s }
    operations: { connect: [] }
clients: { app: { sessions: { connect: hub.connect, stay: exponential(5m) } } }
";
    let scenario = "
duration: 2h
load: { app: { sessions: { rate: { steps: [ { at: 0s, rate: 10/s }, { at: 1h, rate: 2/s } ] } } } }
";
    let outcome = run(topology, scenario);
    // 10/s for 5 min are 3,000 sessions on 6 replicas, 2/s are 600 on 2; those of the others moved on, and none was cut.
    let at =
        |minute: usize| outcome.windows.components[0].replicas[minute * outcome.windows.start.len() / 120];
    assert!((5.9..=7.1).contains(&at(50)) && (1.9..=3.1).contains(&at(115)), "{} then {}", at(50), at(115));
    assert!(sum(&outcome, |slot| slot.drained) > 300);
    assert_eq!((sum(&outcome, |slot| slot.crashed), sum(&outcome, |slot| slot.failed)), (0, 0));
}

#[test]
fn an_idle_timeout_shorter_than_the_heartbeat_closes_everything_again_and_again() {
    let topology = hub("{}", "[]", "{ connect: hub.connect, heartbeat: 60s }");
    let scenario = "
duration: 15m
load: { app: { sessions: 6k } }
faults: [ { idle-timeout: { target: hub, to: 30s }, at: 5m, for: 5m } ]
";
    let outcome = run(&topology, scenario);
    // Half were quiet for longer than 30 s already; each then lives for 30 s: ten rounds, the other half nine and a half.
    near(sum(&outcome, |slot| slot.idle) as f64, 6000.0 * 10.0, 0.06);
    let last = outcome.sessions.populations[0].slots.last().expect("there are slots");
    assert_eq!((last.open, last.idle), (6000, 0), "and it undoes itself");
}

#[test]
fn a_gap_between_messages_longer_than_the_idle_timeout_ends_a_session() {
    let topology = "
components:
  hub: { sessions: { idle-timeout: 60s }, operations: { connect: [], say: [] } }
clients:
  app:
    sessions: { connect: hub.connect, messages: 2/min }
    journeys: { say: [ { call: hub.say } ] }
";
    let outcome = run(
        topology,
        "duration: 4h\nwarm-up: 1h\nload: { app: { sessions: { population: 2k, start: fresh } } }",
    );
    // Mean time until the first gap above 60 s: (e^2 - 1) / (2 / min) = 191.7 s.
    let each = 3.0 * 3600.0 * 2000.0 / sum(&outcome, |slot| slot.idle) as f64;
    near(each, 191.67, 0.01);
}

#[test]
fn a_broadcast_reaches_its_last_recipient_when_cores_and_bandwidth_let_it() {
    let case = |step: &str, rules: &str| {
        let topology = format!(
            "
components:
  hub:
    replicas: 2
    async: true
    sessions: {rules}
    operations: {{ connect: [], tell: [ {{ broadcast: {step} }} ] }}
clients:
  app: {{ sessions: {{ connect: hub.connect }} }}
  desk: {{ journeys: {{ tell: [ {{ call: hub.tell }} ] }} }}
"
        );
        let scenario = "
duration: 10m
load:
  app: { sessions: 20k }
  desk: { rate: 1/min, arrivals: deterministic }
";
        run(&topology, scenario)
    };
    let last = |outcome: &Outcome| outcome.sessions.hubs[0].slots[0].last.max() as f64;
    // 10,000 on each replica at 20 µs are 200 ms; the mean of 20 equal parts lies at 21/40 of that.
    let outcome = case("{ cost: 20us }", "{}");
    let slot = &outcome.sessions.hubs[0].slots[0];
    // The tenth begins when the run ends.
    assert_eq!((slot.broadcasts, slot.intended, slot.delivered), (10, 200_000, 180_000));
    near(last(&outcome), 200e6, 1e-6);
    near(slot.latency.mean().expect("it reached some"), 105e6, 1e-6);
    // 10,000 times 1 kB through 1 MB/s are 10 s.
    near(last(&case("{ cost: 20us, bytes: 1kB }", "{ bandwidth: 8Mbit/s }")), 10e9, 1e-3);
    near(hub_sum(&case("{ share: 10% }", "{}"), |slot| slot.delivered) as f64, 20_000.0, 0.001);
    near(hub_sum(&case("{ recipients: 50 }", "{}"), |slot| slot.delivered) as f64, 500.0, 0.03);
}

#[test]
fn who_has_no_session_misses_a_broadcast() {
    let topology = "
components:
  hub: { sessions: {}, operations: { connect: [], tell: [ { broadcast: {} } ] } }
clients:
  app: { sessions: { connect: hub.connect, heartbeat: 1h } }
  desk: { journeys: { tell: [ { call: hub.tell } ] } }
";
    let scenario = "
duration: 30m
load:
  app: { sessions: 10k }
  desk: { rate: 1/s }
faults: [ { disconnect: { target: hub, share: 25%, half-open: true }, at: 10m } ]
";
    let outcome = run(topology, scenario);
    let after = outcome.sessions.hubs[0].slots.last().expect("there are slots");
    near(after.delivered as f64 / after.intended as f64, 0.75, 0.001);
}
