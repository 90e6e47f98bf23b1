//! Quantities as people type them: `250ms`, `1h30m`, `40/s`, `99.9%`, `2GiB`.
//!
//! Every function says what is allowed when it refuses. NaN, infinities,
//! negative values and overflow are always refused.

use super::SimSpan;

/// Why a text is not the quantity it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong.
    pub message: String,
    /// What is allowed.
    pub help: String,
    /// Whether it is such a quantity, but too large.
    pub is_too_large: bool,
}

impl ParseError {
    /// An error about a text.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into(), is_too_large: false }
    }
}

/// Largest number, count, rate per second and bandwidth in bytes per second: more than any run can play out, and
/// small enough that sums and products of a few stay exact.
const NUMBER_MAX: f64 = 1e15;
/// Largest size: an exabyte.
const BYTES_MAX: f64 = 1e18;

/// The value, or an error that says how large it may be.
fn at_most(text: &str, value: f64, max: f64, unit: &str) -> Result<f64, ParseError> {
    if value <= max {
        return Ok(value);
    }
    // A file's 1e300 comes with all its zeros.
    let shown = if text.len() > 24 { format!("{value:e}") } else { text.to_owned() };
    let error = ParseError::new(format!("`{shown}` is too large"), format!("write at most {max:e}{unit}"));
    Err(ParseError { is_too_large: true, ..error })
}

const SPAN_UNITS: [(&str, f64); 8] = [
    ("ns", 1e-9),
    ("us", 1e-6),
    ("µs", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3_600.0),
    ("d", 86_400.0),
];
const SPAN_HELP: &str =
    "write a number and a unit: ns, us, ms, s, m, h or d, such as `250ms`, `1.5s` or `1h30m`";

/// A span of time: one or several numbers with units, such as `1h30m`.
///
/// # Errors
/// Anything else; a bare number other than 0, because its unit would be a guess.
pub fn span(text: &str) -> Result<SimSpan, ParseError> {
    let text = text.trim();
    if text == "0" {
        return Ok(SimSpan::ZERO);
    }
    let error = |message: String| ParseError::new(message, SPAN_HELP);
    let mut rest = text;
    let mut secs = 0.0;
    if rest.is_empty() {
        return Err(error("an empty text is not a span of time".to_owned()));
    }
    while !rest.is_empty() {
        let (value, after) =
            leading_number(rest).ok_or_else(|| error(format!("`{text}` is not a span of time")))?;
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let unit = unit.trim();
        let factor = SPAN_UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| factor);
        let factor = factor.ok_or_else(|| {
            error(if unit.is_empty() {
                format!("`{text}` has no unit")
            } else {
                format!("`{unit}` is not a unit of time")
            })
        })?;
        secs += value * factor;
        rest = after;
    }
    SimSpan::from_secs_f64(secs).ok_or_else(|| error(format!("`{text}` is longer than 73 years")))
}

/// Something per time, in units per second: `40/s`, `600/min`, `5k/s`, `10/h`.
///
/// # Errors
/// Anything else.
pub fn rate(text: &str) -> Result<f64, ParseError> {
    let error = |message: String| {
        ParseError::new(message, "write a number per time, such as `40/s`, `600/min`, `5k/s` or `10/h`")
    };
    let text = text.trim();
    let (amount, per) = text.split_once('/').ok_or_else(|| error(format!("`{text}` is not a rate")))?;
    let secs = match per.trim() {
        "s" | "sec" | "second" => 1.0,
        "m" | "min" | "minute" => 60.0,
        "h" | "hour" => 3_600.0,
        "d" | "day" => 86_400.0,
        other => return Err(error(format!("`{other}` is not a unit of time"))),
    };
    let amount = scaled(amount).ok_or_else(|| error(format!("`{text}` is not a rate")))?;
    at_most(text, amount / secs, NUMBER_MAX, "/s")
}

/// A share: `99.9%` or `0.999`.
///
/// # Errors
/// Anything else, or beyond 0 to 100 %.
pub fn share(text: &str) -> Result<f64, ParseError> {
    let error = |message: String| {
        ParseError::new(message, "write a share between 0 and 1, or with a per cent sign, such as `99.9%`")
    };
    let trimmed = text.trim();
    let value = match trimmed.strip_suffix('%') {
        Some(percent) => plain(percent).map(|value| value / 100.0),
        None => plain(trimmed),
    };
    let value = value.ok_or_else(|| error(format!("`{trimmed}` is not a share")))?;
    if value > 1.0 {
        return Err(error(format!("`{trimmed}` is more than the whole")));
    }
    Ok(value)
}

/// A whole number, with `k`, `M` or `G` for thousands; `None` for `unlimited`.
///
/// # Errors
/// Anything else, fractions included.
pub fn count(text: &str) -> Result<Option<u64>, ParseError> {
    let text = text.trim();
    if text == "unlimited" {
        return Ok(None);
    }
    let error = |message: String| {
        ParseError::new(message, "write a whole number, such as `20`, `50k` or `1M`, or `unlimited`")
    };
    let value = scaled(text).ok_or_else(|| error(format!("`{text}` is not a count")))?;
    if value.fract() != 0.0 {
        return Err(error(format!("`{text}` is not a whole number")));
    }
    at_most(text, value, NUMBER_MAX, "").map(|value| Some(value as u64))
}

/// A plain number of 0 or more, with `k`, `M` or `G` for thousands.
///
/// # Errors
/// Anything else.
pub fn number(text: &str) -> Result<f64, ParseError> {
    let text = text.trim();
    let value = scaled(text).ok_or_else(|| {
        ParseError::new(
            format!("`{text}` is not a number"),
            "write a number of 0 or more, such as `2`, `0.5` or `10k`",
        )
    })?;
    at_most(text, value, NUMBER_MAX, "")
}

const BYTE_UNITS: [(&str, f64); 9] = [
    ("B", 1.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
];

/// A size in bytes, such as `2GiB`.
///
/// # Errors
/// Anything else; a bare number other than 0.
pub fn bytes(text: &str) -> Result<u64, ParseError> {
    let text = text.trim();
    let help = "write a number and a unit: B, kB, MB, GB, TB, KiB, MiB, GiB or TiB, such as `2GiB`";
    let value = with_unit(text, &BYTE_UNITS)
        .ok_or_else(|| ParseError::new(format!("`{text}` is not a size"), help))?;
    at_most(text, value, BYTES_MAX, "B").map(|value| (value + 0.5) as u64)
}

/// Bytes per second, from bits or bytes per time, such as `100Mbit/s` or `10MiB/s`.
///
/// # Errors
/// Anything else, or zero: a pipe that carries nothing is a partition.
pub fn bandwidth(text: &str) -> Result<f64, ParseError> {
    const BIT_UNITS: [(&str, f64); 4] =
        [("bit", 0.125), ("kbit", 125.0), ("Mbit", 125_000.0), ("Gbit", 125_000_000.0)];
    let text = text.trim();
    let error = |message: String| {
        ParseError::new(message, "write bits or bytes per second, such as `100Mbit/s` or `10MiB/s`")
    };
    let amount = text.strip_suffix("/s").map(str::trim);
    let value =
        amount.and_then(|amount| with_unit(amount, &BIT_UNITS).or_else(|| with_unit(amount, &BYTE_UNITS)));
    match value {
        Some(value) if value > 0.0 => at_most(text, value, NUMBER_MAX, "B/s"),
        Some(_) => Err(error("a bandwidth must be above 0".to_owned())),
        None => Err(error(format!("`{text}` is not a bandwidth"))),
    }
}

/// A non-negative, finite number at the start of a text, and what follows.
fn leading_number(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    plain(number).map(|value| (value, rest.trim_start()))
}

/// A non-negative, finite number and nothing else.
fn plain(text: &str) -> Option<f64> {
    let text = text.trim();
    let starts_well = text.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let value: f64 = starts_well.then(|| text.replace('_', "").parse().ok()).flatten()?;
    value.is_finite().then_some(value)
}

/// A number with `k`, `M` or `G` for thousands.
fn scaled(text: &str) -> Option<f64> {
    let text = text.trim();
    let (digits, factor) = match text.chars().last()? {
        'k' => (&text[..text.len() - 1], 1e3),
        'M' => (&text[..text.len() - 1], 1e6),
        'G' => (&text[..text.len() - 1], 1e9),
        _ => (text, 1.0),
    };
    plain(digits).map(|value| value * factor).filter(|value| value.is_finite())
}

/// A number with one of some units; 0 needs none.
fn with_unit(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    if text == "0" {
        return Some(0.0);
    }
    let (value, unit) = leading_number(text)?;
    let factor = units.iter().find(|(name, _)| *name == unit)?.1;
    Some(value * factor).filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_mean_what_people_mean() {
        assert_eq!(span("250ms"), Ok(SimSpan::from_millis(250)));
        assert_eq!(span("1h30m"), Ok(SimSpan::from_secs(5400)));
        assert_eq!(span("1.5 s"), Ok(SimSpan::from_millis(1500)));
        assert_eq!(span("0"), Ok(SimSpan::ZERO));
        assert_eq!(rate("600/min"), Ok(10.0));
        assert_eq!(rate("5k/s"), Ok(5000.0));
        assert!((share("99.9%").unwrap() - 0.999).abs() < 1e-15);
        assert_eq!(count("50k"), Ok(Some(50_000)));
        assert_eq!(count("1e6"), Ok(Some(1_000_000)));
        assert_eq!(count("unlimited"), Ok(None));
        assert_eq!(number("1.5"), Ok(1.5));
        assert_eq!(bytes("2GiB"), Ok(2 << 30));
        assert_eq!(bandwidth("100Mbit/s"), Ok(12_500_000.0));
        assert_eq!(bandwidth("1MiB/s"), Ok(1_048_576.0));
    }

    #[test]
    fn what_is_too_large_says_how_large_it_may_be() {
        let help = |error: ParseError| format!("{}; {}", error.message, error.help);
        assert_eq!(number("1e30").map_err(help), Err("`1e30` is too large; write at most 1e15".to_owned()));
        assert_eq!(number("1000k"), Ok(1e6));
        assert_eq!(count("1e15"), Ok(Some(1_000_000_000_000_000)));
        assert!(count("2e15").is_err() && rate("1e30/s").is_err() && rate("2e15/s").is_err());
        assert!(rate("1e16/min").is_ok(), "it is the rate per second that counts");
        assert!(bytes("2000000TB").is_err() && bandwidth("2000TB/s").is_err());
    }

    #[test]
    fn what_could_be_misread_is_refused() {
        for bad in ["", "5", "ms", "-1s", "1x", "nan s", "1e400s", "inf", "100000d", "1s2", "..s", "1.2.3s"] {
            assert!(span(bad).is_err(), "{bad}");
        }
        for bad in ["40", "/s", "40/x", "-1/s", "nan/s", "1e999/s"] {
            assert!(rate(bad).is_err(), "{bad}");
        }
        for bad in ["101%", "1.1", "-1%", "%", "nan", "x"] {
            assert!(share(bad).is_err(), "{bad}");
        }
        for bad in ["1.5", "-1", "1e30", "many", ""] {
            assert!(count(bad).is_err(), "{bad}");
        }
        for bad in ["5", "1XB", "-1B", "inf B"] {
            assert!(bytes(bad).is_err(), "{bad}");
        }
        for bad in ["5", "0bit/s", "1MiB", "1Mbit/m"] {
            assert!(bandwidth(bad).is_err(), "{bad}");
        }
    }
}
