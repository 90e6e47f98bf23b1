//! One call policy out of its layers: the caller's entry for the operation over
//! its entry for the target over the target's `client-defaults` over what is neutral.

use super::codes;
use super::context::{At, Context};
use super::guard::resolve_guard;
use super::model::{
    Backoff, Balancing, BudgetRule, BudgetScope, CallPolicy, EntityId, ErrorClass, OnFailure, PRIORITY_MAX,
    PolicyId, Pool, Retry, RetryBudget,
};
use super::security::credential;
use crate::spec::law::parse_backoff;
use crate::spec::raw::{
    RawBalancing, RawBudget, RawBudgetDetails, RawBudgetScope, RawCallPolicy, RawErrorClass, RawOnFailure,
    RawPool, RawPoolDetails, RawPoolMode, RawRetry,
};
use crate::spec::scalar::{BackoffText, SpanText};
use crate::units::SimSpan;

/// Most attempts of one call.
const ATTEMPTS_MAX: u32 = 1000;
/// Most replicas that a choice among a few looks at: with more it is as good as looking at all.
const CHOICES_MAX: u32 = 16;
/// Length of a ratio budget's window that states none.
const BUDGET_WINDOW_DEFAULT: SimSpan = SimSpan::from_secs(10);

/// Where a policy's values come from, nearest first.
pub(super) struct Layers<'a>(Vec<(&'a RawCallPolicy, At)>);

impl<'a> Layers<'a> {
    /// Those layers that there are, nearest first.
    pub(super) fn new<const COUNT: usize>(layers: [Option<(&'a RawCallPolicy, At)>; COUNT]) -> Self {
        Self(layers.into_iter().flatten().collect())
    }

    /// The nearest layer's value of a key, and where it was written.
    pub(super) fn find<T>(&self, key: &str, get: impl Fn(&'a RawCallPolicy) -> Option<T>) -> Option<(T, At)> {
        self.0.iter().find_map(|(raw, at)| get(raw).map(|value| (value, at.key(key))))
    }

    fn flag(&self, get: impl Fn(&'a RawCallPolicy) -> Option<bool>) -> bool {
        self.find("", get).is_some_and(|(value, _)| value)
    }
}

/// Whose connections and whose allowance a policy uses, if it has any.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Owners {
    /// Of the pool.
    pub(super) pool: PolicyId,
    /// Of the retry budget.
    pub(super) budget: PolicyId,
}

/// One policy.
pub(super) fn resolve_policy(
    cx: &mut Context<'_>,
    name: String,
    owners: Owners,
    layers: &Layers<'_>,
) -> CallPolicy {
    let timeout = |cx: &mut Context<'_>, key: &str, found: Option<(&SpanText, At)>| {
        found.and_then(|(text, at)| cx.span_above_zero(&at, key, text))
    };
    let attempt_timeout = timeout(cx, "`timeout`", layers.find("timeout", |raw| raw.timeout.as_ref()));
    let found_total = layers.find("total-timeout", |raw| raw.total_timeout.as_ref());
    let total_timeout = timeout(cx, "`total-timeout`", found_total.clone());
    if let (Some(attempt), Some(total), Some((_, at))) = (attempt_timeout, total_timeout, found_total)
        && attempt > total
    {
        let message =
            format!("`timeout` of {attempt} never ends an attempt: `total-timeout` of {total} comes first");
        cx.warning(codes::NO_EFFECT, &at, message, "");
    }
    let continues =
        layers.find("on-failure", |raw| raw.on_failure).filter(|(raw, _)| *raw != RawOnFailure::Fail);
    if let (Some((_, at)), Some(_)) = (layers.find("fallback", |raw| raw.fallback.as_ref()), continues) {
        let message = "the fallback is never done: with this `on-failure` the call never fails";
        cx.error(codes::CONTRADICTION, &at, message, "remove one of the two");
    }
    CallPolicy {
        name,
        pool: layers
            .find("pool", |raw| raw.pool.as_ref())
            .and_then(|(raw, at)| pool(cx, &at, owners.pool, raw)),
        attempt_timeout,
        total_timeout,
        zone_aware: layers.flag(|raw| raw.zone_aware),
        inherits_deadline: layers.flag(|raw| raw.inherit_deadline),
        cancels: layers.flag(|raw| raw.cancel),
        retry: layers
            .find("retry", |raw| raw.retry.as_ref())
            .and_then(|(raw, at)| retry(cx, &at, owners.budget, raw))
            .unwrap_or_else(no_retry),
        first_token_timeout: timeout(
            cx,
            "`first-token`",
            layers.find("first-token", |raw| raw.first_token.as_ref()),
        ),
        credential: layers
            .find("credential", |raw| raw.credential.as_ref())
            .and_then(|(name, at)| credential(cx, &at, name)),
        validates: layers.flag(|raw| raw.validate),
        balancing: layers
            .find("balance", |raw| raw.balance)
            .map_or(Balancing::RoundRobin, |(raw, at)| balancing(cx, &at, raw)),
        shard_by: shard_by(cx, layers),
        on_failure: layers.find("on-failure", |raw| raw.on_failure).map_or(OnFailure::Fail, |(raw, _)| {
            match raw {
                RawOnFailure::Fail => OnFailure::Fail,
                RawOnFailure::Continue => OnFailure::Continue,
                RawOnFailure::Degrade => OnFailure::Degrade,
            }
        }),
        priority: layers
            .find("priority", |raw| raw.priority)
            .and_then(|(priority, at)| cx.within(&at, "`priority`", priority, 0..=PRIORITY_MAX)),
        guard: resolve_guard(cx, layers),
    }
}

/// The entity by which requests find their replica.
fn shard_by(cx: &mut Context<'_>, layers: &Layers<'_>) -> Option<EntityId> {
    let (name, at) = layers.find("shard-by", |raw| raw.shard_by.as_ref())?;
    if layers.0.iter().any(|(raw, _)| raw.shard_by.is_some() && raw.balance.is_some()) {
        let message = "`shard-by` and `balance` exclude each other";
        cx.error(codes::CONTRADICTION, &at, message, "the key decides who is called: keep one of them");
    }
    let entities = &cx.input.topology.entities;
    let entity = entities.get_index_of(name);
    if entity.is_none() {
        cx.unknown(&at, "entity", name, entities.keys().map(String::as_str));
    }
    entity
}

fn balancing(cx: &mut Context<'_>, at: &At, raw: RawBalancing) -> Balancing {
    match raw {
        RawBalancing::Random => Balancing::Random,
        RawBalancing::RoundRobin => Balancing::RoundRobin,
        RawBalancing::LeastRequests => Balancing::LeastRequests,
        RawBalancing::TwoChoices => Balancing::Choices(2),
        RawBalancing::Choices(choices) => {
            let choices = cx.within(&at.key("choices"), "`choices`", choices, 2..=CHOICES_MAX);
            Balancing::Choices(choices.map_or(2, |choices| choices as u8))
        }
        RawBalancing::JoinShortestQueue => Balancing::JoinShortestQueue,
    }
}

fn pool(cx: &mut Context<'_>, at: &At, owner: PolicyId, raw: &RawPool) -> Option<Pool> {
    let (size, size_at, details) = match raw {
        RawPool::Size(size) => (*size, at.clone(), None),
        RawPool::Details(details) => (details.size, at.key("size"), Some(details)),
    };
    cx.within(&size_at, "a pool's size", size, 1..=u32::MAX)?;
    let get = |key: fn(&RawPoolDetails) -> Option<&SpanText>| details.and_then(key);
    Some(Pool {
        owner,
        size,
        queue_capacity: cx.small_count_or_unlimited(
            &at.key("queue"),
            "a pool's `queue`",
            details.and_then(|details| details.queue.as_ref()),
            0,
        ),
        timeout: get(|details| details.timeout.as_ref()).and_then(|text| cx.span(&at.key("timeout"), text)),
        is_session: details.is_some_and(|details| details.mode == Some(RawPoolMode::Session)),
        connect: cx.time_law_opt(&at.key("connect"), details.and_then(|details| details.connect.as_ref())),
    })
}

/// Every class but the caller's own decision to stop.
const REACTED_TO: [ErrorClass; 16] = [
    ErrorClass::Error,
    ErrorClass::Timeout,
    ErrorClass::Shed,
    ErrorClass::Throttled,
    ErrorClass::Reneged,
    ErrorClass::Reset,
    ErrorClass::Refused,
    ErrorClass::Connections,
    ErrorClass::PoolTimeout,
    ErrorClass::Open,
    ErrorClass::Bulkhead,
    ErrorClass::Expired,
    ErrorClass::Malformed,
    ErrorClass::Rejected,
    ErrorClass::Denied,
    ErrorClass::Conflict,
];

/// Every class that a caller can react to.
pub(super) fn all_classes() -> Vec<ErrorClass> {
    REACTED_TO.to_vec()
}

/// Every class that is tried again unless a file says which: all but what one's own breaker stopped
/// and what would be refused again.
fn retried_classes() -> Vec<ErrorClass> {
    let is_final = |class: &ErrorClass| {
        matches!(class, ErrorClass::Open | ErrorClass::Rejected | ErrorClass::Denied | ErrorClass::Conflict)
    };
    REACTED_TO.into_iter().filter(|class| !is_final(class)).collect()
}

/// A pause law that may be left out.
pub(super) fn step_backoff(cx: &mut Context<'_>, at: &At, text: Option<&BackoffText>) -> Option<Backoff> {
    text.map_or(Some(Backoff::None), |text| cx.value(at, parse_backoff(text.as_str())))
}

fn no_retry() -> Retry {
    Retry {
        attempts_max: 1,
        backoff: Backoff::None,
        on: retried_classes(),
        budget: None,
        honours_retry_after: true,
        only_if_first: false,
    }
}

fn retry(cx: &mut Context<'_>, at: &At, owner: PolicyId, raw: &RawRetry) -> Option<Retry> {
    let attempts = cx.within(&at.key("attempts"), "`attempts`", raw.attempts, 1..=ATTEMPTS_MAX);
    let backoff = step_backoff(cx, &at.key("backoff"), raw.backoff.as_ref());
    let budget = raw.budget.as_ref().map(|raw| budget(cx, &at.key("budget"), owner, raw));
    let on = raw.on.as_ref().map_or_else(retried_classes, |on| error_classes(on));
    if on.is_empty() && raw.attempts > 1 {
        cx.warning(
            codes::NO_EFFECT,
            &at.key("on"),
            "nothing is tried again",
            "list failures, or remove `on`",
        );
    }
    Some(Retry {
        attempts_max: attempts?,
        backoff: backoff?,
        on,
        budget: match budget {
            Some(budget) => Some(budget?),
            None => None,
        },
        honours_retry_after: raw.honor_retry_after.unwrap_or(true),
        only_if_first: raw.only_if_first.unwrap_or(false),
    })
}

/// The classes listed, each once, in the order of [`ErrorClass`].
pub(super) fn error_classes(raw: &[RawErrorClass]) -> Vec<ErrorClass> {
    let mut classes: Vec<ErrorClass> = raw.iter().map(|raw| error_class(*raw)).collect();
    classes.sort_unstable();
    classes.dedup();
    classes
}

/// The class a file names.
pub(super) fn error_class(raw: RawErrorClass) -> ErrorClass {
    match raw {
        RawErrorClass::Error => ErrorClass::Error,
        RawErrorClass::Timeout => ErrorClass::Timeout,
        RawErrorClass::Shed => ErrorClass::Shed,
        RawErrorClass::Throttled => ErrorClass::Throttled,
        RawErrorClass::Reneged => ErrorClass::Reneged,
        RawErrorClass::Reset => ErrorClass::Reset,
        RawErrorClass::Refused => ErrorClass::Refused,
        RawErrorClass::Connections => ErrorClass::Connections,
        RawErrorClass::PoolTimeout => ErrorClass::PoolTimeout,
        RawErrorClass::Open => ErrorClass::Open,
        RawErrorClass::Bulkhead => ErrorClass::Bulkhead,
        RawErrorClass::Expired => ErrorClass::Expired,
        RawErrorClass::Malformed => ErrorClass::Malformed,
        RawErrorClass::Rejected => ErrorClass::Rejected,
        RawErrorClass::Denied => ErrorClass::Denied,
        RawErrorClass::Conflict => ErrorClass::Conflict,
    }
}

fn budget(cx: &mut Context<'_>, at: &At, owner: PolicyId, raw: &RawBudget) -> Option<RetryBudget> {
    match raw {
        RawBudget::Share(text) => {
            let ratio = cx.share(at, text)?;
            let rule = BudgetRule::Ratio { ratio, window: BUDGET_WINDOW_DEFAULT, min_per_sec: 0.0 };
            Some(RetryBudget { owner, rule, scope: BudgetScope::Component })
        }
        RawBudget::Details(raw) => {
            let scope = match raw.scope.unwrap_or(RawBudgetScope::Component) {
                RawBudgetScope::Replica => BudgetScope::Replica,
                RawBudgetScope::Component => BudgetScope::Component,
            };
            budget_rule(cx, at, raw).map(|rule| RetryBudget { owner, rule, scope })
        }
    }
}

fn budget_rule(cx: &mut Context<'_>, at: &At, raw: &RawBudgetDetails) -> Option<BudgetRule> {
    match (&raw.ratio, &raw.per_call, &raw.capacity) {
        (Some(ratio), None, None) => {
            let ratio = cx.share(&at.key("ratio"), ratio);
            let window = match &raw.window {
                None => Some(BUDGET_WINDOW_DEFAULT),
                Some(text) => cx.span_above_zero(&at.key("window"), "`window`", text),
            };
            let min = raw.min_rate.as_ref().map_or(Some(0.0), |text| cx.rate(&at.key("min-rate"), text));
            Some(BudgetRule::Ratio { ratio: ratio?, window: window?, min_per_sec: min? })
        }
        (None, Some(per_call), Some(capacity)) => {
            for (key, is_set) in [("window", raw.window.is_some()), ("min-rate", raw.min_rate.is_some())] {
                if is_set {
                    let message = format!("`{key}` belongs to a budget with `ratio`");
                    cx.error(codes::CONTRADICTION, &at.key(key), message, "");
                }
            }
            let per_call = cx.number(&at.key("per-call"), per_call);
            let capacity = cx.number_above_zero(&at.key("capacity"), "`capacity`", capacity);
            Some(BudgetRule::TokenBucket { per_call: per_call?, capacity: capacity? })
        }
        _ => {
            let message = "a retry budget has either `ratio` or both `per-call` and `capacity`";
            cx.error(codes::CONTRADICTION, at, message, "write `budget: 10%` for one retry per ten calls");
            None
        }
    }
}
