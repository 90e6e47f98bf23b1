//! Draws panes of lines over one axis of time.
//!
//! Drawn at twice the size it is shown at, because the backend only knows
//! whole pixels. Widths of text can only be estimated: margins are generous.

use super::axis::Axis;
use super::colours::{FAINT, FAULT, GRID, INCIDENT, INK, QUIET};
use super::series::{Points, segments, thin};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Room left of a pane for the labels of its axis.
const LEFT: i32 = 104;
const RIGHT: i32 = 28;
/// Room above the first pane for the labels of bands.
const TOP: i32 = 28;
/// Room below the last pane for the labels of time.
const BOTTOM: i32 = 44;
/// Room above each pane for its title.
const TITLE: i32 = 46;
/// Font size; the backend divides it by 1.24.
const FONT: i32 = 27;
/// Top of a pane where the axis ends at 1: room for the bars of incidents above the lines.
const CEILING: f64 = 1.09;
/// Height of the bar of an incident.
const INCIDENT_BAR: f64 = 0.05;
/// Bands closer than this to the one before get no label of their own.
const LABEL_WIDTH: i32 = 44;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Fault = Box<dyn std::error::Error>;

/// Panes over one axis of time.
pub(super) struct Chart<'a> {
    /// What it shows, for those who cannot see it.
    pub(super) label: String,
    pub(super) width: u32,
    pub(super) pane_height: u32,
    pub(super) time: Axis,
    pub(super) bands: &'a [Band],
    pub(super) panes: Vec<Pane>,
}

/// Lines over one vertical axis.
pub(super) struct Pane {
    pub(super) title: &'static str,
    pub(super) axis: Axis,
    pub(super) lines: Vec<Line>,
}

/// One line; filled down to 0 if `is_area`.
pub(super) struct Line {
    pub(super) colour: RGBColor,
    pub(super) is_area: bool,
    pub(super) points: Points,
}

/// A stretch of time to shade.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Band {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) kind: BandKind,
    pub(super) label: String,
}

/// Why a stretch of time is shaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum BandKind {
    WarmUp,
    Fault,
    Incident,
}

/// The chart as an `<svg>` element.
pub(super) fn draw(chart: &Chart<'_>) -> String {
    let mut svg = String::new();
    let (width, height) = (chart.width, height(chart));
    if let Err(error) = draw_into(&mut svg, chart, (width, height)) {
        return format!(
            "<p>This chart could not be drawn: {}</p>",
            crate::report::html::escape(&error.to_string())
        );
    }
    let inside = svg.find('>').map_or("", |end| &svg[end + 1..]);
    format!(
        "<svg class=\"chart\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">{inside}",
        crate::report::html::escape(&chart.label)
    )
}

fn height(chart: &Chart<'_>) -> u32 {
    let panes = u32::try_from(chart.panes.len()).unwrap_or(u32::MAX);
    panes * (chart.pane_height + TITLE.unsigned_abs()) + (TOP + BOTTOM).unsigned_abs()
}

fn draw_into(svg: &mut String, chart: &Chart<'_>, size: (u32, u32)) -> Result<(), Fault> {
    let root = SVGBackend::with_string(svg, size).into_drawing_area();
    let pane_height = i32::try_from(chart.pane_height)?;
    for (index, pane) in (0i32..).zip(&chart.panes) {
        let top = TOP + TITLE + index * (pane_height + TITLE);
        draw_pane(&root, chart, pane, top..top + pane_height)?;
    }
    let bottom = i32::try_from(size.1)? - BOTTOM;
    let right = i32::try_from(size.0)? - RIGHT;
    for (at, label) in &chart.time.ticks {
        let x = LEFT + ((right - LEFT) as f64 * chart.time.place(*at)) as i32;
        text(&root, label, (x, bottom + 12), (HPos::Center, VPos::Top), FAINT)?;
    }
    draw_band_labels(&root, chart, right)?;
    root.present()?;
    Ok(())
}

fn draw_pane(
    root: &Area<'_>,
    chart: &Chart<'_>,
    pane: &Pane,
    rows: std::ops::Range<i32>,
) -> Result<(), Fault> {
    let height = i32::try_from(root.dim_in_pixel().1)?;
    let mut plot = ChartBuilder::on(root)
        .margin_left(LEFT)
        .margin_right(RIGHT)
        .margin_top(rows.start)
        .margin_bottom(height - rows.end)
        .build_cartesian_2d(0.0..1.0, 0.0..CEILING)?;
    for band in chart.bands {
        let (from, to) = (chart.time.place(band.from), chart.time.place(band.to));
        let (low, style) = match band.kind {
            BandKind::WarmUp => (0.0, QUIET.mix(0.12)),
            BandKind::Fault => (0.0, FAULT.mix(0.2)),
            BandKind::Incident => (CEILING - INCIDENT_BAR, INCIDENT.mix(0.9)),
        };
        plot.draw_series([Rectangle::new([(from, low), (to, CEILING)], style.filled())])?;
    }
    for (at, label) in &pane.axis.ticks {
        let at = pane.axis.place(*at);
        plot.draw_series([PathElement::new([(0.0, at), (1.0, at)], GRID.stroke_width(2))])?;
        let y = rows.end - ((rows.end - rows.start) as f64 * at / CEILING) as i32;
        text(root, label, (LEFT - 12, y), (HPos::Right, VPos::Center), FAINT)?;
    }
    for line in &pane.lines {
        for run in segments(&thin(line.points.clone())) {
            let points: Vec<_> =
                run.into_iter().map(|(at, value)| (chart.time.place(at), pane.axis.place(value))).collect();
            if let [only] = points[..] {
                plot.draw_series([Circle::new(only, 3, line.colour.filled())])?;
            } else if line.is_area {
                let border = line.colour.stroke_width(3);
                plot.draw_series(AreaSeries::new(points, 0.0, line.colour.mix(0.25)).border_style(border))?;
            } else {
                plot.draw_series(LineSeries::new(points, line.colour.stroke_width(3)))?;
            }
        }
    }
    text(root, pane.title, (LEFT, rows.start - 12), (HPos::Left, VPos::Bottom), INK)
}

fn draw_band_labels(root: &Area<'_>, chart: &Chart<'_>, right: i32) -> Result<(), Fault> {
    let mut free_from = i32::MIN;
    for band in chart.bands.iter().filter(|band| band.kind == BandKind::Fault) {
        let middle = chart.time.place((band.from + band.to) / 2.0);
        let x = LEFT + ((right - LEFT) as f64 * middle) as i32;
        if x >= free_from {
            text(root, &band.label, (x, 4), (HPos::Center, VPos::Top), FAINT)?;
            free_from = x + LABEL_WIDTH;
        }
    }
    Ok(())
}

fn text(
    root: &Area<'_>,
    text: &str,
    at: (i32, i32),
    (h_pos, v_pos): (HPos, VPos),
    colour: RGBColor,
) -> Result<(), Fault> {
    let style = ("sans-serif", FONT).into_font().color(&colour).pos(Pos::new(h_pos, v_pos));
    root.draw(&Text::new(text.to_owned(), at, style))?;
    Ok(())
}
