//! Limits checked before a request may queue.

use super::attributes::amount;
use super::codes;
use super::context::{At, Context};
use super::directory::{ComponentEntry, Directory};
use super::model::{Admission, Amount, Bucket, Excess};
use crate::spec::raw::{RawAdmission, RawBucket, RawExcess};

/// All limits of one component, in order.
pub(super) fn resolve_admission(
    cx: &mut Context<'_>,
    directory: &Directory,
    at: &At,
    raw: &[RawAdmission],
    component: &ComponentEntry,
) -> Vec<Admission> {
    let mut limits: Vec<Admission> = Vec::new();
    for (index, raw) in raw.iter().enumerate() {
        // Both fill and drain at one rate between empty and full, so they refuse the same requests.
        let (kind, raw) = match raw {
            RawAdmission::TokenBucket(raw) => ("token-bucket", raw),
            RawAdmission::LeakyBucket(raw) => ("leaky-bucket", raw),
        };
        let at = at.index(index).key(kind);
        let Some(limit) = admission(cx, directory, &at, kind, raw, component) else { continue };
        if limits.iter().any(|other| other.name == limit.name) {
            let message = format!("there are two limits called `{}`", limit.name);
            cx.error(codes::DUPLICATE, &at, message, "give each a `name` of its own");
        }
        limits.push(limit);
    }
    limits
}

fn admission(
    cx: &mut Context<'_>,
    directory: &Directory,
    at: &At,
    kind: &str,
    raw: &RawBucket,
    component: &ComponentEntry,
) -> Option<Admission> {
    let rate = cx.rate(&at.key("rate"), &raw.rate);
    let rate = rate.and_then(|rate| cx.above_zero(&at.key("rate"), "`rate`", rate));
    let burst = cx.number_above_zero(&at.key("burst"), "`burst`", &raw.burst);
    let costs = costs(cx, directory, &at.key("costs"), raw, component);
    let excess = excess(cx, at, raw);
    let bucket = Bucket { rate_per_sec: rate?, burst: burst? };
    let dearest = costs.iter().filter_map(Amount::constant);
    let dearest = dearest.fold(if costs.is_empty() { 1.0 } else { 0.0 }, f64::max);
    if dearest > bucket.burst {
        let message = format!("a request that takes {dearest} never passes a `burst` of {}", bucket.burst);
        cx.error(codes::OUT_OF_RANGE, &at.key("burst"), message, "make `burst` at least the largest cost");
    }
    Some(Admission {
        name: raw.name.clone().unwrap_or_else(|| kind.to_owned()),
        bucket,
        costs,
        excess,
        retry_after: raw.retry_after.unwrap_or(true),
    })
}

/// Costs by operation index, empty if all are 1.
fn costs(
    cx: &mut Context<'_>,
    directory: &Directory,
    at: &At,
    raw: &RawBucket,
    component: &ComponentEntry,
) -> Vec<Amount> {
    if raw.costs.is_empty() {
        return Vec::new();
    }
    let mut costs = vec![Amount::from(1.0); component.operations.len()];
    for (name, text) in &raw.costs {
        let at = at.key(name);
        let cost = amount(cx, directory, &at, text);
        if cost.as_ref().and_then(Amount::constant).is_some_and(|cost| cost < 0.0) {
            cx.error(codes::OUT_OF_RANGE, &at, "a cost must be 0 or more", "");
        }
        match component.operations.get_index_of(name) {
            Some(operation) => costs[operation] = cost.unwrap_or_default(),
            None => {
                let what = format!("operation of `{}` called", component.name);
                cx.unknown(&at, &what, name, component.operations.iter().map(String::as_str));
            }
        }
    }
    costs
}

fn excess(cx: &mut Context<'_>, at: &At, raw: &RawBucket) -> Excess {
    let wait_max = raw.wait_max.as_ref().and_then(|text| cx.span(&at.key("wait-max"), text));
    match raw.excess.unwrap_or(RawExcess::Reject) {
        RawExcess::Delay => Excess::Delay { wait_max },
        RawExcess::Reject => {
            if raw.wait_max.is_some() {
                let message = "`wait-max` needs `excess: delay`, because a refused request does not wait";
                cx.error(codes::CONTRADICTION, &at.key("wait-max"), message, "");
            }
            Excess::Reject
        }
    }
}
