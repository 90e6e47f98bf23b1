//! Replicas that cannot be heard: paused, swallowing everything, or behind a
//! partition. Each client gives up when its own heartbeat has gone unanswered for long enough.

use super::Happening;
use crate::kernel::Phase;
use crate::outcome::HubSlot;
use crate::plan::Path;
use crate::rng;
use crate::sim::engine::Engine;
use crate::sim::tables::NONE;

const SALT_SILENCE: u64 = rng::name_hash("session/silence");
/// Steps in which clients notice, at most.
const STEPS: u64 = 256;

/// A stretch of silence between one population and one replica.
#[derive(Clone, Copy, Debug)]
pub(super) struct Silence {
    pub(super) population: u32,
    place: u32,
    fault: u32,
    since: u64,
    /// First and last instant at which a client notices.
    from: u64,
    to: u64,
    step: u64,
    steps: u64,
    /// Fraction of a client that is due.
    carry: f64,
    /// Whether the replica hears as little of the client's giving up as of anything else.
    is_deaf: bool,
    is_over: bool,
}

impl Engine<'_> {
    /// A replica falls silent for a fault, or can be heard again.
    pub(in crate::sim) fn silence_replica(&mut self, fault: u32, replica: u32, acts: bool) {
        let (comp, place) = (self.replicas[replica as usize].comp, self.place_of(replica));
        if self.sessions.hub_of[comp as usize] == NONE {
            return;
        }
        for p in self.connected_to(comp) {
            self.silence(fault, p, place as u32, false, acts);
        }
    }

    /// A partition begins or ends: clients and replicas on different sides do not hear each other.
    pub(in crate::sim) fn silence_path(&mut self, fault: u32, path: &Path, acts: bool) {
        for p in 0..self.sessions.populations.len() as u32 {
            let state = &self.sessions.populations[p as usize];
            let client = self.plan.workloads[state.load as usize].client;
            let client = (self.plan.components.len() + client) as u32;
            let covers = |from: u32, to: u32| {
                let is_in = |ends: &[crate::plan::Caller], node: u32| {
                    ends.iter().any(|end| self.node_of_caller(*end) == node)
                };
                is_in(&path.from, from) && is_in(&path.to, to)
            };
            let comp = self.t.comps[state.comp as usize].node;
            // An answer that does not come back is as bad as a heartbeat that does not arrive.
            if covers(client, comp) || covers(comp, client) {
                for place in 0..state.live.len() as u32 {
                    self.silence(fault, p, place, true, acts);
                }
            }
        }
    }

    fn silence(&mut self, fault: u32, population: u32, place: u32, is_deaf: bool, acts: bool) {
        if !acts {
            let ended =
                |one: &&mut Silence| one.fault == fault && one.population == population && one.place == place;
            self.sessions.silences.iter_mut().filter(ended).for_each(|one| one.is_over = true);
            return;
        }
        let state = &self.sessions.populations[population as usize];
        let (count, beat) = (state.live[place as usize].count, state.held.heartbeat);
        // Without heartbeats nobody ever notices.
        let (shortest, longest) = beat.map_or((u64::MAX, u64::MAX), |beat| {
            let (shortest, longest) = beat.detection();
            (shortest.0, longest.0)
        });
        let key = rng::nth(rng::key(state.key, SALT_SILENCE), self.sessions.silences.len() as u64);
        let silence = Silence {
            population,
            place,
            fault,
            since: self.now,
            from: self.now.saturating_add(shortest),
            to: self.now.saturating_add(longest),
            step: 0,
            steps: count.clamp(1, STEPS),
            carry: rng::unit(key),
            is_deaf,
            is_over: false,
        };
        self.sessions.silences.push(silence);
        let number = (self.sessions.silences.len() - 1) as u32;
        self.schedule_notice(number);
    }

    fn schedule_notice(&mut self, number: u32) {
        let one = &self.sessions.silences[number as usize];
        let length = u128::from(one.to - one.from);
        let at = one.from + (length * u128::from(one.step + 1) / u128::from(one.steps)) as u64;
        self.schedule_session(at, Phase::Timer, Happening::Notice { silence: number });
    }

    /// The share of clients whose heartbeat is overdue by now give their session up.
    pub(super) fn silence_noticed(&mut self, number: u32) {
        let one = self.sessions.silences[number as usize];
        if one.is_over {
            return;
        }
        let (p, place) = (one.population, one.place as usize);
        let state = &mut self.sessions.populations[p as usize];
        let left = state.live[place].count;
        let steps_left = one.steps - one.step;
        let due = one.carry + left as f64 / steps_left as f64;
        let wanted = if steps_left == 1 { left } else { (due as u64).min(left) };
        let draw = state.next_user(SALT_SILENCE);
        let taken = state.live[place].take_some(wanted, draw);
        state.open.set(self.now, state.open.level - wanted);
        let spread = (one.to - one.from) / one.steps;
        for (cohort, count) in taken {
            for number in 0..count {
                // Evenly over the step that ends now.
                let early = spread * number / count.max(1);
                let delay = (self.now - one.since).saturating_sub(early).max(one.from - one.since);
                self.held(p).detection.record(delay);
                self.lose(p, cohort, true, spread);
                if one.is_deaf {
                    self.leave_dead(p, place);
                }
            }
            self.held(p).timed_out += count;
        }
        let one = &mut self.sessions.silences[number as usize];
        one.carry = due - wanted as f64;
        one.step += 1;
        if one.step < one.steps {
            self.schedule_notice(number);
        }
        self.follow_beats(p, place);
        self.after_change(p);
    }

    /// Whether nothing passes between a population and a replica.
    pub(super) fn is_silent(&self, population: u32, place: usize) -> bool {
        let all = self.sessions.silences.iter();
        let mut between = all.filter(|one| one.population == population && one.place as usize == place);
        between.any(|one| !one.is_over)
    }

    /// The hub's counts in the present slot.
    pub(super) fn hub_counts(&mut self, hub: u32) -> &mut HubSlot {
        &mut self.sessions.hubs[hub as usize].slots[self.slots.current]
    }
}
