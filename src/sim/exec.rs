//! The interpreter: what each instruction does.

use super::blame::label;
use super::engine::Engine;
use super::frame::{Role, State, flag};
use super::tables::{Holds, Ins, NONE, SiteEffect, class_bit};
use crate::kernel::Phase;
use crate::outcome::WaitKind;
use crate::plan::ErrorClass;
use crate::rng;

/// What a request is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) error: Option<ErrorClass>,
    pub(super) degraded: bool,
    /// A cache look-up that found its key.
    pub(super) hit: bool,
    /// Nanoseconds after which the caller may come back; 0 says nothing.
    pub(super) retry_after: u64,
}

impl Answer {
    pub(super) const OK: Self = Self { error: None, degraded: false, hit: false, retry_after: 0 };

    pub(super) fn failed(class: ErrorClass) -> Self {
        Self { error: Some(class), ..Self::OK }
    }
}

impl Engine<'_> {
    /// Executes a frame until it waits for something. Returns a frame that can
    /// go on at once, or `NONE`.
    pub(super) fn run_frame(&mut self, f: u32) -> u32 {
        if self.frames[f].has(flag::CANCELLED) {
            self.finish_cancelled(f);
            return NONE;
        }
        self.inline_steps += 1;
        loop {
            let ins = self.t.code[self.frames[f].pc as usize];
            match ins {
                Ins::Compute { law, salt } => {
                    let work = self.t.laws[law as usize].sample(rng::key(self.frames[f].key, salt));
                    if !self.compute(f, law, work) {
                        return NONE;
                    }
                }
                Ins::Wait { law, salt } => {
                    if !self.wait(f, law, salt) {
                        return NONE;
                    }
                }
                Ins::Call { site } => return self.call(f, site),
                Ins::Forward { site } => return self.forward(f, site),
                Ins::CacheCheck { cached } => {
                    if !self.cache_check(f, cached) {
                        return NONE;
                    }
                }
                Ins::CacheFilled { cached } => {
                    self.land(f, cached);
                    self.frames[f].pc += 1;
                }
                Ins::Choose { first, count, salt } => self.choose(f, first, count, salt),
                Ins::Jump { to } => self.frames[f].pc = to,
                Ins::Repeat { law, at_most, body, salt } => {
                    let times = self.t.laws[law as usize].sampler.sample(rng::key(self.frames[f].key, salt));
                    let rounds = ((times + 0.5) as u64).min(u64::from(at_most)) as u32;
                    if rounds > 0 {
                        self.frames[f].rounds = rounds;
                        self.frames[f].aux = 0;
                        return self.branch(f, body, salt, Role::Branch);
                    }
                    self.frames[f].pc += 1;
                }
                Ins::Parallel { group } => return self.fan_out(f, group),
                Ins::Try { body, salt, .. } => return self.branch(f, body, salt, Role::Branch),
                Ins::MarkDegraded => {
                    self.frames[f].set(flag::DEGRADED);
                    self.frames[f].pc += 1;
                }
                Ins::Fail { probability, class, salt } => {
                    if rng::unit(rng::key(self.frames[f].key, salt)) < probability {
                        return self.fail(f, class);
                    }
                    self.frames[f].pc += 1;
                }
                Ins::Start { body, salt } => {
                    let detached = self.branch(f, body, salt, Role::Detached);
                    self.ready.push_back(detached);
                    self.frames[f].pc += 1;
                }
                Ins::Reply => {
                    self.reply_early(f);
                    self.frames[f].pc += 1;
                }
                Ins::End => return self.succeed(f),
            }
        }
    }

    fn choose(&mut self, f: u32, first: u32, count: u32, salt: u64) {
        let draw = rng::unit(rng::key(self.frames[f].key, salt));
        let choices = &self.t.choices[first as usize..(first + count) as usize];
        let chosen = choices.iter().find(|(up_to, _)| draw < *up_to).or(choices.last());
        if let Some((_, to)) = chosen {
            self.frames[f].pc = *to;
        }
    }

    /// Lets time pass; `true` if no time had to pass.
    fn wait(&mut self, f: u32, law: u32, salt: u64) -> bool {
        let delay = &self.t.laws[law as usize];
        let time = delay.sample(rng::key(self.frames[f].key, salt));
        if time == 0 {
            self.frames[f].pc += 1;
            return true;
        }
        self.frames[f].state = State::Waiting;
        match delay.lane {
            Some((_, lane)) => {
                let at = crate::units::SimTime(self.now + time);
                self.frames[f].main =
                    self.queue.push_lane(lane, at, Phase::Done, super::engine::tag::MAIN, f);
            }
            None => self.schedule(f, time, Phase::Done),
        }
        false
    }

    /// A `wait` is over.
    pub(super) fn waited(&mut self, f: u32) -> u32 {
        let who = self.worker_label(f);
        let frame = &mut self.frames[f];
        frame.state = State::Running;
        frame.pc += 1;
        let log = frame.log;
        self.logs.charge(log, self.now, who);
        f
    }

    /// Label for time a frame spends on its own work.
    #[inline]
    pub(super) fn worker_label(&self, f: u32) -> u32 {
        match self.frames[f].replica {
            NONE => label(self.t.comps.len() as u32 + self.t.policies.len() as u32, WaitKind::User),
            replica => label(self.replicas[replica as usize].comp, WaitKind::Service),
        }
    }

    /// Makes a frame for a body that runs on behalf of `f`.
    fn branch(&mut self, f: u32, body: u32, salt: u64, role: Role) -> u32 {
        let b = self.frames.alloc();
        let parent = self.frames[f].clone();
        let is_waited_for = role == Role::Branch;
        let branch = &mut self.frames[b];
        branch.key = rng::nth(rng::key(parent.key, salt), u64::from(parent.aux));
        branch.root = parent.root;
        branch.entered = self.now;
        branch.since = self.now;
        branch.pc = body;
        branch.replica = parent.replica;
        branch.op = parent.op;
        branch.priority = parent.priority;
        branch.slot = parent.slot;
        branch.role = role;
        if is_waited_for {
            branch.parent = f;
            branch.parent_epoch = parent.epoch;
            branch.log = parent.log;
            branch.deadline = parent.deadline;
            let born = branch.born;
            let parent = &mut self.frames[f];
            parent.state = State::Joining;
            parent.child = b;
            parent.child_born = born;
        }
        b
    }

    fn fan_out(&mut self, f: u32, group: u32) -> u32 {
        let entries = std::mem::take(&mut self.t.groups[group as usize].entries);
        let (need, salt) = (self.t.groups[group as usize].need, self.t.groups[group as usize].salt);
        let mut branches = Vec::with_capacity(entries.len());
        for (number, entry) in (0u32..).zip(&entries) {
            self.frames[f].aux = number;
            let b = self.branch(f, *entry, salt, Role::Branch);
            if self.frames[f].log != NONE {
                self.frames[b].log = self.logs.alloc(self.now);
                self.frames[b].set(flag::OWNS_LOG);
            }
            branches.push((b, self.frames[b].born));
            self.ready.push_back(b);
        }
        let parent = &mut self.frames[f];
        parent.aux = need;
        parent.rounds = entries.len() as u32;
        parent.child = NONE;
        self.joins.insert(f, branches);
        self.t.groups[group as usize].entries = entries;
        NONE
    }

    /// A frame reached the end of its program.
    fn succeed(&mut self, f: u32) -> u32 {
        let degraded = self.frames[f].has(flag::DEGRADED);
        self.conclude(f, Answer { degraded, ..Answer::OK })
    }

    /// A frame failed.
    pub(super) fn fail(&mut self, f: u32, class: ErrorClass) -> u32 {
        self.abandon_flights(f, class);
        self.conclude(f, Answer::failed(class))
    }

    fn conclude(&mut self, f: u32, answer: Answer) -> u32 {
        match self.frames[f].role {
            Role::Root => self.complete_request(f, answer),
            Role::Server => self.finish_server(f, answer),
            Role::Branch => self.branch_done(f, answer),
            Role::Detached => {
                self.drop_frame(f);
                NONE
            }
        }
    }

    /// Frees a frame and a log of its own.
    pub(super) fn drop_frame(&mut self, f: u32) {
        if self.frames[f].has(flag::OWNS_LOG) {
            self.logs.release(self.frames[f].log);
        }
        self.frames.release(f);
    }

    /// A body ended: its parent goes on, goes round again, is rescued or fails.
    fn branch_done(&mut self, b: u32, answer: Answer) -> u32 {
        let (p, epoch) = (self.frames[b].parent, self.frames[b].parent_epoch);
        if p == NONE || self.frames[p].epoch != epoch {
            self.drop_frame(b);
            return NONE;
        }
        if answer.degraded {
            self.frames[p].set(flag::DEGRADED);
        }
        match self.t.code[self.frames[p].pc as usize] {
            Ins::Repeat { body, salt, .. } => {
                self.drop_frame(b);
                self.round_done(p, answer, body, salt)
            }
            Ins::Try { rescue, .. } => {
                self.drop_frame(b);
                self.tried(p, answer, rescue)
            }
            Ins::Parallel { group } => self.joined(p, b, answer, group),
            other => unreachable!("frame {p} waits for a branch at {other:?}"),
        }
    }

    fn round_done(&mut self, p: u32, answer: Answer, body: u32, salt: u64) -> u32 {
        let parent = &mut self.frames[p];
        parent.state = State::Running;
        parent.child = NONE;
        if let Some(class) = answer.error {
            return self.fail(p, class);
        }
        parent.rounds -= 1;
        parent.aux += 1;
        if parent.rounds > 0 {
            return self.branch(p, body, salt, Role::Branch);
        }
        parent.pc += 1;
        p
    }

    fn tried(&mut self, p: u32, answer: Answer, rescue: u32) -> u32 {
        let rescue = &self.t.rescues[rescue as usize];
        let parent = &mut self.frames[p];
        parent.state = State::Running;
        parent.child = NONE;
        let Some(class) = answer.error else {
            parent.pc = rescue.done;
            return p;
        };
        match rescue.entries.iter().find(|(classes, _)| classes & class_bit(class) != 0) {
            Some((_, to)) => {
                parent.pc = *to;
                p
            }
            None => self.fail(p, class),
        }
    }

    fn joined(&mut self, p: u32, b: u32, answer: Answer, group: u32) -> u32 {
        let parent = &mut self.frames[p];
        parent.rounds -= 1;
        let decided = match answer.error {
            None => {
                parent.aux -= 1;
                parent.aux == 0
            }
            Some(_) => parent.rounds < parent.aux,
        };
        if !decided {
            self.drop_frame(b);
            return NONE;
        }
        parent.epoch = parent.epoch.wrapping_add(1);
        parent.state = State::Running;
        let (parent_log, branch_log) = (parent.log, self.frames[b].log);
        self.logs.join(parent_log, branch_log);
        self.drop_frame(b);
        let stragglers = self.joins.remove(&p).unwrap_or_default();
        if self.t.groups[group as usize].cancel {
            for (straggler, born) in stragglers {
                self.cancel(straggler, born);
            }
        }
        match answer.error {
            Some(class) => self.fail(p, class),
            None => {
                self.frames[p].pc += 1;
                p
            }
        }
    }

    /// Hands a request on: releases everything here and goes to the next component.
    fn forward(&mut self, f: u32, site: u32) -> u32 {
        let from_replica = self.frames[f].replica;
        self.leave_component(f, Answer::OK);
        let (salt, target, entry, op, effect_policy) = {
            let site = &self.t.sites[site as usize];
            (site.salt, site.target, site.entry, site.op, site.policy)
        };
        let frame = &mut self.frames[f];
        frame.key = rng::key(frame.key, salt);
        frame.from_site = site;
        frame.pc = entry;
        frame.op = op;
        self.count_forward(effect_policy);
        let replica = self.pick_replica(effect_policy, target, self.frames[f].key);
        self.frames[f].replica = replica;
        let from_node = self.t.comps[self.replicas[from_replica as usize].comp as usize].node;
        self.travel(f, site, from_node)
    }

    /// What a served call does besides its steps, once it has succeeded.
    pub(super) fn site_effect(&mut self, f: u32, answer: &mut Answer) {
        let frame = &self.frames[f];
        if frame.from_site == NONE {
            return;
        }
        match self.t.sites[frame.from_site as usize].effect {
            SiteEffect::None => {}
            SiteEffect::CacheGet(cached) => answer.hit = self.cache_get(f, cached),
            SiteEffect::CacheSet(cached) => self.cache_set(f, cached),
            SiteEffect::CacheDelete { entity } => self.cache_delete(f, entity),
            SiteEffect::Read => self.store_counts(f).reads += 1,
            SiteEffect::Write => self.store_counts(f).commits += 1,
        }
    }

    fn store_counts(&mut self, f: u32) -> &mut crate::outcome::StoreSlot {
        let comp = self.replicas[self.frames[f].replica as usize].comp as usize;
        &mut self.records.comps[self.comp_base + comp].store
    }

    /// Whether a frame's component gives cores only while computing.
    #[inline]
    pub(super) fn holds(&self, f: u32) -> Holds {
        match self.frames[f].replica {
            NONE => Holds::Nothing,
            replica => self.t.comps[self.replicas[replica as usize].comp as usize].holds,
        }
    }
}
