//! What the formats say, worked out once from the outcome: totals over slots,
//! rates, rankings. No text and no layout here.

mod caching;
mod components;
mod edges;
mod findings;
mod merge;
mod messages;
mod names;
mod replications;
mod sessions;
mod timeline;
mod traffic;

pub(super) use components::{ComponentFact, Saturation};
pub(super) use edges::EdgeFact;
pub(super) use findings::findings;
pub(super) use messages::{BrokerFact, MarkFact};
pub(super) use names::NameFact;
pub(super) use replications::{CONFIDENCE, Headline, Spread};
pub(super) use sessions::{HubFact, PopulationFact};
pub(super) use timeline::{Happening, HappeningKind, depth, timeline};
pub(super) use traffic::{TrafficFact, answered, availability, availability_bounds, failed, worst_blame};

use super::Sheet;
use crate::outcome::{ConservationCheck, Outcome, Phase};
use crate::verdict::Verdict;

/// A sheet with everything the formats need worked out.
pub(super) struct Facts<'a> {
    pub(super) sheet: &'a Sheet<'a>,
    /// The worst verdict; `None` without expectations.
    pub(super) verdict: Option<Verdict>,
    /// All slots together.
    pub(super) whole: Part,
    /// Slots by where they lie relative to the faults, in that order.
    pub(super) parts: Vec<Part>,
    pub(super) traffic: Vec<TrafficFact<'a>>,
    /// In the topology's order.
    pub(super) components: Vec<ComponentFact<'a>>,
    pub(super) edges: Vec<EdgeFact<'a>>,
    /// What users got over all replications; empty for a single run.
    pub(super) headlines: Vec<Headline>,
    pub(super) brokers: Vec<BrokerFact<'a>>,
    pub(super) marks: Vec<MarkFact<'a>>,
    pub(super) names: Vec<NameFact<'a>>,
    pub(super) populations: Vec<PopulationFact<'a>>,
    pub(super) hubs: Vec<HubFact<'a>>,
}

/// Some slots of the run.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) phase: Phase,
    pub(super) recovered: bool,
    pub(super) slots: Vec<usize>,
    /// Time spent in them.
    pub(super) seconds: f64,
}

impl Part {
    /// As readers call it in a run with `outcome`.
    pub(super) fn name(&self, outcome: &Outcome) -> String {
        let phase = super::words::phase(self.phase, outcome);
        if self.recovered { format!("{phase}, recovered") } else { phase.to_owned() }
    }

    /// In one word, for the head of a column.
    pub(super) fn short_name(&self, outcome: &Outcome) -> &'static str {
        match self.phase {
            _ if self.recovered => "recovered",
            Phase::Before if outcome.faults.is_empty() => "all",
            Phase::Before => "before",
            Phase::During => "during",
            Phase::Between => "between",
            Phase::After => "after",
        }
    }

    /// `count` per second of this part; 0 for a part without time.
    pub(super) fn per_sec(&self, count: u64) -> f64 {
        if self.seconds > 0.0 { count as f64 / self.seconds } else { 0.0 }
    }
}

impl<'a> Facts<'a> {
    pub(super) fn new(sheet: &'a Sheet<'a>) -> Self {
        let outcome = sheet.outcome;
        let (whole, parts) = (whole(outcome), parts(outcome));
        Self {
            sheet,
            verdict: sheet.judgements.iter().map(|judgement| judgement.verdict).max(),
            traffic: outcome.traffic.iter().map(|t| TrafficFact::new(t, &whole, &parts)).collect(),
            components: outcome.components.iter().map(|c| ComponentFact::new(c, &whole, &parts)).collect(),
            edges: outcome.edges.iter().map(|e| EdgeFact::new(e, &whole)).collect(),
            headlines: replications::headlines(outcome, sheet.others),
            brokers: messages::in_use(outcome, &whole),
            marks: outcome.messages.marks.iter().map(|m| MarkFact::new(m, &whole)).collect(),
            names: names::in_use(outcome, &whole),
            populations: outcome
                .sessions
                .populations
                .iter()
                .map(|p| PopulationFact::new(p, &whole))
                .collect(),
            hubs: outcome.sessions.hubs.iter().map(|h| HubFact::new(h, &whole)).collect(),
            whole,
            parts,
        }
    }

    pub(super) fn outcome(&self) -> &'a Outcome {
        self.sheet.outcome
    }

    /// How many runs of the scenario there are.
    pub(super) fn replications(&self) -> usize {
        1 + self.sheet.others.len()
    }

    /// One line that says which replication is shown, and how many were stopped early; nothing for a single run.
    pub(super) fn replications_note(&self) -> Option<String> {
        let count = self.replications();
        if count == 1 {
            return None;
        }
        let all = std::iter::once(self.outcome()).chain(self.sheet.others);
        let stopped = all.filter(|outcome| outcome.truncated.is_some()).count();
        let stopped = if stopped > 0 { format!("; {stopped} of them stopped early") } else { String::new() };
        Some(format!(
            "{count} replications{stopped}. What says so is over all of them; everything else shows the first, seed {}.",
            self.outcome().seed
        ))
    }

    /// How many expectations came out so.
    pub(super) fn judged(&self, verdict: Verdict) -> usize {
        self.sheet.judgements.iter().filter(|judgement| judgement.verdict == verdict).count()
    }

    /// Components, the one closest to its limit in any part of the run first.
    pub(super) fn busiest(&self) -> Vec<&ComponentFact<'a>> {
        let mut ranked: Vec<_> = self.components.iter().collect();
        ranked.sort_by(|a, b| {
            let key = |c: &ComponentFact<'_>| (c.utilization_worst.unwrap_or(-1.0), c.queue_mean);
            let ((a_busy, a_queue), (b_busy, b_queue)) = (key(a), key(b));
            b_busy.total_cmp(&a_busy).then(b_queue.total_cmp(&a_queue))
        });
        ranked
    }

    /// Laws that did not hold.
    pub(super) fn broken_laws(&self) -> Vec<&'a ConservationCheck> {
        self.outcome().conservation.iter().filter(|check| !check.holds()).collect()
    }

    /// One line on how the expectations came out.
    pub(super) fn headline(&self) -> String {
        let total = self.sheet.judgements.len();
        let (failed, unsure) = (self.judged(Verdict::Fail), self.judged(Verdict::Inconclusive));
        match self.verdict {
            None => "nothing was promised".to_owned(),
            Some(Verdict::Pass) if total == 1 => "the expectation was kept".to_owned(),
            Some(Verdict::Pass) => format!("all {total} expectations kept"),
            Some(_) => {
                let mut text = format!("{failed} of {total} expectations failed");
                if unsure > 0 {
                    text.push_str(&format!(", {unsure} inconclusive"));
                }
                text
            }
        }
    }
}

fn whole(outcome: &Outcome) -> Part {
    let nanos: f64 = outcome.slots.iter().map(|slot| slot.time.0 as f64).sum();
    let slots = (0..outcome.slots.len()).collect();
    Part { phase: Phase::Before, recovered: false, slots, seconds: nanos / 1e9 }
}

fn parts(outcome: &Outcome) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for (index, slot) in outcome.slots.iter().enumerate() {
        let same = |part: &&mut Part| part.phase == slot.phase && part.recovered == slot.recovered;
        match parts.iter_mut().find(same) {
            Some(part) => {
                part.slots.push(index);
                part.seconds += slot.time.as_secs_f64();
            }
            None => parts.push(Part {
                phase: slot.phase,
                recovered: slot.recovered,
                slots: vec![index],
                seconds: slot.time.as_secs_f64(),
            }),
        }
    }
    parts.sort_by_key(|part| (part.phase, part.recovered));
    parts
}

/// `part / whole`, or nothing to say when `whole` is 0.
fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}
