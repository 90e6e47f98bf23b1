//! What became of replicas.

use crate::units::SimTime;
use serde::{Deserialize, Serialize};

/// Replicas of one component in one slot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaSlot {
    /// Replica-nanoseconds in service or draining, faulty or not.
    pub placed_area: u128,
    /// Replica-nanoseconds there were, those of starting replicas included: what is paid for.
    pub paid_area: u128,
    /// Replica-nanoseconds asked for by the autoscaler; 0 where there is none.
    pub desired_area: u128,
    /// Replica-nanoseconds in service but without requests for their health.
    pub ejected_area: u128,
    /// Most replicas in service or draining at once.
    pub placed_max: u64,
    /// Connections refused for want of room.
    pub connections_refused: u64,
    /// Most connections open at once, where they are counted.
    pub connections_max: u64,
    /// Changes of the number asked for.
    pub changes: u64,
    /// Replicas or instances asked for.
    pub asked: u64,
    /// Replicas that the platform had not, and requests that got no instance.
    pub denied: u64,
    /// Times that a replica was taken out for its health.
    pub taken_out: u64,
    /// Times that a replica was killed because its memory was used up.
    #[serde(default)]
    pub killed: u64,
    /// Requests given an instance (serverless).
    pub assigned: u64,
    /// Of those, how many waited for it to start.
    pub cold: u64,
}

impl ReplicaSlot {
    /// Adds another slot's.
    pub fn absorb(&mut self, other: &Self) {
        self.placed_area += other.placed_area;
        self.paid_area += other.paid_area;
        self.desired_area += other.desired_area;
        self.ejected_area += other.ejected_area;
        self.placed_max = self.placed_max.max(other.placed_max);
        self.connections_refused += other.connections_refused;
        self.connections_max = self.connections_max.max(other.connections_max);
        self.changes += other.changes;
        self.asked += other.asked;
        self.denied += other.denied;
        self.taken_out += other.taken_out;
        self.killed += other.killed;
        self.assigned += other.assigned;
        self.cold += other.cold;
    }
}

/// Something that happened to replicas: for timelines. The first few thousand are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaNote {
    /// When.
    pub at: SimTime,
    /// Whose.
    pub component: String,
    /// What.
    pub kind: ReplicaNoteKind,
    /// How many before, or which.
    pub from: u32,
    /// How many after, or which.
    pub to: u32,
}

/// Kinds of things that happen to replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReplicaNoteKind {
    /// More are asked for.
    ScaleOut,
    /// Fewer are asked for.
    ScaleIn,
    /// The platform had no more to give.
    Denied,
    /// Probes took one out.
    Unhealthy,
    /// Probes brought one back.
    Healthy,
    /// Callers' failures took one out.
    Ejected,
    /// An ejection ended.
    Readmitted,
    /// Too few were healthy: all get requests.
    FailOpen,
    /// Enough are healthy again.
    FailOpenEnds,
    /// The platform takes one back.
    Reclaimed,
    /// One was killed because its memory was used up.
    OutOfMemory,
}
