//! Open sessions over time.

use super::axis::Axis;
use super::colours::{LINE_CLASSES, LINES};
use super::frame::{Chart, Line, Pane, draw};
use super::{Picture, Times};
use crate::outcome::{Outcome, PopulationOutcome};
use crate::report::figures::number;
use crate::report::words::tame;

const WIDTH: u32 = 2640;
const PANE: u32 = 300;
/// Lines of one chart that can be told apart.
const LINES_MAX: usize = LINES.len();

/// Sessions open, users without one and failed connects, with `(name, class)` of each load;
/// `None` when there are no sessions.
pub(crate) fn sessions(outcome: &Outcome) -> Option<(Picture, Vec<(String, &'static str)>)> {
    let times = Times::of(outcome);
    let mut all: Vec<&PopulationOutcome> = outcome.sessions.populations.iter().collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.open.iter().max().copied()));
    all.truncate(LINES_MAX);
    if all.is_empty() || times.is_empty() {
        return None;
    }
    let pane = |title: &'static str, of: fn(&PopulationOutcome) -> &Vec<u64>| {
        let peak = all.iter().flat_map(|one| of(one)).max().copied().unwrap_or(0);
        let lines = all.iter().zip(LINES).map(|(one, colour)| Line {
            colour,
            is_area: all.len() == 1,
            points: times.points(of(one), |count, _| Some(*count as f64)),
        });
        Pane { title, axis: Axis::linear(peak as f64, 3, number), lines: lines.collect() }
    };
    let legend: Vec<_> = all.iter().zip(LINE_CLASSES).map(|(one, class)| (tame(&one.load), class)).collect();
    let names: Vec<&str> = legend.iter().map(|(name, _)| name.as_str()).collect();
    let panes = vec![
        pane("sessions open", |one| &one.open),
        pane("users without a session", |one| &one.waiting),
        pane("connects that failed, per window", |one| &one.failed),
    ];
    let chart = Chart {
        label: format!("Open sessions over time of {}", names.join(", ")),
        width: WIDTH,
        pane_height: PANE,
        time: times.axis(10),
        bands: &times.bands,
        panes,
    };
    Some((Picture { title: "Sessions over time".to_owned(), svg: draw(&chart) }, legend))
}
