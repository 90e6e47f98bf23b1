//! What users see: metrics of all traffic, one workload, or one journey.

use super::measure::{Reading, Statistic, View};
use super::models;
use crate::outcome::{Traffic, TrafficSlot};
use crate::plan::{Metric, Scope};
use crate::stats::Histogram;

/// Some requests are always in progress when a run ends; readers hear of it from this share on.
const OPEN_SHARE_SAID: f64 = 0.001;

/// Requests of the scope in the window.
#[derive(Debug, Default)]
struct Sum {
    arrived: u64,
    ok: u64,
    degraded: u64,
    open: u64,
    latency: Histogram,
    wrong: u64,
    first_token: Histogram,
}

impl Sum {
    fn add(&mut self, slot: &TrafficSlot) {
        self.arrived += slot.arrived;
        self.ok += slot.ok;
        self.degraded += slot.degraded;
        self.open += slot.open;
        self.latency.merge(&slot.latency);
        self.wrong += slot.wrong;
        self.first_token.merge(&slot.first_token);
    }

    fn good(&self) -> u64 {
        self.ok + self.degraded
    }

    /// Requests whose end was seen.
    fn finished(&self) -> u64 {
        self.arrived - self.open.min(self.arrived)
    }

    /// What became of requests, per second; those in progress at the end could have added to it.
    fn rate(&self, view: &View<'_>, count: u64) -> Reading {
        let seconds = view.time.as_secs_f64();
        Reading::Value {
            value: count as f64 / seconds,
            bounds: (self.open > 0).then(|| (count as f64 / seconds, (count + self.open) as f64 / seconds)),
            note: self.note(),
        }
    }

    /// What a reader should know of requests in progress at the end.
    fn note(&self) -> Option<String> {
        let is_worth_saying = self.open as f64 > OPEN_SHARE_SAID * self.arrived as f64;
        is_worth_saying.then(|| {
            format!("{} of {} requests, in progress at the end, are not counted", self.open, self.arrived)
        })
    }

    /// A share of the finished requests. Those in progress at the end are left
    /// out, and the share that they could have made it is kept as bounds.
    fn share(&self, part: u64, scope: &str) -> Reading {
        if self.arrived == 0 {
            return Reading::TooLittle(format!("no request of {scope} arrived in this window"));
        }
        if self.finished() == 0 {
            let why =
                format!("all {} requests of {scope} were still in progress at the end of the run", self.open);
            return Reading::TooLittle(why);
        }
        let arrived = self.arrived as f64;
        Reading::Value {
            value: part as f64 / self.finished() as f64,
            bounds: (self.open > 0).then(|| (part as f64 / arrived, (part + self.open) as f64 / arrived)),
            note: self.note(),
        }
    }
}

/// Measures a users' metric.
pub(super) fn measure(view: &View<'_>, metric: Metric, scope: &Scope) -> Reading {
    let mut sum = Sum::default();
    for traffic in view.outcome.traffic.iter().filter(|traffic| is_in(view, scope, traffic)) {
        view.of(&traffic.slots).for_each(|slot| sum.add(slot));
    }
    let name = scope_name(view, scope);
    let first_token =
        |statistic| Reading::time(&sum.first_token, statistic, &format!("first tokens for {name}"));
    let time = |statistic| Reading::time(&sum.latency, statistic, &format!("answers to {name}"));
    match metric {
        Metric::Availability => sum.share(sum.good(), &name),
        Metric::ErrorRate => sum.share(sum.finished() - sum.good().min(sum.finished()), &name),
        Metric::DegradedRate => sum.share(sum.degraded, &name),
        Metric::LatencyQuantile(q) => time(Statistic::Quantile(q)),
        Metric::WrongRate => sum.share(sum.wrong, &name),
        Metric::FirstTokenQuantile(q) => first_token(Statistic::Quantile(q)),
        Metric::FirstTokenMean => first_token(Statistic::Mean),
        Metric::FirstTokenMax => first_token(Statistic::Max),
        Metric::Cost => models::cost(view, &view.outcome.components.iter().collect::<Vec<_>>(), None),
        Metric::LatencyMean => time(Statistic::Mean),
        Metric::LatencyMax => time(Statistic::Max),
        Metric::LatencySd => time(Statistic::Sd),
        Metric::Throughput => sum.rate(view, sum.finished()),
        Metric::Goodput => sum.rate(view, sum.good()),
        Metric::ArrivalRate => view.rate(sum.arrived),
        other => Reading::TooLittle(format!("{other:?} is not measured of users")),
    }
}

fn is_in(view: &View<'_>, scope: &Scope, traffic: &Traffic) -> bool {
    match scope {
        Scope::Workload(index) => view.plan.workloads[*index].name == traffic.workload,
        Scope::Journey(client, journey) => {
            let client = &view.plan.clients[*client];
            client.name == traffic.client && client.journeys[*journey].name == traffic.journey
        }
        _ => true,
    }
}

fn scope_name(view: &View<'_>, scope: &Scope) -> String {
    match scope {
        Scope::Workload(index) => view.plan.workloads[*index].name.clone(),
        Scope::Journey(client, journey) => view.plan.clients[*client].journeys[*journey].name.clone(),
        _ => "any client".to_owned(),
    }
}
