//! Sessions that are alike: counts by when they will end, not one record each.

use std::collections::BTreeMap;

/// The end of time, in buckets.
pub(super) const NEVER: u32 = u32::MAX;
/// The golden ratio's fraction of 2^64: consecutive multiples are spread evenly (Weyl).
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Why a session will end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    /// Its user leaves.
    Leaves,
    /// It is as old as it may get.
    Age,
    /// Nothing came for too long.
    Idle,
    /// Its replica is drained.
    Drain,
    /// Its client notices that it is dead.
    Noticed,
}

/// Sessions that end at one time, for one reason, of users who leave at one time. Times are in buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cohort {
    pub(super) end: u32,
    pub(super) leave: u32,
    pub(super) why: Why,
    /// When those that end by silence would otherwise be too old.
    pub(super) aged: u32,
}

impl Cohort {
    /// Sessions whose user leaves before anything else ends them.
    pub(super) fn until(leave: u32) -> Self {
        Self { end: leave, leave, why: Why::Leaves, aged: NEVER }
    }

    /// The same with another end, if that comes first.
    pub(super) fn or(self, end: u32, why: Why) -> Self {
        if end >= self.end {
            return self;
        }
        let aged = if self.why == Why::Age { self.end } else { self.aged };
        // Only what may be taken back needs to be known: else those that are alike would differ.
        Self { end, why, aged: if why == Why::Idle { aged } else { NEVER }, ..self }
    }

    /// The same as if nothing were said of silence.
    pub(super) fn however_quiet(self) -> Self {
        if self.why == Why::Idle { Self::until(self.leave).or(self.aged, Why::Age) } else { self }
    }
}

/// Sessions of one replica, or others that share a fate.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    cohorts: BTreeMap<Cohort, u64>,
    pub(super) count: u64,
}

impl Group {
    pub(super) fn add(&mut self, cohort: Cohort, count: u64) {
        if count > 0 {
            *self.cohorts.entry(cohort).or_insert(0) += count;
            self.count += count;
        }
    }

    /// When the first of them ends.
    pub(super) fn next(&self) -> u32 {
        self.cohorts.keys().next().map_or(NEVER, |cohort| cohort.end)
    }

    /// Takes the next that end by then.
    pub(super) fn take_due(&mut self, bucket: u32) -> Option<(Cohort, u64)> {
        if self.next() > bucket || self.next() == NEVER {
            return None;
        }
        let (cohort, count) = self.cohorts.pop_first()?;
        self.count -= count;
        Some((cohort, count))
    }

    pub(super) fn take_all(&mut self) -> Vec<(Cohort, u64)> {
        self.count = 0;
        std::mem::take(&mut self.cohorts).into_iter().collect()
    }

    /// Takes so many, as near as can be the same share of every cohort; `draw` says which.
    pub(super) fn take_some(&mut self, wanted: u64, draw: u64) -> Vec<(Cohort, u64)> {
        let (all, wanted) = (u128::from(self.count), u128::from(wanted.min(self.count)));
        if wanted == 0 {
            return Vec::new();
        }
        // Every (all / wanted)-th of them in order, from a start that is drawn.
        let start = (u128::from(draw) * all) >> 64;
        let up_to = |position: u128| (position * wanted).saturating_sub(start).div_ceil(all);
        let mut position = 0;
        let mut taken = Vec::new();
        for (cohort, count) in &mut self.cohorts {
            let before = up_to(position);
            position += u128::from(*count);
            let share = (up_to(position) - before) as u64;
            if share > 0 {
                *count -= share;
                taken.push((*cohort, share));
            }
        }
        self.cohorts.retain(|_, count| *count > 0);
        self.count -= taken.iter().map(|(_, count)| count).sum::<u64>();
        taken
    }

    /// Gives every session a new cohort; `draw` starts the even spread of values in `0..1` that they get.
    pub(super) fn reassign(&mut self, draw: u64, mut to: impl FnMut(Cohort, f64) -> Cohort) {
        let mut point = draw;
        for (cohort, count) in self.take_all() {
            for _ in 0..count {
                point = point.wrapping_add(GOLDEN);
                self.add(to(cohort, crate::rng::unit(point)), 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(counts: &[(u32, u64)]) -> Group {
        let mut group = Group::default();
        counts.iter().for_each(|(end, count)| group.add(Cohort::until(*end), *count));
        group
    }

    #[test]
    fn what_silence_would_have_ended_still_ends_by_age() {
        let aged = Cohort::until(90).or(60, Why::Age);
        assert_eq!(aged.or(30, Why::Idle).or(20, Why::Idle).however_quiet(), aged);
        assert_eq!(Cohort::until(90).or(30, Why::Idle).however_quiet(), Cohort::until(90));
        assert_eq!(aged.or(30, Why::Drain).however_quiet(), Cohort::until(90).or(30, Why::Drain));
    }

    #[test]
    fn they_end_in_order_and_never_is_no_end() {
        let mut group = group(&[(5, 2), (3, 1), (NEVER, 7)]);
        assert_eq!(group.next(), 3);
        assert_eq!(group.take_due(5), Some((Cohort::until(3), 1)));
        assert_eq!(group.take_due(5), Some((Cohort::until(5), 2)));
        assert_eq!(group.take_due(NEVER), None);
        assert_eq!(group.count, 7);
    }

    #[test]
    fn a_part_is_taken_evenly_and_exactly() {
        for wanted in [0, 1, 7, 50, 999, 1000, 2000] {
            for draw in [0, 1 << 63, u64::MAX] {
                let mut group = group(&[(1, 100), (2, 300), (3, 600)]);
                let taken = group.take_some(wanted, draw);
                let total: u64 = taken.iter().map(|(_, count)| count).sum();
                assert_eq!(total, wanted.min(1000));
                assert_eq!(group.count, 1000 - total);
                for (cohort, count) in taken {
                    let size = [100.0, 300.0, 600.0][cohort.end as usize - 1];
                    assert!((count as f64 - size * total as f64 / 1000.0).abs() < 1.0 + 1e-9);
                }
            }
        }
    }

    #[test]
    fn an_even_spread_reaches_every_part() {
        let mut group = group(&[(NEVER, 1000)]);
        group.reassign(42, |cohort, point| cohort.or((point * 10.0) as u32, Why::Drain));
        assert_eq!(group.count, 1000);
        for bucket in 0..10 {
            let (cohort, count) = group.take_due(bucket).expect("some end in each");
            assert_eq!(cohort.end, bucket);
            assert!((95..=105).contains(&count), "{count}");
        }
    }
}
