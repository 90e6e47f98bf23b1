//! What messages carry of their requests: attributes, kept as long as any copy of the message is.

use crate::sim::attributes::AttributeRows;
use crate::sim::engine::Engine;
use crate::sim::tables::NONE;

/// Rows of attributes, shared by the copies of a message.
#[derive(Clone, Debug, Default)]
pub(super) struct Carried {
    rows: AttributeRows,
    /// Messages that hold each row.
    holders: Vec<u32>,
    free: Vec<u32>,
}

impl Carried {
    pub(super) fn new(width: usize) -> Self {
        Self { rows: AttributeRows::new(width), ..Self::default() }
    }

    fn add(&mut self, from: &AttributeRows, f: u32) -> u32 {
        let row = self.free.pop().unwrap_or_else(|| {
            self.holders.push(0);
            self.holders.len() as u32 - 1
        });
        self.rows.fit_to(self.holders.len());
        self.rows.copy_from(from, f, row);
        row
    }

    /// A message holds a row.
    pub(super) fn hold(&mut self, row: u32) {
        if row != NONE {
            self.holders[row as usize] += 1;
        }
    }

    /// A message is gone.
    pub(super) fn let_go(&mut self, row: u32) {
        if row != NONE {
            self.holders[row as usize] -= 1;
            self.forget_if_free(row);
        }
    }

    /// Takes a row back that nobody holds.
    pub(super) fn forget_if_free(&mut self, row: u32) {
        if row != NONE && self.holders[row as usize] == 0 {
            self.free.push(row);
        }
    }
}

impl Engine<'_> {
    /// Keeps what a request carries for a message of it; `NONE` when requests carry nothing.
    pub(super) fn carry(&mut self, f: u32) -> u32 {
        if self.t.attributes.count == 0 {
            return NONE;
        }
        self.messaging.messages.carried.add(&self.attributes, f)
    }

    /// Gives a consumer what its message carries, or what requests carry by default.
    pub(super) fn unpack(&mut self, f: u32, row: u32) {
        if row == NONE {
            return self.draw_default_attributes(f);
        }
        self.attributes.fit_to(self.frames.len() as usize);
        self.attributes.copy_from(&self.messaging.messages.carried.rows, row, f);
    }
}
