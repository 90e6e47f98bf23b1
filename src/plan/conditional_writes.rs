//! Optimistic concurrency: writes that commit only if nobody wrote the row since it was read.

use super::codes;
use super::context::{At, Context};
use super::directory::Directory;
use super::model::{Call, ComponentId, Dataset, DatasetId, OnFailure, Plan, Step, Store, StoreAccess};
use super::query::visit_calls;
use super::steps::{List, Salts, StepBuilder};
use crate::spec::raw::{RawStore, RawWrite};
use std::collections::BTreeMap;

/// Most rows with versions, over all datasets: each takes four bytes of every run.
const ROWS_MAX: u64 = 50_000_000;

/// What a component keeps.
pub(super) fn store(cx: &mut Context<'_>, directory: &Directory, at: &At, raw: &RawStore) -> Store {
    let datasets = raw.datasets.iter().map(|(name, raw)| {
        let at = at.key("datasets").key(name).key("key");
        let key = raw.key.as_ref().and_then(|entity| directory.entity(cx, &at, entity));
        Dataset { name: name.clone(), key }
    });
    Store { datasets: datasets.collect() }
}

impl StepBuilder<'_, '_> {
    /// A write, perhaps on condition.
    pub(super) fn write(&mut self, at: &At, raw: &RawWrite, list: &List, salts: &mut Salts) -> Option<Step> {
        let (target, if_unchanged) = match raw {
            RawWrite::Target(target) => (target, false),
            RawWrite::Details(raw) => (&raw.to, raw.if_unchanged.unwrap_or(false)),
        };
        let to = if matches!(raw, RawWrite::Details(_)) { at.key("to") } else { at.clone() };
        let call = self.store_access(&to, target.as_str(), list, "write", salts)?;
        if !if_unchanged {
            return Some(self.with_fallback(call, list));
        }
        self.refuse_extras(at, &call, "a write with `if-unchanged`");
        let store = call.store.map(|access| StoreAccess { if_unchanged, ..access });
        Some(Step::Call(Call { store, ..call }))
    }

    /// Complains of a write on condition that nothing in the same list has surely read before.
    pub(super) fn check_was_read(&mut self, at: &At, before: &[Step], step: Option<&Step>) {
        let Some(Step::Call(Call { target, store: Some(access), .. })) = step else { return };
        if !access.if_unchanged {
            return;
        }
        let reads = |step: &Step| {
            let Step::Call(call) = step else { return false };
            let policy = &self.policies.list[call.policy];
            call.target == *target
                && call.store.is_some_and(|read| !read.is_write && read.dataset == access.dataset)
                && policy.on_failure == OnFailure::Fail
                && policy.guard.hedge.is_none()
        };
        if before.iter().any(reads) {
            return;
        }
        let store = &self.directory.components[*target];
        let dataset = store.datasets.iter().flatten().nth(access.dataset).map_or("", String::as_str);
        let name = format!("{}.{dataset}", store.name);
        let message = format!("nothing before it in the same list surely reads `{name}` from that store");
        let help = format!(
            "put `read: {name}` before it, without `on-failure`, `fallback` or `hedge`, and not from a \
             `reads-from`: the version that was read is what the write compares"
        );
        self.cx.error(codes::MISPLACED_STEP, &at.key("write"), message, help);
    }
}

/// Complains of too many rows with versions, and of keys of datasets that nobody writes on condition.
pub(super) fn check_rows(cx: &mut Context<'_>, plan: &Plan) {
    let versioned = plan.versioned();
    let mut total = 0u64;
    for (component, entry) in plan.components.iter().enumerate() {
        let datasets = entry.store.iter().flat_map(|store| store.datasets.iter().enumerate());
        for (number, dataset) in datasets {
            let Some(entity) = dataset.key.map(|entity| &plan.entities[entity]) else { continue };
            let at = At::topology("components").key(&entry.name).key("store");
            let at = at.key("datasets").key(&dataset.name).key("key");
            if !versioned.contains_key(&(component, number)) {
                let message = format!("no write to `{}.{}` has `if-unchanged`", entry.name, dataset.name);
                cx.warning(codes::NO_EFFECT, &at, message, "only such writes ask which row it is");
                continue;
            }
            total = total.saturating_add(entity.population);
            if total > ROWS_MAX {
                let message = format!("more than {ROWS_MAX} rows would have to remember their version");
                cx.error(codes::TOO_BIG, &at, message, "let one key stand for several rows");
                return;
            }
        }
    }
}

impl Plan {
    /// The datasets that somebody writes on condition, each with how many rows it has.
    #[must_use]
    pub fn versioned(&self) -> BTreeMap<(ComponentId, DatasetId), u64> {
        let mut found = BTreeMap::new();
        let mut note = |call: &Call| {
            let Some(access) = call.store.filter(|access| access.if_unchanged) else { return };
            let store = self.components[call.target].store.as_ref();
            let key = store.and_then(|store| store.datasets.get(access.dataset)?.key);
            let rows = key.map_or(1, |entity| self.entities[entity].population);
            found.insert((call.target, access.dataset), rows);
        };
        let operations = self.components.iter().flat_map(|component| &component.operations);
        let journeys = self.clients.iter().flat_map(|client| &client.journeys);
        operations.for_each(|operation| visit_calls(&operation.steps, &mut note));
        journeys.for_each(|journey| visit_calls(&journey.steps, &mut note));
        found
    }
}
