//! Every mistake in a scenario is found, where it is, with what to do about it.

use super::fixture::{CALM, Case, SHOP, assert_finds, cases, changed, diags, plan, shown};
use crate::dist::Law;
use crate::plan::Step;

/// Finding and place, what is replaced in the calm scenario and by what, and what the finding says.
const OF_LOAD: &str = r"
    E201 | load/shopers | shoppers: { | shopers: { | did you mean `shoppers`?
    E201 | load/shoppers/client | rate: 100/s | client: bots, rate: 1/s | shoppers
    E204 | load/shoppers | rate: 100/s | rate: 100/s, users: 5 | rate and users
    E204 | load/shoppers | rate: 100/s | think: 1s | exactly one
    E204 | load/shoppers/think | rate: 100/s | rate: 100/s, think: 1s | users
    E204 | load/shoppers/batch | rate: 100/s | users: 5, batch: 2 | one request at a time
    E204 | load/shoppers/arrivals | rate: 100/s | users: 5, arrivals: poisson | rate
    E202 | load/shoppers/arrivals | rate: 100/s | rate: 100/s, arrivals: never | erlang
    E202 | load/shoppers/arrivals | rate: 100/s | rate: 100/s, arrivals: geometric(2) | counts
    E203 | load/shoppers/arrivals | rate: 100/s | rate: 100/s, arrivals: 0s | mean above 0
    E202 | load/shoppers/rate | rate: 100/s | rate: -1/s | not a rate
    E205 | load/shoppers/rate/points | rate: 100/s | rate: { points: [] } | at least one
    E203 | load/shoppers/rate/points/1/at | rate: 100/s | rate: { points: [{ at: 9s, rate: 1/s }, { at: 1s, rate: 1/s }] } | order
    E205 | load/shoppers/rate/steps/0/at | rate: 100/s | rate: { steps: [{ at: 9s, rate: 1/s }] } | 0s
    E203 | load/shoppers/rate/spike/ramp | rate: 100/s | rate: { spike: { base: 1/s, peak: 2/s, at: 1s, for: 1s, ramp: 5s } } | before 0s
    E202 | load/shoppers/rate/diurnal/swing | rate: 100/s | rate: { diurnal: { mean: 1/s, swing: 200% } } | more than
    E214 | load/shoppers/rate/diurnal/period | rate: 100/s | rate: { diurnal: { mean: 1/s, swing: 5%, period: 2ms } } | too short
    E203 | load/shoppers/rate | rate: 100/s | rate: 1000000000000000k/s | at most
    E216 | load/shoppers/rate/csv | rate: 100/s | rate: { csv: nowhere.csv } | cannot be read
    E216 | load/shoppers/timestamps | rate: 100/s | timestamps: . | not a file
    E203 | load/shoppers/modulated | rate: 100/s | modulated: [{ rate: 1/s, for: 0s }] | longer than 0s
    E215 | load/shoppers/classes | rate: 100/s | rate: 1/s, classes: { a: { share: 50% } } | 50
    E203 | load/shoppers/classes/a/priority | rate: 100/s | rate: 1/s, classes: { a: { share: 100%, priority: 9 } } | to 7
    W203 | load/shoppers | rate: 100/s | rate: 0/s | never
    W203 | load/shoppers | rate: 100/s | users: 0 | never
    W206 | load/shoppers/rate/points/0/at | rate: 100/s | rate: { points: [{ at: 1h, rate: 1/s }] } | 10m
    W203 | . | shoppers: { rate: 100/s } | {} | no load
    E203 | duration | duration: 10m | duration: 0s | above 0s
    E203 | warm-up | duration: 10m | duration: 10m\nwarm-up: 10m | leaves nothing
    E214 | window | duration: 10m | duration: 10m\nwindow: 1ms | 2000
    E203 | in-system-max | duration: 10m | duration: 10m\nin-system-max: 0 | from 1
    E202 | service-level/availability | duration: 10m | duration: 10m\nservice-level: { availability: 101% } | more than
";

#[test]
fn every_mistake_in_a_load_is_found_where_it_is() {
    for Case { code, at, part, by, says } in cases(OF_LOAD) {
        assert_finds(SHOP, &changed(CALM, &part, &by), code, at, says);
    }
}

#[test]
fn data_files_are_read_and_their_mistakes_named_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| std::fs::write(folder.path().join("x.csv"), text).unwrap();
    let resolve = |key: &str| {
        let mut input = super::fixture::input(SHOP, &changed(CALM, "rate: 100/s", key));
        input.folder = folder.path().to_path_buf();
        crate::plan::resolve(&input)
    };
    write("seconds,rate\n# a comment\n0, 5\n\n60,7.5\n");
    let (plan, _) = resolve("rate: { csv: x.csv }").unwrap();
    let crate::plan::Source::Open { curve, .. } = &plan.workloads[0].source else { panic!("open") };
    assert_eq!(curve.points.iter().map(|(_, rate)| *rate).collect::<Vec<_>>(), [5.0, 7.5]);
    assert_eq!(plan.inputs.len(), 1, "a data file is an input");
    write("0.5\n1.5\n1.5\n");
    let (plan, _) = resolve("timestamps: x.csv").unwrap();
    let crate::plan::Source::Replay { at } = &plan.workloads[0].source else { panic!("replay") };
    assert_eq!(at.iter().map(|at| at.0).collect::<Vec<_>>(), [500_000_000, 1_500_000_000, 1_500_000_000]);
    for (text, line, says) in [
        ("2\n1\n", 2, "order"),
        ("1\nsoon\n", 2, "one number"),
        ("-1\n", 1, "from 0"),
        ("1,2\n", 1, "one number"),
        ("inf\n1\nNaN\n", 3, "one number"),
    ] {
        write(text);
        let found = resolve("timestamps: x.csv").unwrap_err();
        let at = found[0].at.clone().unwrap();
        assert_eq!((found.len(), found[0].code, at.line), (1, "E216", line), "{text:?}: {}", shown(&found));
        assert!(found[0].message.contains(says), "{}", found[0].message);
        assert!(at.file.ends_with("x.csv"));
    }
    std::fs::write(folder.path().join("x.csv"), [0xff, 0xfe]).unwrap();
    assert!(resolve("timestamps: x.csv").unwrap_err()[0].message.contains("UTF-8"));
}

#[test]
fn measured_values_come_from_a_file_with_or_without_units() {
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| std::fs::write(folder.path().join("x.csv"), text).unwrap();
    let resolve = |law: &str| {
        let mut input =
            super::fixture::input(&changed(SHOP, "compute: 5ms", &format!("compute: {law}")), CALM);
        input.folder = folder.path().to_path_buf();
        crate::plan::resolve(&input)
    };
    write("service\n5ms\n0.25\n0\n");
    let (plan, _) = resolve("empirical(file x.csv)").unwrap();
    let Step::Compute { work, .. } = &plan.components[0].operations[0].steps[0] else { panic!("compute") };
    assert_eq!(*work, Law::Empirical { values: vec![5e6, 250e6, 0.0] });
    for (text, law, says) in [
        ("service\n", "empirical(file x.csv)", "no values"),
        ("1\n-2\n", "empirical(file x.csv)", "one value"),
        ("1\n", "mix(50% 1ms 50% empirical(file x.csv))", "mixture"),
        ("1\n", "empirical(file y.csv)", "cannot be read"),
    ] {
        write(text);
        let found = resolve(law).unwrap_err();
        assert!(found.len() == 1 && found[0].message.contains(says), "{law}: {}", shown(&found));
    }
}

/// As above, with a fault put in.
const OF_FAULTS: &str = r"
    E201 | faults/0/slow/target | faults: [] | faults: [{ at: 1m, slow: { target: wep, factor: 2 } }] | did you mean `web`?
    E201 | faults/0/slow/target | faults: [] | faults: [{ at: 1m, slow: { target: here, factor: 2 } }] | target: { place: here }
    E203 | faults/0/slow/factor | faults: [] | faults: [{ at: 1m, slow: { target: web, factor: 1 } }] | above 1
    E204 | faults/0 | faults: [] | faults: [{ at: 1m }] | exactly one
    E204 | faults/0 | faults: [] | faults: [{ at: 1m, pause: { target: web }, slow: { target: web, factor: 2 } }] | pause, slow
    E205 | faults/0 | faults: [] | faults: [{ pause: { target: web } }] | add `at:`
    E218 | faults/0/at | faults: [] | faults: [{ at: 10m, pause: { target: web } }] | the run ends
    E203 | faults/0/for | faults: [] | faults: [{ at: 1m, for: 0s, pause: { target: web } }] | above 0s
    E218 | faults/0/ramp | faults: [] | faults: [{ at: 1m, ramp: 1s, pause: { target: web } }] | all or nothing
    E218 | faults/0/ramp | faults: [] | faults: [{ at: 1m, for: 1s, ramp: 2s, slow: { target: web, factor: 2 } }] | longer
    E218 | faults/0/flap | faults: [] | faults: [{ at: 1m, flap: { on: 1s, off: 1s }, pause: { target: web } }] | needs `for`
    E218 | faults/0/recurring | faults: [] | faults: [{ at: 1m, recurring: { up: 1h, down: 1m }, pause: { target: web } }] | either
    E218 | faults/0/for | faults: [] | faults: [{ for: 1m, recurring: { up: 1h, down: 1m }, pause: { target: web } }] | down
    E218 | faults/0/recurring | faults: [] | faults: [{ recurring: { up: 0s, down: 0s }, pause: { target: web } }] | longer than 0s
    E218 | faults/0/recurring | faults: [] | faults: [{ recurring: { up: 1h, down: 1m }, spike: { load: shoppers, factor: 2 } }] | one by one
    E218 | faults/0/recurring/until | faults: [] | faults: [{ recurring: { up: 1h, down: 1m, from: 2m, until: 1m }, pause: { target: web } }] | after `from`
    E205 | faults/0/pause/target | faults: [] | faults: [{ at: 1m, pause: { target: {} } }] | give `component`
    E201 | faults/0/pause/target/kind | faults: [] | faults: [{ at: 1m, pause: { target: { kind: core/cache } } }] | core/service
    E201 | faults/0/pause/target/tag | faults: [] | faults: [{ at: 1m, pause: { target: { tag: edge } } }] | there are none
    E203 | faults/0/pause/target/count | faults: [] | faults: [{ at: 1m, pause: { target: { place: here, count: 2 } } }] | 1 replicas
    E204 | faults/0/pause/target/percent | faults: [] | faults: [{ at: 1m, pause: { target: { place: here, count: 1, percent: 5% } } }] | exclude
    E205 | faults/0/gray | faults: [] | faults: [{ at: 1m, gray: { target: web } }] | does nothing
    E201 | faults/0/gray/operations/0 | faults: [] | faults: [{ at: 1m, gray: { target: web, errors: 5%, operations: [buy] } }] | browse
    E201 | faults/0/gray/callers/0 | faults: [] | faults: [{ at: 1m, gray: { target: web, errors: 5%, callers: [bots] } }] | shoppers
    E204 | faults/0/exhaust | faults: [] | faults: [{ at: 1m, exhaust: { share: 50% } }] | exactly one
    E213 | faults/0/exhaust/pool | faults: [] | faults: [{ at: 1m, exhaust: { pool: shoppers -> web, share: 50% } }] | no pool
    E201 | faults/0/exhaust/pool | faults: [] | faults: [{ at: 1m, exhaust: { pool: shoppers -> wep, share: 50% } }] | no call
    E213 | faults/0/exhaust/connections | faults: [] | faults: [{ at: 1m, exhaust: { connections: web, share: 50% } }] | limit
    E203 | faults/0/throttle/rate | faults: [] | faults: [{ at: 1m, throttle: { target: web, rate: 0/s } }] | above 0
    E203 | faults/0/throttle/burst | faults: [] | faults: [{ at: 1m, throttle: { target: web, rate: 1/s, burst: 0.5 } }] | at least 1
    E201 | faults/0/partition/to | faults: [] | faults: [{ at: 1m, partition: { from: shoppers, to: wep, refuse: true } }] | did you mean `web`?
    E203 | faults/0/packet-loss/loss | faults: [] | faults: [{ at: 1m, packet-loss: { from: shoppers, to: web, loss: 100% } }] | partition
    E201 | faults/0/spike/load | faults: [] | faults: [{ at: 1m, spike: { load: shopers, factor: 2 } }] | did you mean `shoppers`?
    E203 | faults/0/spike/factor | faults: [] | faults: [{ at: 1m, spike: { load: shoppers, factor: 0.5 } }] | above 1
    E214 | faults/0/flap | faults: [] | faults: [{ at: 1m, for: 5m, flap: { on: 1us, off: 1us }, pause: { target: web } }] | 100000 times
    W204 | faults/0/partition | faults: [] | faults: [{ at: 1m, for: 1m, partition: { from: shoppers, to: web } }] | shoppers -> web
    W204 | faults/0/outage | faults: [] | faults: [{ at: 1m, for: 1m, outage: { target: web, mode: black-hole } }] | shoppers -> web
    W205 | faults/0/latency | faults: [] | faults: [{ at: 1m, latency: { from: web, to: web, add: 1s } }] | hits no call
";

#[test]
fn every_mistake_in_a_fault_is_found_where_it_is() {
    let calm = format!("{CALM}faults: []");
    for Case { code, at, part, by, says } in cases(OF_FAULTS) {
        assert_finds(SHOP, &changed(&calm, &part, &by), code, at, says);
    }
}

#[test]
fn slowing_what_does_not_compute_is_warned_of() {
    let topology = SHOP.replace(
        "      browse: [{ compute: 5ms }]",
        "      browse: [{ wait: 5ms }, { try: { do: [{ call: back.get }], rescue: [{ do: [] }] } }]\n      unused: [{ compute: 5ms }]\n  \
         back: { operations: { get: [{ choose: [{ share: 50%, do: [{ compute: 1ms }] }] }] } }",
    );
    let slow = |target: &str| {
        format!("{CALM}faults: [{{ at: 1m, for: 1m, slow: {{ target: {target}, factor: 3 }} }}]")
    };
    assert_finds(&topology, &slow("web"), "W205", "faults/0/slow", "no request computes at web");
    for fine in ["back", "{ place: here }"] {
        let found = diags(&topology, &slow(fine));
        assert!(found.is_empty(), "{}", shown(&found));
    }
    assert!(diags(SHOP, &slow("web")).is_empty());
}

#[test]
fn all_mistakes_are_reported_at_once_in_the_order_of_the_files() {
    let topology = changed(SHOP, "threads: 16", "threads: 0\n    replicas: 0").replace("web.browse", "wep");
    let scenario = changed(CALM, "rate: 100/s", "rate: fast") + "faults: [{ at: 1m }]\nexpect: [speed > 3]";
    let found = diags(&topology, &scenario);
    let codes: Vec<&str> = found.iter().map(|diag| diag.code).collect();
    assert_eq!(codes, ["E201", "E203", "E203", "E221", "E204", "E202"], "{}", shown(&found));
}

#[test]
fn two_faults_of_one_name_are_refused_and_default_names_are_numbered() {
    let pause = "{ at: 1m, pause: { target: web } }";
    let named = "{ name: x, at: 1m, pause: { target: web } }";
    assert_finds(SHOP, &format!("{CALM}faults: [{named}, {named}]"), "E207", "faults/1/name", "two faults");
    let plan = plan(SHOP, &format!("{CALM}faults: [{pause}, {pause}]"));
    let names: Vec<&str> = plan.faults.iter().map(|fault| fault.name.as_str()).collect();
    assert_eq!(names, ["pause web", "pause web (2)"]);
}

#[test]
fn findings_are_bounded_however_bad_the_file() {
    let faults: String =
        (0..5000).map(|n| format!("  - {{ at: 1m, pause: {{ target: x{n} }} }}\n")).collect();
    let found = diags(SHOP, &format!("{CALM}faults:\n{faults}"));
    assert_eq!(found.len(), 1001);
    assert_eq!((found[1000].code, found[1000].message.as_str()), ("E219", "there are 4000 more findings"));
}
