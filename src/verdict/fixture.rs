//! A small made-up plan and outcome whose numbers can be counted by hand.

use crate::dist::Law;
use crate::outcome::*;
use crate::plan::*;
use crate::stats::Histogram;
use crate::units::{SimSpan, SimTime};

const SEC: u64 = 1_000_000_000;

pub(crate) fn at(secs: u64) -> SimTime {
    SimTime(secs * SEC)
}

/// One client `web` with a journey `buy`, one component `db` in `here`, one policy between them.
pub(crate) fn plan() -> Plan {
    let queue = Queue::default();
    let operation = |name: &str| Operation {
        name: name.into(),
        idempotent: false,
        request_bytes: None,
        response_bytes: None,
        steps: Vec::new(),
    };
    Plan {
        scenario: "s".into(),
        topology: "t".into(),
        environment: None,
        inputs: Vec::new(),
        seed: 1,
        duration: SimSpan::from_secs(400),
        warm_up: SimSpan::ZERO,
        window: SimSpan::from_secs(10),
        events_max: 1000,
        in_system_max: 1000,
        service_level: ServiceLevel { availability: 0.99, latency_p99: None, hold: SimSpan::from_secs(30) },
        entities: Vec::new(),
        warm: Vec::new(),
        attributes: Vec::new(),
        credentials: Vec::new(),
        places: vec![Place { name: "here".into(), zones: 1 }],
        names: Vec::new(),
        limits: Vec::new(),
        links: Vec::new(),
        components: vec![Component {
            name: "db".into(),
            kind: "core/service".into(),
            tags: Vec::new(),
            place: 0,
            replicas: 2,
            lifecycle: Lifecycle::immediate(),
            scaling: None,
            serverless: None,
            health: None,
            holding: Holding::Threads { per_replica: Some(5), cores: None },
            speed: 1.0,
            contention: None,
            queue,
            admission: Vec::new(),
            concurrency: None,
            connections_max: None,
            cache: None,
            shards: Shards { hashing: Hashing::Consistent, notice: None },
            store: None,
            model: None,
            firewall: Vec::new(),
            certificate: None,
            reachable_from: None,
            meters: Vec::new(),
            sessions: None,
            operations: vec![operation("get"), operation("put")],
        }],
        clients: vec![Client {
            name: "web".into(),
            place: 0,
            journeys: vec![Journey { name: "buy".into(), probability: 1.0, steps: Vec::new() }],
            sessions: None,
        }],
        policies: Vec::new(),
        messaging: Messaging::default(),
        workloads: vec![Workload {
            name: "shoppers".into(),
            client: 0,
            source: Source::Closed { users: 1, think: Law::Constant(1.0) },
            batch: None,
            attributes: Vec::new(),
            classes: Vec::new(),
        }],
        faults: Vec::new(),
        expectations: Vec::new(),
    }
}

fn slot(from: u64, to: u64, phase: Phase, recovered: bool) -> Slot {
    Slot { from: at(from), to: at(to), time: SimSpan::from_secs(to - from), phase, recovered }
}

/// A fifth of the time 4 inside, else 1; during the fault one replica up, else two.
fn watched(nanos: u64, hurt: u64) -> Watched {
    let (mut inside, mut up) = (LevelTimes::default(), LevelTimes::default());
    inside.add(4, nanos / 5);
    inside.add(1, nanos - nanos / 5);
    up.add(2 - hurt, nanos);
    Watched { in_system: Some(inside), up: Some(up) }
}

fn latencies(count: u64, millis: u64) -> Histogram {
    let mut histogram = Histogram::default();
    (0..count).for_each(|_| histogram.record(millis * 1_000_000));
    histogram
}

/// 100 s each before, during, after and after recovery: 1000 requests in each
/// slot, of which 400 fail during the fault; answers take 100 ms, during it 900 ms.
pub(crate) fn outcome() -> Outcome {
    let slots = vec![
        slot(0, 100, Phase::Before, false),
        slot(100, 200, Phase::During, false),
        slot(200, 300, Phase::After, false),
        slot(300, 400, Phase::After, true),
    ];
    let traffic_slot = |slot: &Slot| {
        let failed = if slot.phase == Phase::During { 400 } else { 0 };
        let good = 1000 - failed;
        TrafficSlot {
            arrived: 1000,
            ok: good - 100,
            degraded: 100,
            errors: [(ErrorClass::Timeout, failed)].into(),
            latency: latencies(good, if failed > 0 { 900 } else { 100 }),
            ..TrafficSlot::default()
        }
    };
    let component_slot = |slot: &Slot| {
        let hurt = u64::from(slot.phase == Phase::During);
        ComponentSlot {
            arrived: 2000,
            completed: 2000 - 500 * hurt,
            shed: 200 * hurt,
            throttled: 100 * hurt,
            reneged: 100 * hurt,
            failed: 100 * hurt,
            wait: latencies(1500, 10),
            waited: 300,
            watched: watched(slot.time.0, hurt),
            busy_area: u128::from(slot.time.0) * 5,
            capacity_area: u128::from(slot.time.0) * 10,
            queue_area: u128::from(slot.time.0) * 3,
            replicas: ReplicaSlot { placed_area: u128::from(slot.time.0) * 2, ..ReplicaSlot::default() },
            up_area: u128::from(slot.time.0) * if hurt == 1 { 1 } else { 2 },
            queue_max: 7 + hurt,
            cache: Some(CacheSlot {
                hits: 80,
                misses: 20,
                entries_area: u128::from(slot.time.0) * 40,
                ..CacheSlot::default()
            }),
            store: Some(StoreSlot { unknown: 3 * hurt, ..StoreSlot::default() }),
            ..ComponentSlot::default()
        }
    };
    let sojourn = |count, millis| slots.iter().map(|_| latencies(count, millis)).collect();
    let operations = vec![
        OperationOutcome { name: "get".into(), sojourn: sojourn(3000, 20), meters: Vec::new() },
        OperationOutcome { name: "put".into(), sojourn: sojourn(1000, 60), meters: Vec::new() },
    ];
    let edge_slot = EdgeSlot {
        calls: 100,
        attempts: 150,
        answered_ok: 90,
        timed_out: 60,
        calls_ok: 90,
        ..EdgeSlot::default()
    };
    Outcome {
        messages: Messages::default(),
        names: Vec::new(),
        sessions: Sessions::default(),
        schema: SCHEMA,
        engine: "0".into(),
        scenario: "s".into(),
        topology: "t".into(),
        environment: None,
        inputs: Vec::new(),
        seed: 1,
        duration: SimSpan::from_secs(400),
        warm_up: SimSpan::ZERO,
        ended_at: at(400),
        events: 1,
        digest: "0".into(),
        truncated: None,
        traffic: vec![Traffic {
            workload: "shoppers".into(),
            client: "web".into(),
            journey: "buy".into(),
            slots: slots.iter().map(traffic_slot).collect(),
        }],
        components: vec![ComponentOutcome {
            name: "db".into(),
            kind: "core/service".into(),
            place: "here".into(),
            replicas: 2,
            resource: Resource::Threads,
            operations,
            slots: slots.iter().map(component_slot).collect(),
        }],
        edges: vec![Edge {
            name: "web -> db".into(),
            caller: "web".into(),
            target: "db".into(),
            slots: vec![edge_slot; 4],
        }],
        slots,
        faults: Vec::new(),
        replica_notes: Vec::new(),
        saturations: Vec::new(),
        recovery: None,
        incidents: Vec::new(),
        blame: Vec::new(),
        windows: Windows::default(),
        conservation: Vec::new(),
    }
}
