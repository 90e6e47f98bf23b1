//! Load: who sends it, when requests come, and in which classes.

use super::attributes::attributes_of_load;
use super::codes;
use super::context::{At, Context};
use super::control_steps::SHARE_SLACK;
use super::curves::resolve_curve;
use super::data_file::read_timestamps;
use super::directory::{Directory, check_names};
use super::model::{
    Client, ClientId, PRIORITY_DEFAULT, PRIORITY_MAX, RateCurve, Source, UserClass, Workload,
};
use super::sessions::{check_session_loads, session_source};
use crate::dist::Law;
use crate::spec::law::{LawUnit, parse_law};
use crate::spec::raw::{RawClass, RawLoad};
use crate::units::{SimSpan, SimTime};
use indexmap::IndexMap;

/// All load, in order.
pub(super) fn resolve_loads(
    cx: &mut Context<'_>,
    directory: &Directory,
    duration: SimSpan,
    clients: &[Client],
) -> Vec<Workload> {
    let at = At::scenario("load");
    let raw = &cx.input.scenario.load;
    check_names(cx, &at, raw.keys());
    if raw.is_empty() {
        let message = "there is no load, so nothing happens";
        cx.warning(
            codes::NO_LOAD,
            &At::scenario(""),
            message,
            "add `load:` with a client's name and a `rate`",
        );
    }
    let loads = raw.iter().filter_map(|(name, raw)| load(cx, directory, &at.key(name), name, raw, duration));
    let loads = loads.collect::<Vec<Workload>>();
    check_session_loads(cx, clients, &loads);
    loads
}

fn load(
    cx: &mut Context<'_>,
    directory: &Directory,
    at: &At,
    name: &str,
    raw: &RawLoad,
    duration: SimSpan,
) -> Option<Workload> {
    let client = client(cx, directory, at, name, raw);
    let source = source(cx, at, raw, duration);
    let batch = batch(cx, at, raw);
    let classes = classes(cx, &at.key("classes"), &raw.classes);
    let attributes = attributes_of_load(cx, directory, &at.key("attributes"), &raw.attributes);
    let (client, source) = (client?, source?);
    if is_silent(&source, duration) {
        cx.warning(codes::NO_LOAD, at, format!("`{name}` never sends anything"), "");
    }
    Some(Workload { name: name.to_owned(), client, source, batch, attributes, classes })
}

fn client(
    cx: &mut Context<'_>,
    directory: &Directory,
    at: &At,
    name: &str,
    raw: &RawLoad,
) -> Option<ClientId> {
    let wanted = raw.client.as_deref().unwrap_or(name);
    let found = directory.client_named(wanted);
    if found.is_none() {
        let clients = || directory.clients.keys().map(String::as_str);
        if raw.client.is_some() {
            cx.unknown(&at.key("client"), "client", wanted, clients());
        } else {
            let message = format!("load `{name}` does not say its client, and no client is called `{name}`");
            let help = format!("add `client:`; {}", cx.suggest(name, clients()));
            cx.error(codes::UNKNOWN_NAME, at, message, help);
        }
    }
    found
}

fn source(cx: &mut Context<'_>, at: &At, raw: &RawLoad, duration: SimSpan) -> Option<Source> {
    let given = [
        ("rate", raw.rate.is_some()),
        ("modulated", !raw.modulated.is_empty()),
        ("timestamps", raw.timestamps.is_some()),
        ("users", raw.users.is_some()),
        ("sessions", raw.sessions.is_some()),
    ];
    let given: Vec<&str> = given.iter().filter(|(_, is_given)| *is_given).map(|(key, _)| *key).collect();
    let [kind] = given.as_slice() else {
        let message = "load needs exactly one of `rate`, `modulated`, `timestamps`, `users` and `sessions`";
        let help = if given.is_empty() {
            "such as `rate: 100/s`".to_owned()
        } else {
            format!("it has {}", given.join(" and "))
        };
        cx.error(codes::CONTRADICTION, at, message, help);
        return None;
    };
    let only_with = |cx: &mut Context<'_>, key: &str, is_given: bool, with: &str| {
        if is_given && *kind != with {
            let message = format!("`{key}` goes with `{with}`, not with `{kind}`");
            cx.error(codes::CONTRADICTION, &at.key(key), message, "");
        }
    };
    only_with(cx, "arrivals", raw.arrivals.is_some(), "rate");
    only_with(cx, "think", raw.think.is_some(), "users");
    match *kind {
        "rate" => open_source(cx, at, raw, duration),
        "modulated" => modulated_source(cx, at, raw),
        "timestamps" => {
            let file = raw.timestamps.as_deref().unwrap_or_default();
            read_timestamps(cx, &at.key("timestamps"), file, duration).map(|at| Source::Replay { at })
        }
        "sessions" => {
            let raw = raw.sessions.as_ref();
            raw.and_then(|raw| session_source(cx, &at.key("sessions"), raw, duration))
        }
        _ => closed_source(cx, at, raw),
    }
}

fn open_source(cx: &mut Context<'_>, at: &At, raw: &RawLoad, duration: SimSpan) -> Option<Source> {
    let curve = raw.rate.as_ref().and_then(|rate| resolve_curve(cx, &at.key("rate"), rate, duration));
    let gaps = gaps(cx, &at.key("arrivals"), raw.arrivals.as_deref().unwrap_or("poisson"));
    Some(Source::Open { gaps: gaps?, curve: curve? })
}

/// Gaps between arrivals at rate 1: any law, scaled so that its mean is 1.
fn gaps(cx: &mut Context<'_>, at: &At, text: &str) -> Option<Law> {
    match text {
        "poisson" => return Some(Law::Exponential { mean: 1.0 }),
        "deterministic" => return Some(Law::Constant(1.0)),
        _ => {}
    }
    if parse_law(text, LawUnit::Time).is_err() && !text.contains('(') {
        let message = format!("`{text}` is no pattern of arrivals");
        let help = "write `poisson`, `deterministic`, or a law of time such as `erlang(4 1s)`";
        cx.error(codes::BAD_VALUE, at, message, help);
        return None;
    }
    let law = cx.law(at, text, LawUnit::Time)?;
    let mean = law.mean();
    if !(mean.is_finite() && mean > 0.0) {
        cx.error(codes::OUT_OF_RANGE, at, "the gaps' law must have a mean above 0", "");
        return None;
    }
    Some(law.scaled(1.0 / mean))
}

fn modulated_source(cx: &mut Context<'_>, at: &At, raw: &RawLoad) -> Option<Source> {
    let mut phases = Vec::with_capacity(raw.modulated.len());
    for (index, phase) in raw.modulated.iter().enumerate() {
        let at = at.key("modulated").index(index);
        let rate = cx.rate(&at.key("rate"), &phase.rate);
        let length = cx.time_law(&at.key("for"), &phase.length);
        phases.push((rate?, length?));
    }
    let mean = phases.iter().map(|(_, length)| length.mean()).sum::<f64>();
    if mean < 1.0 {
        // Phases of no length would change for ever without time passing.
        cx.error(codes::OUT_OF_RANGE, &at.key("modulated"), "the phases must last longer than 0s", "");
        return None;
    }
    Some(Source::Modulated { phases })
}

fn closed_source(cx: &mut Context<'_>, at: &At, raw: &RawLoad) -> Option<Source> {
    if raw.batch.is_some() {
        let message = "`batch` does not go with `users`: a user sends one request at a time";
        cx.error(codes::CONTRADICTION, &at.key("batch"), message, "raise `users`");
    }
    let think = match &raw.think {
        None => Some(Law::Constant(0.0)),
        Some(text) => cx.time_law(&at.key("think"), text),
    };
    Some(Source::Closed { users: raw.users.unwrap_or(0), think: think? })
}

fn batch(cx: &mut Context<'_>, at: &At, raw: &RawLoad) -> Option<Law> {
    raw.batch.as_ref().and_then(|text| cx.count_law(&at.key("batch"), text))
}

fn classes(cx: &mut Context<'_>, at: &At, raw: &IndexMap<String, RawClass>) -> Vec<UserClass> {
    check_names(cx, at, raw.keys());
    let mut classes = Vec::with_capacity(raw.len());
    for (name, class) in raw {
        let at = at.key(name);
        let priority = class.priority.unwrap_or(PRIORITY_DEFAULT);
        cx.within(&at.key("priority"), "`priority`", priority, 0..=PRIORITY_MAX);
        let probability = cx.share(&at.key("share"), &class.share).unwrap_or(0.0);
        classes.push(UserClass { name: name.clone(), probability, priority });
    }
    let total: f64 = classes.iter().map(|class| class.probability).sum();
    if !classes.is_empty() && (total - 1.0).abs() > SHARE_SLACK {
        let message = format!("the classes' shares sum to {:.6}%, not to 100%", total * 100.0);
        cx.error(codes::BAD_SHARES, at, message, "");
    }
    classes
}

fn is_silent(source: &Source, duration: SimSpan) -> bool {
    match source {
        Source::Open { curve, .. } => is_zero(curve, duration),
        Source::Modulated { phases } => phases.iter().all(|(rate, _)| *rate == 0.0),
        Source::Replay { at } => at.is_empty(),
        Source::Closed { users, .. } => *users == 0,
        Source::Sessions(load) => {
            load.population == 0 && load.curve.as_ref().is_none_or(|curve| is_zero(curve, duration))
        }
    }
}

fn is_zero(curve: &RateCurve, duration: SimSpan) -> bool {
    let end = SimTime::ZERO + duration;
    curve.points.iter().take_while(|(at, _)| *at <= end).all(|(_, rate)| *rate == 0.0)
        && curve.points.iter().find(|(at, _)| *at > end).is_none_or(|(_, rate)| *rate == 0.0)
}
