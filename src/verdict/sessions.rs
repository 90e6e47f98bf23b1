//! What becomes of sessions and broadcasts: metrics of one component or one load.

use super::Unit;
use super::measure::{Reading, Statistic, View};
use crate::outcome::{HubOutcome, HubSlot, PopulationOutcome, SessionSlot};
use crate::plan::{Scope, SessionMetric};
use crate::stats::Histogram;
use crate::units::SimTime;

/// Measures a metric of sessions.
pub(super) fn measure(view: &View<'_>, metric: SessionMetric, scope: &Scope) -> Reading {
    let members = Members::new(view, scope);
    match metric {
        SessionMetric::HeartbeatLoad
        | SessionMetric::ImbalanceMean
        | SessionMetric::ImbalanceMax
        | SessionMetric::BroadcastQuantile(_)
        | SessionMetric::BroadcastMean
        | SessionMetric::BroadcastMax
        | SessionMetric::LastQuantile(_)
        | SessionMetric::LastMean
        | SessionMetric::LastMax
        | SessionMetric::Delivered
        | SessionMetric::DeliveryRate => of_hub(view, metric, scope, &members),
        metric => of_users(view, metric, &members),
    }
}

/// What kind of number it is.
pub(super) fn unit(metric: SessionMetric) -> Unit {
    match metric {
        SessionMetric::ReconnectQuantile(_)
        | SessionMetric::ReconnectMean
        | SessionMetric::ReconnectMax
        | SessionMetric::RecoveryTime
        | SessionMetric::DetectionQuantile(_)
        | SessionMetric::DetectionMean
        | SessionMetric::DetectionMax
        | SessionMetric::BroadcastQuantile(_)
        | SessionMetric::BroadcastMean
        | SessionMetric::BroadcastMax
        | SessionMetric::LastQuantile(_)
        | SessionMetric::LastMean
        | SessionMetric::LastMax => Unit::Seconds,
        SessionMetric::Connected
        | SessionMetric::ConnectFailureRate
        | SessionMetric::HeartbeatLoad
        | SessionMetric::Delivered => Unit::Share,
        SessionMetric::ConnectRate | SessionMetric::DeliveryRate => Unit::PerSecond,
        SessionMetric::OpenMean
        | SessionMetric::OpenMax
        | SessionMetric::Reconnects
        | SessionMetric::Lost
        | SessionMetric::Expired
        | SessionMetric::HalfOpenMean
        | SessionMetric::HalfOpenMax
        | SessionMetric::ImbalanceMean
        | SessionMetric::ImbalanceMax => Unit::Number,
    }
}

/// The loads meant, and the component if one is meant.
struct Members<'a> {
    name: String,
    populations: Vec<&'a PopulationOutcome>,
    hub: Option<&'a HubOutcome>,
}

impl<'a> Members<'a> {
    fn new(view: &View<'a>, scope: &Scope) -> Self {
        let sessions = &view.outcome.sessions;
        match scope {
            Scope::Component(id) => {
                let name = view.plan.components[*id].name.clone();
                let populations = sessions.populations.iter().filter(|one| one.component == name).collect();
                let hub = sessions.hubs.iter().find(|hub| hub.name == name);
                Self { name, populations, hub }
            }
            Scope::Workload(index) => {
                let name = view.plan.workloads[*index].name.clone();
                let populations = sessions.populations.iter().filter(|one| one.load == name).collect();
                Self { name, populations, hub: None }
            }
            other => Self { name: format!("{other:?}"), populations: Vec::new(), hub: None },
        }
    }

    fn slots<'v>(&'v self, view: &'v View<'a>) -> impl Iterator<Item = &'a SessionSlot> + 'v {
        self.populations.iter().flat_map(|one| view.of(&one.slots))
    }

    fn times(&self, view: &View<'a>, of: fn(&SessionSlot) -> &Histogram) -> Histogram {
        let mut all = Histogram::default();
        self.slots(view).for_each(|slot| all.merge(of(slot)));
        all
    }
}

fn of_users(view: &View<'_>, metric: SessionMetric, members: &Members<'_>) -> Reading {
    let sum = |of: fn(&SessionSlot) -> u64| -> u64 { members.slots(view).map(of).sum() };
    let area = |of: fn(&SessionSlot) -> u128| -> u128 { members.slots(view).map(of).sum() };
    // Populations do not peak at the same time, so their peaks together are only a bound; one is exact.
    let most = |of: fn(&SessionSlot) -> u64| -> f64 {
        let peak = |one: &&PopulationOutcome| view.of(&one.slots).map(of).max().unwrap_or(0);
        members.populations.iter().map(peak).sum::<u64>() as f64
    };
    let back = |statistic| {
        let what = format!("sessions of {} opened again", members.name);
        Reading::time(&members.times(view, |slot| &slot.reconnect_time), statistic, &what)
    };
    let noticed = |statistic| {
        let what = format!("dead peers of {} noticed", members.name);
        Reading::time(&members.times(view, |slot| &slot.detection), statistic, &what)
    };
    match metric {
        SessionMetric::OpenMean => view.mean(area(|s| s.open_area)),
        SessionMetric::OpenMax => Reading::value(most(|s| s.open_max)),
        SessionMetric::Connected => {
            let (open, waiting) = (area(|s| s.open_area), area(|s| s.waiting_area));
            if open + waiting == 0 {
                return Reading::TooLittle(format!("{} had no users in this window", members.name));
            }
            Reading::value(open as f64 / (open + waiting) as f64)
        }
        SessionMetric::ConnectRate => view.rate(sum(|s| s.opened)),
        SessionMetric::ConnectFailureRate => {
            let nothing = || format!("nobody connected to {} in this window", members.name);
            Reading::share(sum(|s| s.failed), sum(|s| s.failed + s.opened), nothing)
        }
        SessionMetric::Reconnects => Reading::value(sum(|s| s.reconnects) as f64),
        SessionMetric::Lost => Reading::value(sum(SessionSlot::lost) as f64),
        SessionMetric::Expired => Reading::value(sum(|s| s.expired) as f64),
        SessionMetric::ReconnectQuantile(q) => back(Statistic::Quantile(q)),
        SessionMetric::ReconnectMean => back(Statistic::Mean),
        SessionMetric::ReconnectMax => back(Statistic::Max),
        SessionMetric::RecoveryTime => recovery_time(view, members),
        SessionMetric::HalfOpenMean => view.mean(area(|s| s.half_open_area)),
        SessionMetric::HalfOpenMax => Reading::value(most(|s| s.half_open_max)),
        SessionMetric::DetectionQuantile(q) => noticed(Statistic::Quantile(q)),
        SessionMetric::DetectionMean => noticed(Statistic::Mean),
        SessionMetric::DetectionMax => noticed(Statistic::Max),
        other => Reading::TooLittle(format!("{other:?} is not measured of users")),
    }
}

/// The longest time, begun after the warm-up, in which more than 1 % of users had no session.
fn recovery_time(view: &View<'_>, members: &Members<'_>) -> Reading {
    let begun = SimTime(view.plan.warm_up.0);
    let outages = members.populations.iter().flat_map(|one| &one.outages);
    let outages: Vec<_> = outages.filter(|outage| outage.from >= begun).collect();
    if let Some(open) = outages.iter().find(|outage| outage.to.is_none()) {
        let so_far = view.outcome.ended_at.since(open.from).as_secs_f64();
        return Reading::Never {
            at_least: Some(so_far),
            why: format!("more than 1% of users were without a session from {} to the end", open.from),
        };
    }
    let longest = outages.iter().filter_map(|outage| Some(outage.to?.since(outage.from))).max();
    Reading::value(longest.map_or(0.0, |longest| longest.as_secs_f64()))
}

fn of_hub(view: &View<'_>, metric: SessionMetric, scope: &Scope, members: &Members<'_>) -> Reading {
    let (Some(hub), Scope::Component(id)) = (members.hub, scope) else {
        return Reading::TooLittle(format!("{} is no component with sessions", members.name));
    };
    let sum = |of: fn(&HubSlot) -> u64| -> u64 { view.of(&hub.slots).map(of).sum() };
    let times = |of: fn(&HubSlot) -> &Histogram, statistic, what: &str| {
        let mut all = Histogram::default();
        view.of(&hub.slots).for_each(|slot| all.merge(of(slot)));
        Reading::time(&all, statistic, what)
    };
    let reached = |statistic| times(|slot| &slot.latency, statistic, "recipients of broadcasts");
    let last = |statistic| times(|slot| &slot.last, statistic, "broadcasts that reached somebody");
    match metric {
        SessionMetric::HeartbeatLoad => {
            let beats: u128 = view.of(&hub.slots).map(|slot| slot.heartbeat_area).sum();
            let capacity: u128 =
                view.of(&view.outcome.components[*id].slots).map(|slot| slot.capacity_area).sum();
            if capacity == 0 {
                return Reading::TooLittle(format!("{} had no cores in this window", hub.name));
            }
            Reading::value(beats as f64 / capacity as f64)
        }
        SessionMetric::ImbalanceMean => match sum(|s| s.imbalance_count) {
            0 => Reading::TooLittle(format!("{} had no sessions in this window", hub.name)),
            count => Reading::value(sum(|s| s.imbalance_sum) as f64 / count as f64 / 1000.0),
        },
        SessionMetric::ImbalanceMax => {
            let most = view.of(&hub.slots).map(|slot| slot.imbalance_max).max().unwrap_or(0);
            Reading::value(most as f64 / 1000.0)
        }
        SessionMetric::BroadcastQuantile(q) => reached(Statistic::Quantile(q)),
        SessionMetric::BroadcastMean => reached(Statistic::Mean),
        SessionMetric::BroadcastMax => reached(Statistic::Max),
        SessionMetric::LastQuantile(q) => last(Statistic::Quantile(q)),
        SessionMetric::LastMean => last(Statistic::Mean),
        SessionMetric::LastMax => last(Statistic::Max),
        SessionMetric::DeliveryRate => view.rate(sum(|s| s.delivered)),
        SessionMetric::Delivered => {
            let nothing = || format!("{} broadcast to nobody in this window", hub.name);
            let intended = sum(|s| s.intended);
            Reading::share(sum(|s| s.delivered).min(intended), intended, nothing)
        }
        other => Reading::TooLittle(format!("{other:?} is not measured of components")),
    }
}
