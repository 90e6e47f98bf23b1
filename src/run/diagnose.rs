//! Why a run did not recover: the run again, with what may keep it going taken away.

use super::{RunError, pool};
use crate::outcome::{Bound, Outcome, Recovery, Trial};
use crate::plan::{Holding, Plan, Step};
use crate::sim::{self, Ablation, Flow, Loop, Options, Progress};
use crate::units::SimTime;
use rayon::prelude::*;

/// Finds out what keeps service down in a run whose last trigger ended and which did not recover.
///
/// The run is repeated, with the same seed, once for each loop that the plan has, which is taken away
/// when the trigger ends; those whose removal alone restores service are the answer. If none is enough
/// alone, all are taken away together. What was tried is noted in the outcome's recovery; nothing else of it
/// changes. A run that recovered, has no trigger that ends, or was down before the first trigger is left as it is. `watch` is told
/// of each repetition's progress; once it says stop, what was found is left out.
///
/// # Errors
/// When threads cannot be started.
pub fn diagnose(
    plan: &Plan,
    outcome: &mut Outcome,
    (jobs, events_max): (usize, Option<u64>),
    watch: &(dyn Fn(Progress) -> Flow + Sync),
) -> Result<(), RunError> {
    let seed = outcome.seed;
    let is_down = |recovery: &&mut Recovery| recovery.time.is_none() && recovery.hurt_before.is_none();
    let Some(recovery) = outcome.recovery.as_mut().filter(is_down) else {
        return Ok(());
    };
    let from = recovery.trigger_end;
    let attempt = |loops: &[Loop]| try_without(plan, seed, events_max, loops, from, watch);
    let loops = loops_of(plan);
    let alone: Vec<Option<Trial>> = pool(jobs, loops.len())?
        .install(|| loops.par_iter().map(|one| attempt(std::slice::from_ref(one))).collect());
    let Some(mut trials) = alone.into_iter().collect::<Option<Vec<Trial>>>() else { return Ok(()) };
    if loops.len() > 1 && trials.iter().all(|trial| trial.time.is_none()) {
        let Some(together) = attempt(&loops) else { return Ok(()) };
        trials.push(together);
    }
    recovery.trials = trials;
    Ok(())
}

/// One repetition; `None` when it was interrupted.
fn try_without(
    plan: &Plan,
    seed: u64,
    events_max: Option<u64>,
    loops: &[Loop],
    from: SimTime,
    watch: &(dyn Fn(Progress) -> Flow + Sync),
) -> Option<Trial> {
    let ablation = Some(Ablation { loops: loops.to_vec(), from });
    let options = Options { events_max, ablation, ..Options::new(seed) };
    let (outcome, _) = sim::simulate(plan, &options, &mut |progress| watch(progress));
    let stopped = outcome.truncated.as_ref().map(|truncation| truncation.bound);
    if stopped == Some(Bound::Interrupted) {
        return None;
    }
    let time = outcome.recovery.and_then(|recovery| recovery.time).filter(|_| stopped.is_none());
    Some(Trial { removed: loops.iter().map(|one| one.words().to_owned()).collect(), time })
}

/// The loops that a plan can have at all.
fn loops_of(plan: &Plan) -> Vec<Loop> {
    let is_there = |one: &Loop| match one {
        Loop::Retries => plan.policies.iter().any(|policy| policy.retry.attempts_max > 1),
        Loop::Hedges => plan.policies.iter().any(|policy| policy.guard.hedge.is_some()),
        Loop::CacheMisses => {
            let all = plan.components.iter().flat_map(|component| &component.operations);
            all.map(|operation| &operation.steps).any(|steps| has_look_up(steps))
                || plan.clients.iter().flat_map(|client| &client.journeys).any(|j| has_look_up(&j.steps))
        }
        Loop::HealthChecks => plan.components.iter().any(|component| component.health.is_some()),
        Loop::Autoscaler => plan.components.iter().any(|component| component.scaling.is_some()),
        Loop::Backlog | Loop::AbandonedWork => plan
            .components
            .iter()
            .any(|component| !matches!(component.holding, Holding::Threads { per_replica: None, .. })),
    };
    Loop::ALL.into_iter().filter(is_there).collect()
}

fn has_look_up(steps: &[Step]) -> bool {
    steps.iter().any(|step| matches!(step, Step::Cached(_)) || step.bodies().into_iter().any(has_look_up))
}
