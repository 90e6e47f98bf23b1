//! Utilisation and queues of components, and hit ratios of caches, over time.

use super::axis::Axis;
use super::colours::{BLUE, LINE_CLASSES, LINES, PURPLE};
use super::frame::{Chart, Line, Pane, draw};
use super::{Picture, Times};
use crate::outcome::{ComponentOutcome, ComponentWindows, Outcome, Resource};
use crate::report::figures::{number, share_short};
use crate::report::words::tame;

const SMALL_WIDTH: u32 = 760;
const SMALL_PANE: u32 = 130;
const WIDE_WIDTH: u32 = 2640;
const WIDE_PANE: u32 = 300;
/// Lines of one chart that can be told apart.
const LINES_MAX: usize = LINES.len();

/// One small picture for each of the components with these indices.
pub(crate) fn components(outcome: &Outcome, indices: &[usize]) -> Vec<Picture> {
    let times = Times::of(outcome);
    if times.is_empty() {
        return Vec::new();
    }
    let pairs = indices
        .iter()
        .filter_map(|index| outcome.components.get(*index).zip(outcome.windows.components.get(*index)));
    pairs.map(|(component, windows)| small(&times, component, windows)).collect()
}

fn small(times: &Times, component: &ComponentOutcome, windows: &ComponentWindows) -> Picture {
    let peak = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
    let mut panes = Vec::new();
    if component.resource != Resource::Unlimited {
        let points = times.points(&windows.utilization, |share, _| Some(*share));
        panes.push(Pane {
            title: "utilisation",
            axis: Axis::share(),
            lines: vec![Line { colour: BLUE, is_area: true, points }],
        });
    }
    let points = times.points(&windows.queue, |queue, _| Some(*queue));
    panes.push(Pane {
        title: "requests waiting",
        axis: Axis::linear(peak(&windows.queue), 2, number),
        lines: vec![Line { colour: PURPLE, is_area: true, points }],
    });
    let title = tame(&component.name);
    let label = format!(
        "{title} over time: utilisation up to {}, up to {} requests waiting on average of a window",
        share_short(peak(&windows.utilization)),
        number(peak(&windows.queue)),
    );
    let chart = Chart {
        label,
        width: SMALL_WIDTH,
        pane_height: SMALL_PANE,
        time: times.axis(4),
        bands: &times.bands,
        panes,
    };
    Picture { title, svg: draw(&chart) }
}

/// Hit ratios of all caches in one picture, with `(name, class)` of each line;
/// `None` when nothing was looked up.
pub(crate) fn caches(outcome: &Outcome) -> Option<(Picture, Vec<(String, &'static str)>)> {
    let times = Times::of(outcome);
    let mut cached: Vec<_> = outcome
        .components
        .iter()
        .zip(&outcome.windows.components)
        .filter(|(_, windows)| !windows.hit_ratio.is_empty())
        .collect();
    cached.sort_by_key(|(_, windows)| std::cmp::Reverse(windows.arrived.iter().sum::<u64>()));
    cached.truncate(LINES_MAX);
    if cached.is_empty() || times.is_empty() {
        return None;
    }
    let lines = cached.iter().zip(LINES).map(|((_, windows), colour)| Line {
        colour,
        is_area: false,
        points: times.points(&windows.hit_ratio, |ratio, _| ratio.is_finite().then_some(*ratio)),
    });
    let legend: Vec<_> = cached
        .iter()
        .zip(LINE_CLASSES)
        .map(|((component, _), class)| (tame(&component.name), class))
        .collect();
    let names: Vec<&str> = legend.iter().map(|(name, _)| name.as_str()).collect();
    let chart = Chart {
        label: format!("Hit ratio over time of {}", names.join(", ")),
        width: WIDE_WIDTH,
        pane_height: WIDE_PANE,
        time: times.axis(10),
        bands: &times.bands,
        panes: vec![Pane {
            title: "share of look-ups that hit",
            axis: Axis::share(),
            lines: lines.collect(),
        }],
    };
    Some((Picture { title: "Cache hit ratio".to_owned(), svg: draw(&chart) }, legend))
}
