//! The event queue by itself: what one event costs when many are pending.
//!
//! The hold model: take the next event, add one later. With lanes the delay is
//! one of a few constants, as timeouts and fixed latencies are; without them
//! the same delays go through the heap; exponential delays can use no lane.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use shakedown::kernel::{EventQueue, Lane, Phase};
use shakedown::rng;
use shakedown::units::SimTime;
use std::hint::black_box;

/// Events taken and added per measurement.
const HOLDS: u64 = 10_000;
const PENDING: [u64; 3] = [10, 1_000, 100_000];
/// Delays in nanoseconds: a round trip, an attempt's timeout, a patience.
const DELAYS: [u64; 3] = [500_000, 60_000_000, 500_000_000];
const MEAN_DELAY: f64 = 1e7;

fn delay_of(key: u64) -> u64 {
    // Only the spread matters here, so the logarithm may be any.
    (-libm::log(1.0 - rng::unit(key)) * MEAN_DELAY) as u64
}

fn by_law(pending: u64) -> EventQueue {
    let mut queue = EventQueue::new(true);
    for index in 0..pending {
        queue.push(SimTime(delay_of(rng::mix(index))), Phase::Done, 0, index as u32);
    }
    queue
}

fn hold_by_law(mut queue: EventQueue) -> EventQueue {
    for hold in 0..HOLDS {
        let Some(next) = queue.pop(|_| true) else { break };
        let at = SimTime(next.at().0 + delay_of(rng::mix(hold)));
        queue.push(at, Phase::Done, 0, next.index());
    }
    queue
}

fn by_constants(pending: u64, use_lanes: bool) -> (EventQueue, Vec<Lane>) {
    let mut queue = EventQueue::new(use_lanes);
    let lanes: Vec<Lane> = DELAYS.iter().map(|delay| queue.lane(*delay)).collect();
    for index in 0..pending {
        let turn = (index % 3) as usize;
        // Spread over the delay, in order, as if they had been added one after the other.
        let at = SimTime(DELAYS[turn] * (index + 1) / pending);
        queue.push_lane(lanes[turn], at, Phase::Timer, turn as u8, index as u32);
    }
    (queue, lanes)
}

fn hold_by_constants((mut queue, lanes): (EventQueue, Vec<Lane>)) -> EventQueue {
    for _ in 0..HOLDS {
        let Some(next) = queue.pop(|_| true) else { break };
        let turn = usize::from(next.tag());
        let at = SimTime(next.at().0 + DELAYS[turn]);
        queue.push_lane(lanes[turn], at, Phase::Timer, next.tag(), next.index());
    }
    queue
}

fn event_queue(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("event_queue");
    group.throughput(Throughput::Elements(HOLDS));
    for pending in PENDING {
        group.bench_with_input(BenchmarkId::new("exponential", pending), &pending, |bencher, &pending| {
            let full = by_law(pending);
            bencher.iter_batched(
                || full.clone(),
                |queue| black_box(hold_by_law(queue)),
                BatchSize::LargeInput,
            );
        });
        for (name, use_lanes) in [("constant-lanes", true), ("constant-heap", false)] {
            group.bench_with_input(BenchmarkId::new(name, pending), &pending, |bencher, &pending| {
                let full = by_constants(pending, use_lanes);
                bencher.iter_batched(
                    || full.clone(),
                    |queue| black_box(hold_by_constants(queue)),
                    BatchSize::LargeInput,
                );
            });
        }
    }
    group.finish();
}

criterion_group!(benches, event_queue);
criterion_main!(benches);
