//! Random scenarios: load, and faults that overlap.

use super::dice::Dice;
use super::topology::Model;

/// Faults of any service; `T` stands for its name.
const OF_SERVICES: [&str; 21] = [
    "crash: { target: T, restart: 1s }",
    "crash: { target: { component: T, count: 1 }, graceful: true }",
    "crash: { target: { component: T, percent: 50% }, restart: 2s }",
    "pause: { target: T }",
    "slow: { target: T, factor: 5 }",
    "gray: { target: T, errors: 30%, after-work: true }",
    "gray: { target: T, latency: exponential(50ms) }",
    "outage: { target: T, mode: black-hole }",
    "outage: { target: T, mode: reset }",
    "outage: { target: T, mode: error }",
    "lock: { target: T }",
    "leak: { target: T, per-request: 1MiB, room: 100MiB, restart: 1s }",
    "latency: { from: here, to: there, add: exponential(50ms) }",
    "partition: { from: here, to: there }",
    "packet-loss: { from: here, to: there, loss: 20% }",
    "hold: { from: here, to: there }",
    "duplicate: { from: here, to: there, share: 20% }",
    "restart: { target: T, batch: 50%, every: 2s }",
    "crash-loop: { target: T }",
    "exhaust: { threads: T, share: 70% }",
    "throttle: { target: T, rate: 20/s }",
];

/// Faults of services that have instances.
const OF_SERVERLESS: [&str; 6] = [
    "crash: { target: T }",
    "outage: { target: T, mode: reset }",
    "capacity-denied: { target: T }",
    "slow: { target: T, factor: 5 }",
    "gray: { target: T, errors: 30% }",
    "exhaust: { threads: T, share: 70% }",
];

/// Faults of services whose replicas come and go.
const OF_SCALED: [&str; 2] = ["capacity-denied: { target: T }", "reclaim: { target: T, notice: 1s }"];

/// Faults of the parts, by part.
const OF_PARTS: [(&str, &str); 22] = [
    ("memory", "crash: { target: memory, restart: 1s }"),
    ("memory", "crash: { target: memory, graceful: true, restart: 1s }"),
    ("memory", "flap: { on: 500ms, off: 500ms }, flush: { target: memory }"),
    ("shards", "crash: { target: { component: shards, count: 1 }, restart: 3s }"),
    ("shards", "slow: { target: shards, factor: 20 }"),
    ("orders", "outage: { target: orders, mode: error }"),
    ("orders", "crash: { target: worker, restart: 2s }"),
    ("orders", "duplicate: { from: orders, to: worker, share: 30% }"),
    ("names", "outage: { target: east, mode: refuse }"),
    ("names", "dns: { name: regions, mode: timeout }"),
    ("model", "slow: { target: model, factor: 4 }"),
    ("hub", "crash: { target: { component: hub, count: 1 }, restart: 2s }"),
    ("hub", "disconnect: { target: hub, share: 50% }"),
    ("hub", "idle-timeout: { target: hub, to: 3s }"),
    ("hub", "restart: { target: hub, batch: 50%, every: 2s }"),
    ("db", "disk-full: { target: db, room: 1MiB, per-write: 8KiB, freed-after: 5s }"),
    ("db", "bad-storage: { target: db, lost: 10%, corrupt: 10% }"),
    ("db", "exhaust: { connections: db, share: 95% }"),
    ("db", "exhaust: { threads: db, share: 70% }"),
    ("db", "lock: { target: db, operations: [write] }"),
    ("db", "crash: { target: db, restart: 1s }"),
    ("db", "pause: { target: db }"),
];

fn fault(dice: &mut Dice, model: &Model) -> String {
    let of_parts: Vec<&str> = OF_PARTS
        .iter()
        .filter(|(part, _)| *part == "db" || model.parts.contains(part))
        .map(|(_, fault)| *fault)
        .collect();
    let of = |dice: &mut Dice, faults: &[&str], names: &[String]| {
        let name = &names[dice.between(0, names.len() as u64 - 1) as usize];
        dice.pick(faults)
            .replace("component: T", &format!("component: {name}"))
            .replace(": T", &format!(": {name}"))
    };
    let fault = match dice.between(0, 6) {
        0 | 1 if !of_parts.is_empty() => dice.pick(&of_parts).to_owned(),
        2 if !model.scaled.is_empty() => of(dice, &OF_SCALED, &model.scaled),
        3 if !model.serverless.is_empty() => of(dice, &OF_SERVERLESS, &model.serverless),
        4..=6 if !model.services.is_empty() => of(dice, &OF_SERVICES, &model.services),
        _ => "spike: { load: users, factor: 4 }".to_owned(),
    };
    format!("  - {{ at: {}s, for: {}s, {fault} }}\n", dice.between(4, 16), dice.between(1, 10))
}

/// A scenario over a model.
pub(crate) fn scenario(dice: &mut Dice, model: &Model) -> String {
    let load = dice.pick(&[
        "rate: 20/s",
        "rate: 60/s",
        "rate: 200/s",
        "rate: 60/s, arrivals: deterministic",
        "rate: 20/s, batch: 5",
        "users: 40, think: exponential(500ms)",
    ]);
    let sessions =
        if model.parts.contains(&"hub") { ", apps: { sessions: { population: 300 } }" } else { "" };
    let faults: String = (0..dice.between(1, 4)).map(|_| fault(dice, model)).collect();
    format!(
        "scenario: random\ntopology: topology.yaml\nduration: 30s\nwarm-up: 2s\nwindow: 1s\nload: {{ users: {{ {load} }}{sessions} }}\nfaults:\n{faults}"
    )
}
