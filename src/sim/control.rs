//! What happens on its own: parts of the machinery that are no request's step.
//!
//! Each pending happening is a [`Control`] in a slab; its event carries the
//! slab's index. A new mechanism with ticks or timers of its own adds a variant
//! here and nothing to the event loop.

use super::engine::{Engine, tag};
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
            Control::Ablate => 3,
            Control::Message(happening) => self.message_identity(happening),
            Control::Session(happening) => self.session_identity(happening),
        }
    }
}
