//! Who calls whom under which policy.

use crate::plan::{Plan, Step};

/// Caller's and target's node of each policy.
pub(super) fn policy_ends(plan: &Plan) -> Vec<(u32, u32)> {
    let mut ends = vec![(0, 0); plan.policies.len()];
    let clients = plan.components.len();
    for (number, component) in plan.components.iter().enumerate() {
        for operation in &component.operations {
            note_ends(&operation.steps, number as u32, &mut ends);
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
