//! What requests carry, amounts that follow from it, and language models.

use super::Comparison;
use crate::dist::Law;

/// Index into [`super::Plan::attributes`].
pub type AttributeId = usize;

/// A number that every request carries, drawn once when it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// Name in the file; the salt of its draws.
    pub name: String,
    /// How it is drawn.
    pub value: Value,
}

/// A number that a step needs.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Follows from the request's attributes.
    Amount(Amount),
    /// Drawn anew each time.
    Drawn(Law),
}

/// A sum of a constant and of operands with factors; below zero it counts as zero where units are counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Amount {
    /// What depends on nothing.
    pub constant: f64,
    /// `(factor, operand)`.
    pub terms: Vec<(f64, Operand)>,
}

/// Something whose value is known when an amount is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// An attribute of the request.
    Attribute(AttributeId),
    /// Seconds since the start of the run, by the clock of the replica that asks.
    Time,
    /// Seconds that the clock of the replica that asks is ahead.
    ClockOffset,
}

impl From<f64> for Amount {
    fn from(constant: f64) -> Self {
        Self { constant, terms: Vec::new() }
    }
}

impl Amount {
    /// The value, if it is always the same.
    #[must_use]
    pub fn constant(&self) -> Option<f64> {
        self.terms.is_empty().then_some(self.constant)
    }
}

/// A comparison of an amount with zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Left side minus right side.
    pub difference: Amount,
    /// How it compares with zero when the condition holds.
    pub comparison: Comparison,
}

/// A language model: time to answer = prompt / prefill + output / decode, on shared cores if it has some.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Tokens of prompt and output that it holds; `None` is unlimited.
    pub window: Option<u64>,
    /// Prompt tokens read per second, alone on a replica.
    pub prefill_per_sec: f64,
    /// Tokens written per second, alone on a replica.
    pub decode_per_sec: f64,
    /// Share of answers without the form asked for, 0..=1.
    pub malformed: f64,
    /// Share of answers wrong in a way that nobody notices, 0..=1.
    pub wrong: f64,
    /// Meter of tokens read, among the component's.
    pub input_meter: usize,
    /// Meter of tokens written, among the component's.
    pub output_meter: usize,
}

/// One answer of a language model.
#[derive(Clone, Debug, PartialEq)]
pub struct Generate {
    /// Address of its draws.
    pub salt: String,
    /// Tokens read.
    pub prompt: Value,
    /// Tokens written if nothing stops it.
    pub output: Value,
    /// Most tokens written; `None` is what the window leaves.
    pub output_max: Option<Amount>,
}

/// Something that is counted for the bill.
#[derive(Clone, Debug, PartialEq)]
pub struct Meter {
    /// Name in the file.
    pub name: String,
    /// US dollars per unit.
    pub price: f64,
}
