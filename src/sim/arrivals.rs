//! Load: when requests of users arrive, and what becomes of them.

use super::engine::{Engine, tag};
use super::exec::Answer;
use super::frame::{Role, State, flag};
use super::tables::{Load, NONE};
use crate::kernel::Phase;
use crate::plan::{PRIORITY_DEFAULT, RateCurve, Source};
use crate::rng;
use crate::units::{SimTime, nanos};

const SALT_GAP: u64 = rng::name_hash("load/gap");
const SALT_BATCH: u64 = rng::name_hash("load/batch");
const SALT_PHASE: u64 = rng::name_hash("load/phase");
const SALT_REQUEST: u64 = rng::name_hash("load/request");
const SALT_JOURNEY: u64 = rng::name_hash("load/journey");
const SALT_CLASS: u64 = rng::name_hash("load/class");
const SALT_THINK: u64 = rng::name_hash("load/think");
const SALT_USER: u64 = rng::name_hash("load/user");

/// One stream of arrivals.
#[derive(Clone, Debug)]
pub(super) struct Generator {
    /// Which load.
    pub(super) load: u32,
    /// Address of its draws.
    pub(super) key: u64,
    /// Arrivals so far.
    arrivals: u64,
    /// Requests so far.
    requests: u64,
    state: Pace,
}

/// Where an arrival process stands.
#[derive(Clone, Debug)]
enum Pace {
    /// At one rate per second: present instant in nanoseconds, as a fraction would be lost otherwise.
    Steady { mean_gap: f64, at: f64 },
    /// Through a rate curve.
    Curve { curve: RateCurve, at: f64 },
    /// Present phase, its end, and how many there were.
    Modulated { phase: usize, until: u64, visits: u64 },
    /// Next of given instants.
    Replay { next: usize },
    /// Users come back by themselves.
    Closed,
}

/// Somebody who waits for each answer and then thinks.
#[derive(Clone, Debug)]
pub(super) struct User {
    key: u64,
    load: u32,
    requests: u64,
}

impl Generator {
    pub(super) fn new(load: u32, key: u64, source: &Source) -> Self {
        let state = match source {
            Source::Open { curve, .. } => Pace::through(curve.clone()),
            Source::Modulated { phases } => Pace::Modulated { phase: phases.len() - 1, until: 0, visits: 0 },
            Source::Replay { .. } => Pace::Replay { next: 0 },
            Source::Closed { .. } | Source::Sessions(_) => Pace::Closed,
        };
        Self { load, key, arrivals: 0, requests: 0, state }
    }

    /// An extra stream with another curve, for a spike.
    pub(super) fn with_curve(load: u32, key: u64, curve: RateCurve) -> Self {
        Self { load, key, arrivals: 0, requests: 0, state: Pace::through(curve) }
    }

    /// Draws the next arrival's instant; `None` when it would come after `end`.
    #[inline(always)]
    fn next(&mut self, load: &Load, now: u64, end: u64) -> Option<u64> {
        let key = rng::nth(self.key ^ SALT_GAP, self.arrivals);
        self.arrivals += 1;
        let at = if let Pace::Steady { mean_gap, at } = &mut self.state {
            let gap = if let Some(gaps) = &load.gaps { gaps.sample(key) } else { 1.0 };
            *at += gap * *mean_gap;
            nanos(*at)
        } else {
            self.next_at_changing_pace(load, key, now, end)?
        };
        (at <= end).then_some(at.max(now))
    }

    /// As [`Self::next`], where the rate is not constant.
    #[inline(never)]
    fn next_at_changing_pace(&mut self, load: &Load, key: u64, now: u64, end: u64) -> Option<u64> {
        let gap = |key| load.gaps.as_ref().map_or(1.0, |gaps| gaps.sample(key));
        match &mut self.state {
            Pace::Curve { curve, at } => {
                *at = advance(curve, *at, gap(key))?;
                (*at < end as f64 + 1.0).then_some((*at + 0.5) as u64)
            }
            Pace::Modulated { phase, until, visits } => {
                let mut gap = gap(key);
                let mut at = now as f64;
                loop {
                    let rate = load.phases[*phase].0 / 1e9;
                    let left = *until as f64 - at;
                    if rate * left > gap {
                        return Some((at + gap / rate + 0.5) as u64);
                    }
                    gap -= rate * left.max(0.0);
                    at = *until as f64;
                    if at > end as f64 {
                        return None;
                    }
                    *phase = (*phase + 1) % load.phases.len();
                    let length = load.phases[*phase].1.sample(rng::nth(self.key ^ SALT_PHASE, *visits));
                    *visits += 1;
                    *until = until.saturating_add((length + 0.5) as u64);
                }
            }
            Pace::Replay { next } => {
                let Source::Replay { at } = &load.source else { return None };
                *next += 1;
                at.get(*next - 1).map(|at| at.0)
            }
            Pace::Steady { .. } | Pace::Closed => None,
        }
    }
}

impl Pace {
    fn through(curve: RateCurve) -> Self {
        match (curve.points.as_slice(), curve.period) {
            ([(_, rate)], None) => Self::Steady { mean_gap: (1e9 / *rate).min(f64::MAX), at: 0.0 },
            _ => Self::Curve { curve, at: 0.0 },
        }
    }
}

impl Engine<'_> {
    /// Schedules a stream's first arrival, or its users.
    pub(super) fn start_generator(&mut self, g: u32) {
        let load = self.generators[g as usize].load;
        if let Source::Closed { users, .. } = self.t.loads[load as usize].source {
            for user in 0..users {
                self.add_user(g, user);
            }
            return;
        }
        self.schedule_arrival(g);
    }

    fn schedule_arrival(&mut self, g: u32) {
        let generator = &mut self.generators[g as usize];
        let load = &self.t.loads[generator.load as usize];
        if let Some(at) = generator.next(load, self.now, self.end) {
            self.queue.push_next(SimTime(at), Phase::Arrive, tag::ARRIVAL, g);
        }
    }

    /// Load arrives; returns the request's frame, unless it comes in batches.
    #[inline]
    pub(super) fn arrival_event(&mut self, g: u32) -> u32 {
        let generator = &mut self.generators[g as usize];
        let rule = &self.t.loads[generator.load as usize];
        if rule.batch.is_some() {
            self.batch_arrives(g);
            return NONE;
        }
        let (load, key, number) = (generator.load, generator.key, generator.requests);
        generator.requests += 1;
        if let Some(at) = generator.next(rule, self.now, self.end) {
            self.queue.push_next(SimTime(at), Phase::Arrive, tag::ARRIVAL, g);
        }
        let f = self.frames.alloc();
        self.begin_request(f, load, rng::nth(key ^ SALT_REQUEST, number));
        f
    }

    /// Several requests arrive at once.
    #[inline(never)]
    fn batch_arrives(&mut self, g: u32) {
        let generator = &mut self.generators[g as usize];
        let (load, key) = (generator.load, generator.key);
        let batch = self.t.loads[load as usize].batch.as_ref();
        let size =
            batch.map_or(1, |law| (law.sample(rng::nth(key ^ SALT_BATCH, generator.arrivals)) + 0.5) as u64);
        let first = generator.requests;
        generator.requests += size;
        self.schedule_arrival(g);
        for number in first..first + size {
            let f = self.frames.alloc();
            self.begin_request(f, load, rng::nth(key ^ SALT_REQUEST, number));
            self.settle(f);
            if self.frames.live() - self.thinking > self.plan.in_system_max as usize {
                return;
            }
        }
    }

    /// Makes a frame a new request of a load.
    #[inline(always)]
    pub(super) fn begin_request(&mut self, f: u32, load: u32, key: u64) {
        let rule = &self.t.loads[load as usize];
        let pick = |salt: u64| rng::unit(rng::key(key, salt));
        let priority = match rule.classes.len() {
            0 => PRIORITY_DEFAULT,
            _ => {
                let draw = pick(SALT_CLASS);
                rule.classes
                    .iter()
                    .find(|(up_to, _)| draw < *up_to)
                    .or(rule.classes.last())
                    .map_or(PRIORITY_DEFAULT, |c| c.1)
            }
        };
        let flow = match rule.flows.as_slice() {
            [(_, only)] => only,
            flows => {
                let draw = pick(SALT_JOURNEY);
                let chosen = flows.iter().find(|(up_to, _)| draw < *up_to).or(flows.last());
                &chosen.expect("a client has a journey").1
            }
        };
        let flow = (flow.entry, flow.traffic);
        self.open_request(f, key, load, priority, flow);
    }

    /// Makes a frame a new request of a load; `flow` is where it begins and its row of traffic.
    #[inline(always)]
    pub(super) fn open_request(&mut self, f: u32, key: u64, load: u32, priority: u8, flow: (u32, u32)) {
        let (entry, traffic) = flow;
        self.logs.open(f, self.now);
        let frame = &mut self.frames[f];
        frame.key = key;
        frame.root = key;
        frame.role = Role::Root;
        frame.state = State::Running;
        frame.entered = self.now;
        frame.pc = entry;
        frame.op = traffic;
        frame.priority = priority;
        frame.slot = self.slots.current as u16;
        frame.log = f;
        frame.replica = NONE;
        frame.comp = NONE;
        frame.parent = NONE;
        frame.from_site = NONE;
        frame.deadline = u64::MAX;
        if self.t.attributes.count > 0 {
            self.draw_attributes(f, load);
        }
        self.records.traffic[self.slots.current * self.t.traffic.len() + traffic as usize].arrived += 1;
    }

    /// As [`Self::complete`], of a journey that did not simply reach its end.
    #[inline(never)]
    pub(super) fn complete_request(&mut self, f: u32, answer: Answer) -> u32 {
        self.complete(f, answer)
    }

    /// A journey ended well or badly.
    #[inline(always)]
    pub(super) fn complete(&mut self, f: u32, answer: Answer) -> u32 {
        let frame = &self.frames[f];
        let (latency, log, slot) = (self.now - frame.entered, frame.log, usize::from(frame.slot));
        let traffic = frame.op as usize;
        let counts = &mut self.records.traffic[slot * self.t.traffic.len() + traffic];
        match answer.error {
            None => {
                if answer.degraded {
                    counts.degraded += 1
                } else {
                    counts.ok += 1
                }
                counts.latency.record(latency);
                counts.wrong += u64::from(answer.taint != 0);
                if let Some(phase) = self.slots.counted_phase(slot) {
                    let row = phase as usize * self.t.traffic.len() + traffic;
                    self.records.blame[row].add(&self.logs, log, latency);
                }
            }
            Some(class) => {
                counts.errors[class as usize] += 1;
                counts.latency_failed.record(latency);
            }
        }
        if self.frames[f].flags & (flag::CLOSED | flag::DIALS) != 0 {
            self.user_goes_on(f, answer);
        } else {
            self.frames.release(f);
        }
        NONE
    }

    /// What a user does after an answer: think, or hold the session that was opened.
    #[inline(never)]
    fn user_goes_on(&mut self, f: u32, answer: Answer) {
        if self.frames[f].has(flag::DIALS) { self.dialled(f, answer) } else { self.user_thinks(f) }
    }

    fn add_user(&mut self, g: u32, user: u32) {
        let key = rng::nth(self.generators[g as usize].key ^ SALT_USER, u64::from(user));
        let f = self.frames.alloc();
        // A root has no parent: the field says which user it is.
        self.frames[f].parent_epoch = self.users.len() as u32;
        self.users.push(User { key, load: self.generators[g as usize].load, requests: 0 });
        self.user_thinks(f);
    }

    fn user_thinks(&mut self, f: u32) {
        let user = &self.users[self.frames[f].parent_epoch as usize];
        let think = self.t.loads[user.load as usize].think.as_ref();
        let pause = think.map_or(0, |law| law.sample(rng::nth(user.key ^ SALT_THINK, user.requests)));
        let frame = &mut self.frames[f];
        frame.flags = flag::CLOSED;
        frame.role = Role::Root;
        frame.log = NONE;
        frame.state = State::Thinking;
        frame.key = user.key;
        frame.epoch = frame.epoch.wrapping_add(1);
        self.thinking += 1;
        self.schedule(f, pause, Phase::Arrive);
    }

    /// A closed user has thought and makes the next request.
    pub(super) fn user_returns(&mut self, f: u32) -> u32 {
        self.thinking -= 1;
        let user = &mut self.users[self.frames[f].parent_epoch as usize];
        let key = rng::nth(user.key ^ SALT_REQUEST, user.requests);
        user.requests += 1;
        let load = user.load;
        self.begin_request(f, load, key);
        f
    }
}

/// Runs a unit-rate process on by `gap` through a rate curve; `None` when the
/// rate stays zero for ever. Instants are in nanoseconds.
pub(super) fn advance(curve: &RateCurve, from: f64, gap: f64) -> Option<f64> {
    let (mut at, mut gap) = (from, gap);
    let period = curve.period.map(|period| period.0 as f64);
    let mut idle_rounds = 0;
    loop {
        let base = period.map_or(0.0, |p| (at / p).floor() * p);
        let local = at - base;
        let next = curve.points.partition_point(|(point, _)| point.0 as f64 <= local);
        let next = (next < curve.points.len()).then_some(next);
        let (rate, slope, to) = stretch(curve, next, local, period);
        let length = to - local;
        // Area under the line over this stretch, in arrivals.
        let area = match length.is_finite() {
            true => (rate + 0.5 * slope * length) * length / 1e9,
            false if rate > 0.0 => f64::INFINITY,
            false => 0.0,
        };
        if area >= gap && area > 0.0 {
            let need = gap * 1e9;
            let step = if slope == 0.0 {
                need / rate
            } else {
                2.0 * need / (rate + (rate * rate + 2.0 * slope * need).max(0.0).sqrt())
            };
            return Some(at + step.min(length));
        }
        if !length.is_finite() || idle_rounds > 1 {
            return None;
        }
        gap -= area;
        let after = base + to;
        idle_rounds = if area > 0.0 { 0 } else { idle_rounds + u32::from(next.is_none()) };
        at = if after > at { after } else { at + 1.0 };
    }
}

/// Rate now, its slope per nanosecond, and where the present line ends.
fn stretch(curve: &RateCurve, next: Option<usize>, local: f64, period: Option<f64>) -> (f64, f64, f64) {
    match next {
        Some(0) => (curve.points[0].1, 0.0, curve.points[0].0.0 as f64),
        Some(n) => {
            let ((t0, r0), (t1, r1)) = (curve.points[n - 1], curve.points[n]);
            let slope = (r1 - r0) / (t1.0 - t0.0) as f64;
            ((r0 + slope * (local - t0.0 as f64)).max(0.0), slope, t1.0 as f64)
        }
        None => {
            let rate = curve.points.last().map_or(0.0, |(_, rate)| *rate);
            if period.is_none() && rate > 0.0 {
                return (rate, 0.0, f64::INFINITY);
            }
            (rate, 0.0, period.unwrap_or(f64::INFINITY))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimSpan;

    fn at(secs: f64) -> SimTime {
        SimTime((secs * 1e9) as u64)
    }

    fn arrivals(curve: &RateCurve, until: f64) -> Vec<f64> {
        let mut now = 0.0;
        std::iter::from_fn(|| {
            now = advance(curve, now, 1.0)?;
            (now < until * 1e9).then_some(now / 1e9)
        })
        .collect()
    }

    #[test]
    fn evenly_spaced_arrivals_follow_the_area_under_the_curve() {
        let ramp = RateCurve { points: vec![(at(0.0), 0.0), (at(10.0), 20.0)], period: None };
        let times = arrivals(&ramp, 10.0);
        // The n-th arrival is where the area t^2 reaches n.
        for (n, time) in (1..).zip(&times) {
            assert!((time * time - f64::from(n)).abs() < 1e-3, "{n} at {time}");
        }
        assert_eq!(arrivals(&ramp, 20.0).len(), 100 + 200 - 1);
    }

    #[test]
    fn jumps_and_zero_stretches_are_crossed() {
        let points = vec![(at(0.0), 10.0), (at(1.0), 10.0), (at(1.0), 0.0), (at(5.0), 0.0), (at(5.0), 100.0)];
        let steps = RateCurve { points, period: None };
        let times = arrivals(&steps, 6.0);
        assert_eq!(times.iter().filter(|t| **t <= 1.0).count(), 10);
        assert_eq!(times.iter().filter(|t| **t > 1.0 && **t < 5.0).count(), 0);
        assert!((99..=100).contains(&times.iter().filter(|t| **t > 5.0).count()));
    }

    #[test]
    fn a_periodic_curve_repeats_and_a_dead_one_ends() {
        let wave = RateCurve {
            points: vec![(at(0.0), 0.0), (at(5.0), 20.0), (at(10.0), 0.0)],
            period: Some(SimSpan::from_secs(10)),
        };
        let times = arrivals(&wave, 100.0);
        assert!((990..=1000).contains(&times.len()), "{}", times.len());
        let dead = RateCurve { points: vec![(at(0.0), 0.0)], period: None };
        assert!(advance(&dead, 0.0, 1.0).is_none());
        let dead = RateCurve { points: vec![(at(0.0), 0.0)], period: Some(SimSpan::from_secs(1)) };
        assert!(advance(&dead, 0.0, 1.0).is_none());
    }
}
