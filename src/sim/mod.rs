//! The discrete-event engine: one plan, one seed, one outcome.
//!
//! Virtual time only; one thread; no hash maps; every draw is addressed by who
//! asks and not by when, so that the same plan and seed give the same bits
//! everywhere, and a change to one part changes no draw of another.

mod ablate;
mod admission;
mod arrivals;
mod attributes;
mod audit;
mod balance;
mod blame;
mod breaker;
mod bursts;
mod cache;
mod cached;
mod call;
mod cancel;
mod compile;
mod compile_attributes;
mod compile_cache;
mod compile_ends;
mod concurrency;
mod connections;
mod control;
mod damage;
mod desired;
mod door;
mod engine;
mod exec;
mod fault_paths;
mod fault_replicas;
mod faults;
mod finish;
mod firewall;
mod fleet;
mod flights;
mod frame;
mod gate;
mod generate;
mod guard;
mod health;
mod hedge;
mod keys;
mod levels;
mod limits;
mod messaging;
mod names;
mod net;
mod queueing;
mod ready;
mod record;
mod replica;
mod saturation;
mod scaling;
mod serverless;
mod sessions;
mod shape;
mod shards;
mod share;
mod slots;
mod start;
mod station;
mod tables;
mod tokens;
mod trouble;
mod versions;
mod watch;
mod windows;
mod work;
mod write_behind;

pub use ablate::{Ablation, Loop};

use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::units::SimTime;
use serde::{Deserialize, Serialize};

/// How a run is made, beyond what the plan says.
#[derive(Clone, Debug)]
pub struct Options {
    /// Root of all randomness.
    pub seed: u64,
    /// Whether constant delays use lanes; the result is the same without them, only slower.
    pub lanes: bool,
    /// Stop after this many events instead of the plan's bound.
    pub events_max: Option<u64>,
    /// Numbers of events to write down, counted from 1.
    pub record: Option<std::ops::Range<u64>>,
    /// What to take away, and from when, to see whether it keeps an overload going.
    pub ablation: Option<Ablation>,
}

impl Options {
    /// The usual way to run a plan.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, lanes: true, events_max: None, record: None, ablation: None }
    }
}

/// How far a run has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Virtual time.
    pub now: SimTime,
    /// When it ends.
    pub end: SimTime,
    /// Events so far.
    pub events: u64,
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// Stop; the outcome is marked as interrupted.
    Stop,
}

/// What a run leaves for comparing it with another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// Digest after every [`crate::kernel::CHECKPOINT_EVERY`] events, then the final one.
    pub checkpoints: Vec<u64>,
    /// The events asked for by [`Options::record`].
    pub events: Vec<TracedEvent>,
}

/// One dispatched event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracedEvent {
    /// Its number, from 1.
    pub number: u64,
    /// When.
    pub at: SimTime,
    /// Its phase, 0..6.
    pub phase: u8,
    /// Who, for readers.
    pub who: String,
    /// What went into the digest.
    pub identity: u64,
}

/// Plays a plan out. `watch` is told about progress every
/// [`crate::kernel::CHECKPOINT_EVERY`] events and may stop the run.
pub fn simulate(plan: &Plan, options: &Options, watch: &mut dyn FnMut(Progress) -> Flow) -> (Outcome, Trace) {
    let mut engine = engine::Engine::new(plan, options);
    engine.start();
    options.ablation.iter().for_each(|ablation| engine.schedule_ablation(ablation));
    engine.run(options, watch);
    engine.finish()
}
