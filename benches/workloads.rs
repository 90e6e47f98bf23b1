//! Whole runs of the reference models in `benches/models`, all default metrics on.
//!
//! The plan is built outside the timed part, and runs are short: this is for
//! seeing a change, one commit beside another. How Shakedown stands beside other
//! engines is measured in `benches/peers`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use shakedown::outcome::Outcome;
use shakedown::plan::{Plan, resolve};
use shakedown::sim::{Flow, Options, simulate};
use shakedown::spec::{Catalogue, LoadOptions, load_text};
use std::hint::black_box;

const SEED: u64 = 1;

struct Workload {
    name: &'static str,
    scenario: &'static str,
    topology: &'static str,
    /// Shorter than the file's, so that one run takes some tens of milliseconds.
    duration: &'static str,
}

const WORKLOADS: [Workload; 4] = [
    Workload {
        name: "w1",
        scenario: include_str!("models/w1.yaml"),
        topology: include_str!("models/single-server.yaml"),
        duration: "100000s",
    },
    Workload {
        name: "w2",
        scenario: include_str!("models/w2.yaml"),
        topology: include_str!("models/ten-stations.yaml"),
        duration: "3600s",
    },
    Workload {
        name: "w3",
        scenario: include_str!("models/w3.yaml"),
        topology: include_str!("models/web-application.yaml"),
        duration: "30s",
    },
    Workload {
        name: "w3-timeouts",
        scenario: include_str!("models/w3-timeouts.yaml"),
        topology: include_str!("models/web-application.yaml"),
        duration: "30s",
    },
];

fn plan_of(workload: &Workload) -> Plan {
    let mut options = LoadOptions::default();
    options.sets.push(("duration".to_owned(), workload.duration.to_owned()));
    let input = load_text(workload.scenario, workload.topology, &Catalogue::embedded(), &options)
        .unwrap_or_else(|error| panic!("{}: {:?}", workload.name, error.diags));
    let (plan, _) = resolve(&input).unwrap_or_else(|diags| panic!("{}: {diags:?}", workload.name));
    plan
}

fn play(plan: &Plan) -> Outcome {
    simulate(plan, &Options::new(SEED), &mut |_| Flow::Continue).0
}

fn workloads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("workloads");
    group.sample_size(20);
    for workload in &WORKLOADS {
        let plan = plan_of(workload);
        group.throughput(Throughput::Elements(play(&plan).events));
        group.bench_function(workload.name, |bencher| bencher.iter(|| black_box(play(&plan))));
    }
    group.finish();
}

criterion_group!(benches, workloads);
criterion_main!(benches);
