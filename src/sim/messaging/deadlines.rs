//! What brokers wait for by themselves: visibility, pauses, age, and work that lasts too long;
//! and the stages of a message in between.

use super::line::Ticket;
use super::{Happening, Stage};
use crate::kernel::Phase;
use crate::sim::Loop;
use crate::sim::control::Control;
use crate::sim::engine::Engine;

impl Engine<'_> {
    /// A message joins the line; with `first` it comes back to its place.
    pub(super) fn line_up_message(&mut self, index: u32, first: bool) {
        let ticket = self.messaging.messages.ticket(index);
        let message = &mut self.messaging.messages[index];
        message.stage = Stage::Waiting;
        let (broker, group) = (message.broker, message.group);
        let messages = &self.messaging.messages;
        let state = &mut self.messaging.brokers[broker as usize];
        if state.ready == 0 {
            state.ready_since = self.now;
        }
        state.ready += 1;
        state.line.push(ticket, group, first);
        state.line.tidy(state.ready, |ticket| messages.is(ticket, Stage::Waiting));
    }

    /// Hides a message for a while.
    pub(super) fn rest(&mut self, index: u32, pause: u64) {
        let ticket = self.messaging.messages.ticket(index);
        let due = self.now.saturating_add(pause);
        let message = &mut self.messaging.messages[index];
        message.stage = Stage::Resting;
        let broker = message.broker;
        self.messaging.brokers[broker as usize].resting.insert((due, ticket));
        self.watch_resting(broker);
    }

    fn watch_resting(&mut self, broker: u32) {
        let state = &mut self.messaging.brokers[broker as usize];
        if let Some((due, _)) = state.resting.first()
            && *due < state.rested_at
        {
            state.rested_at = *due;
            let delay = due.saturating_sub(self.now);
            self.schedule_control(delay, Phase::Timer, Control::Message(Happening::Rested { broker }));
        }
    }

    /// Some pauses may be over.
    pub(super) fn check_rested(&mut self, broker: u32) {
        let now = self.now;
        let state = &mut self.messaging.brokers[broker as usize];
        if state.rested_at <= now {
            state.rested_at = u64::MAX;
        }
        while let Some((due, ticket)) = self.messaging.brokers[broker as usize].resting.first().copied() {
            if due > now {
                break;
            }
            self.messaging.brokers[broker as usize].resting.pop_first();
            if self.messaging.messages.is(ticket, Stage::Resting) {
                let message = self.messaging.messages[ticket.message];
                self.line_up_message(ticket.message, message.receives > 0);
                if message.receives > 0 {
                    self.messaging.brokers[broker as usize].line.release(message.group);
                }
            }
        }
        self.watch_resting(broker);
        self.hand_out(broker);
    }

    /// A message comes back from a consumer, to the line or to rest before.
    pub(super) fn come_back(&mut self, index: u32, pause: u64) {
        let message = self.messaging.messages[index];
        let now = self.now;
        self.messaging.brokers[message.broker as usize].in_flight.leave(now);
        self.count_waiting(message.broker);
        if pause > 0 {
            return self.rest(index, pause);
        }
        self.line_up_message(index, true);
        self.messaging.brokers[message.broker as usize].line.release(message.group);
    }

    /// A message is done with at its broker, wherever it was.
    pub(super) fn done_with(&mut self, index: u32) {
        let message = &mut self.messaging.messages[index];
        let (broker, stage, group, receives) =
            (message.broker, message.stage, message.group, message.receives);
        message.stage = Stage::Done;
        let now = self.now;
        let state = &mut self.messaging.brokers[broker as usize];
        match stage {
            Stage::InFlight => {
                state.in_flight.leave(now);
                state.line.release(group);
            }
            Stage::Waiting => {
                state.waiting.leave(now);
                state.ready -= 1;
            }
            Stage::Taken => {
                state.waiting.leave(now);
                state.line.release(group);
            }
            Stage::Resting => {
                state.waiting.leave(now);
                if receives > 0 {
                    state.line.release(group);
                }
            }
            Stage::Done | Stage::Copied => {}
        }
        self.messaging.messages.release(index);
        self.settle_age(broker);
        self.check_drained(broker);
    }

    /// Starts the clock of a receipt.
    pub(super) fn watch_visibility(&mut self, consumer: u32, ticket: Ticket, receipt: u32, visibility: u64) {
        let until = self.now.saturating_add(visibility);
        let messages = &self.messaging.messages;
        let deadlines = &mut self.messaging.deadlines[consumer as usize];
        deadlines.visible.push_back((until, ticket, receipt));
        let is_wanted = |(_, ticket, receipt): &(u64, Ticket, u32)| {
            messages.is(*ticket, Stage::InFlight) && messages[ticket.message].receives == *receipt
        };
        while deadlines.visible.front().is_some_and(|entry| !is_wanted(entry)) {
            deadlines.visible.pop_front();
        }
        if deadlines.visible.len() > 2 * deadlines.kept + 1024 {
            deadlines.visible.retain(is_wanted);
            deadlines.kept = deadlines.visible.len();
        }
        if !std::mem::replace(&mut deadlines.is_watching, true) {
            let happening = Control::Message(Happening::Visible { consumer });
            self.schedule_control(visibility, Phase::Timer, happening);
        }
    }

    /// Some visibility timeouts may be over.
    pub(super) fn check_visible(&mut self, consumer: u32) {
        let now = self.now;
        let rule = &self.t.messages.consumers[consumer as usize];
        let (broker, visibility, has_heartbeat) = (rule.broker, rule.visibility, rule.has_heartbeat);
        while let Some((until, ticket, receipt)) =
            self.messaging.deadlines[consumer as usize].visible.front().copied()
        {
            let message = self.messaging.messages[ticket.message];
            let is_current =
                self.messaging.messages.is(ticket, Stage::InFlight) && message.receives == receipt;
            if is_current && until > now {
                break;
            }
            self.messaging.deadlines[consumer as usize].visible.pop_front();
            if !is_current {
                continue;
            }
            if has_heartbeat && message.is_held && self.has_pulse(ticket) {
                let entry = (now.saturating_add(visibility), ticket, receipt);
                self.messaging.deadlines[consumer as usize].visible.push_back(entry);
            } else if receipt >= self.t.messages.brokers[broker as usize].receives_max
                || self.is_ablated(Loop::Retries)
            {
                self.give_up(ticket.message);
            } else {
                self.messaging.messages[ticket.message].is_held = false;
                self.come_back(ticket.message, 0);
            }
        }
        self.hand_out(broker);
        let deadlines = &mut self.messaging.deadlines[consumer as usize];
        deadlines.is_watching = !deadlines.visible.is_empty();
        if let Some((until, ..)) = deadlines.visible.front() {
            let delay = until.saturating_sub(now);
            self.schedule_control(delay, Phase::Timer, Control::Message(Happening::Visible { consumer }));
        }
    }

    /// Whether the replica that works on a message still shows signs of life.
    fn has_pulse(&self, ticket: Ticket) -> bool {
        let delivery = self.messaging.messages[ticket.message].delivery;
        let poller = self.messaging.deliveries[delivery as usize].poller;
        self.replicas[self.messaging.pollers[poller as usize].replica as usize].is_at_work()
    }

    /// Starts the clock of work that must not last for ever.
    pub(super) fn watch_work(&mut self, consumer: u32, f: u32, born: u32, timeout: u64) {
        let until = self.now.saturating_add(timeout);
        let deadlines = &mut self.messaging.deadlines[consumer as usize];
        deadlines.overdue.push_back((until, f, born));
        while deadlines.overdue.front().is_some_and(|(_, f, born)| self.frames[*f].born != *born) {
            deadlines.overdue.pop_front();
        }
        if !std::mem::replace(&mut deadlines.is_timing, true) {
            let happening = Control::Message(Happening::Overdue { consumer });
            self.schedule_control(timeout, Phase::Timer, happening);
        }
    }

    /// Some work may have lasted too long: it is stopped.
    pub(super) fn check_overdue(&mut self, consumer: u32) {
        let now = self.now;
        while let Some((until, f, born)) =
            self.messaging.deadlines[consumer as usize].overdue.front().copied()
        {
            let is_at_it = self.frames[f].born == born;
            if is_at_it && until > now {
                break;
            }
            self.messaging.deadlines[consumer as usize].overdue.pop_front();
            if is_at_it {
                self.cancel(f, born);
            }
        }
        let deadlines = &mut self.messaging.deadlines[consumer as usize];
        deadlines.is_timing = !deadlines.overdue.is_empty();
        if let Some((until, ..)) = deadlines.overdue.front() {
            let delay = until.saturating_sub(now);
            self.schedule_control(delay, Phase::Timer, Control::Message(Happening::Overdue { consumer }));
        }
    }

    /// Some messages may have been kept too long.
    pub(super) fn check_aged(&mut self, broker: u32) {
        let now = self.now;
        let retention = self.t.messages.brokers[broker as usize].retention;
        self.messaging.brokers[broker as usize].is_ageing = false;
        while let Some(ticket) = self.messaging.brokers[broker as usize].by_age.front().copied() {
            let is_alive = self.messaging.messages.is_alive(ticket);
            let until = self.messaging.messages[ticket.message].came.saturating_add(retention);
            if is_alive && until > now {
                let state = &mut self.messaging.brokers[broker as usize];
                state.is_ageing = true;
                self.schedule_control(
                    until - now,
                    Phase::Timer,
                    Control::Message(Happening::Aged { broker }),
                );
                break;
            }
            self.messaging.brokers[broker as usize].by_age.pop_front();
            if is_alive {
                self.count(broker).expired += 1;
                self.done_with(ticket.message);
            }
        }
        self.settle_age(broker);
        self.hand_out(broker);
    }

    /// Brings the age of the oldest message up to date.
    pub(super) fn settle_age(&mut self, broker: u32) {
        let messages = &self.messaging.messages;
        let state = &mut self.messaging.brokers[broker as usize];
        while state.by_age.front().is_some_and(|ticket| !messages.is_alive(*ticket)) {
            state.by_age.pop_front();
        }
        if state.by_age.len() as u64 > 2 * state.live() + 1024 {
            state.by_age.retain(|ticket| messages.is_alive(*ticket));
        }
        let came = state.by_age.front().map(|ticket| messages[ticket.message].came);
        if came != state.oldest.came {
            state.oldest.settle(self.now);
            state.oldest.came = came;
        }
    }
}
