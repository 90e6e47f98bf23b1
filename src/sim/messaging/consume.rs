//! The way out of brokers: handing out, work, receipts.

use super::line::Ticket;
use super::tables::Kind;
use super::{Happening, Stage};
use crate::kernel::Phase;
use crate::plan::{ErrorClass, PRIORITY_DEFAULT};
use crate::rng;
use crate::sim::Loop;
use crate::sim::control::Control;
use crate::sim::engine::Engine;
use crate::sim::exec::Answer;
use crate::sim::frame::{Role, State, flag};
use crate::sim::net::Transit;
use crate::sim::tables::NONE;

const SALT_PAUSE: u64 = rng::name_hash("message/pause");
/// Groups whose order is remembered at once, for counting what is out of order.
const GROUPS_MAX: usize = 1_000_000;

impl Engine<'_> {
    /// Hands waiting messages to whoever has a free place, until one of them runs out.
    pub(super) fn hand_out(&mut self, broker: u32) {
        if !self.is_broker_up(broker) || !self.keeps(broker) {
            return;
        }
        let in_flight_max = self.t.messages.brokers[broker as usize].in_flight_max;
        loop {
            let state = &mut self.messaging.brokers[broker as usize];
            let room = in_flight_max.saturating_sub(state.in_flight.level);
            if state.ready == 0 || room == 0 {
                return;
            }
            let Some(poller) = state.pollers.pop_front() else { return };
            if !self.can_poll(self.messaging.pollers[poller as usize].replica, broker) {
                self.messaging.brokers[broker as usize].parked.push(poller);
                continue;
            }
            if self.waits_for_batch(broker, poller) || !self.hand_to(broker, poller, room) {
                self.messaging.brokers[broker as usize].pollers.push_front(poller);
                return;
            }
        }
    }

    /// Whether a poller should wait for more messages.
    fn waits_for_batch(&mut self, broker: u32, poller: u32) -> bool {
        let rule = &self.t.messages.consumers[self.messaging.pollers[poller as usize].consumer as usize];
        let state = &mut self.messaging.brokers[broker as usize];
        let until = state.ready_since.saturating_add(rule.batch_wait);
        if state.ready >= u64::from(rule.batch_max) || until <= self.now {
            return false;
        }
        if !state.is_batching {
            state.is_batching = true;
            let happening = Control::Message(Happening::Batch { broker });
            self.schedule_control(until - self.now, Phase::Timer, happening);
        }
        true
    }

    /// Hands a batch to a poller; `false` when no message may be handed out.
    fn hand_to(&mut self, broker: u32, poller: u32, room: u64) -> bool {
        let consumer = self.messaging.pollers[poller as usize].consumer;
        let rule = &self.t.messages.consumers[consumer as usize];
        let (batch_max, visibility) = (u64::from(rule.batch_max).min(room), rule.visibility);
        let newest_first = self.t.messages.brokers[broker as usize].newest_first;
        let Some(first) = self.take_from_line(broker, newest_first) else { return false };
        let delivery = self.new_delivery(poller);
        let mut next = Some(first);
        let mut taken = 0;
        while let Some(ticket) = next {
            let now = self.now;
            let state = &mut self.messaging.brokers[broker as usize];
            state.in_flight.enter(now);
            state.waiting.leave(now);
            let message = &mut self.messaging.messages[ticket.message];
            message.stage = Stage::InFlight;
            message.delivery = delivery;
            let (ticket, receipt) = self.receive(ticket.message);
            self.watch_visibility(consumer, ticket, receipt, visibility);
            self.messaging.deliveries[delivery as usize].messages.push((ticket, receipt));
            taken += 1;
            next = if taken < batch_max { self.take_from_line(broker, newest_first) } else { None };
        }
        let now = self.now;
        let state = &mut self.messaging.brokers[broker as usize];
        state.ready_since = now;
        let place = &mut self.messaging.pollers[poller as usize];
        place.free -= 1;
        if place.free > 0 {
            state.pollers.push_back(poller);
        }
        self.check_drained(broker);
        self.start_next(delivery);
        true
    }

    /// The next message of the line. It holds its group.
    pub(super) fn take_from_line(&mut self, broker: u32, newest_first: bool) -> Option<Ticket> {
        let messaging = &mut self.messaging;
        let messages = &messaging.messages;
        let state = &mut messaging.brokers[broker as usize];
        let ticket = state.line.take(newest_first, |ticket| messages.is(ticket, Stage::Waiting))?;
        state.ready -= 1;
        messaging.messages[ticket.message].stage = Stage::Taken;
        Some(ticket)
    }

    /// Counts that a message is handed out; returns it with the number of its receipt.
    pub(super) fn receive(&mut self, index: u32) -> (Ticket, u32) {
        let message = &mut self.messaging.messages[index];
        message.receives += 1;
        message.receipts += 1;
        message.is_held = true;
        let (broker, group, number, receives) =
            (message.broker, message.group, message.number, message.receives);
        let is_grouped = self.t.messages.brokers[broker as usize].is_grouped;
        let state = &mut self.messaging.brokers[broker as usize];
        if state.newest_of.len() > GROUPS_MAX {
            state.newest_of.clear();
        }
        let newest = if is_grouped { state.newest_of.entry(group).or_insert(0) } else { &mut state.newest };
        let is_behind = number < *newest;
        *newest = (*newest).max(number);
        let counts = self.count(broker);
        counts.receives += 1;
        counts.redelivered += u64::from(receives > 1);
        counts.out_of_order += u64::from(is_behind);
        (self.messaging.messages.ticket(index), receives)
    }

    /// Sends a batch's next message to its consumer.
    pub(super) fn start_next(&mut self, delivery: u32) {
        let batch = &self.messaging.deliveries[delivery as usize];
        let (ticket, receipt) = batch.messages[batch.next];
        let is_first = batch.next == 0;
        let poller = self.messaging.pollers[batch.poller as usize];
        let message = self.messaging.messages[ticket.message];
        let rule = &self.t.messages.consumers[poller.consumer as usize];
        let subject = if rule.sites.len() == 1 { 0 } else { message.subject as usize };
        let site_index = rule.sites[subject];
        let (salt, timeout, comp) = (rule.salt, rule.timeout, rule.comp as usize);
        let site = &self.t.sites[site_index as usize];
        let (entry, op, link) = (site.entry, site.op, site.link);
        let f = self.frames.alloc();
        let frame = &mut self.frames[f];
        frame.key = rng::nth(rng::key(message.key, salt), u64::from(receipt));
        frame.root = message.root;
        frame.begun = message.begun;
        frame.role = Role::Server;
        frame.parent = NONE;
        frame.parent_epoch = delivery;
        frame.log = NONE;
        frame.priority = PRIORITY_DEFAULT;
        frame.slot = self.slots.current as u16;
        frame.deadline = u64::MAX;
        frame.pc = entry;
        frame.op = op;
        frame.from_site = site_index;
        frame.replica = poller.replica;
        frame.comp = comp as u32;
        frame.state = State::Travelling;
        frame.set(flag::MESSAGE);
        let (key, born) = (frame.key, frame.born);
        if self.t.attributes.count > 0 {
            self.unpack(f, message.carried);
        }
        let frame = &mut self.frames[f];
        if message.poison != NONE {
            frame.pc = self.t.messages.poisons[message.poison as usize];
        }
        if timeout < u64::MAX {
            self.watch_work(poller.consumer, f, born, timeout);
        }
        if !is_first {
            return self.schedule(f, 0, Phase::Deliver);
        }
        self.deliver(f, message.broker, comp, link, key);
    }

    /// Carries a batch's first message over to its consumer.
    fn deliver(&mut self, f: u32, broker: u32, comp: usize, link: u32, key: u64) {
        let rule = &self.t.messages.brokers[broker as usize];
        let wait = rule.delivery.as_ref().map_or(0, |law| law.sample(key));
        let lane = rule.delivery.as_ref().and_then(|law| law.lane).map(|(_, lane)| lane);
        let from = self.t.comps[rule.comp as usize].node;
        if rule.is_schedule || (link == NONE && self.network.active == 0) {
            return self.schedule_delivery(f, wait, lane);
        }
        match self.transit(link, from, self.t.comps[comp].node, 0, key) {
            Transit::Now => self.schedule_delivery(f, wait, lane),
            Transit::After(delay, _) => self.schedule_delivery(f, wait.saturating_add(delay), None),
            // The message stays hidden, and the consumer asks again.
            Transit::Lost | Transit::Refused => {
                let delivery = self.frames[f].parent_epoch;
                self.frames.release(f);
                self.abandon(delivery);
            }
        }
    }

    /// A frame ends without an answer. If it works on a message, its broker's side must know.
    pub(in crate::sim) fn vanish(&mut self, f: u32, class: ErrorClass) {
        if self.frames[f].has(flag::MESSAGE) {
            self.work_done(f, Answer::failed(class));
        } else {
            self.frames.release(f);
        }
    }

    /// Work on a message ended; the frame is used up.
    #[inline(never)]
    pub(in crate::sim) fn work_done(&mut self, f: u32, answer: Answer) {
        let delivery = self.frames[f].parent_epoch;
        let is_gone = !self.replicas[self.frames[f].replica as usize].is_at_work();
        self.frames.release(f);
        let batch = &mut self.messaging.deliveries[delivery as usize];
        let (ticket, receipt) = batch.messages[batch.next];
        let poller = self.messaging.pollers[batch.poller as usize];
        let whole_batch = self.t.messages.consumers[poller.consumer as usize].whole_batch;
        match answer.error {
            // A consumer that died or cannot be reached tells the broker nothing.
            Some(ErrorClass::Reset | ErrorClass::Refused) if is_gone => return self.abandon(delivery),
            Some(_) => {
                let broker = self.messaging.messages[ticket.message].broker;
                self.count(broker).failures += 1;
                if whole_batch {
                    return self.fail_batch(delivery, poller.consumer);
                }
                self.reject(ticket, receipt, poller.consumer);
            }
            None => {
                self.processed(ticket);
                if !whole_batch {
                    self.acknowledge(ticket, receipt, poller.replica);
                }
            }
        }
        let batch = &mut self.messaging.deliveries[delivery as usize];
        batch.next += 1;
        if batch.next < batch.messages.len() {
            return self.start_next(delivery);
        }
        if whole_batch {
            for (ticket, receipt) in self.messaging.deliveries[delivery as usize].messages.clone() {
                self.acknowledge(ticket, receipt, poller.replica);
            }
        }
        self.end_delivery(delivery);
    }

    /// A message was processed: for the first time, or again.
    fn processed(&mut self, ticket: Ticket) {
        let message = &mut self.messaging.messages[ticket.message];
        message.processed += 1;
        let (is_first, twin, broker) = (message.processed == 1, message.twin, message.broker);
        let (slot, latency) = (usize::from(message.slot), self.now - message.accepted);
        if let Some(twin) = twin {
            let twin_message = &mut self.messaging.messages[twin.message];
            if twin_message.born == twin.born {
                twin_message.processed += 1;
            }
        }
        if is_first {
            let index = slot * self.messaging.brokers.len() + broker as usize;
            self.messaging.counts[index].latency.record(latency);
        } else {
            self.count(broker).duplicates += 1;
        }
    }

    /// The consumer acknowledges: the broker forgets the message, if the receipt is the latest
    /// and the broker hears of it.
    pub(super) fn acknowledge(&mut self, ticket: Ticket, receipt: u32, replica: u32) {
        let message = &mut self.messaging.messages[ticket.message];
        if message.born != ticket.born || message.stage == Stage::Done || message.receives != receipt {
            return;
        }
        let broker = message.broker;
        message.is_held = false;
        if !self.can_acknowledge(replica, broker) {
            self.count(broker).acks_lost += 1;
            return;
        }
        if self.network.active > 0 && self.holds_up(ticket, receipt, replica) {
            return;
        }
        let counts = self.count(broker);
        counts.acknowledged += 1;
        counts.receives_of_finished += u64::from(receipt);
        self.done_with(ticket.message);
    }

    /// Whether a fault holds an acknowledgement up; it is heard when the fault ends.
    #[cold]
    fn holds_up(&mut self, ticket: Ticket, receipt: u32, replica: u32) -> bool {
        let rule = &self.t.messages.brokers[self.messaging.messages[ticket.message].broker as usize];
        let comp = self.replicas[replica as usize].comp as usize;
        let (here, there) = (self.t.comps[comp].node, self.t.comps[rule.comp as usize].node);
        let until = if rule.is_schedule { self.now } else { self.held_until(here, there) };
        let Ticket { message, born } = ticket;
        if until > self.now && until < u64::MAX {
            let heard = Happening::Acknowledged { message, born, receipt, replica };
            self.schedule_control(until - self.now, Phase::Deliver, Control::Message(heard));
        }
        until > self.now
    }

    fn can_acknowledge(&self, replica: u32, broker: u32) -> bool {
        let rule = &self.t.messages.brokers[broker as usize];
        if rule.is_schedule {
            return true;
        }
        let comp = self.replicas[replica as usize].comp as usize;
        let (here, there) = (self.t.comps[comp].node, self.t.comps[rule.comp as usize].node);
        self.is_broker_up(broker) && (self.network.active == 0 || self.is_connected(here, there))
    }

    /// The consumer failed: the message comes back after a pause, or when its visibility timeout is over.
    fn reject(&mut self, ticket: Ticket, receipt: u32, consumer: u32) {
        let message = &mut self.messaging.messages[ticket.message];
        if message.born != ticket.born || message.stage != Stage::InFlight || message.receives != receipt {
            return;
        }
        message.is_held = false;
        let (broker, key, previous) = (message.broker, message.key, message.pause);
        let rule = &self.t.messages.brokers[broker as usize];
        if rule.kind == Kind::Calls {
            self.count(broker).lost += 1;
            return self.done_with(ticket.message);
        }
        let Some(backoff) = self.t.messages.consumers[consumer as usize].backoff else { return };
        if receipt >= rule.receives_max || self.is_ablated(Loop::Retries) {
            return self.give_up(ticket.message);
        }
        let draw = rng::unit(rng::nth(rng::key(key, SALT_PAUSE), u64::from(receipt)));
        let pause = backoff.pause(receipt, if receipt == 1 { 0 } else { previous }, draw);
        self.messaging.messages[ticket.message].pause = pause;
        self.come_back(ticket.message, pause);
        if pause == 0 {
            self.hand_out(broker);
        }
    }

    /// One message of a batch failed, and with it all.
    fn fail_batch(&mut self, delivery: u32, consumer: u32) {
        for (ticket, receipt) in self.messaging.deliveries[delivery as usize].messages.clone() {
            self.reject(ticket, receipt, consumer);
        }
        self.end_delivery(delivery);
    }

    /// A consumer is gone with its batch: what is not acknowledged stays hidden for its time.
    pub(super) fn abandon(&mut self, delivery: u32) {
        let mut next = self.messaging.deliveries[delivery as usize].next;
        while let Some((ticket, receipt)) =
            self.messaging.deliveries[delivery as usize].messages.get(next).copied()
        {
            next += 1;
            let message = &mut self.messaging.messages[ticket.message];
            if message.born != ticket.born || message.receives != receipt || message.stage != Stage::InFlight
            {
                continue;
            }
            message.is_held = false;
            let broker = message.broker;
            if !self.keeps(broker) {
                self.count(broker).lost += 1;
                self.done_with(ticket.message);
            }
        }
        self.end_delivery(delivery);
    }

    /// A batch is over: its receipts are void and its place is free.
    fn end_delivery(&mut self, delivery: u32) {
        let batch = std::mem::take(&mut self.messaging.deliveries[delivery as usize]);
        for (ticket, _) in &batch.messages {
            self.messaging.messages[ticket.message].receipts -= 1;
            self.messaging.messages.release(ticket.message);
        }
        let consumer = self.messaging.pollers[batch.poller as usize].consumer;
        let poller = batch.poller;
        // The list keeps its room for the next batch.
        self.messaging.deliveries[delivery as usize] = batch;
        self.messaging.free_deliveries.push(delivery);
        let broker = self.t.messages.consumers[consumer as usize].broker;
        if !self.keeps(broker) {
            return;
        }
        let place = &mut self.messaging.pollers[poller as usize];
        place.free += 1;
        if place.free == 1 {
            self.messaging.brokers[broker as usize].pollers.push_back(poller);
        }
        self.hand_out(broker);
    }
}
