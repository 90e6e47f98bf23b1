//! Minimal parsers, replaced by `units::parse` and `spec::law` once they are there.
use super::model::{Backoff, Popularity};
use crate::dist::Law;
use crate::units::SimSpan;

fn scaled(text: &str, units: &[(&str, f64)]) -> Result<f64, String> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || ".+-".contains(c))).unwrap_or(text.len());
    let number: f64 = text[..end].parse().map_err(|_| format!("`{text}` is not a quantity"))?;
    let unit = text[end..].trim();
    let factor = units.iter().find(|(name, _)| *name == unit).ok_or(format!("`{text}` has no known unit"))?.1;
    Ok(number * factor)
}
pub(super) fn span(text: &str) -> Result<SimSpan, String> {
    let secs = scaled(
        text,
        &[("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86400.0)],
    )?;
    SimSpan::from_secs_f64(secs).ok_or("out of range".to_owned())
}
pub(super) fn rate(text: &str) -> Result<f64, String> {
    scaled(text, &[("/s", 1.0), ("/m", 1.0 / 60.0), ("/h", 1.0 / 3600.0), ("k/s", 1e3)])
}
pub(super) fn share(text: &str) -> Result<f64, String> {
    scaled(text, &[("%", 0.01), ("", 1.0)])
}
pub(super) fn number(text: &str) -> Result<f64, String> {
    scaled(text, &[("", 1.0), ("k", 1e3), ("M", 1e6)])
}
pub(super) fn count(text: &str) -> Result<Option<u64>, String> {
    if text == "unlimited" {
        return Ok(None);
    }
    number(text).map(|n| Some(n as u64))
}
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    scaled(text, &[("B", 1.0), ("", 1.0), ("KiB", 1024.0), ("MiB", 1048576.0), ("GiB", 1073741824.0)])
        .map(|b| b as u64)
}
pub(super) fn bandwidth(text: &str) -> Result<f64, String> {
    scaled(text, &[("B/s", 1.0), ("MiB/s", 1048576.0), ("Mbit/s", 125_000.0)])
}
fn args(text: &str) -> (String, Vec<String>) {
    match text.split_once('(') {
        Some((name, rest)) => {
            (name.to_owned(), rest.trim_end_matches(')').split_whitespace().map(str::to_owned).collect())
        }
        None => (text.to_owned(), vec![]),
    }
}
pub(super) fn popularity(text: &str) -> Result<Popularity, String> {
    let (name, args) = args(text);
    match (name.as_str(), args.as_slice()) {
        ("uniform", []) => Ok(Popularity::Uniform),
        ("zipf", [e]) => Ok(Popularity::Zipf { exponent: number(e)? }),
        ("hot-set", [h, s]) => Ok(Popularity::HotSet { hot: number(h)? as u64, share: share(s)? }),
        _ => Err(format!("`{text}` is not a popularity law")),
    }
}
pub(super) fn backoff(text: &str) -> Result<Backoff, String> {
    let (name, args) = args(text);
    match (name.as_str(), args.as_slice()) {
        ("none", []) => Ok(Backoff::None),
        ("fixed", [p]) => Ok(Backoff::Fixed(span(p)?)),
        ("full-jitter", [b, c]) => Ok(Backoff::FullJitter { base: span(b)?, cap: span(c)? }),
        _ => Err(format!("`{text}` is not a backoff")),
    }
}
pub(super) fn law(text: &str, value: fn(&str) -> Result<f64, String>) -> Result<Law, String> {
    let (name, args) = args(text);
    match (name.as_str(), args.as_slice()) {
        ("exponential", [m]) => Ok(Law::Exponential { mean: value(m)? }),
        ("uniform", [l, h]) => Ok(Law::Uniform { low: value(l)?, high: value(h)? }),
        ("geometric", [m]) => Ok(Law::Geometric { mean: number(m)? }),
        ("erlang", [k, m]) => Ok(Law::Erlang { stages: number(k)? as u32, mean: value(m)? }),
        ("lognormal", [a, av, b, bv]) if a == "mean" && b == "sigma" => {
            let (mean, sigma) = (value(av)?, number(bv)?);
            Ok(Law::LogNormal { mu: libm::log(mean) - sigma * sigma / 2.0, sigma })
        }
        (_, []) => Ok(Law::Constant(value(text)?)),
        _ => Err(format!("`{text}` is not a law")),
    }
}
pub(super) fn nanos(text: &str) -> Result<f64, String> {
    span(text).map(|s| s.0 as f64)
}

pub(super) fn mean(law: &Law) -> f64 {
    match law {
        Law::Constant(v) => *v,
        Law::Uniform { low, high } => (low + high) / 2.0,
        Law::Exponential { mean } | Law::Erlang { mean, .. } | Law::Geometric { mean } => *mean,
        Law::LogNormal { mu, sigma } => libm::exp(mu + sigma * sigma / 2.0),
        _ => 1.0,
    }
}
pub(super) fn fingerprint(bytes: &[u8]) -> String {
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3));
    format!("{hash:016x}")
}
