//! Answers that take another way back: what was forwarded is answered by
//! whoever did the work last, straight to the original caller.

use super::codes;
use super::context::{At, Context};
use super::model::{Call, Caller, Client, Component, ComponentId, OperationId, Plan, PolicyId, Step};
use super::places::Links;
use super::query::visit_calls;
use std::collections::{BTreeMap, BTreeSet};

/// Calls under one policy that somebody else than their target may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reply {
    /// Who asked.
    pub(super) caller: Caller,
    /// How.
    pub(super) policy: PolicyId,
    /// Who may answer.
    pub(super) by: ComponentId,
    /// The operation that answers.
    operation: OperationId,
}

type Site = (ComponentId, OperationId);

/// Everybody who may answer a call that was forwarded to them.
pub(super) fn replies(components: &[Component], clients: &[Client]) -> BTreeSet<Reply> {
    let mut onward: BTreeMap<Site, Vec<Site>> = BTreeMap::new();
    for (id, component) in components.iter().enumerate() {
        for (number, operation) in component.operations.iter().enumerate() {
            let mut found = Vec::new();
            forwards(&operation.steps, &mut |call| found.push((call.target, call.operation)));
            if !found.is_empty() {
                onward.insert((id, number), found);
            }
        }
    }
    let mut found = BTreeSet::new();
    let mut note = |caller: Caller, steps: &[Step]| {
        visit_calls(steps, &mut |call| {
            let mut to_follow = onward.get(&(call.target, call.operation)).cloned().unwrap_or_default();
            while let Some((by, operation)) = to_follow.pop() {
                if found.insert(Reply { caller, policy: call.policy, by, operation }) {
                    to_follow.extend(onward.get(&(by, operation)).into_iter().flatten());
                }
            }
        });
    };
    for (id, component) in components.iter().enumerate() {
        component.operations.iter().for_each(|operation| note(Caller::Component(id), &operation.steps));
    }
    for (id, client) in clients.iter().enumerate() {
        client.journeys.iter().for_each(|journey| note(Caller::Client(id), &journey.steps));
    }
    found
}

fn forwards(steps: &[Step], found: &mut impl FnMut(&Call)) {
    for step in steps {
        if let Step::Forward(call) = step {
            found(call);
        }
        step.bodies().into_iter().for_each(|body| forwards(body, found));
    }
}

/// Complains of pairs of places that forwarded requests' answers have to cross without a link.
pub(super) fn check_replies(cx: &mut Context<'_>, plan: &Plan, links: &Links) {
    if links.is_partial {
        return;
    }
    let linked: BTreeSet<_> = links.list.iter().map(|link| (link.from, link.to)).collect();
    let mut seen = BTreeSet::new();
    for reply in replies(&plan.components, &plan.clients) {
        let to = match reply.caller {
            Caller::Component(id) => plan.components[id].place,
            Caller::Client(id) => plan.clients[id].place,
        };
        let component = &plan.components[reply.by];
        let from = component.place;
        if from == to || !seen.insert((from, to)) {
            continue;
        }
        let at = At::topology("components").key(&component.name).key("operations");
        let at = at.key(&component.operations[reply.operation].name);
        let (here, there) = (&plan.places[from].name, &plan.places[to].name);
        let caller = plan.caller_name(reply.caller);
        if !linked.contains(&(from, to)) {
            let message = format!(
                "what is forwarded to here is answered from {here} straight to `{caller}` in {there}, and there is no link that way"
            );
            let help = format!(
                "add `- {{ between: [{here}, {there}], latency: 1ms }}` to the topology's `network.links`, or use `call` instead of `forward`"
            );
            cx.error(codes::NO_LINK, &at, message, help);
        } else if !linked.contains(&(to, from)) {
            let message = format!(
                "there is a link from {here} to {there} for answers to `{caller}`, but none back: a cancellation would take no time"
            );
            cx.warning(codes::ONE_WAY, &at, message, format!("link {there} to {here} as well"));
        }
    }
}
