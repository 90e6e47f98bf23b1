//! Names that callers resolve: what they stand for, and calls that go through them.

use super::codes;
use super::context::{At, Context};
use super::directory::Directory;
use super::faults::World;
use super::model::{CheckerFault, ComponentId, DnsName, Effect, NameFault, Step};
use super::steps::{List, Salts, StepBuilder};
use crate::spec::raw::{
    RawCheckerFault, RawCheckerFaultMode, RawFault, RawName, RawNameFault, RawNameFaultMode,
};
use crate::units::SimSpan;

/// How long resolvers keep an answer, if the file does not say: what health-checked records should
/// have at most (Amazon Route 53 Developer Guide, values for failover records).
const TTL_DEFAULT: SimSpan = SimSpan::from_secs(60);
const WEIGHT_MAX: f64 = 1e6;
const RESOLVERS_DEFAULT: u32 = 100;
const RESOLVERS_MAX: u32 = 1_000_000;
/// How long a caller waits for an answer that does not come: the default of `resolv.conf`.
const TIMEOUT_DEFAULT: SimSpan = SimSpan::from_secs(5);

/// All names, in the order of the file.
pub(super) fn resolve_names(cx: &mut Context<'_>, directory: &Directory) -> Vec<DnsName> {
    let raw = &cx.input.topology.names;
    raw.iter().map(|(name, raw)| dns_name(cx, directory, name, raw)).collect()
}

/// The components that a name stands for, without those that do not exist: the order that branches and answers follow.
fn stands_for<'a>(directory: &Directory, raw: &'a RawName) -> Vec<&'a str> {
    let listed = raw.failover.iter().chain(raw.weighted.keys()).map(String::as_str);
    listed.filter(|component| directory.component_named(component).is_some()).collect()
}

/// What a name stands for, as far as it can be said.
fn targets(
    cx: &mut Context<'_>,
    directory: &Directory,
    at: &At,
    raw: &RawName,
) -> Vec<(ComponentId, Option<f64>)> {
    let mut found = Vec::new();
    for (index, component) in raw.failover.iter().enumerate() {
        let at = at.key("failover").index(index);
        found.extend(directory.component(cx, &at, component).map(|id| (id, None)));
    }
    for (component, weight) in &raw.weighted {
        let at = at.key("weighted").key(component);
        let weight = cx.number(&at, weight);
        let weight = weight.and_then(|weight| cx.within(&at, "a weight", weight, 0.0..=WEIGHT_MAX));
        found.extend(directory.component(cx, &at, component).zip(weight).map(|(id, w)| (id, Some(w))));
    }
    found
}

fn dns_name(cx: &mut Context<'_>, directory: &Directory, name: &str, raw: &RawName) -> DnsName {
    let at = At::topology("names").key(name);
    if raw.failover.is_empty() == raw.weighted.is_empty() {
        let message = format!("`{name}` has either `failover` or `weighted`");
        cx.error(codes::CONTRADICTION, &at, message, "list the components that it stands for");
    }
    if directory.component_named(name).is_some() {
        let message = format!("`{name}` is both a name and a component");
        cx.error(codes::DUPLICATE, &at, message, "calls could mean either: rename one of them");
    }
    let targets = targets(cx, directory, &at, raw);
    let total: f64 = targets.iter().filter_map(|(_, weight)| *weight).sum();
    if !raw.weighted.is_empty() && total <= 0.0 {
        cx.error(codes::BAD_SHARES, &at.key("weighted"), "the weights must sum to more than 0", "");
    }
    let resolvers = raw.resolvers.unwrap_or(RESOLVERS_DEFAULT);
    let stale = raw.stale.as_ref().and_then(|stale| {
        let at = at.key("stale");
        let share = cx.share(&at.key("share"), &stale.share);
        let least = cx.span_above_zero(&at.key("min-ttl"), "`min-ttl`", &stale.min_ttl);
        share.zip(least)
    });
    DnsName {
        name: name.to_owned(),
        targets,
        ttl: cx.span_or(&at.key("ttl"), raw.ttl.as_ref(), TTL_DEFAULT),
        resolvers: cx.within(&at.key("resolvers"), "`resolvers`", resolvers, 1..=RESOLVERS_MAX).unwrap_or(1),
        stale,
        lookup: cx.time_law_opt(&at.key("lookup"), raw.lookup.as_ref()),
    }
}

impl StepBuilder<'_, '_> {
    /// A call of `name.operation`, if there is a name like that: one call for each component that it
    /// may stand for. The inner `None` is a mistake.
    pub(super) fn named_call(
        &mut self,
        at: &At,
        text: &str,
        list: &List,
        salts: &mut Salts,
    ) -> Option<Option<Step>> {
        let (name, operation) = text.split_once('.').map_or((text, None), |(name, op)| (name, Some(op)));
        let names = &self.cx.input.topology.names;
        if names.is_empty() || self.directory.component_named(name).is_some() {
            return None;
        }
        let Some(id) = names.get_index_of(name) else {
            let known = self.directory.component_names().chain(names.keys().map(String::as_str));
            self.cx.unknown(at, "component or name", name, known);
            return Some(None);
        };
        let components = stands_for(self.directory, &names[id]);
        let salt = salts.next(list, &format!("call {text}"));
        let mut branches = Vec::with_capacity(components.len());
        for component in components {
            let text = operation.map_or(component.to_owned(), |operation| format!("{component}.{operation}"));
            let Some(call) = self.call(at, &text, list, "call", salts) else { return Some(None) };
            branches.push(vec![self.with_fallback(call, list)]);
        }
        Some(Some(Step::Resolve { name: id, salt, branches }))
    }
}

/// What a fault of names or of health checks hits, as the file says it.
pub(super) fn routing_target(raw: &RawFault) -> Option<&str> {
    let name = raw.dns.as_ref().map(|raw| raw.name.as_str());
    name.or(raw.health_checker.as_ref().map(|raw| raw.target.as_str()))
}

/// The effect of a fault of names or of health checks; the inner `None` is a mistake.
pub(super) fn resolve_routing_effect(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    _: &str,
    raw: &RawFault,
) -> Option<Option<Effect>> {
    if let Some(raw) = &raw.dns {
        return Some(name_fault(cx, world.directory, at, raw));
    }
    raw.health_checker.as_ref().map(|raw| checker_fault(cx, world, at, raw))
}

fn checker_fault(cx: &mut Context<'_>, world: &World<'_>, at: &At, raw: &RawCheckerFault) -> Option<Effect> {
    let share = cx.share_or(&at.key("share"), raw.share.as_ref(), 1.0);
    let component = world.directory.component(cx, &at.key("target"), &raw.target)?;
    let health = world.components[component].health.as_ref();
    if health.is_none_or(|health| health.check.is_none()) {
        let message = format!("`{}` has no health check that could go wrong", raw.target);
        cx.error(codes::NO_MECHANISM, &at.key("target"), message, "give it `health: { check: ... }`");
        return None;
    }
    if raw.mode == RawCheckerFaultMode::Down && raw.share.is_some() {
        let message = "`share` does not go with `mode: down`: no probe is made at all";
        cx.error(codes::CONTRADICTION, &at.key("share"), message, "remove it, or change `mode`");
    }
    let shows = match raw.mode {
        RawCheckerFaultMode::Fails => CheckerFault::Fails(share?),
        RawCheckerFaultMode::Passes => CheckerFault::Passes(share?),
        RawCheckerFaultMode::Down => CheckerFault::Down,
    };
    Some(Effect::Checker { component, shows })
}

fn name_fault(cx: &mut Context<'_>, directory: &Directory, at: &At, raw: &RawNameFault) -> Option<Effect> {
    let names = &cx.input.topology.names;
    let Some(name) = names.get_index_of(&raw.name) else {
        cx.unknown(&at.key("name"), "name", &raw.name, names.keys().map(String::as_str));
        return None;
    };
    let mode = raw.mode.unwrap_or(RawNameFaultMode::Missing);
    let keys = [
        ("answer", raw.answer.is_some(), RawNameFaultMode::Wrong),
        ("timeout", raw.timeout.is_some(), RawNameFaultMode::Timeout),
    ];
    for (key, is_set, needs) in keys {
        if is_set && mode != needs {
            let message = format!("`{key}` does not go with this `mode`");
            cx.error(codes::CONTRADICTION, &at.key(key), message, "remove it, or change `mode`");
        }
    }
    let shows = match mode {
        RawNameFaultMode::Missing => NameFault::Missing,
        RawNameFaultMode::Timeout => {
            let timeout = match &raw.timeout {
                None => Some(TIMEOUT_DEFAULT),
                Some(text) => cx.span_above_zero(&at.key("timeout"), "`timeout`", text),
            };
            NameFault::Timeout(timeout?)
        }
        RawNameFaultMode::Wrong => {
            let Some(answer) = &raw.answer else {
                cx.error(codes::MISSING, at, "`mode: wrong` needs an `answer`", "name a component");
                return None;
            };
            let known = stands_for(directory, &names[name]);
            let Some(answer_at) = known.iter().position(|component| component == answer) else {
                cx.unknown(&at.key("answer"), "component of this name called", answer, known);
                return None;
            };
            NameFault::Wrong(answer_at)
        }
    };
    Some(Effect::Name { name, shows })
}
