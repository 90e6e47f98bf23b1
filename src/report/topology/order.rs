//! In which order parties stand within their column, so that few arrows cross.

use super::layers::Layers;
use petgraph::graph::DiGraph;
use petgraph::visit::EdgeRef;

/// Sweeps over all columns; the order seldom improves after a dozen.
const SWEEPS: usize = 24;

/// Columns of items, with arrows between neighbouring columns only.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    /// The party an item stands for; `None` where an arrow passes through a column.
    pub(super) party_of: Vec<Option<usize>>,
    pub(super) layer_of: Vec<usize>,
    /// Items of each column from top to bottom.
    pub(super) layers: Vec<Vec<usize>>,
    /// `(left item, right item)`.
    pub(super) links: Vec<(usize, usize)>,
    /// Links of each arrow of the graph, from left to right; empty for an arrow from a party to itself.
    pub(super) links_of_arrow: Vec<Vec<usize>>,
}

impl Grid {
    /// Items in the order in which few arrows cross.
    pub(super) fn new<N, E>(graph: &DiGraph<N, E>, layers: &Layers) -> Self {
        let mut grid = Self::in_order_of_graph(graph, layers);
        let mut best = (grid.crossings(), grid.layers.clone());
        for sweep in 0..SWEEPS {
            grid.sweep(sweep % 2 == 0);
            grid.swap_neighbours();
            let crossings = grid.crossings();
            if crossings < best.0 {
                best = (crossings, grid.layers.clone());
            }
        }
        grid.layers = best.1;
        grid
    }

    fn in_order_of_graph<N, E>(graph: &DiGraph<N, E>, layers: &Layers) -> Self {
        let columns = layers.layer_of.iter().max().map_or(0, |last| last + 1);
        let mut grid = Self {
            party_of: (0..graph.node_count()).map(Some).collect(),
            layer_of: layers.layer_of.clone(),
            layers: vec![Vec::new(); columns],
            links: Vec::new(),
            links_of_arrow: Vec::new(),
        };
        for (item, layer) in layers.layer_of.iter().enumerate() {
            grid.layers[*layer].push(item);
        }
        for edge in graph.edge_references() {
            let (from, to) = (edge.source().index(), edge.target().index());
            let (left, right) = if layers.is_backward[edge.id().index()] { (to, from) } else { (from, to) };
            let links = if left == right { Vec::new() } else { grid.route(left, right) };
            grid.links_of_arrow.push(links);
        }
        grid
    }

    /// Links from one item to another, through an item of its own in every column between.
    fn route(&mut self, left: usize, right: usize) -> Vec<usize> {
        let mut links = Vec::new();
        let mut previous = left;
        for layer in self.layer_of[left] + 1..=self.layer_of[right] {
            let next = if layer == self.layer_of[right] { right } else { self.pass_through(layer) };
            links.push(self.links.len());
            self.links.push((previous, next));
            previous = next;
        }
        links
    }

    fn pass_through(&mut self, layer: usize) -> usize {
        let item = self.party_of.len();
        self.party_of.push(None);
        self.layer_of.push(layer);
        self.layers[layer].push(item);
        item
    }

    /// Place of each item within its column.
    pub(super) fn places(&self) -> Vec<usize> {
        let mut places = vec![0; self.party_of.len()];
        for layer in &self.layers {
            layer.iter().enumerate().for_each(|(place, item)| places[*item] = place);
        }
        places
    }

    /// Orders each column by the mean place of each item's neighbours in the column before it.
    fn sweep(&mut self, is_rightward: bool) {
        let columns: Vec<usize> = if is_rightward {
            (1..self.layers.len()).collect()
        } else {
            (0..self.layers.len()).rev().skip(1).collect()
        };
        for column in columns {
            let places = self.places();
            let centre = |item: usize| {
                let neighbours: Vec<usize> =
                    self.neighbours(item, is_rightward).map(|other| places[other]).collect();
                if neighbours.is_empty() {
                    return places[item] as f64;
                }
                neighbours.iter().sum::<usize>() as f64 / neighbours.len() as f64
            };
            let mut keyed: Vec<(f64, usize)> =
                self.layers[column].iter().map(|item| (centre(*item), *item)).collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            self.layers[column] = keyed.into_iter().map(|(_, item)| item).collect();
        }
    }

    fn neighbours(&self, item: usize, is_left: bool) -> impl Iterator<Item = usize> + '_ {
        self.links.iter().filter_map(move |(left, right)| match is_left {
            true if *right == item => Some(*left),
            false if *left == item => Some(*right),
            _ => None,
        })
    }

    /// Swaps neighbours within a column wherever that removes crossings.
    fn swap_neighbours(&mut self) {
        for column in 0..self.layers.len() {
            for place in 1..self.layers[column].len() {
                let before = self.crossings_around(column);
                self.layers[column].swap(place - 1, place);
                if self.crossings_around(column) >= before {
                    self.layers[column].swap(place - 1, place);
                }
            }
        }
    }

    fn crossings_around(&self, column: usize) -> usize {
        let left = if column > 0 { self.crossings_after(column - 1) } else { 0 };
        left + self.crossings_after(column)
    }

    pub(super) fn crossings(&self) -> usize {
        (0..self.layers.len()).map(|column| self.crossings_after(column)).sum()
    }

    /// Crossings between a column and the next.
    fn crossings_after(&self, column: usize) -> usize {
        let places = self.places();
        let here: Vec<(usize, usize)> = self
            .links
            .iter()
            .filter(|(left, _)| self.layer_of[*left] == column)
            .map(|(left, right)| (places[*left], places[*right]))
            .collect();
        let cross =
            |a: &(usize, usize), b: &(usize, usize)| (a.0 < b.0 && a.1 > b.1) || (a.0 > b.0 && a.1 < b.1);
        here.iter().enumerate().map(|(i, a)| here[i + 1..].iter().filter(|b| cross(a, b)).count()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::layers::assign;
    use super::*;

    fn grid(arrows: &[(u32, u32)]) -> Grid {
        let graph: DiGraph<(), ()> = DiGraph::from_edges(arrows);
        let layers = assign(&graph, |_| false);
        Grid::new(&graph, &layers)
    }

    #[test]
    fn crossings_that_can_be_avoided_are() {
        assert_eq!(grid(&[(0, 5), (1, 4), (2, 3), (3, 6), (4, 7), (5, 8)]).crossings(), 0);
    }

    #[test]
    fn long_arrows_pass_through_every_column_between() {
        let grid = grid(&[(0, 1), (1, 2), (2, 3), (0, 3)]);
        assert_eq!(grid.links_of_arrow[3].len(), 3);
        assert_eq!(grid.party_of.iter().filter(|party| party.is_none()).count(), 2);
        assert!(grid.links.iter().all(|(left, right)| grid.layer_of[*left] + 1 == grid.layer_of[*right]));
    }
}
