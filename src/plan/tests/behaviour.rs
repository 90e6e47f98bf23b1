//! Salts, cycles, and draws of fault targets.

use super::fixture::{CALM, SHOP, assert_finds, diags, plan, shown, warned};
use crate::plan::*;

fn with_steps(steps: &str) -> String {
    SHOP.replace("browse: [{ compute: 5ms }]", &format!("browse: {steps}\n      other: []"))
        .replace("topology: shop", "topology: shop\nentities: { item: { population: 5 } }")
        .replace("components:", "components:\n  redis: { cache: {}, operations: { get: [] } }")
}

/// All salts of the shop's `browse`, in order.
fn salts(steps: &str) -> Vec<String> {
    let plan = plan(&with_steps(steps), CALM);
    let mut salts = Vec::new();
    let web = plan.component("web").expect("there is a web");
    collect(&plan.components[web].operations[0].steps, &mut salts);
    salts
}

fn collect(steps: &[Step], salts: &mut Vec<String>) {
    for step in steps {
        match step {
            Step::Compute { salt, .. }
            | Step::Wait { salt, .. }
            | Step::Choose { salt, .. }
            | Step::Resolve { salt, .. }
            | Step::Repeat { salt, .. }
            | Step::Parallel { salt, .. }
            | Step::Try { salt, .. }
            | Step::Fail { salt, .. }
            | Step::Set { salt, .. }
            | Step::Generate(Generate { salt, .. })
            | Step::Start { salt, .. } => salts.push(salt.clone()),
            Step::Cached(cached) => salts.push(cached.salt.clone()),
            Step::Message(step) => match step.as_ref() {
                MessageStep::Once(once) => salts.push(once.salt.clone()),
                MessageStep::Retry(retry) => salts.push(retry.salt.clone()),
                MessageStep::Publish(_) | MessageStep::Redrive { .. } | MessageStep::Mark(_) => {}
            },
            Step::Token(token) => salts.push(token.salt.clone()),
            Step::Broadcast(step) => salts.push(step.salt.clone()),
            Step::Call(_)
            | Step::Forward(_)
            | Step::Put(_)
            | Step::Remove(_)
            | Step::If { .. }
            | Step::Meter { .. }
            | Step::Reply => {}
        }
        salts.extend(step.calls().into_iter().map(|call| call.salt.clone()));
        step.bodies().into_iter().for_each(|body| collect(body, salts));
    }
}

const EVERY_STEP: &str = "
        - compute: 1ms
        - call: redis.get
        - choose:
            - { share: 10%, do: [{ compute: 1ms }, { call: redis }] }
            - { share: 20%, do: [{ compute: 1ms }] }
        - parallel: { times: 2, do: [{ wait: 1ms }] }
        - cached: { in: redis, key: item, miss: [{ compute: 1ms }], hit: [{ compute: 1ms }] }
        - try: { do: [{ fail: 1% }], rescue: [{ do: [{ compute: 1ms }] }] }
        - repeat: { times: geometric(2), at-most: 3, do: [{ compute: 1ms }] }
        - start: [{ compute: 1ms }]
        - put: { in: redis, key: item }
        - invalidate: { in: redis, key: item }
        - purge: { in: redis }
        - compute: 2ms";

#[test]
fn salts_are_unique_and_say_where_the_step_is() {
    let salts = salts(EVERY_STEP);
    let mut unique = salts.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), salts.len(), "{salts:#?}");
    for salt in [
        "browse/compute#1",
        "browse/compute#2",
        "browse/call redis.get#1",
        "browse/choose#1/1/call redis.get#1",
        "browse/parallel#1/2/wait#1",
        "browse/cached redis item#1/get",
        "browse/cached redis item#1/miss/compute#1",
        "browse/try#1/rescue 1/compute#1",
    ] {
        assert!(salts.contains(&salt.to_owned()), "{salt} is not in {salts:#?}");
    }
}

#[test]
fn putting_other_steps_in_changes_no_salt() {
    let before = salts(EVERY_STEP);
    let inserted = EVERY_STEP
        .replace(
            "        - call: redis.get",
            "        - wait: 3ms\n        - fail: 1%\n        - call: redis.get",
        )
        .replace("[{ compute: 1ms }, { call: redis }]", "[{ wait: 1ms }, { compute: 1ms }, { call: redis }]");
    let after = salts(&inserted);
    assert_eq!(after.len(), before.len() + 3);
    assert!(before.iter().all(|salt| after.contains(salt)), "{before:#?}\n{after:#?}");
}

/// A topology of operations `a`, `b` and `c`, each a component of its own with one operation `go`.
fn triangle(a: &str, b: &str, c: &str) -> String {
    format!(
        "
topology: t
entities: {{ item: {{ population: 5 }} }}
components:
  a: {{ operations: {{ go: {a} }} }}
  b: {{ operations: {{ go: {b} }} }}
  c: {{ operations: {{ go: {c} }} }}
  redis: {{ cache: {{}}, operations: {{ get: [] }} }}
clients: {{ shoppers: {{ journeys: {{ visit: [{{ call: a }}] }} }} }}
"
    )
}

#[test]
fn cycles_without_an_exit_are_refused_once_and_named_whole() {
    let call_a = "[{ call: a }]";
    let endless = [
        ("[{ call: b }]", "[{ call: c }]", call_a),
        ("[{ compute: 1ms }, { parallel: { branches: [[{ call: b }], []] } }]", "[{ forward: c }]", call_a),
        ("[{ try: { do: [{ call: b }], rescue: [{ do: [] }] } }]", "[{ start: [{ call: c }] }]", call_a),
        ("[{ repeat: { times: 2, at-most: 5, do: [{ call: b }] } }]", "[{ call: c }]", call_a),
        ("[{ choose: [{ share: 100%, do: [{ call: b }] }] }]", "[{ call: c }]", call_a),
        (
            "[{ call: b }]",
            "[{ choose: [{ share: 50%, do: [{ call: c }] }, { share: 50%, do: [{ call: c }] }] }]",
            call_a,
        ),
        ("[{ forward: b }]", "[{ forward: c }]", "[{ forward: a }]"),
        (
            "[{ cached: { in: redis, key: item, hit: [{ call: b }], miss: [{ call: b }] } }]",
            "[{ call: c }]",
            call_a,
        ),
    ];
    for (a, b, c) in endless {
        let says = "a.go -> b.go -> c.go -> a.go";
        assert_finds(&triangle(a, b, c), CALM, "E210", "components/a/operations/go", says);
    }
}

#[test]
fn cycles_with_an_exit_are_fine() {
    let exits = [
        "[{ choose: [{ share: 99%, do: [{ call: b }] }] }]",
        "[{ repeat: { times: exponential(2), at-most: 5, do: [{ call: b }] } }]",
        "[{ cached: { in: redis, key: item, miss: [{ call: b }] } }]",
        "[{ fail: 1% }, { call: b }]",
        "[{ try: { do: [], rescue: [{ do: [{ call: b }] }] } }]",
    ];
    for a in exits {
        let diags = diags(&triangle(a, "[{ call: c }]", "[{ call: a }]"), CALM);
        assert!(diags.is_empty(), "{a}: {}", shown(&diags));
    }
}

#[test]
fn two_cycles_are_two_findings_and_their_callers_none() {
    let topology = triangle("[{ call: b }]", "[{ call: b }]", "[{ call: c }]");
    let diags = diags(&topology, CALM);
    let got: Vec<&str> = diags.iter().map(|diag| diag.message.as_str()).collect();
    let text = |name: &str| format!("these operations call each other for ever: {name}.go -> {name}.go");
    assert_eq!(got, [text("b"), text("c")]);
}

fn crashed(faults: &str) -> Vec<Vec<u32>> {
    let topology = SHOP.replace("threads: 16", "threads: 16\n    replicas: 50\n    tags: [edge]");
    let (plan, _) = warned(&topology, &format!("{CALM}faults:\n{faults}"));
    let replicas = |fault: &Fault| match &fault.effect {
        Effect::Crash { replicas, .. } => replicas.iter().map(|replica| replica.replica).collect(),
        _ => Vec::new(),
    };
    plan.faults.iter().map(replicas).collect()
}

#[test]
fn drawn_replicas_do_not_change_when_another_fault_is_put_in() {
    let crash = "  - { at: 1m, crash: { target: { tag: edge, count: 5 } } }\n";
    let slow = "  - { at: 2m, slow: { target: web, factor: 2 } }\n";
    let alone = crashed(crash);
    assert_eq!(alone[0].len(), 5);
    assert!(alone[0].windows(2).all(|pair| pair[0] < pair[1]), "in order: {alone:?}");
    assert_ne!(alone[0], [0, 1, 2, 3, 4], "not simply the first");
    assert_eq!(crashed(&format!("{slow}{crash}"))[1], alone[0]);
    let twice = crashed(&format!("{crash}{crash}"));
    assert_eq!(twice[0], alone[0]);
    assert_ne!(twice[1], twice[0], "a second fault like the first draws anew");
}

#[test]
fn a_share_of_replicas_is_rounded_up_and_never_none() {
    let count = |percent: &str| {
        crashed(&format!("  - {{ at: 1m, crash: {{ target: {{ tag: edge, percent: {percent} }} }} }}\n"))[0]
            .len()
    };
    assert_eq!([count("10%"), count("11%"), count("0.1%"), count("100%")], [5, 6, 1, 50]);
}

#[test]
fn faults_are_named_after_what_they_hit() {
    let faults = "
faults:
  - { at: 1m, slow: { target: web, factor: 3 } }
  - { at: 1m, for: 1m, partition: { from: shoppers, to: web, refuse: true } }
  - { name: big sale, at: 1m, ramp: 10s, spike: { load: shoppers, factor: 3 } }
  - { at: 1m, crash: { target: { kind: core/service, count: 1 } } }
";
    let topology = SHOP.replace("threads: 16", "threads: 16\n    replicas: 3");
    let plan = plan(&topology, &format!("{CALM}{faults}"));
    let got: Vec<(&str, &str, String)> = plan
        .faults
        .iter()
        .map(|fault| (fault.name.as_str(), fault.kind.as_str(), plan.fault_target(fault)))
        .collect();
    let want = [
        ("slow web", "slow", "web"),
        ("partition shoppers -> web", "partition", "shoppers <-> web"),
        ("big sale", "spike", "shoppers"),
        ("crash kind core/service", "crash", "web (1 of 3)"),
    ];
    assert_eq!(got, want.map(|(name, kind, target)| (name, kind, target.to_owned())));
}

#[test]
fn how_many_replicas_a_fault_hits_is_said_of_those_there_are_or_of_those_there_will_be() {
    let told = |replicas: &str, target: &str| {
        let topology = SHOP.replace("threads: 16", &format!("threads: 16\n    replicas: {replicas}"));
        let fault = format!("faults: [ {{ at: 1m, crash: {{ target: {target} }} }} ]\n");
        let (plan, _) = warned(&topology, &format!("{CALM}{fault}"));
        plan.fault_target(&plan.faults[0])
    };
    let scaled = "{ count: 4, min: 2, max: 12, track: { cpu: 60% } }";
    assert_eq!(told("4", "{ component: web, count: 1 }"), "web (1 of 4)");
    assert_eq!(told("4", "{ component: web, percent: 50% }"), "web (2 of 4)");
    assert_eq!(told(scaled, "{ component: web, count: 1 }"), "1 of web");
    assert_eq!(told(scaled, "{ component: web, percent: 50% }"), "50% of web");
    assert_eq!(told(scaled, "web"), "web");
}

#[test]
fn a_place_as_an_end_stands_for_everything_in_it() {
    let topology = "
topology: t
places: { edge: {}, core: {} }
network: { links: [{ between: [edge, core], latency: 1ms }] }
components:
  web: { place: edge, operations: { go: [{ call: db }] } }
  db: { place: core, operations: { go: [] } }
clients: { shoppers: { place: edge, journeys: { visit: [{ call: web }] } } }
";
    let fault = "faults: [{ at: 1m, latency: { from: edge, to: place core, add: 5ms, one-way: true } }]";
    let plan = plan(topology, &format!("{CALM}{fault}"));
    let Effect::Latency { path, .. } = &plan.faults[0].effect else { panic!("latency") };
    assert_eq!(path.from, [Caller::Component(0), Caller::Client(0)]);
    assert_eq!((path.to.as_slice(), path.both_ways), ([Caller::Component(1)].as_slice(), false));
}
