//! Nothing that a file says makes resolution panic or take long.

use super::fixture::{diags, from_values};
use crate::plan::resolve;
use serde_json::{Value, json};

const TOPOLOGY: &str = "
topology: t
entities: { item: { population: 100, popularity: hot-set(10 80%), bytes: 2KiB } }
places: { east: {}, west: {} }
network:
  same-place: 100us
  links: [{ between: [east, west], latency: 1ms, bandwidth: 1Gbit/s, loss: 1%, retransmit: 200ms }]
components:
  web:
    place: east
    replicas: 4
    threads: 8
    cores: 2
    speed: 1.5
    tags: [edge]
    queue: { capacity: 10, discipline: priority, patience: exponential(1s) }
    admission: [{ leaky-bucket: { name: in, rate: 10/s, burst: 20, costs: { get: 2 }, excess: delay, wait-max: 1s } }]
    calls:
      db:
        pool: { size: 5, queue: 10, timeout: 1s, connect: 2ms }
        timeout: 1s
        total-timeout: 3s
        priority: 3
        retry: { attempts: 3, backoff: exponential(1ms 1s spread 10%), budget: { per-call: 0.1, capacity: 10 } }
    operations:
      get:
        - compute: lognormal(p50 1ms p99 9ms)
        - wait: 1ms
        - cached: { in: redis, key: item, ttl: 5m, miss: [{ read: db.rows }] }
        - choose: [{ share: 50%, do: [{ write: db.rows }] }]
        - repeat: { times: geometric(2), at-most: 5, do: [{ fail: 1% }] }
        - parallel: { times: 3, do: [{ call: redis.get }], need: 2 }
        - try: { do: [{ fail: { probability: 5%, class: shed } }], rescue: [{ on: [shed], do: [] }] }
        - invalidate: { in: redis, key: item }
        - reply
        - start: [{ wait: 1s }]
  redis: { place: east, cache: { memory: 1MiB }, operations: { get: [] } }
  db: { place: west, async: true, cores: 2, connections: 50, store: { datasets: { rows: {} } }, operations: { read: [], write: [] } }
clients:
  users: { place: east, journeys: { go: { weight: 2, steps: [{ call: web.get }] } } }
";
const SCENARIO: &str = "
scenario: s
topology: t.yaml
seed: 3
duration: 1h
warm-up: 5m
window: 10s
events-max: 1M
in-system-max: 10k
service-level: { availability: 99%, latency-p99: 1s, hold: 30s }
load:
  users: { rate: { diurnal: { mean: 10/s, swing: 50%, period: 30m, peak-at: 5m } }, batch: geometric(2) }
  more: { client: users, rate: { spike: { base: 1/s, peak: 5/s, at: 10m, for: 5m, ramp: 1m, after: 2/s } }, arrivals: erlang(3 1s) }
  flat: { client: users, rate: 5/s, classes: { a: { share: 50%, priority: 1 }, b: { share: 50% } } }
  closed: { client: users, users: 10, think: 5s }
  bursts: { client: users, modulated: [{ rate: 1/s, for: 10s }, { rate: 9/s, for: exponential(1s) }] }
faults:
  - { at: 10m, for: 5m, ramp: 1m, slow: { target: web, factor: 3 } }
  - { at: 10m, for: 5m, flap: { on: 10s, off: 20s }, crash: { target: { tag: edge, count: 2 }, restart: 5s } }
  - { recurring: { up: exponential(10m), down: 1m, from: 5m, until: 50m }, pause: { target: { place: west, percent: 50% } } }
  - { at: 10m, gray: { target: web, errors: 5%, latency: 2s, callers: [users], operations: [get] } }
  - { at: 10m, exhaust: { pool: web -> db, share: 50% } }
  - { at: 10m, exhaust: { connections: db, share: 50% } }
  - { at: 10m, throttle: { target: web, rate: 5/s, burst: 2 } }
  - { at: 10m, latency: { from: users, to: [web, west], add: 5ms } }
  - { at: 10m, packet-loss: { from: web, to: db, loss: 5%, retransmit: 1s } }
  - { at: 10m, bandwidth: { from: web, to: db, limit: 1Mbit/s } }
  - { at: 10m, partition: { from: web, to: db, refuse: true } }
  - { at: 10m, spike: { load: flat, factor: 3 } }
expect:
  - latency p99 of users.go < 250ms during faults
  - hit-ratio of redis > 10% between 10m and 20m
  - retry-amplification of web -> db < 2
";

/// Every place of a document that holds a text or a number.
fn leaves(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| leaves(value, &format!("{pointer}/{key}"), found));
        }
        Value::Array(list) => {
            list.iter()
                .enumerate()
                .for_each(|(index, value)| leaves(value, &format!("{pointer}/{index}"), found));
        }
        _ => found.push(pointer.to_owned()),
    }
}

#[test]
fn any_one_odd_value_gives_a_finding_or_a_plan_and_never_a_panic() {
    let topology: Value = serde_saphyr::from_str(TOPOLOGY).unwrap();
    let scenario: Value = serde_saphyr::from_str(SCENARIO).unwrap();
    let before = diags(TOPOLOGY, SCENARIO);
    assert!(before.is_empty(), "{}", super::fixture::shown(&before));
    let odd = [
        "",
        " ",
        "0",
        "1",
        "-1",
        "NaN",
        "inf",
        "1e308",
        "18446744073709551615",
        "0s",
        "1ns",
        "26000d",
        "0/s",
        "1G/s",
        "0%",
        "100%",
        "0.0000001%",
        "1TiB",
        "unlimited",
        "exponential(1ns)",
        "lognormal(p50 1ns p99 26000d)",
        "zipf(10)",
        "web",
        "web.get",
        "db.rows",
        "users",
        "east",
        "place east",
        "->",
        "a -> b",
        "x > 1",
        "é✓",
    ];
    let odd = odd.iter().map(|text| json!(text)).chain([json!(0), json!(1), json!(3_000_000_000_u32)]);
    let odd: Vec<Value> = odd.collect();
    let mut tried = 0;
    for (is_topology, document) in [(true, &topology), (false, &scenario)] {
        let mut pointers = Vec::new();
        leaves(document, "", &mut pointers);
        for pointer in pointers {
            for value in &odd {
                let mut changed = document.clone();
                *changed.pointer_mut(&pointer).unwrap() = value.clone();
                let (topology, scenario) =
                    if is_topology { (&changed, &scenario) } else { (&topology, &changed) };
                let Ok(input) = from_values(topology, scenario) else { continue };
                tried += 1;
                if let Ok((plan, _)) = resolve(&input) {
                    assert_eq!(plan.edges().len(), plan.policies.len(), "{pointer} = {value}");
                }
            }
        }
    }
    assert!(tried > 3000, "only {tried} documents had the right shape");
}

/// Every number of both files that has no bound by its nature, made absurd.
#[test]
fn absurd_figures_are_refused_where_they_stand() {
    let topology: Value = serde_saphyr::from_str(TOPOLOGY).unwrap();
    let scenario: Value = serde_saphyr::from_str(SCENARIO).unwrap();
    let units = [
        ("", "1e30"),
        ("/s", "1e30/s"),
        ("iB", "1000000000TiB"),
        ("bit/s", "1000000000Gbit/s"),
        ("s", "30000d"),
    ];
    let is_figure = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let mut tried = 0;
    for (is_topology, document) in [(true, &topology), (false, &scenario)] {
        let mut pointers = Vec::new();
        leaves(document, "", &mut pointers);
        for pointer in pointers {
            let leaf = document.pointer(&pointer).unwrap();
            let text = leaf.as_str().map_or_else(|| leaf.to_string(), str::to_owned);
            if !is_figure(&text) || text.ends_with('%') || pointer == "/seed" {
                continue;
            }
            let unit = units.iter().rev().find(|(unit, _)| text.ends_with(unit)).unwrap();
            let unit = if text.ends_with("bit/s") {
                &units[3]
            } else if text.ends_with("/s") {
                &units[1]
            } else {
                unit
            };
            let mut changed = document.clone();
            *changed.pointer_mut(&pointer).unwrap() = json!(unit.1);
            let (topology, scenario) =
                if is_topology { (&changed, &scenario) } else { (&topology, &changed) };
            let refused = from_values(topology, scenario).map_or(true, |input| resolve(&input).is_err());
            assert!(refused, "{pointer}: {text} may be {}", unit.1);
            tried += 1;
        }
    }
    assert!(tried > 60, "{tried}");
    for absurd in ["in-system max of web < 1e30", "throughput of users > 1e30/s"] {
        let mut changed = scenario.clone();
        *changed.pointer_mut("/expect/0").unwrap() = json!(absurd);
        let input = from_values(&topology, &changed).expect("the shape is right");
        assert!(resolve(&input).is_err(), "{absurd}");
    }
}

#[test]
fn a_long_chain_of_components_resolves_in_a_moment() {
    let count = 5000;
    let link = |n: usize| format!("  c{n}: {{ operations: {{ go: [{{ call: c{} }}] }} }}\n", n + 1);
    let chain: String = (0..count).map(link).collect();
    let rest = format!(
        "  c{count}: {{ operations: {{ go: [] }} }}\nclients: {{ shoppers: {{ journeys: {{ go: [{{ call: c0 }}] }} }} }}"
    );
    let topology = format!("topology: t\ncomponents:\n{chain}{rest}");
    let found = diags(&topology, super::fixture::CALM);
    assert!(found.is_empty(), "{}", super::fixture::shown(&found));
    let ring = topology.replace("operations: { go: [] }", "operations: { go: [{ call: c0 }] }");
    let found = diags(&ring, super::fixture::CALM);
    assert_eq!((found.len(), found[0].code), (1, "E210"));
    assert!(found[0].message.len() < 500, "{}", found[0].message);
}
