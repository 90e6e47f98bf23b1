//! Messages between components: links, what faults do to them, replies.

use super::blame::label;
use super::engine::{Engine, tag};
use super::exec::Answer;
use super::frame::{Role, State, flag};
use super::generate::TAINTS;
use super::tables::{Delay, NONE, SiteEffect};
use crate::dist::Sampler;
use crate::kernel::{Lane, Phase};
use crate::outcome::WaitKind;
use crate::plan::{ErrorClass, Plan};
use crate::rng;
use crate::units::SimTime;

const SALT_REQUEST: u64 = rng::name_hash("net/request");
const SALT_REPLY: u64 = rng::name_hash("net/reply");
const SALT_BYTES: u64 = rng::name_hash("net/bytes");
const SALT_LOSS: u64 = rng::name_hash("net/loss");
/// A message is given up after this many losses in a row: TCP does the same after about 15.
const LOSSES_MAX: u32 = 15;

/// What one fault does to messages between two nodes.
#[derive(Clone, Debug)]
pub(super) struct PathImpairment {
    /// Which fault; impairments apply in the order of faults.
    pub(super) fault: u32,
    pub(super) kind: PathKind,
    /// 0..=1 while it grows.
    pub(super) strength: f64,
}

/// Ways a path can suffer.
#[derive(Clone, Debug)]
pub(super) enum PathKind {
    Latency(Sampler),
    Loss {
        probability: f64,
        retransmit: u64,
    },
    /// Held until an instant.
    Hold {
        until: u64,
    },
    /// This share of requests arrives twice.
    Duplicate {
        share: f64,
    },
    Bandwidth {
        bytes_per_ns: f64,
    },
    Partition {
        refuses: bool,
    },
}

/// Present state of links and paths.
#[derive(Clone, Debug, Default)]
pub(super) struct Network {
    /// When each link's pipe is free.
    pub(super) link_free: Vec<u64>,
    /// `from * nodes + to` → impairments; empty while no network fault acts anywhere.
    pub(super) paths: Vec<Vec<PathImpairment>>,
    /// When each narrowed path's pipe is free, like `paths`.
    pub(super) path_free: Vec<u64>,
    /// Impairments acting anywhere.
    pub(super) active: u32,
}

impl Network {
    pub(super) fn new(plan: &Plan, links: usize) -> Self {
        // Answers that faults may spoil never take the shortest way.
        let active = u32::from(plan.faults.iter().any(|fault| fault.effect.spoils_answers()));
        Self { link_free: vec![0; links], active, ..Self::default() }
    }
}

/// How a message fares.
pub(super) enum Transit {
    /// It is there at once.
    Now,
    /// It arrives after a delay, perhaps one of a link's constant ones.
    After(u64, Option<Lane>),
    /// It never arrives.
    Lost,
    /// The sender is told at once that it cannot pass.
    Refused,
}

impl Engine<'_> {
    /// Sends a frame to the door of its replica.
    #[inline(never)]
    pub(super) fn travel(&mut self, f: u32, site: u32, from_node: u32) -> u32 {
        let link = self.t.sites[site as usize].link;
        if link == NONE && self.network.active == 0 {
            return self.enter(f);
        }
        let comp = self.replicas[self.frames[f].replica as usize].comp as usize;
        let key = self.frames[f].key ^ SALT_REQUEST;
        let bytes = &self.t.ops[self.frames[f].op as usize].request_bytes;
        let bytes = bytes.as_ref().map_or(0, |law| law.sample(rng::key(key, SALT_BYTES)));
        let to_node = self.t.comps[comp].node;
        let transit = self.transit(link, from_node, to_node, bytes, key);
        if self.network.active > 0 {
            self.send_twice(f, from_node, to_node, &transit);
        }
        match transit {
            Transit::Now => self.enter(f),
            Transit::After(delay, lane) => {
                self.frames[f].state = State::Travelling;
                self.schedule_delivery(f, delay, lane);
                NONE
            }
            Transit::Lost => {
                self.frames.release(f);
                NONE
            }
            Transit::Refused => self.reply_now(f, Answer::failed(ErrorClass::Refused)),
        }
    }

    pub(super) fn schedule_delivery(&mut self, f: u32, delay: u64, lane: Option<Lane>) {
        match lane {
            Some(lane) => {
                let at = SimTime(self.now + delay);
                self.frames[f].main = self.queue.push_lane(lane, at, Phase::Deliver, tag::MAIN, f);
            }
            None => self.schedule(f, delay, Phase::Deliver),
        }
    }

    /// A request reaches its component over a link.
    pub(super) fn reached(&mut self, f: u32) -> u32 {
        self.charge_network(f);
        self.enter(f)
    }

    /// Labels the time on a link with the call it belongs to.
    fn charge_network(&mut self, f: u32) {
        let frame = &self.frames[f];
        if frame.log != NONE && frame.from_site != NONE {
            let policy = self.t.sites[frame.from_site as usize].policy;
            let who = label(self.t.comps.len() as u32 + policy, WaitKind::Network);
            self.logs.charge(frame.log, self.now, who);
        }
    }

    pub(super) fn transit(&mut self, link: u32, from: u32, to: u32, bytes: u64, key: u64) -> Transit {
        let mut delay = 0u64;
        let mut lane = None;
        if link != NONE {
            let rule = &self.t.links[link as usize];
            let key = rng::key(key, rule.salt);
            if let Some(latency) = &rule.latency {
                delay = latency.sample(key);
                lane = latency.lane.map(|(_, lane)| lane);
            }
            if rule.loss > 0.0 {
                match resent(rng::key(key, SALT_LOSS), rule.loss, rule.retransmit) {
                    Some(extra) if extra > 0 => (delay, lane) = (delay + extra, None),
                    Some(_) => {}
                    None => return Transit::Lost,
                }
            }
            if let Some(bytes_per_ns) = rule.bytes_per_ns
                && bytes > 0
            {
                let free = &mut self.network.link_free[link as usize];
                delay = delay.saturating_add(through_pipe(free, self.now, bytes, bytes_per_ns));
                lane = None;
            }
        }
        if self.network.active > 0 {
            match self.impaired(from, to, bytes, key) {
                Transit::Now => {}
                Transit::After(extra, _) => (delay, lane) = (delay.saturating_add(extra), None),
                other => return other,
            }
        }
        if delay == 0 { Transit::Now } else { Transit::After(delay, lane) }
    }

    /// Whether any message passes from one node to another.
    pub(super) fn is_connected(&self, from: u32, to: u32) -> bool {
        let cuts = |impairment: &PathImpairment| matches!(impairment.kind, PathKind::Partition { .. });
        self.network.paths.get((from * self.t.nodes + to) as usize).is_none_or(|all| !all.iter().any(cuts))
    }

    /// What faults add between two nodes.
    fn impaired(&mut self, from: u32, to: u32, bytes: u64, key: u64) -> Transit {
        let path = (from * self.t.nodes + to) as usize;
        let Self { network, faults, now, .. } = self;
        let Some(impairments) = network.paths.get(path) else { return Transit::Now };
        let mut delay = 0u64;
        for impairment in impairments {
            let fault = &mut faults[impairment.fault as usize];
            let key = rng::key(key, fault.salt);
            let strength = impairment.strength;
            match &impairment.kind {
                PathKind::Partition { refuses: true } => return Transit::Refused,
                PathKind::Partition { refuses: false } => return Transit::Lost,
                PathKind::Latency(law) => delay += (law.sample(key) * strength + 0.5) as u64,
                PathKind::Hold { until: u64::MAX } => return Transit::Lost,
                PathKind::Hold { until } => delay = delay.saturating_add(until.saturating_sub(*now)),
                PathKind::Duplicate { .. } => {}
                PathKind::Loss { .. } if fault.bursts.as_mut().is_some_and(|b| !b.acts_at(*now)) => {}
                PathKind::Loss { probability, retransmit } => {
                    match resent(key, probability * strength, *retransmit) {
                        Some(extra) => delay += extra,
                        None => return Transit::Lost,
                    }
                }
                PathKind::Bandwidth { bytes_per_ns } if bytes > 0 => {
                    delay += through_pipe(&mut network.path_free[path], *now, bytes, *bytes_per_ns);
                }
                PathKind::Bandwidth { .. } => {}
            }
        }
        if delay == 0 { Transit::Now } else { Transit::After(delay, None) }
    }

    /// Whether there are no links, and no fault acts on messages now.
    #[inline]
    pub(super) fn messages_take_no_time(&self) -> bool {
        self.t.has_no_links && self.network.active == 0
    }

    /// Answers a frame's caller; the frame is used up.
    pub(super) fn reply(&mut self, f: u32, answer: Answer) -> u32 {
        let (parent, epoch) = (self.frames[f].parent, self.frames[f].parent_epoch);
        if parent == NONE || self.frames[parent].epoch != epoch {
            if self.frames[f].has(flag::MESSAGE) {
                self.work_done(f, answer);
                return NONE;
            }
            self.note_unwanted(f, answer);
            self.frames.release(f);
            return NONE;
        }
        if self.messages_take_no_time() {
            return self.reply_now(f, answer);
        }
        let from = self.replicas[self.frames[f].replica as usize].comp as usize;
        let to = self.node_of(parent);
        let link = self.link_between(self.t.comps[from].place, self.t.node_place[to as usize]);
        if link == NONE && self.network.active == 0 {
            return self.reply_now(f, answer);
        }
        let key = self.frames[f].key ^ SALT_REPLY;
        let bytes = &self.t.ops[self.frames[f].op as usize].response_bytes;
        let bytes = match answer.error {
            None => bytes.as_ref().map_or(0, |law: &Delay| law.sample(rng::key(key, SALT_BYTES))),
            Some(_) => 0,
        };
        match self.transit(link, self.t.comps[from].node, to, bytes, key) {
            Transit::Now => self.reply_now(f, answer),
            Transit::After(delay, lane) => {
                self.pack_answer(f, answer);
                self.schedule_delivery(f, delay, lane);
                NONE
            }
            // The answer is lost on its way: the caller hears nothing.
            Transit::Lost | Transit::Refused => {
                self.note_unwanted(f, answer);
                self.frames.release(f);
                NONE
            }
        }
    }

    fn pack_answer(&mut self, f: u32, answer: Answer) {
        let frame = &mut self.frames[f];
        frame.state = State::Returning;
        frame.aux = answer.error.map_or(NONE, |class| class as u32);
        frame.pause = answer.retry_after;
        frame.flags = frame.flags & !(flag::DEGRADED | TAINTS) | answer.taint;
        if answer.degraded {
            frame.set(flag::DEGRADED);
        }
        frame.found = answer.found;
    }

    /// An answer reaches the caller over a link.
    pub(super) fn returned(&mut self, f: u32) -> u32 {
        self.charge_network(f);
        let frame = &self.frames[f];
        let answer = Answer {
            error: class_from(frame.aux),
            degraded: frame.has(flag::DEGRADED),
            found: frame.found,
            taint: frame.flags & TAINTS,
            retry_after: frame.pause,
        };
        let (parent, epoch) = (frame.parent, frame.parent_epoch);
        if self.frames[parent].epoch != epoch {
            self.note_unwanted(f, answer);
            self.frames.release(f);
            return NONE;
        }
        self.reply_now(f, answer)
    }

    /// Gives a caller that still waits its answer.
    fn reply_now(&mut self, f: u32, answer: Answer) -> u32 {
        let site = self.frames[f].from_site as usize;
        if answer.error.is_none() && self.t.sites[site].effect.is_write() {
            let comp = self.replicas[self.frames[f].replica as usize].comp as usize;
            self.stations[comp].counts.store.acknowledged += 1;
        }
        let parent = self.frames[f].parent;
        self.frames.release(f);
        self.answered(parent, answer)
    }

    /// Nobody heard the answer: if it told of a commit, its caller does not know.
    fn note_unwanted(&mut self, f: u32, answer: Answer) {
        let Some(comp) = self.replicas.get(self.frames[f].replica as usize).map(|r| r.comp as usize) else {
            return;
        };
        // The caller of a request that arrived twice hears of the first.
        let is_unknown = answer.error.is_none() && self.is_write(f) && !self.frames[f].has(flag::COPY);
        let counts = &mut self.stations[comp].counts;
        counts.wasted += u64::from(answer.error.is_none());
        counts.store.unknown += u64::from(is_unknown);
    }

    fn is_write(&self, f: u32) -> bool {
        let site = self.frames[f].from_site;
        site != NONE && self.t.sites[site as usize].effect.is_write()
    }

    /// Answers now and lets the rest of the operation go on.
    pub(super) fn reply_early(&mut self, f: u32) {
        let frame = self.frames[f].clone();
        if frame.has(flag::REPLIED) || frame.role != Role::Server {
            return;
        }
        let (degraded, taint) = (frame.has(flag::DEGRADED), frame.flags & TAINTS);
        let mut answer = Answer { degraded, taint, ..Answer::OK };
        self.site_effect(f, &mut answer);
        let carrier = self.frames.alloc();
        let copy = &mut self.frames[carrier];
        copy.key = frame.key;
        copy.root = frame.root;
        copy.role = Role::Server;
        copy.parent = frame.parent;
        copy.parent_epoch = frame.parent_epoch;
        copy.log = frame.log;
        copy.replica = frame.replica;
        copy.comp = frame.comp;
        copy.op = frame.op;
        copy.from_site = frame.from_site;
        copy.slot = frame.slot;
        copy.flags |= frame.flags & flag::MESSAGE;
        if !self.messaging.is_empty() {
            self.keep_begun(f, f);
        }
        let own = &mut self.frames[f];
        own.clear(flag::MESSAGE);
        own.set(flag::REPLIED);
        own.log = NONE;
        own.parent = NONE;
        let next = self.reply(carrier, answer);
        if next != NONE {
            self.ready.push_back(next);
        }
    }

    /// A server's operation ended.
    pub(super) fn finish_server(&mut self, f: u32, mut answer: Answer) -> u32 {
        let has_replied = self.frames[f].has(flag::REPLIED);
        let site = self.frames[f].from_site as usize;
        if answer.error.is_none() && !has_replied && self.t.sites[site].effect != SiteEffect::None {
            self.site_effect(f, &mut answer);
        }
        let is_troubled = self.replicas[self.frames[f].replica as usize].trouble.is_some();
        if is_troubled && answer.error.is_none() && !has_replied {
            self.spoil_answer(f, &mut answer);
        }
        self.leave_component(f, answer);
        if has_replied {
            self.frames.release(f);
            return NONE;
        }
        self.reply(f, answer)
    }

    /// Component or client a frame belongs to.
    pub(super) fn node_of(&self, f: u32) -> u32 {
        let frame = &self.frames[f];
        match frame.replica {
            NONE => self.t.policies[self.t.sites[frame.site as usize].policy as usize].caller,
            replica => self.t.comps[self.replicas[replica as usize].comp as usize].node,
        }
    }

    #[inline]
    pub(super) fn link_between(&self, from: u32, to: u32) -> u32 {
        self.t.link_of[(from * self.t.places + to) as usize]
    }
}

/// Delay by losses: each costs one more, doubled, retransmission. `None` when given up.
fn resent(key: u64, loss: f64, retransmit: u64) -> Option<u64> {
    let mut delay = 0u64;
    for round in 0..LOSSES_MAX {
        if rng::unit(rng::nth(key, u64::from(round))) >= loss {
            return Some(delay);
        }
        delay = delay.saturating_add(retransmit << round.min(30));
    }
    None
}

/// Time until a message is through a pipe that others may be in.
fn through_pipe(free: &mut u64, now: u64, bytes: u64, bytes_per_ns: f64) -> u64 {
    let start = (*free).max(now);
    let end = start.saturating_add((bytes as f64 / bytes_per_ns).ceil() as u64);
    *free = end;
    end - now
}

pub(super) fn class_from(number: u32) -> Option<ErrorClass> {
    ErrorClass::ALL.get(number as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The k-th loss in a row costs 2^k retransmission times: mean delay is the
    /// sum over k of loss^(k+1) * 2^k.
    #[test]
    fn mean_delay_by_loss_follows_the_doubling_series() {
        let (loss, n) = (0.1, 400_000u64);
        let total: u64 = (0..n).filter_map(|i| resent(rng::mix(i), loss, 1000)).sum();
        let expected: f64 = 1000.0 * loss / (1.0 - 2.0 * loss);
        let mean = total as f64 / n as f64;
        assert!((mean / expected - 1.0).abs() < 0.03, "{mean} against {expected}");
    }

    #[test]
    fn a_pipe_serves_in_order() {
        let mut free = 0;
        assert_eq!(through_pipe(&mut free, 100, 50, 0.5), 100);
        assert_eq!(through_pipe(&mut free, 150, 50, 0.5), 150);
        assert_eq!(through_pipe(&mut free, 1000, 1, 0.5), 2);
    }

    #[test]
    fn classes_survive_packing() {
        for number in 0..ErrorClass::ALL.len() as u32 {
            assert_eq!(class_from(number).map(|class| class as u32), Some(number));
        }
        assert_eq!(class_from(NONE), None);
    }
}
