//! How components are called, and where each part of the policy was written.

use super::explain::{Explanation, leaves};
use crate::plan::{CallPolicy, Caller, EdgeRef, Plan};
use crate::spec::{Catalogue, Input, Part};
use serde::Serialize;
use serde_json::Value;

/// Calls from one caller to one target, as far as they behave alike.
#[derive(Debug, Serialize)]
pub(super) struct ExplainedCall<'a> {
    /// `caller -> target` or `caller -> target.operation`.
    pub(super) call: &'a str,
    /// What the policy in force amounts to.
    pub(super) policy: String,
    /// Its values.
    pub(super) values: Vec<Explanation<'a>>,
}

/// Calls from and to a component.
pub(super) fn calls<'a>(
    input: &Input,
    plan: &'a Plan,
    catalogue: &'a Catalogue,
    name: &str,
) -> Vec<ExplainedCall<'a>> {
    let concerns =
        |edge: &EdgeRef| plan.components[edge.target].name == name || plan.caller_name(edge.caller) == name;
    let mut edges = plan.edges();
    edges.retain(concerns);
    let explained = edges.iter().map(|edge| {
        let policy = &plan.policies[edge.policy];
        ExplainedCall {
            call: &policy.name,
            policy: amounts_to(policy),
            values: values(input, plan, catalogue, edge),
        }
    });
    explained.collect()
}

/// Each key from the nearest of the entries that have it.
fn values<'a>(input: &Input, plan: &Plan, catalogue: &'a Catalogue, edge: &EdgeRef) -> Vec<Explanation<'a>> {
    let target = &plan.components[edge.target];
    let list = match edge.caller {
        Caller::Component(_) => "components",
        Caller::Client(_) => "clients",
    };
    let caller = plan.caller_name(edge.caller);
    let entry = plan.policies[edge.policy].name.split_once(" -> ").map_or("", |(_, entry)| entry);
    let layers = [
        vec![list, caller, "calls", entry],
        vec![list, caller, "calls", &target.name],
        vec!["components", &target.name, "client-defaults"],
    ];
    let mut seen: Vec<String> = Vec::new();
    let mut values = Vec::new();
    for keys in layers {
        let found = keys.iter().try_fold(&input.document, |value, key| value.get(key));
        let Some(Value::Object(found)) = found else { continue };
        for (key, value) in found {
            if seen.contains(key) {
                continue;
            }
            seen.push(key.clone());
            leaves(key, value, &mut |path, value| {
                let at = input.origins.locate(Part::Topology, &format!("{}/{path}", keys.join("/")));
                let figure = catalogue.figure(&target.kind, &format!("client-defaults/{path}"), &at.file);
                values.push(Explanation { path: path.to_owned(), value: value.clone(), at, figure });
            });
        }
    }
    values
}

fn amounts_to(policy: &CallPolicy) -> String {
    let mut parts = Vec::new();
    match policy.attempt_timeout {
        Some(timeout) => parts.push(format!("each attempt {timeout} at most")),
        None => parts.push("no timeout per attempt".to_owned()),
    }
    parts.extend(policy.total_timeout.map(|timeout| format!("{timeout} in all")));
    match policy.retry.attempts_max {
        1 => parts.push("no retries".to_owned()),
        attempts => parts.push(format!("{attempts} attempts")),
    }
    if let Some(pool) = &policy.pool {
        parts.push(format!("{} pooled connections per replica", pool.size));
    }
    if policy.cancels {
        parts.push("cancels on timeout".to_owned());
    }
    parts.join(", ")
}
