//! Quantities as the plan wants them: each reads one text, checks its range
//! and complains at its place.

use super::codes;
use super::context::{At, Context};
use super::shim as parse;
use crate::dist::Law;
use crate::spec::scalar::{
    BandwidthText, BytesText, CountText, LawText, NumberText, RateText, ShareText, SpanText,
};
use crate::units::SimSpan;
use std::fmt::Display;
use std::ops::RangeInclusive;

impl Context<'_> {
    /// The value, or a complaint that the text is none.
    pub(super) fn value<T, E: Display>(&mut self, at: &At, parsed: Result<T, E>) -> Option<T> {
        parsed.map_err(|problem| self.error(codes::BAD_VALUE, at, problem.to_string(), "")).ok()
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
    pub(super) fn share(&mut self, at: &At, what: &str, text: &ShareText) -> Option<f64> {
        let share = self.value(at, parse::share(text.as_str()))?;
        if (0.0..=1.0).contains(&share) {
            return Some(share);
        }
        let message = format!("{what} must be from 0% to 100%, not {}", text.as_str());
        self.error(codes::OUT_OF_RANGE, at, message, "");
        None
    }

    /// Something per second, 0 or more.
    pub(super) fn rate(&mut self, at: &At, text: &RateText) -> Option<f64> {
        let rate = self.value(at, parse::rate(text.as_str()))?;
        self.at_least_zero(at, "a rate", rate)
    }

    /// A plain number, 0 or more.
    pub(super) fn number(&mut self, at: &At, what: &str, text: &NumberText) -> Option<f64> {
        let number = self.value(at, parse::number(text.as_str()))?;
        self.at_least_zero(at, what, number)
    }

    /// A plain number above 0.
    pub(super) fn number_above_zero(&mut self, at: &At, what: &str, text: &NumberText) -> Option<f64> {
        let number = self.number(at, what, text)?;
        self.above_zero(at, what, number)
    }

    /// The number if it is finite and not negative, or a complaint.
    pub(super) fn at_least_zero(&mut self, at: &At, what: &str, number: f64) -> Option<f64> {
        if number.is_finite() && number >= 0.0 {
            return Some(number);
        }
        self.error(codes::OUT_OF_RANGE, at, format!("{what} must be 0 or more, not {number}"), "");
        None
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
        let bandwidth = self.value(at, parse::bandwidth(text.as_str()))?;
        self.above_zero(at, "a bandwidth", bandwidth)
    }

    /// A law of time, in nanoseconds.
    pub(super) fn time_law(&mut self, at: &At, text: &LawText) -> Option<Law> {
        self.value(at, parse::law(text.as_str(), parse::nanos))
    }

    /// A law of time that may be left out.
    pub(super) fn time_law_opt(&mut self, at: &At, text: Option<&LawText>) -> Option<Law> {
        text.and_then(|text| self.time_law(at, text))
    }

    /// A law of sizes, in bytes.
    pub(super) fn bytes_law_opt(&mut self, at: &At, text: Option<&LawText>) -> Option<Law> {
        text.and_then(|text| {
            self.value(at, parse::law(text.as_str(), |text| parse::bytes(text).map(|b| b as f64)))
        })
    }

    /// A law of counts.
    pub(super) fn count_law(&mut self, at: &At, text: &LawText) -> Option<Law> {
        self.value(at, parse::law(text.as_str(), parse::number))
    }
}
