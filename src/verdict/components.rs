//! What components do: metrics of one component, one operation, or a place.

use super::caches;
use super::measure::{Reading, Statistic, View};
use super::models;
use crate::outcome::{ComponentOutcome, ComponentSlot, LevelTimes, StoreSlot};
use crate::plan::{ComponentId, LedgerMetric, Metric, OperationId, Scope};
use crate::stats::Histogram;

/// The components of a scope, and the one operation meant, if only one is.
pub(super) struct Members<'a> {
    pub(super) name: String,
    components: Vec<&'a ComponentOutcome>,
    operation: Option<OperationId>,
}

/// Measures a component's, an operation's or a place's metric.
pub(super) fn measure(view: &View<'_>, metric: Metric, scope: &Scope) -> Reading {
    let members = members(view, scope);
    match metric {
        Metric::LatencyQuantile(q) => latency(view, &members, Statistic::Quantile(q)),
        Metric::LatencyMean => latency(view, &members, Statistic::Mean),
        Metric::LatencyMax => latency(view, &members, Statistic::Max),
        Metric::LatencySd => latency(view, &members, Statistic::Sd),
        Metric::WaitSd => wait(view, &members, Statistic::Sd),
        Metric::WaitQuantile(q) => wait(view, &members, Statistic::Quantile(q)),
        Metric::WaitMean => wait(view, &members, Statistic::Mean),
        Metric::InSystemQuantile(_) | Metric::InSystemAtLeast(_) | Metric::UpAtLeast(_) => {
            level(view, &members, metric)
        }
        metric if models::is_about_models(metric) => models::of_component(view, &members, metric),
        Metric::Cost => models::cost(view, &members.components, members.operation),
        metric => counts(view, &members, metric),
    }
}

fn members<'a>(view: &View<'a>, scope: &Scope) -> Members<'a> {
    let plan = view.plan;
    let all = &view.outcome.components;
    let one = |id: ComponentId| vec![&all[id]];
    match scope {
        Scope::Component(id) => {
            Members { name: plan.components[*id].name.clone(), components: one(*id), operation: None }
        }
        Scope::Operation(id, operation) => {
            let component = &plan.components[*id];
            let name = format!("{}.{}", component.name, component.operations[*operation].name);
            Members { name, components: one(*id), operation: Some(*operation) }
        }
        Scope::Place(place) => {
            let is_there = |id: &usize| plan.components[*id].place == *place;
            let components = (0..all.len()).filter(is_there).map(|id| &all[id]).collect();
            Members { name: plan.places[*place].name.clone(), components, operation: None }
        }
        other => unreachable!("{other:?} is no component; measure() sends it elsewhere"),
    }
}

fn latency(view: &View<'_>, members: &Members<'_>, statistic: Statistic) -> Reading {
    let mut all = Histogram::default();
    for component in &members.components {
        for (index, operation) in component.operations.iter().enumerate() {
            if members.operation.is_none_or(|wanted| wanted == index) {
                view.of(&operation.sojourn).for_each(|sojourn| all.merge(sojourn));
            }
        }
    }
    Reading::time(&all, statistic, &format!("answers of {}", members.name))
}

fn wait(view: &View<'_>, members: &Members<'_>, statistic: Statistic) -> Reading {
    let mut all = Histogram::default();
    members.slots(view).for_each(|slot| all.merge(&slot.wait));
    Reading::time(&all, statistic, &format!("requests served by {}", members.name))
}

impl<'a> Members<'a> {
    pub(super) fn slots<'v>(&'v self, view: &'v View<'a>) -> impl Iterator<Item = &'a ComponentSlot> + 'v {
        self.components.iter().flat_map(|component| view.of(&component.slots))
    }

    fn count(&self, view: &View<'a>, of: impl Fn(&ComponentSlot) -> u64) -> u64 {
        self.slots(view).map(of).sum()
    }

    fn area(&self, view: &View<'a>, of: impl Fn(&ComponentSlot) -> u128) -> u128 {
        self.slots(view).map(of).sum()
    }
}

/// Requests turned away.
fn rejected(slot: &ComponentSlot) -> u64 {
    slot.shed + slot.throttled + slot.refused + slot.denied
}

/// Requests that ended, except those that their caller cancelled: they say nothing about the component.
fn ended(slot: &ComponentSlot) -> u64 {
    slot.completed + slot.failed + rejected(slot) + slot.reneged + slot.expired + slot.lost
}

fn counts(view: &View<'_>, members: &Members<'_>, metric: Metric) -> Reading {
    let count = |of: fn(&ComponentSlot) -> u64| members.count(view, of);
    let name = &members.name;
    let nothing_ended = || format!("no request of {name} ended in this window");
    let nothing_came = || format!("no request reached {name} in this window");
    match metric {
        Metric::Availability => Reading::share(count(|s| s.completed), count(ended), nothing_ended),
        Metric::ErrorRate => Reading::share(count(|s| ended(s) - s.completed), count(ended), nothing_ended),
        Metric::Throughput => view.rate(count(|s| s.completed + s.failed)),
        Metric::Goodput => view.rate(count(|s| s.completed)),
        Metric::ArrivalRate => view.rate(count(|s| s.arrived)),
        Metric::RejectRate => Reading::share(count(rejected), count(|s| s.arrived), nothing_came),
        Metric::AbandonRate => Reading::share(count(|s| s.reneged), count(|s| s.arrived), nothing_came),
        Metric::ExpiredRate => Reading::share(count(|s| s.expired), count(|s| s.arrived), nothing_came),
        Metric::WaitRate => Reading::share(count(|s| s.waited), count(|s| s.wait.count()), || {
            format!("{name} began to serve no request in this window")
        }),
        Metric::QueueMean => view.mean(members.area(view, |s| s.queue_area)),
        Metric::InSystemMean => view.mean(members.area(view, |s| s.in_system_area)),
        Metric::EntriesMean => {
            view.mean(members.area(view, |s| s.cache.as_ref().map_or(0, |cache| cache.entries_area)))
        }
        Metric::QueueMax => {
            Reading::value(members.slots(view).map(|s| s.queue_max).max().unwrap_or(0) as f64)
        }
        Metric::Utilization => utilization(view, members),
        Metric::Uptime => uptime(view, members),
        Metric::HitRatio => {
            let look_ups = |s: &ComponentSlot| s.cache.as_ref().map_or(0, |c| c.hits + c.misses);
            let hits = |s: &ComponentSlot| s.cache.as_ref().map_or(0, |c| c.hits);
            Reading::share(count(hits), count(look_ups), || {
                format!("nothing was looked up in {name} in this window")
            })
        }
        Metric::Cache(metric) => caches::measure(view, members.slots(view), name, metric),
        Metric::Ledger(metric) => {
            Reading::value(members.slots(view).map(|slot| ledger(slot, metric)).sum::<u64>() as f64)
        }
        other => super::replicas::measure(view, name, &members.slots(view).collect::<Vec<_>>(), other),
    }
}

/// What became of rows and processes in one slot.
fn ledger(slot: &ComponentSlot, metric: LedgerMetric) -> u64 {
    let rows = |of: fn(&StoreSlot) -> u64| slot.store.as_ref().map_or(0, of);
    match metric {
        LedgerMetric::Commits => rows(|store| store.commits),
        LedgerMetric::Conflicts => rows(|store| store.conflicts),
        LedgerMetric::UnknownWrites => rows(|store| store.unknown),
        LedgerMetric::LostWrites => rows(|store| store.lost),
        LedgerMetric::DoubleWrites => rows(|store| store.doubled),
        LedgerMetric::CorruptReads => rows(|store| store.corrupt),
        LedgerMetric::NoRoom => rows(|store| store.no_room),
        LedgerMetric::MemoryKills => slot.replicas.killed,
    }
}

/// For how long a level was what.
fn level(view: &View<'_>, members: &Members<'_>, metric: Metric) -> Reading {
    let mut times = LevelTimes::default();
    for slot in members.slots(view) {
        let kept = match metric {
            Metric::UpAtLeast(_) => &slot.watched.up,
            _ => &slot.watched.in_system,
        };
        kept.iter().for_each(|kept| times.merge(kept));
    }
    let value = match metric {
        Metric::InSystemAtLeast(count) | Metric::UpAtLeast(count) => times.share_at_least(count),
        Metric::InSystemQuantile(q) => times.quantile(q).map(|level| level as f64),
        _ => None,
    };
    value.map_or_else(
        || Reading::TooLittle(format!("the run did not keep for how long {} was how full", members.name)),
        Reading::value,
    )
}

fn utilization(view: &View<'_>, members: &Members<'_>) -> Reading {
    let capacity = members.area(view, |s| s.capacity_area);
    if capacity == 0 {
        return Reading::TooLittle(format!("{} had no threads or cores in this window", members.name));
    }
    // Components without a limit have no capacity, so what they use must not count either.
    let limited = |s: &ComponentSlot| if s.capacity_area > 0 { s.busy_area } else { 0 };
    Reading::value(members.area(view, limited) as f64 / capacity as f64)
}

fn uptime(view: &View<'_>, members: &Members<'_>) -> Reading {
    let possible = members.area(view, |s| s.replicas.placed_area);
    if possible == 0 {
        return Reading::TooLittle(format!("{} has no replicas", members.name));
    }
    Reading::value(members.area(view, |s| s.up_area) as f64 / possible as f64)
}
