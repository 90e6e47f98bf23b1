//! Row-Level Security: reads and writes of a dataset whose rows are filtered by policies compute longer.
//!
//! A dataset with a factor gets operations of its own, `read-DATASET` and
//! `write-DATASET`: those that the file declares, or copies of `read` and
//! `write`, with every computation made that much longer. So it shows in the
//! operation's latency, and the engine knows nothing of it.

use super::codes;
use super::context::{At, Context};
use super::directory::Directory;
use super::model::{Component, ComponentId, Operation, OperationId, Step};
use std::collections::BTreeMap;

/// Largest factor: beyond it a query is a mistake in the schema and not its price.
const FACTOR_MAX: f64 = 10_000.0;

/// Operations that filter rows.
#[derive(Default)]
pub(super) struct Filtered {
    /// Operation that filters: the one it is made from, and how much longer it computes.
    operations: BTreeMap<(ComponentId, OperationId), (OperationId, f64)>,
}

impl Filtered {
    /// The operation that reads or writes a dataset, given the one that would without filtering.
    pub(super) fn operation(
        &mut self,
        cx: &mut Context<'_>,
        directory: &mut Directory,
        component: ComponentId,
        (dataset, own): (&str, &str),
        plain: OperationId,
    ) -> OperationId {
        let name = directory.components[component].name.clone();
        let raw = cx.input.topology.components.get(&name).and_then(|raw| raw.store.as_ref());
        let text = raw.and_then(|store| store.datasets.get(dataset)?.row_level_security.as_ref());
        let Some(text) = text else { return plain };
        let at = At::topology("components").key(&name).key("store").key("datasets").key(dataset);
        let at = at.key("row-level-security");
        let Some(factor) = cx.number(&at, text) else { return plain };
        if !(1.0..=FACTOR_MAX).contains(&factor) {
            let message = format!("`row-level-security` must be from 1 to {FACTOR_MAX}, not {factor}");
            cx.error(codes::OUT_OF_RANGE, &at, message, "it says how many times longer a query computes");
            return plain;
        }
        let operation = directory.free_operation(component, own);
        self.operations.entry((component, operation)).or_insert((plain, factor));
        operation
    }

    /// Makes the operations that filter; all others are there already.
    pub(super) fn apply(&self, components: &mut [Component]) {
        for ((component, operation), (plain, factor)) in &self.operations {
            let component = &mut components[*component];
            let name = component.operations[*operation].name.clone();
            let base = component.operations[*plain].clone();
            component.operations[*operation] =
                Operation { name, steps: longer(&base.steps, *factor), ..base };
            for limit in component.admission.iter_mut().filter(|limit| !limit.costs.is_empty()) {
                limit.costs[*operation] = limit.costs[*plain].clone();
            }
        }
    }
}

fn longer(steps: &[Step], factor: f64) -> Vec<Step> {
    let mut steps = steps.to_vec();
    for step in &mut steps {
        if let Step::Compute { work, .. } = step {
            *work = work.clone().scaled(factor);
        }
        for body in step.bodies_mut() {
            *body = longer(body, factor);
        }
    }
    steps
}
