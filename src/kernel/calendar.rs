//! A calendar queue: what happens soon lies in the drawer of its day, and only today's is in order.
//!
//! A heap compares an event with a logarithm of all others twice over; here an
//! event is put into a drawer and taken out of it when its day comes
//! (R. Brown, Calendar queues, CACM 31(10), 1988). Three places hold everything:
//! what happens today or should have before, the drawers of the days up to a
//! horizon, and a heap with what lies beyond it. The order is that of the
//! entries and nothing else, however long a day is; the length of a day follows
//! how densely events lie, counted in events, so the same run always has the same days.

use super::heap::{Ceiling, Heap};
use super::queue::Entry;

/// Days whose drawers share a word of bits.
const WEEK: u64 = 64;
/// Weeks with drawers: few at first, more when too much lies beyond them.
const WEEKS_MIN: usize = 16;
const WEEKS_MAX: usize = 1 << 10;
/// The first guess at a day, as a power of two of [`Entry::when`]: 16 microseconds.
const SHIFT_FIRST: u32 = 17;
/// Days of a nanosecond up to nine minutes.
const SHIFTS: std::ops::RangeInclusive<u32> = 3..=42;
/// A heap is quicker while it holds no more than this,
const FEW_MAX: usize = 12;
/// and again when there is no more than this.
const FEW_AGAIN: usize = 6;
/// How often something goes the slow way before it is asked whether days have the right length.
const TUNE_EVERY: u64 = 1024;

/// The drawers of some days in a row.
#[derive(Clone, Debug)]
struct Week {
    /// A bit for each drawer with something in it.
    filled: u64,
    /// A bit for each drawer that was too small.
    crowded: u64,
    drawers: [Entry; WEEK as usize],
    /// What was too much for its drawer.
    others: Vec<Entry>,
}

impl Week {
    const EMPTY: Self =
        Self { filled: 0, crowded: 0, drawers: [Entry::CEILING; WEEK as usize], others: Vec::new() };

    fn entries(&self) -> impl Iterator<Item = Entry> {
        let is_filled = |day: &usize| self.filled >> day & 1 == 1;
        let firsts = (0..WEEK as usize).filter(is_filled).map(|day| self.drawers[day]);
        firsts.chain(self.others.iter().copied())
    }
}

/// Pending events without a lane.
#[derive(Clone, Debug)]
pub(super) struct Calendar {
    /// Whether everything is in `near`, because it is so little.
    is_heap: bool,
    /// The next entry, if it happens today; the ceiling once today is over.
    front: Entry,
    /// What else happens on `today` or before.
    near: Heap<Entry>,
    today: u64,
    /// A day is `2^shift` of [`Entry::when`].
    shift: u32,
    /// A week's place is its number modulo how many there are, a power of two.
    weeks: Vec<Week>,
    /// How many days have a drawer, less one.
    last: u64,
    /// What happens beyond the last day that has a drawer.
    far: Heap<Entry>,
    /// The day on which the first of those gets a drawer.
    far_ahead: u64,
    slow: Slow,
}

/// What went the slow way since the length of a day was last looked at.
#[derive(Clone, Debug)]
struct Slow {
    since: u64,
    /// Entries that had to be sorted among others of their day.
    crowded: u64,
    /// Looks for the next day that found nothing in its week.
    empty: u64,
    /// Entries that had no drawer.
    far: u64,
    limit: u64,
}

impl Calendar {
    pub(super) fn new() -> Self {
        Self {
            is_heap: true,
            front: Entry::CEILING,
            near: Heap::new(),
            today: 0,
            shift: SHIFT_FIRST,
            weeks: vec![Week::EMPTY; WEEKS_MIN],
            last: WEEKS_MIN as u64 * WEEK - 1,
            far: Heap::new(),
            far_ahead: u64::MAX,
            slow: Slow { since: 0, crowded: 0, empty: 0, far: 0, limit: TUNE_EVERY },
        }
    }

    pub(super) fn len(&self) -> usize {
        let in_weeks: usize =
            self.weeks.iter().map(|week| week.filled.count_ones() as usize + week.others.len()).sum();
        usize::from(self.front != Entry::CEILING) + self.near.len() + in_weeks + self.far.len()
    }

    #[inline]
    fn place(&self, day: u64) -> usize {
        ((day & self.last) / WEEK) as usize
    }

    #[inline]
    pub(super) fn push(&mut self, entry: Entry) {
        if self.is_heap {
            self.near.push(entry);
            if self.near.len() > FEW_MAX {
                self.spread();
            }
            return;
        }
        let day = entry.when() >> self.shift;
        let place = self.place(day);
        let week = &mut self.weeks[place];
        let bit = 1 << (day % WEEK);
        // Today and earlier days wrap around to more than any.
        if day.wrapping_sub(self.today).wrapping_sub(1) < self.last && week.filled & bit == 0 {
            week.filled |= bit;
            week.drawers[(day % WEEK) as usize] = entry;
        } else {
            self.push_slowly(entry, day);
        }
    }

    /// Adds what shares its day with others or has no drawer.
    #[inline(never)]
    fn push_slowly(&mut self, entry: Entry, day: u64) {
        if day <= self.today {
            self.add_to_today(entry);
        } else if day - self.today <= self.last {
            let place = self.place(day);
            let week = &mut self.weeks[place];
            week.crowded |= 1 << (day % WEEK);
            week.others.push(entry);
        } else {
            self.slow.far += 1;
            self.far.push(entry);
            self.look_far();
        }
    }

    fn add_to_today(&mut self, entry: Entry) {
        let first = entry.min(self.front);
        let other = entry.max(self.front);
        self.front = first;
        if other != Entry::CEILING {
            self.slow.crowded += 1;
            self.near.push(other);
        }
    }

    /// The smallest entry, or the ceiling when there is none.
    #[inline]
    pub(super) fn first(&mut self) -> Entry {
        if self.is_heap {
            return self.near.first();
        }
        if self.front.when() == u64::MAX { self.next_day() } else { self.front }
    }

    /// Takes the entry that [`Calendar::first`] just showed.
    #[inline]
    pub(super) fn pop_peeked(&mut self) {
        if self.is_heap {
            return self.near.pop_peeked();
        }
        self.front = Entry::CEILING;
        if self.near.len() > 0 {
            self.front = self.near.first();
            self.near.pop_peeked();
        }
    }

    /// Goes on to the next day with any entry, and shows its first.
    #[inline]
    fn next_day(&mut self) -> Entry {
        let mut from = self.today + 1;
        loop {
            let place = self.place(from);
            let week = &mut self.weeks[place];
            let bits = week.filled >> (from % WEEK);
            if bits != 0 {
                let day = from + u64::from(bits.trailing_zeros());
                let bit = 1 << (day % WEEK);
                if day >= self.far_ahead || week.crowded & bit != 0 {
                    break;
                }
                self.today = day;
                week.filled ^= bit;
                self.front = week.drawers[(day % WEEK) as usize];
                return self.front;
            }
            from = (from | (WEEK - 1)) + 1;
            self.slow.empty += 1;
            if from - self.today > self.last || self.slow.empty >= self.slow.limit {
                break;
            }
        }
        self.next_day_slowly()
    }

    /// Goes on to a day with several entries, to one beyond this week, or to one that had no drawer.
    #[inline(never)]
    fn next_day_slowly(&mut self) -> Entry {
        let found = self.next_filled().unwrap_or(u64::MAX);
        let far = self.far.first();
        if far == Entry::CEILING && found == u64::MAX {
            return far;
        }
        self.today = found.min(far.when() >> self.shift);
        if self.today == found {
            self.open();
        }
        self.bring_nearer();
        if self.slow.crowded.max(self.slow.empty).max(self.slow.far) >= self.slow.limit {
            self.tune();
        }
        if self.is_heap { self.near.first() } else { self.front }
    }

    /// The next day after today whose drawer is not empty.
    fn next_filled(&self) -> Option<u64> {
        let from = self.today + 1;
        let ahead = (0..=self.weeks.len() as u64).map(|week| (from / WEEK + week) * WEEK);
        let first = ahead.map(|week| {
            let bits = self.weeks[self.place(week)].filled;
            let later = if week < from { bits >> (from - week) << (from - week) } else { bits };
            (later != 0).then(|| week + u64::from(later.trailing_zeros()))
        });
        first.flatten().next()
    }

    /// Takes everything out of today's drawer.
    fn open(&mut self) {
        let place = self.place(self.today);
        let week = &mut self.weeks[place];
        let bit = 1 << (self.today % WEEK);
        week.filled ^= bit;
        self.front = week.drawers[(self.today % WEEK) as usize];
        if week.crowded & bit == 0 {
            return;
        }
        week.crowded ^= bit;
        let mut others = std::mem::take(&mut week.others);
        let (today, shift) = (self.today, self.shift);
        others.retain(|entry| {
            let is_today = entry.when() >> shift == today;
            if is_today {
                self.add_to_today(*entry);
            }
            !is_today
        });
        self.weeks[place].others = others;
    }

    /// Moves what is no longer beyond the horizon.
    fn bring_nearer(&mut self) {
        let horizon = self.today + self.last;
        while let Some(entry) = self.far.peek().filter(|entry| entry.when() >> self.shift <= horizon) {
            self.far.pop_peeked();
            self.push(entry);
        }
        self.look_far();
    }

    fn look_far(&mut self) {
        let first = self.far.peek();
        self.far_ahead =
            first.map_or(u64::MAX, |entry| (entry.when() >> self.shift).saturating_sub(self.last));
    }

    /// Makes days longer where whole weeks are empty and shorter where events share a day; more of them when
    /// too much lies beyond.
    #[cold]
    fn tune(&mut self) {
        let Slow { since, crowded, empty, far, .. } = self.slow;
        let passed = self.today - since;
        let mut shift = self.shift;
        if crowded > 4 * empty {
            shift -= (1 + (crowded / passed.max(1)).max(1).ilog2()).min(shift);
        } else if empty > 4 * crowded {
            shift += (passed / empty / WEEK).max(2).ilog2();
        }
        let shift = shift.clamp(*SHIFTS.start(), *SHIFTS.end());
        let mut weeks = self.weeks.len();
        if far > crowded.max(empty) && weeks < WEEKS_MAX {
            weeks *= 2;
        }
        if (shift, weeks) != (self.shift, self.weeks.len()) {
            self.rearrange(shift, weeks, |_| true);
        }
        if self.len() <= FEW_AGAIN {
            self.gather();
        }
        let limit = TUNE_EVERY.max(self.len() as u64);
        self.slow = Slow { since: self.today, crowded: 0, empty: 0, far: 0, limit };
    }

    /// Puts everything into drawers.
    #[cold]
    fn spread(&mut self) {
        self.is_heap = false;
        self.today = (self.near.first().when() >> self.shift).saturating_sub(1);
        self.slow.since = self.today;
        let entries = std::mem::replace(&mut self.near, Heap::new());
        entries.into_items().for_each(|entry| self.push(entry));
    }

    /// Puts everything into the heap.
    fn gather(&mut self) {
        self.is_heap = true;
        let (weeks, days) = (self.weeks.len(), Week::EMPTY);
        let weeks = std::mem::replace(&mut self.weeks, vec![days; weeks]);
        let far = std::mem::replace(&mut self.far, Heap::new());
        let front =
            Some(std::mem::replace(&mut self.front, Entry::CEILING)).filter(|entry| *entry != Entry::CEILING);
        let entries = front.into_iter().chain(weeks.iter().flat_map(Week::entries)).chain(far.into_items());
        entries.for_each(|entry| self.near.push(entry));
        self.look_far();
    }

    /// Keeps only the entries that pass; the order of pops does not change.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Entry) -> bool) {
        self.near.retain(&mut keep);
        if self.is_heap {
            return;
        }
        self.far.retain(&mut keep);
        self.rearrange(self.shift, self.weeks.len(), keep);
    }

    /// Puts what is in drawers and passes into so many weeks of days of that length.
    fn rearrange(&mut self, shift: u32, weeks: usize, keep: impl FnMut(&Entry) -> bool) {
        let old = std::mem::replace(&mut self.weeks, vec![Week::EMPTY; weeks]);
        self.last = weeks as u64 * WEEK - 1;
        // What is near stays so: today is the day on which the old today ends.
        self.today = (((self.today + 1) << self.shift) - 1) >> shift;
        self.shift = shift;
        old.iter().flat_map(Week::entries).filter(keep).for_each(|entry| self.push(entry));
        self.bring_nearer();
    }
}

#[cfg(test)]
mod tests {
    use crate::kernel::{EventQueue, Phase};
    use crate::rng;
    use crate::units::SimTime;
    use std::collections::BTreeSet;

    /// Holds `pending` events whose delays follow `delay` of a draw between 0 and 1, and compares with a sorted set.
    fn hold(pending: usize, rounds: u64, delay: impl Fn(u64, f64) -> u64) -> EventQueue {
        hold_so_many(|_| pending, pending as u64 + rounds, delay)
    }

    /// The same for a number of events that changes.
    fn hold_so_many(
        pending: impl Fn(u64) -> usize,
        rounds: u64,
        delay: impl Fn(u64, f64) -> u64,
    ) -> EventQueue {
        let mut queue = EventQueue::new(true);
        let mut reference = BTreeSet::new();
        let mut now = 0;
        for round in 0..rounds {
            while reference.len() >= pending(round) {
                let expected = reference.pop_first().unwrap();
                let entry = queue.pop(|_| true).unwrap();
                assert_eq!((entry.at().0, entry.sequence()), expected);
                now = expected.0;
            }
            let at = now + delay(round, rng::unit(rng::mix(round)));
            queue.push(SimTime(at), Phase::Done, 0, 0);
            reference.insert((at, queue.sequence()));
            assert_eq!(queue.len(), reference.len());
        }
        queue
    }

    fn exponential(mean: f64) -> impl Fn(u64, f64) -> u64 {
        move |_, unit| (-libm::log(1.0 - unit) * mean) as u64
    }

    #[test]
    fn it_is_in_order_however_events_lie() {
        hold(1, 10_000, exponential(1e3));
        hold(3, 30_000, exponential(1e12));
        hold(1000, 30_000, exponential(1e7));
        hold(1000, 30_000, |_, _| 0);
        hold(1000, 30_000, |_, _| 1_000_000);
        // Most soon, some so late that they have no drawer.
        hold(300, 60_000, |round, unit| (unit * if round % 10 == 0 { 1e12 } else { 1e5 }) as u64);
        // A rush a thousand times as dense, and back.
        hold(100, 90_000, |round, unit| {
            (unit * if (30_000..60_000).contains(&round) { 1e4 } else { 1e7 }) as u64
        });
        hold(100_000, 30_000, exponential(1e9));
        // Many, few and many again, between the heap and the drawers.
        let turns = |round: u64| if (round / 10_000).is_multiple_of(2) { 3 } else { 300 };
        hold_so_many(turns, 90_000, exponential(1e7));
        hold_so_many(turns, 90_000, |round, unit| (unit * if round % 9 == 0 { 1e11 } else { 1e6 }) as u64);
    }

    /// Between one and a sixteenth of an event a day, whatever the density: neither sorting nor searching.
    #[test]
    fn a_day_follows_the_density_of_events() {
        for (pending, mean) in [(20, 1e9), (50, 1e7), (5_000, 1e7), (50_000, 1e9), (20, 1e3)] {
            let mut queue = hold(pending, 60_000 + 8 * pending as u64, exponential(mean));
            let day = (1u64 << queue.others().shift) as f64 / 8.0;
            let events = day * pending as f64 / mean;
            assert!((1.0 / 16.0..=1.0).contains(&events), "{pending} pending: {events} events a day");
        }
    }
}
