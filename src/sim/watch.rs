//! For how long a component's level had each value, where an expectation asks.
//!
//! Levels change only in events, so it is enough to look before each one.

use super::engine::Engine;
use super::record::Levels;
use crate::outcome::{LevelTimes, Watched};
use crate::plan::{Metric, Plan, Scope};

/// A level that can be watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Inside,
    Up,
}

impl Which {
    fn of(self, levels: &Levels) -> u64 {
        match self {
            Self::Inside => levels.inside.level,
            Self::Up => levels.up.level,
        }
    }
}

/// The watched levels of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct LevelWatch {
    /// Component and level, with its times by slot.
    watched: Vec<(usize, Which, Vec<LevelTimes>)>,
    /// Up to when times are noted.
    since: u64,
}

impl LevelWatch {
    pub(super) fn new(plan: &Plan) -> Self {
        let mut watch = Self::default();
        for expectation in &plan.expectations {
            let which = match expectation.metric {
                Metric::InSystemQuantile(_) | Metric::InSystemAtLeast(_) => Which::Inside,
                Metric::UpAtLeast(_) => Which::Up,
                _ => continue,
            };
            if let Scope::Component(comp) = expectation.scope
                && !watch.watched.iter().any(|(other, kind, _)| (*other, *kind) == (comp, which))
            {
                watch.watched.push((comp, which, Vec::new()));
            }
        }
        watch
    }

    pub(super) fn is_empty(&self) -> bool {
        self.watched.is_empty()
    }

    /// The watched numbers inside as integrals over the whole run, by component.
    pub(super) fn areas(&self) -> impl Iterator<Item = (usize, u128)> {
        let inside = self.watched.iter().filter(|(_, kind, _)| *kind == Which::Inside);
        inside.filter_map(|(comp, _, slots)| {
            Some((*comp, slots.iter().map(LevelTimes::area).sum::<Option<u128>>()?))
        })
    }

    /// What was watched of a component in a slot.
    pub(super) fn of(&self, comp: usize, slot: usize) -> Watched {
        let times = |which: Which| {
            let mut found = self.watched.iter().filter(|(other, kind, _)| (*other, *kind) == (comp, which));
            found.next().map(|(_, _, slots)| slots.get(slot).cloned().unwrap_or_default())
        };
        Watched { in_system: times(Which::Inside), up: times(Which::Up) }
    }
}

impl Engine<'_> {
    /// Notes how long the watched levels have been what they are.
    pub(super) fn note_levels(&mut self) {
        let spent = self.now - self.watch.since;
        if spent == 0 {
            return;
        }
        self.watch.since = self.now;
        let slot = self.slots.current;
        for (comp, which, slots) in &mut self.watch.watched {
            if slots.len() <= slot {
                slots.resize_with(slot + 1, LevelTimes::default);
            }
            slots[slot].add(which.of(&self.stations[*comp].levels), spent);
        }
    }
}
