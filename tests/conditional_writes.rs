//! Writes that commit only if nobody wrote the row since it was read.

use shakedown::plan::resolve;
use shakedown::sim::{Flow, Options, simulate};
use shakedown::spec::{Catalogue, LoadOptions, load_text};
use shakedown::verdict::measure;

/// A counter behind a link of 10 ms each way; `STEPS` are what a client does.
const TOPOLOGY: &str = "
topology: counter
entities: { user: { population: 1000 } }
places: { out: {}, in: {} }
network: { links: [ { between: [out, in], latency: 10ms } ] }
components:
  db:
    place: in
    store: { datasets: { one: {}, each: { key: user } } }
    operations: { read: [], write: [ { wait: 1ms } ] }
clients:
  users:
    place: out
    calls: CALLS
    journeys: { add: STEPS }
";

/// Commits, conflicts and the share answered well, in this order, of 20 users at once a hundred times.
#[track_caller]
fn counts(calls: &str, steps: &str) -> [f64; 3] {
    let topology = TOPOLOGY.replace("CALLS", calls).replace("STEPS", steps);
    let topology = if steps.contains("db.each") { topology } else { topology.replace(" key: user ", "") };
    let scenario = "scenario: s\ntopology: t.yaml\nduration: 101s
load: { users: { rate: 1/s, arrivals: deterministic, batch: 20 } }
expect: [ commits of db > 0, conflicts of db >= 0, availability of users > 0% ]";
    let input = load_text(scenario, &topology, &Catalogue::embedded(), &LoadOptions::default())
        .unwrap_or_else(|error| panic!("{:#?}", error.diags));
    let (plan, warnings) = resolve(&input).unwrap_or_else(|diags| panic!("{diags:#?}"));
    assert!(warnings.is_empty(), "{warnings:#?}");
    let outcome = simulate(&plan, &Options::new(1), &mut |_| Flow::Continue).0;
    assert!(outcome.conservation.iter().all(|check| check.holds()), "{:?}", outcome.conservation);
    let value = |at: usize| {
        let e = &plan.expectations[at];
        measure(&plan, e.metric, &e.scope, e.when, &outcome).expect("a number")
    };
    [value(0), value(1), value(2)]
}

#[test]
fn of_those_who_read_the_same_version_one_commits() {
    let steps = "[ { read: db.one }, { write: { to: db.one, if-unchanged: true } } ]";
    assert_eq!(counts("{}", steps), [100.0, 1900.0, 0.05]);
}

#[test]
fn everybody_gets_through_who_reads_again() {
    let steps = "[ { retry: { attempts: 20, on: [conflict], do: [ { read: db.one }, { write: { to: db.one, if-unchanged: true } } ] } } ]";
    // One of all who are left commits in every round: 20 + 19 + ... + 1 writes.
    assert_eq!(counts("{}", steps), [2000.0, 19_000.0, 1.0]);
}

#[test]
fn sending_the_same_write_again_is_of_no_use() {
    let steps = "[ { read: db.one }, { write: { to: db.one, if-unchanged: true } } ]";
    let retried = "{ db: { retry: { attempts: 3, on: [conflict] } } }";
    assert_eq!(counts(retried, steps), [100.0, 5700.0, 0.05]);
    assert_eq!(counts("{ db: { retry: { attempts: 3 } } }", steps), [100.0, 1900.0, 0.05]);
}

#[test]
fn other_writes_change_the_row_too_and_are_not_refused() {
    let steps = "[ { read: db.one }, { write: db.one }, { write: { to: db.one, if-unchanged: true } } ]";
    assert_eq!(counts("{}", steps), [2000.0, 2000.0, 0.0]);
}

#[test]
fn rows_of_different_keys_do_not_conflict() {
    let steps = "[ { read: db.each }, { write: { to: db.each, if-unchanged: true } } ]";
    let [commits, conflicts, share] = counts("{}", steps);
    // Of 20 users drawn from 1,000 keys, 20 - 1000 (1 - 0.999^20) = 0.19 find their row taken.
    assert_eq!(commits + conflicts, 2000.0);
    assert!((4.0..40.0).contains(&conflicts), "{conflicts}");
    assert!((share - commits / 2000.0).abs() < 1e-12);
}

#[test]
fn a_write_that_arrives_late_carries_what_was_read_when_it_was_sent() {
    // The first write outlasts its caller's patience and commits; the second meets the version it made.
    let steps = "[ { read: db.one }, { write: { to: db.one, if-unchanged: true } } ]";
    let impatient = "{ db.write: { timeout: 15ms, retry: { attempts: 2, backoff: fixed(100ms) } } }";
    assert_eq!(counts(impatient, steps), [100.0, 3900.0, 0.0]);
    // Read again instead: a write under way when its caller reads again must not pass for a newer one.
    let again = "[ { retry: { attempts: 2, do: [ { read: db.one }, { write: { to: db.one, if-unchanged: true } } ] } } ]";
    let [commits, conflicts, share] = counts("{ db.write: { timeout: 15ms } }", again);
    assert_eq!(commits + conflicts, 4000.0);
    assert_eq!((commits, share), (200.0, 0.0), "one commit in each round, and nobody hears of it");
}
