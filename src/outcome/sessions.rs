//! What became of sessions and of what was sent to them.

use crate::stats::Histogram;
use crate::units::SimTime;
use serde::{Deserialize, Serialize};

/// Everything about sessions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Sessions {
    /// One entry for each load of sessions, in the plan's order.
    pub populations: Vec<PopulationOutcome>,
    /// One entry for each component with sessions, in the plan's order.
    pub hubs: Vec<HubOutcome>,
}

/// The users of one load of sessions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PopulationOutcome {
    /// Name of the load.
    pub load: String,
    /// Name of the component they are connected to.
    pub component: String,
    /// What happened, by slot.
    pub slots: Vec<SessionSlot>,
    /// Times in which more than 1 % of users were without a session, earliest first.
    pub outages: Vec<SessionOutage>,
    /// Sessions open at the end of each window.
    pub open: Vec<u64>,
    /// Users without a session at the end of each window.
    pub waiting: Vec<u64>,
    /// Sessions opened in each window.
    pub opened: Vec<u64>,
    /// Connects and resumes that failed in each window.
    pub failed: Vec<u64>,
}

/// The users of one load of sessions in one slot.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SessionSlot {
    /// Users who came.
    pub arrived: u64,
    /// Users who left while connected.
    pub left: u64,
    /// Users who left while they had no session.
    pub left_waiting: u64,
    /// Users who gave up after too many tries.
    pub gave_up: u64,
    /// Sessions opened.
    pub opened: u64,
    /// Of these, by users who had one before.
    pub reconnects: u64,
    /// Of these, by resuming.
    pub resumed: u64,
    /// Connects and resumes that failed.
    pub failed: u64,
    /// Sessions closed at their largest age.
    pub expired: u64,
    /// Sessions closed because nothing came.
    pub idle: u64,
    /// Sessions closed by a replica that was drained.
    pub drained: u64,
    /// Sessions lost with a replica.
    pub crashed: u64,
    /// Sessions ended by a fault.
    pub disconnected: u64,
    /// Sessions that clients gave up because their heartbeats were not answered.
    pub timed_out: u64,
    /// Sessions that ended without the client being told.
    pub half_open: u64,
    /// Users who left without closing.
    pub vanished: u64,
    /// Sessions open, integrated over time, in session-nanoseconds.
    pub open_area: u128,
    /// Users without a session, integrated over time, in user-nanoseconds.
    pub waiting_area: u128,
    /// Sessions that one side only takes for open, integrated over time.
    pub half_open_area: u128,
    /// Most sessions open at once.
    pub open_max: u64,
    /// Most users without a session at once.
    pub waiting_max: u64,
    /// Most sessions that one side only took for open.
    pub half_open_max: u64,
    /// Sessions open at the end of the slot.
    pub open: u64,
    /// Users without a session at the end of the slot, those among them who do not know it included.
    pub waiting: u64,
    /// From a session's end to the same user's next one.
    pub reconnect_time: Histogram,
    /// From a peer's death to its being noticed.
    pub detection: Histogram,
}

impl SessionSlot {
    /// Sessions that ended although neither the user nor an age limit or a drain asked for it.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.idle + self.crashed + self.disconnected + self.timed_out + self.half_open
    }
}

/// A time in which more than 1 % of users were without a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionOutage {
    /// Start.
    pub from: SimTime,
    /// End; `None` if it lasted to the end of the run.
    pub to: Option<SimTime>,
    /// Most users without a session at once.
    pub waiting_max: u64,
}

/// One component with sessions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HubOutcome {
    /// Its name.
    pub name: String,
    /// What happened, by slot.
    pub slots: Vec<HubSlot>,
}

/// One component with sessions in one slot.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct HubSlot {
    /// Broadcasts begun.
    pub broadcasts: u64,
    /// Users they were for, those without a session included.
    pub intended: u64,
    /// Users who got them.
    pub delivered: u64,
    /// From a broadcast to a recipient.
    pub latency: Histogram,
    /// From a broadcast to its last recipient.
    pub last: Histogram,
    /// Core-nanoseconds that heartbeats took.
    pub heartbeat_area: u128,
    /// Sessions of the fullest replica over the mean of all, summed over the ends of windows, in thousandths.
    pub imbalance_sum: u64,
    /// How many there were.
    pub imbalance_count: u64,
    /// The largest of them.
    pub imbalance_max: u64,
}
