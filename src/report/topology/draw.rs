//! The placed topology as SVG. Colours come from the page's style sheet.

use super::layers::Layers;
use super::order::Grid;
use super::place::{Label, Placed, Rect, Route, Size, place};
use super::{Arrow, Party};
use crate::report::facts::Saturation;
use crate::report::html::escape;
use crate::report::words::clip_middle;
use petgraph::graph::DiGraph;
use petgraph::visit::{EdgeRef, IntoNodeReferences};
use std::fmt::Write;

/// Estimated width of a character of the name (12.5 px, bold) and of smaller text (11 px).
const NAME_CHAR: f64 = 7.9;
const SMALL_CHAR: f64 = 6.0;
const WIDTH_MIN: f64 = 92.0;
const WIDTH_MAX: f64 = 150.0;
const HEIGHT: f64 = 56.0;
/// Lines of the busiest and of the idlest arrow.
const STROKE_MAX: f64 = 6.0;
const STROKE_MIN: f64 = 1.2;

pub(super) fn draw(graph: &DiGraph<Party, Arrow>, layers: &Layers, grid: &Grid) -> String {
    let sizes: Vec<Size> = graph.node_weights().map(size).collect();
    let labels: Vec<Label> = graph.edge_weights().map(label).collect();
    let placed = place(grid, &sizes, &labels);
    let mut svg = open(graph, &placed);
    let busiest = graph.edge_weights().map(|arrow| arrow.calls).max().unwrap_or(0);
    let mut edges: Vec<_> = graph.edge_references().collect();
    edges.sort_by_key(|edge| edge.weight().is_troubled());
    for edge in edges {
        let (index, arrow) = (edge.id().index(), edge.weight());
        let names = (&*graph[edge.source()].name, &*graph[edge.target()].name);
        let stroke =
            STROKE_MIN + (STROKE_MAX - STROKE_MIN) * (arrow.calls as f64 / busiest.max(1) as f64).sqrt();
        draw_arrow(&mut svg, arrow, names, &placed.routes[index], layers.is_backward[index], stroke);
    }
    for (party, weight) in graph.node_references() {
        draw_party(&mut svg, weight, placed.boxes[party.index()]);
    }
    for (route, arrow) in placed.routes.iter().zip(graph.edge_weights()) {
        draw_label(&mut svg, route, arrow);
    }
    svg + "</svg>"
}

fn label(arrow: &Arrow) -> Label {
    let trouble = arrow.trouble();
    let chars = arrow.label().chars().count().max(trouble.as_ref().map_or(0, |text| text.chars().count()));
    Label { width: chars as f64 * SMALL_CHAR, has_second_line: trouble.is_some() }
}

fn draw_label(svg: &mut String, route: &Route, arrow: &Arrow) {
    let Some((from, _, y)) = route.stretches.first() else { return };
    let above = Some(("label", arrow.label(), y - 4.0));
    let below = arrow.trouble().map(|text| ("label troubled", text, y + 12.5));
    for (class, text, y) in above.into_iter().chain(below) {
        let _ = write!(
            svg,
            "<text class=\"{class}\" x=\"{:.0}\" y=\"{y:.1}\">{}</text>",
            from + 13.0,
            escape(&text)
        );
    }
}

fn size(party: &Party) -> Size {
    let small = party.kind.chars().count().max(party.state.chars().count()) as f64 * SMALL_CHAR;
    let width = (party.name.chars().count() as f64 * NAME_CHAR).max(small) + 16.0;
    Size { width: width.clamp(WIDTH_MIN, WIDTH_MAX), height: HEIGHT }
}

fn open(graph: &DiGraph<Party, Arrow>, placed: &Placed) -> String {
    let troubled: Vec<String> = graph
        .edge_references()
        .filter(|edge| edge.weight().is_troubled())
        .map(|edge| format!("{} to {}", graph[edge.source()].name, graph[edge.target()].name))
        .collect();
    let label = format!(
        "Topology: {} clients and components, {} kinds of calls; with failed attempts: {}",
        graph.node_count(),
        graph.edge_count(),
        if troubled.is_empty() { "none".to_owned() } else { troubled.join(", ") },
    );
    let (width, height) = (placed.width, placed.height);
    format!(
        "<svg class=\"topology\" viewBox=\"0 0 {width:.0} {height:.0}\" style=\"min-width:{:.0}px;max-width:{width:.0}px\" \
         role=\"img\" aria-label=\"{}\">",
        width * 0.7,
        escape(&label),
    )
}

fn draw_party(svg: &mut String, party: &Party, at: Rect) {
    let room = |char_width: f64| ((at.width - 8.0) / char_width) as usize;
    let middle = at.x + at.width / 2.0;
    let top = at.y + (at.height - HEIGHT) / 2.0;
    let _ = write!(
        svg,
        "<g class=\"party {}\"><title>{} ({}) {}</title><rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"6\"/>",
        class(party.saturation),
        escape(&party.name),
        escape(&party.kind),
        escape(&party.state),
        at.x,
        at.y,
        at.width,
        at.height,
    );
    let shift = if party.state.is_empty() { 8.0 } else { 0.0 };
    let lines =
        [("name", &party.name, 19.0 + shift, NAME_CHAR), ("kind", &party.kind, 34.0 + shift, SMALL_CHAR)];
    let state = [("state", &party.state, 49.0, SMALL_CHAR)];
    for (class, text, down, char_width) in lines.into_iter().chain(state).filter(|line| !line.1.is_empty()) {
        let _ = write!(
            svg,
            "<text class=\"{class}\" x=\"{middle:.1}\" y=\"{:.1}\">{}</text>",
            top + down,
            escape(&clip_middle(text, room(char_width)))
        );
    }
    svg.push_str("</g>");
}

fn class(saturation: Option<Saturation>) -> &'static str {
    match saturation {
        None => "client",
        Some(Saturation::Unlimited) => "unlimited",
        Some(Saturation::Calm) => "calm",
        Some(Saturation::Busy) => "busy",
        Some(Saturation::Hot) => "hot",
        Some(Saturation::Saturated) => "saturated",
    }
}

fn draw_arrow(
    svg: &mut String,
    arrow: &Arrow,
    (from, to): (&str, &str),
    route: &Route,
    is_backward: bool,
    stroke: f64,
) {
    let (Some(first), Some(last)) = (route.stretches.first(), route.stretches.last()) else { return };
    let head = 5.0 + stroke;
    let (left_end, right_end) = if is_backward { (first.0 + head, last.1) } else { (first.0, last.1 - head) };
    let mut path = format!("M{left_end:.1} {:.1}", first.2);
    let mut previous: Option<(f64, f64)> = None;
    for (index, (start, end, y)) in route.stretches.iter().enumerate() {
        let is_last = index + 1 == route.stretches.len();
        let (start, end) = if is_last { (right_end, right_end) } else { (*start, *end) };
        if let Some((x, height)) = previous {
            let bend = (x + start) / 2.0;
            let _ = write!(path, " C{bend:.1} {height:.1} {bend:.1} {y:.1} {start:.1} {y:.1}");
        }
        if end > start {
            let _ = write!(path, " H{end:.1}");
        }
        previous = Some((end, *y));
    }
    let (tip, base, y) = if is_backward { (first.0, left_end, first.2) } else { (last.1, right_end, last.2) };
    let half = 3.0 + stroke / 2.0;
    let class = match (arrow.is_troubled(), arrow.calls) {
        (true, _) => "arrow troubled",
        (false, 0) => "arrow unused",
        (false, _) => "arrow",
    };
    let _ = write!(
        svg,
        "<g class=\"{class}\"><title>{} to {}: {}</title><path d=\"{path}\" stroke-width=\"{stroke:.1}\"/>\
         <path class=\"head\" d=\"M{tip:.1} {y:.1} L{base:.1} {:.1} L{base:.1} {:.1} Z\"/></g>",
        escape(from),
        escape(to),
        escape(&arrow.detail()),
        y - half,
        y + half,
    );
}
