//! Who calls whom under each policy.

use crate::plan::{Caller, Plan, Step};

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
