//! Faults on what lies between replicas: network paths, pools, connections, allowances.

use super::engine::Engine;
use super::frame::{Role, State, flag};
use super::net::{PathImpairment, PathKind, Transit};
use super::tables::NONE;
use super::trouble::{remaining, share_of};
use crate::plan::{Caller, Effect, Exhausted, Path, RateCurve, Schedule};
use crate::rng;
use crate::units::{SimSpan, SimTime};

const SALT_COPY: u64 = rng::name_hash("net/copy");

/// Straight pieces by which a growing spike's product with a curve is followed.
const SPIKE_PIECES: u64 = 20;

impl Engine<'_> {
    /// Leaves a fault's mark on paths, pools, connections and allowances; `None` takes it off.
    pub(super) fn strike_elsewhere(&mut self, fault: u32, strength: Option<f64>) {
        let effect = self.plan.faults[fault as usize].effect.clone();
        match &effect {
            Effect::Latency { path, .. } => {
                let law = self.faults[fault as usize].path_law.clone();
                self.mark_path(fault, path, strength, || law.clone().map(PathKind::Latency));
            }
            Effect::PacketLoss { path, loss, retransmit, .. } => {
                let kind = PathKind::Loss { probability: *loss, retransmit: retransmit.0 };
                self.mark_path(fault, path, strength, || Some(kind.clone()));
            }
            Effect::Bandwidth { path, bytes_per_sec } => {
                let kind = PathKind::Bandwidth { bytes_per_ns: bytes_per_sec / 1e9 };
                self.mark_path(fault, path, strength, || Some(kind.clone()));
            }
            Effect::Partition { path, refuses } => {
                let kind = PathKind::Partition { refuses: *refuses };
                self.silence_path(fault, path, strength.is_some());
                self.mark_path(fault, path, strength, || Some(kind.clone()));
            }
            Effect::Hold { path } => {
                self.silence_path(fault, path, strength.is_some());
                let schedule = &self.plan.faults[fault as usize].schedule;
                let until = schedule.end_of_stretch(SimTime(self.now)).map_or(u64::MAX, |end| end.0);
                self.mark_path(fault, path, strength, || Some(PathKind::Hold { until }));
            }
            Effect::Duplicate { path, share } => {
                self.mark_path(fault, path, strength, || Some(PathKind::Duplicate { share: *share }));
            }
            Effect::BadCacheKey { .. } | Effect::HotKey { .. } => self.strike_keys(fault, strength),
            Effect::Messages(messages) => self.mark_messages(fault, messages, strength),
            Effect::Block { .. } => self.block(fault, strength.is_some()),
            Effect::Sessions(sessions) => self.strike_sessions(fault, sessions, strength.is_some()),
            Effect::Throttle { component, .. } => self.throttle(fault, *component, strength.is_some()),
            Effect::Exhaust { what: Exhausted::Pool(policy), .. } => {
                self.refit_pools(*policy as u32, fault, strength)
            }
            Effect::Exhaust { what: Exhausted::Connections(component), .. } => {
                self.refit_connections(*component, fault, strength);
            }
            _ => self.strike_platform(fault, strength),
        }
    }

    fn mark_path(
        &mut self,
        fault: u32,
        path: &Path,
        strength: Option<f64>,
        kind: impl Fn() -> Option<PathKind>,
    ) {
        let nodes = self.t.nodes;
        if self.network.paths.is_empty() {
            self.network.paths = vec![Vec::new(); (nodes * nodes) as usize];
            self.network.path_free = vec![0; (nodes * nodes) as usize];
        }
        for (from, to) in self.pairs(path) {
            let marks = &mut self.network.paths[(from * nodes + to) as usize];
            let before = marks.len();
            marks.retain(|mark| mark.fault != fault);
            if let (Some(strength), Some(kind)) = (strength, kind()) {
                let at = marks.partition_point(|mark| mark.fault < fault);
                marks.insert(at, PathImpairment { fault, kind, strength });
            }
            self.network.active = self.network.active + marks.len() as u32 - before as u32;
        }
    }

    /// Until when faults hold messages from one node to another; the present when they do not.
    pub(super) fn held_until(&self, from: u32, to: u32) -> u64 {
        let marks = self.network.paths.get((from * self.t.nodes + to) as usize);
        let until = marks.into_iter().flatten().map(|mark| match mark.kind {
            PathKind::Hold { until } => until,
            _ => self.now,
        });
        until.fold(self.now, u64::max)
    }

    /// Ordered pairs of nodes that a path names, each once.
    fn pairs(&self, path: &Path) -> Vec<(u32, u32)> {
        let nodes = |callers: &[Caller]| {
            callers.iter().map(|caller| self.node_of_caller(*caller)).collect::<Vec<_>>()
        };
        let (from, to) = (nodes(&path.from), nodes(&path.to));
        let mut pairs: Vec<(u32, u32)> = from.iter().flat_map(|a| to.iter().map(|b| (*a, *b))).collect();
        if path.both_ways {
            pairs.extend(pairs.clone().into_iter().map(|(a, b)| (b, a)));
        }
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }

    /// Sends a request's second copy after it, if a fault on the path makes one.
    #[inline(never)]
    pub(super) fn send_twice(&mut self, f: u32, from: u32, to: u32, transit: &Transit) {
        let delay = match transit {
            Transit::Now => 0,
            Transit::After(delay, _) => *delay,
            Transit::Lost | Transit::Refused => return,
        };
        let Some(marks) = self.network.paths.get((from * self.t.nodes + to) as usize) else { return };
        let key = rng::key(self.frames[f].key, SALT_COPY);
        let is_hit = marks.iter().any(|mark| match mark.kind {
            PathKind::Duplicate { share } => {
                let key = rng::key(key, self.faults[mark.fault as usize].salt);
                rng::unit(key) < share * mark.strength
            }
            _ => false,
        });
        if !is_hit || self.frames[f].has(flag::MESSAGE | flag::NOWHERE) {
            return;
        }
        let copy = self.frames.alloc();
        let first = self.frames[f].clone();
        let second = &mut self.frames[copy];
        (second.key, second.root, second.role) = (key, first.root, Role::Server);
        (second.parent, second.log) = (NONE, NONE);
        (second.priority, second.slot, second.deadline) = (first.priority, first.slot, first.deadline);
        (second.pc, second.op, second.from_site) = (first.pc, first.op, first.from_site);
        (second.replica, second.comp) = (first.replica, first.comp);
        second.set(flag::COPY);
        if self.t.attributes.count > 0 {
            self.hand_attributes(f, copy);
        }
        self.copy_version(f, copy);
        self.frames[copy].state = State::Travelling;
        self.schedule_delivery(copy, delay, None);
    }

    fn throttle(&mut self, fault: u32, component: usize, acts: bool) {
        let rule = &self.t.comps[component];
        for r in rule.first_replica..rule.first_replica + rule.replicas {
            self.throttle_replica(r, fault, acts);
        }
    }

    /// Shares of something lost to faults, kept by whoever owns it.
    fn losses(
        &self,
        is_meant: impl Fn(&Effect) -> bool,
        changed: u32,
        strength: Option<f64>,
    ) -> Vec<(u32, f64)> {
        let mut lost = Vec::new();
        for (number, fault) in (0u32..).zip(&self.plan.faults) {
            if let Effect::Exhaust { share, .. } = &fault.effect
                && is_meant(&fault.effect)
            {
                let strength = if number == changed { strength } else { self.strengths[number as usize] };
                if let Some(strength) = strength {
                    lost.push((number, share * strength));
                }
            }
        }
        lost
    }

    fn refit_pools(&mut self, policy: u32, fault: u32, strength: Option<f64>) {
        let is_meant = |effect: &Effect| matches!(effect, Effect::Exhaust { what: Exhausted::Pool(p), .. } if *p == policy as usize);
        let left = remaining(&self.losses(is_meant, fault, strength));
        self.strengths[fault as usize] = strength;
        let rule = &self.t.policies[policy as usize];
        if rule.pool == NONE {
            return;
        }
        let caller = rule.caller as usize;
        let replicas = self.t.comps.get(caller).map_or(1, |comp| comp.replicas);
        for pool in rule.pool..rule.pool + replicas {
            let state = &mut self.pools[pool as usize];
            state.size = share_of(state.size_nominal, left);
            self.serve_pool(pool as usize);
        }
    }

    fn refit_connections(&mut self, component: usize, fault: u32, strength: Option<f64>) {
        let is_meant = |effect: &Effect| matches!(effect, Effect::Exhaust { what: Exhausted::Connections(c), .. } if *c == component);
        let left = remaining(&self.losses(is_meant, fault, strength));
        self.strengths[fault as usize] = strength;
        self.connections_max[component] = share_of(self.t.comps[component].connections_max, left);
    }
}

/// The extra load of a spike: the base curve times what exceeds 1 of its factor, while it acts.
pub(super) fn spike_curve(base: &RateCurve, factor: f64, schedule: &Schedule, end: u64) -> RateCurve {
    let Schedule::Once { at, length, ramp, flap } = schedule else {
        return RateCurve { points: vec![(SimTime::ZERO, 0.0)], period: None };
    };
    let stop = length.map_or(end, |length| at.0.saturating_add(length.0)).min(end);
    let (on, off) = flap.map_or((u64::MAX, 0), |(on, off)| (on.0.max(1), off.0));
    let mut points = vec![(SimTime::ZERO, 0.0)];
    let mut start = at.0;
    while start < stop {
        let rest = start.saturating_add(on).min(stop);
        let mut knots: Vec<u64> = vec![start, rest];
        if ramp.0 > 0 {
            let grown = start.saturating_add(ramp.0);
            knots.extend((0..=SPIKE_PIECES).map(|piece| start + (grown - start) / SPIKE_PIECES * piece));
        }
        knots.extend(knots_of(base, start, rest));
        knots.retain(|knot| (start..=rest).contains(knot));
        knots.sort_unstable();
        knots.dedup();
        points.push((SimTime(start), 0.0));
        for knot in knots {
            let grown = if ramp.0 == 0 { 1.0 } else { ((knot - start) as f64 / ramp.0 as f64).min(1.0) };
            points.push((SimTime(knot), rate_at(base, knot) * (factor - 1.0).max(0.0) * grown));
        }
        points.push((SimTime(rest), 0.0));
        start = rest.saturating_add(off);
    }
    RateCurve { points, period: None }
}

/// Instants within a stretch at which a curve bends.
fn knots_of(curve: &RateCurve, from: u64, to: u64) -> Vec<u64> {
    let rounds = curve.period.map_or(0..=0, |period| from / period.0..=to / period.0);
    let length = curve.period.unwrap_or(SimSpan::ZERO).0;
    rounds.flat_map(|round| curve.points.iter().map(move |(at, _)| at.0 + round * length)).collect()
}

/// Rate of a curve at an instant.
fn rate_at(curve: &RateCurve, at: u64) -> f64 {
    let local = curve.period.map_or(at, |period| at % period.0.max(1));
    let next = curve.points.partition_point(|(point, _)| point.0 <= local);
    match (next.checked_sub(1).map(|before| curve.points[before]), curve.points.get(next)) {
        (Some((t0, r0)), Some((t1, r1))) => r0 + (r1 - r0) * (local - t0.0) as f64 / (t1.0 - t0.0) as f64,
        (Some((_, rate)), None) => rate,
        (None, Some((_, rate))) => *rate,
        (None, None) => 0.0,
    }
}
