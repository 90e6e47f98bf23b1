//! Limits checked before a request may queue.

use super::attributes::amount;
use super::codes;
use super::context::{At, Context};
use super::directory::{ComponentEntry, Directory};
use super::model::{Admission, Amount, Bucket, EntityId, Excess};
use crate::spec::raw::{RawAdmission, RawBucket, RawExcess, RawQuota};
use crate::spec::scalar::AmountText;
use indexmap::IndexMap;

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
        let at = at.index(index);
        let (at, limit) = match raw {
            RawAdmission::TokenBucket(raw) => {
                let at = at.key("token-bucket");
                (at.clone(), admission(cx, directory, &at, "token-bucket", raw, component))
            }
            RawAdmission::LeakyBucket(raw) => {
                let at = at.key("leaky-bucket");
                (at.clone(), admission(cx, directory, &at, "leaky-bucket", raw, component))
            }
            RawAdmission::Quota(raw) => {
                let at = at.key("quota");
                (at.clone(), quota(cx, directory, &at, raw, component))
            }
            RawAdmission::Concurrency(_) => continue,
        };
        let Some(limit) = limit else { continue };
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
    let costs = costs(cx, directory, &at.key("costs"), &raw.costs, component);
    let each = each(cx, directory, at, raw.each.as_deref());
    let excess = excess(cx, at, raw);
    let bucket = Bucket { rate_per_sec: rate?, burst: burst?, stretch: None };
    check_dearest(cx, &at.key("burst"), "burst", &costs, bucket.burst);
    Some(Admission {
        name: raw.name.clone().unwrap_or_else(|| kind.to_owned()),
        bucket,
        costs,
        excess,
        retry_after: raw.retry_after.unwrap_or(true),
        each: each?,
    })
}

/// So many units in each stretch of time.
fn quota(
    cx: &mut Context<'_>,
    directory: &Directory,
    at: &At,
    raw: &RawQuota,
    component: &ComponentEntry,
) -> Option<Admission> {
    let limit = cx.number_above_zero(&at.key("limit"), "`limit`", &raw.limit);
    let per = cx.span_above_zero(&at.key("per"), "`per`", &raw.per);
    let costs = costs(cx, directory, &at.key("costs"), &raw.costs, component);
    let each = each(cx, directory, at, raw.each.as_deref());
    let bucket = Bucket { rate_per_sec: 0.0, burst: limit?, stretch: Some(per?) };
    check_dearest(cx, &at.key("limit"), "limit", &costs, bucket.burst);
    Some(Admission {
        name: raw.name.clone().unwrap_or_else(|| "quota".to_owned()),
        bucket,
        costs,
        excess: Excess::Reject,
        retry_after: raw.retry_after.unwrap_or(true),
        each: each?,
    })
}

/// Complains of a request that never passes.
fn check_dearest(cx: &mut Context<'_>, at: &At, key: &str, costs: &[Amount], most: f64) {
    let dearest = costs.iter().filter_map(Amount::constant);
    let dearest = dearest.fold(if costs.is_empty() { 1.0 } else { 0.0 }, f64::max);
    if dearest > most {
        let message = format!("a request that takes {dearest} never passes a `{key}` of {most}");
        cx.error(codes::OUT_OF_RANGE, at, message, format!("make `{key}` at least the largest cost"));
    }
}

/// The key space of which each key has an allowance of its own; the inner `None` is one for all.
fn each(
    cx: &mut Context<'_>,
    directory: &Directory,
    at: &At,
    name: Option<&str>,
) -> Option<Option<EntityId>> {
    match name {
        None => Some(None),
        Some(name) => directory.entity(cx, &at.key("each"), name).map(Some),
    }
}

/// Costs by operation index, empty if all are 1.
fn costs(
    cx: &mut Context<'_>,
    directory: &Directory,
    at: &At,
    raw: &IndexMap<String, AmountText>,
    component: &ComponentEntry,
) -> Vec<Amount> {
    if raw.is_empty() {
        return Vec::new();
    }
    let mut costs = vec![Amount::from(1.0); component.operations.len()];
    for (name, text) in raw {
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
