//! Values over time, incidents and recovery.

use super::engine::{Engine, tag};
use super::record::{Snapshot, TrafficSums};
use crate::kernel::Phase;
use crate::outcome::{ComponentWindows, Incident, Resource, TrafficWindows, Windows};
use crate::plan::{Plan, ServiceLevel};
use crate::stats::Histogram;
use crate::units::{SimSpan, SimTime};

/// Nothing answered for less than this is no incident, however narrow the windows.
const STUCK_MIN: u64 = 5_000_000_000;

/// What is kept per window, and whether users are hurt.
#[derive(Clone, Debug)]
pub(super) struct WindowClock {
    width: u64,
    pub(super) start: u64,
    marks: Vec<Snapshot>,
    /// `(arrived, rejected, hits, look-ups)` by component at the window's start.
    counts: Vec<(u64, u64, u64, u64)>,
    pub(super) series: Windows,
    pub(super) incidents: Vec<Incident>,
    health: Health,
    /// Requests of users begun and ended so far.
    pub(super) begun: u64,
    pub(super) ended: u64,
}

/// Whether users are hurt, and since when not.
#[derive(Clone, Debug)]
struct Health {
    level: ServiceLevel,
    /// Start of the stretch of good windows.
    good_since: u64,
    is_hurt: bool,
    /// For how long nothing has been answered although something is due.
    stuck: u64,
    last_fault_end: Option<u64>,
    is_recovered: bool,
}

/// What one window says about users.
#[derive(Clone, Copy, Debug)]
struct Verdict {
    is_bad: bool,
    availability: f64,
    /// Of all users together; `None` if nothing was answered.
    p99: Option<SimSpan>,
    failed: u64,
}

impl WindowClock {
    pub(super) fn new(plan: &Plan, comps: usize, traffic: usize, last_fault_end: Option<u64>) -> Self {
        let level = plan.service_level.clone();
        let series = Windows {
            width: plan.window,
            start: Vec::new(),
            traffic: vec![TrafficWindows::default(); traffic],
            components: vec![ComponentWindows::default(); comps],
        };
        let health =
            Health { level, good_since: 0, is_hurt: false, stuck: 0, last_fault_end, is_recovered: false };
        Self {
            width: plan.window.0,
            start: 0,
            marks: vec![Snapshot::default(); comps],
            counts: vec![(0, 0, 0, 0); comps],
            series,
            incidents: Vec::new(),
            health,
            begun: 0,
            ended: 0,
        }
    }
}

impl Engine<'_> {
    /// Schedules the end of the present window.
    pub(super) fn schedule_window(&mut self) {
        let at = self.windows.start + self.windows.width;
        if at <= self.end {
            self.queue.push(SimTime(at), Phase::Probe, tag::OTHER, 0);
        }
    }

    /// Notes the window's values and starts the next one.
    pub(super) fn close_window(&mut self) {
        if self.now == self.windows.start {
            return;
        }
        self.windows.series.start.push(SimTime(self.windows.start));
        self.close_message_window(self.windows.start);
        self.close_session_window();
        let mut all = Histogram::default();
        let (mut answered, mut failed, mut arrived) = (0, 0, 0);
        let journeys = self.windows.series.traffic.len();
        let so_far: Vec<TrafficSums> =
            (0..journeys).map(|journey| self.records.traffic_so_far(journey, journeys)).collect();
        let before = std::mem::replace(&mut self.records.before_window, so_far);
        let rows = || self.records.before_window.iter().zip(&before);
        // Only these can make the window a bad one, and only a bad one asks for the quantile of all.
        let has_failures = rows().any(|(now, before)| now.failed > before.failed);
        let watches_latency = has_failures || self.windows.health.level.latency_p99.is_some();
        for ((now, before), series) in rows().zip(&mut self.windows.series.traffic) {
            let latency = now.latency.since(&before.latency);
            let [p50, p90, p99, p999] = latency.quantiles([0.5, 0.9, 0.99, 0.999]).unwrap_or_default();
            series.arrived.push(now.arrived - before.arrived);
            series.answered.push(now.answered - before.answered);
            series.failed.push(now.failed - before.failed);
            series.p50_ns.push(p50 as u64);
            series.p90_ns.push(p90 as u64);
            series.p99_ns.push(p99 as u64);
            series.p999_ns.push(p999 as u64);
            arrived += now.arrived - before.arrived;
            answered += now.answered - before.answered;
            failed += now.failed - before.failed;
            if watches_latency {
                all.merge(&latency);
            }
        }
        self.close_component_windows();
        self.watch_limits();
        self.windows.begun += arrived;
        self.windows.ended += answered + failed;
        let verdict = self.judge_window(answered, failed, &all);
        self.note_health(verdict);
        self.windows.start = self.now;
        self.schedule_window();
    }

    fn close_component_windows(&mut self) {
        let comps = self.t.comps.len();
        for c in 0..comps {
            let snapshot = self.stations[c].levels.snapshot(self.now);
            let spent = snapshot.since(&self.windows.marks[c]);
            let (mut arrived, mut rejected, mut hits, mut looks) = (0, 0, 0, 0);
            let present = std::iter::once(&self.stations[c].counts);
            for slot in self.records.comps[c..].iter().step_by(comps).chain(present) {
                arrived += slot.arrived;
                rejected += slot.rejected();
                hits += slot.cache.hits;
                looks += slot.cache.hits + slot.cache.misses;
            }
            let before = std::mem::replace(&mut self.windows.counts[c], (arrived, rejected, hits, looks));
            let time = (self.now - self.windows.start) as f64;
            let is_unlimited = self.resource_of(c) == Resource::Unlimited;
            let is_cache = self.t.comps[c].cache != super::tables::NONE;
            let series = &mut self.windows.series.components[c];
            let share = if is_unlimited || spent.capacity == 0 {
                0.0
            } else {
                spent.busy as f64 / spent.capacity as f64
            };
            series.utilization.push(share);
            series.replicas.push(spent.placed as f64 / time);
            if self.fleet.scalers[c].is_some() {
                series.desired.push(spent.desired as f64 / time);
            }
            series.queue.push(spent.waiting as f64 / time);
            series.in_system.push(spent.inside as f64 / time);
            series.arrived.push(arrived - before.0);
            series.rejected.push(rejected - before.1);
            if is_cache {
                let looked = looks - before.3;
                series.hit_ratio.push(if looked == 0 {
                    0.0
                } else {
                    (hits - before.2) as f64 / looked as f64
                });
            }
            self.windows.marks[c] = snapshot;
        }
    }

    /// Users are hurt when too many requests fail, when answers take too long,
    /// or when a whole window passes without any answer although some are due.
    fn judge_window(&mut self, answered: u64, failed: u64, latency: &Histogram) -> Verdict {
        let finished = answered + failed;
        let is_stuck = finished == 0 && self.windows.begun > self.windows.ended;
        let health = &mut self.windows.health;
        health.stuck = if is_stuck { health.stuck + (self.now - self.windows.start) } else { 0 };
        let is_dead = health.stuck >= STUCK_MIN.max(2 * self.windows.width);
        let availability = if finished == 0 { 1.0 } else { answered as f64 / finished as f64 };
        let p99 = latency.quantile(0.99).map(|nanos| SimSpan(nanos as u64));
        let is_slow = health.level.latency_p99.is_some_and(|bound| p99 > Some(bound));
        let is_bad = availability < health.level.availability || is_slow || is_dead;
        let availability = if is_dead { 0.0 } else { availability };
        Verdict { is_bad, availability, p99, failed }
    }

    fn note_health(&mut self, verdict: Verdict) {
        let start = self.windows.start;
        if start < self.plan.warm_up.0 {
            self.windows.health.good_since = self.now;
            return;
        }
        let health = &mut self.windows.health;
        if verdict.is_bad {
            health.good_since = self.now;
            if !health.is_hurt {
                health.is_hurt = true;
                self.windows.incidents.push(Incident {
                    from: SimTime(start),
                    to: None,
                    availability_min: 1.0,
                    latency_p99_max: None,
                    failed: 0,
                });
            }
            if let Some(incident) = self.windows.incidents.last_mut() {
                incident.availability_min = incident.availability_min.min(verdict.availability);
                incident.latency_p99_max = incident.latency_p99_max.max(verdict.p99);
                incident.failed += verdict.failed;
            }
        }
        let health = &mut self.windows.health;
        let held = self.now - health.good_since >= health.level.hold.0;
        if health.is_hurt && held {
            health.is_hurt = false;
            if let Some(incident) = self.windows.incidents.last_mut() {
                incident.to = Some(SimTime(health.good_since));
            }
        }
        let after_faults =
            health.last_fault_end.is_some_and(|end| self.now >= end.saturating_add(health.level.hold.0));
        let is_recovered = after_faults && held && !health.is_hurt;
        if is_recovered != health.is_recovered {
            health.is_recovered = is_recovered;
            self.change_slot(|slots, now| slots.set_recovered(now, is_recovered));
        }
    }
}
