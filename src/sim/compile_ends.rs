//! What the tables need to know of a plan beforehand: whose replicas never change, and who holds
//! connections for others.

use crate::plan::Plan;

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
