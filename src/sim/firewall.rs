//! Firewalls: rules at the door, and rules that learn of a flood after a while.

use super::attributes::AmountRule;
use super::blame::label;
use super::control::Control;
use super::engine::Engine;
use super::exec::Answer;
use super::frame::{State, flag};
use crate::kernel::Phase;
use crate::outcome::WaitKind;
use crate::plan::{Comparison, ErrorClass, Flood};
use crate::rng;
use std::collections::VecDeque;

/// A compiled rule.
#[derive(Clone, Debug)]
pub(super) struct WallRule {
    pub(super) salt: u64,
    pub(super) when: Option<(AmountRule, Comparison)>,
    pub(super) catches: f64,
    pub(super) false_positives: f64,
    pub(super) flood: Option<Flood>,
}

/// What a rule against floods has seen.
#[derive(Clone, Debug, Default)]
pub(super) struct WallState {
    /// Requests since the last look.
    count: u64,
    /// Requests between looks, the latest last: one window's worth.
    parts: VecDeque<u64>,
    /// Whether it acts.
    acts: bool,
    /// Whether it has seen a flood and does not act yet.
    has_seen: bool,
    /// Since when the rate has been below the threshold.
    calm_since: u64,
}

impl Engine<'_> {
    /// Schedules the looks of rules against floods.
    pub(super) fn start_walls(&mut self) {
        for wall in 0..self.t.walls.len() as u32 {
            self.schedule_look(wall);
        }
    }

    fn schedule_look(&mut self, wall: u32) {
        if let Some(flood) = self.t.walls[wall as usize].flood
            && self.now.saturating_add(flood.check_every.0) <= self.end
        {
            self.schedule_control(flood.check_every.0, Phase::Timer, Control::FloodLook { wall });
        }
    }

    /// Has the firewall check a request; `None` lets it on.
    pub(super) fn pass_firewall(&mut self, f: u32, comp: usize) -> Option<u32> {
        if self.frames[f].has(flag::MESSAGE) || self.is_probe(f) {
            // Consumers fetch their messages, and probes come from the platform itself.
            return None;
        }
        let delay = self.t.comps[comp].inspection;
        if delay == 0 {
            return self.inspect(f, comp);
        }
        if !self.frames[f].has(flag::INSIDE) {
            self.count_inside(f, comp);
        }
        self.frames[f].state = State::Inspected;
        self.schedule(f, delay, Phase::Timer);
        Some(super::tables::NONE)
    }

    /// The firewall has checked a request.
    pub(super) fn inspected(&mut self, f: u32) -> u32 {
        let comp = self.replicas[self.frames[f].replica as usize].comp as usize;
        let log = self.frames[f].log;
        self.logs.charge(log, self.now, label(comp as u32, WaitKind::Admission));
        self.frames[f].since = self.now;
        self.frames[f].state = State::Running;
        if let Some(next) = self.inspect(f, comp) {
            return next;
        }
        self.pass_limits(f, comp)
    }

    fn inspect(&mut self, f: u32, comp: usize) -> Option<u32> {
        for wall in self.t.comps[comp].walls.clone() {
            let rule = &self.t.walls[wall as usize];
            let is_meant = rule.when.is_none_or(|(amount, comparison)| self.compares(f, amount, comparison));
            let share = if is_meant { rule.catches } else { rule.false_positives };
            // By the request and not by the attempt: who was refused for what it is will be refused again.
            let draw = rng::unit(rng::key(self.frames[f].root, rule.salt));
            let is_flood = rule.flood.is_some();
            let state = &mut self.walls[wall as usize];
            state.count += u64::from(is_meant);
            if (!is_flood || state.acts) && draw < share {
                return Some(self.deny(f, comp));
            }
        }
        None
    }

    /// Refuses whoever is not accepted.
    pub(super) fn deny(&mut self, f: u32, comp: usize) -> u32 {
        self.stations[comp].counts.denied += 1;
        self.count_outside(f, comp);
        self.reply(f, Answer::failed(ErrorClass::Denied))
    }

    /// A rule against floods looks at the rate.
    pub(super) fn look_for_flood(&mut self, wall: u32) {
        let Some(flood) = self.t.walls[wall as usize].flood else { return };
        let now = self.now;
        let state = &mut self.walls[wall as usize];
        state.parts.push_back(std::mem::take(&mut state.count));
        if state.parts.len() as u64 > flood.window.0 / flood.check_every.0 {
            state.parts.pop_front();
        }
        let rate = state.parts.iter().sum::<u64>() as f64 / flood.window.as_secs_f64();
        if rate > flood.threshold_per_sec {
            state.calm_since = now;
            if !state.acts && !state.has_seen {
                state.has_seen = true;
                self.schedule_control(flood.lag.0, Phase::Timer, Control::FloodActs { wall });
            }
        } else if now - state.calm_since >= flood.release.0 {
            state.acts = false;
        }
        self.schedule_look(wall);
    }

    /// A rule against floods begins to act.
    pub(super) fn act_on_flood(&mut self, wall: u32) {
        let state = &mut self.walls[wall as usize];
        state.acts = true;
        state.has_seen = false;
        state.calm_since = self.now;
    }
}
