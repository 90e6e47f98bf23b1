//! Random topologies: services that call those after them, and parts with mechanisms of their own.

use super::dice::Dice;

/// A topology, and what a scenario has to know of it.
pub(crate) struct Model {
    pub(crate) text: String,
    /// Services that have replicas, however many.
    pub(crate) services: Vec<String>,
    /// Services that have instances.
    pub(crate) serverless: Vec<String>,
    /// Parts that the topology has beside its services.
    pub(crate) parts: Vec<&'static str>,
    /// Services with replicas that come and go.
    pub(crate) scaled: Vec<String>,
}

/// Each part: its components, and a step by which a service uses it, with the policies that the step wants.
const PARTS: [(&str, &str, &str); 6] = [
    (
        "memory",
        "  memory: { place: here, cache: { entries: 40, write-behind: { flush-every: 1s, batch: 20 } }, calls: { db: { timeout: 1s } }, operations: { get: [ { wait: 1ms } ], set: [ { wait: 1ms } ], put: [ { wait: 1ms } ], flush: [ { write: db.rows } ] } }\n",
        "{ cached: { in: memory, key: product, ttl: 3s, single-flight: true, stale-while-revalidate: 1s, miss: [ { read: db.rows } ] } }",
    ),
    (
        "shards",
        "  shards: { place: there, replicas: 3, shards: { notice: 2s }, cache: { entries: 30, eviction: fifo }, operations: { get: [ { wait: 1ms } ], set: [ { wait: 1ms } ] } }\n",
        "{ cached: { in: shards, key: product, ttl: 3s, negative: { on: [timeout], ttl: 1s }, miss: [ { read: db.rows } ] } }",
    ),
    (
        "orders",
        "  orders: { place: here, broker: { visibility-timeout: 2s, max-receives: 3, dead-letter: dead, duplicates: 5% }, operations: { publish: [ { wait: 2ms } ] } }\n  dead: { place: here, broker: { retention: 1d } }\n  worker: { place: here, replicas: 2, consumes: { orders: { concurrency: 3, batch: 2 } }, calls: { db: { timeout: 300ms } }, operations: { work: [ { once: { ttl: 1m, do: [ { write: db.rows }, { mark: charged } ] } }, { fail: 10% } ] } }\n  desk: { place: here, schedules: { look: { every: 7s } }, operations: { look: [ { redrive: dead } ] } }\n",
        "{ publish: orders }",
    ),
    (
        "names",
        "  east: { place: here, threads: 4, health: { check: { interval: 1s, timeout: 300ms } }, operations: { serve: [ { compute: exponential(5ms) } ] } }\n  west: { place: there, threads: 4, health: { check: { interval: 1s, timeout: 300ms } }, operations: { serve: [ { compute: exponential(5ms) } ] } }\nnames: { regions: { failover: [east, west], ttl: 2s, resolvers: 20, lookup: 5ms } }\n",
        "{ call: regions.serve }",
    ),
    (
        "model",
        "  model: { place: there, model: { prefill: 20000/s, decode: 300/s, window: 4k }, operations: { complete: [ { generate: { prompt: tokens, output: 40 } } ] } }\n",
        "{ stream: model.complete }",
    ),
    (
        "hub",
        "  hub: { place: here, replicas: 2, async: true, cores: 2, sessions: { per-replica: 600, idle-timeout: 20s, heartbeat-cost: 20us, drain: 2s }, operations: { connect: [ { compute: 1ms } ], say: [ { compute: 200us } ], announce: [ { broadcast: { cost: 10us } } ] } }\n",
        "{ call: hub.say }",
    ),
];

fn law(dice: &mut Dice) -> &'static str {
    dice.pick(&[
        "exponential(5ms)",
        "lognormal(p50 4ms p99 30ms)",
        "10ms",
        "uniform(1ms 20ms)",
        "erlang(3 2ms)",
    ])
}

/// What a caller does about calls to one target.
fn policy(dice: &mut Dice) -> String {
    let budget = dice.pick(&[", budget: 20%", "", ", only-if-first: true"]);
    let backoff = dice.pick(&["full-jitter(10ms 200ms)", "fixed(20ms)", "decorrelated(5ms 100ms)"]);
    let retry = format!("retry: {{ attempts: {}, backoff: {backoff}{budget} }}", dice.between(2, 4));
    let pool = format!("pool: {{ size: {}, timeout: 100ms, connect: 2ms }}", dice.between(1, 10));
    let failure = dice.pick(&["degrade", "continue", "fail"]);
    let balance =
        dice.pick(&["least-requests", "two-choices", "random", "round-robin", "join-shortest-queue"]);
    let keys = [
        format!("timeout: {}", dice.pick(&["20ms", "50ms", "200ms", "1s"])),
        retry,
        pool,
        "breaker: { window: 5s, minimum: 10, failures: 50%, open: 2s }".to_owned(),
        "hedge: { percentile: 95%, cap: 10% }".to_owned(),
        "bulkhead: 5".to_owned(),
        "cancel: true".to_owned(),
        format!("on-failure: {failure}"),
        format!("balance: {balance}"),
        "throttle: { k: 2 }".to_owned(),
        "total-timeout: 400ms".to_owned(),
        "inherit-deadline: true".to_owned(),
    ];
    format!("{{ {} }}", dice.some(40, &keys).join(", "))
}

fn policy_of_part(part: &str) -> Option<&'static str> {
    match part {
        "memory" => Some("memory: { timeout: 50ms, on-failure: continue }"),
        "shards" => Some("shards: { timeout: 30ms, on-failure: continue, shard-by: product }"),
        "model" => Some("model: { timeout: 2s, cancel: true }"),
        _ => None,
    }
}

/// How a service gets from its work to another.
fn use_of(dice: &mut Dice, call: &str) -> String {
    match dice.between(0, 6) {
        0 => format!("{{ try: {{ do: [ {call} ], rescue: [ {{ do: [ {{ wait: 1ms }} ] }} ] }} }}"),
        1 => format!("{{ parallel: {{ branches: [ [ {call} ], [ {{ wait: 2ms }} ] ] }} }}"),
        2 => format!("{{ parallel: {{ need: 1, branches: [ [ {call} ], [ {{ wait: 9ms }} ] ] }} }}"),
        3 => format!("{{ start: [ {call} ] }}"),
        4 => format!("{{ choose: [ {{ share: 50%, do: [ {call} ] }} ] }}"),
        _ => call.to_owned(),
    }
}

/// What a service runs on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Runs {
    Fixed,
    Scaled,
    Serverless,
}

/// Threads, cores and replicas.
fn size(dice: &mut Dice) -> (String, Runs) {
    let threads = dice.between(1, 20);
    match dice.between(0, 4) {
        0 => {
            let provisioned = dice.pick(&["", ", provisioned: 2"]);
            let max = dice.between(2, 40);
            let serverless = format!(
                "max: {max}, cold-start: lognormal(p50 100ms p99 500ms), keep-alive: 5s{provisioned}"
            );
            (
                format!("    threads: {}\n    serverless: {{ {serverless} }}\n", dice.between(1, 3)),
                Runs::Serverless,
            )
        }
        1 => {
            let scaling = "min: 1, max: 5, track: { queue: 2 }, metric-period: 5s, start: 3s, cooldown: { out: 5s, in: 10s }, drain: { linger: 1s, deadline: 5s }";
            (format!("    threads: {threads}\n    replicas: {{ {scaling} }}\n"), Runs::Scaled)
        }
        2 => (format!("    async: true\n    cores: {}\n", dice.between(1, 8)), Runs::Fixed),
        3 => (
            format!("    threads: {threads}\n    cores: 2\n    replicas: {}\n", dice.between(1, 3)),
            Runs::Fixed,
        ),
        _ => (format!("    threads: {threads}\n    replicas: {}\n", dice.between(1, 4)), Runs::Fixed),
    }
}

fn queue(dice: &mut Dice) -> String {
    let keys = [
        format!("capacity: {}", dice.between(1, 50)),
        "patience: exponential(1s)".to_owned(),
        format!("discipline: {}", dice.pick(&["lifo", "fifo", "priority", "codel", "adaptive-lifo"])),
        "drop-expired: true".to_owned(),
    ];
    let said = dice.some(50, &keys);
    if said.is_empty() { String::new() } else { format!("    queue: {{ {} }}\n", said.join(", ")) }
}

/// Service `number` of `count`, which may call those after it and the parts.
fn service(dice: &mut Dice, number: u64, count: u64, parts: &[(&str, &str)]) -> (String, Runs) {
    let mut steps = vec![format!("{{ compute: {} }}", law(dice))];
    let mut policies = Vec::new();
    for other in number + 1..count {
        if dice.chance(60) {
            policies.push(format!("c{other}: {}", policy(dice)));
            steps.push(use_of(dice, &format!("{{ call: c{other}.serve }}")));
        }
    }
    for (part, step) in parts {
        if dice.chance(40) {
            steps.push(use_of(dice, step));
            policies.extend(policy_of_part(part).map(str::to_owned));
        }
    }
    let (size, runs) = size(dice);
    let mut text = format!("  c{number}:\n    place: {}\n{size}", dice.pick(&["here", "there"]));
    if runs == Runs::Fixed && dice.chance(30) {
        text.push_str("    health: { check: { interval: 1s, timeout: 500ms }, eject: {} }\n");
    }
    text.push_str(&queue(dice));
    if dice.chance(20) {
        let limit = dice.pick(&[
            "token-bucket: { name: calls, rate: 100/s, burst: 20 }",
            "leaky-bucket: { name: calls, rate: 100/s, burst: 20 }",
            "concurrency: { fixed: 12 }",
            "concurrency: { vegas: {}, least-urgent: 50% }",
            "concurrency: { gradient: {} }",
            "concurrency: { aimd: { timeout: 50ms } }",
        ]);
        text.push_str(&format!("    admission: [ {{ {limit} }} ]\n"));
    }
    if !policies.is_empty() {
        text.push_str(&format!("    calls: {{ {} }}\n", policies.join(", ")));
    }
    text.push_str(&format!("    operations: {{ serve: [ {} ] }}\n", steps.join(", ")));
    (text, runs)
}

/// A topology that follows from the dice.
pub(crate) fn model(dice: &mut Dice) -> Model {
    let chosen: Vec<_> = PARTS.into_iter().filter(|_| dice.chance(35)).collect();
    let uses: Vec<(&str, &str)> = chosen.iter().map(|(name, _, step)| (*name, *step)).collect();
    let count = dice.between(1, 4);
    let mut components = String::new();
    let (mut services, mut scaled, mut serverless) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..count {
        let (text, runs) = service(dice, number, count, &uses);
        components.push_str(&text);
        let name = format!("c{number}");
        scaled.extend((runs == Runs::Scaled).then(|| name.clone()));
        if runs == Runs::Serverless { serverless.push(name) } else { services.push(name) }
    }
    components.push_str("  db: { place: here, threads: 6, connections: 60, store: { datasets: { rows: {} } }, operations: { read: [ { compute: exponential(4ms) } ], write: [ { compute: exponential(6ms) } ] } }\n");
    let has_hub = uses.iter().any(|(name, _)| *name == "hub");
    let sessions = "  apps: { place: here, sessions: { connect: hub.connect, heartbeat: { every: 5s, timeout: 2s }, messages: 60/h, reconnect: { backoff: full-jitter(1s 5s) } }, journeys: { say: [ { call: hub.say } ] } }\n";
    // Names stand beside the components, so that part comes last.
    for (_, text, _) in chosen
        .iter()
        .filter(|(name, ..)| *name != "names")
        .chain(chosen.iter().filter(|(name, ..)| *name == "names"))
    {
        components.push_str(text);
    }
    let text = format!(
        "topology: random\nentities: {{ product: {{ population: 200, popularity: zipf(0.9) }} }}\nattributes: {{ tokens: lognormal(p50 200 p99 2000) }}\nplaces: {{ here: {{ zones: 2 }}, there: {{}} }}\nnetwork: {{ same-place: 0.2ms, links: [ {{ between: [here, there], latency: 3ms }} ] }}\ncomponents:\n{components}clients:\n  users: {{ place: here, calls: {{ c0: {{ timeout: 2s }} }}, journeys: {{ go: [ {{ call: c0.serve }} ] }} }}\n{}",
        if has_hub { sessions } else { "" }
    );
    Model { text, services, parts: uses.into_iter().map(|(name, _)| name).collect(), scaled, serverless }
}
