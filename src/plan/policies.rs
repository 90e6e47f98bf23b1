//! Who calls whom, and how: one policy for each caller and each of its
//! `calls` entries that a call uses.
//!
//! A call of `target.operation` takes each key from the caller's entry for
//! `target.operation` if that has it, else from its entry for `target`, else
//! from the target's `client-defaults`, else it is neutral. A pool or retry
//! budget that the entry for an operation states is its own; every other is
//! shared by all calls of one caller to one target.

use super::codes;
use super::context::{At, Context};
use super::directory::Directory;
use super::model::{CallPolicy, Caller, ComponentId, ErrorClass, OperationId, PlaceId, PolicyId};
use super::places::Links;
use super::policy::{Layers, Owners, resolve_policy};
use crate::spec::raw::{RawCallPolicy, RawOperation};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};

/// A caller, with what it says about its calls.
#[derive(Clone, Copy)]
pub(super) struct CallerEntry<'a> {
    /// Who it is.
    pub(super) id: Caller,
    /// Its name.
    pub(super) name: &'a str,
    /// Where it is.
    pub(super) place: PlaceId,
    /// Its entries.
    pub(super) calls: &'a IndexMap<String, RawCallPolicy>,
}

impl CallerEntry<'_> {
    pub(super) fn at(&self) -> At {
        let list = match self.id {
            Caller::Component(_) => "components",
            Caller::Client(_) => "clients",
        };
        At::topology(list).key(self.name).key("calls")
    }
}

/// The policies in use so far, in order of first use.
#[derive(Default)]
pub(super) struct Policies {
    /// The policies.
    pub(super) list: Vec<CallPolicy>,
    /// Caller and entry of each.
    entries: BTreeMap<(Caller, ComponentId, Option<OperationId>), PolicyId>,
    /// Who owns the pool that calls of one caller to one target share.
    shared_pools: BTreeMap<(Caller, ComponentId), PolicyId>,
    /// Who owns the retry budget that calls of one caller to one target share.
    shared_budgets: BTreeMap<(Caller, ComponentId), PolicyId>,
    /// Retried operations that were complained about.
    warned: BTreeSet<(PolicyId, ComponentId, OperationId)>,
    /// Hedged operations that were complained about.
    unhedged: BTreeSet<(PolicyId, ComponentId, OperationId)>,
    /// Pairs of places that were complained about.
    unlinked: BTreeSet<(PlaceId, PlaceId)>,
    /// Pairs of places with a link; `None` when links are missing for a mistake of their own.
    links: Option<BTreeSet<(PlaceId, PlaceId)>>,
}

impl Policies {
    /// No policies yet, and calls only over these links.
    pub(super) fn new(links: &Links) -> Self {
        let pairs = (!links.is_partial).then(|| links.list.iter().map(|link| (link.from, link.to)).collect());
        Self { links: pairs, ..Self::default() }
    }

    /// The policy of a call; checks that the call can be made.
    pub(super) fn for_call(
        &mut self,
        cx: &mut Context<'_>,
        directory: &Directory,
        at: &At,
        caller: CallerEntry<'_>,
        (target, operation): (ComponentId, OperationId),
    ) -> PolicyId {
        self.check_link(cx, directory, at, caller.place, directory.components[target].place);
        let entry = &directory.components[target];
        let specific = format!("{}.{}", entry.name, entry.operations[operation]);
        let is_specific = caller.calls.contains_key(&specific);
        let key = if is_specific { specific } else { entry.name.clone() };
        let identity = (caller.id, target, is_specific.then_some(operation));
        let id = *self.entries.entry(identity).or_insert_with(|| {
            let id = self.list.len();
            let written = |key: &str| caller.calls.get(key).map(|raw| (raw, caller.at().key(key)));
            let own = written(&key).filter(|_| is_specific);
            let pair = (caller.id, target);
            let owners = Owners {
                pool: match &own {
                    Some((raw, _)) if raw.pool.is_some() => id,
                    _ => *self.shared_pools.entry(pair).or_insert(id),
                },
                budget: match &own {
                    Some((raw, _)) if raw.retry.is_some() => id,
                    _ => *self.shared_budgets.entry(pair).or_insert(id),
                },
            };
            let layers = Layers::new([own, written(&entry.name), client_defaults(cx, &entry.name)]);
            self.list.push(resolve_policy(cx, format!("{} -> {key}", caller.name), owners, &layers));
            id
        });
        self.check_retries(cx, directory, at, id, (target, operation));
        self.check_hedge(cx, directory, at, id, (target, operation));
        id
    }

    fn check_link(
        &mut self,
        cx: &mut Context<'_>,
        directory: &Directory,
        at: &At,
        from: PlaceId,
        to: PlaceId,
    ) {
        let Some(links) = &self.links else { return };
        let is_linked = links.contains(&(from, to)) && links.contains(&(to, from));
        if from == to || is_linked || !self.unlinked.insert((from.min(to), from.max(to))) {
            return;
        }
        let (from, to) = (&directory.places[from], &directory.places[to]);
        let message =
            format!("this call goes from {from} to {to} and back, and they are not linked both ways");
        let help =
            format!("add `- {{ between: [{from}, {to}], latency: 1ms }}` to the topology's `network.links`");
        cx.error(codes::NO_LINK, at, message, help);
    }

    fn check_retries(
        &mut self,
        cx: &mut Context<'_>,
        directory: &Directory,
        at: &At,
        policy: PolicyId,
        (target, operation): (ComponentId, OperationId),
    ) {
        let retry = &self.list[policy].retry;
        let risky = retry.attempts_max > 1 && retry.on.iter().any(|class| !was_surely_not_done(*class));
        if !risky || is_idempotent(cx, directory, target, operation) {
            return;
        }
        if self.warned.insert((policy, target, operation)) {
            let entry = &directory.components[target];
            let message = format!(
                "`{}` retries, but `{}.{}` must not be done twice",
                self.list[policy].name, entry.name, entry.operations[operation]
            );
            let help = "only failures that guarantee that nothing was done are tried again: \
                        shed, throttled, refused, connections, pool-timeout, open, bulkhead and expired";
            cx.warning(codes::RETRY_TWICE, at, message, help);
        }
    }

    fn check_hedge(
        &mut self,
        cx: &mut Context<'_>,
        directory: &Directory,
        at: &At,
        policy: PolicyId,
        (target, operation): (ComponentId, OperationId),
    ) {
        let is_hedged = self.list[policy].guard.hedge.is_some();
        if is_hedged
            && !is_idempotent(cx, directory, target, operation)
            && self.unhedged.insert((policy, target, operation))
        {
            let entry = &directory.components[target];
            let name = &self.list[policy].name;
            let what = format!("{}.{}", entry.name, entry.operations[operation]);
            let message = format!("`{name}` hedges, but `{what}` must not be done twice");
            cx.warning(codes::NO_EFFECT, at, message, "calls of it are made once");
        }
    }

    /// Complains of entries that no call uses, of every caller.
    pub(super) fn check_unused<'c>(
        &self,
        cx: &mut Context<'_>,
        directory: &Directory,
        callers: impl Iterator<Item = CallerEntry<'c>>,
    ) {
        for caller in callers {
            for (key, raw) in caller.calls {
                let at = caller.at().key(key);
                let Some((target, operation)) = entry_target(cx, directory, &at, key) else { continue };
                let is_meant = |used: &&(Caller, ComponentId, Option<OperationId>)| {
                    (used.0, used.1) == (caller.id, target) && (operation.is_none() || used.2 == operation)
                };
                let is_used = self.entries.keys().any(|used| is_meant(&used));
                if !is_used {
                    // Its values are checked all the same: a later call should not uncover them.
                    resolve_policy(
                        cx,
                        String::new(),
                        Owners::default(),
                        &Layers::new([Some((raw, at.clone()))]),
                    );
                    let message = format!("`{}` never calls `{key}` this way", caller.name);
                    cx.warning(codes::UNUSED_POLICY, &at, message, "remove the entry, or add the call");
                }
            }
        }
        for (name, raw) in &cx.input.topology.components {
            if let Some(defaults) = &raw.client_defaults {
                if defaults.fallback.is_some() {
                    let at = At::topology("components").key(name).key("client-defaults").key("fallback");
                    let message = "a fallback is the caller's: what it does instead runs there";
                    cx.error(codes::CONTRADICTION, &at, message, "move it to the callers' `calls`");
                }
                let layers = Layers::new([client_defaults(cx, name)]);
                resolve_policy(cx, String::new(), Owners::default(), &layers);
            }
        }
    }
}

/// What a component says about calls to it.
fn client_defaults<'a>(cx: &Context<'a>, name: &str) -> Option<(&'a RawCallPolicy, At)> {
    let raw = cx.input.topology.components.get(name)?.client_defaults.as_ref()?;
    Some((raw, At::topology("components").key(name).key("client-defaults")))
}

fn entry_target(
    cx: &mut Context<'_>,
    directory: &Directory,
    at: &At,
    key: &str,
) -> Option<(ComponentId, Option<OperationId>)> {
    match key.split_once('.') {
        None => directory.component(cx, at, key).map(|target| (target, None)),
        Some((component, operation)) => {
            let target = directory.component(cx, at, component)?;
            directory.operation(cx, at, target, operation).map(|operation| (target, Some(operation)))
        }
    }
}

fn is_idempotent(
    cx: &Context<'_>,
    directory: &Directory,
    target: ComponentId,
    operation: OperationId,
) -> bool {
    let entry = &directory.components[target];
    let raw = cx.input.topology.components.get(&entry.name);
    let raw = raw.and_then(|raw| raw.operations.get(&entry.operations[operation]));
    !matches!(raw, Some(RawOperation::Details(details)) if details.idempotent == Some(false))
}

/// Whether a failure of this class guarantees that the work was not done, so
/// that even an operation that must not be done twice may be tried again.
#[must_use]
pub fn was_surely_not_done(class: ErrorClass) -> bool {
    match class {
        ErrorClass::Shed
        | ErrorClass::Throttled
        | ErrorClass::Refused
        | ErrorClass::Connections
        | ErrorClass::PoolTimeout
        | ErrorClass::Open
        | ErrorClass::Bulkhead
        | ErrorClass::Expired
        | ErrorClass::Rejected
        | ErrorClass::Denied
        | ErrorClass::Conflict => true,
        ErrorClass::Error
        | ErrorClass::Timeout
        | ErrorClass::Reneged
        | ErrorClass::Reset
        | ErrorClass::Cancelled
        | ErrorClass::Malformed => false,
    }
}
