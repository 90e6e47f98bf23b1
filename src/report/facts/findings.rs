//! What stands out, as sentences: where users were hurt, what was full, who
//! made the slow requests slow, where retries multiplied load.

use super::caching;
use super::components::rejected;
use super::traffic::{failed, worst_blame};
use super::{ComponentFact, Facts, Saturation, depth, ratio};
use crate::outcome::{Incident, Recovery, Saturation as Reached, Trial};
use crate::report::figures::{count, duration, plural, rate, share};
use crate::report::words::{self, tame};
use crate::units::SimSpan;

/// Attempts per call that make retries a finding.
const AMPLIFICATION_STRIKING: f64 = 1.2;
/// Drop of a hit ratio, in share of look-ups, that makes it a finding.
const HIT_RATIO_DROP: f64 = 0.1;
/// Utilisation that is worth a word beside what was refused.
const BUSY_STRIKING: f64 = 0.8;
/// Saturated components named before "and more".
const SATURATED_SHOWN: usize = 3;

/// The most striking facts of a run, most important first; empty for a quiet one.
pub(crate) fn findings(facts: &Facts<'_>) -> Vec<String> {
    let candidates = [
        incidents(facts),
        recovery(facts),
        first_to_saturate(facts),
        saturated(facts),
        blame(facts),
        retries(facts),
        caches(facts),
        caching::hot_shard(facts),
        caching::stale_answers(facts),
        caching::lost_writes(facts),
        unknown_writes(facts),
        lost_writes(facts),
        backlog(facts),
        repeats(facts),
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
        "Users were hurt in {}, {which} {how} ({}); {} failed over the run.",
        plural(incidents.len(), "incident"),
        depth(longest),
        if requests == 1 { "1 request".to_owned() } else { format!("{} requests", count(requests)) },
    ))
}

fn recovery(facts: &Facts<'_>) -> Option<String> {
    let recovery = facts.outcome().recovery.as_ref()?;
    let end = recovery.trigger_end;
    if let Some(since) = recovery.hurt_before {
        return Some(format!(
            "Users had been hurt since {since}, before the first fault, and never were well again: this run cannot say whether service comes back from a fault."
        ));
    }
    match recovery.time {
        // A trigger that hurt nobody is no finding.
        Some(SimSpan::ZERO) if facts.outcome().incidents.is_empty() => None,
        Some(SimSpan::ZERO) => Some(format!("Service held as soon as the last trigger ended at {end}.")),
        Some(time) => Some(format!("Service held again {time} after the last trigger ended at {end}.")),
        None if recovery.trials.is_empty() => {
            Some(format!("Service did not come back after the last trigger ended at {end}."))
        }
        None => Some(sustained(recovery)),
    }
}

/// What keeps an overload going, by repetitions of the run.
fn sustained(recovery: &Recovery) -> String {
    let end = recovery.trigger_end;
    let time = |trial: &Trial| trial.time.map_or_else(|| "never".to_owned(), |time| format!("after {time}"));
    let tried: Vec<String> = recovery
        .trials
        .iter()
        .map(|trial| match trial.removed.as_slice() {
            [one] => format!("{one}: {}", time(trial)),
            _ => format!("all of these: {}", time(trial)),
        })
        .collect();
    let loops = recovery.sustained_by();
    let answer = if loops.is_empty() {
        "no single loop keeps it down".to_owned()
    } else {
        format!("kept down by {}", loops.join(", or by "))
    };
    format!(
        "Service did not come back after the last trigger ended at {end}: {answer}. Taken away from then on, it would hold again: {}.",
        tried.join("; ")
    )
}

fn first_to_saturate(facts: &Facts<'_>) -> Option<String> {
    let all = &facts.outcome().saturations;
    let first = all.first()?;
    let text = |s: &Reached| format!("{} ({}) at {}", tame(&s.who), words::saturation(s.kind), s.from);
    let then: Vec<String> = all.iter().skip(1).take(SATURATED_SHOWN).map(text).collect();
    let then = if then.is_empty() { String::new() } else { format!("; then {}", then.join(", ")) };
    Some(format!("First at its limit: {}{then}.", text(first)))
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
    // Somebody who refuses with idle cores is short of something else.
    let worst = component.utilization_worst.filter(|worst| *worst >= BUSY_STRIKING).and_then(|worst| {
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

/// A backlog that outlived its cause longest.
fn backlog(facts: &Facts<'_>) -> Option<String> {
    // What nobody receives, as dead letters, is not meant to be worked off.
    let received = facts.brokers.iter().filter(|fact| fact.total.receives > 0);
    let drains = received.filter_map(|fact| fact.broker.drain.map(|drain| (fact, drain)));
    let late = drains.filter(|(_, drain)| drain.backlog > drain.usual);
    let (fact, drain) = late.max_by_key(|(_, drain)| drain.time.map_or(u64::MAX, |time| time.0))?;
    let name = tame(&fact.broker.name);
    let left = count(drain.backlog);
    Some(match drain.time {
        Some(time) => format!(
            "{left} messages waited at {name} when the last fault ended; it took {time} to work them off."
        ),
        None => {
            format!("{left} messages waited at {name} when the last fault ended; they were never worked off.")
        }
    })
}

/// A mark that was passed again.
fn repeats(facts: &Facts<'_>) -> Option<String> {
    let worst = facts.marks.iter().max_by_key(|fact| fact.total.repeats)?;
    let (again, passes) = (worst.total.repeats, worst.total.passes);
    (again > 0).then(|| {
        let share = share(again as f64 / passes as f64);
        format!(
            "{} was passed {} times by requests that had passed it before ({share}).",
            tame(&worst.mark.name),
            count(again)
        )
    })
}

fn lost_writes(facts: &Facts<'_>) -> Option<String> {
    let stores = facts.components.iter().filter_map(|c| c.total.store.as_ref().map(|store| (c, store.lost)));
    let (component, lost) = stores.max_by_key(|(_, lost)| *lost).filter(|(_, lost)| *lost > 0)?;
    Some(format!(
        "{} acknowledged {} that it did not keep.",
        tame(&component.component.name),
        plural(usize::try_from(lost).unwrap_or(usize::MAX), "write"),
    ))
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
