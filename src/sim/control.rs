//! What happens on its own: parts of the machinery that are no request's step.
//!
//! Each pending happening is a [`Control`] in a slab; its event carries the
//! slab's index. A new mechanism with ticks or timers of its own adds a variant
//! here and nothing to the event loop.

use super::cached::Gone;
use super::engine::{Engine, tag};
use super::fleet::FleetEvent;
use super::messaging::Happening;
use super::sessions;
use super::tables::NONE;
use crate::kernel::Phase;
use crate::units::{SimTime, TIME_MAX};

/// Something pending that is no frame's own event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control {
    /// A cancellation reaches a frame of this birth.
    Cancel { frame: u32, born: u32 },
    /// A removal takes effect in a cache's memory.
    Forget { memory: u32, comp: u32, gone: Gone },
    /// A replica writes what its cache has not written yet.
    Flush { replica: u32 },
    /// Callers learn which replicas of a component take part.
    Reshard { comp: u32 },
    /// Something in the life of replicas is due.
    Fleet(FleetEvent),
    /// The first token of an answer reaches a caller of this epoch.
    FirstToken { frame: u32, epoch: u32 },
    /// A firewall rule looks at the rate.
    FloodLook { wall: u32 },
    /// A firewall rule begins to act.
    FloodActs { wall: u32 },
    /// Loops are taken away.
    Ablate,
    /// Something about messages.
    Message(Happening),
    /// Something about sessions.
    Session(sessions::Happening),
}

/// Everything pending, in a slab.
#[derive(Clone, Debug, Default)]
pub(super) struct Controls {
    items: Vec<Control>,
    free: Vec<u32>,
}

impl Controls {
    fn add(&mut self, control: Control) -> u32 {
        if let Some(index) = self.free.pop() {
            self.items[index as usize] = control;
            return index;
        }
        self.items.push(control);
        (self.items.len() - 1) as u32
    }

    fn take(&mut self, index: u32) -> Control {
        self.free.push(index);
        self.items[index as usize]
    }

    /// What is pending under an index.
    pub(super) fn get(&self, index: u32) -> Control {
        self.items[index as usize]
    }
}

impl Engine<'_> {
    /// Lets something happen after a delay in nanoseconds.
    pub(super) fn schedule_control(&mut self, delay: u64, phase: Phase, control: Control) {
        let index = self.controls.add(control);
        let at = SimTime(self.now.saturating_add(delay).min(TIME_MAX.0));
        self.queue.push(at, phase, tag::CONTROL, index);
    }

    /// It happens; returns a frame that goes on because of it, or `NONE`.
    pub(super) fn control_event(&mut self, index: u32) -> u32 {
        match self.controls.take(index) {
            Control::Cancel { frame, born } => self.cancel(frame, born),
            Control::Forget { memory, comp, gone } => self.forget(memory as usize, comp as usize, gone),
            Control::Flush { replica } => self.flush_due(replica),
            Control::Reshard { comp } => self.reshard(comp as usize),
            Control::Fleet(event) => return self.fleet_event(event),
            Control::FloodLook { wall } => self.look_for_flood(wall),
            Control::FloodActs { wall } => self.act_on_flood(wall),
            Control::FirstToken { frame, epoch } => self.first_token_arrives(frame, epoch),
            Control::Ablate => self.ablate(),
            Control::Message(happening) => return self.message_event(happening),
            Control::Session(happening) => return self.session_event(happening),
        }
        NONE
    }

    /// Who a pending happening concerns, by name and address and never by index.
    pub(super) fn control_identity(&self, index: u32) -> u64 {
        match self.controls.get(index) {
            Control::Cancel { frame, .. } => self.frames[frame].key ^ 2,
            Control::Forget { comp, .. } => self.t.comps[comp as usize].salt ^ 4,
            Control::Flush { replica } => {
                self.t.comps[self.replicas[replica as usize].comp as usize].salt ^ 5
            }
            Control::Reshard { comp } => self.t.comps[comp as usize].salt ^ 6,
            Control::Fleet(event) => self.fleet_identity(event),
            Control::FloodLook { wall } => self.t.walls[wall as usize].salt,
            Control::FloodActs { wall } => self.t.walls[wall as usize].salt ^ 1,
            Control::FirstToken { frame, .. } => self.frames[frame].key ^ 3,
            Control::Ablate => 3,
            Control::Message(happening) => self.message_identity(happening),
            Control::Session(happening) => self.session_identity(happening),
        }
    }
}
