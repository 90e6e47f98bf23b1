//! Steps that call another component: calls, reads and writes.

use super::codes;
use super::context::{At, listed};
use super::model::{Call, ComponentId, OperationId, Step, StoreAccess};
use super::steps::{List, Salts, StepBuilder};
use crate::spec::raw::RawStep;

impl<'a> StepBuilder<'_, 'a> {
    /// A call of `component.operation`, or of the only operation of `component`.
    pub(super) fn call(
        &mut self,
        at: &At,
        text: &str,
        list: &List,
        word: &str,
        salts: &mut Salts,
    ) -> Option<Call> {
        let target = match text.split_once('.') {
            None => {
                let component = self.directory.component(self.cx, at, text)?;
                (component, self.directory.only_operation(self.cx, at, component)?)
            }
            Some((component, operation)) => {
                let component = self.directory.component(self.cx, at, component)?;
                (component, self.directory.operation(self.cx, at, component, operation)?)
            }
        };
        let salt = salts.next(list, &format!("{word} {}", self.target_name(target)));
        Some(self.call_to(at, salt, target, None))
    }

    fn target_name(&self, (component, operation): (ComponentId, OperationId)) -> String {
        let entry = &self.directory.components[component];
        format!("{}.{}", entry.name, entry.operations[operation])
    }

    /// A call of an operation that is known.
    pub(super) fn call_to(
        &mut self,
        at: &At,
        salt: String,
        (target, operation): (ComponentId, OperationId),
        store: Option<StoreAccess>,
    ) -> Call {
        let policy = self.policies.for_call(self.cx, self.directory, at, self.caller, (target, operation));
        Call { salt, target, operation, policy, streams: false, store }
    }

    /// A read or a write of `store.dataset`, through operation `read-DATASET` if there is one, else `read`.
    pub(super) fn store_access(
        &mut self,
        at: &At,
        text: &str,
        list: &List,
        word: &str,
        salts: &mut Salts,
    ) -> Option<Call> {
        let Some((store, dataset_name)) = text.split_once('.') else {
            let component = self.directory.component(self.cx, at, text)?;
            let datasets = self.directory.components[component].datasets.iter().flatten();
            let choices: Vec<String> = datasets.map(|dataset| format!("{text}.{dataset}")).collect();
            let message = format!("`{text}` does not say which dataset");
            let help = match choices.as_slice() {
                [] => format!("`{text}` has none: give it `store:` with `datasets:`"),
                choices => format!("write {}", listed(choices.iter().map(String::as_str))),
            };
            self.cx.error(codes::MISSING, at, message, help);
            return None;
        };
        let mut component = self.directory.component(self.cx, at, store)?;
        if word == "read"
            && let Some(replicas) = self.reads_from(store)
        {
            component = replicas?;
        }
        let store = self.directory.components[component].name.clone();
        let dataset = self.directory.dataset(self.cx, at, component, dataset_name)?;
        let own = format!("{word}-{dataset_name}");
        let operations = &self.directory.components[component].operations;
        let Some(operation) = operations.get_index_of(&own).or_else(|| operations.get_index_of(word)) else {
            let message = format!("`{store}` has neither operation `{own}` nor `{word}`");
            self.cx.error(codes::UNKNOWN_NAME, at, message, format!("add one to `{store}`'s operations"));
            return None;
        };
        let salt = salts.next(list, &format!("{word} {store}.{dataset_name}"));
        let access = StoreAccess { dataset, is_write: word == "write", if_unchanged: false };
        // The policy is that of the operation that callers name.
        let call = self.call_to(at, salt, (component, operation), Some(access));
        let names = (dataset_name, own.as_str());
        let operation = self.filtered.operation(self.cx, self.directory, component, names, operation);
        Some(Call { operation, ..call })
    }

    /// Who serves the reads of a store that does not do so itself; the inner `None` is a mistake.
    fn reads_from(&mut self, store: &str) -> Option<Option<ComponentId>> {
        let raw = self.cx.input.topology.components.get(store)?.store.as_ref()?;
        let name = raw.reads_from.as_ref()?;
        let at = At::topology("components").key(store).key("store").key("reads-from");
        Some(self.directory.component(self.cx, &at, name))
    }

    /// A call, with the steps that its policy does instead when it has failed.
    pub(super) fn with_fallback(&mut self, call: Call, list: &List) -> Step {
        let Some((raw, at)) = self.fallback_of(&call) else { return Step::Call(call) };
        let salt = format!("{}/fallback", call.salt);
        let steps = self.list(raw, &list.inside(at, &salt, "do"));
        Step::Try {
            salt,
            body: vec![Step::Call(call)],
            rescue: vec![(super::policy::all_classes(), steps)],
            degraded: true,
        }
    }

    fn fallback_of(&self, call: &Call) -> Option<(&'a [RawStep], At)> {
        let entry = &self.directory.components[call.target];
        let specific = format!("{}.{}", entry.name, entry.operations[call.operation]);
        let key = if self.caller.calls.contains_key(&specific) { &specific } else { &entry.name };
        let fallback = self.caller.calls.get(key)?.fallback.as_ref()?;
        Some((fallback, self.caller.at().key(key).key("fallback")))
    }

    /// Complains of a hedge or a fallback where neither is possible.
    pub(super) fn refuse_extras(&mut self, at: &At, call: &Call, what: &str) {
        let is_hedged = self.policies.list[call.policy].guard.hedge.is_some();
        for (key, is_set) in [("hedge", is_hedged), ("fallback", self.fallback_of(call).is_some())] {
            if is_set {
                let name = &self.policies.list[call.policy].name;
                let message = format!("`{name}` has a `{key}`, and {what} cannot have one");
                let help = "give this operation an entry of its own under `calls`";
                self.cx.error(codes::CONTRADICTION, at, message, help);
            }
        }
    }
}
