//! Quantities as the plan wants them: each reads one text, checks its range
//! and complains at its place.

use super::codes;
use super::context::{At, Context};
use super::data_file::read_values;
use crate::dist::Law;
use crate::spec::law::{LawUnit, law_file, parse_law};
use crate::spec::scalar::{
    BandwidthText, BytesText, CountText, LawText, NumberText, RateText, ShareText, SpanText,
};
use crate::units::SimSpan;
use crate::units::parse::{self, ParseError};
use std::fmt::Display;
use std::ops::RangeInclusive;

impl Context<'_> {
    /// The value, or a complaint that the text is none.
    pub(super) fn value<T>(&mut self, at: &At, parsed: Result<T, ParseError>) -> Option<T> {
        let complain = |problem: ParseError| {
            let code = if problem.is_too_large { codes::OUT_OF_RANGE } else { codes::BAD_VALUE };
            self.error(code, at, problem.message, problem.help);
        };
        parsed.map_err(complain).ok()
    }

    /// The value if it lies in the range, or a complaint.
    pub(super) fn within<T: PartialOrd + Display>(
        &mut self,
        at: &At,
        what: &str,
        value: T,
        range: RangeInclusive<T>,
    ) -> Option<T> {
        if range.contains(&value) {
            return Some(value);
        }
        let message = format!("{what} must be from {} to {}, not {value}", range.start(), range.end());
        self.error(codes::OUT_OF_RANGE, at, message, "");
        None
    }

    /// A span of time.
    pub(super) fn span(&mut self, at: &At, text: &SpanText) -> Option<SimSpan> {
        self.value(at, parse::span(text.as_str()))
    }

    /// A span of time longer than nothing.
    pub(super) fn span_above_zero(&mut self, at: &At, what: &str, text: &SpanText) -> Option<SimSpan> {
        let span = self.span(at, text)?;
        if span == SimSpan::ZERO {
            self.error(codes::OUT_OF_RANGE, at, format!("{what} must be above 0s"), "");
            return None;
        }
        Some(span)
    }

    /// A span of time that may be left out.
    pub(super) fn span_or(&mut self, at: &At, text: Option<&SpanText>, default: SimSpan) -> SimSpan {
        text.and_then(|text| self.span(at, text)).unwrap_or(default)
    }

    /// A share from 0 to 1.
    pub(super) fn share(&mut self, at: &At, text: &ShareText) -> Option<f64> {
        self.value(at, parse::share(text.as_str()))
    }

    /// A share from 0 to 1 that may be left out.
    pub(super) fn share_or(&mut self, at: &At, text: Option<&ShareText>, default: f64) -> Option<f64> {
        text.map_or(Some(default), |text| self.share(at, text))
    }

    /// A share of something, more than none of it.
    pub(super) fn share_above_zero(&mut self, at: &At, what: &str, text: &ShareText) -> Option<f64> {
        let share = self.share(at, text)?;
        self.above_zero(at, what, share)
    }

    /// Something per second, 0 or more.
    pub(super) fn rate(&mut self, at: &At, text: &RateText) -> Option<f64> {
        self.value(at, parse::rate(text.as_str()))
    }

    /// A plain number, 0 or more.
    pub(super) fn number(&mut self, at: &At, text: &NumberText) -> Option<f64> {
        self.value(at, parse::number(text.as_str()))
    }

    /// A plain number above 0.
    pub(super) fn number_above_zero(&mut self, at: &At, what: &str, text: &NumberText) -> Option<f64> {
        let number = self.number(at, text)?;
        self.above_zero(at, what, number)
    }

    /// The number if it is above 0, or a complaint.
    pub(super) fn above_zero(&mut self, at: &At, what: &str, number: f64) -> Option<f64> {
        if number > 0.0 {
            return Some(number);
        }
        self.error(codes::OUT_OF_RANGE, at, format!("{what} must be above 0"), "");
        None
    }

    /// A whole number; the inner `None` is unlimited.
    pub(super) fn count_or_unlimited(&mut self, at: &At, text: &CountText) -> Option<Option<u64>> {
        self.value(at, parse::count(text.as_str()))
    }

    /// A whole number that fits in 32 bits; `None` is unlimited.
    pub(super) fn small_count_or_unlimited(
        &mut self,
        at: &At,
        what: &str,
        text: Option<&CountText>,
        least: u32,
    ) -> Option<u32> {
        let count = self.count_or_unlimited(at, text?)??;
        self.within(at, what, count, u64::from(least)..=u64::from(u32::MAX)).map(|count| count as u32)
    }

    /// A whole number that must have a limit.
    pub(super) fn count(&mut self, at: &At, what: &str, text: &CountText) -> Option<u64> {
        let count = self.count_or_unlimited(at, text)?;
        if count.is_none() {
            self.error(codes::OUT_OF_RANGE, at, format!("{what} must be a number"), "");
        }
        count
    }

    /// A size.
    pub(super) fn bytes(&mut self, at: &At, text: &BytesText) -> Option<u64> {
        self.value(at, parse::bytes(text.as_str()))
    }

    /// Bytes per second above 0.
    pub(super) fn bandwidth(&mut self, at: &At, text: &BandwidthText) -> Option<f64> {
        self.value(at, parse::bandwidth(text.as_str()))
    }

    /// A law of time, in nanoseconds.
    pub(super) fn time_law(&mut self, at: &At, text: &LawText) -> Option<Law> {
        self.law(at, text.as_str(), LawUnit::Time)
    }

    /// A law of time that may be left out.
    pub(super) fn time_law_opt(&mut self, at: &At, text: Option<&LawText>) -> Option<Law> {
        text.and_then(|text| self.time_law(at, text))
    }

    /// A law of sizes, in bytes, that may be left out.
    pub(super) fn bytes_law_opt(&mut self, at: &At, text: Option<&LawText>) -> Option<Law> {
        text.and_then(|text| self.law(at, text.as_str(), LawUnit::Bytes))
    }

    /// A law of counts.
    pub(super) fn count_law(&mut self, at: &At, text: &LawText) -> Option<Law> {
        self.law(at, text.as_str(), LawUnit::Count)
    }

    /// A law, with the values of the file that it names.
    pub(super) fn law(&mut self, at: &At, text: &str, unit: LawUnit) -> Option<Law> {
        let law = self.value(at, parse_law(text, unit))?;
        if let Some(file) = law_file(text) {
            return read_values(self, at, &file, unit).map(|values| Law::Empirical { values });
        }
        if has_unread_file(&law) {
            let message = "a law with a file cannot be a part of a mixture";
            self.error(codes::BAD_VALUE, at, message, "put the mixed values into the file");
            return None;
        }
        Some(law)
    }
}

fn has_unread_file(law: &Law) -> bool {
    match law {
        Law::Empirical { values } => values.is_empty(),
        Law::Mixture { parts } => parts.iter().any(|(_, law)| has_unread_file(law)),
        _ => false,
    }
}
