//! What is counted of sessions, and what must add up.

use crate::outcome::{
    ConservationCheck, HubOutcome, PopulationOutcome, SessionOutage, SessionSlot, Sessions,
};
use crate::sim::engine::Engine;
use crate::sim::fleet::Life;
use crate::sim::tables::{Holds, NONE};
use crate::units::SimTime;

/// Outages kept for one population.
const OUTAGES_MAX: usize = 500;
/// Change of a replica's pace that is worth rescheduling what it computes.
const PACE_STEP: f64 = 0.005;
/// Share of the cores that heartbeats leave at the least: what is beyond does not get done.
const PACE_MIN: f64 = 0.01;

impl Engine<'_> {
    /// After users got or lost sessions: largest values, outages, and the stream of messages.
    pub(super) fn after_change(&mut self, p: u32) {
        let now = SimTime(self.now);
        let state = &mut self.sessions.populations[p as usize];
        let (open, waiting) = (state.open.level, state.waiting.level);
        let counts = &mut state.slots[self.slots.current];
        counts.open_max = counts.open_max.max(open);
        counts.waiting_max = counts.waiting_max.max(waiting);
        let is_short = waiting > 1 && waiting * 100 > open + waiting;
        match (&mut state.outage, is_short) {
            (None, false) => {}
            (None, true) => {
                state.outage = Some(SessionOutage { from: now, to: None, waiting_max: waiting });
            }
            (Some(outage), true) => outage.waiting_max = outage.waiting_max.max(waiting),
            (Some(outage), false) => {
                let ended = SessionOutage { to: Some(now), ..*outage };
                state.outage = None;
                if state.outages.len() < OUTAGES_MAX {
                    state.outages.push(ended);
                }
            }
        }
        self.follow_open(p);
    }

    /// After the number of sessions of one replica changed: the share of its cores that heartbeats leave.
    pub(super) fn follow_beats(&mut self, p: u32, place: usize) {
        let comp = self.sessions.populations[p as usize].comp;
        let hub = self.sessions.hub_of[comp as usize] as usize;
        let cost = self.sessions.hubs[hub].rules.heartbeat_cost.0 as f64;
        let rule = &self.t.comps[comp as usize];
        let cores = match rule.shared_cores {
            Some(cores) => cores,
            None if rule.holds == Holds::Core => f64::from(rule.units),
            None => return,
        };
        if cost == 0.0 {
            return;
        }
        let all = self.sessions.populations.iter().filter(|one| one.comp == comp);
        let beats: f64 = all.map(|one| one.live[place].count as f64 * one.beats_per_ns()).sum();
        let pace = (1.0 - beats * cost / cores).max(PACE_MIN);
        let known = &mut self.sessions.hubs[hub].pace[place];
        if (pace - *known).abs() >= PACE_STEP {
            *known = pace;
            let replica = rule.first_replica + place as u32;
            self.retune(replica);
        }
    }

    /// Share of a replica's cores that heartbeats leave.
    pub(in crate::sim) fn pace_of(&self, replica: u32) -> f64 {
        let comp = self.replicas[replica as usize].comp;
        match self.sessions.hub_of[comp as usize] {
            NONE => 1.0,
            hub => self.sessions.hubs[hub as usize].pace[self.place_of(replica)],
        }
    }

    /// Adds the integrals since the last time to the present slot.
    pub(in crate::sim) fn settle_sessions(&mut self) {
        let (now, slot) = (self.now, self.slots.current);
        for state in &mut self.sessions.populations {
            let totals = [state.open.total(now), state.waiting.total(now), state.half_open.total(now)];
            let since = |index: usize| totals[index].wrapping_sub(state.marks[index]);
            let counts = &mut state.slots[slot];
            counts.open_area += since(0);
            counts.waiting_area += since(1);
            counts.half_open_area += since(2);
            counts.open_max = counts.open_max.max(state.open.level);
            counts.waiting_max = counts.waiting_max.max(state.waiting.level);
            counts.half_open_max = counts.half_open_max.max(state.half_open.level);
            counts.open = state.open.level;
            counts.waiting = state.waiting.level;
            let hub = &mut self.sessions.hubs[self.sessions.hub_of[state.comp as usize] as usize];
            let work = state.beats_per_ns() * hub.rules.heartbeat_cost.0 as f64;
            hub.slots[slot].heartbeat_area += (since(0) as f64 * work) as u128;
            state.marks = totals;
        }
    }

    /// Notes the window's values.
    pub(in crate::sim) fn close_session_window(&mut self) {
        let slot = self.slots.current;
        for state in &mut self.sessions.populations {
            let sum = |of: fn(&SessionSlot) -> u64| state.slots.iter().map(of).sum();
            let values =
                [state.open.level, state.waiting.level, sum(|slot| slot.opened), sum(|slot| slot.failed)];
            state.windows.iter_mut().zip(values).for_each(|(window, value)| window.push(value));
        }
        for hub in 0..self.sessions.hubs.len() {
            let rule = &self.t.comps[self.sessions.hubs[hub].comp as usize];
            let all = rule.first_replica..rule.first_replica + rule.replicas;
            let serves = |replica: &u32| self.fleet.slots[*replica as usize].life == Life::Serving;
            let counts: Vec<u64> = all.filter(serves).map(|replica| self.sessions_of(replica)).collect();
            let total: u64 = counts.iter().sum();
            if let (Some(most), true) = (counts.iter().max(), total > 0) {
                let imbalance = most * 1000 * counts.len() as u64 / total;
                let counts = &mut self.sessions.hubs[hub].slots[slot];
                counts.imbalance_sum += imbalance;
                counts.imbalance_count += 1;
                counts.imbalance_max = counts.imbalance_max.max(imbalance);
            }
        }
    }

    /// Users and sessions do not get lost.
    pub(in crate::sim) fn conserve_sessions(&self, checks: &mut Vec<ConservationCheck>) {
        for state in &self.sessions.populations {
            let sum =
                |of: fn(&SessionSlot) -> u64| -> u128 { state.slots.iter().map(of).sum::<u64>().into() };
            let name = &self.plan.workloads[state.load as usize].name;
            let mut check =
                |law: String, left: u128, right: u128| checks.push(ConservationCheck { law, left, right });
            let there = u128::from(state.open.level + state.waiting.level);
            let gone = sum(|s| s.left + s.left_waiting + s.gave_up);
            let law = format!("{name}: users = connected + without a session + left + gave up");
            check(law, sum(|s| s.arrived), there + gone);
            let ended = sum(|s| s.left + s.expired + s.drained + s.lost());
            let law = format!("{name}: sessions opened = open + ended, each for one reason");
            check(law, sum(|s| s.opened), u128::from(state.open.level) + ended);
            let kept: u64 = state.live.iter().map(|group| group.count).sum();
            let law = format!("{name}: sessions open = sum over replicas");
            check(law, state.open.level.into(), kept.into());
            let law = format!("{name}: users without a session = trying + not knowing");
            check(law, state.waiting.level.into(), (state.dialing + state.ghosts.count).into());
        }
    }

    /// What became of sessions, in the slots that are kept.
    pub(in crate::sim) fn session_outcome(&mut self, kept: &[usize]) -> Sessions {
        let differences = |totals: &[u64]| {
            let before = std::iter::once(&0).chain(totals);
            totals.iter().zip(before).map(|(total, before)| total - before).collect::<Vec<u64>>()
        };
        let populations = std::mem::take(&mut self.sessions.populations).into_iter().map(|state| {
            let [open, waiting, opened, failed] = state.windows;
            PopulationOutcome {
                load: self.plan.workloads[state.load as usize].name.clone(),
                component: self.plan.components[state.comp as usize].name.clone(),
                slots: kept.iter().map(|slot| state.slots[*slot].clone()).collect(),
                outages: state.outages.into_iter().chain(state.outage).collect(),
                open,
                waiting,
                opened: differences(&opened),
                failed: differences(&failed),
            }
        });
        let populations = populations.collect();
        let hubs = std::mem::take(&mut self.sessions.hubs).into_iter().map(|hub| HubOutcome {
            name: self.plan.components[hub.comp as usize].name.clone(),
            slots: kept.iter().map(|slot| hub.slots[*slot].clone()).collect(),
        });
        Sessions { populations, hubs: hubs.collect() }
    }
}
