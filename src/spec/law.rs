//! Laws as people write them: `lognormal(p50 8ms p99 60ms)`.
//!
//! A law is a name and arguments separated by spaces (a comma would end a
//! value inside YAML's braces). An argument is a quantity, or a word and a
//! quantity. A bare quantity is a constant.

use crate::dist::{Backoff, Law, Popularity};
use crate::units::parse::{self, ParseError};

/// The 99th percentile of the standard normal.
const NORMAL_P99: f64 = 2.326_347_874_040_841;

/// What a law's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LawUnit {
    /// Spans of time; the law holds nanoseconds.
    Time,
    /// Sizes; the law holds bytes.
    Bytes,
    /// Plain numbers.
    Count,
}

impl LawUnit {
    fn value(self, text: &str) -> Result<f64, ParseError> {
        match self {
            Self::Time => parse::span(text).map(|span| span.0 as f64),
            Self::Bytes => parse::bytes(text).map(|bytes| bytes as f64),
            Self::Count => parse::number(text),
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Time => {
                "a span such as `5ms`, or `exponential(2ms)`, `lognormal(p50 8ms p99 60ms)`, `lognormal(mean 20ms sigma 0.6)`, \
                 `uniform(1ms 5ms)`, `normal(mean 10ms sd 2ms)`, `erlang(4 10ms)`, `hyperexponential(90% 1ms 10% 50ms)`, \
                 `weibull(shape 0.7 mean 10ms)`, `pareto(shape 1.5 min 1ms max 10s)`, `empirical(1ms 2ms 9ms)`, \
                 `empirical(file values.csv)` or `mix(80% 1ms 20% exponential(10ms))`"
            }
            Self::Bytes => {
                "a size such as `2KiB`, or a law of sizes such as `lognormal(p50 2KiB p99 100KiB)`"
            }
            Self::Count => {
                "a number such as `3`, or a law of numbers such as `geometric(10)` or `uniform(1 5)`"
            }
        }
    }
}

/// Splits `name(arg arg(..) arg)` into its name and its top-level arguments.
fn split(text: &str) -> Result<(&str, Vec<&str>), String> {
    let text = text.trim();
    let Some(open) = text.find('(') else { return Ok((text, Vec::new())) };
    let inner = text[open + 1..].strip_suffix(')').ok_or("a closing `)` is missing at the end")?;
    let (mut args, mut depth, mut start) = (Vec::new(), 0usize, None);
    for (at, c) in inner.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1).ok_or("there is a `)` too many")?,
            _ => {}
        }
        let is_gap = depth == 0 && (c.is_whitespace() || c == ',');
        match (is_gap, start) {
            (false, None) => start = Some(at),
            (true, Some(from)) => {
                args.push(&inner[from..at]);
                start = None;
            }
            _ => {}
        }
    }
    if depth > 0 {
        return Err("a closing `)` is missing".to_owned());
    }
    args.extend(start.map(|from| &inner[from..]));
    Ok((text[..open].trim(), args))
}

/// The value after a word, such as `p99 60ms`.
fn named<'a>(args: &[&'a str], word: &str) -> Option<&'a str> {
    args.chunks_exact(2).find(|pair| pair[0] == word).map(|pair| pair[1])
}

/// Whether the arguments are exactly these words, each with a value, in any order.
fn are(args: &[&str], words: &[&str]) -> bool {
    args.len() == 2 * words.len() && words.iter().all(|word| named(args, word).is_some())
}

/// The path in `empirical(file PATH)`, if the text is that.
#[must_use]
pub fn law_file(text: &str) -> Option<String> {
    let (name, args) = split(text).ok()?;
    (name == "empirical" && are(&args, &["file"])).then(|| args[1].to_owned())
}

/// How deeply mixtures may be nested.
const DEPTH_MAX: usize = 8;

/// Parses a law. `empirical(file ..)` gives an empirical law without values:
/// see [`law_file`].
///
/// # Errors
/// Unknown names, wrong arguments, impossible parameters.
pub fn parse_law(text: &str, unit: LawUnit) -> Result<Law, ParseError> {
    nested(text, unit, 0)
}

fn nested(text: &str, unit: LawUnit, depth: usize) -> Result<Law, ParseError> {
    let error = |message: String| ParseError::new(message, format!("write {}", unit.example()));
    if depth > DEPTH_MAX {
        return Err(error("laws are nested too deeply".to_owned()));
    }
    let (name, args) = split(text).map_err(|message| error(format!("`{}`: {message}", text.trim())))?;
    if !text.contains('(') {
        let value = unit.value(text).map_err(|cause| error(cause.message))?;
        return Ok(Law::Constant(value));
    }
    build(name, &args, unit, depth).map_err(|message| error(format!("`{}`: {message}", text.trim())))
}

fn build(name: &str, args: &[&str], unit: LawUnit, depth: usize) -> Result<Law, String> {
    let value = |text: &str| unit.value(text).map_err(|e| e.message);
    let number = |text: &str| parse::number(text).map_err(|e| e.message);
    let one = |what: &str| match args {
        [only] => value(only),
        _ => Err(format!("takes one argument, {what}")),
    };
    match name {
        "constant" => one("the value").map(Law::Constant),
        "uniform" => match args {
            [low, high] => {
                let (low, high) = (value(low)?, value(high)?);
                if low > high {
                    Err("the first value must not be above the second".to_owned())
                } else {
                    Ok(Law::Uniform { low, high })
                }
            }
            _ => Err("takes two arguments, the smallest and the largest value".to_owned()),
        },
        "exponential" | "exp" => positive(one("the mean")?, "the mean").map(|mean| Law::Exponential { mean }),
        "lognormal" => lognormal(args, &value, &number),
        "normal" => match (named(args, "mean"), named(args, "sd")) {
            (Some(mean), Some(sd)) if args.len() == 4 => {
                Ok(Law::FoldedNormal { mean: value(mean)?, sd: positive(value(sd)?, "`sd`")? })
            }
            _ => Err("takes `mean .. sd ..`".to_owned()),
        },
        "erlang" => match args {
            [stages, mean] => {
                let stages = number(stages)?;
                if stages.fract() != 0.0 || !(1.0..=1000.0).contains(&stages) {
                    return Err("the number of stages must be a whole number from 1 to 1000".to_owned());
                }
                Ok(Law::Erlang { stages: stages as u32, mean: positive(value(mean)?, "the mean")? })
            }
            _ => Err("takes two arguments, the number of stages and the mean".to_owned()),
        },
        "hyperexponential" => {
            let branches = weighted(args, |text| value(text).and_then(|mean| positive(mean, "each mean")))?;
            Ok(Law::HyperExponential { branches })
        }
        "weibull" => weibull(args, &value, &number),
        "pareto" => pareto(args, &value, &number),
        "geometric" => {
            if unit != LawUnit::Count {
                return Err("counts only, not times or sizes".to_owned());
            }
            let mean = one("the mean")?;
            if mean < 1.0 {
                Err("the mean must be at least 1".to_owned())
            } else {
                Ok(Law::Geometric { mean })
            }
        }
        "empirical" if are(args, &["file"]) => Ok(Law::Empirical { values: Vec::new() }),
        "empirical" if args.is_empty() => Err("needs at least one value".to_owned()),
        "empirical" => {
            Ok(Law::Empirical { values: args.iter().map(|arg| value(arg)).collect::<Result<_, _>>()? })
        }
        "mix" => Ok(Law::Mixture {
            parts: weighted(args, |text| nested(text, unit, depth + 1).map_err(|e| e.message))?,
        }),
        other => Err(unknown(other, &NAMES)),
    }
}

const NAMES: [&str; 12] = [
    "constant",
    "uniform",
    "exponential",
    "lognormal",
    "normal",
    "erlang",
    "hyperexponential",
    "weibull",
    "pareto",
    "geometric",
    "empirical",
    "mix",
];

fn unknown(name: &str, names: &[&str]) -> String {
    let nearest = names.iter().max_by(|a, b| strsim::jaro(a, name).total_cmp(&strsim::jaro(b, name)));
    match nearest {
        Some(nearest) if strsim::jaro(nearest, name) > 0.7 => {
            format!("there is no law `{name}`; did you mean `{nearest}`?")
        }
        _ => format!("there is no law `{name}`; there are {}", names.join(", ")),
    }
}

fn positive(value: f64, what: &str) -> Result<f64, String> {
    if value > 0.0 { Ok(value) } else { Err(format!("{what} must be above 0")) }
}

fn weibull(
    args: &[&str],
    value: &dyn Fn(&str) -> Result<f64, String>,
    number: &dyn Fn(&str) -> Result<f64, String>,
) -> Result<Law, String> {
    let (Some(shape), 4) = (named(args, "shape"), args.len()) else {
        return Err("takes `shape .. scale ..` or `shape .. mean ..`".to_owned());
    };
    let shape = positive(number(shape)?, "`shape`")?;
    let scale = match (named(args, "scale"), named(args, "mean")) {
        (Some(scale), None) => value(scale)?,
        (None, Some(mean)) => value(mean)? / libm::tgamma(1.0 + 1.0 / shape),
        _ => return Err("needs either `scale` or `mean`".to_owned()),
    };
    Ok(Law::Weibull { shape, scale: positive(scale, "the scale")? })
}

fn pareto(
    args: &[&str],
    value: &dyn Fn(&str) -> Result<f64, String>,
    number: &dyn Fn(&str) -> Result<f64, String>,
) -> Result<Law, String> {
    let word = |word: &str| named(args, word);
    if word("max").is_none() {
        return Err("needs `max`: an unbounded tail has no place in a finite run".to_owned());
    }
    let (Some(shape), Some(low), Some(high), 6) = (word("shape"), word("min"), word("max"), args.len())
    else {
        return Err("takes `shape .. min .. max ..`".to_owned());
    };
    let (shape, low) = (positive(number(shape)?, "`shape`")?, positive(value(low)?, "`min`")?);
    let high = value(high)?;
    if high <= low {
        Err("`max` must be above `min`".to_owned())
    } else {
        Ok(Law::BoundedPareto { shape, low, high })
    }
}

fn lognormal(
    args: &[&str],
    value: &dyn Fn(&str) -> Result<f64, String>,
    number: &dyn Fn(&str) -> Result<f64, String>,
) -> Result<Law, String> {
    let word = |word: &str| named(args, word);
    let forms = "takes `p50 .. p99 ..`, `p50 .. sigma ..`, `mean .. sigma ..` or `mean .. cv2 ..`";
    if args.len() != 4 {
        return Err(forms.to_owned());
    }
    let sigma_of_cv2 = |cv2: f64| libm::sqrt(libm::log1p(cv2));
    let (mu, sigma) = match (word("p50"), word("p99"), word("mean"), word("sigma"), word("cv2")) {
        (Some(p50), Some(p99), None, None, None) => {
            let (p50, p99) = (positive(value(p50)?, "`p50`")?, value(p99)?);
            if p99 < p50 {
                return Err("`p99` must not be below `p50`".to_owned());
            }
            (libm::log(p50), libm::log(p99 / p50) / NORMAL_P99)
        }
        (Some(p50), None, None, Some(sigma), None) => {
            (libm::log(positive(value(p50)?, "`p50`")?), number(sigma)?)
        }
        (None, None, Some(mean), sigma, cv2) => {
            let sigma = match (sigma, cv2) {
                (Some(sigma), None) => number(sigma)?,
                (None, Some(cv2)) => sigma_of_cv2(number(cv2)?),
                _ => return Err(forms.to_owned()),
            };
            (libm::log(positive(value(mean)?, "`mean`")?) - sigma * sigma / 2.0, sigma)
        }
        _ => return Err(forms.to_owned()),
    };
    if sigma > 10.0 {
        return Err("a `sigma` above 10 is beyond anything measured".to_owned());
    }
    Ok(Law::LogNormal { mu, sigma })
}

/// Pairs of a share and a value whose shares sum to the whole.
fn weighted<T>(args: &[&str], value: impl Fn(&str) -> Result<T, String>) -> Result<Vec<(f64, T)>, String> {
    if args.is_empty() || !args.len().is_multiple_of(2) {
        return Err("takes pairs of a share and a value".to_owned());
    }
    let mut parts = Vec::new();
    for pair in args.chunks_exact(2) {
        parts.push((parse::share(pair[0]).map_err(|e| e.message)?, value(pair[1])?));
    }
    let total: f64 = parts.iter().map(|(share, _)| share).sum();
    if (total - 1.0).abs() > 1e-9 {
        return Err(format!("the shares sum to {}% instead of 100%", (total * 1e6).round() / 1e4));
    }
    Ok(parts)
}

/// Parses `uniform`, `zipf(EXPONENT)` or `hot-set(KEYS SHARE)`.
///
/// # Errors
/// Anything else.
pub fn parse_popularity(text: &str) -> Result<Popularity, ParseError> {
    let error = |message: String| {
        ParseError::new(
            format!("`{}`: {message}", text.trim()),
            "write `uniform`, `zipf(0.9)` or `hot-set(100 80%)`",
        )
    };
    let (name, args) = split(text).map_err(error)?;
    let number = |text: &str| parse::number(text).map_err(|e| error(e.message));
    match (name, args.as_slice()) {
        ("uniform", []) => Ok(Popularity::Uniform),
        ("zipf", [exponent]) => match number(exponent)? {
            exponent if exponent <= 10.0 => Ok(Popularity::Zipf { exponent }),
            _ => Err(error("an exponent above 10 leaves one key".to_owned())),
        },
        ("hot-set", [hot, share]) => {
            let hot = parse::count(hot).map_err(|e| error(e.message))?.filter(|hot| *hot > 0);
            let hot = hot.ok_or_else(|| error("needs at least one hot key".to_owned()))?;
            Ok(Popularity::HotSet { hot, share: parse::share(share).map_err(|e| error(e.message))? })
        }
        _ => Err(error("not a popularity law".to_owned())),
    }
}

/// Parses `none`, `fixed(100ms)`, `exponential(BASE CAP)`, `exponential(BASE CAP spread 50%)`,
/// `full-jitter(BASE CAP)`, `equal-jitter(BASE CAP)` or `decorrelated(BASE CAP)`.
///
/// # Errors
/// Anything else.
pub fn parse_backoff(text: &str) -> Result<Backoff, ParseError> {
    let help = "write `none`, `fixed(100ms)`, `exponential(100ms 10s)`, `exponential(100ms 10s spread 50%)`, \
                `full-jitter(50ms 2s)`, `equal-jitter(50ms 2s)` or `decorrelated(50ms 2s)`";
    let error = |message: String| ParseError::new(format!("`{}`: {message}", text.trim()), help);
    let (name, args) = split(text).map_err(error)?;
    let span = |text: &str| parse::span(text).map_err(|e| error(e.message));
    match (name, args.as_slice()) {
        ("none", []) => Ok(Backoff::None),
        ("fixed", [pause]) => Ok(Backoff::Fixed(span(pause)?)),
        (_, [base, cap, rest @ ..]) => {
            let (base, cap) = (span(base)?, span(cap)?);
            if cap < base {
                return Err(error("the cap must not be below the base".to_owned()));
            }
            match (name, rest) {
                ("exponential", []) => Ok(Backoff::Exponential { base, cap, spread: 0.0 }),
                ("exponential", ["spread", spread]) => Ok(Backoff::Exponential {
                    base,
                    cap,
                    spread: parse::share(spread).map_err(|e| error(e.message))?,
                }),
                ("full-jitter", []) => Ok(Backoff::FullJitter { base, cap }),
                ("equal-jitter", []) => Ok(Backoff::EqualJitter { base, cap }),
                ("decorrelated", []) => Ok(Backoff::Decorrelated { base, cap }),
                _ => Err(error("not a pause law".to_owned())),
            }
        }
        _ => Err(error("not a pause law".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_ms(text: &str) -> f64 {
        parse_law(text, LawUnit::Time).unwrap_or_else(|e| panic!("{text}: {}", e.message)).mean() / 1e6
    }

    #[test]
    fn laws_have_the_means_they_state() {
        let cases = [
            ("5ms", 5.0),
            ("constant(5ms)", 5.0),
            ("uniform(1ms 5ms)", 3.0),
            ("exponential(2ms)", 2.0),
            ("exp(2ms)", 2.0),
            ("lognormal(mean 20ms sigma 0.6)", 20.0),
            ("lognormal(mean 10ms cv2 4)", 10.0),
            ("erlang(4 10ms)", 10.0),
            ("hyperexponential(99.9% 100ms 0.1% 10s)", 109.9),
            ("weibull(shape 0.7 mean 10ms)", 10.0),
            ("empirical(1ms 2ms 6ms)", 3.0),
            ("mix(80% 1ms 20% exponential(10ms))", 2.8),
            ("mix(50% mix(50% 1ms 50% 3ms) 50% uniform(2ms, 4ms))", 2.5),
        ];
        for (text, mean) in cases {
            assert!((mean_ms(text) - mean).abs() < 1e-6, "{text}: {}", mean_ms(text));
        }
        assert_eq!(parse_law("geometric(10)", LawUnit::Count), Ok(Law::Geometric { mean: 10.0 }));
    }

    #[test]
    fn a_lognormal_by_percentiles_has_them() {
        let Ok(Law::LogNormal { mu, sigma }) = parse_law("lognormal(p50 8ms p99 60ms)", LawUnit::Time) else {
            panic!("not lognormal")
        };
        assert!((libm::exp(mu) - 8e6).abs() < 1.0);
        assert!((libm::exp(mu + NORMAL_P99 * sigma) - 60e6).abs() < 10.0);
    }

    #[test]
    fn impossible_laws_are_refused_with_a_reason() {
        let cases = [
            ("exponentail(2ms)", "did you mean `exponential`"),
            ("exponential(0s)", "above 0"),
            ("exponential(2)", "no unit"),
            ("lognormal(p50 8ms p99 2ms)", "must not be below"),
            ("lognormal(8ms 60ms)", "takes `p50"),
            ("uniform(5ms 1ms)", "must not be above"),
            ("hyperexponential(50% 1ms 20% 5ms)", "sum to 70%"),
            ("pareto(shape 1 min 1ms)", "needs `max`"),
            ("geometric(3)", "counts only"),
            ("exponential(2ms", "missing"),
            ("erlang(0 1ms)", "from 1 to 1000"),
            ("empirical()", "at least one"),
            ("normal(mean 10ms sd 2ms p99 4ms)", "takes `mean"),
            ("normal(mean 10ms sd 2ms 1)", "takes `mean"),
            ("weibull(shape 1 mean 1ms scale 2ms)", "takes `shape"),
            ("pareto(shape 1 min 1ms max 1s mean 2ms)", "takes `shape"),
            ("empirical(file a.csv b.csv)", "not a span"),
            ("weibull(shape nan mean 1ms)", "not a number"),
        ];
        for (text, reason) in cases {
            let error = parse_law(text, LawUnit::Time).unwrap_err();
            assert!(error.message.contains(reason), "{text}: {}", error.message);
        }
        assert!(parse_law(&"mix(100% ".repeat(50), LawUnit::Time).is_err());
        let deep = format!("{}1ms{}", "mix(100% ".repeat(50), ")".repeat(50));
        assert!(parse_law(&deep, LawUnit::Time).unwrap_err().message.contains("too deeply"));
    }

    #[test]
    fn popularity_and_pauses_are_read() {
        assert_eq!(parse_popularity("zipf(0.9)"), Ok(Popularity::Zipf { exponent: 0.9 }));
        assert_eq!(parse_popularity("hot-set(100 80%)"), Ok(Popularity::HotSet { hot: 100, share: 0.8 }));
        assert!(parse_popularity("zipf").is_err());
        let ms = crate::units::SimSpan::from_millis;
        let spread = Backoff::Exponential { base: ms(100), cap: ms(10_000), spread: 0.5 };
        assert_eq!(parse_backoff("exponential(100ms 10s spread 50%)"), Ok(spread));
        assert_eq!(
            parse_backoff("full-jitter(50ms 2s)"),
            Ok(Backoff::FullJitter { base: ms(50), cap: ms(2000) })
        );
        assert!(parse_backoff("full-jitter(2s 50ms)").is_err());
    }
}
