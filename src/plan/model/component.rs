//! What exists: components and how they hold, queue, admit, remember and keep.

use super::{
    Amount, Cache, Caller, ConcurrencyLimit, CredentialId, EntityId, FirewallRule, Health, Lifecycle, Meter,
    Model, Operation, PlaceId, Scaling, Serverless, SessionRules, Shards, Standing,
};
use crate::dist::Law;
use crate::units::SimSpan;
use serde::{Deserialize, Serialize};

/// A thing that serves operations.
#[derive(Clone, Debug)]
pub struct Component {
    /// Name in the file; the salt of all its draws.
    pub name: String,
    /// Catalogue kind it was made from.
    pub kind: String,
    /// Free labels, for fault targets.
    pub tags: Vec<String>,
    /// Where it runs.
    pub place: PlaceId,
    /// How many independent copies, each with its own queue; at the start, if the number changes.
    pub replicas: u32,
    /// How replicas begin and end.
    pub lifecycle: Lifecycle,
    /// Present when the number of replicas changes by itself.
    pub scaling: Option<Scaling>,
    /// Present when instances are made for requests.
    pub serverless: Option<Serverless>,
    /// Present when not every replica gets requests.
    pub health: Option<Health>,
    /// What a request occupies while it is inside.
    pub holding: Holding,
    /// Multiplies the pace of all its work; 1 is nominal.
    pub speed: f64,
    /// How much slower it computes the more a replica serves at once.
    pub contention: Option<Contention>,
    /// The waiting line before threads or, for async components, before cores.
    pub queue: Queue,
    /// Rules checked for every request at the door, in order.
    pub firewall: Vec<FirewallRule>,
    /// What it shows to whoever opens a connection.
    pub certificate: Option<CredentialId>,
    /// Who may call it, in order; `None` is everybody.
    pub reachable_from: Option<Vec<Caller>>,
    /// Checks made before a request may queue, in order.
    pub admission: Vec<Admission>,
    /// Most requests inside each replica, checked before the limits of `admission`.
    pub concurrency: Option<ConcurrencyLimit>,
    /// Most connections open to it at once, over all callers' pools.
    pub connections_max: Option<u32>,
    /// Present when it remembers keys.
    pub cache: Option<Cache>,
    /// How keys are spread over its replicas.
    pub shards: Shards,
    /// Present when it keeps datasets.
    pub store: Option<Store>,
    /// Present when it is a language model.
    pub model: Option<Model>,
    /// What is counted for the bill.
    pub meters: Vec<Meter>,
    /// Present when clients may hold sessions to it.
    pub sessions: Option<SessionRules>,
    /// What it serves.
    pub operations: Vec<Operation>,
}

impl Component {
    /// Whether how many replicas it has may change during a run.
    #[must_use]
    pub fn comes_and_goes(&self) -> bool {
        let replaces = self.health.as_ref().is_some_and(|health| health.replaces);
        self.scaling.is_some() || self.serverless.is_some() || replaces
    }

    /// Most replicas there can be at once: each has a place of its own in the engine.
    /// A serverless component's first one is its front desk and serves nothing.
    #[must_use]
    pub fn slots(&self) -> u32 {
        if let Some(serverless) = &self.serverless {
            return serverless.max + 1;
        }
        let max = self.scaling.as_ref().map_or(self.replicas, |scaling| scaling.max.max(self.replicas));
        // A replacement starts beside the one that it replaces.
        let replaces = self.health.as_ref().is_some_and(|health| health.replaces);
        if replaces { max * 2 } else { max }
    }
}

/// What a request occupies while it is at a component.
#[derive(Clone, Debug, PartialEq)]
pub enum Holding {
    /// One thread from start to reply, over downstream calls. `None` is unlimited.
    Threads {
        /// Threads per replica.
        per_replica: Option<u32>,
        /// Cores per replica shared by running threads (processor sharing);
        /// `None` gives each thread a core of its own.
        cores: Option<f64>,
    },
    /// Nothing but a core, and only while computing; computing is first come first served.
    Async {
        /// Whole cores per replica, at least 1.
        cores: u32,
    },
}

/// A waiting line.
#[derive(Clone, Debug, PartialEq)]
pub struct Queue {
    /// Most requests waiting per replica; `None` is unlimited.
    pub capacity: Option<u32>,
    /// Who is served next.
    pub discipline: Discipline,
    /// How long a request waits before it gives up; never ends work that has begun.
    pub patience: Option<Law>,
    /// Whether a request whose caller has stopped waiting is dropped when its turn comes.
    pub drops_expired: bool,
    /// What changes while the queue stands; needed by [`Discipline::AdaptiveLifo`].
    pub standing: Option<Standing>,
}

impl Default for Queue {
    /// Endless, first in, first out.
    fn default() -> Self {
        Self {
            capacity: None,
            discipline: Discipline::Fifo,
            patience: None,
            drops_expired: false,
            standing: None,
        }
    }
}

/// Who is served next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Discipline {
    /// First in, first out.
    Fifo,
    /// Last in, first out.
    Lifo,
    /// First in, first out; last in, first out while the queue stands.
    AdaptiveLifo,
    /// Smallest priority number first, then first in, first out; running work is never interrupted.
    Priority,
    /// As `Priority`, and a more urgent arrival interrupts the least urgent
    /// running computation, which resumes later where it stopped.
    PreemptivePriority,
}

/// A check made before a request may queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Admission {
    /// Name used in messages and metrics.
    pub name: String,
    /// How the allowance refills.
    pub bucket: Bucket,
    /// Units one request takes, by operation index; empty means 1 for all.
    pub costs: Vec<Amount>,
    /// What happens to a request that finds too little.
    pub excess: Excess,
    /// Whether a refusal tells the caller when to come back.
    pub retry_after: bool,
    /// Key space of which each key has an allowance of its own.
    pub each: Option<EntityId>,
}

/// A token bucket. A leaky bucket is the same thing seen from the other side
/// and is resolved to this form.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    /// Units added per second.
    pub rate_per_sec: f64,
    /// Most units it holds; it starts full.
    pub burst: f64,
    /// Length of the stretches at whose beginning it is filled up; such a bucket refills at no other time.
    pub stretch: Option<SimSpan>,
}

/// What happens to a request over the limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Excess {
    /// Refuse it with class `throttled`.
    Reject,
    /// Hold it until its turn, refusing only beyond this wait.
    Delay {
        /// Longest hold; `None` is unlimited.
        wait_max: Option<SimSpan>,
    },
}

/// The Universal Scalability Law (N. Gunther): with n requests in service, a computation that
/// begins takes `1 + serial (n - 1) + crosstalk n (n - 1)` times as long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contention {
    /// Share of the work that waits for each other request, 0..=1.
    pub serial: f64,
    /// Share of the work that each pair of requests adds, 0..=1.
    pub crosstalk: f64,
}

impl Contention {
    /// How many times as long a computation takes that makes the requests in service `n`.
    #[must_use]
    pub fn factor(self, n: u32) -> f64 {
        let n = f64::from(n.max(1));
        1.0 + self.serial * (n - 1.0) + self.crosstalk * n * (n - 1.0)
    }
}

/// Something that keeps data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// Named sets of rows.
    pub datasets: Vec<Dataset>,
}

/// A named set of rows in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// Name in the file.
    pub name: String,
    /// Entity whose keys name its rows; without one it is a single row.
    pub key: Option<EntityId>,
}
