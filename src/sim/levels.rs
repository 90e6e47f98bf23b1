//! How many replicas there are and what they can do, as levels over time.

use super::engine::Engine;
use super::fleet::Life;
use super::tables::NONE;

impl Engine<'_> {
    /// Brings a component's capacity and up levels in line with its replicas.
    pub(super) fn count_levels(&mut self, comp: usize) {
        let (mut up, mut capacity, mut placed, mut starting) = (0, 0, 0, 0);
        for r in self.replica_range(comp) {
            let life = self.fleet.slots[r as usize].life;
            starting += u64::from(life == Life::Starting);
            if matches!(life, Life::Serving | Life::Draining) {
                placed += 1;
                if self.replicas[r as usize].is_up() {
                    up += 1;
                    capacity += self.capacity_of(r);
                }
            }
        }
        let levels = &mut self.stations[comp].levels;
        levels.up.set(self.now, up);
        levels.capacity.set(self.now, capacity);
        levels.placed.set(self.now, placed);
        levels.paid.set(self.now, placed + starting);
        let counts = &mut self.stations[comp].counts.replicas;
        counts.placed_max = counts.placed_max.max(placed);
    }

    /// Threads or cores that a replica has, in the unit of the busy level: those that a fault has taken
    /// while they work are there until their work is done.
    pub(super) fn capacity_of(&self, r: u32) -> u64 {
        let replica = &self.replicas[r as usize];
        let rule = &self.t.comps[replica.comp as usize];
        match rule.shared_cores {
            Some(cores) => (cores * f64::from(1u32 << super::record::BUSY_FRACTION_BITS) + 0.5) as u64,
            None if rule.units == NONE => 0,
            None => u64::from(replica.units.max(replica.busy)),
        }
    }

    /// Counts one instance in or out without looking at all the others.
    pub(super) fn count_one(&mut self, comp: usize, replica: u32, is_in: bool) {
        let now = self.now;
        let is_up = self.replicas[replica as usize].is_up();
        let capacity = self.capacity_of(replica);
        let levels = &mut self.stations[comp].levels;
        let change = |level: u64, by: u64| if is_in { level + by } else { level.saturating_sub(by) };
        for area in [&mut levels.placed, &mut levels.paid] {
            area.set(now, change(area.level, 1));
        }
        let placed = levels.placed.level;
        if is_up {
            levels.up.set(now, change(levels.up.level, 1));
            levels.capacity.set(now, change(levels.capacity.level, capacity));
        }
        let counts = &mut self.stations[comp].counts.replicas;
        counts.placed_max = counts.placed_max.max(placed);
    }
}
