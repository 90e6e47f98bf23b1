//! Which replica a request goes to.

use super::engine::Engine;
use super::frame::{Role, flag};
use super::replica::Replica;
use super::tables::{NONE, Policy};
use crate::plan::Balancing;
use crate::rng;

const SALT_FIRST: u64 = rng::name_hash("balance/first");
const SALT_SECOND: u64 = rng::name_hash("balance/second");

/// Most positions that one choice looks at.
const CHOICES_MAX: usize = 16;

/// What a choice among replicas looks at.
struct Choice<'c> {
    rule: &'c Policy,
    /// Next in turn.
    turn: &'c mut u32,
    /// Unanswered requests of this caller, by slot.
    outstanding: &'c [u32],
    /// The target's slots.
    replicas: &'c [Replica],
    key: u64,
}

impl Choice<'_> {
    /// A slot among `count`, at least 1, whose numbers `slot` tells.
    #[inline]
    fn among(self, count: u32, slot: impl Fn(u32) -> u32 + Copy) -> u32 {
        let draw = |salt: u64, n: u32| rng::below(rng::key(self.key, salt), u64::from(n)) as u32;
        if count == 1 {
            return slot(0);
        }
        slot(match self.rule.balancing {
            Balancing::Random => draw(SALT_FIRST, count),
            Balancing::RoundRobin => {
                let chosen = *self.turn % count;
                *self.turn = (chosen + 1) % count;
                chosen
            }
            Balancing::Choices(choices) => {
                let load = |at: u32| self.outstanding[slot(at) as usize];
                least_of(u32::from(choices), count, draw, load)
            }
            Balancing::LeastRequests => {
                let loads = (0..count).map(|at| self.outstanding[slot(at) as usize]);
                least(loads, draw(SALT_FIRST, NONE))
            }
            Balancing::JoinShortestQueue => {
                let loads = (0..count).map(|at| self.replicas[slot(at) as usize].inside);
                least(loads, draw(SALT_FIRST, NONE))
            }
        })
    }
}

impl Engine<'_> {
    /// Aims a request at a replica of its target; one that no replica can take is marked
    /// and will be refused at the door. Returns the replica, or `NONE`.
    pub(super) fn aim(&mut self, c: u32, policy: u32, from_replica: u32) -> u32 {
        let target = self.t.policies[policy as usize].target;
        let replica = self.pick_replica(policy, target, c, from_replica);
        if replica == NONE {
            self.frames[c].set(flag::NOWHERE);
            self.frames[c].replica = self.t.comps[target as usize].first_replica;
        } else {
            self.frames[c].replica = replica;
        }
        replica
    }

    /// Chooses a replica of `target` for a frame, whose key addresses the choice's draws.
    #[inline]
    fn pick_replica(&mut self, policy: u32, target: u32, c: u32, from_replica: u32) -> u32 {
        let comp = &self.t.comps[target as usize];
        let first = comp.first_replica;
        if comp.is_serverless || (comp.is_fixed && comp.replicas == 1) {
            return first;
        }
        if self.t.policies[policy as usize].shard_by != NONE {
            return first + self.pick_shard(policy, c);
        }
        let key = self.frames[c].key;
        let rule = &self.t.policies[policy as usize];
        let counts = rule.outstanding;
        let outstanding =
            if counts == NONE { &[] } else { &self.outstanding[counts as usize..][..comp.replicas as usize] };
        let choice = Choice {
            rule,
            turn: &mut self.turns[policy as usize],
            outstanding,
            replicas: &self.replicas[first as usize..][..comp.replicas as usize],
            key,
        };
        if comp.is_fixed {
            return first + choice.among(comp.replicas, |at| at);
        }
        let list = self.fleet.rotations[target as usize].list.as_slice();
        if list.is_empty() {
            return NONE;
        }
        let near: Vec<u32> = if rule.zone_aware && from_replica != NONE {
            let caller = &self.t.comps[self.replicas[from_replica as usize].comp as usize];
            let zone = (from_replica - caller.first_replica) % comp.zones;
            let is_same_place = caller.place == comp.place;
            list.iter().copied().filter(|slot| is_same_place && slot % comp.zones == zone).collect()
        } else {
            Vec::new()
        };
        let list = if near.is_empty() { list } else { near.as_slice() };
        first + choice.among(list.len() as u32, |at| list[at as usize])
    }

    /// Chooses a replica for a new attempt and counts it as unanswered.
    #[inline(never)]
    pub(super) fn choose_target(&mut self, f: u32, c: u32, policy: u32) {
        if self.t.marks_retries && (self.frames[f].attempt > 1 || self.frames[f].has(flag::IS_RETRY)) {
            self.frames[c].set(flag::IS_RETRY);
        }
        let target = self.t.policies[policy as usize].target;
        let mut replica = if self.frames[f].role == Role::Probe {
            self.frames[f].target_replica
        } else if self.t.sessions.is_held(policy) && self.connected_replica(f) != NONE {
            self.connected_replica(f)
        } else {
            self.aim(c, policy, self.frames[f].replica)
        };
        if self.t.policies[policy as usize].guard != NONE && replica != NONE {
            replica = self.avoid_first(f, policy, replica);
        }
        if replica != NONE {
            self.frames[c].replica = replica;
        }
        self.frames[f].target_replica = replica;
        if self.t.attributes.count > 0 {
            self.hand_attributes(f, c);
        }
        if !self.t.versioned.is_empty() {
            self.carry_version(f, c);
        }
        let outstanding = self.t.policies[policy as usize].outstanding;
        if outstanding != NONE && replica != NONE {
            let number = replica - self.t.comps[target as usize].first_replica;
            self.outstanding[(outstanding + number) as usize] += 1;
        }
    }
}

/// The least loaded of `choices` different positions below `count`; among equals the first drawn.
#[inline]
fn least_of(choices: u32, count: u32, draw: impl Fn(u64, u32) -> u32, load: impl Fn(u32) -> u32) -> u32 {
    let mut best = draw(SALT_FIRST, count);
    let mut drawn = [best; CHOICES_MAX];
    for nth in 1..choices.min(count).min(CHOICES_MAX as u32) {
        let mut next = draw(SALT_SECOND ^ u64::from(nth - 1), count - nth);
        // Those drawn before are in order: each of them at or below moves the next one up.
        let before = &drawn[..nth as usize];
        next += before.iter().fold(0, |above, taken| above + u32::from(next + above >= *taken));
        let place = before.partition_point(|taken| *taken < next);
        drawn.copy_within(place..nth as usize, place + 1);
        drawn[place] = next;
        if load(next) < load(best) {
            best = next;
        }
    }
    best
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
    fn a_choice_among_several_looks_at_different_ones_equally_often() {
        let mut seen = [0u32; 7];
        for key in 0..7000 {
            let draw = |salt: u64, n: u32| rng::below(rng::key(rng::key(1, key), salt), u64::from(n)) as u32;
            let looked = std::cell::RefCell::new(Vec::new());
            let load = |at: u32| {
                looked.borrow_mut().push(at);
                0
            };
            least_of(3, 7, draw, load);
            let mut looked = looked.into_inner();
            looked.sort_unstable();
            looked.dedup();
            assert_eq!(looked.len(), 3);
            looked.iter().for_each(|at| seen[*at as usize] += 1);
        }
        // 3000 each, give or take four standard deviations.
        assert!(seen.iter().all(|times| times.abs_diff(3000) < 170), "{seen:?}");
        assert_eq!(least_of(16, 3, |_, _| 0, |at| 2 - at), 2, "no more than there are");
    }

    #[test]
    fn the_least_loaded_is_found_and_ties_follow_the_draw() {
        assert_eq!(least([3, 1, 2].into_iter(), 0), 1);
        assert_eq!(least([1, 5, 1].into_iter(), 0), 0);
        assert_eq!(least([1, 5, 1].into_iter(), u32::MAX - 1), 2);
    }
}
