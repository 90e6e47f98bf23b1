//! The way into brokers: publishing, copies, room, dead letters, redrive.

use super::line::Ticket;
use super::tables::Kind;
use super::{Delivery, Happening, MESSAGES_MAX, Message, Stage};
use crate::kernel::Phase;
use crate::outcome::Bound;
use crate::plan::{Effect, ErrorClass, Full, MessageFault};
use crate::rng;
use crate::sim::control::Control;
use crate::sim::engine::Engine;
use crate::sim::exec::Answer;
use crate::sim::tables::NONE;
use crate::sim::trouble::{remaining, set_mark};

const SALT_COPY: u64 = rng::name_hash("message/copy");
const SALT_TWIN: u64 = rng::name_hash("message/twin");
const SALT_DOUBLE: u64 = rng::name_hash("message/double");
const SALT_POISON: u64 = rng::name_hash("message/poison");
const SALT_LATE: u64 = rng::name_hash("message/late");

impl Engine<'_> {
    /// A broker has served a `publish` call: it takes the message, or refuses it.
    #[inline(never)]
    pub(in crate::sim) fn publish(&mut self, f: u32, publish: u32, answer: &mut Answer) {
        let rule = &self.t.messages.publishes[publish as usize];
        let (broker, subject) = (rule.broker, rule.subject);
        let frame = &self.frames[f];
        let key = rng::key(frame.key, rule.salt);
        let delay = rule.delay.as_ref().map_or(0, |law| law.sample(key));
        let (root, identity) = (frame.root, rng::key(frame.root, rule.salt));
        let carried = self.carry(f);
        let message = Message {
            root,
            key,
            identity,
            carried,
            begun: self.begun(f).unwrap_or(u64::MAX),
            subject,
            ..self.blank(broker)
        };
        if !self.accept(broker, message, delay) {
            *answer = Answer::failed(ErrorClass::Shed);
        }
        self.messaging.messages.carried.forget_if_free(carried);
    }

    /// A message of nobody, accepted now.
    pub(super) fn blank(&self, broker: u32) -> Message {
        Message {
            root: 0,
            key: 0,
            identity: 0,
            group: 0,
            begun: self.now,
            accepted: self.now,
            came: self.now,
            pause: 0,
            number: 0,
            broker,
            delivery: NONE,
            origin: NONE,
            subject: NONE,
            poison: NONE,
            carried: NONE,
            twin: None,
            receives: 0,
            receipts: 0,
            processed: 0,
            born: 0,
            slot: self.slots.current as u16,
            stage: Stage::Done,
            is_held: false,
        }
    }

    /// Takes in what somebody published, unless it came before; `false` refuses it.
    fn accept(&mut self, broker: u32, message: Message, delay: u64) -> bool {
        let window = self.t.messages.brokers[broker as usize].deduplicate;
        let state = &mut self.messaging.brokers[broker as usize];
        if window > 0 && state.recent.is_done(message.identity, self.now) {
            self.count(broker).deduplicated += 1;
            return true;
        }
        let is_accepted = self.take_in(broker, message, delay);
        if window > 0 && is_accepted {
            let now = self.now;
            self.messaging.brokers[broker as usize].recent.remember(message.identity, now, window);
        }
        is_accepted
    }

    /// Takes a message in, whether it came before or not: brokers move messages, and nobody has
    /// published those again; `false` refuses it.
    pub(super) fn take_in(&mut self, broker: u32, mut message: Message, delay: u64) -> bool {
        if message.poison == NONE {
            message.poison = self.poison(broker, message.key);
        }
        match self.t.messages.brokers[broker as usize].kind.clone() {
            Kind::Copies(to) => {
                self.count(broker).published += 1;
                to.into_iter().for_each(|to| self.copy_to(broker, to, message));
            }
            Kind::Calls => self.call_out(broker, message),
            Kind::Keeps => match self.make_room(broker) {
                Room::Some => self.keep(broker, message, delay),
                Room::Lost => {
                    let counts = self.count(broker);
                    counts.published += 1;
                    counts.lost += 1;
                }
                Room::None => {
                    self.count(broker).refused += 1;
                    return false;
                }
            },
        }
        true
    }

    /// The fault that makes a new message impossible to process, or `NONE`.
    fn poison(&self, broker: u32, key: u64) -> u32 {
        let marks = &self.messaging.brokers[broker as usize].poisons;
        let hit = marks.iter().find(|(fault, share)| {
            let key = rng::key(rng::key(key, SALT_POISON), self.faults[*fault as usize].salt);
            rng::unit(key) < *share
        });
        hit.map_or(NONE, |(fault, _)| *fault)
    }

    /// Whether a broker has room for one more.
    fn has_room(&self, broker: u32) -> bool {
        let rule = &self.t.messages.brokers[broker as usize];
        let state = &self.messaging.brokers[broker as usize];
        let capacity = match rule.capacity {
            u64::MAX => return true,
            capacity => (capacity as f64 * remaining(&state.fulls) + 0.5) as u64,
        };
        state.live() < capacity
    }

    fn make_room(&mut self, broker: u32) -> Room {
        if self.has_room(broker) {
            return Room::Some;
        }
        match self.t.messages.brokers[broker as usize].full {
            Full::Reject => Room::None,
            Full::DropNewest => Room::Lost,
            Full::DropOldest => {
                let Some(oldest) = self.take_from_line(broker, false) else { return Room::Lost };
                self.count(broker).lost += 1;
                self.done_with(oldest.message);
                if self.has_room(broker) { Room::Some } else { Room::Lost }
            }
        }
    }

    /// Keeps a message, and what faults and the broker itself make of it.
    fn keep(&mut self, broker: u32, message: Message, delay: u64) {
        let doubling = rng::unit(rng::key(message.key, SALT_DOUBLE));
        let rule = &self.t.messages.brokers[broker as usize];
        let (mut is_double, mut delay) = (doubling < rule.duplicates, delay);
        for (fault, strength) in &self.messaging.brokers[broker as usize].misdeliveries {
            let Effect::Messages(MessageFault::Misdelivery { duplicates, late, .. }) =
                &self.plan.faults[*fault as usize].effect
            else {
                continue;
            };
            let key = rng::key(rng::key(message.key, SALT_LATE), self.faults[*fault as usize].salt);
            is_double |= rng::unit(rng::nth(key, 0)) < duplicates * strength;
            if rng::unit(rng::nth(key, 1)) < late * strength {
                let law = self.faults[*fault as usize].path_law.as_ref();
                delay += law.map_or(0, |law| (law.sample(rng::nth(key, 2)) + 0.5) as u64);
            }
        }
        self.count(broker).published += 1;
        let first = self.store(broker, message, delay);
        // A full broker has no room for a second copy either.
        if is_double && self.has_room(broker) {
            self.count(broker).doubled += 1;
            let twin = Message { key: rng::key(message.key, SALT_TWIN), ..message };
            let second = self.store(broker, twin, delay);
            let (first, second) =
                (self.messaging.messages.ticket(first), self.messaging.messages.ticket(second));
            self.messaging.messages[first.message].twin = Some(second);
            self.messaging.messages[second.message].twin = Some(first);
        }
        self.hand_out(broker);
    }

    /// Puts a message among those waiting, at once or after a delay.
    fn store(&mut self, broker: u32, message: Message, delay: u64) -> u32 {
        let rule = &self.t.messages.brokers[broker as usize];
        let (entity, retention) = (rule.group, rule.retention);
        let group = if entity == NONE { 0 } else { self.entity_key_of(message.root, entity) };
        let now = self.now;
        let state = &mut self.messaging.brokers[broker as usize];
        state.numbers += 1;
        let number = state.numbers;
        let index = self.messaging.messages.add(Message {
            broker,
            group,
            number,
            came: now,
            pause: 0,
            receives: 0,
            receipts: 0,
            processed: 0,
            twin: None,
            slot: self.slots.current as u16,
            stage: Stage::Waiting,
            is_held: false,
            ..message
        });
        let ticket = self.messaging.messages.ticket(index);
        let state = &mut self.messaging.brokers[broker as usize];
        state.by_age.push_back(ticket);
        if retention < u64::MAX && !state.is_ageing {
            state.is_ageing = true;
            let happening = Control::Message(Happening::Aged { broker });
            self.schedule_control(retention, Phase::Timer, happening);
        }
        self.count_waiting(broker);
        self.settle_age(broker);
        if delay == 0 {
            self.line_up_message(index, false);
        } else {
            self.rest(index, delay);
        }
        if self.messaging.messages.items.len() > MESSAGES_MAX {
            self.truncate(Bound::InSystemMax, MESSAGES_MAX as u64);
        }
        index
    }

    /// Sends a topic's copy on its way to a queue.
    fn copy_to(&mut self, topic: u32, to: u32, message: Message) {
        let salt = self.t.messages.brokers[to as usize].salt;
        let key = rng::key(rng::key(message.key, SALT_COPY), salt);
        let delay =
            self.t.messages.brokers[topic as usize].delivery.as_ref().map_or(0, |law| law.sample(key));
        let copy = Message { key, broker: topic, stage: Stage::Copied, ..message };
        if delay == 0 {
            return self.hand_copy(topic, to, copy);
        }
        let index = self.messaging.messages.add(copy);
        let now = self.now;
        self.messaging.brokers[topic as usize].in_flight.enter(now);
        let happening = Control::Message(Happening::Copied { message: index, to });
        self.schedule_control(delay, Phase::Deliver, happening);
    }

    /// A topic's copy reaches a queue.
    pub(super) fn copy_arrives(&mut self, index: u32, to: u32) {
        let copy = self.messaging.messages[index];
        self.messaging.messages[index].stage = Stage::Done;
        self.messaging.messages.release(index);
        let now = self.now;
        self.messaging.brokers[copy.broker as usize].in_flight.leave(now);
        self.hand_copy(copy.broker, to, copy);
    }

    fn hand_copy(&mut self, topic: u32, to: u32, copy: Message) {
        if self.accept(to, copy, 0) {
            self.count(topic).acknowledged += 1;
        } else {
            self.count(topic).lost += 1;
        }
    }

    /// Gives a message to every consuming replica that is up; with none it is lost.
    fn call_out(&mut self, broker: u32, message: Message) {
        let mut heard = false;
        for poller in self.pollers_of(broker) {
            let replica = self.messaging.pollers[poller as usize].replica;
            if !self.can_poll(replica, broker) {
                continue;
            }
            heard = true;
            self.count(broker).published += 1;
            let number = u64::from(replica);
            let index = self.messaging.messages.add(Message {
                key: rng::nth(rng::key(message.key, SALT_COPY), number),
                broker,
                receives: 0,
                receipts: 0,
                processed: 0,
                twin: None,
                stage: Stage::InFlight,
                ..message
            });
            let now = self.now;
            self.messaging.brokers[broker as usize].in_flight.enter(now);
            let ticket = self.receive(index);
            let delivery = self.new_delivery(poller);
            self.messaging.messages[index].delivery = delivery;
            self.messaging.deliveries[delivery as usize].messages.push(ticket);
            self.start_next(delivery);
        }
        if !heard {
            let counts = self.count(broker);
            counts.published += 1;
            counts.lost += 1;
        }
    }

    /// Pollers of a broker: one for each replica of each consumer.
    fn pollers_of(&self, broker: u32) -> Vec<u32> {
        let consumers = self.t.messages.brokers[broker as usize].consumers.iter();
        let rules = consumers.map(|consumer| &self.t.messages.consumers[*consumer as usize]);
        let replicas = |comp: u32| self.t.comps[comp as usize].replicas;
        rules.flat_map(|rule| rule.first_poller..rule.first_poller + replicas(rule.comp)).collect()
    }

    pub(super) fn new_delivery(&mut self, poller: u32) -> u32 {
        let index = self.messaging.free_deliveries.pop().unwrap_or_else(|| {
            self.messaging.deliveries.push(Delivery::default());
            (self.messaging.deliveries.len() - 1) as u32
        });
        let delivery = &mut self.messaging.deliveries[index as usize];
        delivery.poller = poller;
        delivery.next = 0;
        delivery.messages.clear();
        index
    }

    /// A message was handed out too often.
    pub(super) fn give_up(&mut self, index: u32) {
        let message = self.messaging.messages[index];
        let broker = message.broker;
        let age = self.now - message.accepted;
        let counts = self.count(broker);
        counts.dead_letters += 1;
        counts.dead_age += u128::from(age);
        counts.receives_of_finished += u64::from(message.receives);
        self.done_with(index);
        let to = self.t.messages.brokers[broker as usize].dead_letter;
        if to != NONE {
            self.take_in(to, Message { origin: broker, ..message }, 0);
        }
    }

    /// Begins to take what is in a broker back to where it came from.
    #[inline(never)]
    pub(in crate::sim) fn redrive(&mut self, broker: u32) {
        let state = &mut self.messaging.brokers[broker as usize];
        if !std::mem::replace(&mut state.is_redriving, true) {
            self.redrive_next(broker);
        }
    }

    /// Takes back one message, or all that are there now.
    pub(super) fn redrive_next(&mut self, broker: u32) {
        let gap = self.t.messages.brokers[broker as usize].redrive_gap;
        let mut left = if gap == 0 { self.messaging.brokers[broker as usize].ready } else { 1 };
        while left > 0 {
            left -= 1;
            let Some(ticket) = self.take_from_line(broker, false) else { break };
            let message = self.messaging.messages[ticket.message];
            if message.origin == NONE || !self.has_room(message.origin) {
                self.line_up_message(ticket.message, true);
                let state = &mut self.messaging.brokers[broker as usize];
                state.line.release(message.group);
                state.is_redriving = false;
                return;
            }
            self.count(broker).redriven += 1;
            self.done_with(ticket.message);
            self.take_in(message.origin, Message { origin: NONE, ..message }, 0);
        }
        let state = &mut self.messaging.brokers[broker as usize];
        state.is_redriving = gap > 0 && state.ready > 0;
        if state.is_redriving {
            let happening = Control::Message(Happening::Redrive { broker });
            self.schedule_control(gap, Phase::Timer, happening);
        }
    }

    /// A broker without durable storage is down altogether and forgets everything.
    pub(in crate::sim) fn forget_messages(&mut self, comp: usize) {
        for broker in 0..self.messaging.brokers.len() as u32 {
            let rule = &self.t.messages.brokers[broker as usize];
            if rule.comp as usize != comp || rule.is_durable || self.is_broker_up(broker) {
                continue;
            }
            let all: Vec<Ticket> = self.messaging.brokers[broker as usize].by_age.iter().copied().collect();
            for ticket in all {
                if self.messaging.messages.is_alive(ticket) {
                    self.count(broker).lost += 1;
                    self.done_with(ticket.message);
                }
            }
        }
    }

    /// Throws away every message that waits.
    pub(in crate::sim) fn drop_backlogs(&mut self) {
        for broker in 0..self.messaging.brokers.len() as u32 {
            let all: Vec<Ticket> = self.messaging.brokers[broker as usize].by_age.iter().copied().collect();
            for ticket in all {
                let messages = &self.messaging.messages;
                if messages.is(ticket, Stage::Waiting) || messages.is(ticket, Stage::Resting) {
                    self.count(broker).lost += 1;
                    self.done_with(ticket.message);
                }
            }
        }
    }

    /// Leaves a fault's mark on brokers or schedules; `None` takes it off.
    pub(in crate::sim) fn mark_messages(&mut self, fault: u32, effect: &MessageFault, strength: Option<f64>) {
        let set = |marks: &mut Vec<(u32, f64)>, share: f64| {
            set_mark(marks, fault, strength.map(|strength| share * strength));
        };
        let brokers = &mut self.messaging.brokers;
        match effect {
            MessageFault::Poison { broker, share, .. } => set(&mut brokers[*broker].poisons, *share),
            MessageFault::Misdelivery { broker, .. } => set(&mut brokers[*broker].misdeliveries, 1.0),
            MessageFault::Full { broker, share } => set(&mut brokers[*broker].fulls, *share),
            MessageFault::LostTimers { component, share } => {
                let lost = &mut self.messaging.lost_timers;
                lost.retain(|(_, other, _)| *other != fault);
                lost.extend(strength.map(|strength| (*component as u32, fault, share * strength)));
                lost.sort_by_key(|(_, fault, _)| *fault);
            }
        }
    }
}

/// What a broker has for one more message.
enum Room {
    /// Room.
    Some,
    /// None, and the message is lost.
    Lost,
    /// None, and the publisher is told.
    None,
}
