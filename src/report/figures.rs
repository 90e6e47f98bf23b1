//! Numbers as people read them, in the words the files use (`250ms`, `40/s`,
//! `99.95%`), so that a figure can be pasted back into an expectation.

use super::facts::{Spread, availability, availability_bounds};
use crate::outcome::TrafficSlot;
use crate::units::SimSpan;
use crate::verdict::Unit;

/// Printed where there is no value.
pub(super) const NONE: &str = "–";
/// Significant digits of a figure that stands alone.
const DIGITS: usize = 3;
/// More digits than this say nothing: an `f64` has no more.
const DIGITS_MAX: usize = 15;

/// A duration in nanoseconds: `24.6ms`, `1.84s`, `1m30s`.
pub(super) fn duration(nanos: f64) -> String {
    duration_to(nanos, DIGITS)
}

/// A duration, or a dash.
pub(super) fn duration_or_none(nanos: Option<f64>) -> String {
    nanos.map_or_else(|| NONE.to_owned(), duration)
}

fn duration_to(nanos: f64, digits: usize) -> String {
    if !nanos.is_finite() {
        return NONE.to_owned();
    }
    if nanos < 0.0 {
        return format!("-{}", duration_to(-nanos, digits));
    }
    if nanos == 0.0 {
        return "0s".to_owned();
    }
    for (unit, name, limit) in [(1.0, "ns", 1e3), (1e3, "us", 1e3), (1e6, "ms", 1e3), (1e9, "s", 60.0)] {
        let text = significant(nanos / unit, digits);
        if text.parse::<f64>().is_ok_and(|shown| shown < limit) {
            return text + name;
        }
    }
    SimSpan::from_secs_f64((nanos / 1e9).round()).map_or_else(|| NONE.to_owned(), |span| span.to_string())
}

/// A share in per cent, with as many digits as keep it apart from 0 and 100 %:
/// `99.95%` stays that, and never becomes `100%`.
pub(super) fn share(share: f64) -> String {
    share_to(share, DIGITS)
}

/// A share, or a dash.
pub(super) fn share_or_none(value: Option<f64>) -> String {
    value.map_or_else(|| NONE.to_owned(), share)
}

/// A share to a tenth of a per cent, unless that would make it all or nothing.
pub(super) fn share_short(value: f64) -> String {
    let rounded = (value * 1000.0).round() / 1000.0;
    share(if rounded == 0.0 || rounded == 1.0 { value } else { rounded })
}

/// The same, or a dash.
pub(super) fn share_short_or_none(value: Option<f64>) -> String {
    value.map_or_else(|| NONE.to_owned(), share_short)
}

fn share_to(share: f64, digits: usize) -> String {
    if !share.is_finite() {
        return NONE.to_owned();
    }
    let percent = share * 100.0;
    let gap = if (0.0..=100.0).contains(&percent) { percent.min(100.0 - percent) } else { percent.abs() };
    if gap == 0.0 {
        return format!("{percent:.0}%");
    }
    let decimals = decimals_for(gap, digits.saturating_sub(1)).max(digits.saturating_sub(2));
    trimmed(format!("{percent:.decimals$}")) + "%"
}

/// Events per second: `412/s`, `0.25/s`, `1,250/s`.
pub(super) fn rate(per_sec: f64) -> String {
    number(per_sec) + "/s"
}

/// A plain number: three significant digits, whole from a hundred on.
pub(super) fn number(value: f64) -> String {
    number_to(value, DIGITS)
}

/// A mean number of requests, which is as good as none below a thousandth.
pub(super) fn level(value: f64) -> String {
    if value > 0.0 && value < 0.001 { "<0.001".to_owned() } else { number(value) }
}

fn number_to(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    for (unit, name) in [(1e12, "T"), (1e9, "G"), (1e6, "M")] {
        if value.abs() >= unit {
            return significant(value / unit, digits) + name;
        }
    }
    grouped(&significant(value, digits))
}

/// A count, exact below a million: `12,345`, `4.21M`.
pub(super) fn count(value: u64) -> String {
    if value < 1_000_000 { grouped(&value.to_string()) } else { number(value as f64) }
}

/// A count to the last digit: `4,213,554`.
pub(super) fn exact(value: u128) -> String {
    grouped(&value.to_string())
}

/// A value in its unit.
pub(super) fn measure(value: f64, unit: Unit) -> String {
    measure_to(value, unit, DIGITS)
}

/// A measured value beside its target, with enough digits to tell them apart
/// when they differ: `800.4ms` is not below `800ms`.
pub(super) fn measure_beside(value: f64, target: f64, unit: Unit) -> String {
    let short = measure(value, unit);
    if value == target || !value.is_finite() {
        return short;
    }
    (DIGITS..=DIGITS_MAX)
        .map(|digits| (measure_to(value, unit, digits), measure_to(target, unit, digits)))
        .find_map(|(value, target)| (value != target).then_some(value))
        .unwrap_or(short)
}

fn measure_to(value: f64, unit: Unit, digits: usize) -> String {
    match unit {
        Unit::Seconds => duration_to(value * 1e9, digits),
        Unit::Share => share_to(value, digits),
        Unit::PerSecond => number_to(value, digits) + "/s",
        Unit::Number => number_to(value, digits),
    }
}

/// The share of finished requests that were answered; a range where many had not finished.
pub(super) fn availability_text(slot: &TrafficSlot) -> String {
    match availability_bounds(slot) {
        Some((low, high)) => format!("{}–{}", share_short(low), share_short(high)),
        None => share_or_none(availability(slot)),
    }
}

/// A mean in its unit with the half-width of its interval, such as `24.6ms ± 0.8ms`; a dash without one.
/// The mean has enough digits to be told from either end.
pub(super) fn mean(spread: Option<Spread>, unit: Unit, of: usize) -> String {
    let Some(Spread { interval, count }) = spread else { return NONE.to_owned() };
    let part = if count == of { String::new() } else { format!(" (in {count} of {of})") };
    if !interval.half_width.is_finite() {
        return measure(interval.mean, unit) + &part;
    }
    format!(
        "{} ± {}{part}",
        measure_beside(interval.mean, interval.low(), unit),
        measure_to(interval.half_width, unit, 2)
    )
}

/// `1 request`, `2 requests`.
pub(super) fn plural(count: usize, one: &str) -> String {
    format!("{} {one}{}", grouped(&count.to_string()), if count == 1 { "" } else { "s" })
}

/// `value` to `digits` significant digits without trailing zeros; whole digits are never dropped.
fn significant(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let decimals = decimals_for(value.abs(), digits);
    trimmed(format!("{value:.decimals$}"))
}

fn decimals_for(magnitude: f64, digits: usize) -> usize {
    let whole = libm::floor(libm::log10(magnitude)) as i32 + 1;
    let decimals = i32::try_from(digits).unwrap_or(0) - whole;
    usize::try_from(decimals).unwrap_or(0).min(DIGITS_MAX)
}

fn trimmed(mut text: String) -> String {
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    text
}

/// Thousands separated by commas, in a number without an exponent.
fn grouped(text: &str) -> String {
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let digits = whole.trim_start_matches('-').len();
    let mut out = String::with_capacity(text.len() + digits / 3);
    for (index, c) in whole.chars().rev().enumerate() {
        if index > 0 && index % 3 == 0 && c != '-' {
            out.insert(0, ',');
        }
        out.insert(0, c);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits_and_the_unit_a_person_would_choose() {
        let cases = [
            (0.0, "0s"),
            (850.0, "850ns"),
            (24_600_000.0, "24.6ms"),
            (999_960_000.0, "1s"),
            (1_844_000_000.0, "1.84s"),
            (59.98e9, "1m"),
            (90e9, "1m30s"),
            (-2e6, "-2ms"),
            (f64::NAN, NONE),
        ];
        for (nanos, text) in cases {
            assert_eq!(duration(nanos), text);
        }
    }

    #[test]
    fn shares_keep_their_nines_and_never_round_to_all_or_nothing() {
        let cases = [
            (0.0, "0%"),
            (1.0, "100%"),
            (0.9995, "99.95%"),
            (0.999_53, "99.953%"),
            (0.999_999_9, "99.99999%"),
            (0.873, "87.3%"),
            (0.5, "50%"),
            (0.000_12, "0.012%"),
            (1.25, "125%"),
        ];
        for (value, text) in cases {
            assert_eq!(share(value), text);
        }
    }

    #[test]
    fn numbers_are_grouped_and_large_ones_shortened() {
        assert_eq!(rate(1250.4), "1,250/s");
        assert_eq!(rate(0.25), "0.25/s");
        assert_eq!(count(999_999), "999,999");
        assert_eq!(count(4_213_554), "4.21M");
        assert_eq!(exact(4_213_554), "4,213,554");
        assert_eq!(number(-1234.0), "-1,234");
        assert_eq!(number(-123.0), "-123");
        assert_eq!(
            (level(0.000_002).as_str(), level(0.0).as_str(), level(0.25).as_str()),
            ("<0.001", "0", "0.25")
        );
        assert_eq!(plural(1, "request"), "1 request");
        assert_eq!(plural(1200, "request"), "1,200 requests");
    }

    #[test]
    fn a_measured_value_never_prints_like_a_target_it_misses() {
        assert_eq!(measure_beside(0.800_04, 0.8, Unit::Seconds), "800.04ms");
        assert_eq!(measure_beside(0.8, 0.8, Unit::Seconds), "800ms");
        assert_eq!(measure_beside(0.998_999, 0.999, Unit::Share), "99.8999%");
        assert_eq!(measure_beside(1.5, 2.0, Unit::Number), "1.5");
    }
}
