//! Broadcasts: work on every replica for each of its sessions, and what reaches whom when.

use super::{NEVER, Sessions};
use crate::dist::Sampler;
use crate::plan::{Broadcast, Recipients};
use crate::rng;
use crate::sim::engine::Engine;
use crate::sim::frame::Role;
use crate::sim::tables::NONE;

const SALT_SHARE: u64 = rng::name_hash("broadcast/share");
const SALT_LINK: u64 = rng::name_hash("broadcast/link");
/// Parts into which the recipients of one replica are divided, each with a time of its own.
const PARTS: u64 = 20;

/// A compiled broadcast step.
#[derive(Clone, Debug)]
pub(super) struct BroadcastRule {
    salt: u64,
    /// Share of the sessions, or how many.
    share: f64,
    count: Option<Sampler>,
    /// Nanoseconds for each recipient.
    cost: u64,
    bytes: u64,
}

impl BroadcastRule {
    pub(super) fn new(step: &Broadcast, salt: u64) -> Self {
        let (share, count) = match &step.to {
            Recipients::Share(share) => (*share, None),
            Recipients::Count(law) => (1.0, Some(Sampler::new(law))),
        };
        Self { salt, share, count, cost: step.cost.0, bytes: step.bytes }
    }
}

/// A broadcast under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Casting {
    since: u64,
    /// Parts of the work still to do.
    left: u32,
    /// When the last recipient so far got it.
    last: u64,
}

impl Sessions {
    /// The number that the next broadcast will have.
    fn next_casting(&self) -> u32 {
        self.castings_free.last().copied().unwrap_or(self.castings.len() as u32)
    }

    fn begin_casting(&mut self, casting: Casting) {
        match self.castings_free.pop() {
            Some(number) => self.castings[number as usize] = casting,
            None => self.castings.push(casting),
        }
    }
}

impl Engine<'_> {
    /// Sends something to the sessions of a frame's component: every replica works for its own.
    pub(super) fn broadcast(&mut self, f: u32, number: u32) {
        let (replica, slot) = (self.frames[f].replica, self.slots.current as u16);
        if replica == NONE {
            return;
        }
        let comp = self.replicas[replica as usize].comp;
        let hub = self.sessions.hub_of[comp as usize];
        if hub == NONE {
            return;
        }
        let rule = &self.t.sessions.broadcasts[number as usize];
        let key = rng::key(self.frames[f].key, rule.salt);
        let connected = self.connected_to(comp);
        let users = connected.iter().map(|p| {
            let state = &self.sessions.populations[*p as usize];
            state.open.level + state.waiting.level
        });
        let users = users.sum::<u64>();
        let share = match &rule.count {
            Some(count) if users > 0 => (count.sample(key) / users as f64).min(1.0),
            _ => rule.share,
        };
        let mut carry = rng::unit(rng::key(key, SALT_SHARE));
        let counts = self.hub_counts(hub);
        counts.broadcasts += 1;
        counts.intended += (share * users as f64 + carry) as u64;
        let casting = self.sessions.next_casting();
        let mut parts = 0;
        for p in connected {
            for place in 0..self.sessions.populations[p as usize].live.len() {
                let open = self.sessions.populations[p as usize].live[place].count;
                carry += share * open as f64;
                let recipients = carry as u64;
                carry -= recipients as f64;
                if recipients == 0 || self.is_silent(p, place) {
                    continue;
                }
                let b = self.frames.alloc();
                let parent = self.frames[f].clone();
                let part = &mut self.frames[b];
                part.key = rng::nth(key, u64::from(p) << 32 | place as u64);
                part.root = parent.root;
                part.entered = self.now;
                part.since = self.now;
                part.pc = self.t.sessions.cast_entry;
                part.replica = self.t.comps[comp as usize].first_replica + place as u32;
                part.comp = comp;
                part.op = parent.op;
                part.priority = parent.priority;
                part.slot = slot;
                part.role = Role::Detached;
                part.parent = NONE;
                part.from_site = NONE;
                part.log = NONE;
                part.deadline = u64::MAX;
                // It calls nobody: these fields say what it sends, for whom and to how many.
                part.site = number;
                part.child_born = p;
                part.rounds = recipients.min(u64::from(NEVER)) as u32;
                part.aux = casting;
                self.ready.push_back(b);
                parts += 1;
            }
        }
        if parts > 0 {
            self.sessions.begin_casting(Casting { since: self.now, left: parts, last: self.now });
        }
    }

    /// CPU time in nanoseconds of a part of a broadcast.
    pub(super) fn cast_work(&self, f: u32) -> u64 {
        let frame = &self.frames[f];
        u64::from(frame.rounds).saturating_mul(self.t.sessions.broadcasts[frame.site as usize].cost)
    }

    /// A replica has worked through its recipients: they got it one after the other meanwhile, as fast as
    /// its cores and its bandwidth let it, and each over the link.
    pub(super) fn part_sent(&mut self, f: u32) {
        let frame = &self.frames[f];
        let (key, p, recipients) = (frame.key, frame.child_born, u64::from(frame.rounds));
        let (casting, slot, replica) = (frame.aux as usize, usize::from(frame.slot), frame.replica);
        let comp = frame.comp as usize;
        let speed = self.replicas[replica as usize].speed.max(1e-9);
        let worked = (self.cast_work(f) as f64 / speed).min(1e19) as u64;
        let rule = &self.t.sessions.broadcasts[frame.site as usize];
        let since = self.sessions.castings[casting].since;
        // Where cores are shared it was worked on all the time, elsewhere only at the end.
        let is_shared = self.t.comps[comp].shared_cores.is_some();
        let begun = if is_shared { since } else { self.now.saturating_sub(worked).max(since) };
        let place = self.place_of(replica);
        let hub = &mut self.sessions.hubs[self.sessions.hub_of[comp] as usize];
        let each = hub.rules.bandwidth.map_or(0.0, |rate| rule.bytes as f64 * 1e9 / rate);
        let free_at = hub.sent_by[place].max(begun);
        let state = &self.sessions.populations[p as usize];
        let client = self.plan.clients[self.plan.workloads[state.load as usize].client].place as u32;
        let link = self.link_between(self.t.comps[comp].place, client);
        let link = (link != NONE).then(|| self.t.links[link as usize].latency.as_ref()).flatten();
        let counts = &mut self.sessions.hubs[self.sessions.hub_of[comp] as usize].slots[slot];
        let parts = PARTS.min(recipients);
        let (mut sent_by, mut last) = (free_at, self.sessions.castings[casting].last);
        for part in 1..=parts {
            let done = recipients * part / parts;
            let count = done - recipients * (part - 1) / parts;
            let worked_by = begun + (self.now - begun) * part / parts;
            sent_by = worked_by.max(free_at + (done as f64 * each) as u64);
            let travel = link.map_or(0, |law| law.sample(rng::nth(rng::key(key, SALT_LINK), part)));
            let reached = sent_by.saturating_add(travel);
            counts.latency.record_many(reached - since, count);
            last = last.max(reached);
        }
        counts.delivered += recipients;
        let state = &mut self.sessions.castings[casting];
        state.left -= 1;
        state.last = last;
        if state.left == 0 {
            counts.last.record(last - since);
            self.sessions.castings_free.push(casting as u32);
        }
        self.sessions.hubs[self.sessions.hub_of[comp] as usize].sent_by[place] = sent_by;
    }
}
