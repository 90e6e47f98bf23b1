//! What language models did, and what was counted for the bill.

use crate::stats::Histogram;
use serde::{Deserialize, Serialize};

/// One language model in one slot. What passes an answer on as it comes has first tokens only.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ModelSlot {
    /// Answers written, those that were cut included.
    pub generations: u64,
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Requests refused because they did not fit into the window.
    pub overflowed: u64,
    /// Answers that broke after a part.
    pub cut: u64,
    /// Answers without the form asked for.
    pub malformed: u64,
    /// Answers wrong in a way that nobody notices.
    pub wrong: u64,
    /// Arrival at the component to the first token sent.
    pub first_token: Histogram,
    /// Time per token written, one value per answer.
    pub token_time: Histogram,
}

/// A meter of one operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeterOutcome {
    /// Its name.
    pub name: String,
    /// US dollars per unit.
    pub price: f64,
    /// Units, by slot.
    pub usage: Vec<f64>,
}

impl MeterOutcome {
    /// US dollars in some slots.
    #[must_use]
    pub fn cost(&self, slots: &[usize]) -> f64 {
        slots.iter().filter_map(|slot| self.usage.get(*slot)).sum::<f64>() * self.price
    }
}
