//! Where the time of each request went.
//!
//! Every nanosecond between a request's arrival and its answer gets exactly one
//! label: who, and what kind of wait. A log belongs to the request as long as
//! only one activity is on its critical path; branches have logs of their own,
//! and the branch that releases a join hands its log over. At completion the
//! log is added to the sums of the latency band the request fell into, so that
//! "who made p99" is the mean over the requests around p99.

use super::tables::NONE;
use crate::outcome::{BlamePart, BlameQuantile, WaitKind};

/// Bits of a label that hold the kind.
const KIND_BITS: u32 = 4;
/// Bits of an entry that hold the nanoseconds (78 hours).
const NANO_BITS: u32 = 48;
const NANO_MASK: u64 = (1 << NANO_BITS) - 1;
/// Entries after which a log is folded: equal labels are added up.
const LOG_LEN_MAX: usize = 96;

/// Who and what kind of wait. Components come first, then policies.
#[inline]
pub(super) fn label(who: u32, kind: WaitKind) -> u32 {
    who << KIND_BITS | kind as u32
}

const KINDS: [WaitKind; 11] = [
    WaitKind::Network,
    WaitKind::Admission,
    WaitKind::PoolWait,
    WaitKind::Connect,
    WaitKind::QueueWait,
    WaitKind::Service,
    WaitKind::Coalesced,
    WaitKind::Backoff,
    WaitKind::Abandoned,
    WaitKind::User,
    WaitKind::ColdStart,
];

#[derive(Clone, Debug, Default)]
struct Log {
    /// Up to when everything is labelled.
    last: u64,
    entries: Vec<u64>,
}

/// All logs, each in the place of the frame that owns it.
#[derive(Clone, Debug, Default)]
pub(super) struct Logs {
    logs: Vec<Log>,
}

impl Logs {
    /// Begins the log of a frame.
    #[inline]
    pub(super) fn open(&mut self, owner: u32, now: u64) {
        if owner as usize >= self.logs.len() {
            self.grow(owner);
        }
        let log = &mut self.logs[owner as usize];
        log.last = now;
        log.entries.clear();
    }

    #[cold]
    fn grow(&mut self, owner: u32) {
        self.logs.resize(owner as usize + 1, Log::default());
    }

    /// Labels the time since the last label.
    #[inline]
    pub(super) fn charge(&mut self, index: u32, now: u64, label: u32) {
        if index == NONE {
            return;
        }
        let log = &mut self.logs[index as usize];
        let spent = now - log.last;
        if spent > 0 {
            log.last = now;
            log.push(label, spent);
        }
    }

    /// Length now, to come back to.
    #[inline]
    pub(super) fn mark(&self, index: u32) -> u32 {
        if index == NONE { 0 } else { self.logs[index as usize].entries.len() as u32 }
    }

    /// Replaces everything since `mark`, which was made at `from`, by one label.
    pub(super) fn abandon(&mut self, index: u32, mark: u32, from: u64, now: u64, label: u32) {
        if index == NONE {
            return;
        }
        let log = &mut self.logs[index as usize];
        if log.entries.len() as u32 >= mark {
            log.entries.truncate(mark as usize);
            log.last = now;
            if now > from {
                log.push(label, now - from);
            }
        }
    }

    /// Appends the log of the branch that released a join.
    pub(super) fn join(&mut self, parent: u32, branch: u32) {
        if parent == NONE || branch == NONE {
            return;
        }
        let from = std::mem::take(&mut self.logs[branch as usize]);
        let log = &mut self.logs[parent as usize];
        for entry in &from.entries {
            log.push((entry >> NANO_BITS) as u32, entry & NANO_MASK);
        }
        log.last = from.last.max(log.last);
        self.logs[branch as usize] = from;
    }

    #[inline]
    fn entries(&self, index: u32) -> &[u64] {
        &self.logs[index as usize].entries
    }
}

impl Log {
    #[inline]
    fn push(&mut self, label: u32, nanos: u64) {
        if self.entries.len() >= LOG_LEN_MAX {
            self.fold();
        }
        self.entries.push(u64::from(label) << NANO_BITS | nanos.min(NANO_MASK));
    }

    /// Adds up entries of equal label. Marks of attempts in progress lose their
    /// place, so an abandoned attempt of a very long request may keep its parts.
    #[cold]
    fn fold(&mut self) {
        self.entries.sort_unstable_by_key(|entry| entry >> NANO_BITS);
        let mut folded: Vec<u64> = Vec::with_capacity(LOG_LEN_MAX);
        for entry in self.entries.drain(..) {
            match folded.last_mut() {
                Some(last) if *last >> NANO_BITS == entry >> NANO_BITS => {
                    let sum = (*last & NANO_MASK) + (entry & NANO_MASK);
                    *last = (*last & !NANO_MASK) | sum.min(NANO_MASK);
                }
                _ => folded.push(entry),
            }
        }
        self.entries = folded;
    }
}

/// Bands per octave of latency.
const BAND_BITS: u32 = 3;

#[derive(Clone, Debug, Default)]
struct Band {
    count: u64,
    total: u64,
    /// Nanoseconds by label.
    sums: Vec<u64>,
}

/// Sums by latency band, for one journey and one part of the run.
#[derive(Clone, Debug, Default)]
pub(super) struct BlameSums {
    bands: Vec<Band>,
}

#[inline]
fn band_of(nanos: u64) -> usize {
    let units = nanos >> 10;
    let octave = (units | 1 << BAND_BITS).ilog2() - BAND_BITS;
    ((u64::from(octave) << BAND_BITS) + (units >> octave)) as usize
}

impl BlameSums {
    /// Adds a finished request's log.
    #[inline]
    pub(super) fn add(&mut self, logs: &Logs, log: u32, latency: u64) {
        let index = band_of(latency);
        if index >= self.bands.len() {
            self.bands.resize(index + 1, Band::default());
        }
        let band = &mut self.bands[index];
        band.count += 1;
        band.total += latency;
        for entry in logs.entries(log) {
            let (label, nanos) = ((entry >> NANO_BITS) as u32, entry & NANO_MASK);
            match band.sums.get_mut(label as usize) {
                Some(sum) => *sum += nanos,
                None => band.add_beyond(label, nanos),
            }
        }
    }

    pub(super) fn requests(&self) -> u64 {
        self.bands.iter().map(|band| band.count).sum()
    }

    /// Mean parts of the requests around a quantile whose latency is `latency_ns`:
    /// the two bands whose means bracket it, mixed so that their mean is it.
    /// Bands are widened until they hold 100 requests, if there are that many.
    pub(super) fn quantile(
        &self,
        quantile: f64,
        latency_ns: f64,
        name: &dyn Fn(u32) -> String,
    ) -> BlameQuantile {
        let filled: Vec<&Band> = self.bands.iter().filter(|band| band.count > 0).collect();
        let above = filled.iter().position(|b| b.total as f64 / b.count as f64 >= latency_ns);
        let upper = above.unwrap_or(filled.len().saturating_sub(1));
        let mut low = Band::default();
        let mut high = Band::default();
        for band in filled.get(upper..).unwrap_or(&[]) {
            high.absorb(band);
            if high.count >= 50 {
                break;
            }
        }
        for band in filled.get(..upper).unwrap_or(&[]).iter().rev() {
            low.absorb(band);
            if low.count >= 50 {
                break;
            }
        }
        let weight = mixing_weight(&low, &high, latency_ns);
        let mut parts = std::collections::BTreeMap::<u32, f64>::new();
        for (band, share) in [(&low, 1.0 - weight), (&high, weight)] {
            for (label, nanos) in (0u32..).zip(&band.sums).filter(|(_, nanos)| **nanos > 0) {
                *parts.entry(label).or_default() += share * *nanos as f64 / band.count.max(1) as f64;
            }
        }
        let mut parts: Vec<BlamePart> = parts
            .into_iter()
            .map(|(label, nanos)| BlamePart {
                who: name(label >> KIND_BITS),
                kind: KINDS[(label & ((1 << KIND_BITS) - 1)) as usize],
                nanos,
            })
            .collect();
        parts.sort_by(|a, b| b.nanos.total_cmp(&a.nanos));
        BlameQuantile { quantile, latency_ns, requests: low.count + high.count, parts }
    }
}

impl Band {
    #[cold]
    fn add_beyond(&mut self, label: u32, nanos: u64) {
        self.sums.resize(label as usize + 1, 0);
        self.sums[label as usize] += nanos;
    }

    fn absorb(&mut self, other: &Band) {
        self.count += other.count;
        self.total += other.total;
        if other.sums.len() > self.sums.len() {
            self.sums.resize(other.sums.len(), 0);
        }
        for (mine, theirs) in self.sums.iter_mut().zip(&other.sums) {
            *mine += theirs;
        }
    }
}

/// Share of the upper band that makes the mixture's mean the wanted latency.
fn mixing_weight(low: &Band, high: &Band, latency_ns: f64) -> f64 {
    if low.count == 0 || high.count == 0 {
        return f64::from(u8::from(low.count == 0));
    }
    let (low_mean, high_mean) = (low.total as f64 / low.count as f64, high.total as f64 / high.count as f64);
    if high_mean <= low_mean {
        1.0
    } else {
        ((latency_ns - low_mean) / (high_mean - low_mean)).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(index: u32) -> String {
        index.to_string()
    }

    #[test]
    fn parts_sum_to_the_quantile_between_two_bands() {
        let (mut logs, mut sums) = (Logs::default(), BlameSums::default());
        for i in 0..1000u64 {
            let latency = 1_000_000 + i * 10_000;
            let log = (i % 7) as u32;
            logs.open(log, 0);
            logs.charge(log, 600_000, label(0, WaitKind::Service));
            logs.charge(log, latency, label(1, WaitKind::QueueWait));
            sums.add(&logs, log, latency);
        }
        let blame = sums.quantile(0.9, 10_000_000.0, &who);
        let total: f64 = blame.parts.iter().map(|part| part.nanos).sum();
        assert!((total / 10_000_000.0 - 1.0).abs() < 1e-9, "{total}");
        assert_eq!((blame.parts[0].who.as_str(), blame.parts[0].kind), ("1", WaitKind::QueueWait));
    }

    #[test]
    fn an_abandoned_attempt_becomes_one_part() {
        let mut logs = Logs::default();
        let log = 3;
        logs.open(log, 0);
        logs.charge(log, 10, label(0, WaitKind::Service));
        let mark = logs.mark(log);
        logs.charge(log, 15, label(1, WaitKind::QueueWait));
        logs.abandon(log, mark, 10, 40, label(2, WaitKind::Abandoned));
        logs.charge(log, 50, label(2, WaitKind::Backoff));
        let parts: Vec<(u32, u64)> =
            logs.entries(log).iter().map(|e| ((e >> NANO_BITS) as u32, e & NANO_MASK)).collect();
        let expected = [
            (label(0, WaitKind::Service), 10),
            (label(2, WaitKind::Abandoned), 30),
            (label(2, WaitKind::Backoff), 10),
        ];
        assert_eq!(parts, expected);
    }

    #[test]
    fn a_long_log_folds_without_losing_time() {
        let mut logs = Logs::default();
        let log = 3;
        logs.open(log, 0);
        for step in 1..=10_000u64 {
            logs.charge(log, step, label((step % 3) as u32, WaitKind::Service));
        }
        let total: u64 = logs.entries(log).iter().map(|entry| entry & NANO_MASK).sum();
        assert_eq!(total, 10_000);
        assert!(logs.entries(log).len() <= LOG_LEN_MAX);
    }
}
