//! Names: which component a call goes to is what its resolver remembers, right or not.

use super::compile::Compiler;
use super::engine::Engine;
use super::frame::State;
use super::tables::{Ins, NONE};
use super::trouble::set_mark;
use crate::dist::Sampler;
use crate::kernel::Phase;
use crate::outcome::{NameOutcome, NameSlot};
use crate::plan::{DnsName, ErrorClass, NameFault, NameId, Plan, Step};
use crate::rng;
use crate::units::{SimSpan, nanos};

const SALT_RESOLVER: u64 = rng::name_hash("names/resolver");
const SALT_STALE: u64 = rng::name_hash("names/stale");
const SALT_WEIGHT: u64 = rng::name_hash("names/weight");
const SALT_AGE: u64 = rng::name_hash("names/age");
const SALT_LOOKUP: u64 = rng::name_hash("names/lookup");

/// What a resolver remembers.
#[derive(Clone, Copy, Debug, Default)]
struct Memory {
    /// The answer, by its place in the name's list; `None` is that there is no such name.
    answer: Option<u32>,
    until: u64,
    queries: u64,
}

/// One name.
#[derive(Clone, Debug)]
pub(super) struct NameState {
    salt: u64,
    lookup: Option<Sampler>,
    resolvers: Vec<Memory>,
    /// By fault; the first decides.
    faults: Vec<(u32, NameFault)>,
    /// What happened, by slot, as far as anything did.
    slots: Vec<NameSlot>,
}

impl NameState {
    pub(super) fn all(plan: &Plan, seed: u64) -> Vec<Self> {
        let state = |name: &DnsName| Self {
            salt: rng::key(seed, rng::name_hash(&format!("name/{}", name.name))),
            lookup: name.lookup.as_ref().map(Sampler::new),
            resolvers: vec![Memory::default(); name.resolvers as usize],
            faults: Vec::new(),
            slots: Vec::new(),
        };
        plan.names.iter().map(state).collect()
    }
}

/// What came of a look-up.
enum Found {
    /// This target, after so long.
    Target(u32, u64),
    /// No such name.
    Missing,
    /// Nothing after so long.
    Nothing(u64),
}

impl Compiler<'_> {
    /// `resolve; fail; branch, jump to the end; branch, jump to the end; ...`.
    pub(super) fn emit_resolve(
        &mut self,
        name: NameId,
        salt: &str,
        branches: &[Vec<Step>],
        code: &mut Vec<Ins>,
    ) {
        let (first, count) = (self.t.choices.len() as u32, branches.len() as u32 + 1);
        self.t.choices.resize((first + count) as usize, (1.0, 0));
        code.push(Ins::Resolve { name: name as u32, first, count });
        self.t.choices[first as usize].1 = code.len() as u32;
        let salt = self.salt(salt);
        code.push(Ins::Fail { probability: 2.0, class: ErrorClass::Timeout, entity: NONE, salt });
        let entries = self.emit_branches(branches, None, code);
        for (number, entry) in (first as usize + 1..).zip(entries) {
            self.t.choices[number].1 = entry;
        }
    }
}

impl Engine<'_> {
    /// Goes on with the call of what the request's resolver answers.
    pub(super) fn resolve_name(&mut self, f: u32, name: u32, first: u32) -> u32 {
        let found = self.look_up(f, name as usize);
        let (number, delay) = match found {
            Found::Missing => return self.fail(f, ErrorClass::Refused),
            Found::Nothing(delay) => (0, delay),
            Found::Target(target, delay) => (target + 1, delay),
        };
        let to = self.t.choices[(first + number) as usize].1;
        if delay == 0 {
            self.frames[f].pc = to;
            return f;
        }
        // A wait goes on with the next instruction.
        self.frames[f].pc = to - 1;
        self.frames[f].state = State::Waiting;
        self.schedule(f, delay, Phase::Done);
        NONE
    }

    fn look_up(&mut self, f: u32, name: usize) -> Found {
        let now = self.now;
        let root = self.frames[f].root;
        let rule = &self.plan.names[name];
        let state = &self.names[name];
        let draw = rng::key(rng::key(root, SALT_RESOLVER), state.salt);
        let resolver = rng::below(draw, u64::from(rule.resolvers)) as usize;
        let memory = state.resolvers[resolver];
        if now < memory.until {
            let is_stale = !self.says(name, memory.answer);
            let counts = self.name_counts(name);
            counts.remembered += 1;
            counts.stale += u64::from(is_stale);
            counts.note(memory.answer);
            return memory.answer.map_or(Found::Missing, |answer| Found::Target(answer, 0));
        }
        let key = rng::nth(rng::key(state.salt, resolver as u64), memory.queries);
        let lookup = state.lookup.as_ref();
        let delay = lookup.map_or(0, |law| nanos(law.sample(rng::key(key, SALT_LOOKUP))));
        let answer = match state.faults.first() {
            Some((_, NameFault::Timeout(timeout))) => {
                let timeout = timeout.0;
                let counts = self.name_counts(name);
                counts.lookups += 1;
                counts.unanswered += 1;
                return Found::Nothing(timeout);
            }
            Some((_, NameFault::Missing)) => None,
            Some((_, NameFault::Wrong(answer))) => Some(*answer as u32),
            None => Some(self.authority(name, rng::unit(rng::key(key, SALT_WEIGHT)))),
        };
        let is_stale = |(share, _): &(f64, SimSpan)| {
            rng::unit(rng::key(rng::key(state.salt, SALT_STALE), resolver as u64)) < *share
        };
        let ttl = rule.stale.filter(is_stale).map_or(rule.ttl.0, |(_, least)| least.0.max(rule.ttl.0));
        // Resolvers were asked before the run began: what is left of the first answer is uniform.
        let share = if memory.queries == 0 { rng::unit(rng::key(key, SALT_AGE)) } else { 1.0 };
        let until = now.saturating_add((ttl as f64 * share) as u64);
        self.names[name].resolvers[resolver] = Memory { answer, until, queries: memory.queries + 1 };
        let counts = self.name_counts(name);
        counts.lookups += 1;
        counts.note(answer);
        answer.map_or(Found::Missing, |answer| Found::Target(answer, delay))
    }

    /// The present slot's counts of a name.
    fn name_counts(&mut self, name: usize) -> &mut NameSlot {
        let (slot, slots) = (self.slots.current, &mut self.names[name].slots);
        slots.resize(slots.len().max(slot + 1), NameSlot::default());
        &mut slots[slot]
    }

    /// Whether the name's own servers might give this answer now.
    fn says(&self, name: usize, answer: Option<u32>) -> bool {
        match (self.names[name].faults.first(), answer) {
            (Some((_, NameFault::Missing)), answer) => answer.is_none(),
            (Some((_, NameFault::Wrong(wrong))), answer) => answer == Some(*wrong as u32),
            (_, None) => false,
            (_, Some(answer)) => match self.plan.names[name].targets[answer as usize] {
                (_, None) => self.authority(name, 0.0) == answer,
                (component, Some(weight)) => weight > 0.0 && self.may_be_answered(name, component),
            },
        }
    }

    /// Whether the name's own servers take a component for well. When none is, they answer as if all were.
    fn may_be_answered(&self, name: usize, component: usize) -> bool {
        let is_healthy = |component: usize| {
            let rule = &self.t.comps[component];
            let rotation = &self.fleet.rotations[component];
            rule.is_fixed || rule.is_serverless || (!rotation.list.is_empty() && !rotation.is_open)
        };
        is_healthy(component) || !self.plan.names[name].targets.iter().any(|(other, _)| is_healthy(*other))
    }

    /// What the name's own servers say now.
    fn authority(&self, name: usize, draw: f64) -> u32 {
        let targets = &self.plan.names[name].targets;
        let may = |component: usize| self.may_be_answered(name, component);
        let share = |target: &(usize, Option<f64>)| if may(target.0) { target.1.unwrap_or(1.0) } else { 0.0 };
        if targets.first().is_some_and(|(_, weight)| weight.is_none()) {
            return targets.iter().position(|target| may(target.0)).unwrap_or(0) as u32;
        }
        let total: f64 = targets.iter().map(share).sum();
        let mut up_to = 0.0;
        let chosen = targets.iter().position(|target| {
            up_to += share(target);
            draw * total < up_to
        });
        chosen.unwrap_or(0) as u32
    }

    /// What names answered, in the slots that are told of.
    pub(super) fn name_outcomes(&self, kept: &[usize]) -> Vec<NameOutcome> {
        let outcome = |(rule, state): (&DnsName, &NameState)| NameOutcome {
            name: rule.name.clone(),
            targets: rule.targets.iter().map(|(id, _)| self.plan.components[*id].name.clone()).collect(),
            slots: kept.iter().map(|slot| state.slots.get(*slot).cloned().unwrap_or_default()).collect(),
        };
        self.plan.names.iter().zip(&self.names).map(outcome).collect()
    }

    /// Leaves or takes off a fault's mark on a name.
    pub(super) fn strike_name(&mut self, fault: u32, name: usize, shows: Option<NameFault>) {
        set_mark(&mut self.names[name].faults, fault, shows);
    }
}
