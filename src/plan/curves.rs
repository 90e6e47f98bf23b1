//! Rates over time: every shape a file can name becomes points.

use super::codes;
use super::context::{At, Context};
use super::data_file::read_rates;
use super::model::RateCurve;
use crate::spec::raw::{RawCurve, RawDiurnal, RawRamp, RawRate, RawRatePoint, RawSpikeCurve};
use crate::units::{SimSpan, SimTime};

/// Points per period of a sine wave: five minutes of a day.
const WAVE_POINTS: u32 = 288;
/// Most waves in one run: a fault may have to follow each point of each.
const WAVES_MAX: u64 = 10_000;
/// Shortest wave: its points lie well apart.
const WAVE_PERIOD_MIN: SimSpan = SimSpan::from_millis(1);
/// Period of a wave that states none.
const WAVE_PERIOD_DEFAULT: SimSpan = SimSpan::from_secs(86_400);

/// The curve, starting at 0.
pub(super) fn resolve_curve(
    cx: &mut Context<'_>,
    at: &At,
    raw: &RawRate,
    duration: SimSpan,
) -> Option<RateCurve> {
    let curve = match raw {
        RawRate::Fixed(text) => return cx.rate(at, text).map(|rate| plain(vec![(SimTime::ZERO, rate)])),
        RawRate::Curve(curve) => curve,
    };
    match curve {
        RawCurve::Points(raw) => {
            let at = at.key("points");
            points(cx, &at, raw, duration).map(|points| plain(from_zero(points)))
        }
        RawCurve::Steps(raw) => {
            let at = at.key("steps");
            let points = points(cx, &at, raw, duration)?;
            steps(cx, &at, &points).map(plain)
        }
        RawCurve::Ramp(raw) => ramp(cx, &at.key("ramp"), raw),
        RawCurve::Spike(raw) => spike(cx, &at.key("spike"), raw, duration),
        RawCurve::Diurnal(raw) => diurnal(cx, &at.key("diurnal"), raw, duration),
        RawCurve::Csv(file) => read_rates(cx, &at.key("csv"), file).map(|points| plain(from_zero(points))),
    }
}

fn plain(points: Vec<(SimTime, f64)>) -> RateCurve {
    RateCurve { points, period: None }
}

/// Makes the curve constant before its first point.
fn from_zero(mut points: Vec<(SimTime, f64)>) -> Vec<(SimTime, f64)> {
    if let Some((at, rate)) = points.first().copied()
        && at > SimTime::ZERO
    {
        points.insert(0, (SimTime::ZERO, rate));
    }
    points
}

fn points(
    cx: &mut Context<'_>,
    at: &At,
    raw: &[RawRatePoint],
    duration: SimSpan,
) -> Option<Vec<(SimTime, f64)>> {
    if raw.is_empty() {
        cx.error(codes::MISSING, at, "a curve needs at least one point", "such as `{ at: 0s, rate: 100/s }`");
        return None;
    }
    let mut points: Vec<(SimTime, f64)> = Vec::with_capacity(raw.len());
    let mut is_good = true;
    for (index, raw) in raw.iter().enumerate() {
        let at = at.index(index);
        let when = cx.span(&at.key("at"), &raw.at);
        let rate = cx.rate(&at.key("rate"), &raw.rate);
        let (Some(when), Some(rate)) = (when, rate) else {
            is_good = false;
            continue;
        };
        let when = SimTime(when.0);
        if points.last().is_some_and(|(last, _)| *last > when) {
            cx.error(codes::OUT_OF_RANGE, &at.key("at"), "points must be in order of time", "");
            is_good = false;
        }
        if when > SimTime::ZERO + duration {
            let message = format!("this point lies after the run's end at {duration}");
            cx.warning(codes::CUT_OFF, &at.key("at"), message, "");
        }
        points.push((when, rate));
    }
    is_good.then_some(points)
}

/// Constant from each point to the next: a jump is two points at one instant.
fn steps(cx: &mut Context<'_>, at: &At, points: &[(SimTime, f64)]) -> Option<Vec<(SimTime, f64)>> {
    if points[0].0 > SimTime::ZERO {
        let message = "the first step must start at 0s";
        cx.error(codes::MISSING, &at.index(0).key("at"), message, "put `{ at: 0s, rate: 0/s }` before it");
        return None;
    }
    let mut jumps: Vec<(SimTime, f64)> = Vec::with_capacity(points.len() * 2);
    for (when, rate) in points {
        if let Some((_, before)) = jumps.last().copied() {
            jumps.push((*when, before));
        }
        jumps.push((*when, *rate));
    }
    Some(jumps)
}

fn ramp(cx: &mut Context<'_>, at: &At, raw: &RawRamp) -> Option<RateCurve> {
    let from = cx.rate(&at.key("from"), &raw.from);
    let to = cx.rate(&at.key("to"), &raw.to);
    let over = cx.span(&at.key("over"), &raw.over);
    Some(plain(vec![(SimTime::ZERO, from?), (SimTime(over?.0), to?)]))
}

fn spike(cx: &mut Context<'_>, at: &At, raw: &RawSpikeCurve, duration: SimSpan) -> Option<RateCurve> {
    let base = cx.rate(&at.key("base"), &raw.base);
    let peak = cx.rate(&at.key("peak"), &raw.peak);
    let after = raw.after.as_ref().map_or(base, |text| cx.rate(&at.key("after"), text));
    let start = cx.span(&at.key("at"), &raw.at);
    let length = cx.span(&at.key("for"), &raw.length);
    let ramp = cx.span_or(&at.key("ramp"), raw.ramp.as_ref(), SimSpan::ZERO);
    let (base, peak, after, start) = (base?, peak?, after?, SimTime(start?.0));
    if ramp.0 > start.0 {
        let message = format!("the climb of {ramp} would begin before 0s: the peak is reached at {start}");
        cx.error(codes::OUT_OF_RANGE, &at.key("ramp"), message, "");
        return None;
    }
    if start > SimTime::ZERO + duration {
        let message = format!("the peak lies after the run's end at {duration}");
        cx.warning(codes::CUT_OFF, &at.key("at"), message, "");
    }
    let end = start + length?;
    let points = vec![
        (SimTime::ZERO, base),
        (SimTime(start.0 - ramp.0), base),
        (start, peak),
        (end, peak),
        (end + ramp, after),
    ];
    Some(plain(points))
}

fn diurnal(cx: &mut Context<'_>, at: &At, raw: &RawDiurnal, duration: SimSpan) -> Option<RateCurve> {
    let mean = cx.rate(&at.key("mean"), &raw.mean);
    let swing = cx.share(&at.key("swing"), &raw.swing);
    let period = match &raw.period {
        None => Some(WAVE_PERIOD_DEFAULT),
        Some(text) => cx.span_above_zero(&at.key("period"), "`period`", text),
    };
    let peak_at = raw.peak_at.as_ref().map(|text| cx.span(&at.key("peak-at"), text));
    let (mean, swing, period) = (mean?, swing?, period?);
    if duration.0 / period.0 > WAVES_MAX || period < WAVE_PERIOD_MIN {
        let message = format!("waves of {period} are too short for a run of {duration}");
        let help = format!("a wave lasts at least {WAVE_PERIOD_MIN}, and a run has at most {WAVES_MAX}");
        cx.error(codes::TOO_BIG, &at.key("period"), message, help);
        return None;
    }
    let period_ns = period.0 as f64;
    let peak_ns = match peak_at {
        None => period_ns / 4.0,
        Some(at) => at?.0 as f64,
    };
    let points = (0..=WAVE_POINTS).map(|index| {
        let at = period_ns * f64::from(index) / f64::from(WAVE_POINTS);
        let angle = 2.0 * std::f64::consts::PI * (at - peak_ns) / period_ns;
        // Rounding must not take the trough of a full swing below zero.
        (SimTime(at as u64), (mean * (1.0 + swing * libm::cos(angle))).max(0.0))
    });
    Some(RateCurve { points: points.collect(), period: Some(period) })
}
