//! Latency and traffic of each journey over time.

use super::axis::Axis;
use super::colours::{BLUE, GREEN, PURPLE, QUIET, SKY, VERMILION};
use super::frame::{Chart, Line, Pane, draw};
use super::series::Points;
use super::{Picture, Times};
use crate::outcome::{Outcome, Traffic, TrafficWindows};
use crate::report::figures::{duration, number};
use crate::report::words::tame;

/// Of one of many, and of the only one, which takes two columns of the page.
const WIDTH: u32 = 1160;
const WIDTH_ALONE: u32 = 2640;
const PANE_HEIGHT: u32 = 250;

/// Names and classes of the lines of a journey's chart.
pub(crate) const LOAD_LEGEND: [(&str, &str); 7] = [
    ("p50", "sky"),
    ("p90", "blue"),
    ("p99", "vermilion"),
    ("p99.9", "purple"),
    ("offered", "quiet"),
    ("answered", "green"),
    ("failed", "vermilion"),
];

/// One picture per journey, those with most requests first, at most `most`.
pub(crate) fn load(outcome: &Outcome, most: usize) -> Vec<Picture> {
    let times = Times::of(outcome);
    if times.is_empty() {
        return Vec::new();
    }
    let mut pairs: Vec<_> = outcome.traffic.iter().zip(&outcome.windows.traffic).collect();
    pairs.sort_by_key(|(_, windows)| std::cmp::Reverse(windows.arrived.iter().sum::<u64>()));
    let width = if pairs.len() == 1 { WIDTH_ALONE } else { WIDTH };
    pairs.into_iter().take(most).map(|(traffic, windows)| picture(&times, traffic, windows, width)).collect()
}

fn picture(times: &Times, traffic: &Traffic, windows: &TrafficWindows, width: u32) -> Picture {
    let title = format!("{} / {}", tame(&traffic.workload), tame(&traffic.journey));
    let worst = windows.p99_ns.iter().copied().max().unwrap_or(0);
    let failed: u64 = windows.failed.iter().sum();
    let label = format!(
        "{title}: latency percentiles and requests per second over time; highest p99 of a window {}, {failed} requests failed",
        duration(worst as f64),
    );
    let chart = Chart {
        label,
        width,
        pane_height: PANE_HEIGHT,
        time: times.axis(if width == WIDTH { 7 } else { 14 }),
        bands: &times.bands,
        panes: vec![latency(times, windows), requests(times, windows)],
    };
    Picture { title, svg: draw(&chart) }
}

fn latency(times: &Times, windows: &TrafficWindows) -> Pane {
    let quantiles = [
        (&windows.p999_ns, PURPLE),
        (&windows.p99_ns, VERMILION),
        (&windows.p90_ns, BLUE),
        (&windows.p50_ns, SKY),
    ];
    let known = || quantiles.iter().flat_map(|(values, _)| values.iter()).filter(|nanos| **nanos > 0);
    let low = known().min().copied().unwrap_or(0) as f64;
    let high = known().max().copied().unwrap_or(0) as f64;
    let lines = quantiles.map(|(values, colour)| {
        let points: Points = times.points(values, |nanos, _| (*nanos > 0).then_some(*nanos as f64));
        Line { colour, is_area: false, points }
    });
    Pane { title: "latency (log scale)", axis: Axis::durations(low, high), lines: lines.into() }
}

fn requests(times: &Times, windows: &TrafficWindows) -> Pane {
    let counts = [
        (&windows.answered, GREEN, true),
        (&windows.failed, VERMILION, true),
        (&windows.arrived, QUIET, false),
    ];
    let lines: Vec<Line> = counts
        .iter()
        .map(|(values, colour, is_area)| {
            let points =
                times.points(values, |count, seconds| (seconds > 0.0).then_some(*count as f64 / seconds));
            Line { colour: *colour, is_area: *is_area, points }
        })
        .collect();
    let high =
        lines.iter().flat_map(|line| line.points.iter().filter_map(|point| point.1)).fold(0.0, f64::max);
    Pane { title: "requests per second", axis: Axis::linear(high, 4, number), lines }
}
