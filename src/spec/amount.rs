//! Amounts that depend on a request's attributes, conditions over them, and prices.
//!
//! An amount is a sum of numbers and attributes, each attribute perhaps times a
//! number: `prompt + 500`, `1.3 * prompt + completion`. Linear on purpose: it
//! can be evaluated without a tree and bounded by looking at it.

use crate::units::parse::{self, ParseError};

/// Most attributes in one amount.
const PARTS_MAX: usize = 16;
const AMOUNT_HELP: &str = "write numbers and attributes joined by ` + ` and ` - `, an attribute perhaps times a \
                           number, such as `prompt + 500` or `1.3 * prompt + completion`";

/// A sum of a number and of attributes with factors.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AmountExpr {
    /// What does not depend on any attribute.
    pub constant: f64,
    /// `(factor, attribute)`.
    pub terms: Vec<(f64, String)>,
}

/// How two amounts are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Below.
    Less,
    /// At or below.
    LessOrEqual,
    /// Above.
    Greater,
    /// At or above.
    GreaterOrEqual,
}

/// A comparison of an amount with zero.
#[derive(Clone, Debug, PartialEq)]
pub struct ConditionExpr {
    /// Left side minus right side, as written.
    pub difference: AmountExpr,
    /// How the two sides are compared.
    pub relation: Relation,
}

/// Reads an amount.
///
/// # Errors
/// Anything else, and sums of more than 16 attributes.
pub fn parse_amount(text: &str) -> Result<AmountExpr, ParseError> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let error = |message: String| ParseError::new(message, AMOUNT_HELP);
    if words.is_empty() {
        return Err(error("an empty text is no amount".to_owned()));
    }
    let mut amount = AmountExpr::default();
    let (mut sign, mut start) = (1.0, 0);
    for at in 0..=words.len() {
        let operator = words.get(at).copied().unwrap_or("+");
        if !matches!(operator, "+" | "-") {
            continue;
        }
        // A sign before the first part belongs to it.
        if at > 0 {
            let part = term(&words[start..at]);
            let (factor, name) = part.ok_or_else(|| error(format!("`{text}` is no amount")))?;
            match name {
                None => amount.constant += sign * factor,
                Some(name) => amount.terms.push((sign * factor, name.to_owned())),
            }
        }
        sign = if operator == "-" { -1.0 } else { 1.0 };
        start = at + 1;
    }
    if amount.terms.len() > PARTS_MAX {
        return Err(error(format!("`{text}` has more than {PARTS_MAX} attributes")));
    }
    if !amount.constant.is_finite() {
        return Err(error(format!("`{text}` is too large")));
    }
    Ok(amount)
}

/// `5`, `prompt`, `2 * prompt` or `prompt * 2`.
fn term<'t>(words: &[&'t str]) -> Option<(f64, Option<&'t str>)> {
    let number = |word: &str| parse::number(word).ok();
    let name = |word: &'t str| is_name(word).then_some(word);
    match words {
        [one] => number(one).map(|value| (value, None)).or_else(|| name(one).map(|name| (1.0, Some(name)))),
        [left, "*", right] => match (number(left), number(right)) {
            (Some(a), Some(b)) => Some((a * b, None)),
            (Some(factor), None) => Some((factor, Some(name(right)?))),
            (None, Some(factor)) => Some((factor, Some(name(left)?))),
            (None, None) => None,
        },
        _ => None,
    }
}

fn is_name(word: &str) -> bool {
    word.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && word.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_')
}

/// Reads a comparison of two amounts, such as `prompt + 500 > 128k`.
///
/// # Errors
/// Anything else.
pub fn parse_condition(text: &str) -> Result<ConditionExpr, ParseError> {
    const RELATIONS: [(&str, Relation); 4] = [
        ("<=", Relation::LessOrEqual),
        (">=", Relation::GreaterOrEqual),
        ("<", Relation::Less),
        (">", Relation::Greater),
    ];
    let found = RELATIONS.iter().find_map(|(sign, relation)| {
        let (left, right) = text.split_once(sign)?;
        Some((left, right, *relation))
    });
    let Some((left, right, relation)) = found else {
        let help = "compare two amounts with <, <=, > or >=, such as `prompt + 500 > 128k`";
        return Err(ParseError::new(format!("`{text}` compares nothing"), help));
    };
    let (mut difference, right) = (parse_amount(left)?, parse_amount(right)?);
    difference.constant -= right.constant;
    difference.terms.extend(right.terms.into_iter().map(|(factor, name)| (-factor, name)));
    Ok(ConditionExpr { difference, relation })
}

/// Reads a price per unit in US dollars: `0.01 USD`, `2.50 USD/M` (per million), `0.4 USD/k`.
///
/// # Errors
/// Anything else.
pub fn parse_price(text: &str) -> Result<f64, ParseError> {
    let error = || {
        ParseError::new(
            format!("`{text}` is no price"),
            "write US dollars per unit, per thousand or per million: `0.01 USD`, `0.4 USD/k` or `2.50 USD/M`",
        )
    };
    let (amount, per) = match text.split_once('/') {
        Some((amount, per)) => (amount, per.trim()),
        None => (text, "1"),
    };
    let divisor = match per {
        "1" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        _ => return Err(error()),
    };
    let amount = amount.trim();
    let digits = amount.strip_suffix("USD").map(str::trim).ok_or_else(error)?;
    let value = parse::number(digits).map_err(|_| error())?;
    Ok(value / divisor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> (f64, Vec<(f64, String)>) {
        let amount = parse_amount(text).unwrap();
        (amount.constant, amount.terms)
    }

    #[test]
    fn amounts_are_sums_of_numbers_and_attributes() {
        assert_eq!(amount("12"), (12.0, vec![]));
        assert_eq!(amount("prompt + 500"), (500.0, vec![(1.0, "prompt".to_owned())]));
        assert_eq!(
            amount("1.5 * prompt - completion * 2 + 1k - 1"),
            (999.0, vec![(1.5, "prompt".to_owned()), (-2.0, "completion".to_owned())])
        );
        assert_eq!(amount("- a-b + 3"), (3.0, vec![(-1.0, "a-b".to_owned())]));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for bad in ["", "+", "a b", "a * b", "2 * 3 * a", "a +", "1e999", "a++b", "-", "nan * a", "2a"] {
            assert!(parse_amount(bad).is_err(), "{bad}");
        }
        assert!(parse_amount(&vec!["a"; 17].join(" + ")).is_err());
    }

    #[test]
    fn conditions_compare_two_amounts() {
        let condition = parse_condition("prompt + 500 >= 2 * window").unwrap();
        assert_eq!(condition.relation, Relation::GreaterOrEqual);
        assert_eq!(condition.difference.terms, [(1.0, "prompt".to_owned()), (-2.0, "window".to_owned())]);
        assert!(parse_condition("prompt").is_err());
        assert!(parse_condition("a < b < c").is_err());
    }

    #[test]
    fn prices_are_per_unit() {
        assert_eq!(parse_price("2.5 USD/M"), Ok(2.5e-6));
        assert_eq!(parse_price("0.01 USD"), Ok(0.01));
        for bad in ["2.5", "2.5 EUR", "USD", "-1 USD", "1 USD/x"] {
            assert!(parse_price(bad).is_err(), "{bad}");
        }
    }
}
