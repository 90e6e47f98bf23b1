//! The workloads on Shakedown itself: from the YAML files of `benches/models`,
//! with all default metrics on.
//!
//! Shakedown stops at the end of its duration instead of draining, so a handful
//! of requests in progress then are not counted. Its random numbers are
//! addressed and not drawn in order, so its results agree with the others'
//! within noise and not bit for bit.

use crate::{Config, Outcome, Workload};
use shakedown::sim::{Flow, Options, simulate};
use shakedown::spec::{Catalogue, LoadOptions, load_text};
use shakedown::stats::Histogram;

const W1: (&str, &str) =
    (include_str!("../../models/w1.yaml"), include_str!("../../models/single-server.yaml"));
const W2: (&str, &str) =
    (include_str!("../../models/w2.yaml"), include_str!("../../models/ten-stations.yaml"));
const W3: (&str, &str) =
    (include_str!("../../models/w3.yaml"), include_str!("../../models/web-application.yaml"));

/// Loads, resolves and runs a workload.
///
/// # Panics
/// If a model file is wrong.
pub(crate) fn run(config: &Config) -> Outcome {
    let (files, seconds, timeout) = match config.workload {
        Workload::W1 { customers } => (W1, customers as f64 / 0.8, None),
        Workload::W2 { customers } => (W2, customers as f64 / 2.8, None),
        Workload::W3 { horizon_s, timeout_ms } => (W3, horizon_s as f64, Some(timeout_ms)),
    };
    let mut options = LoadOptions::default();
    options.sets.push(("duration".to_owned(), format!("{seconds}s")));
    if let Some(timeout) = timeout {
        options.sets.push(("clients.browser.calls.gateway.timeout".to_owned(), format!("{timeout}ms")));
    }
    let input = load_text(files.0, files.1, &Catalogue::embedded(), &options).expect("the model loads");
    let (plan, _) = shakedown::plan::resolve(&input).expect("the model resolves");
    let (outcome, _) = simulate(&plan, &Options::new(config.seed), &mut |_| Flow::Continue);
    let mut latency = Histogram::default();
    let mut failures = 0;
    for slot in outcome.traffic.iter().flat_map(|traffic| &traffic.slots) {
        latency.merge(&slot.latency);
        failures += slot.errors.values().sum::<u64>();
    }
    let client_calls = outcome.edges.iter().filter(|edge| edge.caller == outcome.traffic[0].client);
    let slots = || client_calls.clone().flat_map(|edge| &edge.slots);
    let timeouts: u64 = slots().map(|slot| slot.timed_out).sum();
    Outcome {
        requests: latency.count() + failures,
        events: outcome.events,
        mean_ns: latency.mean().unwrap_or(0.0),
        p50_ns: latency.quantile(0.5).unwrap_or(0.0),
        p99_ns: latency.quantile(0.99).unwrap_or(0.0),
        timeouts,
        // A retry still pausing when the run ended was decided on all the same.
        retries: timeouts - failures,
        failures,
    }
}
