//! Every mistake in a topology is found, where it is, with what to do about it.

use super::fixture::{CALM, SHOP, assert_finds, changed, diags, shown};
use crate::spec::raw::{RawOperation, RawStep};

#[test]
fn every_mistake_in_a_topology_is_found_where_it_is() {
    let steps = "[{ compute: 5ms }]";
    let cases = [
        // Names.
        (
            changed(SHOP, "call: web.browse", "call: webb.browse"),
            "E201",
            "clients/shoppers/journeys/visit/0/call",
            "did you mean `web`?",
        ),
        (
            changed(SHOP, "call: web.browse", "call: web.brows"),
            "E201",
            "clients/shoppers/journeys/visit/0/call",
            "did you mean `browse`?",
        ),
        (changed(SHOP, "threads: 16", "place: mars"), "E201", "components/web/place", "there is here"),
        (
            changed(SHOP, "browse: [{ compute: 5ms }]", "browse: []\n      a.b: []"),
            "E208",
            "components/web/operations/a.b",
            "letters",
        ),
        (
            changed(SHOP, "journeys:", "calls: { wib: { timeout: 1s } }\n    journeys:"),
            "E201",
            "clients/shoppers/calls/wib",
            "did you mean `web`?",
        ),
        (
            changed(SHOP, "journeys:", "calls: { web.brows: { timeout: 1s } }\n    journeys:"),
            "E201",
            "clients/shoppers/calls/web.brows",
            "browse",
        ),
        // Components.
        (changed(SHOP, "threads: 16", "replicas: 0"), "E203", "components/web/replicas", "from 1 to"),
        (changed(SHOP, "threads: 16", "replicas: 1000000"), "E203", "components/web/replicas", "to 100000"),
        (changed(SHOP, "threads: 16", "threads: 0"), "E203", "components/web/threads", "from 1"),
        (changed(SHOP, "threads: 16", "threads: sixteen"), "E202", "components/web/threads", "sixteen"),
        (
            changed(SHOP, "threads: 16", "threads: 16\n    async: true"),
            "E204",
            "components/web/threads",
            "exclude",
        ),
        (
            changed(SHOP, "threads: 16", "async: true\n    cores: 1.5"),
            "E203",
            "components/web/cores",
            "whole number",
        ),
        (changed(SHOP, "threads: 16", "threads: 4\n    cores: 0"), "E203", "components/web/cores", "above 0"),
        (
            changed(SHOP, "threads: 16", "threads: 16\n    queue: { discipline: processor-sharing }"),
            "E204",
            "components/web/threads",
            "processor-sharing",
        ),
        (
            changed(SHOP, "threads: 16", "async: true\n    queue: { discipline: processor-sharing }"),
            "E204",
            "components/web/queue/discipline",
            "async",
        ),
        (
            changed(SHOP, "threads: 16", "queue: { discipline: preemptive-priority }"),
            "E204",
            "components/web/queue/discipline",
            "limited threads",
        ),
        (
            changed(
                SHOP,
                "threads: 16",
                "threads: 16\n    cores: 2\n    queue: { discipline: preemptive-priority }",
            ),
            "E204",
            "components/web/queue/discipline",
            "cores",
        ),
        (
            changed(SHOP, "threads: 16", "queue: { capacity: 10 }"),
            "E204",
            "components/web/queue/capacity",
            "unlimited threads",
        ),
        (
            changed(SHOP, "threads: 16", "queue: { patience: 10s }"),
            "E204",
            "components/web/queue/patience",
            "unlimited threads",
        ),
        (changed(SHOP, "threads: 16", "speed: 0"), "E203", "components/web/speed", "above 0"),
        (
            changed(SHOP, "threads: 16", "cache: { entries: 5, memory: 1KiB }"),
            "E204",
            "components/web/cache/memory",
            "exclude",
        ),
        (
            changed(SHOP, "threads: 16", "cache: { entries: 0 }"),
            "E203",
            "components/web/cache/entries",
            "from 1",
        ),
        (
            changed(SHOP, "threads: 16", "admission: [{ token-bucket: { rate: 0/s, burst: 1 } }]"),
            "E203",
            "components/web/admission/0/token-bucket/rate",
            "above 0",
        ),
        (
            changed(
                SHOP,
                "threads: 16",
                "admission: [{ token-bucket: { rate: 1/s, burst: 1, costs: { brows: 1 } } }]",
            ),
            "E201",
            "components/web/admission/0/token-bucket/costs/brows",
            "browse",
        ),
        (
            changed(
                SHOP,
                "threads: 16",
                "admission: [{ token-bucket: { rate: 1/s, burst: 1, costs: { browse: 2 } } }]",
            ),
            "E203",
            "components/web/admission/0/token-bucket/burst",
            "never passes",
        ),
        (
            changed(
                SHOP,
                "threads: 16",
                "admission: [{ token-bucket: { rate: 1/s, burst: 1, wait-max: 1s } }]",
            ),
            "E204",
            "components/web/admission/0/token-bucket/wait-max",
            "excess: delay",
        ),
        (
            changed(
                SHOP,
                "threads: 16",
                "admission: [{ token-bucket: { rate: 1/s, burst: 1 } }, { token-bucket: { rate: 1/m, burst: 9 } }]",
            ),
            "E207",
            "components/web/admission/1/token-bucket",
            "name",
        ),
        // Steps.
        (
            changed(SHOP, steps, "[{ reply }]").replace("{ reply }", "reply, reply"),
            "E211",
            "components/web/operations/browse/1",
            "once",
        ),
        (
            changed(SHOP, steps, "[{ choose: [{ share: 50%, do: [reply] }] }]"),
            "E211",
            "components/web/operations/browse/0/choose/0/do/0",
            "own steps",
        ),
        (
            changed(SHOP, "[{ call: web.browse }]", "[{ call: web }, reply]"),
            "E211",
            "clients/shoppers/journeys/visit/1",
            "nobody",
        ),
        (
            changed(SHOP, "[{ call: web.browse }]", "[{ call: web }, { compute: 1ms }]"),
            "E211",
            "clients/shoppers/journeys/visit/1",
            "use `wait`",
        ),
        (
            changed(SHOP, "[{ call: web.browse }]", "[{ forward: web }]"),
            "E211",
            "clients/shoppers/journeys/visit/0",
            "use `call`",
        ),
        (
            changed(SHOP, steps, "[{ choose: [{ share: 70% }, { share: 40% }] }]"),
            "E215",
            "components/web/operations/browse/0/choose",
            "110",
        ),
        (
            changed(SHOP, steps, "[{ choose: [] }]"),
            "E205",
            "components/web/operations/browse/0/choose",
            "nothing to choose",
        ),
        (
            changed(SHOP, steps, "[{ fail: 120% }]"),
            "E203",
            "components/web/operations/browse/0/fail",
            "0% to 100%",
        ),
        (
            changed(SHOP, steps, "[{ parallel: { times: 2, branches: [[]] } }]"),
            "E204",
            "components/web/operations/browse/0/parallel",
            "either",
        ),
        (
            changed(SHOP, steps, "[{ parallel: { branches: [[], []], need: 3 } }]"),
            "E203",
            "components/web/operations/browse/0/parallel/need",
            "from 1 to the 2",
        ),
        (
            changed(SHOP, steps, "[{ parallel: { times: 4000000000, do: [] } }]"),
            "E214",
            "components/web/operations/browse/0/parallel/times",
            "100000",
        ),
        (
            changed(SHOP, steps, "[{ repeat: { times: 2, at-most: 0, do: [] } }]"),
            "E203",
            "components/web/operations/browse/0/repeat/at-most",
            "from 1",
        ),
        (
            changed(SHOP, steps, "[{ try: { do: [], rescue: [] } }]"),
            "E205",
            "components/web/operations/browse/0/try/rescue",
            "rescue",
        ),
        (
            changed(SHOP, steps, "[{ call: web }]"),
            "E210",
            "components/web/operations/browse",
            "web.browse -> web.browse",
        ),
        (
            changed(SHOP, steps, "[{ read: web }]"),
            "E205",
            "components/web/operations/browse/0/read",
            "datasets",
        ),
        (
            changed(SHOP, steps, "[{ read: web.rows }]"),
            "E213",
            "components/web/operations/browse/0/read",
            "keeps no data",
        ),
        (
            changed(SHOP, steps, "[{ compute: soon }]"),
            "E202",
            "components/web/operations/browse/0/compute",
            "soon",
        ),
        (
            changed(SHOP, "journeys:\n      visit: [{ call: web.browse }]", "journeys: {}"),
            "E205",
            "clients/shoppers",
            "no journeys",
        ),
        (
            changed(SHOP, "visit: [{ call: web.browse }]", "visit: { weight: 0, steps: [] }"),
            "E215",
            "clients/shoppers/journeys",
            "more than 0",
        ),
        // Policies.
        (
            changed(SHOP, "journeys:", "calls: { web: { timeout: 0s } }\n    journeys:"),
            "E203",
            "clients/shoppers/calls/web/timeout",
            "above 0s",
        ),
        (
            changed(SHOP, "journeys:", "calls: { web: { pool: 0 } }\n    journeys:"),
            "E203",
            "clients/shoppers/calls/web/pool",
            "from 1",
        ),
        (
            changed(SHOP, "journeys:", "calls: { web: { priority: 8 } }\n    journeys:"),
            "E203",
            "clients/shoppers/calls/web/priority",
            "to 7",
        ),
        (
            changed(SHOP, "journeys:", "calls: { web: { retry: { attempts: 0 } } }\n    journeys:"),
            "E203",
            "clients/shoppers/calls/web/retry/attempts",
            "from 1",
        ),
        (
            changed(
                SHOP,
                "journeys:",
                "calls: { web: { retry: { attempts: 2, backoff: full-jitter(2s 1s) } } }\n    journeys:",
            ),
            "E203",
            "clients/shoppers/calls/web/retry/backoff",
            "shorter",
        ),
        (
            changed(
                SHOP,
                "journeys:",
                "calls: { web: { retry: { attempts: 2, budget: { ratio: 10%, capacity: 5 } } } }\n    journeys:",
            ),
            "E204",
            "clients/shoppers/calls/web/retry/budget",
            "either",
        ),
        (
            changed(SHOP, "threads: 16", "client-defaults: { timeout: 0s }"),
            "E203",
            "components/web/client-defaults/timeout",
            "above 0s",
        ),
        // Warnings.
        (
            changed(SHOP, "threads: 16", "threads: 16\n    cores: 20"),
            "W205",
            "components/web/cores",
            "16 threads",
        ),
        (
            changed(SHOP, "threads: 16", "queue: { discipline: lifo }"),
            "W205",
            "components/web/queue/discipline",
            "nobody waits",
        ),
        (
            changed(SHOP, "journeys:", "calls: { web: { timeout: 2s, total-timeout: 1s } }\n    journeys:"),
            "W205",
            "clients/shoppers/calls/web/total-timeout",
            "comes first",
        ),
        (
            changed(SHOP, "threads: 16", "calls: { web: { timeout: 1s } }"),
            "W201",
            "components/web/calls/web",
            "never calls",
        ),
    ];
    for (topology, code, at, says) in cases {
        assert_finds(&topology, CALM, code, at, says);
    }
}

#[test]
fn a_component_and_a_client_need_different_names() {
    let scenario = changed(CALM, "shoppers: {", "shoppers: { client: web,");
    assert_finds(&changed(SHOP, "shoppers:", "web:"), &scenario, "E207", "clients/web", "rename one");
}

/// Two components, a store and a cache in two places, for mistakes between them.
const PAIR: &str = "
topology: pair
places: { east: {}, west: {} }
network: { links: [{ between: [east, west], latency: 1ms }] }
entities: { item: { population: 10, bytes: 2KiB } }
components:
  web:
    place: east
    operations:
      get: [{ read: db.rows }, { cached: { in: redis, key: item } }]
  db: { place: west, store: { datasets: { rows: {} } }, operations: { read: [] } }
  redis: { place: east, cache: { memory: 1MiB }, operations: { get: [] } }
clients: { shoppers: { place: east, journeys: { visit: [{ call: web }] } } }
";

#[test]
fn every_mistake_between_components_is_found_where_it_is() {
    let get = "components/web/operations/get";
    let cases = [
        (
            "between: [east, west], latency: 1ms",
            "from: east, to: west",
            "E206",
            format!("{get}/0/read"),
            "add `- { between: [east, west]",
        ),
        (
            "between: [east, west], latency: 1ms",
            "between: [east, wets]",
            "E201",
            "network/links/0/between/1".to_owned(),
            "did you mean `west`?",
        ),
        (
            "latency: 1ms }",
            "latency: 1ms }, { from: west, to: east }",
            "E207",
            "network/links/1".to_owned(),
            "already",
        ),
        (
            "between: [east, west]",
            "between: [east, west], from: east",
            "E204",
            "network/links/0".to_owned(),
            "either",
        ),
        ("latency: 1ms }", "loss: 100% }", "E203", "network/links/0/loss".to_owned(), "partition"),
        ("place: west, store", "store", "E205", "components/db".to_owned(), "east, west"),
        ("in: redis", "in: db", "E213", format!("{get}/1/cached/in"), "redis"),
        ("key: item", "key: itme", "E201", format!("{get}/1/cached/key"), "did you mean `item`?"),
        (
            "key: item }",
            "key: item, ttl: 1s, sliding-ttl: 1s }",
            "E204",
            format!("{get}/1/cached/sliding-ttl"),
            "exclude",
        ),
        ("read: db.rows", "read: db.row", "E201", format!("{get}/0/read"), "did you mean `rows`?"),
        (
            "read: db.rows",
            "write: db.rows",
            "E201",
            format!("{get}/0/write"),
            "neither operation `write-rows` nor `write`",
        ),
        ("memory: 1MiB", "memory: 1KiB", "E203", format!("{get}/1/cached"), "does not fit"),
        ("population: 10", "population: 0", "E203", "entities/item/population".to_owned(), "from 1"),
        (
            "population: 10",
            "population: 10, popularity: hot-set(20 50%)",
            "E203",
            "entities/item/popularity".to_owned(),
            "1 to 10",
        ),
        (
            "population: 10",
            "population: 10, popularity: zipf(-1)",
            "E203",
            "entities/item/popularity".to_owned(),
            "0 or more",
        ),
        ("operations: { read: [] }", "operations: { read: [], list: [] }", "", String::new(), ""),
        ("[{ read: db.rows }", "[{ call: db }", "", String::new(), ""),
    ];
    for (part, by, code, at, says) in cases {
        assert!(PAIR.contains(part), "{part}");
        let topology = PAIR.replace(part, by);
        if code.is_empty() {
            let found = diags(&topology, CALM);
            assert!(found.is_empty(), "{by}: {}", shown(&found));
        } else {
            assert_finds(&topology, CALM, code, &at, says);
        }
    }
}

#[test]
fn a_call_of_a_component_with_several_operations_must_say_which() {
    let topology =
        changed(SHOP, "browse: [{ compute: 5ms }]", "browse: []\n      buy: []").replace("web.browse", "web");
    assert_finds(&topology, CALM, "E212", "clients/shoppers/journeys/visit/0/call", "web.browse, web.buy");
}

#[test]
fn caches_that_would_not_fit_into_memory_are_refused() {
    let topology =
        PAIR.replace("population: 10", "population: 1000M").replace("memory: 1MiB", "entries: unlimited");
    assert_finds(&topology, CALM, "E214", "components/redis/cache", "4 GiB");
}

#[test]
fn retries_of_what_must_not_be_done_twice_are_warned_of() {
    let topology = changed(SHOP, "browse: [{ compute: 5ms }]", "browse: { idempotent: false, steps: [] }")
        .replace("journeys:", "calls: { web: { retry: { attempts: 2 } } }\n    journeys:");
    assert_finds(&topology, CALM, "W202", "clients/shoppers/journeys/visit/0/call", "shed, throttled");
    let safe = topology.replace("attempts: 2", "attempts: 2, on: [shed, refused]");
    assert!(diags(&safe, CALM).is_empty());
}

#[test]
fn steps_nested_too_deep_are_refused() {
    // The reader of YAML has a bound of its own; a library user may not go through it.
    let mut input = super::fixture::input(SHOP, CALM);
    let mut steps = Vec::new();
    for _ in 0..70 {
        steps = vec![RawStep::Start(steps)];
    }
    input.topology.components["web"].operations["browse"] = RawOperation::Steps(steps);
    let found = crate::plan::resolve(&input).unwrap_err();
    assert!(found.len() == 1 && found[0].code == "E214", "{}", shown(&found));
}
