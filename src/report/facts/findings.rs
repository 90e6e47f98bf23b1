//! What stands out, as sentences: where users were hurt, what was full, who
//! made the slow requests slow, where retries multiplied load.

use super::caching;
use super::components::rejected;
use super::traffic::{failed, worst_blame};
use super::{ComponentFact, Facts, Saturation, ratio};
use crate::outcome::Incident;
use crate::report::figures::{count, duration, plural, rate, share};
use crate::report::words::{self, tame};

/// Attempts per call that make retries a finding.
const AMPLIFICATION_STRIKING: f64 = 1.2;
/// Drop of a hit ratio, in share of look-ups, that makes it a finding.
const HIT_RATIO_DROP: f64 = 0.1;
/// Saturated components named before "and more".
const SATURATED_SHOWN: usize = 3;

/// The most striking facts of a run, most important first; empty for a quiet one.
pub(crate) fn findings(facts: &Facts<'_>) -> Vec<String> {
    let candidates = [
        incidents(facts),
        saturated(facts),
        blame(facts),
        retries(facts),
        caches(facts),
        caching::hot_shard(facts),
        caching::stale_answers(facts),
        caching::lost_writes(facts),
        unknown_writes(facts),
    ];
    candidates.into_iter().flatten().collect()
}

fn incidents(facts: &Facts<'_>) -> Option<String> {
    let incidents = &facts.outcome().incidents;
    let end = facts.outcome().ended_at;
    let span = |incident: &Incident| incident.to.unwrap_or(end).since(incident.from);
    let longest = incidents.iter().max_by_key(|incident| span(incident))?;
    let requests: u64 = facts.traffic.iter().map(|traffic| failed(&traffic.total)).sum();
    let how = if longest.to.is_none() {
        format!("from {} to the end of the run; service never held again", longest.from)
    } else {
        format!("for {} from {}", span(longest), longest.from)
    };
    let which = if incidents.len() == 1 { "once" } else { "longest" };
    Some(format!(
        "Users were hurt in {}, {which} {how} (availability down to {}, p99 up to {}); {} failed over the run.",
        plural(incidents.len(), "incident"),
        share(longest.availability_min),
        duration(longest.latency_p99_max.0 as f64),
        if requests == 1 { "1 request".to_owned() } else { format!("{} requests", count(requests)) },
    ))
}

fn saturated(facts: &Facts<'_>) -> Option<String> {
    let full: Vec<_> = facts
        .busiest()
        .into_iter()
        .filter(|component| component.saturation == Saturation::Saturated)
        .collect();
    if full.is_empty() {
        return None;
    }
    let mut named: Vec<String> =
        full.iter().take(SATURATED_SHOWN).map(|component| describe(facts, component)).collect();
    if full.len() > SATURATED_SHOWN {
        named.push(format!("{} more", full.len() - SATURATED_SHOWN));
    }
    Some(format!("At their limit: {}.", named.join("; ")))
}

fn describe(facts: &Facts<'_>, component: &ComponentFact<'_>) -> String {
    let worst = component.utilization_worst.and_then(|worst| {
        let part = facts.parts.iter().zip(&component.by_part).find(|(_, slot)| {
            super::components::utilization(slot).is_some_and(|utilization| utilization >= worst)
        });
        Some(format!("{} busy {}", share(worst), part?.0.name(facts.outcome())))
    });
    let refused = ratio(rejected(&component.total) as f64, component.total.arrived as f64)
        .filter(|refused| *refused > 0.0)
        .map(|refused| format!("refused {} of its requests", share(refused)));
    let what: Vec<String> = [worst, refused].into_iter().flatten().collect();
    format!("{} ({})", tame(&component.component.name), what.join(", "))
}

fn blame(facts: &Facts<'_>) -> Option<String> {
    let worst = facts.traffic.iter().filter_map(|traffic| {
        worst_blame(facts.outcome(), &traffic.traffic.workload, &traffic.traffic.journey, 0.99)
            .map(|(blame, entry)| (traffic, blame, entry))
    });
    let (traffic, blame, entry) = worst.max_by(|a, b| a.2.latency_ns.total_cmp(&b.2.latency_ns))?;
    let top = entry.parts.iter().max_by(|a, b| a.nanos.total_cmp(&b.nanos))?;
    Some(format!(
        "Slowest p99: {}, {} {}; {} of it was {} at {}.",
        traffic.name(),
        duration(entry.latency_ns),
        words::phase(blame.phase, facts.outcome()),
        share(ratio(top.nanos, entry.latency_ns)?.min(1.0)),
        words::wait_kind(top.kind),
        tame(&top.who),
    ))
}

fn retries(facts: &Facts<'_>) -> Option<String> {
    let worst = facts
        .edges
        .iter()
        .filter_map(|edge| edge.amplification().map(|amplification| (edge, amplification)))
        .filter(|(_, amplification)| *amplification >= AMPLIFICATION_STRIKING)
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    let (edge, amplification) = worst;
    Some(format!(
        "Retries made {amplification:.2} attempts out of each call on {} ({} of calls).",
        tame(&edge.edge.name),
        rate(edge.calls_per_sec),
    ))
}

fn caches(facts: &Facts<'_>) -> Option<String> {
    let drops = facts.components.iter().filter_map(|component| {
        let ratios = component.hit_ratios()?;
        let known: Vec<(usize, f64)> =
            ratios.iter().enumerate().filter_map(|(part, ratio)| ratio.map(|ratio| (part, ratio))).collect();
        let first = *known.first()?;
        let lowest = *known.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
        Some((component, first, lowest))
    });
    let (component, first, lowest) = drops.max_by(|a, b| (a.1.1 - a.2.1).total_cmp(&(b.1.1 - b.2.1)))?;
    (first.1 - lowest.1 >= HIT_RATIO_DROP).then(|| {
        format!(
            "The hit ratio of {} fell from {} to {} {}.",
            tame(&component.component.name),
            share(first.1),
            share(lowest.1),
            facts.parts[lowest.0].name(facts.outcome()),
        )
    })
}

fn unknown_writes(facts: &Facts<'_>) -> Option<String> {
    let stores =
        facts.components.iter().filter_map(|c| c.total.store.as_ref().map(|store| (c, store.unknown)));
    let (component, unknown) =
        stores.max_by_key(|(_, unknown)| *unknown).filter(|(_, unknown)| *unknown > 0)?;
    Some(format!(
        "{} committed {} whose caller had stopped waiting: it does not know they happened.",
        tame(&component.component.name),
        plural(usize::try_from(unknown).unwrap_or(usize::MAX), "write"),
    ))
}
