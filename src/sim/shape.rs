//! What a plan's components and policies amount to for the tables: what is held, how many lines
//! wait, who calls whom.

use super::tables::{Holds, NONE};
use crate::plan::{Component, Discipline, Holding, Plan, Step};

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
        Discipline::Fifo | Discipline::Lifo | Discipline::AdaptiveLifo => 1,
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
