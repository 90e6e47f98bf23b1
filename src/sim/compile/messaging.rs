//! Brokers, consumers, schedules and steps about messages.

use super::Compiler;
use crate::plan::{
    BrokerKind, ComponentId, Consumer, Effect, ErrorClass, MessageFault, MessageStep, OperationId, Overlap,
    PoisonMode, Runs, Step,
};
use crate::rng;
use crate::sim::messaging::tables::{
    BrokerRule, ConsumerRule, Kind, MessageIns, OnceRule, PublishRule, RetryRule, TimerRule,
};
use crate::sim::tables::{Ins, NONE, SiteEffect, class_bit};
use crate::units::SimSpan;

const NANOS_PER_SEC: f64 = 1e9;

impl Compiler<'_> {
    /// Brokers and schedules, and the programs of poisoned messages.
    pub(super) fn messages(&mut self) {
        let plan = self.plan;
        let ever = |span: Option<SimSpan>| span.map_or(u64::MAX, |span| span.0);
        for broker in &plan.messaging.brokers {
            let delivery = broker.delivery.as_ref().map(|law| self.delay(law));
            let id = self.t.messages.brokers.len();
            let timer = plan.messaging.timers.iter().find(|timer| timer.broker == id);
            let queues = timer.is_some_and(|timer| timer.overlap == Overlap::Queue);
            let consumers = (0u32..).zip(&plan.messaging.consumers);
            self.t.messages.brokers.push(BrokerRule {
                salt: rng::name_hash(&format!("broker/{}", broker.name)),
                comp: broker.component as u32,
                kind: match &broker.kind {
                    BrokerKind::Queue | BrokerKind::Schedule => Kind::Keeps,
                    BrokerKind::Topic { subscribers } => {
                        Kind::Copies(subscribers.iter().map(|id| *id as u32).collect())
                    }
                    BrokerKind::Ephemeral => Kind::Calls,
                },
                capacity: broker.capacity.unwrap_or(u64::MAX),
                full: broker.full,
                newest_first: broker.newest_first,
                is_grouped: broker.group.is_some() || queues,
                group: broker.group.map_or(NONE, |entity| entity as u32),
                retention: ever(broker.retention),
                receives_max: broker.receives_max.unwrap_or(u32::MAX),
                dead_letter: broker.dead_letter.map_or(NONE, |id| id as u32),
                in_flight_max: broker.in_flight_max.unwrap_or(u64::MAX),
                delivery,
                duplicates: broker.duplicates,
                deduplicate: broker.deduplicate.map_or(0, |span| span.0),
                is_durable: broker.is_durable,
                is_schedule: broker.kind == BrokerKind::Schedule,
                redrive_gap: broker.redrive_rate.map_or(0, |rate| (NANOS_PER_SEC / rate + 0.5) as u64),
                consumers: consumers.filter(|(_, taker)| taker.broker == id).map(|(id, _)| id).collect(),
            });
        }
        for timer in &plan.messaging.timers {
            self.t.messages.timers.push(TimerRule {
                salt: rng::name_hash(&format!("timer/{}", plan.messaging.brokers[timer.broker].name)),
                broker: timer.broker as u32,
                comp: timer.component as u32,
                table: timer.table.clone(),
                jitter: timer.jitter.0,
                skips: timer.overlap == Overlap::Skip,
                missed: timer.missed,
            });
        }
        self.poisons();
    }

    /// What a poisoned message runs instead of its operation, for each fault.
    fn poisons(&mut self) {
        let plan = self.plan;
        for fault in &plan.faults {
            self.scope = format!("fault/{}", fault.name);
            let entry = match &fault.effect {
                Effect::Messages(MessageFault::Poison { mode: PoisonMode::Hangs, .. }) => {
                    self.place_code(vec![Ins::Message { what: MessageIns::Hang, body: NONE }])
                }
                Effect::Messages(MessageFault::Poison { mode: PoisonMode::Fails { takes }, .. }) => {
                    let compute = Step::Compute { salt: "compute".to_owned(), work: takes.clone() };
                    let salt = "fail".to_owned();
                    let fail = Step::Fail { salt, probability: 1.0, class: ErrorClass::Error, key: None };
                    self.program(&[compute, fail])
                }
                _ => NONE,
            };
            self.t.messages.poisons.push(entry);
        }
    }

    /// Who takes messages: after all operations and subjects are known.
    pub(super) fn consumers(&mut self) {
        let plan = self.plan;
        let mut first_poller = 0;
        for consumer in &plan.messaging.consumers {
            let broker = &plan.messaging.brokers[consumer.broker];
            let from = self.t.comps[broker.component].place;
            let component = &plan.components[consumer.component];
            let sites = match &consumer.runs {
                Runs::One(operation) => vec![self.taken(consumer.component, *operation, from)],
                Runs::BySubject(all) => {
                    let subjects = self.t.messages.subjects.clone();
                    let operation = |subject: &String| {
                        all.iter().find(|(name, _)| name == subject).map_or(0, |(_, operation)| *operation)
                    };
                    // One more, so that the list never looks like that of a single operation.
                    let operations: Vec<OperationId> = subjects.iter().map(operation).chain([0, 0]).collect();
                    operations.into_iter().map(|o| self.taken(consumer.component, o, from)).collect()
                }
            };
            self.t.messages.consumers.push(ConsumerRule {
                salt: rng::name_hash(&format!("consumer/{}/{}", component.name, broker.name)),
                comp: consumer.component as u32,
                broker: consumer.broker as u32,
                sites,
                first_poller,
                ..consumer_rule(consumer)
            });
            first_poller += component.replicas;
        }
    }

    /// A site by which messages enter a component; nobody calls there.
    fn taken(&mut self, component: ComponentId, operation: OperationId, from: u32) -> u32 {
        self.t.sites.push(self.way_in(component, operation, from));
        (self.t.sites.len() - 1) as u32
    }

    /// Steps about messages, repetition and progress.
    pub(super) fn emit_message(&mut self, step: &MessageStep, code: &mut Vec<Ins>) {
        match step {
            MessageStep::Publish(publish) => {
                let delay = publish.delay.as_ref().map(|law| self.delay(law));
                let subject = publish.subject.as_ref().map_or(NONE, |subject| self.subject(subject));
                let number = self.t.messages.publishes.len() as u32;
                self.t.messages.publishes.push(PublishRule {
                    salt: self.salt(&publish.call.salt),
                    broker: publish.broker as u32,
                    subject,
                    delay,
                });
                let site = self.site(&publish.call, SiteEffect::Publish(number));
                code.push(Ins::Call { site });
            }
            MessageStep::Redrive { call, broker } => {
                let site = self.site(call, SiteEffect::Redrive { broker: *broker as u32 });
                code.push(Ins::Call { site });
            }
            MessageStep::Once(once) => {
                let body = self.program(&once.body);
                let number = self.t.messages.onces.len() as u32;
                self.t.messages.onces.push(OnceRule {
                    salt: self.salt(&once.salt),
                    entity: once.entity.map_or(NONE, |entity| entity as u32),
                    ttl: once.ttl.map_or(u64::MAX, |ttl| ttl.0),
                    lease: once.lease.0,
                    guard: once.claim.as_ref().map_or(NONE, |claim| claim.target as u32),
                });
                if let Some(claim) = &once.claim {
                    let site = self.site(claim, SiteEffect::None);
                    code.push(Ins::Call { site });
                }
                code.push(Ins::Message { what: MessageIns::Once(number), body });
            }
            MessageStep::Retry(retry) => {
                let body = self.program(&retry.body);
                let number = self.t.messages.retries.len() as u32;
                self.t.messages.retries.push(RetryRule {
                    salt: self.salt(&retry.salt),
                    attempts_max: retry.attempts_max,
                    backoff: retry.backoff,
                    on: retry.on.iter().fold(0, |set, class| set | class_bit(*class)),
                });
                code.push(Ins::Message { what: MessageIns::Retry(number), body });
            }
            MessageStep::Mark(mark) => {
                code.push(Ins::Message { what: MessageIns::Mark(*mark as u32), body: NONE });
            }
        }
    }

    fn subject(&mut self, subject: &String) -> u32 {
        let subjects = &mut self.t.messages.subjects;
        if let Some(known) = subjects.iter().position(|known| known == subject) {
            return known as u32;
        }
        subjects.push(subject.clone());
        (subjects.len() - 1) as u32
    }
}

/// A consumer's own settings; the rest is filled in by the caller.
fn consumer_rule(consumer: &Consumer) -> ConsumerRule {
    ConsumerRule {
        salt: 0,
        comp: 0,
        broker: 0,
        sites: Vec::new(),
        concurrency: consumer.concurrency.unwrap_or(u32::MAX),
        batch_max: consumer.batch_max,
        batch_wait: consumer.batch_wait.0,
        whole_batch: consumer.whole_batch,
        visibility: consumer.visibility.0,
        has_heartbeat: consumer.has_heartbeat,
        timeout: consumer.timeout.map_or(u64::MAX, |timeout| timeout.0),
        backoff: consumer.backoff,
        first_poller: 0,
    }
}
