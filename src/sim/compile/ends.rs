//! Who calls whom under each policy, and how plainly.

use crate::plan::{CallPolicy, Caller, Plan, Step};
use crate::sim::tables::Tables;

/// Caller's and target's node of each policy.
pub(super) fn policy_ends(plan: &Plan) -> Vec<(u32, u32)> {
    let mut ends = vec![(0, 0); plan.policies.len()];
    let clients = plan.components.len();
    for (number, component) in plan.components.iter().enumerate() {
        for operation in &component.operations {
            note_ends(&operation.steps, number as u32, &mut ends);
        }
        if let Some(check) = component.health.as_ref().and_then(|health| health.check.as_ref()) {
            let from = match check.from {
                None => number,
                Some(Caller::Component(component)) => component,
                Some(Caller::Client(client)) => clients + client,
            };
            ends[check.probe.policy] = (from as u32, number as u32);
        }
    }
    for (number, client) in plan.clients.iter().enumerate() {
        for journey in &client.journeys {
            note_ends(&journey.steps, (clients + number) as u32, &mut ends);
        }
    }
    ends
}

fn note_ends(steps: &[Step], caller: u32, ends: &mut [(u32, u32)]) {
    for step in steps {
        for call in step.calls() {
            ends[call.policy] = (caller, call.target as u32);
        }
        for body in step.bodies() {
            note_ends(body, caller, ends);
        }
    }
}

/// Whether nothing in a policy itself, in its target or in the whole plan needs a look at each call.
pub(super) fn asks_for_nothing(plan: &Plan, t: &Tables, policy: &CallPolicy, target: usize) -> bool {
    policy.pool.is_none()
        && policy.total_timeout.is_none()
        && !policy.inherits_deadline
        && policy.first_token_timeout.is_none()
        && t.comps[target].session.is_none()
        && plan.components[target].connections_max.is_none()
        && !t.marks_retries
        && plan.attributes.is_empty()
        && t.versioned.is_empty()
}
