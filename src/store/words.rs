//! The words that stand for enumerations in columns: those of outcomes and files.

use crate::plan::Comparison;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The word for a value without fields.
pub(super) fn word<T: Serialize + std::fmt::Debug>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => unreachable!("{value:?} has fields and so no word"),
    }
}

/// The value that a word stands for.
pub(super) fn meaning<T: DeserializeOwned>(word: String) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(word)).ok()
}

const COMPARISONS: [(&str, Comparison); 4] = [
    ("<", Comparison::Less),
    ("<=", Comparison::LessOrEqual),
    (">", Comparison::Greater),
    (">=", Comparison::GreaterOrEqual),
];

/// The sign for a comparison.
pub(super) fn sign(comparison: Comparison) -> &'static str {
    COMPARISONS.iter().find(|(_, known)| *known == comparison).map_or("?", |(sign, _)| sign)
}

/// The comparison that a sign stands for.
pub(super) fn comparison(sign: &str) -> Option<Comparison> {
    COMPARISONS.iter().find(|(known, _)| *known == sign).map(|(_, comparison)| *comparison)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::{Unit, Verdict};

    #[test]
    fn words_and_signs_lead_back_to_their_values() {
        for unit in [Unit::Seconds, Unit::Share, Unit::PerSecond, Unit::Number] {
            assert_eq!(meaning(word(&unit)), Some(unit));
        }
        for verdict in [Verdict::Pass, Verdict::Inconclusive, Verdict::Fail] {
            assert_eq!(word(&verdict), verdict.word());
        }
        for (text, value) in COMPARISONS {
            assert_eq!((sign(value), comparison(text)), (text, Some(value)));
        }
    }
}
