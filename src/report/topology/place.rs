//! Where everything stands: boxes, the points at which arrows leave and arrive,
//! and room for their labels.

use super::order::Grid;

/// Room above an arrow where it leaves a box, for a line of label.
const ABOVE: f64 = 13.0;
/// Room below, without and with a second line.
const BELOW: f64 = 4.0;
const BELOW_LABEL: f64 = 19.0;
/// Distance between arrows where they arrive.
const ARRIVING: f64 = 13.0;
/// Height taken where an arrow passes through a column.
const PASS: f64 = 14.0;
/// Room between boxes of a column.
const GAP: f64 = 20.0;
/// Room in which arrows bend, between the labels and the next column.
const BEND: f64 = 52.0;
const MARGIN: f64 = 12.0;
/// Passes over all columns; places no longer move visibly after these.
const PASSES: usize = 16;

/// What a party needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
}

/// What stands beside an arrow where it leaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Label {
    pub(super) width: f64,
    pub(super) has_second_line: bool,
}

/// A placed box, by its upper left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Straight stretches of an arrow, from left to right; bends lie between them.
#[derive(Clone, Debug, Default)]
pub(super) struct Route {
    /// `(from x, to x, y)`.
    pub(super) stretches: Vec<(f64, f64, f64)>,
}

/// A whole picture.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) boxes: Vec<Rect>,
    /// By arrow of the graph; empty for an arrow from a party to itself.
    pub(super) routes: Vec<Route>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Places a grid. `sizes` is by party, `labels` by arrow.
pub(super) fn place(grid: &Grid, sizes: &[Size], labels: &[Label]) -> Placed {
    let ports = Ports::of(grid, labels);
    let heights: Vec<f64> = (0..grid.party_of.len())
        .map(|item| grid.party_of[item].map_or(PASS, |party| sizes[party].height.max(ports.heights[item])))
        .collect();
    let centres = centres(grid, &ports, &heights);
    let columns = columns(grid, sizes, labels);
    let box_of = |item: usize, party: usize| {
        let (column, width) = (columns[grid.layer_of[item]], sizes[party].width);
        Rect { x: column.left, y: centres[item] - heights[item] / 2.0, width, height: heights[item] }
    };
    let mut boxes = vec![Rect::default(); sizes.len()];
    for (item, party) in grid.party_of.iter().enumerate() {
        if let Some(party) = party {
            boxes[*party] = box_of(item, *party);
        }
    }
    let routes =
        grid.links_of_arrow.iter().map(|links| route(grid, links, &ports, &centres, &columns, &boxes));
    let height =
        (0..heights.len()).map(|item| centres[item] + heights[item] / 2.0).fold(0.0, f64::max) + MARGIN;
    let width = columns.last().map_or(0.0, |column| column.right) + MARGIN;
    Placed { routes: routes.collect(), boxes, width, height }
}

/// Where arrows touch each item, as distances from its middle.
struct Ports {
    /// By link.
    leaving: Vec<f64>,
    arriving: Vec<f64>,
    /// Height the longer side takes, by item.
    heights: Vec<f64>,
}

impl Ports {
    fn of(grid: &Grid, labels: &[Label]) -> Self {
        let places = grid.places();
        // Only the first link of an arrow has its label beside it.
        let mut below = vec![BELOW; grid.links.len()];
        for (links, label) in grid.links_of_arrow.iter().zip(labels) {
            links.iter().take(usize::from(label.has_second_line)).for_each(|link| below[*link] = BELOW_LABEL);
        }
        let mut ports = Self {
            leaving: vec![0.0; grid.links.len()],
            arriving: vec![0.0; grid.links.len()],
            heights: vec![0.0; grid.party_of.len()],
        };
        for item in (0..grid.party_of.len()).filter(|item| grid.party_of[*item].is_some()) {
            let mut out: Vec<usize> =
                (0..grid.links.len()).filter(|link| grid.links[*link].0 == item).collect();
            let mut into: Vec<usize> =
                (0..grid.links.len()).filter(|link| grid.links[*link].1 == item).collect();
            out.sort_by_key(|link| places[grid.links[*link].1]);
            into.sort_by_key(|link| places[grid.links[*link].0]);
            let height_out: f64 = out.iter().map(|link| ABOVE + below[*link]).sum();
            let height_into = into.len() as f64 * ARRIVING;
            // The lines, not their labels, are centred, so that a chain is straight.
            let last_below = out.last().map_or(0.0, |link| below[*link]);
            let mut at = -(height_out - last_below + ABOVE) / 2.0;
            for link in out {
                ports.leaving[link] = at + ABOVE;
                at += ABOVE + below[link];
            }
            for (index, link) in into.into_iter().enumerate() {
                ports.arriving[link] = (index as f64 + 0.5) * ARRIVING - height_into / 2.0;
            }
            ports.heights[item] = (height_out + ABOVE).max(height_into);
        }
        ports
    }
}

#[derive(Clone, Copy)]
struct Column {
    left: f64,
    /// Right end of the widest box.
    right: f64,
    /// Where arrows may begin to bend.
    labels_end: f64,
}

fn columns(grid: &Grid, sizes: &[Size], labels: &[Label]) -> Vec<Column> {
    let mut left = MARGIN;
    let mut columns = Vec::with_capacity(grid.layers.len());
    for (layer, items) in grid.layers.iter().enumerate() {
        let parties = items.iter().filter_map(|item| grid.party_of[*item]);
        let widest = parties.map(|party| sizes[party].width).fold(0.0, f64::max);
        let starts_here = |links: &Vec<usize>| {
            links.first().is_some_and(|link| grid.layer_of[grid.links[*link].0] == layer)
        };
        let labels = grid.links_of_arrow.iter().zip(labels).filter(|(links, _)| starts_here(links));
        let labels = labels.map(|(_, label)| label.width).fold(0.0, f64::max);
        let right = left + widest;
        let column = Column { left, right, labels_end: right + labels + 16.0 };
        columns.push(column);
        left = column.labels_end + BEND;
    }
    columns
}

fn route(
    grid: &Grid,
    links: &[usize],
    ports: &Ports,
    centres: &[f64],
    columns: &[Column],
    boxes: &[Rect],
) -> Route {
    let mut stretches = Vec::new();
    for link in links {
        let (left, right) = grid.links[*link];
        let column = columns[grid.layer_of[left]];
        let from = grid.party_of[left].map_or(column.left, |party| boxes[party].x + boxes[party].width);
        stretches.push((from, column.labels_end, centres[left] + ports.leaving[*link]));
        if grid.party_of[right].is_some() {
            let arrival = columns[grid.layer_of[right]].left;
            stretches.push((arrival, arrival, centres[right] + ports.arriving[*link]));
        }
    }
    Route { stretches }
}

/// Heights of the middles of all items: each as near as may be to where its
/// arrows would be level, none overlapping.
fn centres(grid: &Grid, ports: &Ports, heights: &[f64]) -> Vec<f64> {
    let mut centres = vec![0.0; heights.len()];
    for layer in &grid.layers {
        let wanted = vec![(0.0, 1.0); layer.len()];
        settle(layer, &wanted, heights, &mut centres);
    }
    for pass in 0..PASSES {
        let mut columns: Vec<usize> = (0..grid.layers.len()).collect();
        if pass % 2 == 1 {
            columns.reverse();
        }
        for column in columns {
            let layer = &grid.layers[column];
            let wanted: Vec<(f64, f64)> =
                layer.iter().map(|item| level(grid, ports, &centres, *item)).collect();
            settle(layer, &wanted, heights, &mut centres);
        }
    }
    let top =
        (0..heights.len()).map(|item| centres[item] - heights[item] / 2.0).fold(f64::INFINITY, f64::min);
    centres.iter().map(|centre| centre - top + MARGIN).collect()
}

/// Where an item's arrows would be level on average, and how much that matters.
fn level(grid: &Grid, ports: &Ports, centres: &[f64], item: usize) -> (f64, f64) {
    let (mut sum, mut weight) = (0.0, 0.0);
    for (link, (left, right)) in grid.links.iter().enumerate() {
        let (own, other, shift) = if *left == item {
            (left, right, ports.arriving[link] - ports.leaving[link])
        } else if *right == item {
            (right, left, ports.leaving[link] - ports.arriving[link])
        } else {
            continue;
        };
        // Arrows through several columns should be straight before anything else is.
        let is_long = grid.party_of[*own].is_none() && grid.party_of[*other].is_none();
        let importance = if is_long { 8.0 } else { 1.0 };
        sum += importance * (centres[*other] + shift);
        weight += importance;
    }
    if weight > 0.0 { (sum / weight, weight) } else { (centres[item], 0.1) }
}

/// Moves a column's items as near to where they are wanted as their order and
/// sizes allow: least squares, by pooling neighbours that would overlap.
fn settle(layer: &[usize], wanted: &[(f64, f64)], heights: &[f64], centres: &mut [f64]) {
    let mut offsets = Vec::with_capacity(layer.len());
    let mut offset = 0.0;
    for (place, item) in layer.iter().enumerate() {
        if place > 0 {
            offset += (heights[layer[place - 1]] + heights[*item]) / 2.0 + GAP;
        }
        offsets.push(offset);
    }
    // Each pool: how many items, their total weight, their mean.
    let mut pools: Vec<(usize, f64, f64)> = Vec::new();
    for ((target, weight), offset) in wanted.iter().zip(&offsets) {
        let mut pool = (1, *weight, target - offset);
        while let Some(above) = pools.last().copied().filter(|above| above.2 > pool.2) {
            pools.pop();
            let weight = above.1 + pool.1;
            pool = (above.0 + pool.0, weight, (above.1 * above.2 + pool.1 * pool.2) / weight);
        }
        pools.push(pool);
    }
    let means = pools.iter().flat_map(|(count, _, mean)| std::iter::repeat_n(*mean, *count));
    for ((item, offset), mean) in layer.iter().zip(&offsets).zip(means) {
        centres[*item] = mean + offset;
    }
}

#[cfg(test)]
mod tests {
    use super::super::layers::assign;
    use super::*;
    use petgraph::graph::DiGraph;

    fn placed(arrows: &[(u32, u32)]) -> Placed {
        let graph: DiGraph<(), ()> = DiGraph::from_edges(arrows);
        let grid = Grid::new(&graph, &assign(&graph, |party| party.index() == 0));
        let sizes = vec![Size { width: 120.0, height: 50.0 }; graph.node_count()];
        place(&grid, &sizes, &vec![Label { width: 40.0, has_second_line: true }; arrows.len()])
    }

    #[test]
    fn boxes_never_overlap_and_lie_within_the_picture() {
        let arrows: Vec<(u32, u32)> = (0..90).map(|i| ((i * 7) % 30, (i * 11 + 3) % 30)).collect();
        let placed = placed(&arrows);
        for (i, a) in placed.boxes.iter().enumerate() {
            assert!(
                a.x >= 0.0 && a.y >= 0.0 && a.x + a.width <= placed.width && a.y + a.height <= placed.height
            );
            for b in &placed.boxes[i + 1..] {
                let apart = a.x + a.width <= b.x
                    || b.x + b.width <= a.x
                    || a.y + a.height <= b.y
                    || b.y + b.height <= a.y;
                assert!(apart, "{a:?} overlaps {b:?}");
            }
        }
    }

    #[test]
    fn labels_beside_one_box_have_a_line_each() {
        let placed = placed(&[(0, 1), (0, 2), (0, 3), (0, 4), (0, 5)]);
        let mut heights: Vec<f64> = placed.routes.iter().map(|route| route.stretches[0].2).collect();
        heights.sort_by(f64::total_cmp);
        assert!(
            heights.windows(2).all(|pair| pair[1] - pair[0] >= ABOVE + BELOW_LABEL - 1e-9),
            "{heights:?}"
        );
    }

    #[test]
    fn a_chain_is_a_straight_line() {
        let placed = placed(&[(0, 1), (1, 2), (2, 3)]);
        assert!(
            placed.boxes.windows(2).all(|pair| (pair[0].y - pair[1].y).abs() < 1e-6),
            "{:?}",
            placed.boxes
        );
    }
}
