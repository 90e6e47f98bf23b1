//! From values to places on an axis, and ticks where a person would put them.

use crate::report::figures;
use crate::units::SimSpan;

/// Steps of time a clock face knows, in seconds.
const TIME_STEPS: [u64; 22] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800,
    604_800, 2_592_000, 31_536_000,
];

/// A scale and its ticks.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    low: f64,
    high: f64,
    is_log: bool,
    /// Value and label, rising.
    pub(crate) ticks: Vec<(f64, String)>,
}

impl Axis {
    /// Seconds from 0 to `end`, with at most about `ticks` ticks.
    pub(crate) fn time(end: f64, ticks: usize) -> Self {
        let end = if end > 0.0 { end } else { 1.0 };
        let whole = TIME_STEPS.into_iter().find(|step| end / *step as f64 <= ticks as f64);
        let step = if end < 1.0 { nice_step(end / ticks as f64) } else { whole.unwrap_or(31_536_000) as f64 };
        let label = |at: f64| SimSpan::from_secs_f64(at).map_or_else(String::new, |span| span.to_string());
        Self { low: 0.0, high: end, is_log: false, ticks: multiples(step, end, label) }
    }

    /// From 0 to at least `max`.
    pub(crate) fn linear(max: f64, ticks: usize, label: fn(f64) -> String) -> Self {
        let max = if max > 0.0 && max.is_finite() { max } else { 1.0 };
        let step = nice_step(max / ticks as f64);
        let high = step * libm::ceil(max / step * (1.0 - 1e-9));
        Self { low: 0.0, high, is_log: false, ticks: multiples(step, high, label) }
    }

    /// Shares from 0 to 1.
    pub(crate) fn share() -> Self {
        let ticks = [0.0, 0.5, 1.0].map(|share| (share, figures::share(share)));
        Self { low: 0.0, high: 1.0, is_log: false, ticks: ticks.to_vec() }
    }

    /// Durations in nanoseconds from `min` to `max` on a logarithmic scale.
    pub(crate) fn durations(min: f64, max: f64) -> Self {
        let (min, max) = if min > 0.0 && max.is_finite() && max >= min { (min, max) } else { (1e6, 1e7) };
        let (low, high) = (round_down(min), round_up(max));
        let high = if high <= low { low * 10.0 } else { high };
        let is_short = high / low <= 200.0;
        let mut ticks = Vec::new();
        let mut decade = libm::pow(10.0, libm::floor(libm::log10(low)));
        while decade <= high * 1.001 {
            let steps: &[f64] = if is_short { &[1.0, 2.0, 5.0] } else { &[1.0] };
            for step in steps {
                let at = decade * step;
                if at >= low * 0.999 && at <= high * 1.001 {
                    ticks.push((at, figures::duration(at)));
                }
            }
            decade *= 10.0;
        }
        Self { low, high, is_log: true, ticks }
    }

    /// Where a value lies, 0 at the low end and 1 at the high end; beyond the ends, at the end.
    pub(crate) fn place(&self, value: f64) -> f64 {
        let (value, low, high) = if self.is_log {
            (libm::log10(value.max(self.low)), libm::log10(self.low), libm::log10(self.high))
        } else {
            (value, self.low, self.high)
        };
        ((value - low) / (high - low)).clamp(0.0, 1.0)
    }
}

fn multiples(step: f64, end: f64, label: impl Fn(f64) -> String) -> Vec<(f64, String)> {
    let count = libm::floor(end / step + 1e-9) as u64;
    (0..=count).map(|index| index as f64 * step).map(|at| (at, label(at))).collect()
}

/// The smallest of 1, 2, 2.5 and 5 times a power of ten that is not below `step`.
fn nice_step(step: f64) -> f64 {
    let decade = libm::pow(10.0, libm::floor(libm::log10(step)));
    [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|times| times * decade)
        .find(|nice| *nice >= step * 0.999)
        .unwrap_or(step)
}

fn round_down(value: f64) -> f64 {
    let decade = libm::pow(10.0, libm::floor(libm::log10(value)));
    [5.0, 2.0, 1.0]
        .into_iter()
        .map(|times| times * decade)
        .find(|round| *round <= value * 1.001)
        .unwrap_or(decade)
}

fn round_up(value: f64) -> f64 {
    let decade = libm::pow(10.0, libm::floor(libm::log10(value)));
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|times| times * decade)
        .find(|round| *round >= value * 0.999)
        .unwrap_or(decade * 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn time_ticks_fall_on_the_clock() {
        assert_eq!(labels(&Axis::time(1800.0, 7)), ["0s", "5m", "10m", "15m", "20m", "25m", "30m"]);
        assert_eq!(labels(&Axis::time(604_800.0, 7)), ["0s", "1d", "2d", "3d", "4d", "5d", "6d", "7d"]);
        assert_eq!(labels(&Axis::time(0.4, 4)), ["0s", "100ms", "200ms", "300ms", "400ms"]);
    }

    #[test]
    fn linear_axes_end_on_a_tick_at_or_above_the_largest_value() {
        let axis = Axis::linear(336.0, 4, figures::number);
        assert_eq!(labels(&axis), ["0", "100", "200", "300", "400"]);
        assert_eq!(axis.place(200.0), 0.5);
        assert_eq!(labels(&Axis::linear(0.0, 2, figures::number)), ["0", "0.5", "1"]);
    }

    #[test]
    fn logarithmic_axes_have_decades_or_one_two_five() {
        assert_eq!(labels(&Axis::durations(3e6, 8e9)), ["10ms", "100ms", "1s", "10s"]);
        assert_eq!(labels(&Axis::durations(12e6, 90e6)), ["10ms", "20ms", "50ms", "100ms"]);
        let axis = Axis::durations(10e6, 1000e6);
        assert!((axis.place(100e6) - 0.5).abs() < 1e-9);
        assert_eq!(axis.place(0.0), 0.0);
    }

    #[test]
    fn nothing_to_show_still_gives_an_axis() {
        for axis in [Axis::durations(0.0, 0.0), Axis::durations(f64::NAN, 1.0), Axis::time(0.0, 5)] {
            assert!(!axis.ticks.is_empty());
            assert!(axis.place(1.0).is_finite());
        }
    }
}
