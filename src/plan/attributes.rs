//! Attributes of requests, amounts and conditions over them, and the steps that use them.

use super::codes;
use super::context::{At, Context};
use super::directory::{Directory, check_names};
use super::model::{Amount, Attribute, AttributeId, Comparison, Condition, Operand, Step, Value};
use super::steps::{List, Salts, StepBuilder};
use crate::spec::amount::{AmountExpr, Relation, parse_amount, parse_condition};
use crate::spec::law::LawUnit;
use crate::spec::raw::RawIf;
use crate::spec::scalar::{AmountText, ConditionText, ValueText};
use indexmap::IndexMap;

/// Names that amounts give a meaning of their own.
const TIME: &str = "time";
const CLOCK_OFFSET: &str = "clock-offset";
/// Most attributes: every request in progress carries all of them.
const ATTRIBUTES_MAX: usize = 64;

/// All attributes, in order.
pub(super) fn resolve_attributes(cx: &mut Context<'_>, directory: &Directory) -> Vec<Attribute> {
    let at = At::topology("attributes");
    let raw = &cx.input.topology.attributes;
    check_names(cx, &at, raw.keys());
    if raw.len() > ATTRIBUTES_MAX {
        let message = format!("there are {} attributes, more than {ATTRIBUTES_MAX}", raw.len());
        cx.error(codes::TOO_BIG, &at, message, "every request in progress carries all of them");
    }
    let mut attributes: Vec<Attribute> = Vec::with_capacity(raw.len());
    for (name, text) in raw {
        let at = at.key(name);
        if [TIME, CLOCK_OFFSET].contains(&name.as_str()) {
            let message = format!("`{name}` has a meaning of its own in amounts");
            cx.error(codes::BAD_NAME, &at, message, "choose another name");
        }
        let value = value(cx, directory, &at, text).unwrap_or(Value::Amount(Amount::default()));
        if let Value::Amount(amount) = &value {
            check_earlier(cx, &at, amount, attributes.len());
        }
        attributes.push(Attribute { name: name.clone(), value });
    }
    attributes
}

/// An attribute may depend on those before it only, so that all have a value.
fn check_earlier(cx: &mut Context<'_>, at: &At, amount: &Amount, own: AttributeId) {
    let is_later = |(_, operand): &(f64, Operand)| match operand {
        Operand::Attribute(id) => *id >= own,
        Operand::Time | Operand::ClockOffset => false,
    };
    if amount.terms.iter().any(is_later) {
        let message = "an attribute may depend only on those before it";
        cx.error(codes::CONTRADICTION, at, message, "change the order of the attributes");
    }
}

/// What requests of one load carry instead of the attributes' own values.
pub(super) fn attributes_of_load(
    cx: &mut Context<'_>,
    directory: &Directory,
    at: &At,
    raw: &IndexMap<String, ValueText>,
) -> Vec<(AttributeId, Value)> {
    let mut values = Vec::with_capacity(raw.len());
    for (name, text) in raw {
        let at = at.key(name);
        let id = attribute(cx, directory, &at, name);
        let value = value(cx, directory, &at, text);
        if let (Some(id), Some(Value::Amount(amount))) = (id, &value) {
            check_earlier(cx, &at, amount, id);
        }
        values.extend(id.zip(value));
    }
    values.sort_by_key(|(id, _)| *id);
    values
}

fn attribute(cx: &mut Context<'_>, directory: &Directory, at: &At, name: &str) -> Option<AttributeId> {
    let found = directory.attributes.get_index_of(name);
    if found.is_none() {
        cx.unknown(at, "attribute", name, directory.attributes.iter().map(String::as_str));
    }
    found
}

/// An amount, or a law of counts.
pub(super) fn value(cx: &mut Context<'_>, directory: &Directory, at: &At, text: &ValueText) -> Option<Value> {
    if text.as_str().contains('(') {
        return cx.law(at, text.as_str(), LawUnit::Count).map(Value::Drawn);
    }
    let expr = cx.value(at, parse_amount(text.as_str()))?;
    resolve_amount(cx, directory, at, &expr).map(Value::Amount)
}

/// A sum of numbers and attributes.
pub(super) fn amount(
    cx: &mut Context<'_>,
    directory: &Directory,
    at: &At,
    text: &AmountText,
) -> Option<Amount> {
    let expr = cx.value(at, parse_amount(text.as_str()))?;
    resolve_amount(cx, directory, at, &expr)
}

/// A comparison of two amounts.
pub(super) fn condition(
    cx: &mut Context<'_>,
    directory: &Directory,
    at: &At,
    text: &ConditionText,
) -> Option<Condition> {
    let expr = cx.value(at, parse_condition(text.as_str()))?;
    let difference = resolve_amount(cx, directory, at, &expr.difference)?;
    if difference.constant().is_some() {
        let message = "the condition depends on no attribute, so it always or never holds";
        cx.warning(codes::NO_EFFECT, at, message, "");
    }
    let comparison = match expr.relation {
        Relation::Less => Comparison::Less,
        Relation::LessOrEqual => Comparison::LessOrEqual,
        Relation::Greater => Comparison::Greater,
        Relation::GreaterOrEqual => Comparison::GreaterOrEqual,
    };
    Some(Condition { difference, comparison })
}

fn resolve_amount(cx: &mut Context<'_>, directory: &Directory, at: &At, expr: &AmountExpr) -> Option<Amount> {
    let mut terms = Vec::with_capacity(expr.terms.len());
    for (factor, name) in &expr.terms {
        let operand = match name.as_str() {
            TIME => Operand::Time,
            CLOCK_OFFSET => Operand::ClockOffset,
            name => Operand::Attribute(attribute(cx, directory, at, name)?),
        };
        terms.push((*factor, operand));
    }
    Some(Amount { constant: expr.constant, terms })
}

impl StepBuilder<'_, '_> {
    /// The attribute with this name, or a complaint.
    pub(super) fn attribute(&mut self, at: &At, name: &str) -> Option<AttributeId> {
        attribute(self.cx, self.directory, at, name)
    }

    /// One of two lists, by a condition.
    pub(super) fn branch_if(&mut self, at: &At, raw: &RawIf, list: &List, salts: &mut Salts) -> Option<Step> {
        let salt = salts.next(list, "if");
        let condition = condition(self.cx, self.directory, &at.key("when"), &raw.when);
        let then = self.list(&raw.steps, &list.branch(at.key("do"), &salt, 0));
        let otherwise = self.list(&raw.otherwise, &list.branch(at.key("else"), &salt, 1));
        if raw.steps.is_empty() && raw.otherwise.is_empty() {
            self.cx.error(codes::MISSING, at, "`if` has neither `do` nor `else`", "say what to do");
        }
        Some(Step::If { condition: condition?, then, otherwise })
    }

    /// New values of attributes.
    pub(super) fn set(
        &mut self,
        at: &At,
        raw: &IndexMap<String, ValueText>,
        list: &List,
        salts: &mut Salts,
    ) -> Option<Step> {
        let salt = salts.next(list, "set");
        let mut changes = Vec::with_capacity(raw.len());
        for (name, text) in raw {
            let at = at.key(name);
            let id = attribute(self.cx, self.directory, &at, name);
            let value = value(self.cx, self.directory, &at, text);
            changes.extend(id.zip(value));
        }
        Some(Step::Set { salt, changes })
    }
}
