//! Charts over time as inline SVG: the only place that knows plotters.

pub(super) mod axis;
mod colours;
mod frame;
mod load;
mod machinery;
mod series;
mod sessions;

pub(super) use load::{LOAD_LEGEND, load};
pub(super) use machinery::{caches, components};
pub(super) use sessions::sessions;

use crate::outcome::Outcome;
use crate::units::SimTime;
use axis::Axis;
use frame::{Band, BandKind};
use series::Points;

/// Bands shaded at most; with more than this, those of one kind that nearly touch are drawn as one.
const BANDS_MAX: usize = 120;

/// A drawn chart.
#[derive(Clone)]
pub(super) struct Picture {
    pub(super) title: String,
    /// An `<svg>` element.
    pub(super) svg: String,
}

/// When the windows lie, and what to shade.
struct Times {
    /// Middle and length of each window, in seconds.
    windows: Vec<(f64, f64)>,
    end: f64,
    bands: Vec<Band>,
}

impl Times {
    fn of(outcome: &Outcome) -> Self {
        let end = SimTime(outcome.duration.0.min(outcome.ended_at.0)).as_secs_f64();
        let width = outcome.windows.width.as_secs_f64();
        let windows = outcome
            .windows
            .start
            .iter()
            .map(|start| start.as_secs_f64())
            .filter(|start| *start < end)
            .map(|start| (start + width.min(end - start) / 2.0, width.min(end - start)))
            .collect();
        Self { windows, end, bands: bands(outcome, end) }
    }

    fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    fn axis(&self, ticks: usize) -> Axis {
        Axis::time(self.end, ticks)
    }

    /// A value per window, from what was counted in it and its length in seconds.
    fn points<T>(&self, values: &[T], value: impl Fn(&T, f64) -> Option<f64>) -> Points {
        values
            .iter()
            .zip(&self.windows)
            .map(|(counted, (middle, length))| (*middle, value(counted, *length)))
            .collect()
    }
}

fn bands(outcome: &Outcome, end: f64) -> Vec<Band> {
    let mut bands = Vec::new();
    let mut push = |from: f64, to: f64, kind, label: String| {
        if from < end && to > from {
            bands.push(Band { from, to: to.min(end), kind, label });
        }
    };
    push(0.0, outcome.warm_up.as_secs_f64(), BandKind::WarmUp, String::new());
    for happening in super::facts::timeline(outcome) {
        let kind = match happening.kind {
            super::facts::HappeningKind::Fault(_) => BandKind::Fault,
            super::facts::HappeningKind::Incident(_) => BandKind::Incident,
        };
        push(
            happening.from.as_secs_f64(),
            happening.to.map_or(end, SimTime::as_secs_f64),
            kind,
            happening.label,
        );
    }
    // Bars of incidents are drawn over everything else.
    bands.sort_by_key(|band| band.kind);
    if bands.len() > BANDS_MAX { joined(bands, end) } else { bands }
}

/// Bands of one kind that a reader could not tell apart, as one.
fn joined(bands: Vec<Band>, end: f64) -> Vec<Band> {
    let close = end / BANDS_MAX as f64;
    let mut out: Vec<Band> = Vec::new();
    for band in bands {
        match out.iter_mut().rev().find(|earlier| earlier.kind == band.kind) {
            Some(earlier) if band.from <= earlier.to + close => {
                earlier.to = earlier.to.max(band.to);
                earlier.label.clear();
            }
            _ => out.push(band),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::FaultSpan;
    use crate::report::sample;
    use crate::units::SimSpan;

    #[test]
    fn faults_incidents_and_the_warm_up_are_shaded() {
        let bands = bands(&sample::outcome(), 1800.0);
        let labels: Vec<&str> = bands.iter().map(|band| band.label.as_str()).collect();
        assert_eq!(labels, ["", "F1", "F2", "I1", "I2"]);
        assert_eq!((bands[1].from, bands[1].to), (600.0, 900.0));
    }

    #[test]
    fn a_thousand_recurring_faults_become_few_bands() {
        let mut outcome = sample::outcome();
        outcome.faults = (0..10_000u64)
            .map(|i| {
                let from = SimTime(i * 180_000_000);
                FaultSpan {
                    name: "flap".into(),
                    kind: "crash".into(),
                    target: "redis".into(),
                    from,
                    to: from + SimSpan::from_millis(90),
                }
            })
            .collect();
        assert!(bands(&outcome, 1800.0).len() <= 2 * BANDS_MAX);
    }

    #[test]
    fn charts_are_closed_elements_without_an_address() {
        let outcome = sample::outcome();
        let pictures = [load(&outcome, 8), components(&outcome, &[12, 13])].concat();
        assert_eq!(pictures.len(), 6);
        for picture in pictures {
            assert!(
                picture.svg.starts_with("<svg class=\"chart\"") && picture.svg.trim_end().ends_with("</svg>")
            );
            assert!(!picture.svg.contains("http"), "{}", picture.title);
        }
    }
}
