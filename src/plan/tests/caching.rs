//! Caches, shards and faults on them: what files mean, and what is wrong with them.

use super::fixture::{CALM, assert_finds, cases, changed, plan, shown};
use crate::plan::tests::fixture::diags;
use crate::plan::{Effect, Eviction, Hashing, Removed, Schedule, Step, Ttl};
use crate::units::SimSpan;

const CACHED: &str = "
topology: t
entities: { user: { population: 1k }, page: { population: 100 } }
components:
  app:
    calls: { memory: { shard-by: page } }
    operations:
      show: [{ cached: { in: memory, key: page, ttl: 10s, stale-if-error: 1m, miss: [{ call: db.read }] } }]
      save: [{ put: { in: memory, key: page } }, { purge: { in: memory, all: page, delay: 1s } }]
  memory:
    replicas: 4
    shards: { notice: 5s }
    cache: { entries: 50, write-behind: { flush-every: 5s } }
    operations: { flush: [{ call: db.read }] }
  browser: { cache: { entries: 5, private-to: user } }
  db: { operations: { read: [{ compute: 1ms }] } }
clients:
  users:
    journeys:
      show: [{ cached: { in: browser, key: page, miss: [{ call: app.show }] } }, { call: app.save }]
";

fn calm(rest: &str) -> String {
    format!("{}{rest}", CALM.replace("shoppers", "users"))
}

#[test]
fn caches_say_how_they_remember_write_and_spread() {
    let plan = plan(CACHED, &calm("given: { caches: { memory: { page: 40 } } }\n"));
    let memory = &plan.components[1];
    let cache = memory.cache.as_ref().expect("memory remembers");
    let behind = cache.write_behind.as_ref().expect("memory writes behind");
    assert_eq!(
        (behind.every, behind.batch, behind.parallel, behind.buffer),
        (SimSpan::from_secs(5), 100, 1, None)
    );
    assert_eq!(memory.operations[behind.flush].name, "flush");
    assert_eq!(
        (memory.shards.hashing, memory.shards.notice),
        (Hashing::Consistent, Some(SimSpan::from_secs(5)))
    );
    assert_eq!(cache.eviction, Eviction::Lru);
    let browser = plan.components[2].cache.as_ref().expect("browsers remember");
    assert_eq!(browser.private_to, Some(0));
    assert_eq!((plan.warm[0].component, plan.warm[0].entity, plan.warm[0].keys), (1, 1, 40));
    let Step::Cached(cached) = &plan.components[0].operations[0].steps[0] else { panic!("cached") };
    assert_eq!(cached.ttl, Ttl::Fixed(SimSpan::from_secs(10)));
    assert_eq!(cached.rules.stale_if_error, SimSpan::from_secs(60));
    assert_eq!(plan.policies[cached.get.policy].shard_by, Some(1));
    let [Step::Put(put), Step::Remove(purge)] = plan.components[0].operations[1].steps.as_slice() else {
        panic!("put and purge")
    };
    assert_eq!((put.entity, purge.what, purge.everywhere), (1, Removed::Keys(1), true));
}

#[test]
fn a_flush_is_over_at_once_and_a_hot_key_is_by_default_the_least_popular() {
    let faults = "faults:
  - { at: 1m, flush: { target: memory, share: 20% } }
  - { at: 2m, for: 1m, hot-key: { key: page, share: 50% } }
";
    let plan = plan(CACHED, &calm(faults));
    assert!(matches!(plan.faults[0].schedule, Schedule::Once { length: Some(SimSpan(1)), .. }));
    assert_eq!(plan.faults[1].effect, Effect::HotKey { entity: 1, first: 99, keys: 1, share: 0.5 });
}

const MISTAKES: &str = "
    E205 | components/app/operations/show/0/cached/stale-if-error | ttl: 10s, stale | stale | needs `ttl`
    E205 | components/app/operations/save/0/put/ttl-jitter | put: { in: memory, key: page } | put: { in: memory, key: page, ttl-jitter: 10% } | there is none
    E203 | components/app/operations/show/0/cached/negative/ttl | stale-if-error: 1m | negative: { ttl: 0s } | above 0s
    E204 | components/app/operations/save/1/purge/all | all: page | key: page, all: page | exclude each other
    E201 | components/app/calls/memory/shard-by | shard-by: page | shard-by: pages | did you mean `page`
    E204 | components/app/calls/memory/shard-by | shard-by: page | shard-by: page, balance: random | exclude each other
    E205 | components/memory/cache/write-behind | operations: { flush: | operations: { flash: | no operation `flush`
    E203 | components/memory/cache/write-behind/flush-every | flush-every: 5s | flush-every: 0s | above 0s
    E203 | components/memory/cache/write-behind/batch | flush-every: 5s | flush-every: 5s, batch: 0 | from 1
    E203 | components/memory/cache/write-behind/buffer | flush-every: 5s | flush-every: 5s, buffer: 0 | above 0
    E204 | components/browser/cache/eviction | private-to: user | private-to: user, eviction: random | lru or fifo
    E204 | components/browser/cache/private-to | browser: { cache | browser: { replicas: 2, cache | one replica
    E201 | components/browser/cache/private-to | private-to: user | private-to: usher | did you mean `user`
    E204 | components/app/operations/save/1/purge/in | purge: { in: memory, all: page | purge: { in: browser, all: page | nobody can purge
    W205 | components/memory/shards | calls: { memory: { shard-by: page } } | calls: {} | no call to `memory`
";

#[test]
fn each_mistake_about_caches_has_its_place() {
    for case in cases(MISTAKES) {
        assert_finds(&changed(CACHED, &case.part, &case.by), &calm(""), case.code, case.at, case.says);
    }
}

const FAULT_MISTAKES: &str = "
    E218 | faults/0/for | . | at: 1m, for: 1m, flush: { target: memory } | does not last
    E213 | faults/0/flush/target | . | at: 1m, flush: { target: db } | remembers nothing
    E203 | faults/0/flush/share | . | at: 1m, flush: { target: memory, share: 0% } | above 0
    E203 | faults/0/bad-cache-key/variants | . | at: 1m, bad-cache-key: { target: memory, variants: 1 } | from 2
    E213 | faults/0/bad-cache-key/target | . | at: 1m, bad-cache-key: { target: db, variants: 9 } | remembers nothing
    E203 | faults/0/hot-key/first | . | at: 1m, hot-key: { key: page, share: 50%, keys: 10, first: 95 } | more than the 100
    E203 | faults/0/hot-key/keys | . | at: 1m, hot-key: { key: page, share: 50%, keys: 0 } | from 1
    E213 | faults/0/reshard/target | . | at: 1m, for: 1m, reshard: { target: db } | nothing to reshard
    E204 | faults/0/exhaust/memory | . | at: 1m, exhaust: { memory: memory, threads: db, share: 5% } | excludes
";

#[test]
fn each_mistake_about_faults_on_caches_has_its_place() {
    for case in cases(FAULT_MISTAKES) {
        let scenario = calm(&format!("faults: [ {{ {} }} ]\n", case.by));
        assert_finds(CACHED, &scenario, case.code, case.at, case.says);
    }
    let unlimited = changed(CACHED, "entries: 50, ", "");
    let scenario = calm("faults: [ { at: 1m, exhaust: { memory: memory, share: 5% } } ]\n");
    assert_finds(&unlimited, &scenario, "E213", "faults/0/exhaust/memory", "unlimited room");
}

#[test]
fn what_is_given_must_be_remembered_by_somebody() {
    for (given, code, says) in [
        ("db: { page: 10 }", "E213", "nothing remembers"),
        ("memory: { page: 101 }", "E203", "from 0 to 100"),
        ("memory: { user: 1 }", "E213", "nothing remembers"),
        ("browser: { page: 1 }", "E204", "begin empty"),
    ] {
        let found = diags(CACHED, &calm(&format!("given: {{ caches: {{ {given} }} }}\n")));
        assert!(found.len() == 1 && found[0].code == code, "{}", shown(&found));
        assert!(found[0].message.contains(says), "{}", shown(&found));
    }
}
