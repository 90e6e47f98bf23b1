//! Every mistake in a topology is found, where it is, with what to do about it.

use super::fixture::{CALM, Case, SHOP, assert_finds, cases, changed, diags, shown};
use crate::spec::raw::{RawOperation, RawStep};

/// Finding and place, what is replaced in the shop and by what, and what the finding says.
const OF_THE_SHOP: &str = r"
    E201 | clients/shoppers/journeys/visit/0/call | call: web.browse | call: webb.browse | did you mean `web`?
    E201 | clients/shoppers/journeys/visit/0/call | call: web.browse | call: web.brows | did you mean `browse`?
    E201 | components/web/place | threads: 16 | place: mars | there is here
    E208 | components/web/operations/a.b | browse: [{ compute: 5ms }] | browse: []\n      a.b: [] | letters
    E201 | clients/shoppers/calls/wib | journeys: | calls: { wib: { timeout: 1s } }\n    journeys: | did you mean `web`?
    E201 | clients/shoppers/calls/web.brows | journeys: | calls: { web.brows: { timeout: 1s } }\n    journeys: | browse
    E203 | components/web/replicas | threads: 16 | replicas: 0 | from 1 to
    E203 | components/web/replicas | threads: 16 | replicas: 1000000 | to 100000
    E203 | components/web/threads | threads: 16 | threads: 0 | from 1
    E202 | components/web/threads | threads: 16 | threads: sixteen | sixteen
    E204 | components/web/threads | threads: 16 | threads: 16\n    async: true | exclude
    E203 | components/web/cores | threads: 16 | async: true\n    cores: 1.5 | whole number
    E203 | components/web/cores | threads: 16 | threads: 4\n    cores: 0 | above 0
    E204 | components/web/threads | threads: 16 | threads: 16\n    queue: { discipline: processor-sharing } | processor-sharing
    E204 | components/web/queue/discipline | threads: 16 | async: true\n    queue: { discipline: processor-sharing } | async
    E204 | components/web/queue/discipline | threads: 16 | queue: { discipline: preemptive-priority } | limited threads
    E204 | components/web/queue/discipline | threads: 16 | threads: 16\n    cores: 2\n    queue: { discipline: preemptive-priority } | cores
    E204 | components/web/queue/capacity | threads: 16 | queue: { capacity: 10 } | unlimited threads
    E204 | components/web/queue/patience | threads: 16 | queue: { patience: 10s } | unlimited threads
    E203 | components/web/speed | threads: 16 | speed: 0 | above 0
    E204 | components/web/cache/memory | threads: 16 | cache: { entries: 5, memory: 1KiB } | exclude
    E203 | components/web/cache/entries | threads: 16 | cache: { entries: 0 } | from 1
    E203 | components/web/admission/0/token-bucket/rate | threads: 16 | admission: [{ token-bucket: { rate: 0/s, burst: 1 } }] | above 0
    E201 | components/web/admission/0/token-bucket/costs/brows | threads: 16 | admission: [{ token-bucket: { rate: 1/s, burst: 1, costs: { brows: 1 } } }] | browse
    E203 | components/web/admission/0/token-bucket/burst | threads: 16 | admission: [{ token-bucket: { rate: 1/s, burst: 1, costs: { browse: 2 } } }] | never passes
    E204 | components/web/admission/0/token-bucket/wait-max | threads: 16 | admission: [{ token-bucket: { rate: 1/s, burst: 1, wait-max: 1s } }] | excess: delay
    E207 | components/web/admission/1/token-bucket | threads: 16 | admission: [{ token-bucket: { rate: 1/s, burst: 1 } }, { token-bucket: { rate: 1/m, burst: 9 } }] | name
    E211 | components/web/operations/browse/1 | [{ compute: 5ms }] | [reply, reply] | once
    E211 | components/web/operations/browse/0/choose/0/do/0 | [{ compute: 5ms }] | [{ choose: [{ share: 50%, do: [reply] }] }] | own steps
    E211 | clients/shoppers/journeys/visit/1 | [{ call: web.browse }] | [{ call: web }, reply] | nobody
    E211 | clients/shoppers/journeys/visit/1 | [{ call: web.browse }] | [{ call: web }, { compute: 1ms }] | use `wait`
    E211 | clients/shoppers/journeys/visit/0 | [{ call: web.browse }] | [{ forward: web }] | use `call`
    E215 | components/web/operations/browse/0/choose | [{ compute: 5ms }] | [{ choose: [{ share: 70% }, { share: 40% }] }] | 110
    E205 | components/web/operations/browse/0/choose | [{ compute: 5ms }] | [{ choose: [] }] | nothing to choose
    E202 | components/web/operations/browse/0/fail | [{ compute: 5ms }] | [{ fail: 120% }] | more than
    E204 | components/web/operations/browse/0/parallel | [{ compute: 5ms }] | [{ parallel: { times: 2, branches: [[]] } }] | either
    E203 | components/web/operations/browse/0/parallel/need | [{ compute: 5ms }] | [{ parallel: { branches: [[], []], need: 3 } }] | from 1 to the 2
    E214 | components/web/operations/browse/0/parallel/times | [{ compute: 5ms }] | [{ parallel: { times: 4000000000, do: [] } }] | 100000
    E203 | components/web/operations/browse/0/repeat/at-most | [{ compute: 5ms }] | [{ repeat: { times: 2, at-most: 0, do: [] } }] | from 1
    E205 | components/web/operations/browse/0/try/rescue | [{ compute: 5ms }] | [{ try: { do: [], rescue: [] } }] | rescue
    E210 | components/web/operations/browse | [{ compute: 5ms }] | [{ call: web }] | web.browse -> web.browse
    E205 | components/web/operations/browse/0/read | [{ compute: 5ms }] | [{ read: web }] | datasets
    E211 | components/web/operations/browse/0/write | browse: [{ compute: 5ms }] | browse: [{ write: { to: web.rows, if-unchanged: true } }]\n      write: []\n    store: { datasets: { rows: {} } } | surely reads `web.rows`
    E201 | components/web/store/datasets/rows/key | browse: [{ compute: 5ms }] | browse: [{ read: web.rows }]\n      read: []\n    store: { datasets: { rows: { key: row } } } | entity
    E202 | components/web/contention/serial | threads: 16 | threads: 16\n    contention: { serial: 200% } | more than
    E204 | components/web/contention | threads: 16 | async: true\n    contention: { serial: 1% } | core for each thread
    W205 | components/web/contention | threads: 16 | threads: 16\n    contention: { serial: 0 } | nothing slows down
    E213 | components/web/operations/browse/0/read | [{ compute: 5ms }] | [{ read: web.rows }] | keeps no data
    E202 | components/web/operations/browse/0/compute | [{ compute: 5ms }] | [{ compute: soon }] | soon
    E205 | clients/shoppers | journeys:\n      visit: [{ call: web.browse }] | journeys: {} | no journeys
    E215 | clients/shoppers/journeys | visit: [{ call: web.browse }] | visit: { weight: 0, steps: [] } | more than 0
    E203 | clients/shoppers/calls/web/timeout | journeys: | calls: { web: { timeout: 0s } }\n    journeys: | above 0s
    E203 | clients/shoppers/calls/web/pool | journeys: | calls: { web: { pool: 0 } }\n    journeys: | from 1
    E203 | clients/shoppers/calls/web/priority | journeys: | calls: { web: { priority: 8 } }\n    journeys: | to 7
    E203 | clients/shoppers/calls/web/retry/attempts | journeys: | calls: { web: { retry: { attempts: 0 } } }\n    journeys: | from 1
    E202 | clients/shoppers/calls/web/retry/backoff | journeys: | calls: { web: { retry: { attempts: 2, backoff: full-jitter(2s 1s) } } }\n    journeys: | below
    E204 | clients/shoppers/calls/web/retry/budget | journeys: | calls: { web: { retry: { attempts: 2, budget: { ratio: 10%, capacity: 5 } } } }\n    journeys: | either
    E203 | clients/shoppers/calls/web/breaker/calls | journeys: | calls: { web: { breaker: { calls: 0 } } }\n    journeys: | from 1
    E203 | clients/shoppers/calls/web/breaker/minimum | journeys: | calls: { web: { breaker: { calls: 10, minimum: 11 } } }\n    journeys: | to 10
    E204 | clients/shoppers/calls/web/breaker/window | journeys: | calls: { web: { breaker: { calls: 10, window: 5s } } }\n    journeys: | exclude
    E203 | clients/shoppers/calls/web/breaker/failures | journeys: | calls: { web: { breaker: { failures: 0% } } }\n    journeys: | above 0
    E205 | clients/shoppers/calls/web/breaker/slow-share | journeys: | calls: { web: { breaker: { slow-share: 50% } } }\n    journeys: | slow: 1s
    E203 | clients/shoppers/calls/web/breaker/open | journeys: | calls: { web: { breaker: { open: 0s } } }\n    journeys: | above 0s
    E203 | clients/shoppers/calls/web/breaker/probes | journeys: | calls: { web: { breaker: { probes: 0 } } }\n    journeys: | from 1
    E203 | clients/shoppers/calls/web/bulkhead | journeys: | calls: { web: { bulkhead: 0 } }\n    journeys: | from 1
    E204 | clients/shoppers/calls/web/bulkhead/wait | journeys: | calls: { web: { bulkhead: { calls: 5, wait: 1s } } }\n    journeys: | needs a `queue`
    E203 | clients/shoppers/calls/web/throttle/k | journeys: | calls: { web: { throttle: { k: 0.5 } } }\n    journeys: | from 1
    E203 | clients/shoppers/calls/web/throttle/window | journeys: | calls: { web: { throttle: { window: 0s } } }\n    journeys: | above 0s
    E204 | clients/shoppers/calls/web/hedge | journeys: | calls: { web: { hedge: {} } }\n    journeys: | exactly one
    E204 | clients/shoppers/calls/web/hedge | journeys: | calls: { web: { hedge: { after: 1s, percentile: 95% } } }\n    journeys: | exactly one
    E203 | clients/shoppers/calls/web/hedge/after | journeys: | calls: { web: { hedge: { after: 0s } } }\n    journeys: | above 0s
    E203 | clients/shoppers/calls/web/hedge/percentile | journeys: | calls: { web: { hedge: { percentile: 100% } } }\n    journeys: | 0.9999
    E203 | clients/shoppers/calls/web/hedge/cap | journeys: | calls: { web: { hedge: { after: 1s, cap: 0% } } }\n    journeys: | above 0
    E204 | clients/shoppers/calls/web/hedge/window | journeys: | calls: { web: { hedge: { after: 1s, window: 5s } } }\n    journeys: | percentile
    E204 | clients/shoppers/calls/web/fallback | journeys: | calls: { web: { on-failure: degrade, fallback: [{ wait: 1ms }] } }\n    journeys: | never done
    E204 | components/web/client-defaults/fallback | threads: 16 | client-defaults: { fallback: [{ wait: 1ms }] } | the caller's
    E204 | components/web/queue/target | threads: 16 | threads: 16\n    queue: { target: 5ms } | `codel`
    E204 | components/web/queue/target | threads: 16 | threads: 16\n    queue: { discipline: codel, target: 1s } | longer than
    E203 | components/web/queue/interval | threads: 16 | threads: 16\n    queue: { discipline: codel, interval: 0s } | above 0s
    E204 | components/web/queue/drop-expired | threads: 16 | queue: { drop-expired: true } | unlimited threads
    E204 | components/web/admission/0/concurrency | threads: 16 | admission: [{ concurrency: {} }] | exactly one
    E204 | components/web/admission/0/concurrency | threads: 16 | admission: [{ concurrency: { fixed: 5, vegas: {} } }] | exactly one
    E203 | components/web/admission/0/concurrency/fixed | threads: 16 | admission: [{ concurrency: { fixed: 0 } }] | from 1
    E207 | components/web/admission/1/concurrency | threads: 16 | admission: [{ concurrency: { fixed: 5 } }, { concurrency: { fixed: 6 } }] | already
    E203 | components/web/admission/0/concurrency/aimd/backoff | threads: 16 | admission: [{ concurrency: { aimd: { timeout: 1s, backoff: 100% } } }] | 0.99
    E203 | components/web/admission/0/concurrency/vegas/initial | threads: 16 | admission: [{ concurrency: { vegas: { initial: 5, max: 4 } } }] | to 4
    E203 | components/web/admission/0/concurrency/gradient/tolerance | threads: 16 | admission: [{ concurrency: { gradient: { tolerance: 0.5 } } }] | from 1
    E203 | components/web/client-defaults/timeout | threads: 16 | client-defaults: { timeout: 0s } | above 0s
    W205 | components/web/cores | threads: 16 | threads: 16\n    cores: 20 | 16 threads
    W205 | components/web/queue/discipline | threads: 16 | queue: { discipline: lifo } | nobody waits
    W205 | clients/shoppers/calls/web/total-timeout | journeys: | calls: { web: { timeout: 2s, total-timeout: 1s } }\n    journeys: | comes first
    W201 | components/web/calls/web | threads: 16 | calls: { web: { timeout: 1s } } | never calls
";

#[test]
fn every_mistake_in_a_topology_is_found_where_it_is() {
    for Case { code, at, part, by, says } in cases(OF_THE_SHOP) {
        assert_finds(&changed(SHOP, &part, &by), CALM, code, at, says);
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

/// As above, of the pair; `fine` is no mistake.
const OF_THE_PAIR: &str = r"
    E206 | components/web/operations/get/0/read | between: [east, west], latency: 1ms | from: east, to: west | add `- { between: [east, west]
    E201 | network/links/0/between/1 | between: [east, west], latency: 1ms | between: [east, wets] | did you mean `west`?
    E207 | network/links/1 | latency: 1ms } | latency: 1ms }, { from: west, to: east } | already
    E204 | network/links/0 | between: [east, west] | between: [east, west], from: east | either
    E203 | network/links/0/loss | latency: 1ms } | loss: 100% } | partition
    E205 | components/db | place: west, store | store | east, west
    E213 | components/web/operations/get/1/cached/in | in: redis | in: db | redis
    E201 | components/web/operations/get/1/cached/key | key: item | key: itme | did you mean `item`?
    E204 | components/web/operations/get/1/cached/sliding-ttl | key: item } | key: item, ttl: 1s, sliding-ttl: 1s } | exclude
    E201 | components/web/operations/get/0/read | read: db.rows | read: db.row | did you mean `rows`?
    E201 | components/web/operations/get/0/write | read: db.rows | write: db.rows | neither operation `write-rows` nor `write`
    E203 | components/web/operations/get/1/cached | memory: 1MiB | memory: 1KiB | does not fit
    E203 | entities/item/population | population: 10 | population: 0 | from 1
    E203 | entities/item/popularity | population: 10 | population: 10, popularity: hot-set(20 50%) | 1 to 10
    E202 | entities/item/popularity | population: 10 | population: 10, popularity: zipf(-1) | zipf(0.9)
    fine | . | operations: { read: [] } | operations: { read: [], list: [] } | -
    fine | . | [{ read: db.rows } | [{ call: db } | -
";

#[test]
fn every_mistake_between_components_is_found_where_it_is() {
    for Case { code, at, part, by, says } in cases(OF_THE_PAIR) {
        let topology = changed(PAIR, &part, &by);
        if code == "fine" {
            let found = diags(&topology, CALM);
            assert!(found.is_empty(), "{by}: {}", shown(&found));
        } else {
            assert_finds(&topology, CALM, code, at, says);
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
fn a_forwarded_request_is_answered_over_the_way_to_the_original_caller() {
    let topology = "
topology: t
places: { home: {}, near: {}, far: {} }
network:
  links: [{ between: [home, near], latency: 1ms }, { between: [near, far], latency: 1ms }]
components:
  front: { place: near, operations: { get: [{ forward: middle.get }] } }
  middle: { place: near, operations: { get: [{ choose: [{ share: 50%, do: [{ forward: back.get }] }] }] } }
  back: { place: far, operations: { get: [{ compute: 1ms }] } }
clients: { users: { place: home, journeys: { go: [{ call: front.get }] } } }
";
    let calm = CALM.replace("shoppers", "users");
    let at = "components/back/operations/get";
    assert_finds(topology, &calm, "E206", at, "from far straight to `users` in home");
    let with = |link: &str| changed(topology, "links: [", &format!("links: [{link}, "));
    assert_finds(&with("{ from: far, to: home }"), &calm, "W208", at, "none back");
    assert_finds(&with("{ from: home, to: far }"), &calm, "E206", at, "no link that way");
    let both = with("{ between: [far, home] }");
    assert!(diags(&both, &calm).is_empty(), "{}", shown(&diags(&both, &calm)));
    let called = topology.replace("forward:", "call:");
    assert!(diags(&called, &calm).is_empty());
    let fault = |from: &str| {
        format!("{calm}faults: [{{ at: 1m, for: 1m, partition: {{ from: {from}, to: users }} }}]")
    };
    assert_finds(
        &both,
        &fault("back"),
        "W204",
        "faults/0/partition",
        "hanging until the end: users -> front",
    );
    assert_finds(&both, &fault("middle"), "W204", "faults/0/partition", "users -> front");
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

#[test]
fn models_too_big_to_list_are_refused_before_they_are_listed() {
    let many: String = (0..20).map(|n| format!("  c{n}: {{ replicas: 100000, tags: [t] }}\n")).collect();
    let topology = SHOP.replace("components:\n", &format!("components:\n{many}"));
    let fault = "faults: [{ at: 1m, pause: { target: { tag: t } } }]";
    assert_finds(&topology, &format!("{CALM}{fault}"), "E214", "components", "replicas in all");
    let half = topology.replace("100000", "40000");
    let faults = vec!["{ at: 1m, pause: { target: { tag: t } } }"; 13].join(", ");
    assert_finds(&half, &format!("{CALM}faults: [{faults}]"), "E214", "faults/12/pause/target", "10000000");
}
