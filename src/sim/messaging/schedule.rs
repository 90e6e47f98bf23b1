//! What runs by the clock: ticks, jitter, overlap and missed runs.

use super::{Happening, Message};
use crate::kernel::Phase;
use crate::plan::{Missed, Timetable};
use crate::rng;
use crate::sim::control::Control;
use crate::sim::engine::Engine;

const SALT_JITTER: u64 = rng::name_hash("timer/jitter");
const SALT_LOST: u64 = rng::name_hash("timer/lost");
const SALT_RUN: u64 = rng::name_hash("timer/run");
const MINUTE: u64 = 60_000_000_000;
const WEEK: u64 = 10_080 * MINUTE;

/// The first time after `now`, or at it if `may_be_now`, at which a timetable runs.
fn next_time(table: &Timetable, now: u64, may_be_now: bool) -> Option<u64> {
    let from = if may_be_now { now } else { now + 1 };
    match table {
        Timetable::Every { first, period } if from <= first.0 => Some(first.0),
        Timetable::Every { first, period } => {
            let rounds = (from - first.0).div_ceil(period.0);
            period.0.checked_mul(rounds).and_then(|gone| first.0.checked_add(gone))
        }
        Timetable::Weekly { minutes } => {
            let week = from / WEEK * WEEK;
            let minute = ((from - week).div_ceil(MINUTE)) as u32;
            let next = minutes.partition_point(|at| *at < minute);
            match minutes.get(next) {
                Some(at) => Some(week + u64::from(*at) * MINUTE),
                None => minutes.first().map(|at| week + WEEK + u64::from(*at) * MINUTE),
            }
        }
        Timetable::At(times) => times.iter().map(|at| at.0).find(|at| *at >= from),
    }
}

impl Engine<'_> {
    /// Schedules every timer's first tick.
    pub(in crate::sim) fn start_timers(&mut self) {
        for timer in 0..self.t.messages.timers.len() as u32 {
            self.schedule_tick(timer, true);
        }
    }

    fn schedule_tick(&mut self, timer: u32, may_be_now: bool) {
        let next = next_time(&self.t.messages.timers[timer as usize].table, self.now, may_be_now);
        if let Some(at) = next
            && at <= self.end
        {
            self.schedule_control(at - self.now, Phase::Arrive, Control::Message(Happening::Tick { timer }));
        }
    }

    /// A schedule's time has come.
    pub(super) fn tick(&mut self, timer: u32) {
        self.schedule_tick(timer, false);
        let state = &mut self.messaging.timers[timer as usize];
        let number = state.ticks;
        state.ticks += 1;
        let rule = &self.t.messages.timers[timer as usize];
        if rule.jitter == 0 {
            return self.run_due(timer, number);
        }
        let draw = rng::nth(rng::key(rng::key(self.seed, rule.salt), SALT_JITTER), u64::from(number));
        let late = (rng::unit(draw) * rule.jitter as f64) as u64;
        self.schedule_control(late, Phase::Arrive, Control::Message(Happening::Run { timer, number }));
    }

    /// A run is due: it starts, is left out, or is missed.
    pub(super) fn run_due(&mut self, timer: u32, number: u32) {
        let rule = &self.t.messages.timers[timer as usize];
        let (broker, comp, missed) = (rule.broker, rule.comp, rule.missed);
        let key = rng::key(rng::key(self.seed, rule.salt), SALT_LOST);
        let is_lost = self.messaging.lost_timers.iter().any(|(hit, fault, strength)| {
            let key = rng::key(rng::nth(key, u64::from(number)), self.faults[*fault as usize].salt);
            *hit == comp && rng::unit(key) < *strength
        });
        if is_lost {
            self.count(broker).missed += 1;
        } else if self.is_anybody_up(comp) {
            self.start_run(timer);
        } else {
            let owed = &mut self.messaging.timers[timer as usize].owed;
            match missed {
                Missed::All => *owed += 1,
                Missed::Once if *owed == 0 => *owed = 1,
                Missed::Skip | Missed::Once => self.count(broker).missed += 1,
            }
        }
    }

    fn is_anybody_up(&self, comp: u32) -> bool {
        let rule = &self.t.comps[comp as usize];
        let mut all = rule.first_replica..rule.first_replica + rule.replicas;
        all.any(|r| self.replicas[r as usize].is_at_work())
    }

    /// Makes up for runs missed while their component was down.
    pub(super) fn make_up_for(&mut self) {
        for timer in 0..self.messaging.timers.len() as u32 {
            let comp = self.t.messages.timers[timer as usize].comp;
            if self.messaging.timers[timer as usize].owed > 0 && self.is_anybody_up(comp) {
                let owed = std::mem::take(&mut self.messaging.timers[timer as usize].owed);
                (0..owed).for_each(|_| self.start_run(timer));
            }
        }
    }

    fn start_run(&mut self, timer: u32) {
        let rule = &self.t.messages.timers[timer as usize];
        let broker = rule.broker;
        if rule.skips && self.messaging.brokers[broker as usize].live() > 0 {
            self.count(broker).skipped += 1;
            return;
        }
        let state = &mut self.messaging.timers[timer as usize];
        let key = rng::nth(rng::key(rng::key(self.seed, rule.salt), SALT_RUN), state.runs);
        state.runs += 1;
        let run = Message { root: key, key, identity: key, ..self.blank(broker) };
        self.take_in(broker, run, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{SimSpan, SimTime};

    #[test]
    fn a_period_runs_at_its_first_time_and_then_evenly() {
        let table = Timetable::Every { first: SimTime(50), period: SimSpan(100) };
        assert_eq!(next_time(&table, 0, true), Some(50));
        assert_eq!(next_time(&table, 50, true), Some(50));
        assert_eq!(next_time(&table, 50, false), Some(150));
        assert_eq!(next_time(&table, 151, false), Some(250));
    }

    #[test]
    fn a_weekly_table_wraps_around() {
        let table = Timetable::Weekly { minutes: vec![5, 60] };
        assert_eq!(next_time(&table, 0, true), Some(5 * MINUTE));
        assert_eq!(next_time(&table, 5 * MINUTE, false), Some(60 * MINUTE));
        assert_eq!(next_time(&table, 61 * MINUTE, false), Some(WEEK + 5 * MINUTE));
    }

    #[test]
    fn instants_run_once() {
        let table = Timetable::At(vec![SimTime(3), SimTime(9)]);
        assert_eq!(next_time(&table, 3, false), Some(9));
        assert_eq!(next_time(&table, 9, false), None);
    }
}
