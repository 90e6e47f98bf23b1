//! Names of things in sentences and tables, and user-given names made safe to show.

use crate::outcome::{Bound, Outcome, Phase, Resource, SaturationKind, Truncation, WaitKind};
use crate::plan::{Comparison, ErrorClass};
use crate::verdict::Verdict;

/// Longest user-given name shown whole.
const NAME_MAX: usize = 96;

/// A name or line from a file without control characters, cut when very long.
pub(super) fn tame(text: &str) -> String {
    tame_to(text, NAME_MAX)
}

/// The same with at most `width` characters.
pub(super) fn tame_to(text: &str, width: usize) -> String {
    clip(&text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect::<String>(), width)
}

/// At most `width` characters, the last one an ellipsis where something was cut.
pub(super) fn clip(text: &str, width: usize) -> String {
    if text.chars().count() <= width || width == 0 {
        return text.chars().take(width).collect();
    }
    let mut out: String = text.chars().take(width.saturating_sub(1)).collect();
    out.push('…');
    out
}

/// At most `width` characters, an ellipsis in the middle where something was
/// cut: names that only differ at their ends stay apart.
pub(super) fn clip_middle(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width || width < 3 {
        return clip(text, width);
    }
    let end = (width - 1) / 2;
    let start: String = text.chars().take(width - 1 - end).collect();
    start + "…" + &text.chars().skip(length - end).collect::<String>()
}

pub(super) fn verdict(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Pass) => "pass",
        Some(Verdict::Inconclusive) => "inconclusive",
        Some(Verdict::Fail) => "fail",
        None => "no expectations",
    }
}

pub(super) fn tick(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✓",
        Verdict::Inconclusive => "?",
        Verdict::Fail => "✗",
    }
}

pub(super) fn comparison(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Less => "<",
        Comparison::LessOrEqual => "≤",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => "≥",
    }
}

/// Where something lies relative to the faults, if there were any.
pub(super) fn phase(phase: Phase, outcome: &Outcome) -> &'static str {
    match phase {
        Phase::Before if outcome.faults.is_empty() => "over the run",
        Phase::Before => "before faults",
        Phase::During => "during faults",
        Phase::Between => "between faults",
        Phase::After => "after faults",
    }
}

pub(super) fn error_class(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::Error => "error",
        ErrorClass::Timeout => "timeout",
        ErrorClass::Shed => "shed",
        ErrorClass::Throttled => "throttled",
        ErrorClass::Reneged => "reneged",
        ErrorClass::Reset => "reset",
        ErrorClass::Refused => "refused",
        ErrorClass::Connections => "connections",
        ErrorClass::PoolTimeout => "pool-timeout",
        ErrorClass::Cancelled => "cancelled",
        ErrorClass::Malformed => "malformed",
        ErrorClass::Rejected => "rejected",
        ErrorClass::Denied => "denied",
        ErrorClass::Conflict => "conflict",
        ErrorClass::Open => "open",
        ErrorClass::Bulkhead => "bulkhead",
        ErrorClass::Expired => "expired",
    }
}

/// What reached its limit.
pub(super) fn saturation(kind: SaturationKind) -> &'static str {
    match kind {
        SaturationKind::Threads => "threads",
        SaturationKind::Cores => "cores",
        SaturationKind::Admission => "turning requests away",
        SaturationKind::Connections => "connections",
        SaturationKind::Pool => "pool",
        SaturationKind::Bulkhead => "bulkhead",
    }
}

/// Every kind of time, in the order of legends.
pub(super) const WAIT_KINDS: [WaitKind; 11] = [
    WaitKind::Service,
    WaitKind::QueueWait,
    WaitKind::PoolWait,
    WaitKind::Admission,
    WaitKind::Coalesced,
    WaitKind::Network,
    WaitKind::Connect,
    WaitKind::Backoff,
    WaitKind::Abandoned,
    WaitKind::User,
    WaitKind::ColdStart,
];

pub(super) fn wait_kind(kind: WaitKind) -> &'static str {
    match kind {
        WaitKind::Network => "network",
        WaitKind::Admission => "admission",
        WaitKind::PoolWait => "pool wait",
        WaitKind::Connect => "connect",
        WaitKind::QueueWait => "queue wait",
        WaitKind::Service => "service",
        WaitKind::Coalesced => "shared fetch",
        WaitKind::Backoff => "backoff",
        WaitKind::Abandoned => "abandoned try",
        WaitKind::User => "user",
        WaitKind::ColdStart => "cold start",
    }
}

pub(super) fn resource(resource: Resource) -> &'static str {
    match resource {
        Resource::Threads => "threads",
        Resource::Cores => "cores",
        Resource::Unlimited => "no limit",
    }
}

/// Why a run stopped early, as a sentence.
pub(super) fn truncation(truncation: &Truncation) -> String {
    let (at, limit) = (truncation.at, super::figures::exact(u128::from(truncation.limit)));
    match truncation.bound {
        Bound::EventsMax => {
            format!("Stopped at {at}: events-max ({limit}) was reached. Results up to then hold.")
        }
        Bound::InSystemMax => {
            format!("Stopped at {at}: in-system-max ({limit} requests) was reached. Results up to then hold.")
        }
        Bound::Interrupted => format!("Interrupted at {at}. Results up to then hold."),
    }
}

/// How long the run was, and how much of it counts.
pub(super) fn length(outcome: &Outcome) -> String {
    let (planned, warm_up) = (outcome.duration, outcome.warm_up);
    let simulated = match &outcome.truncated {
        Some(truncation) => format!("{} of {planned} simulated", truncation.at),
        None => format!("{planned} simulated"),
    };
    if warm_up.0 == 0 { simulated } else { format!("{simulated}, the first {warm_up} as warm-up") }
}

/// A quantile as `p99` or `p99.9`.
pub(super) fn quantile(q: f64) -> String {
    let percent = libm::round(q * 1e6) / 1e4;
    format!("p{percent}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_control_characters_and_excess_length() {
        assert_eq!(tame("a\x1b[31mb\n"), "a\u{fffd}[31mb\u{fffd}");
        assert_eq!(tame(&"é".repeat(500)).chars().count(), NAME_MAX);
        assert_eq!(clip("redis", 5), "redis");
        assert_eq!(clip("redis-cache", 5), "redi…");
        assert_eq!(clip_middle("redis-cache-2", 7), "red…e-2");
        assert_eq!(clip_middle("redis", 5), "redis");
    }

    #[test]
    fn quantiles_are_named_as_people_say_them() {
        assert_eq!(quantile(0.5), "p50");
        assert_eq!(quantile(0.999), "p99.9");
    }
}
