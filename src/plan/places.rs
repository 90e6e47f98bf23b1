//! Places, links between them, and key spaces.

use super::codes;
use super::context::{At, Context};
use super::directory::Directory;
use super::model::{Entity, Link, Place, PlaceId, Popularity};
use crate::spec::law::parse_popularity;
use crate::spec::raw::{RawEntity, RawLink};
use crate::spec::scalar::ShareText;
use crate::units::SimSpan;
use std::collections::BTreeSet;

/// Size of a cached value whose entity states none.
const ENTITY_BYTES_DEFAULT: u64 = 1024;
/// Largest population: keys are drawn from 53 bits and need some left for evenness.
const POPULATION_MAX: u64 = 1 << 48;
/// Delay until a lost message is sent again, if the file states none: the
/// usual lower bound of a TCP retransmission timer.
pub(super) const RETRANSMIT_DEFAULT: SimSpan = SimSpan::from_millis(200);

/// All places.
pub(super) fn resolve_places(directory: &Directory) -> Vec<Place> {
    let zones = |name: &String| directory.zones.get(name).copied().unwrap_or(1);
    directory.places.iter().map(|name| Place { name: name.clone(), zones: zones(name) }).collect()
}

/// Links, and whether every one that the file states is there.
#[derive(Default)]
pub(super) struct Links {
    /// Directed links.
    pub(super) list: Vec<Link>,
    /// Whether some were left out because of a mistake.
    pub(super) is_partial: bool,
}

/// All directed links, `between` both ways, then `same-place` for each place.
pub(super) fn resolve_links(cx: &mut Context<'_>, directory: &Directory) -> Links {
    let Some(network) = &cx.input.topology.network else { return Links::default() };
    let at = At::topology("network");
    let mut links: Vec<Link> = Vec::new();
    let mut is_partial = false;
    let mut seen = BTreeSet::new();
    for (index, raw) in network.links.iter().enumerate() {
        let at = at.key("links").index(index);
        let (Some(ends), Some(link)) = (link_ends(cx, &at, raw, directory), link(cx, &at, raw)) else {
            is_partial = true;
            continue;
        };
        for (from, to) in ends {
            if !seen.insert((from, to)) {
                let message = format!(
                    "there is already a link from {} to {}",
                    directory.places[from], directory.places[to]
                );
                cx.error(codes::DUPLICATE, &at, message, "`between` makes a link each way");
            }
            links.push(Link { from, to, ..link.clone() });
        }
    }
    if let Some(latency) = cx.time_law_opt(&at.key("same-place"), network.same_place.as_ref()) {
        for place in 0..directory.places.len() {
            if !seen.contains(&(place, place)) {
                links.push(Link { latency: Some(latency.clone()), ..free_link(place, place) });
            }
        }
    }
    Links { list: links, is_partial }
}

fn free_link(from: PlaceId, to: PlaceId) -> Link {
    Link { from, to, latency: None, bandwidth: None, loss: 0.0, retransmit: RETRANSMIT_DEFAULT }
}

fn link_ends(
    cx: &mut Context<'_>,
    at: &At,
    raw: &RawLink,
    directory: &Directory,
) -> Option<Vec<(PlaceId, PlaceId)>> {
    match (&raw.between, &raw.from, &raw.to) {
        (Some([a, b]), None, None) => {
            let first = directory.place(cx, &at.key("between").index(0), a);
            let second = directory.place(cx, &at.key("between").index(1), b);
            let (a, b) = (first?, second?);
            Some(if a == b { vec![(a, b)] } else { vec![(a, b), (b, a)] })
        }
        (None, Some(from), Some(to)) => {
            let start = directory.place(cx, &at.key("from"), from);
            let end = directory.place(cx, &at.key("to"), to);
            Some(vec![(start?, end?)])
        }
        _ => {
            let message = "a link has either `between` or both `from` and `to`";
            cx.error(
                codes::CONTRADICTION,
                at,
                message,
                "write `between: [a, b]` for a link that is the same both ways",
            );
            None
        }
    }
}

fn link(cx: &mut Context<'_>, at: &At, raw: &RawLink) -> Option<Link> {
    let mut link = free_link(0, 0);
    link.latency = cx.time_law_opt(&at.key("latency"), raw.latency.as_ref());
    link.bandwidth = raw.bandwidth.as_ref().and_then(|text| cx.bandwidth(&at.key("bandwidth"), text));
    if let Some(text) = &raw.loss {
        link.loss = loss(cx, &at.key("loss"), text)?;
    }
    if let Some(text) = &raw.retransmit {
        link.retransmit = cx.span_above_zero(&at.key("retransmit"), "`retransmit`", text)?;
    }
    Some(link)
}

/// A probability of loss: below 1, because a message that is always lost never arrives.
pub(super) fn loss(cx: &mut Context<'_>, at: &At, text: &ShareText) -> Option<f64> {
    let loss = cx.share(at, text)?;
    if loss < 1.0 {
        return Some(loss);
    }
    cx.error(codes::OUT_OF_RANGE, at, "`loss` must be below 100%", "a `partition` fault loses every message");
    None
}

/// All key spaces.
pub(super) fn resolve_entities(cx: &mut Context<'_>) -> Vec<Entity> {
    let raw = &cx.input.topology.entities;
    raw.iter().map(|(name, raw)| entity(cx, name, raw).unwrap_or_else(|| placeholder(name))).collect()
}

/// Keeps the other entities' indices right after a complaint.
fn placeholder(name: &str) -> Entity {
    Entity { name: name.to_owned(), population: 1, popularity: Popularity::Uniform, bytes: 1 }
}

fn entity(cx: &mut Context<'_>, name: &str, raw: &RawEntity) -> Option<Entity> {
    let at = At::topology("entities").key(name);
    let population = cx
        .count(&at.key("population"), "`population`", &raw.population)
        .and_then(|count| cx.within(&at.key("population"), "`population`", count, 1..=POPULATION_MAX));
    let popularity = match &raw.popularity {
        None => Some(Popularity::Uniform),
        Some(text) => cx.value(&at.key("popularity"), parse_popularity(text.as_str())),
    };
    let bytes = match &raw.bytes {
        None => Some(ENTITY_BYTES_DEFAULT),
        Some(text) => cx.bytes(&at.key("bytes"), text),
    };
    let bytes = bytes.and_then(|bytes| cx.within(&at.key("bytes"), "`bytes`", bytes, 1..=u64::MAX));
    let (population, popularity, bytes) = (population?, popularity?, bytes?);
    check_popularity(cx, &at.key("popularity"), &popularity, population)?;
    Some(Entity { name: name.to_owned(), population, popularity, bytes })
}

fn check_popularity(cx: &mut Context<'_>, at: &At, popularity: &Popularity, population: u64) -> Option<()> {
    match popularity {
        Popularity::HotSet { hot, .. } => {
            cx.within(at, "the number of hot keys", *hot, 1..=population).map(|_| ())
        }
        Popularity::Uniform | Popularity::Zipf { .. } => Some(()),
    }
}
