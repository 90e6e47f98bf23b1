//! Refuses operations that can never end because they call each other.
//!
//! An operation is *endless* when some step that certainly runs calls an
//! endless operation. The largest such set is found by starting with every
//! operation and removing those that have no such step, until none is left to
//! remove: what remains calls itself for ever, whatever is drawn. A cycle
//! with an exit (a share, a hit, a failure, a number of rounds that can be
//! zero) is not in it.

use super::codes;
use super::context::{At, Context};
use super::model::{Call, Component, ComponentId, OperationId, Step};
use super::query::visit_calls;
use crate::dist::Law;
use std::collections::BTreeMap;

/// Longest chain of names that a message spells out.
const NAMES_SHOWN: usize = 20;

type Site = (ComponentId, OperationId);

/// Complains of every cycle of operations without an exit.
pub(super) fn check_cycles(cx: &mut Context<'_>, components: &[Component]) {
    let endless = endless_operations(components);
    // Every endless operation has one successor, so each walk ends in a new cycle or in an old walk.
    let mut walk_of: BTreeMap<Site, usize> = BTreeMap::new();
    for (walk, start) in sites(components).filter(|site| is_in(*site, &endless)).enumerate() {
        let mut path = Vec::new();
        let mut site = start;
        while !walk_of.contains_key(&site) {
            walk_of.insert(site, walk);
            path.push(site);
            let steps = &components[site.0].operations[site.1].steps;
            let Some(next) = endless_call(steps, &endless) else { break };
            site = next;
        }
        if walk_of.get(&site) == Some(&walk) {
            let first = path.iter().position(|other| *other == site).unwrap_or(0);
            report(cx, components, path.split_off(first));
        }
    }
}

fn sites(components: &[Component]) -> impl Iterator<Item = Site> {
    let components = components.iter().enumerate();
    components
        .flat_map(|(id, component)| (0..component.operations.len()).map(move |operation| (id, operation)))
}

fn endless_operations(components: &[Component]) -> Vec<Vec<bool>> {
    let mut endless: Vec<Vec<bool>> =
        components.iter().map(|component| vec![true; component.operations.len()]).collect();
    let mut callers: BTreeMap<Site, Vec<Site>> = BTreeMap::new();
    for site in sites(components) {
        visit_calls(&components[site.0].operations[site.1].steps, &mut |call| {
            callers.entry((call.target, call.operation)).or_default().push(site);
        });
    }
    let mut to_check: Vec<Site> = sites(components).collect();
    while let Some(site) = to_check.pop() {
        let steps = &components[site.0].operations[site.1].steps;
        if is_in(site, &endless) && endless_call(steps, &endless).is_none() {
            endless[site.0][site.1] = false;
            to_check.extend(callers.get(&site).into_iter().flatten());
        }
    }
    endless
}

fn is_in((component, operation): Site, endless: &[Vec<bool>]) -> bool {
    endless[component][operation]
}

/// The first endless operation that a list certainly calls.
fn endless_call(steps: &[Step], endless: &[Vec<bool>]) -> Option<Site> {
    for step in steps {
        let found = match step {
            Step::Cached(cached) => called(&cached.get, endless)
                .or_else(|| endless_call_in_each([&cached.miss, &cached.hit], endless)),
            Step::Choose { branches, .. } => {
                let taken = branches.iter().filter(|(share, _)| *share > 0.0);
                endless_call_in_each(taken.map(|(_, list)| list), endless)
            }
            Step::Resolve { branches, .. } => endless_call_in_each(branches, endless),
            Step::If { then, otherwise, .. } => endless_call_in_each([then, otherwise], endless),
            Step::Repeat { times, body, .. } if least(times) >= 0.5 => endless_call(body, endless),
            Step::Parallel { branches, .. } => branches.iter().find_map(|list| endless_call(list, endless)),
            Step::Try { body, .. } | Step::Start { body, .. } => endless_call(body, endless),
            Step::Call(call) | Step::Forward(call) => called(call, endless),
            Step::Put(put) => called(&put.call, endless),
            Step::Remove(removal) => called(&removal.call, endless),
            Step::Message(step) => {
                let calls = step.calls().into_iter().find_map(|call| called(call, endless));
                calls.or_else(|| step.bodies().into_iter().find_map(|body| endless_call(body, endless)))
            }
            // What follows does not certainly run.
            Step::Fail { probability, .. } if *probability > 0.0 => return None,
            Step::Repeat { .. }
            | Step::Compute { .. }
            | Step::Wait { .. }
            | Step::Fail { .. }
            | Step::Set { .. }
            | Step::Token(_)
            | Step::Generate(_)
            | Step::Meter { .. }
            | Step::Broadcast(_)
            | Step::Reply => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// The first endless operation that is certainly called whichever of these lists is done.
fn endless_call_in_each<'s>(
    lists: impl IntoIterator<Item = &'s Vec<Step>>,
    endless: &[Vec<bool>],
) -> Option<Site> {
    let mut lists = lists.into_iter();
    let first = lists.next().and_then(|list| endless_call(list, endless));
    first.filter(|_| lists.all(|list| endless_call(list, endless).is_some()))
}

fn called(call: &Call, endless: &[Vec<bool>]) -> Option<Site> {
    let site = (call.target, call.operation);
    is_in(site, endless).then_some(site)
}

/// The smallest value a law can give, as far as it decides about "at least once".
fn least(law: &Law) -> f64 {
    match law {
        Law::Constant(value) => *value,
        Law::Uniform { low, .. } | Law::BoundedPareto { low, .. } => *low,
        Law::Geometric { .. } => 1.0,
        Law::Empirical { values } => values.iter().copied().fold(f64::INFINITY, f64::min),
        Law::Mixture { parts } => parts
            .iter()
            .filter(|(share, _)| *share > 0.0)
            .map(|(_, law)| least(law))
            .fold(f64::INFINITY, f64::min),
        Law::Exponential { .. }
        | Law::LogNormal { .. }
        | Law::FoldedNormal { .. }
        | Law::Erlang { .. }
        | Law::HyperExponential { .. }
        | Law::Weibull { .. } => 0.0,
    }
}

fn report(cx: &mut Context<'_>, components: &[Component], mut cycle: Vec<Site>) {
    let smallest = (0..cycle.len()).min_by_key(|index| cycle[*index]).unwrap_or(0);
    cycle.rotate_left(smallest);
    let name = |(component, operation): Site| {
        let component = &components[component];
        format!("{}.{}", component.name, component.operations[operation].name)
    };
    let (component, operation) = cycle[0];
    let component_at = At::topology("components").key(&components[component].name);
    let at = component_at.key("operations").key(&components[component].operations[operation].name);
    let names: Vec<String> = cycle.iter().chain(cycle.first()).map(|site| name(*site)).collect();
    let chain = if names.len() > NAMES_SHOWN {
        let (head, last) = (&names[..NAMES_SHOWN - 1], &names[0]);
        format!("{} -> ({} more) -> {last}", head.join(" -> "), names.len() - NAMES_SHOWN)
    } else {
        names.join(" -> ")
    };
    let message = format!("these operations call each other for ever: {chain}");
    let help = "give the cycle an exit: `choose` with a share, `repeat` with `at-most`, a cache hit";
    cx.error(codes::ENDLESS_CYCLE, &at, message, help);
}
