//! What a topology and a scenario mean once every name is resolved, every
//! default filled in and every value checked.
//!
//! The plan is the waist of the program: everything before it is about text,
//! everything after it is about time. Engines read it and never look back at
//! a file. All indices are valid by construction; only [`super::resolve`]
//! builds one from files. Times in laws are nanoseconds.

mod attributes;
mod cache;
mod component;
mod expectation;
mod faults;
mod guard;
mod load;
mod messaging;
mod names;
mod overload;
mod policy;
mod replicas;
mod security;
mod sessions;
mod steps;

use crate::dist::Law;
pub use crate::dist::{Backoff, Popularity};
pub use crate::spec::InputFile;
use crate::units::SimSpan;
pub use attributes::*;
pub use cache::*;
pub use component::*;
pub use expectation::*;
pub use faults::*;
pub use guard::*;
pub use load::*;
pub use messaging::*;
pub use names::*;
pub use overload::*;
pub use policy::*;
pub use replicas::*;
pub use security::*;
pub use sessions::*;
pub use steps::*;

/// Index into [`Plan::places`].
pub type PlaceId = usize;

/// Index into [`Plan::components`].
pub type ComponentId = usize;

/// Index into a component's [`Component::operations`].
pub type OperationId = usize;

/// Index into [`Plan::entities`].
pub type EntityId = usize;

/// Index into [`Plan::policies`].
pub type PolicyId = usize;

/// Index into a store's [`Store::datasets`].
pub type DatasetId = usize;

/// Index into [`Plan::clients`].
pub type ClientId = usize;

/// Index into [`Messaging::brokers`].
pub type BrokerId = usize;

/// Index into [`Messaging::marks`].
pub type MarkId = usize;

/// A complete, checked model of what exists and what happens to it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The scenario's name.
    pub scenario: String,
    /// The topology's name.
    pub topology: String,
    /// The environment overlay in force, if any.
    pub environment: Option<String>,
    /// Files read, in order, each with a fingerprint of its bytes.
    pub inputs: Vec<InputFile>,
    /// Root of all randomness.
    pub seed: u64,
    /// How long load arrives.
    pub duration: SimSpan,
    /// Start of the run left out of every statistic.
    pub warm_up: SimSpan,
    /// Width of one time window of the outcome.
    pub window: SimSpan,
    /// Stop when this many events have been dispatched.
    pub events_max: u64,
    /// Stop when this many requests are in progress at once.
    pub in_system_max: u32,
    /// What counts as "users are hurt" when recovery is measured.
    pub service_level: ServiceLevel,
    /// Named key spaces.
    pub entities: Vec<Entity>,
    /// What every request carries.
    pub attributes: Vec<Attribute>,
    /// Keys, passwords and certificates.
    pub credentials: Vec<Credential>,
    /// Where things are.
    pub places: Vec<Place>,
    /// Names that callers resolve.
    pub names: Vec<DnsName>,
    /// Limits that several components share.
    pub limits: Vec<SharedLimit>,
    /// Directed links between places; a pair that is absent costs nothing.
    pub links: Vec<Link>,
    /// What exists.
    pub components: Vec<Component>,
    /// What caches hold at the start.
    pub warm: Vec<Warm>,
    /// Who calls from outside.
    pub clients: Vec<Client>,
    /// How callers behave; one per (caller, target) pair.
    pub policies: Vec<CallPolicy>,
    /// Brokers, consumers and schedules.
    pub messaging: Messaging,
    /// When and how much load arrives.
    pub workloads: Vec<Workload>,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// What is promised.
    pub expectations: Vec<Expectation>,
}

/// The bound below which a window counts as an incident.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceLevel {
    /// Smallest acceptable share of requests answered well in a window.
    pub availability: f64,
    /// Largest acceptable 99th percentile in a window, if promised.
    pub latency_p99: Option<SimSpan>,
    /// How long service must hold before recovery is believed.
    pub hold: SimSpan,
}

/// A named key space with a popularity law.
#[derive(Clone, Debug, PartialEq)]
pub struct Entity {
    /// Name in the file.
    pub name: String,
    /// How many distinct keys there are, at least 1.
    pub population: u64,
    /// How keys are chosen.
    pub popularity: Popularity,
    /// Size of one cached value, in bytes.
    pub bytes: u64,
}

/// A region, a vendor's cloud, an edge, or the internet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Name in the file.
    pub name: String,
    /// Parts that fail on their own, at least 1; replica `n` is in zone `n mod zones`.
    pub zones: u32,
}

/// A directed network path between two places (possibly the same one).
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Where messages leave.
    pub from: PlaceId,
    /// Where messages arrive.
    pub to: PlaceId,
    /// One-way delay; `None` costs nothing.
    pub latency: Option<Law>,
    /// Bytes per second, shared by all messages on the link, first come first served.
    pub bandwidth: Option<f64>,
    /// Probability that a message is lost once and sent again.
    pub loss: f64,
    /// Delay until a lost message is sent again; doubles for each further loss.
    pub retransmit: SimSpan,
}
