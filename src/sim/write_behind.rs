//! Writes that a cache has answered and the store behind it does not have yet.
//!
//! Keys wait in the order of their first write since the last flush; several
//! writes of one key become one. Flushes begin at whole multiples of their
//! period, and only when something waits, so that an idle cache costs nothing.

use super::control::Control;
use super::engine::Engine;
use super::frame::Role;
use super::tables::NONE;
use crate::kernel::Phase;
use crate::plan::WriteBehind;
use crate::rng;
use std::collections::{BTreeMap, VecDeque};

const SALT_FLUSH: u64 = rng::name_hash("cache/flush");

/// What one replica has not written yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Buffer {
    keys: VecDeque<u64>,
    /// Writes of each key that waits.
    writes: BTreeMap<u64, u64>,
    /// How many of the waiting keys the present flush is to write.
    due: usize,
    /// Batches under way: keys with their writes.
    under_way: BTreeMap<u32, Vec<(u64, u64)>>,
    batches: u32,
    is_armed: bool,
}

impl Buffer {
    /// Writes that the store does not have.
    pub(super) fn unflushed(&self) -> u64 {
        let under_way = self.under_way.values().flatten().map(|(_, writes)| writes).sum::<u64>();
        self.writes.values().sum::<u64>() + under_way
    }
}

impl Engine<'_> {
    fn buffer(&mut self, r: u32, comp: usize) -> &mut Buffer {
        let rule = &self.t.comps[comp];
        &mut self.buffers[(rule.buffer + r - rule.first_replica) as usize]
    }

    fn write_behind_rule(&self, comp: usize) -> Option<&WriteBehind> {
        self.plan.components[comp].cache.as_ref()?.write_behind.as_ref()
    }

    /// Notes a write to be made later; `false` if there is no room for it.
    pub(super) fn write_behind(&mut self, r: u32, comp: usize, key: u64) -> bool {
        let room = self.write_behind_rule(comp).and_then(|rule| rule.buffer);
        let buffer = self.buffer(r, comp);
        if let Some(writes) = buffer.writes.get_mut(&key) {
            *writes += 1;
            return true;
        }
        if room.is_some_and(|room| buffer.keys.len() as u64 >= room) {
            return false;
        }
        buffer.keys.push_back(key);
        buffer.writes.insert(key, 1);
        self.arm(r, comp);
        true
    }

    /// Sets the next flush, at a whole multiple of its period.
    fn arm(&mut self, r: u32, comp: usize) {
        let every = self.write_behind_rule(comp).map_or(1, |rule| rule.every.0);
        let wait = every - self.now % every;
        let buffer = self.buffer(r, comp);
        if !buffer.is_armed {
            buffer.is_armed = true;
            self.schedule_control(wait, Phase::Timer, Control::Flush { replica: r });
        }
    }

    /// It is time to write what waits.
    pub(super) fn flush_due(&mut self, r: u32) {
        let comp = self.replicas[r as usize].comp as usize;
        let is_paused = self.replicas[r as usize].speed == 0.0;
        let buffer = self.buffer(r, comp);
        buffer.is_armed = false;
        if is_paused {
            self.arm(r, comp);
            return;
        }
        buffer.due = buffer.keys.len();
        self.write_batches(r, comp);
    }

    /// Writes of a replica that its store does not have.
    pub(super) fn unflushed(&self, r: u32) -> u64 {
        self.buffer_of(r).map_or(0, Buffer::unflushed)
    }

    fn buffer_of(&self, r: u32) -> Option<&Buffer> {
        let rule = &self.t.comps[self.replicas[r as usize].comp as usize];
        (rule.buffer != NONE).then(|| &self.buffers[(rule.buffer + r - rule.first_replica) as usize])
    }

    /// Whether a replica that is told to go has answered everybody and has yet to begin its last flush.
    pub(super) fn has_writes_to_begin(&self, r: u32) -> bool {
        let waits = |buffer: &Buffer| !buffer.keys.is_empty() && buffer.under_way.is_empty();
        self.replicas[r as usize].inside == 0 && self.buffer_of(r).is_some_and(waits)
    }

    /// Whoever is told to go, and has answered everybody, does not wait for the next flush.
    #[cold]
    pub(super) fn flush_before_leaving(&mut self, r: u32) {
        let is_paused = self.replicas[r as usize].speed == 0.0;
        if self.has_writes_to_begin(r) && !is_paused {
            let comp = self.replicas[r as usize].comp as usize;
            let buffer = self.buffer(r, comp);
            buffer.due = buffer.keys.len();
            self.write_batches(r, comp);
        }
    }

    /// Begins as many batches as may be under way.
    fn write_batches(&mut self, r: u32, comp: usize) {
        let Some(rule) = self.write_behind_rule(comp) else { return };
        let (batch, parallel) = (rule.batch as usize, rule.parallel as usize);
        loop {
            let buffer = self.buffer(r, comp);
            let count = buffer.due.min(batch);
            if count == 0 || buffer.under_way.len() >= parallel {
                break;
            }
            buffer.due -= count;
            let keys: Vec<u64> = buffer.keys.drain(..count).collect();
            let writes = keys.iter().map(|key| (*key, buffer.writes.remove(key).unwrap_or(0))).collect();
            let number = buffer.batches;
            buffer.batches = number.wrapping_add(1);
            buffer.under_way.insert(number, writes);
            self.begin_batch(r, comp, number);
        }
        if !self.buffer(r, comp).keys.is_empty() {
            self.arm(r, comp);
        }
    }

    fn begin_batch(&mut self, r: u32, comp: usize, number: u32) {
        let rule = &self.t.comps[comp];
        let replica = rng::nth(rng::key(self.seed, rule.salt), u64::from(r - rule.first_replica));
        let key = rng::nth(rng::key(replica, SALT_FLUSH), u64::from(number));
        let (pc, op) = (rule.flusher, rule.flush_op);
        let f = self.frames.alloc();
        let now = self.now;
        let frame = &mut self.frames[f];
        frame.key = key;
        frame.root = key;
        frame.entered = now;
        frame.since = now;
        frame.deadline = u64::MAX;
        frame.pc = pc;
        frame.replica = r;
        frame.comp = comp as u32;
        frame.op = op;
        frame.role = Role::Detached;
        frame.parent = NONE;
        frame.from_site = NONE;
        frame.log = NONE;
        // The frame itself never computes: its `due` says which batch it writes.
        frame.due = u64::from(number);
        self.ready.push_back(f);
    }

    /// A batch reached the store, or did not and waits again.
    pub(super) fn batch_done(&mut self, f: u32, is_written: bool) {
        let frame = &mut self.frames[f];
        frame.pc += 1;
        let (r, comp, number) = (frame.replica, frame.comp as usize, frame.due as u32);
        let Some(batch) = self.buffer(r, comp).under_way.remove(&number) else { return };
        if is_written {
            let writes = batch.iter().map(|(_, writes)| writes).sum::<u64>();
            self.stations[comp].counts.cache.flushed += writes;
            self.write_batches(r, comp);
            self.note_if_drained(r);
            return;
        }
        let buffer = self.buffer(r, comp);
        for (key, writes) in batch.into_iter().rev() {
            if !buffer.writes.contains_key(&key) {
                buffer.keys.push_front(key);
            }
            *buffer.writes.entry(key).or_insert(0) += writes;
        }
        // The next flush tries again; the rest of this one would fare no better.
        buffer.due = 0;
        self.arm(r, comp);
    }

    /// A crash destroys what was not written.
    pub(super) fn lose_buffer(&mut self, r: u32, comp: usize) {
        if self.t.comps[comp].buffer == NONE {
            return;
        }
        let buffer = self.buffer(r, comp);
        let lost = buffer.unflushed();
        let (is_armed, batches) = (buffer.is_armed, buffer.batches);
        *buffer = Buffer { is_armed, batches, ..Buffer::default() };
        self.stations[comp].counts.cache.unflushed_lost += lost;
    }
}
