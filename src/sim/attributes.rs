//! What requests carry: attributes, amounts and conditions over them.
//!
//! Every frame has a row of numbers beside it, one per attribute. A called
//! frame and a branch begin with a copy of their parent's row; a branch that
//! its parent waits for gives it back. So a change reaches the steps and calls
//! that follow, and never the caller, whose request may long have gone on.

use super::engine::Engine;
use super::tables::{NONE, Tables};
use super::trouble::Trouble;
use crate::dist::Sampler;
use crate::plan::{Amount, Comparison, Operand, Value};
use crate::rng;
use crate::units::NANOS_PER_SEC;

/// Largest value of an attribute, either way: no sum of them can leave the numbers.
const VALUE_MAX: f64 = 1e18;

/// A compiled amount: a constant and a range of terms.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AmountRule {
    pub(super) constant: f64,
    first: u32,
    count: u32,
}

impl AmountRule {
    pub(super) const ONE: Self = Self { constant: 1.0, first: 0, count: 0 };
}

/// A compiled value.
#[derive(Clone, Debug)]
pub(super) enum ValueRule {
    Amount(AmountRule),
    Drawn(Sampler),
}

/// Everything that amounts are made of.
#[derive(Clone, Debug, Default)]
pub(super) struct AttributeTables {
    /// Attributes of every request.
    pub(super) count: usize,
    /// How they come about where no load says otherwise.
    pub(super) defaults: Vec<ValueRule>,
    /// Salts of their draws.
    pub(super) salts: Vec<u64>,
    terms: Vec<(f64, Operand)>,
    /// Conditions of `if` steps.
    pub(super) conditions: Vec<(AmountRule, Comparison)>,
    /// Amounts of `meter` steps.
    pub(super) amounts: Vec<AmountRule>,
    /// Changes of `set` steps: attribute and new value.
    pub(super) changes: Vec<(u32, ValueRule)>,
}

impl AttributeTables {
    pub(super) fn amount(&mut self, amount: &Amount) -> AmountRule {
        let first = self.terms.len() as u32;
        self.terms.extend(&amount.terms);
        AmountRule { constant: amount.constant, first, count: amount.terms.len() as u32 }
    }

    pub(super) fn value(&mut self, value: &Value) -> ValueRule {
        match value {
            Value::Amount(amount) => ValueRule::Amount(self.amount(amount)),
            Value::Drawn(law) => ValueRule::Drawn(Sampler::new(law)),
        }
    }
}

/// The rows of all frames.
#[derive(Clone, Debug, Default)]
pub(super) struct AttributeRows {
    width: usize,
    values: Vec<f64>,
}

impl AttributeRows {
    pub(super) fn new(width: usize) -> Self {
        Self { width, values: Vec::new() }
    }

    /// Makes room for so many rows.
    pub(super) fn fit_to(&mut self, rows: usize) {
        let wanted = rows * self.width;
        if self.values.len() < wanted {
            self.values.resize(wanted, 0.0);
        }
    }

    /// Copies a row of other rows.
    pub(super) fn copy_from(&mut self, other: &Self, from: u32, to: u32) {
        let (from, to) = (from as usize * self.width, to as usize * self.width);
        self.values[to..to + self.width].copy_from_slice(&other.values[from..from + self.width]);
    }

    fn get(&self, f: u32, attribute: usize) -> f64 {
        self.values[f as usize * self.width + attribute]
    }

    fn set(&mut self, f: u32, attribute: usize, value: f64) {
        self.values[f as usize * self.width + attribute] = value;
    }

    fn copy(&mut self, from: u32, to: u32) {
        let (from, to) = (from as usize * self.width, to as usize * self.width);
        self.values.copy_within(from..from + self.width, to);
    }
}

impl Engine<'_> {
    /// Draws what a new request of a load carries.
    #[inline(never)]
    pub(super) fn draw_attributes(&mut self, f: u32, load: u32) {
        self.draw_by(f, |t| &t.loads[load as usize].attributes);
    }

    /// Draws what a request of no load carries, such as a scheduled run or a probe.
    #[inline(never)]
    pub(super) fn draw_default_attributes(&mut self, f: u32) {
        self.draw_by(f, |t| &t.attributes.defaults);
    }

    fn draw_by(&mut self, f: u32, values: impl Fn(&Tables) -> &[ValueRule]) {
        self.attributes.fit_to(self.frames.len() as usize);
        for attribute in 0..self.t.attributes.count {
            let key = rng::key(self.frames[f].root, self.t.attributes.salts[attribute]);
            let value = match &values(&self.t)[attribute] {
                ValueRule::Amount(rule) => self.amount(f, *rule),
                ValueRule::Drawn(law) => law.sample(key),
            };
            self.attributes.set(f, attribute, bounded(value));
        }
    }

    /// Gives a called frame or a branch what its parent carries, or the other way round.
    #[inline(never)]
    pub(super) fn hand_attributes(&mut self, from: u32, to: u32) {
        self.attributes.fit_to(self.frames.len() as usize);
        self.attributes.copy(from, to);
    }

    /// What an amount comes to for a frame.
    #[inline]
    pub(super) fn amount(&self, f: u32, rule: AmountRule) -> f64 {
        if rule.count == 0 { rule.constant } else { self.sum(f, rule) }
    }

    #[inline(never)]
    fn sum(&self, f: u32, rule: AmountRule) -> f64 {
        let terms = &self.t.attributes.terms[rule.first as usize..(rule.first + rule.count) as usize];
        let sum = terms.iter().fold(rule.constant, |sum, (factor, operand)| {
            sum + factor
                * match operand {
                    Operand::Attribute(attribute) => self.attributes.get(f, *attribute),
                    Operand::Time => seconds(self.now as i64 + self.clock_offset(f)),
                    Operand::ClockOffset => seconds(self.clock_offset(f)),
                }
        });
        bounded(sum)
    }

    /// A value for a step of a frame; `salt` addresses its draw.
    pub(super) fn value(&self, f: u32, rule: &ValueRule, salt: u64) -> f64 {
        match rule {
            ValueRule::Amount(rule) => self.amount(f, *rule),
            ValueRule::Drawn(law) => law.sample(rng::key(self.frames[f].key, salt)),
        }
    }

    /// Gives an attribute a value.
    pub(super) fn note_attribute(&mut self, f: u32, attribute: u32, value: f64) {
        self.attributes.set(f, attribute as usize, bounded(value));
    }

    /// Whether a condition holds for a frame.
    pub(super) fn holds_true(&self, f: u32, condition: u32) -> bool {
        let (rule, comparison) = self.t.attributes.conditions[condition as usize];
        self.compares(f, rule, comparison)
    }

    /// Whether an amount compares with zero as it should.
    pub(super) fn compares(&self, f: u32, rule: AmountRule, comparison: Comparison) -> bool {
        let difference = self.amount(f, rule);
        match comparison {
            Comparison::Less => difference < 0.0,
            Comparison::LessOrEqual => difference <= 0.0,
            Comparison::Greater => difference > 0.0,
            Comparison::GreaterOrEqual => difference >= 0.0,
        }
    }

    /// Changes attributes for the steps and calls that follow.
    pub(super) fn set_attributes(&mut self, f: u32, first: u32, count: u32, salt: u64) {
        for change in first..first + count {
            let (attribute, rule) = &self.t.attributes.changes[change as usize];
            let value = self.value(f, rule, rng::nth(salt, u64::from(*attribute)));
            let attribute = *attribute as usize;
            self.attributes.set(f, attribute, bounded(value));
        }
    }

    /// Nanoseconds by which the clock of a frame's replica is ahead.
    pub(super) fn clock_offset(&self, f: u32) -> i64 {
        match self.frames[f].replica {
            NONE => 0,
            replica => self.replicas[replica as usize].clock_offset(),
        }
    }
}

impl Trouble {
    /// Nanoseconds by which the clock is ahead.
    pub(super) fn clock_offset(&self) -> i64 {
        self.clocks.iter().map(|(_, offset)| offset).sum()
    }
}

fn seconds(nanos: i64) -> f64 {
    nanos as f64 / NANOS_PER_SEC as f64
}

fn bounded(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value.clamp(-VALUE_MAX, VALUE_MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_numbers() {
        assert_eq!(bounded(f64::NAN), 0.0);
        assert_eq!(bounded(f64::INFINITY), VALUE_MAX);
        assert_eq!(bounded(-3.5), -3.5);
    }
}
