//! Faults that go nowhere, and faults that leave callers waiting for ever.

use super::codes;
use super::context::{At, Context, listed};
use super::faults::{effect_words, path_of};
use super::model::{Caller, Effect, Fault, OutageMode, Path, Plan, ReplicaRef, Schedule};
use super::query::EdgeRef;
use super::replies::replies;
use std::collections::BTreeSet;

/// Warns of faults on paths without calls, and of silent faults on calls without a timeout.
pub(super) fn check_faults(cx: &mut Context<'_>, plan: &Plan) {
    let mut edges = plan.edges();
    // Whoever answers what was forwarded to it sends over the path to the original caller.
    edges.extend(replies(&plan.components, &plan.clients).into_iter().map(|reply| EdgeRef {
        policy: reply.policy,
        caller: reply.caller,
        target: reply.by,
    }));
    for (index, fault) in plan.faults.iter().enumerate() {
        let words = effect_words(&cx.input.scenario.faults[index]);
        let at = words.first().map_or(At::scenario("faults").index(index), |word| {
            At::scenario("faults").index(index).key(word)
        });
        if let Some(path) = path_of(&fault.effect)
            && !edges.iter().any(|edge| carries(path, *edge))
            && !carries_messages(path, plan)
        {
            let message = format!("`{}` hits no call: nothing there calls the other side", fault.name);
            cx.warning(codes::NO_EFFECT, &at, message, "calls go where `steps` say, one hop at a time");
        }
        let waiting: BTreeSet<&str> = edges
            .iter()
            .filter(|edge| falls_silent(fault, **edge))
            .map(|edge| &plan.policies[edge.policy])
            .filter(|policy| {
                policy.attempt_timeout.is_none()
                    && policy.total_timeout.is_none()
                    && !policy.inherits_deadline
            })
            .map(|policy| policy.name.as_str())
            .collect();
        if !waiting.is_empty() {
            let message = format!(
                "`{}` leaves calls without a timeout hanging until the end: {}",
                fault.name,
                listed(waiting)
            );
            cx.warning(codes::HANGS, &at, message, "give those calls a `timeout`");
        }
    }
}

/// Whether requests or answers of these calls travel a path.
fn carries(path: &Path, edge: EdgeRef) -> bool {
    let target = Caller::Component(edge.target);
    // Ends are in order, and a place can stand for many.
    let is_in = |ends: &[Caller], end: &Caller| ends.binary_search(end).is_ok();
    let goes = is_in(&path.from, &edge.caller) && is_in(&path.to, &target);
    let comes = is_in(&path.from, &target) && is_in(&path.to, &edge.caller);
    goes || comes
}

/// Whether messages, or their acknowledgements, travel a path.
fn carries_messages(path: &Path, plan: &Plan) -> bool {
    let is_in = |ends: &[Caller], end: usize| ends.binary_search(&Caller::Component(end)).is_ok();
    plan.messaging.consumers.iter().any(|consumer| {
        let (here, there) = (consumer.component, plan.messaging.brokers[consumer.broker].component);
        let goes = is_in(&path.from, there) && is_in(&path.to, here);
        goes || (is_in(&path.from, here) && is_in(&path.to, there))
    })
}

/// Whether a caller of these calls may wait for an answer that never comes.
fn falls_silent(fault: &Fault, edge: EdgeRef) -> bool {
    let is_hit = |replicas: &[ReplicaRef]| {
        let first = replicas.partition_point(|replica| replica.component < edge.target);
        replicas.get(first).is_some_and(|replica| replica.component == edge.target)
    };
    let is_endless = matches!(fault.schedule, Schedule::Once { length: None, .. });
    match &fault.effect {
        Effect::Partition { path, refuses: false } | Effect::Block { path, refuses: false } => {
            carries(path, edge)
        }
        Effect::Hold { path } => is_endless && carries(path, edge),
        Effect::Lock { replicas, .. } => is_endless && is_hit(replicas),
        Effect::Outage { replicas, mode: OutageMode::BlackHole } => is_hit(replicas),
        _ => false,
    }
}
