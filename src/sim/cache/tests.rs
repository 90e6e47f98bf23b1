//! The memory against plain lists, and what each kind of entry answers.

use super::*;
use crate::units::SimSpan;
use proptest::prelude::*;

fn cache(entries: u64, eviction: Eviction) -> CacheMemory {
    CacheMemory::new(CacheCapacity::Entries(entries), eviction, 1)
}

fn shared(key: u64) -> Key {
    Key { owner: 0, key }
}

fn holds(cache: &CacheMemory, keys: &[u64]) -> bool {
    keys.iter().all(|key| cache.find(shared(*key)).is_some())
}

/// Stores a value of weight 1 that lives until `expires`.
fn put(cache: &mut CacheMemory, key: Key, now: u64, expires: u64) -> u64 {
    cache.store(key, Value::Present, Fill { now, expires, weight: 1, keeps_life: true, is_degraded: false })
}

fn look(cache: &mut CacheMemory, key: u64) -> Lookup {
    cache.lookup(shared(key), 0, Life::plain(Ttl::Never))
}

const STALE: Lookup = Lookup::Stale { degraded: false };
const HIT: Lookup = Lookup::Hit { outdated: false, degraded: false };

#[test]
fn lru_drops_the_least_recently_used_and_fifo_the_first_to_come() {
    for (eviction, survivors) in [(Eviction::Lru, [1, 3]), (Eviction::Fifo, [2, 3])] {
        let mut cache = cache(2, eviction);
        put(&mut cache, shared(1), 0, u64::MAX);
        put(&mut cache, shared(2), 0, u64::MAX);
        assert_eq!(look(&mut cache, 1), HIT);
        assert_eq!(put(&mut cache, shared(3), 0, u64::MAX), 1);
        assert!(holds(&cache, &survivors), "{eviction:?}");
        assert_eq!(cache.len(), 2);
    }
}

#[test]
fn lfu_drops_the_least_used() {
    let mut cache = cache(2, Eviction::Lfu);
    put(&mut cache, shared(1), 0, u64::MAX);
    put(&mut cache, shared(2), 0, u64::MAX);
    look(&mut cache, 1);
    look(&mut cache, 1);
    look(&mut cache, 2);
    put(&mut cache, shared(3), 0, u64::MAX);
    assert!(holds(&cache, &[1, 3]));
}

#[test]
fn a_fixed_life_ends_after_the_fill_and_a_sliding_one_after_the_last_use() {
    let ttl = SimSpan(10);
    for (ttl, at_12) in [(Ttl::Fixed(ttl), Lookup::Expired), (Ttl::Sliding(ttl), HIT)] {
        let mut cache = cache(2, Eviction::Lru);
        put(&mut cache, shared(1), 0, 10);
        assert_eq!(cache.lookup(shared(1), 9, Life::plain(ttl)), HIT);
        assert_eq!(cache.lookup(shared(1), 12, Life::plain(ttl)), at_12);
    }
}

#[test]
fn a_fill_renews_a_life_unless_the_first_fill_decides() {
    for (keeps_life, at_12) in [(false, HIT), (true, Lookup::Expired)] {
        let mut cache = cache(2, Eviction::Lru);
        for now in [0, 5] {
            let fill = Fill { now, expires: now + 10, weight: 1, keeps_life, is_degraded: false };
            cache.store(shared(1), Value::Present, fill);
        }
        assert_eq!(cache.lookup(shared(1), 12, Life::plain(Ttl::Never)), at_12);
    }
}

#[test]
fn past_its_life_an_entry_is_stale_then_kept_then_gone() {
    let mut cache = cache(2, Eviction::Lru);
    put(&mut cache, shared(1), 0, 10);
    let life = Life { ttl: Ttl::Fixed(SimSpan(10)), revalidate: 5, if_error: 20 };
    let expected = [(9, HIT), (10, STALE), (14, STALE), (15, Lookup::Kept), (29, Lookup::Kept)];
    for (now, found) in expected {
        assert_eq!(cache.lookup(shared(1), now, life), found, "at {now}");
    }
    assert_eq!(cache.lookup(shared(1), 30, life), Lookup::Expired);
    assert_eq!(cache.lookup(shared(1), 30, life), Lookup::Miss);
}

#[test]
fn a_remembered_failure_answers_until_it_is_too_old_and_is_never_stale() {
    let mut cache = cache(2, Eviction::Lru);
    let fill = Fill { now: 0, expires: 10, weight: 1, keeps_life: false, is_degraded: false };
    cache.store(shared(1), Value::Failed(ErrorClass::Error), fill);
    let life = Life { ttl: Ttl::Fixed(SimSpan(100)), revalidate: 50, if_error: 50 };
    assert_eq!(cache.lookup(shared(1), 9, life), Lookup::Failed(ErrorClass::Error));
    assert_eq!(cache.lookup(shared(1), 10, life), Lookup::Expired);
}

#[test]
fn what_is_about_to_be_removed_is_outdated_until_it_is_stored_again() {
    let mut cache = cache(3, Eviction::Lru);
    put(&mut cache, shared(1), 0, 100);
    put(&mut cache, shared(2), 0, 100);
    cache.outdate(shared(1));
    assert_eq!(look(&mut cache, 1), Lookup::Hit { outdated: true, degraded: false });
    assert_eq!(look(&mut cache, 2), HIT);
    cache.store(
        shared(1),
        Value::Present,
        Fill { now: 1, expires: 100, weight: 1, keeps_life: false, is_degraded: false },
    );
    assert_eq!(look(&mut cache, 1), HIT);
}

#[test]
fn each_owner_of_a_private_memory_has_its_own_room() {
    let mut cache = cache(2, Eviction::Lru);
    for owner in 1..=100 {
        for key in 0..3 {
            put(&mut cache, Key { owner, key }, 0, u64::MAX);
        }
    }
    assert_eq!(cache.len(), 200);
    for owner in 1..=100 {
        assert!(cache.find(Key { owner, key: 0 }).is_none());
        assert!(cache.find(Key { owner, key: 2 }).is_some());
    }
}

#[test]
fn less_room_sends_the_oldest_away_and_more_room_brings_nobody_back() {
    let mut cache = cache(10, Eviction::Lru);
    for key in 0..10 {
        put(&mut cache, shared(key), 0, u64::MAX);
    }
    assert_eq!(cache.resize(0.4), 6);
    assert!(holds(&cache, &[6, 7, 8, 9]));
    assert_eq!(cache.resize(1.0), 0);
    assert_eq!(cache.len(), 4);
}

proptest! {
    /// The table, the order of use and the counts agree with a plain list, whatever happens.
    #[test]
    fn lru_agrees_with_a_plain_list(keys in prop::collection::vec((0u64..40, 0u8..5), 0..600)) {
        let mut cache = cache(12, Eviction::Lru);
        let mut list: Vec<u64> = Vec::new();
        for (key, act) in keys {
            let known = list.iter().position(|k| *k == key);
            if act == 0 {
                prop_assert_eq!(cache.remove(shared(key)), known.is_some());
                list.retain(|k| *k != key);
                continue;
            }
            let hit = look(&mut cache, key) == HIT;
            prop_assert_eq!(hit, known.is_some());
            list.retain(|k| *k != key);
            list.insert(0, key);
            list.truncate(12);
            if !hit {
                put(&mut cache, shared(key), 0, u64::MAX);
            }
            prop_assert_eq!(cache.len(), list.len() as u64);
            prop_assert!(holds(&cache, &list));
        }
    }

    /// A purge removes what is meant and nothing else, whatever the table looks like.
    #[test]
    fn a_purge_removes_exactly_what_is_meant(keys in prop::collection::btree_set(0u64..2000, 0..300), modulus in 1u64..7) {
        let mut cache = cache(1000, Eviction::Lru);
        for key in &keys {
            put(&mut cache, shared(*key), 0, u64::MAX);
        }
        let meant = keys.iter().filter(|key| *key % modulus == 0).count() as u64;
        prop_assert_eq!(cache.remove_where(|key| key % modulus == 0), meant);
        for key in &keys {
            prop_assert_eq!(cache.find(shared(*key)).is_some(), key % modulus != 0);
        }
        prop_assert_eq!(cache.len(), keys.len() as u64 - meant);
    }
}
