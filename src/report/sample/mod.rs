//! A made-up outcome of a shop with 26 components under two faults, from simple
//! arithmetic: what the formats are developed and tested on.

mod tables;

use super::Sheet;
use crate::outcome::*;
use crate::plan::{Comparison, ErrorClass, InputFile};
use crate::stats::Histogram;
use crate::units::{SimSpan, SimTime};
use crate::verdict::{Judgement, Unit, Verdict};
use std::collections::BTreeMap;
use tables::*;

/// `count` values spread like a log-logistic law with that median.
fn spread(count: u64, median_ms: f64, shape: f64) -> Histogram {
    const DRAWN: u64 = 2000;
    let mut histogram = Histogram::default();
    let drawn = count.min(DRAWN);
    for i in 0..drawn {
        let u = (i as f64 + 0.5) / drawn as f64;
        histogram.record((median_ms * 1e6 * libm::pow(u / (1.0 - u), shape)) as u64);
    }
    histogram
}

fn at(secs: u64) -> SimTime {
    SimTime::ZERO + SimSpan::from_secs(secs)
}

fn traffic() -> Vec<Traffic> {
    TRAFFIC
        .iter()
        .map(|&(workload, client, journey, rate, median, reach)| Traffic {
            workload: workload.into(),
            client: client.into(),
            journey: journey.into(),
            slots: SLOTS
                .iter()
                .map(|slot| traffic_slot(slot.1 - slot.0, rate, median, slot.4 * reach))
                .collect(),
        })
        .collect()
}

fn traffic_slot(secs: u64, rate: f64, median: f64, strain: f64) -> TrafficSlot {
    let arrived = (rate * secs as f64) as u64;
    let timeouts = (arrived as f64 * strain * 0.09) as u64;
    let shed = (arrived as f64 * strain * 0.04) as u64;
    let throttled = (arrived as f64 * strain * 0.01 + arrived as f64 * 0.0003) as u64;
    let errors: BTreeMap<_, _> =
        [(ErrorClass::Timeout, timeouts), (ErrorClass::Shed, shed), (ErrorClass::Throttled, throttled)]
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .collect();
    let degraded = (arrived as f64 * strain * 0.02) as u64;
    let ok = arrived - timeouts - shed - throttled - degraded;
    TrafficSlot {
        arrived,
        ok,
        degraded,
        errors,
        open: 0,
        latency: spread(ok + degraded, median * (1.0 + 2.5 * strain), 0.28 + 0.25 * strain),
        latency_failed: spread(timeouts, 2000.0, 0.05),
        ..TrafficSlot::default()
    }
}

fn component(spec: &(&str, &str, &str, u32, f64, f64, f64)) -> ComponentOutcome {
    let &(name, kind, place, replicas, busy, service, reach) = spec;
    let resource = if busy == 0.0 { Resource::Unlimited } else { Resource::Threads };
    let slots: Vec<ComponentSlot> = SLOTS.iter().map(|slot| component_slot(spec, slot)).collect();
    let sojourn = SLOTS.iter().zip(&slots).map(|(slot, own)| {
        spread(own.completed, service * (1.0 + 6.0 * slot.4 * reach), 0.25 + 0.2 * slot.4 * reach)
    });
    let operations =
        vec![OperationOutcome { name: "serve".into(), sojourn: sojourn.collect(), meters: Vec::new() }];
    ComponentOutcome {
        name: name.into(),
        kind: kind.into(),
        place: place.into(),
        replicas,
        resource,
        operations,
        slots,
    }
}

fn component_slot(
    &(name, _, _, replicas, busy, service, reach): &(&str, &str, &str, u32, f64, f64, f64),
    &(from, to, _, _, strain): &(u64, u64, Phase, bool, f64),
) -> ComponentSlot {
    let (nanos, strain) = ((to - from) * 1_000_000_000, strain * reach);
    let per_sec: f64 = EDGES.iter().filter(|edge| edge.1 == name).map(|edge| edge.2).sum();
    let arrived = (per_sec * (to - from) as f64) as u64;
    let shed = (arrived as f64 * (strain - 0.7).max(0.0) * 0.2) as u64;
    let throttled = if name == "shopify" { (arrived as f64 * strain * 0.2) as u64 } else { 0 };
    let capacity = u128::from(nanos) * u128::from(replicas) * 16;
    let share = (busy + (1.0 - busy) * strain).min(0.997);
    let queue = if busy == 0.0 { 0.0 } else { 0.2 * busy + 40.0 * strain * strain * f64::from(replicas) };
    ComponentSlot {
        arrived,
        completed: arrived - shed - throttled,
        shed,
        throttled,
        wait: spread(if busy > 0.0 { arrived } else { 0 }, service * (0.05 + 3.0 * strain), 0.4),
        busy_area: (capacity as f64 * share) as u128,
        capacity_area: if busy == 0.0 { 0 } else { capacity },
        queue_area: (queue * nanos as f64) as u128,
        in_system_area: ((queue + 3.0) * nanos as f64) as u128,
        up_area: u128::from(nanos) * u128::from(replicas),
        replicas: ReplicaSlot {
            placed_area: u128::from(nanos) * u128::from(replicas),
            ..ReplicaSlot::default()
        },
        queue_max: (queue * 2.5) as u64,
        in_system_max: (queue * 2.5) as u64 + 4,
        cache: ["redis", "cloudfront"].contains(&name).then(|| cache_slot(arrived, strain)),
        store: (name == "supabase.postgres").then(|| StoreSlot {
            reads: arrived * 4 / 5,
            commits: arrived / 5,
            acknowledged: arrived / 5 - (arrived as f64 * strain * 0.004) as u64,
            unknown: (arrived as f64 * strain * 0.004) as u64,
            conflicts: 0,
            connections_refused: (arrived as f64 * strain * 0.01) as u64,
            connections_max: 60,
            ..StoreSlot::default()
        }),
        ..ComponentSlot::default()
    }
}

fn cache_slot(lookups: u64, strain: f64) -> CacheSlot {
    let hits = (lookups as f64 * (0.92 - strain)) as u64;
    CacheSlot {
        hits,
        misses: lookups - hits,
        coalesced: (lookups - hits) / 9,
        fills: lookups - hits,
        evictions: (lookups - hits) / 2,
        expirations: (lookups - hits) / 3,
        entries: 48_000,
        ..CacheSlot::default()
    }
}

fn edge(&(caller, target, rate, reach): &(&str, &str, f64, f64)) -> Edge {
    let slots = SLOTS.iter().map(|&(from, to, _, _, strain)| {
        let strain = strain * reach;
        let calls = (rate * (to - from) as f64) as u64;
        let timed_out = (calls as f64 * strain * 0.3) as u64;
        let refused = (calls as f64 * strain * 0.1) as u64;
        let attempts = calls + timed_out;
        EdgeSlot {
            calls,
            attempts,
            answered_ok: attempts - timed_out - refused,
            refused,
            timed_out,
            pool_timeouts: (calls as f64 * strain * 0.02) as u64,
            calls_ok: calls - refused,
            budget_denied: (calls as f64 * strain * 0.05) as u64,
            connects: calls / 50,
            ..EdgeSlot::default()
        }
    });
    Edge {
        name: format!("{caller} -> {target}"),
        caller: caller.into(),
        target: target.into(),
        slots: slots.collect(),
    }
}

/// Strain in a window, with a little wobble, for each window of the run.
fn strains() -> Vec<f64> {
    let strain_at = |secs: u64| SLOTS.iter().find(|s| s.0 <= secs && secs < s.1).map_or(0.0, |s| s.4);
    (0..WINDOWS).map(|i| strain_at(i * WINDOW) * (1.0 + 0.1 * wobble(i))).collect()
}

fn wobble(i: u64) -> f64 {
    ((i * 37 + i * i * 11) % 17) as f64 / 8.5 - 1.0
}

fn windows() -> Windows {
    let strains = strains();
    let traffic = TRAFFIC.iter().map(|&(.., rate, median, reach)| {
        let mut out = TrafficWindows::default();
        for (i, strain) in (0..WINDOWS).zip(&strains) {
            let (strain, offered) = (strain * reach, rate * (1.0 + 0.05 * wobble(i)) * WINDOW as f64);
            let p50 = median * 1e6 * (1.0 + 2.5 * strain) * (1.0 + 0.03 * wobble(i + 3));
            out.arrived.push(offered as u64);
            out.answered.push((offered * (1.0 - 0.14 * strain)) as u64);
            out.failed.push((offered * 0.14 * strain) as u64);
            out.p50_ns.push(p50 as u64);
            out.p90_ns.push((p50 * (1.9 + strain)) as u64);
            out.p99_ns.push((p50 * (3.6 + 7.0 * strain)) as u64);
            out.p999_ns.push((p50 * (7.0 + 14.0 * strain) * (1.0 + 0.3 * wobble(i + 5))) as u64);
        }
        out
    });
    let components = COMPONENTS.iter().map(|&(name, _, _, replicas, busy, _, reach)| {
        let per_sec: f64 = EDGES.iter().filter(|edge| edge.1 == name).map(|edge| edge.2).sum();
        let mut out = ComponentWindows::default();
        for (i, strain) in (0..WINDOWS).zip(&strains) {
            let strain = (strain * reach).min(1.0);
            let share = (busy + (1.0 - busy) * strain + 0.02 * wobble(i)).clamp(0.0, 1.0);
            let queue = 0.2 * busy + 40.0 * strain * strain * f64::from(replicas);
            out.utilization.push(if busy == 0.0 { 0.0 } else { share });
            out.queue.push(if busy == 0.0 { 0.0 } else { queue });
            out.in_system.push(queue + 3.0);
            out.arrived.push((per_sec * WINDOW as f64) as u64);
            out.rejected.push((per_sec * strain) as u64);
            if ["redis", "cloudfront"].contains(&name) {
                out.hit_ratio.push((0.92 - strain + 0.01 * wobble(i)).clamp(0.0, 1.0));
            }
        }
        out
    });
    Windows {
        width: SimSpan::from_secs(WINDOW),
        start: (0..WINDOWS).map(|i| at(i * WINDOW)).collect(),
        traffic: traffic.collect(),
        components: components.collect(),
    }
}

fn blame() -> Vec<Blame> {
    let phases = [(Phase::Before, 0.0), (Phase::During, 0.8), (Phase::Between, 0.15), (Phase::After, 0.1)];
    TRAFFIC
        .iter()
        .flat_map(|spec| phases.iter().map(move |(phase, strain)| blame_of(spec, *phase, strain * spec.5)))
        .collect()
}

fn blame_of(spec: &(&str, &str, &str, f64, f64, f64), phase: Phase, strain: f64) -> Blame {
    let &(workload, _, journey, rate, median, _) = spec;
    let quantiles = [(0.5, 1.0), (0.9, 1.9), (0.99, 3.6), (0.999, 7.0)].map(|(quantile, times)| {
        let latency = median * 1e6 * (1.0 + 2.5 * strain) * times * (1.0 + strain * times / 3.0);
        let slow = (0.08 + 0.5 * strain) * (1.0 - 1.0 / (times + 1.0));
        let weights = [
            ("supabase.postgres", WaitKind::QueueWait, slow * 0.9),
            ("commerce-service -> supabase.pooler", WaitKind::PoolWait, slow * 0.35),
            ("commerce-service -> supabase.pooler", WaitKind::Abandoned, strain * 0.25),
            ("commerce-service -> supabase.pooler", WaitKind::Backoff, strain * 0.08),
            ("commerce-service", WaitKind::Service, 0.24),
            ("shopify", WaitKind::Service, 0.2),
            ("supabase.postgres", WaitKind::Service, 0.12),
            ("rest-api", WaitKind::Service, 0.1),
            ("web -> vercel-edge", WaitKind::Network, 0.09),
            ("vercel-edge -> api-gateway", WaitKind::Connect, 0.02),
            ("redis", WaitKind::Coalesced, 0.015),
            ("api-gateway", WaitKind::Admission, 0.01),
        ];
        let total: f64 = weights.iter().map(|weight| weight.2).sum();
        let mut parts: Vec<BlamePart> = weights
            .iter()
            .filter(|weight| weight.2 > 0.0)
            .map(|&(who, kind, weight)| BlamePart { who: who.into(), kind, nanos: latency * weight / total })
            .collect();
        parts.sort_by(|a, b| b.nanos.total_cmp(&a.nanos));
        BlameQuantile { quantile, latency_ns: latency, requests: (rate * 5.0) as u64, parts }
    });
    Blame {
        workload: workload.into(),
        journey: journey.into(),
        phase,
        requests: (rate * 500.0) as u64,
        quantiles: quantiles.to_vec(),
    }
}

fn fault(name: &str, kind: &str, target: &str, from: u64, to: u64) -> FaultSpan {
    FaultSpan { name: name.into(), kind: kind.into(), target: target.into(), from: at(from), to: at(to) }
}

/// Half an hour of the shop, with a slow database and an outage of a third party.
pub(super) fn outcome() -> Outcome {
    let incident = |from, to, availability_min, p99, failed| Incident {
        from: at(from),
        to,
        availability_min,
        latency_p99_max: Some(SimSpan::from_millis(p99)),
        failed,
    };
    Outcome {
        messages: Messages::default(),
        names: Vec::new(),
        sessions: Sessions::default(),
        schema: SCHEMA,
        engine: "0.1.0".into(),
        scenario: "supabase brownout on a sale day".into(),
        topology: "mood-mnky".into(),
        environment: Some("production".into()),
        inputs: vec![
            InputFile {
                path: "scenarios/mood-mnky/supabase-brownout.yaml".into(),
                fingerprint: "5f0c9a11d2".into(),
            },
            InputFile { path: "topologies/mood-mnky.yaml".into(), fingerprint: "aa41c09e77".into() },
        ],
        seed: 42,
        duration: SimSpan::from_secs(30 * MIN),
        warm_up: SimSpan::from_secs(MIN),
        ended_at: at(30 * MIN + 2),
        events: 14_213_554,
        digest: "9f3ac1d27be04c55".into(),
        truncated: None,
        slots: SLOTS
            .iter()
            .map(|&(from, to, phase, recovered, _)| Slot {
                from: at(from),
                to: at(to),
                time: SimSpan::from_secs(to - from),
                phase,
                recovered,
            })
            .collect(),
        traffic: traffic(),
        components: COMPONENTS.iter().map(component).collect(),
        edges: EDGES.iter().map(edge).collect(),
        faults: vec![
            fault("supabase brownout", "slow", "supabase.postgres x8", 10 * MIN, 15 * MIN),
            fault("openai outage", "outage", "openai", 20 * MIN, 22 * MIN),
        ],
        replica_notes: Vec::new(),
        saturations: vec![Saturation {
            kind: SaturationKind::Pool,
            who: "user-services -> supabase".into(),
            from: at(10 * MIN + 10),
        }],
        recovery: Some(Recovery {
            hurt_before: None,
            trigger_end: at(22 * MIN),
            time: Some(SimSpan::from_secs(2 * MIN)),
            trials: Vec::new(),
        }),
        incidents: vec![
            incident(10 * MIN + 20, Some(at(15 * MIN + 40)), 0.853, 8400, 13_411),
            incident(20 * MIN + 10, Some(at(24 * MIN)), 0.942, 5100, 2_604),
        ],
        blame: blame(),
        windows: windows(),
        conservation: (0..90)
            .map(|i| ConservationCheck {
                law: format!("arrivals of edge {i}"),
                left: 1000 + i,
                right: 1000 + i,
            })
            .collect(),
    }
}

fn judgement(text: &str, verdict: Verdict, measured: f64, target: f64, unit: Unit) -> Judgement {
    let comparison = if text.contains('<') { Comparison::Less } else { Comparison::GreaterOrEqual };
    Judgement {
        text: text.into(),
        location: "scenarios/mood-mnky/supabase-brownout.yaml:31".into(),
        verdict,
        measured: Some(measured),
        half_width: None,
        comparison,
        target,
        unit,
        reason: None,
    }
}

/// Expectations of every kind and verdict.
pub(super) fn judgements() -> Vec<Judgement> {
    let mut all = vec![
        judgement(
            "availability of shoppers >= 99.9% outside faults",
            Verdict::Pass,
            0.9995,
            0.999,
            Unit::Share,
        ),
        judgement("latency p99 of checkout < 1.5s outside faults", Verdict::Pass, 0.92, 1.5, Unit::Seconds),
        judgement("availability of shoppers >= 95% during faults", Verdict::Fail, 0.9312, 0.95, Unit::Share),
        judgement("latency p99 of checkout < 4s during faults", Verdict::Fail, 7.84, 4.0, Unit::Seconds),
        judgement("recovery-time < 5m", Verdict::Fail, 320.0, 300.0, Unit::Seconds),
        judgement("goodput of app-users >= 190/s", Verdict::Pass, 197.4, 190.0, Unit::PerSecond),
        judgement(
            "latency p99.9 of ask-agent < 12s after recovery",
            Verdict::Inconclusive,
            11.6,
            12.0,
            Unit::Seconds,
        ),
        judgement(
            "retry-amplification of rest-api -> commerce-service < 1.2",
            Verdict::Pass,
            1.04,
            1.2,
            Unit::Number,
        ),
    ];
    all[3].reason = Some("1.96 times the target".into());
    all[6].reason =
        Some("only 87 requests above the quantile are needed for a 95 % interval of ±10 %".into());
    all[6].half_width = Some(0.7);
    all
}

/// A sheet over them.
pub(super) fn sheet<'a>(outcome: &'a Outcome, judgements: &'a [Judgement]) -> Sheet<'a> {
    Sheet {
        outcome,
        others: &[],
        judgements,
        command:
            "shakedown run scenarios/mood-mnky/supabase-brownout.yaml --environment production --seed 42"
                .into(),
        inputs: vec![
            (
                "scenarios/mood-mnky/supabase-brownout.yaml".into(),
                "scenario: supabase brownout on a sale day\ntopology: ../../topologies/mood-mnky.yaml\n"
                    .into(),
            ),
            ("topologies/mood-mnky.yaml".into(), "topology: mood-mnky\ncomponents:\n  redis: {}\n".into()),
        ],
    }
}

/// What a run leaves that stopped before anything happened.
pub(super) fn empty() -> Outcome {
    let truncation = Truncation { bound: Bound::EventsMax, limit: 10, at: at(1) };
    Outcome {
        slots: Vec::new(),
        traffic: Vec::new(),
        components: Vec::new(),
        edges: Vec::new(),
        faults: Vec::new(),
        saturations: Vec::new(),
        recovery: None,
        incidents: Vec::new(),
        blame: Vec::new(),
        windows: Windows::default(),
        conservation: Vec::new(),
        truncated: Some(truncation),
        ended_at: at(1),
        ..outcome()
    }
}
