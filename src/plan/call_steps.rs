//! Steps that call another component: calls, reads and writes.

use super::codes;
use super::context::{At, listed};
use super::model::{Call, ComponentId, OperationId, StoreAccess};
use super::steps::{List, Salts, StepBuilder};

impl StepBuilder<'_, '_> {
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
        Call { salt, target, operation, policy, store }
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
        let component = self.directory.component(self.cx, at, store)?;
        let dataset = self.directory.dataset(self.cx, at, component, dataset_name)?;
        let own = format!("{word}-{dataset_name}");
        let operations = &self.directory.components[component].operations;
        let Some(operation) = operations.get_index_of(&own).or_else(|| operations.get_index_of(word)) else {
            let message = format!("`{store}` has neither operation `{own}` nor `{word}`");
            self.cx.error(codes::UNKNOWN_NAME, at, message, format!("add one to `{store}`'s operations"));
            return None;
        };
        let salt = salts.next(list, &format!("{word} {store}.{dataset_name}"));
        let access = StoreAccess { dataset, is_write: word == "write" };
        Some(self.call_to(at, salt, (component, operation), Some(access)))
    }
}
