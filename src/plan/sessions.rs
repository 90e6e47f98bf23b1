//! Sessions: what components allow, what clients hold, how many there are, and broadcasts.

use super::codes;
use super::context::{At, Context};
use super::curves::resolve_curve;
use super::model::{
    Admission, Amount, Backoff, Broadcast, Bucket, Client, ClientSessions, Component, Excess, Heartbeat,
    Holding, Journey, Recipients, SessionLoad, SessionRules, SessionStart, Source, Step, Workload,
};
use super::policy::step_backoff;
use super::steps::{List, Salts, StepBuilder};
use crate::dist::Law;
use crate::spec::raw::{
    RawBroadcast, RawClientSessions, RawHeartbeat, RawReconnect, RawSessionLoad, RawSessionLoadDetails,
    RawSessionStart, RawSessionState, RawSessions,
};
use crate::spec::scalar::TargetText;
use crate::units::SimSpan;

/// Name of the journey that opens a session, and of the limit on such journeys.
const CONNECT: &str = "connect";
/// Name of the journey that opens one again.
const RESUME: &str = "resume";
/// Most users of all session loads together: each may need a record while it is not connected.
const USERS_MAX: u64 = 20_000_000;
/// Most misses of heartbeats.
const MISSES_MAX: u32 = 1000;
/// Pause after each failed try of a client that states none.
const BACKOFF_DEFAULT: Backoff =
    Backoff::FullJitter { base: SimSpan::from_secs(1), cap: SimSpan::from_secs(60) };
/// Time over which an empty population connects if it is not said.
const OVER_DEFAULT: SimSpan = SimSpan::from_secs(60);

/// What a component allows; its connect rate becomes an admission limit once it is known what connects.
pub(super) fn session_rules(
    cx: &mut Context<'_>,
    at: &At,
    raw: &RawSessions,
    holding: &Holding,
) -> SessionRules {
    let positive = |cx: &mut Context<'_>, key: &str, text: Option<&crate::spec::scalar::SpanText>| {
        text.and_then(|text| cx.span_above_zero(&at.key(key), &format!("`{key}`"), text))
    };
    let lifetime = cx.time_law_opt(&at.key("max-lifetime"), raw.max_lifetime.as_ref());
    if let Some(law) = &lifetime
        && law.mean() < SimSpan::from_millis(1).0 as f64
    {
        let message = "sessions that live less than 1ms on average are no sessions";
        cx.error(codes::OUT_OF_RANGE, &at.key("max-lifetime"), message, "");
    }
    let cost = cx.span_or(&at.key("heartbeat-cost"), raw.heartbeat_cost.as_ref(), SimSpan::ZERO);
    if cost > SimSpan::ZERO && matches!(holding, Holding::Threads { cores: None, .. }) {
        let message = "`heartbeat-cost` changes nothing where each thread has a core of its own";
        cx.warning(codes::NO_EFFECT, &at.key("heartbeat-cost"), message, "give the component `cores`");
    }
    SessionRules {
        per_replica: cx.small_count_or_unlimited(
            &at.key("per-replica"),
            "`per-replica`",
            raw.per_replica.as_ref(),
            1,
        ),
        idle_timeout: positive(cx, "idle-timeout", raw.idle_timeout.as_ref()),
        max_lifetime: lifetime,
        drain: cx.span_or(&at.key("drain"), raw.drain.as_ref(), SimSpan::ZERO),
        dies_with_replica: raw.state == Some(RawSessionState::Replica),
        heartbeat_cost: cost,
        bandwidth: raw.bandwidth.as_ref().and_then(|text| {
            let bandwidth = cx.bandwidth(&at.key("bandwidth"), text)?;
            cx.above_zero(&at.key("bandwidth"), "`bandwidth`", bandwidth)
        }),
    }
}

/// What a client holds, and the journeys that open a session: nobody takes them by chance.
pub(super) fn client_sessions(
    builder: &mut StepBuilder<'_, '_>,
    raw: &RawClientSessions,
    has_journeys: bool,
) -> Option<(ClientSessions, Vec<Journey>)> {
    let at = At::topology("clients").key(builder.caller.name).key("sessions");
    let connect = opening(builder, &at.key(CONNECT), CONNECT, &raw.connect);
    let resume = raw.resume.as_ref().map(|target| opening(builder, &at.key(RESUME), RESUME, target));
    let policy = settings(builder.cx, &at, raw, has_journeys);
    let (connect, mut held) = (connect?, policy?);
    held.component = target_of(&connect);
    let mut journeys = vec![connect];
    if let Some(resume) = resume {
        let resume = resume?;
        if target_of(&resume) != held.component {
            let message = "a session is resumed where it was opened, and `resume` names another component";
            builder.cx.error(codes::CONTRADICTION, &at.key(RESUME), message, "");
        }
        held.resume = Some(1);
        journeys.push(resume);
    }
    let component = &builder.directory.components[held.component].name;
    let has_rules = builder.cx.input.topology.components.get(component);
    if has_rules.is_some_and(|raw| raw.sessions.is_none()) {
        let message = format!("`{component}` takes no sessions");
        let help = format!("give `{component}` a `sessions: {{}}`");
        builder.cx.error(codes::NO_MECHANISM, &at.key(CONNECT), message, help);
    }
    let own = &builder.cx.input.topology.clients[builder.caller.name].journeys;
    for taken in journeys.iter().map(|journey| journey.name.as_str()).filter(|name| own.contains_key(*name)) {
        let message = format!("`{taken}` is the journey that `sessions` makes itself");
        let at = At::topology("clients").key(builder.caller.name).key("journeys").key(taken);
        builder.cx.error(codes::DUPLICATE, &at, message, "call yours something else");
    }
    Some((held, journeys))
}

fn opening(builder: &mut StepBuilder<'_, '_>, at: &At, name: &str, target: &TargetText) -> Option<Journey> {
    let list = List::journey(at.clone(), name);
    let call = builder.call(at, target.as_str(), &list, "call", &mut Salts::default())?;
    Some(Journey { name: name.to_owned(), probability: 0.0, steps: vec![Step::Call(call)] })
}

fn target_of(journey: &Journey) -> usize {
    journey.steps.first().and_then(|step| step.calls().first().map(|call| call.target)).unwrap_or(0)
}

/// Everything but whom a client is connected to.
fn settings(
    cx: &mut Context<'_>,
    at: &At,
    raw: &RawClientSessions,
    has_journeys: bool,
) -> Option<ClientSessions> {
    let within = raw
        .resume_within
        .as_ref()
        .map(|text| cx.span_above_zero(&at.key("resume-within"), "`resume-within`", text));
    if raw.resume_within.is_some() && raw.resume.is_none() {
        let message = "`resume-within` needs `resume`";
        cx.error(codes::MISSING, &at.key("resume-within"), message, "name the operation that resumes");
    }
    let vanish = cx.share_or(&at.key("vanish"), raw.vanish.as_ref(), 0.0);
    let heartbeat = raw.heartbeat.as_ref().map(|raw| heartbeat(cx, &at.key("heartbeat"), raw));
    let messages = raw.messages.as_ref().map_or(Some(0.0), |text| cx.rate(&at.key("messages"), text));
    if messages.is_some_and(|rate| rate > 0.0) && !has_journeys {
        let message = "sessions send `messages`, and the client has no journeys";
        cx.error(codes::MISSING, &at.key("messages"), message, "say what a message does under `journeys`");
    }
    if has_journeys && messages == Some(0.0) {
        let message = "no session ever takes one of the client's journeys";
        cx.warning(codes::NO_EFFECT, at, message, "add `messages: 1/min`, the rate of one session");
    }
    let (after, backoff, attempts_max) = reconnect(cx, &at.key("reconnect"), raw.reconnect.as_ref())?;
    Some(ClientSessions {
        component: 0,
        connect: 0,
        resume: None,
        resume_within: match within {
            Some(within) => Some(within?),
            None => None,
        },
        stay: cx.time_law_opt(&at.key("stay"), raw.stay.as_ref()),
        vanish: vanish?,
        heartbeat: match heartbeat {
            Some(heartbeat) => Some(heartbeat?),
            None => None,
        },
        messages_per_sec: messages?,
        after,
        backoff,
        attempts_max,
    })
}

fn heartbeat(cx: &mut Context<'_>, at: &At, raw: &RawHeartbeat) -> Option<Heartbeat> {
    let details = match raw {
        RawHeartbeat::Every(text) => {
            let every = cx.span_above_zero(at, "`heartbeat`", text)?;
            return Some(Heartbeat { every, timeout: every, misses: 1 });
        }
        RawHeartbeat::Details(details) => details,
    };
    let every = cx.span_above_zero(&at.key("every"), "`every`", &details.every);
    let timeout = match &details.timeout {
        None => every,
        Some(text) => cx.span_above_zero(&at.key("timeout"), "`timeout`", text),
    };
    let misses = cx.within(&at.key("misses"), "`misses`", details.misses.unwrap_or(1), 1..=MISSES_MAX);
    Some(Heartbeat { every: every?, timeout: timeout?, misses: misses? })
}

fn reconnect(
    cx: &mut Context<'_>,
    at: &At,
    raw: Option<&RawReconnect>,
) -> Option<(Law, Backoff, Option<u32>)> {
    let none = RawReconnect::default();
    let raw = raw.unwrap_or(&none);
    let after = match &raw.after {
        None => Some(Law::Constant(0.0)),
        Some(text) => cx.time_law(&at.key("after"), text),
    };
    let backoff = match &raw.backoff {
        None => Some(BACKOFF_DEFAULT),
        text => step_backoff(cx, &at.key("backoff"), text.as_ref()),
    };
    if backoff.is_some_and(is_restless) {
        let message = "a refused client would come back at once, for ever";
        cx.error(codes::OUT_OF_RANGE, &at.key("backoff"), message, "such as `full-jitter(1s 1m)`");
    }
    let attempts = match &raw.attempts {
        None => None,
        text => cx.small_count_or_unlimited(&at.key("attempts"), "`attempts`", text.as_ref(), 1),
    };
    Some((after?, backoff?, attempts))
}

/// Whether a pause can be so short that tries would follow each other without time passing.
fn is_restless(backoff: Backoff) -> bool {
    let shortest = SimSpan::from_millis(1);
    match backoff {
        Backoff::None => true,
        Backoff::Fixed(pause) => pause < shortest,
        Backoff::Exponential { base, .. }
        | Backoff::FullJitter { base, .. }
        | Backoff::EqualJitter { base, .. }
        | Backoff::Decorrelated { base, .. } => base < shortest,
    }
}

/// Sessions as load.
pub(super) fn session_source(
    cx: &mut Context<'_>,
    at: &At,
    raw: &RawSessionLoad,
    duration: SimSpan,
) -> Option<Source> {
    let none = RawSessionLoadDetails::default();
    let (count, count_at, details) = match raw {
        RawSessionLoad::Population(count) => (Some(count), at.clone(), &none),
        RawSessionLoad::Details(details) => (details.population.as_ref(), at.key("population"), details),
    };
    let population = count.map_or(Some(0), |text| cx.count(&count_at, "the number of sessions", text));
    let population = cx.within(&count_at, "the number of sessions", population?, 0..=USERS_MAX);
    let curve = details.rate.as_ref().map(|rate| resolve_curve(cx, &at.key("rate"), rate, duration));
    if count.is_none() && details.rate.is_none() {
        cx.error(codes::MISSING, at, "sessions need a `population`, a `rate` or both", "");
        return None;
    }
    if details.over.is_some() && details.start != Some(RawSessionStart::Empty) {
        let message = "`over` needs `start: empty`";
        cx.error(codes::CONTRADICTION, &at.key("over"), message, "");
    }
    let over = match &details.over {
        None => Some(OVER_DEFAULT),
        Some(text) => cx.span_above_zero(&at.key("over"), "`over`", text),
    };
    Some(Source::Sessions(SessionLoad {
        population: population?,
        curve: match curve {
            Some(curve) => Some(curve?),
            None => None,
        },
        start: match details.start.unwrap_or(RawSessionStart::Steady) {
            RawSessionStart::Steady => SessionStart::Steady,
            RawSessionStart::Fresh => SessionStart::Fresh,
            RawSessionStart::Empty => SessionStart::Empty { over: over? },
        },
    }))
}

impl StepBuilder<'_, '_> {
    /// A step that sends something to sessions.
    pub(super) fn broadcast(
        &mut self,
        at: &At,
        raw: &RawBroadcast,
        list: &List,
        salts: &mut Salts,
    ) -> Option<Step> {
        let salt = salts.next(list, "broadcast");
        let own = self.cx.input.topology.components.get(self.caller.name).filter(|_| !list.is_journey());
        if own.is_none_or(|own| own.sessions.is_none()) {
            let message = "only a component with `sessions` has somebody to broadcast to";
            self.cx.error(codes::NO_MECHANISM, at, message, "call an operation of such a component");
        }
        if raw.share.is_some() && raw.recipients.is_some() {
            let message = "`share` and `recipients` exclude each other";
            self.cx.error(codes::CONTRADICTION, &at.key("recipients"), message, "keep one of them");
        }
        let to = match (&raw.recipients, &raw.share) {
            (Some(text), _) => self.cx.count_law(&at.key("recipients"), text).map(Recipients::Count),
            (None, Some(text)) => self.cx.share(&at.key("share"), text).map(Recipients::Share),
            (None, None) => Some(Recipients::Share(1.0)),
        };
        let cost = self.cx.span_or(&at.key("cost"), raw.cost.as_ref(), SimSpan::ZERO);
        let bytes = raw.bytes.as_ref().map_or(Some(0), |text| self.cx.bytes(&at.key("bytes"), text));
        Some(Step::Broadcast(Box::new(Broadcast { salt, to: to?, cost, bytes: bytes? })))
    }
}

/// Complains of sessions to instances that are made for a request and go with it.
fn check_stays(cx: &mut Context<'_>, at: &At, component: &Component) {
    if component.serverless.is_some() {
        let message = format!("`{}` is `serverless`: its instances hold no connection", component.name);
        cx.error(codes::CONTRADICTION, at, message, "hold sessions at a gateway in front of it");
    }
}

/// Turns connect rates into limits of admission: only what opens a session counts.
pub(super) fn limit_connects(cx: &mut Context<'_>, components: &mut [Component], clients: &[Client]) {
    for (id, component) in components.iter_mut().enumerate() {
        let Some(raw) =
            cx.input.topology.components.get(&component.name).and_then(|raw| raw.sessions.as_ref())
        else {
            continue;
        };
        let at = At::topology("components").key(&component.name).key("sessions");
        check_stays(cx, &at, component);
        if raw.connect_burst.is_some() && raw.connect_rate.is_none() {
            let message = "`connect-burst` needs `connect-rate`";
            cx.error(codes::MISSING, &at.key("connect-burst"), message, "");
        }
        let Some(text) = &raw.connect_rate else { continue };
        let rate = cx.rate(&at.key("connect-rate"), text);
        let rate = rate.and_then(|rate| cx.above_zero(&at.key("connect-rate"), "`connect-rate`", rate));
        let burst = raw
            .connect_burst
            .as_ref()
            .map(|text| cx.number_above_zero(&at.key("connect-burst"), "`connect-burst`", text));
        let Some(rate) = rate else { continue };
        let burst = match burst {
            Some(Some(burst)) => burst.max(1.0),
            Some(None) => continue,
            None => rate.max(1.0),
        };
        let mut costs = vec![0.0; component.operations.len()];
        for call in clients.iter().filter_map(|client| Some((client, client.sessions.as_ref()?))).flat_map(
            |(client, held)| {
                let journeys = [Some(held.connect), held.resume];
                journeys.into_iter().flatten().flat_map(|journey| client.journeys[journey].steps[0].calls())
            },
        ) {
            if call.target == id {
                costs[call.operation] = 1.0;
            }
        }
        // Clients whose sessions are mistaken have been told so, and may be the ones that are missing.
        let written = cx.input.topology.clients.values().filter(|client| client.sessions.is_some()).count();
        let understood = clients.iter().filter(|client| client.sessions.is_some()).count();
        if !costs.contains(&1.0) && written == understood {
            let message = format!("no client opens sessions to `{}`", component.name);
            cx.warning(codes::NO_EFFECT, &at.key("connect-rate"), message, "");
        }
        component.admission.push(Admission {
            name: CONNECT.to_owned(),
            bucket: Bucket { rate_per_sec: rate, burst, stretch: None },
            costs: costs.into_iter().map(Amount::from).collect(),
            excess: Excess::Reject,
            retry_after: true,
            each: None,
        });
    }
}

/// Complains of clients and loads of which only one knows about sessions.
pub(super) fn check_session_loads(cx: &mut Context<'_>, clients: &[Client], workloads: &[Workload]) {
    let mut users: u64 = 0;
    for workload in workloads {
        let client = &clients[workload.client];
        let at = At::scenario("load").key(&workload.name);
        match (&workload.source, &client.sessions) {
            (Source::Sessions(load), Some(held)) => {
                users = users.saturating_add(load.population);
                if load.curve.is_some() && held.stay.is_none() {
                    let message = format!("it is not said how long users of `{}` stay", client.name);
                    let help = "add `stay: exponential(20m)` to the client's `sessions`";
                    cx.error(codes::MISSING, &at.key("sessions"), message, help);
                }
                if workload.batch.is_some() {
                    let message = "`batch` does not go with `sessions`";
                    cx.error(codes::CONTRADICTION, &at.key("batch"), message, "raise their `rate`");
                }
            }
            // Sessions that could not be made sense of have been complained of already.
            (Source::Sessions(_), None)
                if cx.input.topology.clients.get(&client.name).is_some_and(|raw| raw.sessions.is_some()) => {}
            (Source::Sessions(_), None) => {
                let message = format!("client `{}` holds no sessions", client.name);
                let help = "give the client `sessions: { connect: component.operation }`";
                cx.error(codes::NO_MECHANISM, &at.key("sessions"), message, help);
            }
            (_, Some(_)) => {
                let message = format!("client `{}` holds sessions, so its load is `sessions`", client.name);
                cx.error(codes::CONTRADICTION, &at, message, "such as `sessions: 10k`");
            }
            (_, None) => {}
        }
    }
    if users > USERS_MAX {
        let message = format!("there are {users} sessions in all, more than {USERS_MAX}");
        cx.error(codes::TOO_BIG, &At::scenario("load"), message, "");
    }
}
