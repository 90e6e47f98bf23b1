//! Rows and their versions: what a write on condition compares.
//!
//! A row's version is how often it was written. Only datasets that somebody
//! writes on condition have any. What a caller read last is kept beside its
//! frame, with the frame's own address, so that a slot's next user does not
//! take it for its own. A write carries it from the moment it is sent: a caller
//! that gave up and read again does not change what is on its way.

use super::compile::Compiler;
use super::engine::Engine;
use super::exec::Answer;
use super::tables::{NONE, SiteEffect, Tables};
use crate::plan::{ComponentId, ErrorClass, StoreAccess};

/// Rows with versions: those of a dataset that somebody writes on condition.
#[derive(Clone, Copy, Debug)]
pub(super) struct VersionedRows {
    /// Whose rows: a component and its dataset.
    pub(super) dataset: (usize, usize),
    /// Entity whose keys they are, or `NONE` for a single row.
    pub(super) entity: u32,
    /// How many there are.
    pub(super) count: u64,
}

impl SiteEffect {
    /// Whether success means that a write committed.
    #[inline]
    pub(super) fn is_write(self) -> bool {
        matches!(self, Self::Write | Self::VersionWrite { .. })
    }
}

/// All rows with versions, and who has read which.
#[derive(Clone, Debug, Default)]
pub(super) struct Versions {
    /// By dataset and row, how often it was written.
    rows: Vec<Vec<u32>>,
    /// By frame and dataset, what it read last: the frame's address and the version.
    seen: Vec<(u64, u32)>,
    /// By frame of a write, the version that it expects, if its caller had read any.
    carried: Vec<Option<u32>>,
}

impl Versions {
    pub(super) fn new(t: &Tables) -> Self {
        let rows = t.versioned.iter().map(|rows| vec![0; rows.count as usize]);
        Self { rows: rows.collect(), ..Self::default() }
    }

    /// Where it is kept what a frame read of a dataset.
    fn place(&self, frame: u32, rows: u32) -> usize {
        frame as usize * self.rows.len() + rows as usize
    }
}

impl Compiler<'_> {
    /// Datasets whose rows have versions.
    pub(super) fn versions(&mut self) {
        for ((component, dataset), count) in self.plan.versioned() {
            let store = self.plan.components[component].store.as_ref();
            let key = store.and_then(|store| store.datasets[dataset].key);
            let entity = key.map_or(NONE, |entity| entity as u32);
            self.t.versioned.push(VersionedRows { dataset: (component, dataset), entity, count });
        }
    }

    /// What a read or a write does to the ledger of the store that serves it.
    pub(super) fn store_effect(&self, target: ComponentId, access: StoreAccess) -> SiteEffect {
        let dataset = (target, access.dataset);
        let rows = self.t.versioned.iter().position(|rows| rows.dataset == dataset);
        match (rows.map(|rows| rows as u32), access.is_write) {
            (None, false) => SiteEffect::Read,
            (None, true) => SiteEffect::Write,
            (Some(rows), false) => SiteEffect::VersionRead { rows },
            (Some(rows), true) => SiteEffect::VersionWrite { rows, checked: access.if_unchanged },
        }
    }
}

impl Engine<'_> {
    /// The ledger of the store that a frame is at.
    pub(super) fn store_counts(&mut self, f: u32) -> &mut crate::outcome::StoreSlot {
        let comp = self.replicas[self.frames[f].replica as usize].comp as usize;
        &mut self.stations[comp].counts.store
    }

    /// Which row of a dataset a frame's request means.
    fn row(&self, f: u32, rows: u32) -> usize {
        match self.t.versioned[rows as usize].entity {
            NONE => 0,
            entity => self.rank(self.frames[f].root, entity) as usize,
        }
    }

    /// A read was served: its caller, if it still waits, knows the row's version.
    #[inline(never)]
    pub(super) fn version_read(&mut self, f: u32, rows: u32, answer: &mut Answer) {
        self.read_row(f, answer);
        let (caller, epoch) = (self.frames[f].parent, self.frames[f].parent_epoch);
        if caller == NONE || self.frames[caller].epoch != epoch {
            return;
        }
        let version = self.versions.rows[rows as usize][self.row(f, rows)];
        self.make_room_for_versions();
        let place = self.versions.place(caller, rows);
        self.versions.seen[place] = (self.frames[caller].key, version);
    }

    /// As many places as there are frames: like them, it grows to the most there ever are at once.
    fn make_room_for_versions(&mut self) {
        let frames = self.frames.len() as usize;
        if self.versions.carried.len() < frames {
            self.versions.carried.resize(frames, None);
            self.versions.seen.resize(frames * self.versions.rows.len(), (0, 0));
        }
    }

    /// A call is sent: a write on condition takes along what its caller read.
    #[inline(never)]
    pub(super) fn carry_version(&mut self, caller: u32, call: u32) {
        let site = self.frames[caller].site as usize;
        let SiteEffect::VersionWrite { rows, checked: true } = self.t.sites[site].effect else { return };
        self.make_room_for_versions();
        let (key, version) = self.versions.seen[self.versions.place(caller, rows)];
        self.versions.carried[call as usize] = (key == self.frames[caller].key).then_some(version);
    }

    /// The second copy of a request carries what the first does.
    pub(super) fn copy_version(&mut self, call: u32, copy: u32) {
        if !self.versions.rows.is_empty() {
            self.make_room_for_versions();
            self.versions.carried[copy as usize] = self.versions.carried[call as usize];
        }
    }

    /// A write was served: it commits, unless the row is newer than what its caller read.
    #[inline(never)]
    pub(super) fn version_write(&mut self, f: u32, rows: u32, checked: bool, answer: &mut Answer) {
        let row = self.row(f, rows);
        let version = self.versions.rows[rows as usize][row];
        if checked && self.versions.carried[f as usize] != Some(version) {
            self.store_counts(f).conflicts += 1;
            answer.error = Some(ErrorClass::Conflict);
            return;
        }
        if self.write_row(f, answer) {
            self.versions.rows[rows as usize][row] = version.wrapping_add(1);
        }
    }
}
