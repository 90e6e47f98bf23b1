//! What components serve and what clients do: operations, journeys, and the
//! policies and bounds that follow from their steps.

use super::codes;
use super::context::{At, Context};
use super::directory::Directory;
use super::model::{CallPolicy, Caller, Client, Component, Journey, Operation};
use super::places::Links;
use super::policies::{CallerEntry, Policies};
use super::row_level_security::Filtered;
use super::sessions::{client_sessions, limit_connects};
use super::steps::{CacheUse, List, StepBuilder};
use crate::spec::raw::{RawClient, RawJourney, RawOperation, RawOperationDetails};
use indexmap::IndexMap;

/// What the steps of a whole topology come to.
pub(super) struct Behaviour {
    /// All clients.
    pub(super) clients: Vec<Client>,
    /// All policies in use.
    pub(super) policies: Vec<CallPolicy>,
    /// Cache steps, in order.
    pub(super) cache_uses: Vec<CacheUse>,
}

/// Gives every component its operations and every client its journeys.
pub(super) fn resolve_behaviour(
    cx: &mut Context<'_>,
    directory: &mut Directory,
    components: &mut [Component],
    links: &Links,
) -> Behaviour {
    let input = cx.input;
    let mut policies = Policies::new(links);
    let mut cache_uses = Vec::new();
    let mut filtered = Filtered::default();
    let mut count = 0;
    let mut clients = Vec::new();
    let component_callers = input.topology.components.iter().zip(directory.components.values()).enumerate();
    let component_callers = component_callers.map(|(id, ((name, raw), entry))| CallerEntry {
        id: Caller::Component(id),
        name,
        place: entry.place,
        calls: &raw.calls,
    });
    let client_callers = input.topology.clients.iter().zip(directory.clients.values()).enumerate();
    let client_callers = client_callers.map(|(id, ((name, raw), place))| CallerEntry {
        id: Caller::Client(id),
        name,
        place: *place,
        calls: &raw.calls,
    });
    let callers: Vec<CallerEntry<'_>> = component_callers.chain(client_callers).collect();
    for caller in callers.iter().copied() {
        let mut builder = StepBuilder {
            cx: &mut *cx,
            directory: &mut *directory,
            policies: &mut policies,
            caller,
            cache_uses: &mut cache_uses,
            filtered: &mut filtered,
            count: &mut count,
        };
        match caller.id {
            Caller::Component(id) => {
                components[id].operations =
                    operations(&mut builder, &input.topology.components[id].operations);
            }
            Caller::Client(id) => clients.push(client(&mut builder, &input.topology.clients[id])),
        }
    }
    add_free_operations(directory, components);
    filtered.apply(components);
    limit_connects(cx, components, &clients);
    policies.check_unused(cx, directory, callers.iter().copied());
    Behaviour { clients, policies: policies.list, cache_uses }
}

fn operations(builder: &mut StepBuilder<'_, '_>, raw: &IndexMap<String, RawOperation>) -> Vec<Operation> {
    let at = At::topology("components").key(builder.caller.name).key("operations");
    raw.iter().map(|(name, raw)| operation(builder, &at.key(name), name, raw)).collect()
}

fn operation(builder: &mut StepBuilder<'_, '_>, at: &At, name: &str, raw: &RawOperation) -> Operation {
    let none = RawOperationDetails::default();
    let (steps, steps_at, details) = match raw {
        RawOperation::Steps(steps) => (steps, at.clone(), &none),
        RawOperation::Details(details) => (&details.steps, at.key("steps"), details),
    };
    Operation {
        name: name.to_owned(),
        idempotent: details.idempotent.unwrap_or(true),
        request_bytes: builder.cx.bytes_law_opt(&at.key("request-bytes"), details.request_bytes.as_ref()),
        response_bytes: builder.cx.bytes_law_opt(&at.key("response-bytes"), details.response_bytes.as_ref()),
        steps: builder.list(steps, &List::operation(steps_at, name)),
    }
}

/// Cache steps may have asked for operations that the file does not declare: they cost nothing.
fn add_free_operations(directory: &Directory, components: &mut [Component]) {
    for (entry, component) in directory.components.values().zip(components) {
        for name in entry.operations.iter().skip(entry.declared) {
            component.operations.push(Operation {
                name: name.clone(),
                idempotent: true,
                request_bytes: None,
                response_bytes: None,
                steps: Vec::new(),
            });
        }
        for limit in component.admission.iter_mut().filter(|limit| !limit.costs.is_empty()) {
            limit.costs.resize(entry.operations.len(), 1.0.into());
        }
    }
}

fn client(builder: &mut StepBuilder<'_, '_>, raw: &RawClient) -> Client {
    let own = raw.sessions.as_ref();
    let held = own.and_then(|own| client_sessions(builder, own, !raw.journeys.is_empty()));
    // Those that open a session come first, where no draw can fall on them.
    let (sessions, mut all) = held.map_or((None, Vec::new()), |(held, opening)| (Some(held), opening));
    if own.is_none() || !raw.journeys.is_empty() {
        all.extend(journeys(builder, &raw.journeys));
    }
    Client { name: builder.caller.name.to_owned(), place: builder.caller.place, journeys: all, sessions }
}

fn journeys(builder: &mut StepBuilder<'_, '_>, raw: &IndexMap<String, RawJourney>) -> Vec<Journey> {
    let client_at = At::topology("clients").key(builder.caller.name);
    let at = client_at.key("journeys");
    if raw.is_empty() {
        let message = format!("client `{}` has no journeys", builder.caller.name);
        builder.cx.error(codes::MISSING, &client_at, message, "say what its users do under `journeys`");
    }
    let mut journeys: Vec<Journey> =
        raw.iter().map(|(name, raw)| journey(builder, &at.key(name), name, raw)).collect();
    let total: f64 = journeys.iter().map(|journey| journey.probability).sum();
    if !journeys.is_empty() && (total <= 0.0 || !total.is_finite()) {
        builder.cx.error(codes::BAD_SHARES, &at, "the journeys' weights must sum to more than 0", "");
    }
    for journey in &mut journeys {
        journey.probability /= total;
    }
    journeys
}

fn journey(builder: &mut StepBuilder<'_, '_>, at: &At, name: &str, raw: &RawJourney) -> Journey {
    let (steps, steps_at, weight) = match raw {
        RawJourney::Steps(steps) => (steps, at.clone(), None),
        RawJourney::Details(details) => (&details.steps, at.key("steps"), details.weight.as_ref()),
    };
    let weight = weight.and_then(|text| builder.cx.number(&at.key("weight"), text));
    Journey {
        name: name.to_owned(),
        probability: weight.unwrap_or(1.0),
        steps: builder.list(steps, &List::journey(steps_at, name)),
    }
}
