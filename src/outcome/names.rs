//! What names answered.

use serde::{Deserialize, Serialize};

/// One name that callers resolve.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct NameOutcome {
    /// Its name.
    pub name: String,
    /// Components that it may stand for, in the plan's order.
    pub targets: Vec<String>,
    /// What happened, by slot.
    pub slots: Vec<NameSlot>,
}

/// One name in one slot. Resolvers were asked `lookups + remembered` times, which is the sum of what they said:
/// `missing`, `unanswered` and all `answers`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameSlot {
    /// Times that a resolver had to ask, because it remembered nothing.
    pub lookups: u64,
    /// Times that a resolver remembered an answer.
    pub remembered: u64,
    /// Of these, with another answer than the name's own servers would have given.
    pub stale: u64,
    /// Answers that there is no such name, remembered ones included.
    pub missing: u64,
    /// Look-ups to which no answer came.
    pub unanswered: u64,
    /// Answers by target.
    pub answers: Vec<u64>,
}

impl NameSlot {
    /// Times that resolvers were asked.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.lookups + self.remembered
    }

    /// Notes an answer: a target by its place, or that there is no such name.
    pub fn note(&mut self, answer: Option<u32>) {
        let Some(answer) = answer else {
            self.missing += 1;
            return;
        };
        let answer = answer as usize;
        self.answers.resize(self.answers.len().max(answer + 1), 0);
        self.answers[answer] += 1;
    }

    /// Adds what happened in another slot.
    pub fn add(&mut self, other: &Self) {
        self.lookups += other.lookups;
        self.remembered += other.remembered;
        self.stale += other.stale;
        self.missing += other.missing;
        self.unanswered += other.unanswered;
        self.answers.resize(self.answers.len().max(other.answers.len()), 0);
        self.answers.iter_mut().zip(&other.answers).for_each(|(mine, theirs)| *mine += theirs);
    }
}
