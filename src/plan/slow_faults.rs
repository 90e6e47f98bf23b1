//! Faults that slow computation where nobody computes.

use super::codes;
use super::context::{At, Context, listed};
use super::model::{ComponentId, Effect, OperationId, Plan, Runs, Step};
use super::query::visit_calls;
use std::collections::BTreeSet;

/// Warns of `slow` faults none of whose targets computes anything for anybody.
pub(super) fn check_slow_faults(cx: &mut Context<'_>, plan: &Plan) {
    let slowed = plan.faults.iter().enumerate().filter_map(|(index, fault)| match &fault.effect {
        Effect::Slow { replicas, .. } => {
            Some((index, replicas.iter().map(|replica| replica.component).collect::<BTreeSet<_>>()))
        }
        _ => None,
    });
    let slowed: Vec<(usize, BTreeSet<ComponentId>)> = slowed.collect();
    // With nothing under way there is nothing to slow, which is said elsewhere.
    if slowed.is_empty() || plan.workloads.is_empty() {
        return;
    }
    let computing: BTreeSet<ComponentId> = reachable(plan)
        .into_iter()
        .filter(|(target, operation)| computes(&plan.components[*target].operations[*operation].steps))
        .map(|(target, _)| target)
        .collect();
    for (index, targets) in slowed {
        if targets.is_disjoint(&computing) {
            let names: Vec<&str> = targets.iter().map(|id| plan.components[*id].name.as_str()).collect();
            let message = format!("`slow` does nothing here: no request computes at {}", listed(names));
            let help = "`slow` stretches `compute` and not `wait`; a `latency` fault delays messages";
            cx.warning(codes::NO_EFFECT, &At::scenario("faults").index(index).key("slow"), message, help);
        }
    }
}

/// Every operation that some request can get to.
fn reachable(plan: &Plan) -> BTreeSet<(ComponentId, OperationId)> {
    let mut found = BTreeSet::new();
    let mut to_follow = Vec::new();
    for client in plan.workloads.iter().map(|workload| &plan.clients[workload.client]) {
        for journey in &client.journeys {
            visit_calls(&journey.steps, &mut |call| to_follow.push((call.target, call.operation)));
        }
    }
    // Messages and schedules start work of their own.
    for consumer in &plan.messaging.consumers {
        match &consumer.runs {
            Runs::One(operation) => to_follow.push((consumer.component, *operation)),
            Runs::BySubject(all) => {
                to_follow.extend(all.iter().map(|(_, operation)| (consumer.component, *operation)));
            }
        }
    }
    while let Some((target, operation)) = to_follow.pop() {
        if found.insert((target, operation)) {
            let steps = &plan.components[target].operations[operation].steps;
            visit_calls(steps, &mut |call| to_follow.push((call.target, call.operation)));
        }
    }
    found
}

fn computes(steps: &[Step]) -> bool {
    steps.iter().any(|step| matches!(step, Step::Compute { .. }) || step.bodies().into_iter().any(computes))
}
