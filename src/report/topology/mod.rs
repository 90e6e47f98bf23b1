//! A picture of who calls whom: columns from the users on the left to the
//! stores and third parties on the right, coloured by how full everything was.

mod draw;
mod layers;
mod order;
mod place;

use super::facts::{ComponentFact, Facts, Saturation};
use super::figures::{count, number, rate, share};
use super::words::tame;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::BTreeMap;

/// Parties drawn; those with the least traffic are left out beyond this.
const PARTIES_MAX: usize = 60;

/// A client or a component.
#[derive(Clone, Debug)]
struct Party {
    name: String,
    kind: String,
    /// What it was doing, in a few words.
    state: String,
    /// `None` for clients.
    saturation: Option<Saturation>,
    /// Calls from and to it, for leaving out the least important.
    calls: u64,
}

/// Calls from one party to another, over all operations.
#[derive(Clone, Debug, Default)]
struct Arrow {
    calls: u64,
    calls_per_sec: f64,
    attempts: u64,
    ok: u64,
    bad: u64,
    pool_timeouts: u64,
}

impl Arrow {
    fn bad_share(&self) -> f64 {
        if self.bad + self.ok > 0 { self.bad as f64 / (self.bad + self.ok) as f64 } else { 0.0 }
    }

    fn is_troubled(&self) -> bool {
        let pool = self.pool_timeouts as f64 / self.calls.max(1) as f64;
        self.bad_share() >= 0.001 || pool >= 0.001
    }

    /// What stands above it: calls per second.
    fn label(&self) -> String {
        rate(self.calls_per_sec)
    }

    /// What stands below it: the share of attempts that failed, if that is not negligible.
    fn trouble(&self) -> Option<String> {
        (self.bad_share() >= 0.001).then(|| format!("✗{}", brief(self.bad_share())))
    }

    fn detail(&self) -> String {
        format!(
            "{} calls, {} attempts, {} failed ({}), {} pool timeouts",
            count(self.calls),
            count(self.attempts),
            count(self.bad),
            share(self.bad_share()),
            count(self.pool_timeouts),
        )
    }
}

/// A share in few characters.
fn brief(share: f64) -> String {
    if share >= 0.1 { format!("{:.0}%", share * 100.0) } else { format!("{:.1}%", share * 100.0) }
}

/// A drawn topology.
pub(super) struct Picture {
    /// An `<svg>` element.
    pub(super) svg: String,
    /// Components not drawn, because nobody called them or there are too many.
    pub(super) left_out: Vec<String>,
}

/// The picture; `None` when nobody called anybody.
pub(super) fn picture(facts: &Facts<'_>) -> Option<Picture> {
    let (graph, left_out) = trimmed(&graph(facts));
    if graph.edge_count() == 0 {
        return None;
    }
    let layers = layers::assign(&graph, |party| graph[party].saturation.is_none());
    let grid = order::Grid::new(&graph, &layers);
    Some(Picture { svg: draw::draw(&graph, &layers, &grid), left_out })
}

fn graph(facts: &Facts<'_>) -> DiGraph<Party, Arrow> {
    let mut graph = DiGraph::new();
    let mut indices: BTreeMap<&str, NodeIndex> = BTreeMap::new();
    for client in facts.traffic.iter().map(|fact| fact.traffic.client.as_str()) {
        indices.entry(client).or_insert_with(|| graph.add_node(client_party(client)));
    }
    for fact in &facts.components {
        let component = fact.component;
        let party = Party {
            name: tame(&component.name),
            kind: tame(&component.kind),
            state: state(fact),
            saturation: Some(fact.saturation),
            calls: 0,
        };
        indices.entry(component.name.as_str()).or_insert_with(|| graph.add_node(party));
    }
    for fact in &facts.edges {
        let mut index = |name| *indices.entry(name).or_insert_with(|| graph.add_node(client_party(name)));
        let (from, to) = (index(fact.edge.caller.as_str()), index(fact.edge.target.as_str()));
        [from, to].iter().for_each(|party| graph[*party].calls += fact.total.calls);
        let arrow = graph.find_edge(from, to).unwrap_or_else(|| graph.add_edge(from, to, Arrow::default()));
        let arrow = &mut graph[arrow];
        arrow.calls += fact.total.calls;
        arrow.calls_per_sec += fact.calls_per_sec;
        arrow.attempts += fact.total.attempts;
        arrow.ok += fact.total.answered_ok;
        arrow.bad += fact.bad();
        arrow.pool_timeouts += fact.total.pool_timeouts;
    }
    graph
}

/// `85% busy q 21` or, where requests were refused, `85% busy ✗900`.
fn state(fact: &ComponentFact<'_>) -> String {
    let mut parts = Vec::new();
    parts.extend(fact.utilization_worst.map(|worst| format!("{:.0}% busy", worst * 100.0)));
    if fact.rejected() > 0 {
        parts.push(format!("✗{}", count(fact.rejected())));
    } else if fact.queue_worst >= 0.05 {
        parts.push(format!("q {}", brief_number(fact.queue_worst)));
    }
    parts.join(" ")
}

fn brief_number(value: f64) -> String {
    if value < 10.0 { format!("{value:.1}") } else { number(value.round()) }
}

fn client_party(name: &str) -> Party {
    Party { name: tame(name), kind: "client".to_owned(), state: String::new(), saturation: None, calls: 0 }
}

/// Without parties that have no arrows, and without the least busy ones when there are too many.
fn trimmed(graph: &DiGraph<Party, Arrow>) -> (DiGraph<Party, Arrow>, Vec<String>) {
    let mut ranked: Vec<NodeIndex> =
        graph.node_indices().filter(|party| graph.neighbors_undirected(*party).next().is_some()).collect();
    ranked.sort_by_key(|party| std::cmp::Reverse(graph[*party].calls));
    ranked.truncate(PARTIES_MAX);
    let kept = graph.filter_map(
        |party, weight| ranked.contains(&party).then(|| weight.clone()),
        |_, arrow| Some(arrow.clone()),
    );
    let left_out = graph
        .node_indices()
        .filter(|party| !ranked.contains(party) && graph[*party].saturation.is_some())
        .map(|party| graph[party].name.clone());
    (kept, left_out.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn every_component_that_is_called_is_drawn_with_its_calls() {
        let outcome = sample::outcome();
        let sheet = sample::sheet(&outcome, &[]);
        let picture = picture(&Facts::new(&sheet)).unwrap();
        for component in &outcome.components {
            assert!(picture.svg.contains(&format!(">{}<", component.name)), "{} is missing", component.name);
        }
        assert!(picture.svg.contains("✗") && picture.svg.contains("troubled"));
        assert!(picture.left_out.is_empty());
    }

    #[test]
    fn components_without_calls_are_named_instead_of_drawn() {
        let mut outcome = sample::outcome();
        outcome.edges.retain(|edge| edge.target != "redis");
        let sheet = sample::sheet(&outcome, &[]);
        assert_eq!(picture(&Facts::new(&sheet)).unwrap().left_out, ["redis"]);
        outcome.edges.clear();
        let sheet = sample::sheet(&outcome, &[]);
        assert!(picture(&Facts::new(&sheet)).is_none());
    }
}
