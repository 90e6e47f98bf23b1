//! What is counted of messages, and what must add up.

use super::{Happening, Oldest};
use crate::kernel::Phase;
use crate::outcome::{
    BrokerOutcome, BrokerSlot, BrokerWord, ConservationCheck, Drain, MarkOutcome, MarkSlot, Messages,
};
use crate::plan::BrokerKind;
use crate::sim::control::Control;
use crate::sim::engine::Engine;
use crate::sim::slots::fault_span;
use crate::units::{SimSpan, SimTime};

impl Engine<'_> {
    /// Before the first event: when faults begin and end.
    pub(in crate::sim) fn start_messages(&mut self) {
        let starts = self.plan.faults.iter().map(|fault| fault_span(&fault.schedule, self.end).0);
        self.messaging.first_fault = starts.min().unwrap_or(u64::MAX);
        if let Some(end) = self.slots.last_fault_end()
            && !self.messaging.brokers.is_empty()
            && self.messaging.first_fault < u64::MAX
        {
            self.schedule_control(end, Phase::Probe, Control::Message(Happening::Drains));
        }
        self.start_timers();
    }

    /// One more message waits.
    pub(super) fn count_waiting(&mut self, broker: u32) {
        let (now, warm_up, first_fault) = (self.now, self.plan.warm_up.0, self.messaging.first_fault);
        let state = &mut self.messaging.brokers[broker as usize];
        state.waiting.enter(now);
        let level = state.waiting.level;
        if now >= warm_up && now < first_fault {
            state.usual = state.usual.max(level);
        }
        let counts = self.count(broker);
        counts.waiting_max = counts.waiting_max.max(level);
    }

    /// The last fault ended: what is there has to be worked off.
    pub(super) fn note_drains(&mut self) {
        self.messaging.is_draining = true;
        let from = SimTime(self.now);
        for broker in 0..self.messaging.brokers.len() as u32 {
            let backlog = self.backlog(broker);
            let state = &mut self.messaging.brokers[broker as usize];
            let usual = state.usual;
            state.drain = Some(Drain { from, backlog, usual, time: None });
            self.check_drained(broker);
        }
    }

    /// Notes when no more are waiting than usual.
    #[inline]
    pub(super) fn check_drained(&mut self, broker: u32) {
        if !self.messaging.is_draining {
            return;
        }
        let state = &mut self.messaging.brokers[broker as usize];
        if let Some(drain) = &mut state.drain
            && drain.time.is_none()
            && state.waiting.level <= drain.usual
        {
            drain.time = Some(SimTime(self.now).since(drain.from));
        }
    }

    /// Adds the integrals since the last time to the present slot.
    pub(in crate::sim) fn settle_messages(&mut self) {
        let now = self.now;
        let first = self.slots.current * self.messaging.brokers.len();
        for (state, counts) in self.messaging.brokers.iter_mut().zip(&mut self.messaging.counts[first..]) {
            state.oldest.settle(now);
            let totals = [state.waiting.total(now), state.in_flight.total(now), state.oldest.area];
            let since = |index: usize| totals[index].wrapping_sub(state.marks[index]);
            counts.waiting_area += since(0);
            counts.in_flight_area += since(1);
            counts.oldest_area += since(2) / 2;
            counts.oldest_max = counts.oldest_max.max(state.oldest.max);
            counts.waiting_max = counts.waiting_max.max(state.waiting.level);
            counts.waiting = state.waiting.level;
            counts.in_flight = state.in_flight.level;
            state.marks = totals;
            state.oldest = Oldest { max: 0, ..state.oldest };
        }
    }

    /// Notes the window's values.
    pub(in crate::sim) fn close_message_window(&mut self, start: u64) {
        let now = self.now;
        for broker in 0..self.messaging.brokers.len() as u32 {
            let age = self.oldest_age(broker);
            let state = &mut self.messaging.brokers[broker as usize];
            let total = state.waiting.total(now);
            let area = total.wrapping_sub(state.window_mark);
            state.window_mark = total;
            state.backlog.push(area as f64 / (now - start) as f64);
            state.oldest_age.push(SimSpan(age).as_secs_f64());
        }
    }

    /// Messages waiting at a broker now: what a scaling policy may follow.
    pub(in crate::sim) fn backlog(&self, broker: u32) -> u64 {
        self.messaging.brokers[broker as usize].waiting.level
    }

    /// Messages waiting now at the brokers that a component consumes.
    pub(in crate::sim) fn backlog_for(&self, comp: usize) -> u64 {
        let consumers = self.t.messages.consumers.iter().filter(|rule| rule.comp as usize == comp);
        consumers.map(|rule| self.backlog(rule.broker)).sum()
    }

    /// Age of a broker's oldest message that is not done, in nanoseconds: what a scaling policy may follow.
    pub(in crate::sim) fn oldest_age(&self, broker: u32) -> u64 {
        self.messaging.brokers[broker as usize].oldest.came.map_or(0, |came| self.now - came)
    }

    /// Laws that must hold to the last message.
    pub(in crate::sim) fn conserve_messages(&self, checks: &mut Vec<ConservationCheck>) {
        let brokers = self.messaging.brokers.len();
        for (index, rule) in self.plan.messaging.brokers.iter().enumerate() {
            let all = || self.messaging.counts.iter().skip(index).step_by(brokers);
            let sum = |of: fn(&BrokerSlot) -> u64| -> u64 { all().map(of).sum() };
            let state = &self.messaging.brokers[index];
            let (law, left, right) = match &rule.kind {
                BrokerKind::Topic { subscribers } => (
                    "published, for each subscriber = handed on + lost + on their way",
                    sum(|s| s.published) * subscribers.len() as u64,
                    sum(|s| s.acknowledged + s.lost) + state.in_flight.level,
                ),
                _ => (
                    "published + doubled = acknowledged + dead + expired + lost + redriven + waiting + in flight",
                    sum(|s| s.published + s.doubled),
                    sum(|s| s.acknowledged + s.dead_letters + s.expired + s.lost + s.redriven) + state.live(),
                ),
            };
            let law = format!("{}: {law}", rule.name);
            checks.push(ConservationCheck { law, left: left.into(), right: right.into() });
        }
    }

    /// What became of messages and marks, in the slots that are kept.
    pub(in crate::sim) fn message_outcome(&mut self, kept: &[usize]) -> Messages {
        let (brokers, marks) = (self.messaging.brokers.len(), self.messaging.seen.len());
        let slots_of = |index: usize| -> Vec<BrokerSlot> {
            kept.iter().map(|slot| self.messaging.counts[slot * brokers + index].clone()).collect()
        };
        let marks_of = |index: usize| -> Vec<MarkSlot> {
            kept.iter().map(|slot| self.messaging.mark_counts[slot * marks + index].clone()).collect()
        };
        let broker = |(index, rule): (usize, &crate::plan::Broker)| {
            let state = &self.messaging.brokers[index];
            BrokerOutcome {
                name: rule.name.clone(),
                kind: match rule.kind {
                    BrokerKind::Queue => BrokerWord::Queue,
                    BrokerKind::Topic { .. } => BrokerWord::Topic,
                    BrokerKind::Ephemeral => BrokerWord::Ephemeral,
                    BrokerKind::Schedule => BrokerWord::Schedule,
                },
                slots: slots_of(index),
                drain: state.drain,
                backlog: state.backlog.clone(),
                oldest_age: state.oldest_age.clone(),
            }
        };
        let mark =
            |(index, name): (usize, &String)| MarkOutcome { name: name.clone(), slots: marks_of(index) };
        let messaging = &self.plan.messaging;
        Messages {
            brokers: messaging.brokers.iter().enumerate().map(broker).collect(),
            marks: messaging.marks.iter().enumerate().map(mark).collect(),
        }
    }
}
