//! Whom a fault hits: replicas by selector, ends of paths by name.

use super::codes;
use super::context::{At, Context};
use super::faults::World;
use super::model::{Caller, Chance, ComponentId, Effect, Part, ReplicaRef, Schedule};
use super::query::draw_of;
use crate::spec::raw::{RawEnd, RawSelector, RawTarget};

/// The replicas that a target chooses, in order; never none.
pub(super) fn resolve_replicas(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    salt: &str,
    raw: &RawTarget,
) -> Option<Vec<ReplicaRef>> {
    match raw {
        RawTarget::Name(name) => {
            let Some(component) = world.directory.component_named(name) else {
                let is_place = world.directory.places.contains(name);
                if is_place {
                    let message = format!("`{name}` is a place, not a component");
                    cx.error(
                        codes::UNKNOWN_NAME,
                        at,
                        message,
                        format!("write `target: {{ place: {name} }}`"),
                    );
                } else {
                    cx.unknown(at, "component", name, world.directory.component_names());
                }
                return None;
            };
            replicas_of(cx, world, at, &[component])
        }
        RawTarget::Selector(selector) => select(cx, world, at, salt, selector),
    }
}

fn replicas_of(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    components: &[ComponentId],
) -> Option<Vec<ReplicaRef>> {
    let count: u64 = components.iter().map(|id| u64::from(world.components[*id].slots())).sum();
    if !cx.counts_targets(at, count) {
        return None;
    }
    let all = components.iter().copied();
    let all = all.flat_map(|component| {
        (0..world.components[component].slots()).map(move |replica| ReplicaRef { component, replica })
    });
    Some(all.collect())
}

fn select(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    salt: &str,
    raw: &RawSelector,
) -> Option<Vec<ReplicaRef>> {
    if raw.component.is_none() && raw.kind.is_none() && raw.tag.is_none() && raw.place.is_none() {
        let message = "a selector says what to choose by";
        cx.error(codes::MISSING, at, message, "give `component`, `kind`, `tag` or `place`");
        return None;
    }
    let are_known = check_selector_names(cx, world, at, raw);
    let place = raw.place.as_ref().map(|name| world.directory.places.get_index_of(name));
    let fits = |id: ComponentId| {
        let component = &world.components[id];
        raw.component.as_ref().is_none_or(|name| *name == component.name)
            && raw.kind.as_ref().is_none_or(|kind| *kind == component.kind)
            && raw.tag.as_ref().is_none_or(|tag| component.tags.contains(tag))
            && place.is_none_or(|place| place == Some(component.place))
    };
    let chosen: Vec<ComponentId> = (0..world.components.len()).filter(|id| fits(*id)).collect();
    if !are_known {
        return None;
    }
    if chosen.is_empty() {
        let message = "no component fits all of the selector";
        cx.error(codes::NO_TARGET, at, message, "all that is given must fit the same component");
        return None;
    }
    let mut all = replicas_of(cx, world, at, &chosen)?;
    if raw.count.is_some() || raw.percent.is_some() || raw.probability.is_some() {
        // A front desk is no replica.
        let is_desk =
            |one: &ReplicaRef| one.replica == 0 && world.components[one.component].serverless.is_some();
        all.retain(|replica| !is_desk(replica));
    }
    if let Some(zone) = raw.zone {
        let zones = check_zone(cx, world, at, raw, zone)?;
        all.retain(|replica| replica.replica % zones == zone - 1);
        if all.is_empty() {
            cx.error(codes::NO_TARGET, at, format!("no replica is in zone {zone}"), "");
            return None;
        }
    }
    let wanted = match part(cx, at, raw)? {
        None => all.len(),
        Some(Part::Count(count)) if !(1..=all.len()).contains(&(count as usize)) => {
            let message =
                format!("`count` must be from 1 to the {} replicas that fit, not {count}", all.len());
            cx.error(codes::OUT_OF_RANGE, &at.key("count"), message, "");
            return None;
        }
        // Which replicas there will be is known only when the fault begins.
        Some(_) if varies(world, &all) => all.len(),
        Some(part) => part.of(all.len()),
    };
    Some(draw(world, salt, all, wanted))
}

/// Zones of the place whose zone a selector names.
fn check_zone(cx: &mut Context<'_>, world: &World<'_>, at: &At, raw: &RawSelector, zone: u32) -> Option<u32> {
    let Some(place) = &raw.place else {
        cx.error(codes::MISSING, &at.key("zone"), "`zone` needs `place`", "add `place:`");
        return None;
    };
    let zones = world.directory.zones.get(place).copied().unwrap_or(1);
    cx.within(&at.key("zone"), "`zone`", zone, 1..=zones)?;
    Some(zones)
}

fn check_selector_names(cx: &mut Context<'_>, world: &World<'_>, at: &At, raw: &RawSelector) -> bool {
    let mut are_known = true;
    if let Some(name) = &raw.component {
        are_known &= world.directory.component(cx, &at.key("component"), name).is_some();
    }
    if let Some(name) = &raw.place {
        are_known &= world.directory.place(cx, &at.key("place"), name).is_some();
    }
    let distinct = |names: Vec<&'_ str>| {
        let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        names.sort_unstable();
        names.dedup();
        names
    };
    if let Some(kind) = &raw.kind {
        let kinds = distinct(world.components.iter().map(|component| component.kind.as_str()).collect());
        if !kinds.contains(kind) {
            cx.unknown(&at.key("kind"), "component of kind", kind, kinds.iter().map(String::as_str));
            are_known = false;
        }
    }
    if let Some(tag) = &raw.tag {
        let tags = world.components.iter().flat_map(|component| component.tags.iter().map(String::as_str));
        let tags = distinct(tags.collect());
        if !tags.contains(tag) {
            cx.unknown(&at.key("tag"), "component with tag", tag, tags.iter().map(String::as_str));
            are_known = false;
        }
    }
    are_known
}

/// Whether replicas that a fault may hit come and go.
fn varies(world: &World<'_>, replicas: &[ReplicaRef]) -> bool {
    replicas.iter().any(|replica| world.components[replica.component].comes_and_goes())
}

/// How many of the replicas that fit are hit; the inner `None` means all.
fn part(cx: &mut Context<'_>, at: &At, raw: &RawSelector) -> Option<Option<Part>> {
    match (raw.count, &raw.percent) {
        (None, None) => Some(None),
        (Some(count), None) => Some(Some(Part::Count(count))),
        (None, Some(text)) => {
            let share = cx.share_above_zero(&at.key("percent"), "`percent`", text)?;
            Some(Some(Part::Share(share)))
        }
        (Some(_), Some(_)) => {
            let message = "`count` and `percent` exclude each other";
            cx.error(codes::CONTRADICTION, &at.key("percent"), message, "keep one of them");
            None
        }
    }
}

/// How many of a fault's targets it hits, if that is decided when it begins.
pub(super) fn late_part(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    raw: Option<&RawTarget>,
    fault: (&Effect, &Schedule),
) -> Option<Part> {
    let Some(RawTarget::Selector(raw)) = raw else { return None };
    let (effect, schedule) = fault;
    let part = part(cx, at, raw)?.filter(|_| varies(world, effect.replicas()))?;
    let is_empty = |replica: &ReplicaRef| {
        let serverless = world.components[replica.component].serverless.as_ref();
        serverless.is_some_and(|rule| rule.provisioned == 0)
    };
    if matches!(schedule, Schedule::Recurring { .. }) && effect.replicas().iter().all(is_empty) {
        let message = "a recurring fault draws its targets when the run begins, and there is none then";
        cx.error(codes::NO_TARGET, at, message, "give the target a `probability` instead");
    }
    Some(part)
}

/// Whether chance decides which targets are hit; the inner `None` hits all.
pub(super) fn resolve_chance(cx: &mut Context<'_>, at: &At, raw: &RawTarget) -> Option<Option<Chance>> {
    let RawTarget::Selector(raw) = raw else { return Some(None) };
    let Some(text) = &raw.probability else {
        if raw.correlation.is_some() {
            let message = "`correlation` needs `probability`";
            cx.error(codes::MISSING, &at.key("correlation"), message, "add `probability: 30%`");
        }
        return Some(None);
    };
    if raw.count.is_some() || raw.percent.is_some() {
        let message = "`probability` excludes `count` and `percent`";
        cx.error(codes::CONTRADICTION, &at.key("probability"), message, "keep one of them");
    }
    let probability = cx.share_above_zero(&at.key("probability"), "`probability`", text)?;
    let correlation = cx.share_or(&at.key("correlation"), raw.correlation.as_ref(), 0.0)?;
    Some(Some(Chance { probability, correlation }))
}

/// The first in the fault's own order are hit.
fn draw(world: &World<'_>, salt: &str, mut replicas: Vec<ReplicaRef>, wanted: usize) -> Vec<ReplicaRef> {
    if wanted < replicas.len() {
        replicas.sort_by_cached_key(|replica| {
            let name = &world.components[replica.component].name;
            (draw_of(world.seed, salt, name, replica.replica), *replica)
        });
        replicas.truncate(wanted);
        replicas.sort_unstable();
    }
    replicas
}

/// The components and clients that one side of a path names, in order.
pub(super) fn resolve_end(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    raw: &RawEnd,
) -> Option<Vec<Caller>> {
    let mut ends = match raw {
        RawEnd::One(name) => end(cx, world, at, name)?,
        RawEnd::Many(names) => {
            let mut all = Vec::new();
            for (index, name) in names.iter().enumerate() {
                all.extend(end(cx, world, &at.index(index), name)?);
            }
            all
        }
    };
    if !cx.counts_targets(at, ends.len() as u64) {
        return None;
    }
    ends.sort_unstable();
    ends.dedup();
    if ends.is_empty() {
        cx.error(
            codes::NO_TARGET,
            at,
            "nothing is there",
            "name components, clients or places with some in them",
        );
        return None;
    }
    Some(ends)
}

/// A component, a client or all that is in a place; `place NAME` and the like say which is meant,
/// and `all` is everybody.
fn end(cx: &mut Context<'_>, world: &World<'_>, at: &At, text: &str) -> Option<Vec<Caller>> {
    let (kind, name) = match text.split_once(' ') {
        Some((kind @ ("component" | "client" | "place"), name)) => (Some(kind), name.trim()),
        _ => (None, text),
    };
    let is_named = |name| {
        world.directory.component_named(name).is_some() || world.directory.client_named(name).is_some()
    };
    if text == "all" && !is_named(text) && !world.directory.places.contains(text) {
        let components = (0..world.directory.components.len()).map(Caller::Component);
        return Some(components.chain((0..world.directory.clients.len()).map(Caller::Client)).collect());
    }
    let may_be = |word: &str| kind.is_none_or(|kind| kind == word);
    let component = world.directory.component_named(name).filter(|_| may_be("component"));
    let client = world.directory.client_named(name).filter(|_| may_be("client"));
    let place = world.directory.places.get_index_of(name).filter(|_| may_be("place"));
    let one = component.map(Caller::Component).or(client.map(Caller::Client));
    match (one, place) {
        (Some(one), None) => Some(vec![one]),
        (None, Some(place)) => {
            let components = world.directory.components.values().enumerate();
            let components = components.filter(|(_, entry)| entry.place == place);
            let clients = world.directory.clients.values().enumerate().filter(|(_, at)| **at == place);
            let all = components.map(|(id, _)| Caller::Component(id));
            Some(all.chain(clients.map(|(id, _)| Caller::Client(id))).collect())
        }
        (Some(_), Some(_)) => {
            let message = format!("`{name}` is a place and something in one");
            let help = format!("write `place {name}`, `component {name}` or `client {name}`");
            cx.error(codes::AMBIGUOUS, at, message, help);
            None
        }
        (None, None) => {
            let places = world.directory.places.iter().map(String::as_str);
            let clients = world.directory.clients.keys().map(String::as_str);
            let help = cx.suggest(name, world.directory.component_names().chain(clients).chain(places));
            let what = kind.map_or("component, client or place".to_owned(), str::to_owned);
            cx.error(codes::UNKNOWN_NAME, at, format!("there is no {what} `{name}`"), help);
            None
        }
    }
}
