//! The interpreter: what each instruction does.

use super::blame::label;
use super::engine::{CHAIN_MAX, Engine};
use super::frame::{Role, State, flag};
use super::generate::TAINTS;
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
    /// What a cache look-up found: see [`super::cached::found`].
    pub(super) found: u8,
    /// Flags of an answer that is not what it seems.
    pub(super) taint: u32,
    /// Nanoseconds after which the caller may come back; 0 says nothing.
    pub(super) retry_after: u64,
}

impl Answer {
    pub(super) const OK: Self = Self { error: None, degraded: false, found: 0, taint: 0, retry_after: 0 };

    pub(super) fn failed(class: ErrorClass) -> Self {
        Self { error: Some(class), ..Self::OK }
    }
}

impl Engine<'_> {
    /// Executes a frame, and then whichever frame goes on because of it, until one waits.
    #[inline(always)]
    pub(super) fn run_frame(&mut self, first: u32) {
        let mut f = first;
        self.chain_left = CHAIN_MAX;
        loop {
            let frame = &mut self.frames[f];
            if frame.has(flag::CANCELLED) {
                return self.finish_cancelled(f);
            }
            f = match self.t.code[frame.pc as usize] {
                Ins::Compute { law, salt } => self.compute(f, law, salt),
                Ins::Wait { law, salt } => self.wait(f, law, salt),
                Ins::Call { site } => self.call(f, site),
                Ins::Forward { site } => self.forward(f, site),
                Ins::Choose { first, salt, .. } => {
                    let draw = rng::unit(rng::key(frame.key, salt));
                    // The last one's threshold is beyond any draw.
                    let mut choice = first as usize;
                    while draw >= self.t.choices[choice].0 {
                        choice += 1;
                    }
                    frame.pc = self.t.choices[choice].1;
                    f
                }
                Ins::Jump { to } => {
                    frame.pc = to;
                    f
                }
                Ins::End => self.succeed(f),
                rare => self.run_rare(f, rare).unwrap_or(f),
            };
            if f == NONE {
                return;
            }
            // In memory: the registers are needed for more.
            self.chain_left -= 1;
            if self.chain_left == 0 {
                return self.pause_or_stop(f);
            }
        }
    }

    /// The less common instructions; `None` when the frame goes on.
    #[inline(never)]
    fn run_rare(&mut self, f: u32, ins: Ins) -> Option<u32> {
        match ins {
            Ins::OwnCache { site } => {
                let mut answer = Answer::OK;
                self.carry_out(f, self.t.sites[site as usize].effect, &mut answer);
                return self.own_cache_answered(f, answer);
            }
            Ins::CacheCheck { cached } => return self.cache_check(f, cached),
            Ins::CacheFilled { cached } => {
                self.land(f, cached, false);
                self.frames[f].pc += 1;
            }
            Ins::FetchFailed { cached } => self.fetch_failed(f, cached),
            Ins::Flushed => self.batch_done(f, true),
            Ins::FlushFailed => self.batch_done(f, false),
            Ins::Repeat { law, at_most, body, salt } => {
                let times = self.t.laws[law as usize].sampler.sample(rng::key(self.frames[f].key, salt));
                let rounds = ((times + 0.5) as u64).min(u64::from(at_most)) as u32;
                if rounds > 0 {
                    self.frames[f].rounds = rounds;
                    self.frames[f].aux = 0;
                    return Some(self.branch(f, body, salt, Role::Branch));
                }
                self.frames[f].pc += 1;
            }
            Ins::Parallel { group } => return Some(self.fan_out(f, group)),
            Ins::Hedged { site, body } => return Some(self.start_hedged(f, site, body)),
            Ins::Try { body, salt, .. } => {
                self.frames[f].aux = 0;
                return Some(self.branch(f, body, salt, Role::Branch));
            }
            Ins::MarkDegraded => {
                self.frames[f].set(flag::DEGRADED);
                self.frames[f].pc += 1;
            }
            Ins::Fail { probability, class, entity, salt } => {
                let address = match entity {
                    NONE => self.frames[f].key,
                    entity => rng::nth(self.seed, self.rank(self.frames[f].root, entity)),
                };
                if rng::unit(rng::key(address, salt)) < probability {
                    return Some(self.fail(f, class));
                }
                self.frames[f].pc += 1;
            }
            Ins::Start { body, salt } => {
                self.frames[f].aux = 0;
                let detached = self.branch(f, body, salt, Role::Detached);
                if !self.messaging.is_empty() {
                    self.keep_begun(f, detached);
                }
                self.ready.push_back(detached);
                self.frames[f].pc += 1;
            }
            Ins::Reply => {
                self.reply_early(f);
                self.frames[f].pc += 1;
            }
            Ins::Session(what) => return self.run_session(f, what),
            Ins::Message { what, body } => return self.run_message(f, what, body),
            Ins::Resolve { name, first, .. } => return Some(self.resolve_name(f, name, first)),
            other => return self.run_by_attributes(f, other),
        }
        None
    }

    /// Instructions that depend on attributes; `None` when the frame goes on.
    #[inline(never)]
    fn run_by_attributes(&mut self, f: u32, ins: Ins) -> Option<u32> {
        match ins {
            Ins::If { condition, otherwise } => {
                let pc = if self.holds_true(f, condition) { self.frames[f].pc + 1 } else { otherwise };
                self.frames[f].pc = pc;
            }
            Ins::Set { first, count, salt } => {
                self.set_attributes(f, first, count, salt);
                self.frames[f].pc += 1;
            }
            Ins::Token { step } => self.check_token(f, step),
            Ins::TokenIssued { step } => self.token_issued(f, step),
            Ins::Prefill { step } => return Some(self.prefill(f, step)),
            Ins::Decode { step } => return Some(self.decode(f, step)),
            Ins::Generated { step } => return Some(self.generated(f, step)),
            Ins::Meter { meter, amount } => {
                let units = self.amount(f, self.t.attributes.amounts[amount as usize]);
                self.count_usage(f, meter, units);
                self.frames[f].pc += 1;
            }
            common => unreachable!("{common:?} is run inline"),
        }
        None
    }

    /// Lets time pass; goes on at once if none has to.
    #[inline]
    fn wait(&mut self, f: u32, law: u32, salt: u64) -> u32 {
        let Self { frames, queue, t, now, .. } = self;
        let frame = &mut frames[f];
        let delay = &t.laws[law as usize];
        let time = delay.sample(rng::key(frame.key, salt));
        if time == 0 {
            frame.pc += 1;
            return f;
        }
        frame.state = State::Waiting;
        frame.main = delay.push(queue, *now, time, Phase::Done, f);
        NONE
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
    pub(super) fn branch(&mut self, f: u32, body: u32, salt: u64, role: Role) -> u32 {
        let b = self.frames.alloc();
        let parent = self.frames[f].clone();
        let is_waited_for = role == Role::Branch;
        let branch = &mut self.frames[b];
        branch.key = rng::nth(rng::key(parent.key, salt), u64::from(parent.aux));
        branch.flags = parent.flags & flag::IS_RETRY;
        branch.root = parent.root;
        branch.entered = self.now;
        branch.since = self.now;
        branch.pc = body;
        branch.replica = parent.replica;
        branch.comp = parent.comp;
        branch.op = parent.op;
        branch.priority = parent.priority;
        branch.slot = parent.slot;
        branch.role = role;
        branch.parent = NONE;
        branch.from_site = NONE;
        branch.log = NONE;
        branch.deadline = u64::MAX;
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
        if self.t.attributes.count > 0 {
            self.hand_attributes(f, b);
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
                self.logs.open(b, self.now);
                self.frames[b].log = b;
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
    #[inline]
    fn succeed(&mut self, f: u32) -> u32 {
        let frame = &self.frames[f];
        let degraded = frame.has(flag::DEGRADED);
        if frame.role == Role::Server && !frame.has(flag::REPLIED | TAINTS) && self.messages_take_no_time() {
            return self.succeed_at_once(f, degraded);
        }
        if frame.role == Role::Root && !frame.has(TAINTS) {
            return self.complete(f, Answer { degraded, ..Answer::OK });
        }
        let taint = frame.flags & TAINTS;
        self.conclude(f, Answer { degraded, taint, ..Answer::OK })
    }

    /// A server answers a caller next door: the most common end of all, in one go where
    /// nothing but counting has to be done, and otherwise as any other.
    fn succeed_at_once(&mut self, f: u32, degraded: bool) -> u32 {
        let frame = &self.frames[f];
        let (parent, epoch) = (frame.parent, frame.parent_epoch);
        let is_simple = self.t.sites[frame.from_site as usize].effect == SiteEffect::None;
        if !is_simple || parent == NONE || self.frames[parent].epoch != epoch {
            return self.finish_server(f, Answer { degraded, ..Answer::OK });
        }
        self.leave_component(f, Answer::OK);
        self.frames.release(f);
        self.answered_well(parent, degraded, super::cached::found::NOTHING)
    }

    /// A frame failed.
    #[inline(never)]
    pub(super) fn fail(&mut self, f: u32, class: ErrorClass) -> u32 {
        self.abandon_flights(f, class);
        self.conclude(f, Answer::failed(class))
    }

    fn conclude(&mut self, f: u32, answer: Answer) -> u32 {
        match self.frames[f].role {
            Role::Root => self.complete_request(f, answer),
            Role::Server => self.finish_server(f, answer),
            Role::Branch => self.branch_done(f, answer),
            Role::Probe => self.probed(f, answer),
            Role::Detached => {
                self.frames.release(f);
                NONE
            }
        }
    }

    /// A body ended: its parent goes on, goes round again, is rescued or fails.
    fn branch_done(&mut self, b: u32, answer: Answer) -> u32 {
        let (p, epoch) = (self.frames[b].parent, self.frames[b].parent_epoch);
        if p == NONE || self.frames[p].epoch != epoch {
            self.note_late_hedge(b, answer);
            self.frames.release(b);
            return NONE;
        }
        if answer.degraded {
            self.frames[p].set(flag::DEGRADED);
        }
        self.frames[p].set(answer.taint);
        match self.t.code[self.frames[p].pc as usize] {
            Ins::Repeat { body, salt, .. } => {
                self.end_branch(b, p);
                self.round_done(p, answer, body, salt)
            }
            Ins::Try { rescue, .. } => {
                self.end_branch(b, p);
                self.tried(p, answer, rescue)
            }
            Ins::Parallel { group } => self.joined(p, b, answer, group),
            Ins::Hedged { site, .. } => self.hedge_done(p, b, answer, site),
            Ins::Message { what, .. } => {
                self.frames.release(b);
                self.message_body_done(p, what, answer)
            }
            other => unreachable!("frame {p} waits for a branch at {other:?}"),
        }
    }

    /// Frees a branch, whose parent goes on with what it carried.
    fn end_branch(&mut self, b: u32, p: u32) {
        if self.t.attributes.count > 0 {
            self.hand_attributes(b, p);
        }
        self.frames.release(b);
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
            self.frames.release(b);
            return NONE;
        }
        parent.epoch = parent.epoch.wrapping_add(1);
        parent.state = State::Running;
        let (parent_log, branch_log) = (parent.log, self.frames[b].log);
        self.logs.join(parent_log, branch_log);
        self.frames.release(b);
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
    fn forward(&mut self, f: u32, site_index: u32) -> u32 {
        let from_replica = self.frames[f].replica;
        self.leave_component(f, Answer::OK);
        let site = &self.t.sites[site_index as usize];
        let frame = &mut self.frames[f];
        let from = frame.comp;
        frame.key = rng::key(frame.key, site.salt);
        frame.from_site = site_index;
        frame.pc = site.entry;
        frame.op = site.op;
        frame.replica = site.only_replica;
        frame.comp = site.target;
        let (policy, link) = (site.policy, site.link);
        // A forwarded request is a call of this component that is answered elsewhere.
        let edge = &mut self.edges[policy as usize];
        edge.calls += 1;
        edge.attempts += 1;
        edge.answered_ok += 1;
        edge.calls_ok += 1;
        if site.only_replica == NONE {
            self.aim(f, policy, from_replica);
        }
        if link == NONE && self.network.active == 0 {
            return self.enter(f);
        }
        self.travel(f, site_index, self.t.comps[from as usize].node)
    }

    /// What a served call does besides its steps, once it has succeeded.
    pub(super) fn site_effect(&mut self, f: u32, answer: &mut Answer) {
        let frame = &self.frames[f];
        if frame.from_site == NONE {
            return;
        }
        self.carry_out(f, self.t.sites[frame.from_site as usize].effect, answer);
    }

    /// Does to the component that a frame is at what a call does besides its steps.
    fn carry_out(&mut self, f: u32, effect: SiteEffect, answer: &mut Answer) {
        match effect {
            SiteEffect::None => {}
            SiteEffect::CacheGet(cached) => self.cache_get(f, cached, answer),
            SiteEffect::CacheSet(cached) => self.cache_set(f, cached, None),
            SiteEffect::CacheRefuse { cached, class } => self.cache_set(f, cached, Some(class)),
            SiteEffect::CachePut(put) => self.cache_put(f, put, answer),
            SiteEffect::CacheRemove(removal) => self.cache_remove(f, removal),
            SiteEffect::Read => self.read_row(f, answer),
            SiteEffect::Write => {
                self.write_row(f, answer);
            }
            SiteEffect::VersionRead { rows } => self.version_read(f, rows, answer),
            SiteEffect::VersionWrite { rows, checked } => self.version_write(f, rows, checked, answer),
            SiteEffect::Publish(publish) => self.publish(f, publish, answer),
            SiteEffect::Redrive { broker } => self.redrive(broker),
        }
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
