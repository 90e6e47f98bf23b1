//! Every mistake in a scenario is found, where it is, with what to do about it.

use super::fixture::{CALM, SHOP, assert_finds, changed, diags, shown};

#[test]
fn every_mistake_in_a_load_is_found_where_it_is() {
    let load = "load/shoppers";
    let cases = [
        ("shoppers: {", "shopers: {", "E201", "load/shopers", "did you mean `shoppers`?"),
        ("rate: 100/s", "client: bots, rate: 1/s", "E201", "load/shoppers/client", "shoppers"),
        ("rate: 100/s", "rate: 100/s, users: 5", "E204", load, "rate and users"),
        ("rate: 100/s", "think: 1s", "E204", load, "exactly one"),
        ("rate: 100/s", "rate: 100/s, think: 1s", "E204", "load/shoppers/think", "users"),
        ("rate: 100/s", "users: 5, batch: 2", "E204", "load/shoppers/batch", "one request at a time"),
        ("rate: 100/s", "users: 5, arrivals: poisson", "E204", "load/shoppers/arrivals", "rate"),
        ("rate: 100/s", "rate: 100/s, arrivals: never", "E202", "load/shoppers/arrivals", "erlang"),
        ("rate: 100/s", "rate: 100/s, arrivals: geometric(2)", "E202", "load/shoppers/arrivals", "counts"),
        ("rate: 100/s", "rate: 100/s, arrivals: 0s", "E203", "load/shoppers/arrivals", "mean above 0"),
        ("rate: 100/s", "rate: -1/s", "E203", "load/shoppers/rate", "0 or more"),
        ("rate: 100/s", "rate: { points: [] }", "E205", "load/shoppers/rate/points", "at least one"),
        (
            "rate: 100/s",
            "rate: { points: [{ at: 9s, rate: 1/s }, { at: 1s, rate: 1/s }] }",
            "E203",
            "load/shoppers/rate/points/1/at",
            "order",
        ),
        (
            "rate: 100/s",
            "rate: { steps: [{ at: 9s, rate: 1/s }] }",
            "E205",
            "load/shoppers/rate/steps/0/at",
            "0s",
        ),
        (
            "rate: 100/s",
            "rate: { spike: { base: 1/s, peak: 2/s, at: 1s, for: 1s, ramp: 5s } }",
            "E203",
            "load/shoppers/rate/spike/ramp",
            "before 0s",
        ),
        (
            "rate: 100/s",
            "rate: { diurnal: { mean: 1/s, swing: 200% } }",
            "E203",
            "load/shoppers/rate/diurnal/swing",
            "100%",
        ),
        ("rate: 100/s", "rate: { csv: nowhere.csv }", "E216", "load/shoppers/rate/csv", "cannot be read"),
        ("rate: 100/s", "timestamps: .", "E216", "load/shoppers/timestamps", "not a file"),
        (
            "rate: 100/s",
            "modulated: [{ rate: 1/s, for: 0s }]",
            "E203",
            "load/shoppers/modulated",
            "longer than 0s",
        ),
        ("rate: 100/s", "rate: 1/s, classes: { a: { share: 50% } }", "E215", "load/shoppers/classes", "50"),
        (
            "rate: 100/s",
            "rate: 1/s, classes: { a: { share: 100%, priority: 9 } }",
            "E203",
            "load/shoppers/classes/a/priority",
            "to 7",
        ),
        ("rate: 100/s", "rate: 0/s", "W203", load, "never"),
        ("rate: 100/s", "users: 0", "W203", load, "never"),
        (
            "rate: 100/s",
            "rate: { points: [{ at: 1h, rate: 1/s }] }",
            "W206",
            "load/shoppers/rate/points/0/at",
            "10m",
        ),
        ("shoppers: { rate: 100/s }", "{}", "W203", "", "no load"),
        ("duration: 10m", "duration: 0s", "E203", "duration", "above 0s"),
        ("duration: 10m", "duration: 10m\nwarm-up: 10m", "E203", "warm-up", "leaves nothing"),
        ("duration: 10m", "duration: 10m\nwindow: 1ms", "E214", "window", "2000"),
        ("duration: 10m", "duration: 10m\nin-system-max: 0", "E203", "in-system-max", "from 1"),
        (
            "duration: 10m",
            "duration: 10m\nservice-level: { availability: 101% }",
            "E203",
            "service-level/availability",
            "100%",
        ),
    ];
    for (part, by, code, at, says) in cases {
        let scenario = if by == "{}" {
            CALM.replace("load:\n  shoppers: { rate: 100/s }", "load: {}")
        } else {
            changed(CALM, part, by)
        };
        assert_finds(SHOP, &scenario, code, at, says);
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
fn every_mistake_in_a_fault_is_found_where_it_is() {
    let cases = [
        ("{ at: 1m, slow: { target: wep, factor: 2 } }", "E201", "slow/target", "did you mean `web`?"),
        ("{ at: 1m, slow: { target: here, factor: 2 } }", "E201", "slow/target", "target: { place: here }"),
        ("{ at: 1m, slow: { target: web, factor: 1 } }", "E203", "slow/factor", "above 1"),
        ("{ at: 1m }", "E204", "", "exactly one"),
        ("{ at: 1m, pause: { target: web }, slow: { target: web, factor: 2 } }", "E204", "", "pause, slow"),
        ("{ pause: { target: web } }", "E205", "", "add `at:`"),
        ("{ at: 10m, pause: { target: web } }", "E218", "at", "the run ends"),
        ("{ at: 1m, for: 0s, pause: { target: web } }", "E203", "for", "above 0s"),
        ("{ at: 1m, ramp: 1s, pause: { target: web } }", "E218", "ramp", "all or nothing"),
        ("{ at: 1m, for: 1s, ramp: 2s, slow: { target: web, factor: 2 } }", "E218", "ramp", "longer"),
        ("{ at: 1m, flap: { on: 1s, off: 1s }, pause: { target: web } }", "E218", "flap", "needs `for`"),
        (
            "{ at: 1m, recurring: { up: 1h, down: 1m }, pause: { target: web } }",
            "E218",
            "recurring",
            "either",
        ),
        ("{ for: 1m, recurring: { up: 1h, down: 1m }, pause: { target: web } }", "E218", "for", "down"),
        (
            "{ recurring: { up: 0s, down: 0s }, pause: { target: web } }",
            "E218",
            "recurring",
            "longer than 0s",
        ),
        (
            "{ recurring: { up: 1h, down: 1m }, spike: { load: shoppers, factor: 2 } }",
            "E218",
            "recurring",
            "one by one",
        ),
        (
            "{ recurring: { up: 1h, down: 1m, from: 2m, until: 1m }, pause: { target: web } }",
            "E218",
            "recurring/until",
            "after `from`",
        ),
        ("{ at: 1m, pause: { target: {} } }", "E205", "pause/target", "give `component`"),
        ("{ at: 1m, pause: { target: { kind: core/cache } } }", "E201", "pause/target/kind", "core/service"),
        ("{ at: 1m, pause: { target: { tag: edge } } }", "E201", "pause/target/tag", "there are none"),
        (
            "{ at: 1m, pause: { target: { place: here, count: 2 } } }",
            "E203",
            "pause/target/count",
            "1 replicas",
        ),
        (
            "{ at: 1m, pause: { target: { place: here, count: 1, percent: 5% } } }",
            "E204",
            "pause/target/percent",
            "exclude",
        ),
        ("{ at: 1m, gray: { target: web } }", "E205", "gray", "does nothing"),
        (
            "{ at: 1m, gray: { target: web, errors: 5%, operations: [buy] } }",
            "E201",
            "gray/operations/0",
            "browse",
        ),
        (
            "{ at: 1m, gray: { target: web, errors: 5%, callers: [bots] } }",
            "E201",
            "gray/callers/0",
            "shoppers",
        ),
        ("{ at: 1m, exhaust: { share: 50% } }", "E204", "exhaust", "exactly one"),
        ("{ at: 1m, exhaust: { pool: shoppers -> web, share: 50% } }", "E213", "exhaust/pool", "no pool"),
        ("{ at: 1m, exhaust: { pool: shoppers -> wep, share: 50% } }", "E201", "exhaust/pool", "no call"),
        ("{ at: 1m, exhaust: { connections: web, share: 50% } }", "E213", "exhaust/connections", "limit"),
        ("{ at: 1m, throttle: { target: web, rate: 0/s } }", "E203", "throttle/rate", "above 0"),
        (
            "{ at: 1m, throttle: { target: web, rate: 1/s, burst: 0.5 } }",
            "E203",
            "throttle/burst",
            "at least 1",
        ),
        (
            "{ at: 1m, partition: { from: shoppers, to: wep, refuse: true } }",
            "E201",
            "partition/to",
            "did you mean `web`?",
        ),
        (
            "{ at: 1m, packet-loss: { from: shoppers, to: web, loss: 100% } }",
            "E203",
            "packet-loss/loss",
            "partition",
        ),
        ("{ at: 1m, spike: { load: shopers, factor: 2 } }", "E201", "spike/load", "did you mean `shoppers`?"),
        ("{ at: 1m, spike: { load: shoppers, factor: 0 } }", "E203", "spike/factor", "above 0"),
        (
            "{ at: 1m, for: 1m, partition: { from: shoppers, to: web } }",
            "W204",
            "partition",
            "shoppers -> web",
        ),
        (
            "{ at: 1m, for: 1m, outage: { target: web, mode: black-hole } }",
            "W204",
            "outage",
            "shoppers -> web",
        ),
        ("{ at: 1m, latency: { from: web, to: web, add: 1s } }", "W205", "latency", "hits no call"),
    ];
    for (fault, code, at, says) in cases {
        let at = format!("faults/0/{at}");
        assert_finds(SHOP, &format!("{CALM}faults: [{fault}]"), code, at.trim_end_matches('/'), says);
    }
}

#[test]
fn all_mistakes_are_reported_at_once_in_the_order_of_the_files() {
    let topology = changed(SHOP, "threads: 16", "threads: 0\n    replicas: 0").replace("web.browse", "wep");
    let scenario = changed(CALM, "rate: 100/s", "rate: fast") + "faults: [{ at: 1m }]\nexpect: [speed > 3]";
    let found = diags(&topology, &scenario);
    let codes: Vec<&str> = found.iter().map(|diag| diag.code).collect();
    assert_eq!(codes, ["E201", "E203", "E203", "E221", "E204", "E202"], "{}", shown(&found));
}
