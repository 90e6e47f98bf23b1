//! Mistakes about attributes, language models and security are found where they are; odd values never do harm.

use super::fixture::{CALM, SHOP, assert_finds, cases, changed, diags, from_values, shown};
use crate::plan::resolve;
use crate::sim::{Flow, Options, simulate};
use serde_json::{Value, json};

/// Finding and place, what is replaced in the shop and by what, and what the finding says.
const OF_THE_SHOP: &str = r"
    E208 | attributes/time | topology: shop | topology: shop\nattributes: { time: 1 } | meaning of its own
    E204 | attributes/a | topology: shop | topology: shop\nattributes: { a: b + 1, b: 1 } | before it
    E201 | attributes/a | topology: shop | topology: shop\nattributes: { a: bb } | attribute
    E202 | attributes/a | topology: shop | topology: shop\nattributes: { a: 1 ++ 2 } | no amount
    E202 | attributes/a | topology: shop | topology: shop\nattributes: { a: exponential(5ms) } | exponential
    E201 | components/web/operations/browse/0/set/size | [{ compute: 5ms }] | [{ set: { size: 1 } }] | attribute
    E205 | components/web/operations/browse/0/if | [{ compute: 5ms }] | [{ if: { when: time > 5 } }] | neither
    E202 | components/web/operations/browse/0/if/when | [{ compute: 5ms }] | [{ if: { when: time, do: [{ compute: 1ms }] } }] | compares nothing
    E213 | components/web/operations/browse/0/generate | [{ compute: 5ms }] | [{ generate: { prompt: 1, output: 1 } }] | language model
    E211 | clients/shoppers/journeys/visit/0/generate | [{ call: web.browse }] | [{ generate: { prompt: 1, output: 1 } }] | journey
    E201 | components/web/operations/browse/0/meter/x | [{ compute: 5ms }] | [{ meter: { x: 1 } }] | meter
    E202 | components/web/meters/x | threads: 16 | meters: { x: 5 EUR } | price
    E203 | components/web/model/decode | threads: 16 | model: { prefill: 1/s, decode: 0/s } | above 0
    E203 | components/web/model/window | threads: 16 | model: { prefill: 1/s, decode: 1/s, window: 0 } | from 1
    E203 | components/web/admission/0/token-bucket/costs/browse | threads: 16 | admission: [{ token-bucket: { rate: 1/s, burst: 1, costs: { browse: 1 - 2 } } }] | 0 or more
    E203 | components/web/admission/0/quota/limit | threads: 16 | admission: [{ quota: { limit: 0, per: 1m } }] | above 0
    E203 | components/web/admission/0/quota/per | threads: 16 | admission: [{ quota: { limit: 1, per: 0s } }] | above 0
    E203 | components/web/admission/0/quota/limit | threads: 16 | admission: [{ quota: { limit: 1, per: 1m, costs: { browse: 2 } } }] | never passes
    E201 | components/web/admission/0/quota/each | threads: 16 | admission: [{ quota: { limit: 1, per: 1m, each: user } }] | entity
    E204 | components/web/firewall/0/rule/false-positives | threads: 16 | firewall: [{ rule: { false-positives: 1% } }] | add `when`
    E203 | components/web/firewall/0/flood/check-every | threads: 16 | firewall: [{ flood: { threshold: 1/s, window: 10s, check-every: 3s } }] | divide
    E207 | components/web/firewall/1 | threads: 16 | firewall: [{ rule: {} }, { rule: {} }] | name
    E201 | components/web/certificate | threads: 16 | certificate: tls | credential
    E201 | components/web/reachable-from/1 | threads: 16 | reachable-from: [shoppers, nobody] | client or place
    W230 | components/web/reachable-from | threads: 16 | reachable-from: web | cannot reach
    E201 | clients/shoppers/calls/web/credential | journeys: | calls: { web: { credential: key } }\n    journeys: | credential
    E203 | components/web/store/datasets/rows/row-level-security | browse: [{ compute: 5ms }] | browse: [{ read: web.rows }]\n      read: []\n    store: { datasets: { rows: { row-level-security: 0.5 } } } | from 1
    E201 | components/web/operations/browse/0/token/of | [{ compute: 5ms }] | [{ token: { of: user, lifetime: 1h, refresh: [] } }] | entity
";

/// As above, in the scenario.
const OF_THE_SCENARIO: &str = r"
    E201 | load/shoppers/attributes/size | rate: 100/s | rate: 1/s, attributes: { size: 1 } | attribute
    E201 | faults/0/expire/credential | duration: 10m | duration: 10m\nfaults: [{ at: 1m, expire: { credential: tls } }] | credential
    E213 | faults/0/bad-output/target | duration: 10m | duration: 10m\nfaults: [{ at: 1m, bad-output: { target: web, cut: 5% } }] | language model
    E205 | faults/0/bad-output | duration: 10m | duration: 10m\nfaults: [{ at: 1m, bad-output: { target: { component: web } } }] | nothing
    E204 | faults/0/clock-skew | duration: 10m | duration: 10m\nfaults: [{ at: 1m, clock-skew: { target: web } }] | exactly one
    E203 | faults/0/clock-skew/ahead | duration: 10m | duration: 10m\nfaults: [{ at: 1m, clock-skew: { target: web, ahead: 0s } }] | above 0
    E201 | faults/0/throttle/limit | duration: 10m | duration: 10m\nfaults: [{ at: 1m, throttle: { target: web, limit: tokens, rate: 1/s } }] | limit
    W204 | faults/0/block | duration: 10m | duration: 10m\nfaults: [{ at: 1m, block: { from: shoppers, to: web } }] | timeout
    E222 | expect/0 | duration: 10m | duration: 10m\nexpect: [tokens of web < 5] | no `model`
    E222 | expect/0 | duration: 10m | duration: 10m\nexpect: [cost of web < 5] | no `meters`
";

#[test]
fn mistakes_in_a_topology_are_found() {
    for case in cases(OF_THE_SHOP) {
        let topology = changed(SHOP, &case.part, &case.by);
        assert_finds(&topology, CALM, case.code, case.at, case.says);
    }
}

#[test]
fn mistakes_in_a_scenario_are_found() {
    for case in cases(OF_THE_SCENARIO) {
        let scenario = changed(CALM, &case.part, &case.by);
        let found = diags(SHOP, &scenario);
        let place =
            |at: &str| at == case.at || at.starts_with(&format!("{}/", case.at)) || case.at.starts_with(at);
        let fits = found.iter().any(|diag| {
            let text = format!("{} ({})", diag.message, diag.help.as_deref().unwrap_or(""));
            diag.code == case.code
                && diag.at.as_ref().is_some_and(|at| place(&at.file))
                && text.contains(case.says)
        });
        assert!(fits, "expected {} at {} saying `{}`:\n{}", case.code, case.at, case.says, shown(&found));
    }
}

const TOPOLOGY: &str = "
topology: odd
entities: { user: { population: 50 } }
credentials: { key: {}, tls: { checked: connection } }
attributes: { prompt: 900, size: prompt + 5, age: 0 }
components:
  edge:
    firewall: [{ rule: { when: size > 5, catches: 50%, false-positives: 1%, delay: 1ms } }, { flood: { when: size < 5, threshold: 5/s, window: 1m, check-every: 10s, lag: 5s, drops: 50%, false-positives: 1%, release: 1m, delay: 1ms } }]
    admission: [{ quota: { name: daily, limit: 5000, per: 1m, each: user, costs: { chat: size } } }]
    certificate: tls
    reachable-from: [users]
    calls: { model: { credential: key, first-token: 5s, timeout: 20s, validate: true, retry: { attempts: 2, on: [malformed] } }, db: { timeout: 1s } }
    operations:
      chat:
        - set: { prompt: prompt + 10, size: uniform(1 5) }
        - if: { when: prompt + 5 > 100, do: [{ stream: model.complete }], else: [{ read: db.rows }] }
  model:
    cores: 4
    model: { prefill: 5000/s, decode: 100/s, window: 8k, malformed: 1%, wrong: 1% }
    meters: { input-tokens: 1 USD/M, calls: 1 USD }
    operations: { complete: [{ generate: { prompt: prompt, output: geometric(100), output-max: 500 } }, { meter: { calls: 1 } }] }
  db: { store: { datasets: { rows: { row-level-security: 1.5 } } }, operations: { read: [{ compute: 1ms }] } }
  auth: { operations: { token: [{ compute: 1ms }] } }
clients:
  users:
    calls: { edge: { timeout: 30s }, auth: { timeout: 1s } }
    journeys: { ask: [{ token: { of: user, lifetime: 1m, early: 5s, age: age, refresh: [{ call: auth.token }] } }, { stream: edge.chat }] }
";

const SCENARIO: &str = "
scenario: odd
topology: odd.yaml
duration: 2m
events-max: 200k
in-system-max: 5k
load: { users: { rate: 5/s, attributes: { prompt: 500 } } }
faults:
  - { at: 10s, for: 5s, bad-output: { target: model, malformed: 10%, wrong: 5%, cut: 20% } }
  - { at: 10s, for: 20s, clock-skew: { target: edge, ahead: 5s } }
  - { at: 30s, for: 10s, expire: { credential: tls } }
  - { at: 40s, for: 30s, rotate: { credential: key, lag: 5s, verifier-lag: 2s, grace: 3s } }
  - { at: 50s, for: 5s, block: { from: edge, to: model } }
  - { at: 60s, for: 5s, throttle: { target: edge, limit: daily, rate: 50/s, burst: 100 } }
";

fn leaves(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| leaves(value, &format!("{pointer}/{key}"), found));
        }
        Value::Array(list) => {
            let items = list.iter().enumerate();
            items.for_each(|(index, value)| leaves(value, &format!("{pointer}/{index}"), found));
        }
        _ => found.push(pointer.to_owned()),
    }
}

/// What resolves must also run, to its end or to a bound, without losing a request.
#[test]
fn any_one_odd_value_gives_a_finding_or_a_run_that_adds_up() {
    let before = diags(TOPOLOGY, SCENARIO);
    assert!(before.is_empty(), "{}", shown(&before));
    let documents = [TOPOLOGY, SCENARIO].map(|text| serde_saphyr::from_str::<Value>(text).unwrap());
    let odd = [
        "",
        "0",
        "-1",
        "1e308",
        "1G/s",
        "1e-9/s",
        "26000d",
        "1ns",
        "100%",
        "prompt - 9999999 * size",
        "time - 60",
    ];
    let mut runs = 0;
    for (which, document) in documents.iter().enumerate() {
        let mut pointers = Vec::new();
        leaves(document, "", &mut pointers);
        for pointer in pointers {
            for value in odd {
                let mut changed = documents.clone();
                *changed[which].pointer_mut(&pointer).expect("a leaf") = json!(value);
                let Ok(input) = from_values(&changed[0], &changed[1]) else { continue };
                let Ok((plan, _)) = resolve(&input) else { continue };
                if plan.duration.as_secs_f64() > 1000.0 {
                    continue;
                }
                let (outcome, _) = simulate(&plan, &Options::new(1), &mut |_| Flow::Continue);
                for check in &outcome.conservation {
                    assert!(check.holds(), "{pointer} = {value}: {check:?}");
                }
                runs += 1;
            }
        }
    }
    assert!(runs > 100, "{runs}");
}
