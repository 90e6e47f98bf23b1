//! Which column each party stands in: callers left of the called.

use petgraph::algo::toposort;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{Control, DfsEvent, EdgeRef, depth_first_search};
use std::collections::BTreeSet;

/// Columns, and the arrows that had to be turned round to have any.
#[derive(Debug)]
pub(super) struct Layers {
    /// Column of each party, from 0 on the left.
    pub(super) layer_of: Vec<usize>,
    /// Whether an arrow points from right to left, because it closes a cycle.
    pub(super) is_backward: Vec<bool>,
}

/// Longest-path layering after turning round every arrow that closes a cycle.
///
/// Parties for which `is_fixed_left` holds stay in the first column; others
/// that nobody calls move right, next to the first one they call.
pub(super) fn assign<N, E>(graph: &DiGraph<N, E>, is_fixed_left: impl Fn(NodeIndex) -> bool) -> Layers {
    let closing = closing_arrows(graph, &is_fixed_left);
    let is_backward: Vec<bool> = graph
        .edge_references()
        .map(|edge| closing.contains(&(edge.source(), edge.target())) && edge.source() != edge.target())
        .collect();
    let mut forward: DiGraph<(), ()> = graph.map(|_, _| (), |_, _| ());
    forward.clear_edges();
    for edge in graph.edge_references().filter(|edge| edge.source() != edge.target()) {
        let (from, to) = (edge.source(), edge.target());
        let (from, to) = if is_backward[edge.id().index()] { (to, from) } else { (from, to) };
        forward.update_edge(from, to, ());
    }
    let mut layer_of = vec![0usize; graph.node_count()];
    // Turning round every back edge of a depth-first search leaves no cycle, so this has an order.
    for party in toposort(&forward, None).unwrap_or_default() {
        for called in forward.neighbors(party) {
            layer_of[called.index()] = layer_of[called.index()].max(layer_of[party.index()] + 1);
        }
    }
    for party in graph.node_indices().filter(|party| !is_fixed_left(*party)) {
        let is_called = forward.neighbors_directed(party, petgraph::Incoming).next().is_some();
        let first = forward.neighbors(party).map(|called| layer_of[called.index()]).min();
        if let (false, Some(first)) = (is_called, first) {
            layer_of[party.index()] = first.saturating_sub(1);
        }
    }
    Layers { layer_of, is_backward }
}

/// Arrows that lead back to a party on the way to them, searching from where load comes from.
fn closing_arrows<N, E>(
    graph: &DiGraph<N, E>,
    is_fixed_left: impl Fn(NodeIndex) -> bool,
) -> BTreeSet<(NodeIndex, NodeIndex)> {
    let is_called = |party| graph.neighbors_directed(party, petgraph::Incoming).next().is_some();
    let mut starts: Vec<NodeIndex> = graph.node_indices().collect();
    starts.sort_by_key(|party| (!is_fixed_left(*party), is_called(*party)));
    let mut closing = BTreeSet::new();
    depth_first_search(graph, starts, |event| {
        if let DfsEvent::BackEdge(from, to) = event {
            closing.insert((from, to));
        }
        Control::<()>::Continue
    });
    closing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(arrows: &[(u32, u32)]) -> DiGraph<(), ()> {
        DiGraph::from_edges(arrows)
    }

    #[test]
    fn callers_stand_left_of_everyone_they_call() {
        let graph = graph(&[(0, 1), (1, 2), (0, 2), (2, 3)]);
        let layers = assign(&graph, |party| party.index() == 0);
        assert_eq!(layers.layer_of, [0, 1, 2, 3]);
        assert!(layers.is_backward.iter().all(|backward| !backward));
    }

    #[test]
    fn a_cycle_is_cut_where_it_leads_back() {
        let graph = graph(&[(0, 1), (1, 2), (2, 1), (2, 2)]);
        let layers = assign(&graph, |party| party.index() == 0);
        assert_eq!(layers.layer_of, [0, 1, 2]);
        assert_eq!(layers.is_backward, [false, false, true, false]);
    }

    #[test]
    fn a_component_nobody_calls_stands_next_to_whom_it_calls() {
        let graph = graph(&[(0, 1), (1, 2), (3, 2)]);
        assert_eq!(assign(&graph, |party| party.index() == 0).layer_of, [0, 1, 2, 1]);
    }
}
