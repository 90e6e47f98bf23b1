//! Steps that publish, guard, try again and note progress.

use super::codes;
use super::context::{At, listed};
use super::messaging::PublishUse;
use super::model::{BrokerId, Call, ComponentId, MessageStep, OnFailure, Once, Publish, RetryStep, Step};
use super::policy::{all_classes, error_classes, step_backoff};
use super::steps::{List, Salts, StepBuilder};
use crate::spec::raw::{RawOnce, RawPublish, RawRetryStep, RawStep};
use crate::units::SimSpan;

/// How long an unfinished try keeps others out of a `once` step that does not say.
const LEASE_DEFAULT: SimSpan = SimSpan::from_secs(60);
/// Most tries of one `retry` step.
const ATTEMPTS_MAX: u32 = 1000;

impl StepBuilder<'_, '_> {
    /// A step about messages, repetition or progress.
    pub(super) fn message_step(
        &mut self,
        raw: &RawStep,
        at: &At,
        list: &List,
        salts: &mut Salts,
    ) -> Option<Step> {
        let step = match raw {
            RawStep::Publish(raw) => self.publish(&at.key("publish"), raw, list, salts),
            RawStep::Redrive(name) => {
                let at = at.key("redrive");
                let (component, broker) = self.broker(&at, name)?;
                let call = self.broker_call(&at, component, "redrive", list, salts);
                self.directory.messages.redriven.insert(broker);
                Some(MessageStep::Redrive { call, broker })
            }
            RawStep::Once(raw) => self.once(&at.key("once"), raw, list, salts),
            RawStep::Retry(raw) => self.retry_step(&at.key("retry"), raw, list, salts),
            RawStep::Mark(name) => {
                if name.trim().is_empty() || name.contains(char::is_whitespace) {
                    let message = format!("`{name}` cannot be the name of a mark");
                    self.cx.error(codes::BAD_NAME, &at.key("mark"), message, "use one word");
                }
                Some(MessageStep::Mark(self.directory.messages.marks.insert_full(name.clone()).0))
            }
            other => unreachable!("{other:?} is resolved elsewhere"),
        };
        step.map(|step| Step::Message(Box::new(step)))
    }

    /// The component with this name and the broker it is, or a complaint.
    fn broker(&mut self, at: &At, name: &str) -> Option<(ComponentId, BrokerId)> {
        let component = self.directory.component(self.cx, at, name)?;
        if let Some(broker) = self.directory.components[component].broker {
            return Some((component, broker));
        }
        let brokers = self.directory.components.values().filter(|entry| entry.broker.is_some());
        let brokers: Vec<&str> = brokers.map(|entry| entry.name.as_str()).collect();
        let help = match brokers.as_slice() {
            [] => "give it `broker:`".to_owned(),
            brokers => format!("give it `broker:`, or use one of {}", listed(brokers.iter().copied())),
        };
        self.cx.error(codes::NO_MECHANISM, at, format!("`{name}` takes no messages"), help);
        None
    }

    /// A call of the broker's operation with this word; `publish` may be called `send`.
    fn broker_call(
        &mut self,
        at: &At,
        component: ComponentId,
        word: &str,
        list: &List,
        salts: &mut Salts,
    ) -> Call {
        let operations = &self.directory.components[component].operations;
        let send = if word == "publish" { operations.get_index_of("send") } else { None };
        let operation = match operations.get_index_of(word).or(send) {
            Some(operation) => operation,
            None => self.directory.free_operation(component, word),
        };
        let name = &self.directory.components[component].name;
        let salt = salts.next(list, &format!("{word} {name}"));
        self.call_to(at, salt, (component, operation), None)
    }

    fn publish(&mut self, at: &At, raw: &RawPublish, list: &List, salts: &mut Salts) -> Option<MessageStep> {
        let (name, name_at, details) = match raw {
            RawPublish::To(name) => (name, at.clone(), None),
            RawPublish::Details(details) => (&details.to, at.key("to"), Some(details)),
        };
        let (component, broker) = self.broker(&name_at, name)?;
        let subject = details.and_then(|details| details.subject.clone());
        let delay = details.and_then(|details| details.delay.as_ref());
        let delay = self.cx.time_law_opt(&at.key("delay"), delay);
        self.directory.messages.publishes.push(PublishUse {
            broker,
            subject: subject.clone(),
            at: at.clone(),
        });
        let call = self.broker_call(&name_at, component, "publish", list, salts);
        Some(MessageStep::Publish(Publish { call, broker, subject, delay }))
    }

    fn once(&mut self, at: &At, raw: &RawOnce, list: &List, salts: &mut Salts) -> Option<MessageStep> {
        let entity = raw.key.as_ref().map(|key| self.directory.entity(self.cx, &at.key("key"), key));
        let salt = salts.next(list, &format!("once {}", raw.key.as_deref().unwrap_or("request")));
        let claim = match &raw.guard {
            None => None,
            Some(name) => {
                let at = at.key("in");
                let component = self.directory.component(self.cx, &at, name)?;
                let operation = self.directory.free_operation(component, "claim");
                Some(self.call_to(&at, format!("{salt}/claim"), (component, operation), None))
            }
        };
        let ttl = raw.ttl.as_ref().map(|text| self.cx.span_above_zero(&at.key("ttl"), "`ttl`", text));
        let lease = match &raw.lease {
            None => Some(LEASE_DEFAULT),
            Some(text) => self.cx.span_above_zero(&at.key("lease"), "`lease`", text),
        };
        let body = self.list(&raw.steps, &list.inside(at.key("do"), &salt, "do"));
        let entity = match entity {
            Some(None) => return None,
            Some(entity) => entity,
            None => None,
        };
        let ttl = match ttl {
            Some(None) => return None,
            Some(ttl) => ttl,
            None => None,
        };
        Some(MessageStep::Once(Once { salt, entity, claim, ttl, lease: lease?, body }))
    }

    /// Whether whoever does these steps may see them fail.
    fn may_fail(&self, steps: &[Step]) -> bool {
        steps.iter().any(|step| match step {
            Step::Call(call) => self.policies.list[call.policy].on_failure == OnFailure::Fail,
            Step::Compute { .. } | Step::Wait { .. } | Step::Set { .. } | Step::Meter { .. } => false,
            // What is begun and not waited for tells nobody.
            Step::Start { .. } | Step::Reply => false,
            Step::Choose { .. } | Step::If { .. } | Step::Repeat { .. } | Step::Parallel { .. } => {
                step.bodies().into_iter().any(|body| self.may_fail(body))
            }
            Step::Message(step) => !matches!(**step, MessageStep::Mark(_)),
            _ => true,
        })
    }

    fn retry_step(
        &mut self,
        at: &At,
        raw: &RawRetryStep,
        list: &List,
        salts: &mut Salts,
    ) -> Option<MessageStep> {
        let salt = salts.next(list, "retry");
        let attempts = self.cx.within(&at.key("attempts"), "`attempts`", raw.attempts, 1..=ATTEMPTS_MAX);
        let backoff = step_backoff(self.cx, &at.key("backoff"), raw.backoff.as_ref());
        let on = raw.on.as_deref().map_or_else(all_classes, error_classes);
        let body = self.list(&raw.steps, &list.inside(at.key("do"), &salt, "do"));
        if !body.is_empty() && !self.may_fail(&body) {
            let message = "nothing under `do` can fail, so nothing is ever tried again";
            let help = "calls with `on-failure: continue` or `degrade` go on as if nothing had failed: give their entry `retry`, \
                        or leave `on-failure` out";
            self.cx.warning(codes::NO_EFFECT, &at.key("attempts"), message, help);
        }
        Some(MessageStep::Retry(RetryStep { salt, attempts_max: attempts?, backoff: backoff?, on, body }))
    }
}
