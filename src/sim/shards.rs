//! Keys spread over replicas: which replica a key belongs to, and what moves
//! when one comes or goes.
//!
//! Keys fall into 16,384 slots, as in a Redis Cluster, and each slot belongs
//! to a replica. Consistent: the replica with the highest weight drawn for the
//! slot and itself (Thaler and Ravishankar, 1998), so that one that goes takes
//! only its own slots along, and they are spread over all others.

use super::control::Control;
use super::engine::Engine;
use super::fleet::Life;
use super::tables::{Comp, NONE, Policy};
use super::trouble::Trouble;
use crate::kernel::Phase;
use crate::outcome::SHARD_SLOTS;
use crate::plan::{Hashing, Plan};
use crate::rng;

/// The slots of one component.
#[derive(Clone, Debug)]
pub(super) struct Ring {
    hashing: Hashing,
    /// Delay in nanoseconds until callers know who has gone or come back; `None`: they never do.
    notice: Option<u64>,
    salts: Vec<u64>,
    is_member: Vec<bool>,
    owners: Vec<u32>,
}

impl Ring {
    /// The first `initial` of `replicas` take part.
    fn new(hashing: Hashing, notice: Option<u64>, salt: u64, replicas: u32, initial: u32) -> Self {
        let salts: Vec<u64> = (0..replicas).map(|number| rng::nth(salt, u64::from(number))).collect();
        let mut ring =
            Self { hashing, notice, salts, is_member: Vec::new(), owners: vec![0; SHARD_SLOTS as usize] };
        let members: Vec<u32> = (0..initial.max(1)).collect();
        ring.owners = match hashing {
            Hashing::Modulo => (0..SHARD_SLOTS as u32).map(|slot| slot % initial.max(1)).collect(),
            Hashing::Consistent => (0..SHARD_SLOTS).map(|slot| ring.heaviest(slot, &members)).collect(),
        };
        ring.is_member = (0..replicas).map(|number| number < initial).collect();
        ring
    }

    fn weight(&self, slot: u64, number: u32) -> u64 {
        rng::key(self.salts[number as usize], slot)
    }

    fn heaviest(&self, slot: u64, among: &[u32]) -> u32 {
        among.iter().copied().max_by_key(|number| self.weight(slot, *number)).unwrap_or(0)
    }

    /// The replica that a key belongs to.
    pub(super) fn owner(&self, key: u64) -> u32 {
        self.owners[rng::below(rng::mix(key), SHARD_SLOTS) as usize]
    }

    /// Other replicas take part; returns how many slots moved. With none left, all stays as it is.
    fn change(&mut self, is_member: Vec<bool>) -> u64 {
        let numbers = |wanted: &dyn Fn(usize) -> bool| -> Vec<u32> {
            (0..is_member.len()).filter(|number| wanted(*number)).map(|number| number as u32).collect()
        };
        let members = numbers(&|number| is_member[number]);
        if members.is_empty() || is_member == self.is_member {
            return 0;
        }
        let joined = numbers(&|number| is_member[number] && !self.is_member[number]);
        let mut moved = 0;
        for slot in 0..SHARD_SLOTS {
            let before = self.owners[slot as usize];
            let after = match self.hashing {
                Hashing::Modulo => members[(slot % members.len() as u64) as usize],
                Hashing::Consistent if is_member[before as usize] => {
                    let best = self.heaviest(slot, &joined);
                    let is_heavier =
                        !joined.is_empty() && self.weight(slot, best) > self.weight(slot, before);
                    if is_heavier { best } else { before }
                }
                Hashing::Consistent => self.heaviest(slot, &members),
            };
            self.owners[slot as usize] = after;
            moved += u64::from(after != before);
        }
        self.is_member = is_member;
        moved
    }
}

/// The slots of all components that are called by key.
#[derive(Clone, Debug, Default)]
pub(super) struct Rings {
    of: Vec<Option<Ring>>,
    /// `(component, entity)` by which somebody calls.
    by: Vec<(usize, u32)>,
}

impl Rings {
    pub(super) fn new(plan: &Plan, comps: &[Comp], policies: &[Policy]) -> Self {
        let mut rings = Self { of: vec![None; comps.len()], by: Vec::new() };
        for policy in policies.iter().filter(|policy| policy.shard_by != NONE) {
            let comp = policy.target as usize;
            rings.by.push((comp, policy.shard_by));
            let rule = plan.components[comp].shards;
            rings.of[comp].get_or_insert_with(|| {
                let salt = rng::key(comps[comp].salt, rng::name_hash("shards"));
                let (replicas, initial) = (comps[comp].replicas, comps[comp].initial);
                Ring::new(rule.hashing, rule.notice.map(|notice| notice.0), salt, replicas, initial)
            });
        }
        rings
    }

    /// The replica that a key of an entity belongs to, if callers go by it.
    pub(super) fn shard_of(&self, comp: usize, entity: u32, key: u64) -> Option<u32> {
        let ring = self.of[comp].as_ref()?;
        self.by.contains(&(comp, entity)).then(|| ring.owner(key))
    }
}

impl Engine<'_> {
    /// The replica that a frame's request belongs to, counted from the component's first.
    #[inline(never)]
    pub(super) fn pick_shard(&mut self, policy: u32, f: u32) -> u32 {
        let rule = &self.t.policies[policy as usize];
        let (comp, entity) = (rule.target as usize, rule.shard_by);
        let key = self.entity_key(f, entity);
        let number = self.rings.of[comp].as_ref().map_or(0, |ring| ring.owner(key));
        let sent = &mut self.stations[comp].counts.shards.sent;
        if sent.is_empty() {
            sent.resize(self.t.comps[comp].replicas as usize, 0);
        }
        sent[number as usize] += 1;
        number
    }

    /// A replica went down or came up: callers will know after a while.
    pub(super) fn note_membership(&mut self, r: u32) {
        let comp = self.replicas[r as usize].comp as usize;
        match self.rings.of[comp].as_ref().and_then(|ring| ring.notice) {
            Some(0) => self.reshard(comp),
            Some(notice) => {
                self.schedule_control(notice, Phase::Timer, Control::Reshard { comp: comp as u32 });
            }
            None => {}
        }
    }

    /// Gives every slot to a replica that takes part as callers see it now.
    pub(super) fn reshard(&mut self, comp: usize) {
        let Some(ring) = &mut self.rings.of[comp] else { return };
        let first = self.t.comps[comp].first_replica as usize;
        let notices = ring.notice.is_some();
        let takes_part = |r: usize| {
            let trouble = self.replicas[r].trouble.as_deref();
            let is_well = |trouble: &Trouble| trouble.left.is_empty() && (trouble.down == 0 || !notices);
            self.fleet.slots[r].life == Life::Serving && trouble.is_none_or(is_well)
        };
        let is_member = (first..first + ring.is_member.len()).map(takes_part).collect();
        self.stations[comp].counts.shards.moved += ring.change(is_member);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dist::{KeySampler, Popularity};
    use crate::sim::keys::joined;

    fn shares(ring: &Ring, replicas: u32) -> Vec<f64> {
        let count = |number| ring.owners.iter().filter(|owner| **owner == number).count();
        (0..replicas).map(|number| count(number) as f64 / SHARD_SLOTS as f64).collect()
    }

    /// Five standard deviations of a binomial share of the slots.
    fn slack(share: f64) -> f64 {
        5.0 * (share * (1.0 - share) / SHARD_SLOTS as f64).sqrt()
    }

    #[test]
    fn consistent_hashing_gives_each_a_fair_share_and_moves_one_in_n() {
        for replicas in [2u32, 5, 10, 100] {
            let mut ring = Ring::new(Hashing::Consistent, None, 7, replicas, replicas);
            let fair = 1.0 / f64::from(replicas);
            let before = ring.owners.clone();
            assert!(shares(&ring, replicas).iter().all(|share| (share - fair).abs() < slack(fair)));
            let mut members = vec![true; replicas as usize];
            members[1] = false;
            let moved = ring.change(members) as f64 / SHARD_SLOTS as f64;
            assert!((moved - fair).abs() < slack(fair), "{replicas}: {moved}");
            let kept = before.iter().zip(&ring.owners).filter(|(before, _)| **before != 1);
            assert!(kept.clone().all(|(before, after)| before == after), "only the lost one's slots move");
            ring.change(vec![true; replicas as usize]);
            assert_eq!(ring.owners, before, "whoever comes back gets the same slots again");
        }
    }

    #[test]
    fn modulo_moves_all_but_one_in_n() {
        for replicas in [5u32, 10] {
            let mut ring = Ring::new(Hashing::Modulo, None, 7, replicas, replicas);
            let mut members = vec![true; replicas as usize];
            members[replicas as usize - 1] = false;
            let moved = ring.change(members) as f64 / SHARD_SLOTS as f64;
            // Slot s stays when s mod n = s mod (n - 1): n - 1 of every n (n - 1) slots.
            let expected = 1.0 - 1.0 / f64::from(replicas);
            assert!((moved - expected).abs() < 0.01, "{replicas}: {moved} against {expected}");
        }
    }

    #[test]
    fn with_nobody_left_nothing_moves() {
        let mut ring = Ring::new(Hashing::Consistent, None, 7, 3, 3);
        assert_eq!(ring.change(vec![false; 3]), 0);
    }

    /// The share of each replica is the sum of the popularities of the keys that fall to it.
    #[test]
    fn a_shard_gets_exactly_the_popularity_of_its_keys() {
        let (population, draws) = (5000u64, 400_000u64);
        let ring = Ring::new(Hashing::Consistent, None, 7, 6, 6);
        let weight = |rank: u64| libm::pow(rank as f64 + 1.0, -1.1);
        let total: f64 = (0..population).map(weight).sum();
        let mut exact = [0.0; 6];
        for rank in 0..population {
            exact[ring.owner(joined(3, rank)) as usize] += weight(rank) / total;
        }
        let sampler = KeySampler::new(&Popularity::Zipf { exponent: 1.1 }, population);
        let mut counts = [0u64; 6];
        for n in 0..draws {
            let rank = sampler.sample(rng::nth(rng::name_hash("shards/zipf"), n));
            counts[ring.owner(joined(3, rank)) as usize] += 1;
        }
        for (share, count) in exact.into_iter().zip(counts) {
            let error = (share * (1.0 - share) / draws as f64).sqrt();
            assert!((count as f64 / draws as f64 - share).abs() < 5.0 * error, "{share}: {count}");
        }
        let hottest = exact.into_iter().fold(0.0, f64::max);
        assert!(hottest > 1.0 / 6.0 + 0.03, "popular keys make a hot shard: {hottest}");
    }
}
