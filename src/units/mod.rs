//! Virtual time and the quantities a file may state.
//!
//! Points in time and spans of time are different types, both integer
//! nanoseconds; there is one guarded door from floats. Parsing what a user
//! types (`250ms`, `40/s`, `2GiB`, `99.9%`) lives in [`parse`].

pub mod parse;

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// Nanoseconds in one second.
pub const NANOS_PER_SEC: u64 = 1_000_000_000;

/// Latest representable instant: about 73 years, so that time and phase pack
/// into one 64-bit heap key.
pub const TIME_MAX: SimTime = SimTime((1 << 61) - 1);

/// A point in virtual time, in nanoseconds since the run's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SimTime(pub u64);

/// A span of virtual time, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SimSpan(pub u64);

/// The whole number nearest to a drawn span or instant, which is not negative; at most 2^63.
#[inline(always)]
#[must_use]
pub fn nanos(x: f64) -> u64 {
    /// 2^52: added to a smaller number, it leaves the nearest integer in the bits of the fraction.
    const SHIFT: f64 = 4_503_599_627_370_496.0;
    debug_assert!(x.is_nan() || x >= 0.0, "{x} is negative");
    if x < SHIFT / 2.0 {
        return (x + SHIFT).to_bits() & ((1 << 52) - 1);
    }
    // Through a signed integer, which is one instruction where an unsigned one is six.
    x as i64 as u64
}

impl SimTime {
    /// The run's start.
    pub const ZERO: Self = Self(0);

    /// Seconds since the run's start.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SEC as f64
    }

    /// Time elapsed since an earlier instant; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> SimSpan {
        SimSpan(self.0.saturating_sub(earlier.0))
    }
}

impl SimSpan {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// Whole seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs * NANOS_PER_SEC)
    }

    /// Whole milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000_000)
    }

    /// The only door from floats to time: rounds to the nearest nanosecond.
    ///
    /// `None` for NaN, negative values and anything beyond [`TIME_MAX`].
    #[must_use]
    pub fn from_secs_f64(secs: f64) -> Option<Self> {
        let nanos = secs * NANOS_PER_SEC as f64;
        (nanos.is_finite() && nanos >= 0.0 && nanos < TIME_MAX.0 as f64).then_some(Self((nanos + 0.5) as u64))
    }

    /// The span in seconds.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SEC as f64
    }

    /// The span in milliseconds.
    #[must_use]
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl Add<SimSpan> for SimTime {
    type Output = Self;
    fn add(self, span: SimSpan) -> Self {
        Self(self.0.saturating_add(span.0).min(TIME_MAX.0))
    }
}

impl AddAssign<SimSpan> for SimTime {
    fn add_assign(&mut self, span: SimSpan) {
        *self = *self + span;
    }
}

impl Sub for SimTime {
    type Output = SimSpan;
    /// # Panics
    /// When time would run backwards: that is a bug in the model, not in its input.
    fn sub(self, earlier: Self) -> SimSpan {
        assert!(self.0 >= earlier.0, "time went backwards: {self} is before {earlier}");
        SimSpan(self.0 - earlier.0)
    }
}

impl Add for SimSpan {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SimSpan(self.0).fmt(f)
    }
}

impl fmt::Display for SimSpan {
    /// The shortest form that says enough: three significant digits below an
    /// hour, whole units above (`1h30m`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_span(self.0))
    }
}

fn format_span(nanos: u64) -> String {
    const STEPS: [(u64, &str); 4] = [(NANOS_PER_SEC, "s"), (1_000_000, "ms"), (1_000, "us"), (1, "ns")];
    let secs = nanos / NANOS_PER_SEC;
    if secs >= 60 {
        let parts = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
        let mut rest = secs;
        let mut text = String::new();
        for (unit, name) in parts {
            if rest >= unit {
                text.push_str(&format!("{}{name}", rest / unit));
                rest %= unit;
            }
        }
        return text;
    }
    let (unit, name) = STEPS.into_iter().find(|(unit, _)| nanos >= *unit).unwrap_or((1, "ns"));
    let value = nanos as f64 / unit as f64;
    let digits = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    let mut text = format!("{value:.digits$}");
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    if nanos == 0 { "0s".to_owned() } else { text + name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_print_in_the_unit_a_person_would_choose() {
        let cases = [
            (0, "0s"),
            (1, "1ns"),
            (1_500, "1.5us"),
            (250_000_000, "250ms"),
            (24_600_000, "24.6ms"),
            (1_000_000_000, "1s"),
            (90_000_000_000, "1m30s"),
            (5_400_000_000_000, "1h30m"),
        ];
        for (nanos, text) in cases {
            assert_eq!(SimSpan(nanos).to_string(), text);
        }
    }

    #[test]
    fn only_finite_non_negative_seconds_become_spans() {
        assert_eq!(SimSpan::from_secs_f64(0.5), Some(SimSpan(500_000_000)));
        for bad in [f64::NAN, f64::INFINITY, -1.0, 1e30] {
            assert_eq!(SimSpan::from_secs_f64(bad), None);
        }
    }
}
