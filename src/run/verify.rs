//! Whether a run repeats, and where it does not.

use crate::kernel::{CHECKPOINT_EVERY, first_difference};
use crate::outcome::Outcome;
use crate::plan::{InputFile, Plan};
use crate::rng;
use crate::sim::{self, Flow, Options, Progress, Trace, TracedEvent};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// What one run leaves for a later one, elsewhere, to be compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoints {
    /// Version of the program that ran it.
    pub engine: String,
    /// The scenario's name.
    pub scenario: String,
    /// Files read, with fingerprints.
    pub inputs: Vec<InputFile>,
    /// Fingerprint, in hexadecimal, of what files and options together amount to.
    pub plan: String,
    /// Root of all its randomness.
    pub seed: u64,
    /// Events dispatched.
    pub events: u64,
    /// Digest after every [`CHECKPOINT_EVERY`] events, then the final one, in hexadecimal.
    pub digests: Vec<String>,
}

impl Checkpoints {
    fn of(plan: &Plan, outcome: &Outcome, trace: &Trace) -> Self {
        Self {
            plan: fingerprint(plan),
            engine: outcome.engine.clone(),
            scenario: outcome.scenario.clone(),
            inputs: outcome.inputs.clone(),
            seed: outcome.seed,
            events: outcome.events,
            digests: trace.checkpoints.iter().map(|digest| format!("{digest:016x}")).collect(),
        }
    }

    /// Whether two runs ought to be the same.
    ///
    /// # Errors
    /// What differs in what went into them.
    pub fn comparable(&self, other: &Self) -> Result<(), Incomparable> {
        if self.seed != other.seed {
            return Err(Incomparable(format!("the seeds differ: {} and {}", self.seed, other.seed)));
        }
        if self.plan != other.plan {
            let changed = self.inputs.iter().zip(&other.inputs).find(|(a, b)| a.fingerprint != b.fingerprint);
            let name = changed.map_or("an option or a kind", |(file, _)| file.path.as_str());
            return Err(Incomparable(format!("the inputs differ: {name} has changed")));
        }
        if self.engine != other.engine {
            let message = format!("the versions differ: {} and {}", self.engine, other.engine);
            return Err(Incomparable(message));
        }
        Ok(())
    }
}

/// Everything that decides a run, but for its seed: not how files are called or promises are worded.
fn fingerprint(plan: &Plan) -> String {
    let mut plan = Plan { inputs: Vec::new(), ..plan.clone() };
    for expectation in &mut plan.expectations {
        expectation.text.clear();
        expectation.location.clear();
    }
    format!("{:016x}", rng::name_hash(&format!("{plan:?}")))
}

/// Why two runs need not be the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Incomparable(pub String);

/// What a run was compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The same again in another thread.
    Again,
    /// The same with every timer in the heap.
    WithoutLanes,
    /// A run saved earlier.
    Saved,
}

impl Side {
    /// How it is called in a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Again => "a second run in another thread",
            Self::WithoutLanes => "a run without timer lanes",
            Self::Saved => "the saved run",
        }
    }
}

/// The first place in which two runs differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Divergence {
    /// What the run was compared with.
    pub side: Side,
    /// The events among which the first difference lies, counted from 1; the whole run when only
    /// its outcome differs.
    pub events: Range<u64>,
    /// The first event that differs, as the run has it; `None` if it ended before.
    pub here: Option<TracedEvent>,
    /// The same, as the other side has it; also `None` for a saved run, which keeps no events.
    pub there: Option<TracedEvent>,
}

/// What verifying found.
#[derive(Clone, Debug)]
pub struct Verification {
    /// The run.
    pub outcome: Outcome,
    /// What to save for later comparisons.
    pub checkpoints: Checkpoints,
    /// What it was compared with.
    pub compared: Vec<Side>,
    /// The differences; none if the run repeats.
    pub divergences: Vec<Divergence>,
}

/// Runs a plan three times (here, in another thread, and without timer lanes)
/// and compares every checkpoint and the whole outcome, and also with a saved run if there is one.
///
/// `watch` is told how far the first run has come; when it stops that one,
/// nothing is compared.
///
/// # Errors
/// When the saved run is of other inputs, another seed or another version.
pub fn verify(
    plan: &Plan,
    events_max: Option<u64>,
    saved: Option<&Checkpoints>,
    watch: &(dyn Fn(Progress) -> Flow + Sync),
) -> Result<Verification, Incomparable> {
    let play = |lanes: bool, record: Option<Range<u64>>| {
        let options = Options { lanes, events_max, record, ..Options::new(plan.seed) };
        sim::simulate(plan, &options, &mut |progress| watch(progress))
    };
    let (outcome, trace) = play(true, None);
    let checkpoints = Checkpoints::of(plan, &outcome, &trace);
    if let Some(saved) = saved {
        saved.comparable(&checkpoints)?;
    }
    let mut found = Verification { outcome, checkpoints, compared: Vec::new(), divergences: Vec::new() };
    if watch_stopped(&found.outcome) {
        return Ok(found);
    }
    let (again, without_lanes) = rayon::join(|| play(true, None), || play(false, None));
    for (side, lanes, other) in [(Side::Again, true, again), (Side::WithoutLanes, false, without_lanes)] {
        if watch_stopped(&other.0) {
            return Ok(found);
        }
        found.compared.push(side);
        let here = |block| play(true, Some(block)).1.events;
        let there = |block| play(lanes, Some(block)).1.events;
        let whole = (&found.outcome, &other.0);
        found.divergences.extend(diverge(side, &trace.checkpoints, &other.1.checkpoints, whole, here, there));
    }
    if let Some(saved) = saved {
        found.compared.push(Side::Saved);
        let here = |block| play(true, Some(block)).1.events;
        found.divergences.extend(diverge_saved(&found.checkpoints, saved, here));
    }
    Ok(found)
}

fn watch_stopped(outcome: &Outcome) -> bool {
    outcome
        .truncated
        .as_ref()
        .is_some_and(|truncation| truncation.bound == crate::outcome::Bound::Interrupted)
}

/// Finds the first difference of two runs that can both be played again.
fn diverge(
    side: Side,
    a: &[u64],
    b: &[u64],
    whole: (&Outcome, &Outcome),
    here: impl Fn(Range<u64>) -> Vec<TracedEvent>,
    there: impl Fn(Range<u64>) -> Vec<TracedEvent>,
) -> Option<Divergence> {
    let Some(block) = first_difference(a, b) else {
        let text = |outcome: &Outcome| serde_json::to_string(outcome).ok();
        let events = 1..whole.0.events.saturating_add(1);
        return (text(whole.0) != text(whole.1)).then_some(Divergence {
            side,
            events,
            here: None,
            there: None,
        });
    };
    let events = events_of(block);
    let (here, there) = (here(events.clone()), there(events.clone()));
    let at = here.iter().zip(&there).position(|(x, y)| x != y).unwrap_or(here.len().min(there.len()));
    Some(Divergence { side, events, here: here.get(at).cloned(), there: there.get(at).cloned() })
}

/// Finds the block in which a saved run first differs, and the event with which it begins here.
fn diverge_saved(
    run: &Checkpoints,
    saved: &Checkpoints,
    here: impl Fn(Range<u64>) -> Vec<TracedEvent>,
) -> Option<Divergence> {
    let differ = run.digests.iter().zip(&saved.digests).position(|(x, y)| x != y);
    let shorter = run.digests.len().min(saved.digests.len());
    let block = differ.or_else(|| (run.digests.len() != saved.digests.len()).then_some(shorter))?;
    let events = events_of(block);
    let first = here(events.start..events.start + 1).into_iter().next();
    Some(Divergence { side: Side::Saved, events, here: first, there: None })
}

/// The events of a block between two checkpoints.
fn events_of(block: usize) -> Range<u64> {
    let start = block as u64 * CHECKPOINT_EVERY + 1;
    start..start + CHECKPOINT_EVERY
}

#[cfg(test)]
mod tests {
    use super::super::tests::{long, mm1};
    use super::*;
    use crate::units::SimTime;

    fn event(number: u64, who: &str) -> TracedEvent {
        TracedEvent { number, at: SimTime(number * 10), phase: 1, who: who.to_owned(), identity: 7 }
    }

    #[test]
    fn the_same_plan_repeats_in_another_thread_and_without_lanes() {
        let found = verify(&mm1(), None, None, &|_| Flow::Continue).unwrap();
        assert_eq!(found.compared, [Side::Again, Side::WithoutLanes]);
        assert_eq!(found.divergences, []);
        let saved = found.checkpoints.clone();
        let found = verify(&mm1(), None, Some(&saved), &|_| Flow::Continue).unwrap();
        assert_eq!((found.compared.len(), found.divergences.len()), (3, 0));
    }

    #[test]
    fn the_first_event_that_differs_is_named_on_both_sides() {
        let outcome = verify(&mm1(), None, None, &|_| Flow::Continue).unwrap().outcome;
        let here = |block: Range<u64>| {
            assert_eq!(block, CHECKPOINT_EVERY + 1..2 * CHECKPOINT_EVERY + 1);
            vec![event(70_000, "app"), event(70_001, "app")]
        };
        let there = |_| vec![event(70_000, "app"), event(70_001, "db"), event(70_002, "db")];
        let got = diverge(Side::Again, &[1, 2, 3], &[1, 9, 8], (&outcome, &outcome), here, there).unwrap();
        assert_eq!((got.here, got.there), (Some(event(70_001, "app")), Some(event(70_001, "db"))));
    }

    #[test]
    fn a_run_that_ends_earlier_differs_where_it_ends() {
        let outcome = verify(&mm1(), None, None, &|_| Flow::Continue).unwrap().outcome;
        let got = diverge(
            Side::WithoutLanes,
            &[1],
            &[2],
            (&outcome, &outcome),
            |_| vec![event(1, "app")],
            |_| vec![event(1, "app"), event(2, "app")],
        )
        .unwrap();
        assert_eq!((got.here, got.there), (None, Some(event(2, "app"))));
    }

    #[test]
    fn equal_events_with_unequal_results_are_a_difference() {
        let outcome = verify(&mm1(), None, None, &|_| Flow::Continue).unwrap().outcome;
        let mut other = outcome.clone();
        other.slots[0].time.0 += 1;
        let never = |_| unreachable!("nothing is played again");
        let got = diverge(Side::Again, &[1], &[1], (&outcome, &other), never, never).unwrap();
        assert_eq!(got.events, 1..outcome.events + 1);
    }

    #[test]
    fn a_saved_run_that_differs_names_the_block_and_other_inputs_are_refused() {
        let plan = long();
        let found = verify(&plan, None, None, &|_| Flow::Continue).unwrap();
        assert!(found.checkpoints.digests.len() > 2);
        let mut saved = found.checkpoints.clone();
        saved.digests[1] = "0".repeat(16);
        let found = verify(&plan, None, Some(&saved), &|_| Flow::Continue).unwrap();
        let [divergence] = found.divergences.as_slice() else { panic!("{:?}", found.divergences) };
        assert_eq!(divergence.events.start, CHECKPOINT_EVERY + 1);
        assert_eq!(divergence.here.as_ref().unwrap().number, CHECKPOINT_EVERY + 1);
        for change in [
            Checkpoints { seed: 99, ..saved.clone() },
            Checkpoints { engine: "0.0.0".into(), ..saved.clone() },
            Checkpoints { plan: "0".repeat(16), ..saved.clone() },
        ] {
            assert!(verify(&plan, None, Some(&change), &|_| Flow::Continue).is_err());
        }
    }
}
