//! What the tables need to know of a plan beforehand: what holding means, who
//! calls whom, and whose replicas never change.

use super::tables::{Holds, NONE};
use crate::plan::{Caller, Component, Discipline, Holding, Plan, Step};

/// What holding means for a component: what a request takes, how many there are, cores shared.
pub(super) fn holding(component: &Component) -> (Holds, u32, Option<f64>) {
    match component.holding {
        Holding::Async { cores } => (Holds::Core, cores, None),
        Holding::Threads { per_replica: None, cores } => (Holds::Nothing, NONE, cores),
        Holding::Threads { per_replica: Some(threads), cores } => {
            // As many cores as threads are a core of its own for each.
            (Holds::Thread, threads, cores.filter(|cores| *cores < f64::from(threads)))
        }
    }
}

/// Lines a replica's queue needs.
pub(super) fn lines(discipline: Discipline) -> usize {
    match discipline {
        Discipline::Fifo | Discipline::Lifo => 1,
        Discipline::Priority | Discipline::PreemptivePriority => usize::from(crate::plan::PRIORITY_MAX) + 1,
    }
}

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

/// Whether a component's replicas all get requests at all times, whatever their state.
pub(super) fn is_fixed(plan: &Plan, number: usize, ends: &[(u32, u32)]) -> bool {
    let component = &plan.components[number];
    let is_preferred =
        |(policy, ends): (usize, &(u32, u32))| plan.policies[policy].zone_aware && ends.1 == number as u32;
    component.scaling.is_none()
        && component.serverless.is_none()
        && component.health.is_none()
        && !ends.iter().enumerate().any(is_preferred)
        && !plan.faults.iter().any(|fault| fault.effect.moves_replicas_of(number))
}

/// The target and number of the connections that a component holds for as long as its callers hold theirs to it.
pub(super) fn session(plan: &Plan, number: usize, ends: &[(u32, u32)]) -> Option<(u32, u32)> {
    plan.policies.iter().zip(ends).find_map(|(policy, (caller, target))| {
        let pool = policy.pool.as_ref().filter(|pool| pool.is_session && *caller == number as u32)?;
        Some((*target, pool.size.saturating_mul(plan.components[number].replicas)))
    })
}
