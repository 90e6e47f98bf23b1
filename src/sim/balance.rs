//! Which replica a request goes to.

use super::engine::Engine;
use super::tables::NONE;
use crate::plan::Balancing;
use crate::rng;

const SALT_FIRST: u64 = rng::name_hash("balance/first");
const SALT_SECOND: u64 = rng::name_hash("balance/second");

impl Engine<'_> {
    /// Chooses a replica of `target` for a frame, whose key addresses the choice's draws.
    #[inline]
    pub(super) fn pick_replica(&mut self, policy: u32, target: u32, f: u32) -> u32 {
        let comp = &self.t.comps[target as usize];
        let (first, count) = (comp.first_replica, comp.replicas);
        if count == 1 {
            return first;
        }
        if self.t.policies[policy as usize].shard_by != NONE {
            return first + self.pick_shard(policy, f);
        }
        let key = self.frames[f].key;
        first + self.pick_of_many(policy, first, count, key)
    }

    fn pick_of_many(&mut self, policy: u32, first: u32, count: u32, key: u64) -> u32 {
        let draw = |salt: u64, n: u32| rng::below(rng::key(key, salt), u64::from(n)) as u32;
        let counts = self.t.policies[policy as usize].outstanding;
        match self.t.policies[policy as usize].balancing {
            Balancing::Random => draw(SALT_FIRST, count),
            Balancing::RoundRobin => {
                let turn = &mut self.turns[policy as usize];
                let chosen = *turn % count;
                *turn = (chosen + 1) % count;
                chosen
            }
            Balancing::TwoChoices => {
                let a = draw(SALT_FIRST, count);
                let b = draw(SALT_SECOND, count - 1);
                let b = if b >= a { b + 1 } else { b };
                let load = |replica: u32| self.outstanding[(counts + replica) as usize];
                if load(b) < load(a) { b } else { a }
            }
            Balancing::LeastRequests => {
                let loads = &self.outstanding[counts as usize..(counts + count) as usize];
                least(loads.iter().copied(), draw(SALT_FIRST, NONE))
            }
            Balancing::JoinShortestQueue => {
                let replicas = &self.replicas[first as usize..(first + count) as usize];
                least(replicas.iter().map(|replica| replica.inside), draw(SALT_FIRST, NONE))
            }
        }
    }
}

/// Position of the least load; among equals the draw decides.
fn least(loads: impl Iterator<Item = u32> + Clone, draw: u32) -> u32 {
    let smallest = loads.clone().min().unwrap_or(0);
    let ties = loads.clone().filter(|load| *load == smallest).count() as u64;
    let chosen = (u64::from(draw) * ties) >> 32;
    (0u32..).zip(loads).filter(|(_, load)| *load == smallest).nth(chosen as usize).map_or(0, |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_loaded_is_found_and_ties_follow_the_draw() {
        assert_eq!(least([3, 1, 2].into_iter(), 0), 1);
        assert_eq!(least([1, 5, 1].into_iter(), 0), 0);
        assert_eq!(least([1, 5, 1].into_iter(), u32::MAX - 1), 2);
    }
}
