//! A caller's protections out of its policy's layers.

use super::codes;
use super::context::{At, Context};
use super::model::{
    Breaker, BreakerWindow, BudgetRule, BudgetScope, Bulkhead, ErrorClass, Guard, Hedge, HedgeDelay, Throttle,
};
use super::policy::{Layers, all_classes, error_classes};
use crate::spec::raw::{RawBreaker, RawBudgetScope, RawBulkhead, RawClientThrottle, RawHedge};
use crate::units::SimSpan;

/// Defaults of resilience4j's `CircuitBreakerConfig`: attempts remembered and needed, share of
/// failures, time open, probes.
const BREAKER_CALLS: u32 = 100;
const BREAKER_FAILURES: f64 = 0.5;
const BREAKER_OPEN: SimSpan = SimSpan::from_secs(60);
const BREAKER_PROBES: u32 = 10;
/// Most attempts that a breaker can remember one by one.
const BREAKER_CALLS_MAX: u32 = 1_000_000;
/// The SRE book's settings of adaptive throttling.
const THROTTLE_K: f64 = 2.0;
const THROTTLE_WINDOW: SimSpan = SimSpan::from_secs(120);
/// Largest k: more never rejects anything.
const THROTTLE_K_MAX: f64 = 1e6;
/// Over which calls are recent, for a hedge after a percentile.
const HEDGE_WINDOW: SimSpan = SimSpan::from_secs(30);
/// Over which the cap on hedges is counted.
const CAP_WINDOW: SimSpan = SimSpan::from_secs(10);

/// What a caller does to protect itself and its target.
pub(super) fn resolve_guard(cx: &mut Context<'_>, layers: &Layers<'_>) -> Guard {
    let breaker_at = layers.find("breaker", |raw| raw.breaker.as_ref());
    let bulkhead_at = layers.find("bulkhead", |raw| raw.bulkhead.as_ref());
    let throttle_at = layers.find("throttle", |raw| raw.throttle.as_ref());
    let hedge_at = layers.find("hedge", |raw| raw.hedge.as_ref());
    Guard {
        breaker: breaker_at.and_then(|(raw, at)| breaker(cx, &at, raw)),
        bulkhead: bulkhead_at.and_then(|(raw, at)| bulkhead(cx, &at, raw)),
        throttle: throttle_at.and_then(|(raw, at)| throttle(cx, &at, raw)),
        hedge: hedge_at.and_then(|(raw, at)| hedge(cx, &at, raw)),
    }
}

fn scope(raw: Option<RawBudgetScope>) -> BudgetScope {
    match raw {
        Some(RawBudgetScope::Component) => BudgetScope::Component,
        Some(RawBudgetScope::Replica) | None => BudgetScope::Replica,
    }
}

fn breaker(cx: &mut Context<'_>, at: &At, raw: &RawBreaker) -> Option<Breaker> {
    let window = breaker_window(cx, at, raw);
    let calls_default = raw.calls.unwrap_or(BREAKER_CALLS);
    let most = if raw.window.is_some() { u32::MAX } else { calls_default.max(1) };
    let minimum = raw.minimum.unwrap_or(calls_default.max(1));
    let calls_min = cx.within(&at.key("minimum"), "`minimum`", minimum, 1..=most);
    let failures = match &raw.failures {
        None => Some(BREAKER_FAILURES),
        Some(text) => cx.share_above_zero(&at.key("failures"), "`failures`", text),
    };
    let open = match &raw.open {
        None => Some(BREAKER_OPEN),
        Some(text) => cx.span_above_zero(&at.key("open"), "`open`", text),
    };
    let probes = raw.probes.unwrap_or(BREAKER_PROBES);
    let probes = cx.within(&at.key("probes"), "`probes`", probes, 1..=BREAKER_CALLS_MAX);
    let slow = slow(cx, at, raw);
    let own = [ErrorClass::Open, ErrorClass::Bulkhead];
    let on = raw.on.as_ref().map_or_else(
        || all_classes().into_iter().filter(|class| !own.contains(class)).collect(),
        |on| error_classes(on),
    );
    Some(Breaker {
        window: window?,
        calls_min: calls_min?,
        failures: failures?,
        slow: slow?,
        open: open?,
        probes: probes?,
        on,
        scope: scope(raw.scope),
    })
}

fn breaker_window(cx: &mut Context<'_>, at: &At, raw: &RawBreaker) -> Option<BreakerWindow> {
    match (raw.calls, &raw.window) {
        (Some(_), Some(_)) => {
            let message = "`calls` and `window` exclude each other";
            cx.error(codes::CONTRADICTION, &at.key("window"), message, "keep one of them");
            None
        }
        (None, Some(text)) => {
            cx.span_above_zero(&at.key("window"), "`window`", text).map(BreakerWindow::Time)
        }
        (calls, None) => cx
            .within(&at.key("calls"), "`calls`", calls.unwrap_or(BREAKER_CALLS), 1..=BREAKER_CALLS_MAX)
            .map(BreakerWindow::Calls),
    }
}

/// The outer `None` is a mistake.
fn slow(cx: &mut Context<'_>, at: &At, raw: &RawBreaker) -> Option<Option<(SimSpan, f64)>> {
    match (&raw.slow, &raw.slow_share) {
        (None, None) => Some(None),
        (None, Some(_)) => {
            let message = "`slow-share` needs `slow`, which says how long a slow attempt takes";
            cx.error(codes::MISSING, &at.key("slow-share"), message, "add `slow: 1s`");
            None
        }
        (Some(text), share) => {
            let span = cx.span_above_zero(&at.key("slow"), "`slow`", text);
            let share = match share {
                None => Some(1.0),
                Some(text) => cx.share_above_zero(&at.key("slow-share"), "`slow-share`", text),
            };
            Some(Some((span?, share?)))
        }
    }
}

fn bulkhead(cx: &mut Context<'_>, at: &At, raw: &RawBulkhead) -> Option<Bulkhead> {
    let (calls, calls_at, details) = match raw {
        RawBulkhead::Calls(calls) => (*calls, at.clone(), None),
        RawBulkhead::Details(details) => (details.calls, at.key("calls"), Some(details)),
    };
    let calls = cx.within(&calls_at, "a bulkhead's size", calls, 1..=u32::MAX);
    let queue = details.and_then(|details| details.queue.as_ref());
    let queue_capacity = match queue {
        None => Some(0),
        Some(_) => cx.small_count_or_unlimited(&at.key("queue"), "a bulkhead's `queue`", queue, 0),
    };
    let wait = details.and_then(|details| details.wait.as_ref());
    if wait.is_some() && queue_capacity == Some(0) {
        let message = "`wait` needs a `queue`, because without one nobody waits for a place";
        cx.error(codes::CONTRADICTION, &at.key("wait"), message, "add `queue: unlimited`");
    }
    Some(Bulkhead {
        calls: calls?,
        queue_capacity,
        wait_max: wait.and_then(|text| cx.span(&at.key("wait"), text)),
        scope: scope(details.and_then(|details| details.scope)),
    })
}

fn throttle(cx: &mut Context<'_>, at: &At, raw: &RawClientThrottle) -> Option<Throttle> {
    let k = match &raw.k {
        None => Some(THROTTLE_K),
        Some(text) => {
            let k = cx.number(&at.key("k"), text);
            k.and_then(|k| cx.within(&at.key("k"), "`k`", k, 1.0..=THROTTLE_K_MAX))
        }
    };
    let window = match &raw.window {
        None => Some(THROTTLE_WINDOW),
        Some(text) => cx.span_above_zero(&at.key("window"), "`window`", text),
    };
    Some(Throttle { k: k?, window: window?, scope: scope(raw.scope) })
}

fn hedge(cx: &mut Context<'_>, at: &At, raw: &RawHedge) -> Option<Hedge> {
    let after = match (&raw.after, &raw.percentile) {
        (Some(text), None) => {
            if raw.window.is_some() {
                let message = "`window` belongs to a hedge after a `percentile`";
                cx.error(codes::CONTRADICTION, &at.key("window"), message, "");
            }
            cx.span_above_zero(&at.key("after"), "`after`", text).map(HedgeDelay::Fixed)
        }
        (None, Some(text)) => {
            let share = cx.share(&at.key("percentile"), text);
            let quantile = share
                .and_then(|share| cx.within(&at.key("percentile"), "`percentile`", share, 0.01..=0.9999));
            let window = match &raw.window {
                None => Some(HEDGE_WINDOW),
                Some(text) => cx.span_above_zero(&at.key("window"), "`window`", text),
            };
            quantile.zip(window).map(|(quantile, window)| HedgeDelay::Observed { quantile, window })
        }
        _ => {
            let message = "a hedge has exactly one of `after` and `percentile`";
            cx.error(codes::CONTRADICTION, at, message, "write `hedge: { percentile: 95%, cap: 5% }`");
            None
        }
    };
    let cap = raw.cap.as_ref().map(|text| cx.share_above_zero(&at.key("cap"), "`cap`", text));
    let rule = |ratio: f64| BudgetRule::Ratio { ratio, window: CAP_WINDOW, min_per_sec: 0.0 };
    let cap = match cap {
        Some(None) => return None,
        Some(Some(ratio)) => Some(rule(ratio)),
        None => None,
    };
    Some(Hedge { after: after?, cap, cancels: raw.cancel.unwrap_or(true) })
}
