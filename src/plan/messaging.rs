//! Brokers, who takes messages from them, and what runs by the clock.

use super::codes;
use super::context::{At, Context};
use super::directory::Directory;
use super::model::{
    Broker, BrokerId, BrokerKind, ComponentId, Consumer, Full, Messaging, Missed, Overlap, PlaceId, Runs,
    Timer,
};
use super::places::Links;
use super::policy::step_backoff;
use super::timetable::resolve_timetable;
use crate::spec::raw::{
    RawBroker, RawComponent, RawConsumer, RawFull, RawMissed, RawOrder, RawOverlap, RawSchedule,
};
use crate::spec::scalar::SpanText;
use crate::units::SimSpan;
use indexmap::IndexSet;
use std::collections::BTreeSet;

/// How long a received message stays hidden if nothing else is said: what Amazon SQS does.
const VISIBILITY_DEFAULT: SimSpan = SimSpan::from_secs(30);
/// Stands for the component's own broker.
const OWN: &str = "self";
/// Most messages taken at once.
const BATCH_MAX: u32 = 10_000;
/// Most tries of one message or run.
const RECEIVES_MAX: u32 = 1_000_000;

/// What steps about messages refer to.
#[derive(Default)]
pub(super) struct MessageNames {
    /// Names of marks, in order of first use.
    pub(super) marks: IndexSet<String>,
    /// Every `publish` step.
    pub(super) publishes: Vec<PublishUse>,
    /// Brokers that a `redrive` step empties.
    pub(super) redriven: BTreeSet<BrokerId>,
}

/// A `publish` step seen on the way.
pub(super) struct PublishUse {
    /// Where it publishes.
    pub(super) broker: BrokerId,
    /// What about.
    pub(super) subject: Option<String>,
    /// The step.
    pub(super) at: At,
}

/// Everything about messages, after all steps were seen.
pub(super) fn resolve_messaging(cx: &mut Context<'_>, directory: &Directory, links: &Links) -> Messaging {
    let input = cx.input;
    let raw = &input.topology.components;
    let mut messaging =
        Messaging { marks: directory.messages.marks.iter().cloned().collect(), ..Messaging::default() };
    for (id, (name, raw)) in raw.iter().enumerate() {
        if let Some(raw) = &raw.broker {
            let at = At::topology("components").key(name).key("broker");
            let broker = broker(cx, directory, &at, (id, name), raw);
            messaging.brokers.push(broker);
        }
    }
    for (id, (name, raw)) in raw.iter().enumerate() {
        consumers(cx, directory, links, (id, name, raw), &mut messaging);
    }
    for (id, (name, raw)) in raw.iter().enumerate() {
        schedules(cx, directory, (id, name, raw), &mut messaging);
    }
    check_subjects(cx, directory, &messaging);
    check_taken(cx, directory, &messaging);
    messaging
}

fn broker(
    cx: &mut Context<'_>,
    directory: &Directory,
    at: &At,
    (component, name): (ComponentId, &str),
    raw: &RawBroker,
) -> Broker {
    let kind = broker_kind(cx, directory, at, name, raw);
    check_broker(cx, at, raw, &kind);
    let positive = |cx: &mut Context<'_>, key: &str, text: Option<&crate::spec::scalar::CountText>| {
        let at = at.key(key);
        let count = text.and_then(|text| cx.count_or_unlimited(&at, text)).flatten();
        count.and_then(|count| cx.within(&at, &format!("`{key}`"), count, 1..=u64::MAX))
    };
    let receives_max = raw
        .max_receives
        .and_then(|count| cx.within(&at.key("max-receives"), "`max-receives`", count, 1..=RECEIVES_MAX));
    let dead_letter =
        raw.dead_letter.as_ref().and_then(|to| queue_named(cx, directory, &at.key("dead-letter"), to, name));
    let span = |cx: &mut Context<'_>, key: &str, text: Option<&SpanText>| {
        text.and_then(|text| cx.span_above_zero(&at.key(key), &format!("`{key}`"), text))
    };
    span(cx, "visibility-timeout", raw.visibility_timeout.as_ref());
    let redrive_rate = raw.redrive_rate.as_ref().and_then(|text| {
        let at = at.key("redrive-rate");
        cx.rate(&at, text).and_then(|rate| cx.above_zero(&at, "`redrive-rate`", rate))
    });
    Broker {
        name: name.to_owned(),
        component,
        kind,
        capacity: positive(cx, "capacity", raw.capacity.as_ref()),
        full: match raw.full.unwrap_or(RawFull::Reject) {
            RawFull::Reject => Full::Reject,
            RawFull::DropOldest => Full::DropOldest,
            RawFull::DropNewest => Full::DropNewest,
        },
        newest_first: raw.order == Some(RawOrder::Lifo),
        group: raw.group.as_ref().and_then(|entity| directory.entity(cx, &at.key("group"), entity)),
        retention: span(cx, "retention", raw.retention.as_ref()),
        receives_max,
        dead_letter,
        in_flight_max: positive(cx, "in-flight", raw.in_flight.as_ref()),
        delivery: cx.time_law_opt(&at.key("delivery"), raw.delivery.as_ref()),
        duplicates: raw
            .duplicates
            .as_ref()
            .and_then(|text| cx.share(&at.key("duplicates"), text))
            .unwrap_or(0.0),
        deduplicate: span(cx, "deduplicate", raw.deduplicate.as_ref()),
        is_durable: raw.durable.unwrap_or(true),
        redrive_rate,
    }
}

fn broker_kind(
    cx: &mut Context<'_>,
    directory: &Directory,
    at: &At,
    name: &str,
    raw: &RawBroker,
) -> BrokerKind {
    match (&raw.topic, raw.ephemeral.unwrap_or(false)) {
        (None, false) => BrokerKind::Queue,
        (None, true) => BrokerKind::Ephemeral,
        (Some(queues), is_ephemeral) => {
            if is_ephemeral {
                let message = "`topic` and `ephemeral` exclude each other";
                cx.error(codes::CONTRADICTION, &at.key("ephemeral"), message, "");
            }
            BrokerKind::Topic { subscribers: subscribers(cx, directory, &at.key("topic"), queues, name) }
        }
    }
}

/// Complains of keys that do not go together.
fn check_broker(cx: &mut Context<'_>, at: &At, raw: &RawBroker, kind: &BrokerKind) {
    if *kind != BrokerKind::Queue {
        check_keeps_nothing(cx, at, raw);
    }
    if raw.dead_letter.is_some() && raw.max_receives.is_none() {
        let message = "`dead-letter` needs `max-receives`: without it nothing is ever given up";
        cx.error(codes::MISSING, &at.key("dead-letter"), message, "add `max-receives: 5`");
    }
    if raw.order == Some(RawOrder::Lifo) && raw.group.is_some() {
        let message = "`group` keeps messages in order, and `lifo` hands out the newest first";
        cx.error(codes::CONTRADICTION, &at.key("order"), message, "keep one of them");
    }
}

/// Complains of what only a broker that keeps messages can have.
fn check_keeps_nothing(cx: &mut Context<'_>, at: &At, raw: &RawBroker) {
    let kept = [
        ("capacity", raw.capacity.is_some()),
        ("full", raw.full.is_some()),
        ("order", raw.order.is_some()),
        ("group", raw.group.is_some()),
        ("retention", raw.retention.is_some()),
        ("visibility-timeout", raw.visibility_timeout.is_some()),
        ("max-receives", raw.max_receives.is_some()),
        ("dead-letter", raw.dead_letter.is_some()),
        ("in-flight", raw.in_flight.is_some()),
        ("durable", raw.durable.is_some()),
        ("redrive-rate", raw.redrive_rate.is_some()),
    ];
    for (key, _) in kept.into_iter().filter(|(_, is_given)| *is_given) {
        let message = format!("`{key}` needs a queue, and topics and ephemeral channels keep nothing");
        cx.error(codes::CONTRADICTION, &at.key(key), message, "give it to the queue behind");
    }
}

fn subscribers(
    cx: &mut Context<'_>,
    directory: &Directory,
    at: &At,
    queues: &[String],
    name: &str,
) -> Vec<BrokerId> {
    let mut seen = BTreeSet::new();
    for (index, queue) in queues.iter().enumerate() {
        let at = at.index(index);
        if let Some(broker) = queue_named(cx, directory, &at, queue, name)
            && !seen.insert(broker)
        {
            let message = format!("`{queue}` is subscribed twice");
            cx.error(codes::DUPLICATE, &at, message, "");
        }
    }
    seen.into_iter().collect()
}

/// Another broker that keeps messages, or a complaint.
fn queue_named(
    cx: &mut Context<'_>,
    directory: &Directory,
    at: &At,
    name: &str,
    own: &str,
) -> Option<BrokerId> {
    let component = directory.component(cx, at, name)?;
    let raw = cx.input.topology.components[component].broker.as_ref();
    let is_queue = raw.is_some_and(|raw| raw.topic.is_none() && raw.ephemeral != Some(true));
    if !is_queue {
        let message = format!("`{name}` keeps no messages");
        cx.error(codes::NO_MECHANISM, at, message, format!("give `{name}` a plain `broker: {{}}`"));
        return None;
    }
    if name == own {
        cx.error(codes::CONTRADICTION, at, "a broker cannot hand messages to itself", "");
        return None;
    }
    directory.components[component].broker
}

fn consumers(
    cx: &mut Context<'_>,
    directory: &Directory,
    links: &Links,
    (component, name, raw): (ComponentId, &str, &RawComponent),
    messaging: &mut Messaging,
) {
    for (from, raw) in &raw.consumes {
        let at = At::topology("components").key(name).key("consumes").key(from);
        let from = if from == OWN { name } else { from };
        let Some(source) = directory.component(cx, &at, from) else { continue };
        let Some(broker) = directory.components[source].broker else {
            let message = format!("`{from}` has no messages to take");
            cx.error(codes::NO_MECHANISM, &at, message, format!("give `{from}` a `broker:`"));
            continue;
        };
        let places = (directory.components[component].place, directory.components[source].place);
        check_linked(cx, directory, links, &at, places);
        if matches!(messaging.brokers[broker].kind, BrokerKind::Topic { .. }) {
            let message = format!("`{from}` is a topic and keeps nothing to take");
            cx.error(codes::NO_MECHANISM, &at, message, "subscribe a queue to it and take from that");
        }
        let runs = runs(cx, directory, &at, component, raw);
        let visibility = cx.input.topology.components[source].broker.as_ref();
        let visibility = visibility.and_then(|raw| raw.visibility_timeout.as_ref());
        if let (Some(consumer), Some(runs)) = (consumer(cx, &at, raw, visibility), runs) {
            messaging.consumers.push(Consumer { component, broker, runs, ..consumer });
        }
    }
}

fn check_linked(
    cx: &mut Context<'_>,
    directory: &Directory,
    links: &Links,
    at: &At,
    (here, there): (PlaceId, PlaceId),
) {
    let is_linked = |from, to| links.list.iter().any(|link| link.from == from && link.to == to);
    if here == there || links.is_partial || (is_linked(here, there) && is_linked(there, here)) {
        return;
    }
    let (here, there) = (&directory.places[here], &directory.places[there]);
    let message = format!("messages go from {there} to {here}, and they are not linked both ways");
    let help =
        format!("add `- {{ between: [{here}, {there}], latency: 1ms }}` to the topology's `network.links`");
    cx.error(codes::NO_LINK, at, message, help);
}

/// What runs for a message: the operation named, the only one, or the one its subject names.
fn runs(
    cx: &mut Context<'_>,
    directory: &Directory,
    at: &At,
    component: ComponentId,
    raw: &RawConsumer,
) -> Option<Runs> {
    if let Some(name) = &raw.operation {
        return directory.operation(cx, &at.key("operation"), component, name).map(Runs::One);
    }
    let entry = &directory.components[component];
    match entry.declared {
        0 => {
            let message = format!("`{}` has no operation to run for a message", entry.name);
            cx.error(codes::WHICH_OPERATION, at, message, "give it `operations:`");
            None
        }
        1 => Some(Runs::One(0)),
        declared => {
            let all = entry.operations.iter().take(declared).cloned();
            Some(Runs::BySubject(all.zip(0..).collect()))
        }
    }
}

/// A consumer's own settings; who takes what from whom is filled in by the caller.
fn consumer(
    cx: &mut Context<'_>,
    at: &At,
    raw: &RawConsumer,
    visibility: Option<&SpanText>,
) -> Option<Consumer> {
    let concurrency = match &raw.concurrency {
        None => Some(1),
        text => cx.small_count_or_unlimited(&at.key("concurrency"), "`concurrency`", text.as_ref(), 1),
    };
    let batch_max = cx.within(&at.key("batch"), "`batch`", raw.batch.unwrap_or(1), 1..=BATCH_MAX);
    let own = raw
        .visibility_timeout
        .as_ref()
        .map(|text| cx.span_above_zero(&at.key("visibility-timeout"), "`visibility-timeout`", text));
    let visibility = match own {
        Some(own) => own?,
        // The broker's own was complained about where it stands.
        None => visibility
            .and_then(|text| crate::units::parse::span(text.as_str()).ok())
            .unwrap_or(VISIBILITY_DEFAULT),
    };
    let timeout = raw.timeout.as_ref().map(|text| cx.span_above_zero(&at.key("timeout"), "`timeout`", text));
    let backoff = raw.backoff.as_ref().map(|text| step_backoff(cx, &at.key("backoff"), Some(text)));
    if raw.batch_wait.is_some() && raw.batch.unwrap_or(1) == 1 {
        let message = "`batch-wait` changes nothing with batches of one";
        cx.warning(codes::NO_EFFECT, &at.key("batch-wait"), message, "add `batch: 10`");
    }
    Some(Consumer {
        component: 0,
        broker: 0,
        runs: Runs::One(0),
        concurrency,
        batch_max: batch_max?,
        batch_wait: cx.span_or(&at.key("batch-wait"), raw.batch_wait.as_ref(), SimSpan::ZERO),
        whole_batch: raw.whole_batch.unwrap_or(false),
        visibility,
        has_heartbeat: raw.heartbeat.unwrap_or(false),
        timeout: match timeout {
            Some(timeout) => Some(timeout?),
            None => None,
        },
        backoff: match backoff {
            Some(backoff) => Some(backoff?),
            None => None,
        },
    })
}

fn schedules(
    cx: &mut Context<'_>,
    directory: &Directory,
    (component, name, raw): (ComponentId, &str, &RawComponent),
    messaging: &mut Messaging,
) {
    for (key, raw) in &raw.schedules {
        let at = At::topology("components").key(name).key("schedules").key(key);
        let table = resolve_timetable(cx, &at, raw);
        let operation = raw.operation.as_ref().unwrap_or(key);
        let operation = directory.operation(cx, &at.key("operation"), component, operation);
        let jitter = cx.span_or(&at.key("jitter"), raw.jitter.as_ref(), SimSpan::ZERO);
        let consumer = schedule_consumer(cx, &at, raw);
        let attempts =
            cx.within(&at.key("attempts"), "`attempts`", raw.attempts.unwrap_or(1), 1..=RECEIVES_MAX);
        let (Some(table), Some(operation), Some(consumer), Some(attempts)) =
            (table, operation, consumer, attempts)
        else {
            continue;
        };
        let broker = messaging.brokers.len();
        messaging.brokers.push(schedule_broker(format!("{name}.{key}"), component, attempts));
        messaging.consumers.push(Consumer { component, broker, runs: Runs::One(operation), ..consumer });
        messaging.timers.push(Timer {
            broker,
            component,
            table,
            jitter,
            overlap: overlap(raw),
            missed: match raw.missed.unwrap_or(RawMissed::Skip) {
                RawMissed::Skip => Missed::Skip,
                RawMissed::Once => Missed::Once,
                RawMissed::All => Missed::All,
            },
        });
    }
}

fn overlap(raw: &RawSchedule) -> Overlap {
    match raw.overlap.unwrap_or(RawOverlap::Allow) {
        RawOverlap::Allow => Overlap::Allow,
        RawOverlap::Skip => Overlap::Skip,
        RawOverlap::Queue => Overlap::Queue,
    }
}

/// A schedule's runs are kept like messages, so that retries and crashes mean the same.
fn schedule_broker(name: String, component: ComponentId, attempts: u32) -> Broker {
    Broker {
        name,
        component,
        kind: BrokerKind::Schedule,
        capacity: None,
        full: Full::Reject,
        newest_first: false,
        group: None,
        retention: None,
        receives_max: Some(attempts),
        dead_letter: None,
        in_flight_max: None,
        delivery: None,
        duplicates: 0.0,
        deduplicate: None,
        is_durable: true,
        redrive_rate: None,
    }
}

fn schedule_consumer(cx: &mut Context<'_>, at: &At, raw: &RawSchedule) -> Option<Consumer> {
    let as_consumer = RawConsumer {
        visibility_timeout: raw.stalled_after.clone(),
        timeout: raw.timeout.clone(),
        backoff: Some(raw.backoff.clone().unwrap_or(crate::spec::scalar::BackoffText("none".to_owned()))),
        ..RawConsumer::default()
    };
    let consumer = consumer(cx, at, &as_consumer, None)?;
    Some(Consumer { concurrency: None, has_heartbeat: true, ..consumer })
}

/// Brokers to which messages published at one come, itself first.
fn reached(messaging: &Messaging, from: BrokerId) -> Vec<BrokerId> {
    let mut reached = vec![from];
    let mut next = 0;
    while next < reached.len() {
        let broker = &messaging.brokers[reached[next]];
        let mut onward: Vec<BrokerId> = broker.dead_letter.into_iter().collect();
        if let BrokerKind::Topic { subscribers } = &broker.kind {
            onward.extend(subscribers);
        }
        for broker in onward {
            if !reached.contains(&broker) {
                reached.push(broker);
            }
        }
        next += 1;
    }
    reached
}

/// Complains of messages whose subject names no operation where only the subject says what runs.
fn check_subjects(cx: &mut Context<'_>, directory: &Directory, messaging: &Messaging) {
    for publish in &directory.messages.publishes {
        let reached = reached(messaging, publish.broker);
        for consumer in messaging.consumers.iter().filter(|consumer| reached.contains(&consumer.broker)) {
            let Runs::BySubject(operations) = &consumer.runs else { continue };
            let taker = &directory.components[consumer.component].name;
            match &publish.subject {
                None => {
                    let message =
                        format!("`{taker}` takes this message and cannot tell which operation to run");
                    let help = "give the message a `subject`, or the consumer an `operation`";
                    cx.error(codes::WHICH_OPERATION, &publish.at, message, help);
                }
                Some(subject) if !operations.iter().any(|(name, _)| name == subject) => {
                    let what = format!("operation of `{taker}` called");
                    let names: Vec<String> = operations.iter().map(|(name, _)| name.clone()).collect();
                    cx.unknown(&publish.at.key("subject"), &what, subject, names.iter().map(String::as_str));
                }
                Some(_) => {}
            }
        }
    }
}

/// Warns of queues that only grow.
fn check_taken(cx: &mut Context<'_>, directory: &Directory, messaging: &Messaging) {
    let mut filled: BTreeSet<BrokerId> = BTreeSet::new();
    for publish in &directory.messages.publishes {
        filled.extend(reached(messaging, publish.broker));
    }
    for id in filled {
        let broker = &messaging.brokers[id];
        let is_taken = messaging.consumers.iter().any(|consumer| consumer.broker == id);
        let keeps_dead = messaging.brokers.iter().any(|other| other.dead_letter == Some(id));
        let (what, help) = match &broker.kind {
            BrokerKind::Topic { subscribers } if subscribers.is_empty() => {
                ("no queue is subscribed to", "list queues under `topic`")
            }
            BrokerKind::Topic { .. } => continue,
            _ if is_taken || keeps_dead || directory.messages.redriven.contains(&id) => continue,
            _ => ("nobody takes messages from", "give a component `consumes:`"),
        };
        let at = At::topology("components").key(&broker.name).key("broker");
        cx.warning(codes::NO_EFFECT, &at, format!("{what} `{}`", broker.name), help);
    }
}
