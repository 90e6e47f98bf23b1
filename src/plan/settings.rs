//! How long and how finely a run is watched, and where it stops.

use super::codes;
use super::context::{At, Context};
use super::model::ServiceLevel;
use crate::spec::raw::RawServiceLevel;
use crate::units::SimSpan;

/// Events of a run whose scenario states no bound.
const EVENTS_MAX_DEFAULT: u64 = 2_000_000_000;
/// Most requests in progress of any run: each takes some hundred bytes.
const IN_SYSTEM_MAX: u64 = 20_000_000;
/// Requests in progress of a run whose scenario states no bound.
const IN_SYSTEM_MAX_DEFAULT: u32 = 1_000_000;
/// Seed of a scenario that states none: a constant, so that runs repeat.
const SEED_DEFAULT: u64 = 1;
/// Share of requests answered well that users expect if the scenario states none.
const AVAILABILITY_DEFAULT: f64 = 0.99;
/// Windows for which service must hold if the scenario states no time.
const HOLD_WINDOWS_DEFAULT: u64 = 3;
/// Most windows of one run: the outcome's size is bounded whatever the duration.
const WINDOWS_MAX: u64 = 2000;
/// Fewest windows that a chosen width gives, if the run is long enough.
const WINDOWS_WANTED: u64 = 120;

/// The scenario's own numbers.
pub(super) struct Settings {
    /// Root of all randomness.
    pub(super) seed: u64,
    /// How long load arrives.
    pub(super) duration: SimSpan,
    /// Start left out of every statistic.
    pub(super) warm_up: SimSpan,
    /// Width of one window.
    pub(super) window: SimSpan,
    /// Most events.
    pub(super) events_max: u64,
    /// Most requests in progress.
    pub(super) in_system_max: u32,
    /// When users are hurt.
    pub(super) service_level: ServiceLevel,
}

/// Reads the scenario's own numbers; those that are wrong are complained about and replaced.
pub(super) fn resolve_settings(cx: &mut Context<'_>) -> Settings {
    let raw = &cx.input.scenario;
    let key = At::scenario;
    let duration = cx.span_above_zero(&key("duration"), "`duration`", &raw.duration);
    let duration = duration.unwrap_or(SimSpan::from_secs(1));
    let warm_up = cx.span_or(&key("warm-up"), raw.warm_up.as_ref(), SimSpan::ZERO);
    if warm_up >= duration {
        let message = format!("the warm-up of {warm_up} leaves nothing of the {duration} that the run lasts");
        cx.error(codes::OUT_OF_RANGE, &key("warm-up"), message, "");
    }
    let window = match &raw.window {
        None => width_for(duration),
        Some(text) => {
            let width = cx.span_above_zero(&key("window"), "`window`", text).unwrap_or(duration);
            check_width(cx, duration, width);
            width
        }
    };
    let events_max =
        raw.events_max.as_ref().and_then(|text| cx.count(&key("events-max"), "`events-max`", text));
    if events_max == Some(0) {
        cx.error(codes::OUT_OF_RANGE, &key("events-max"), "`events-max` must be at least 1", "");
    }
    let in_system_max = raw.in_system_max.as_ref().and_then(|text| {
        let at = key("in-system-max");
        let most = cx.count(&at, "`in-system-max`", text)?;
        cx.within(&at, "`in-system-max`", most, 1..=IN_SYSTEM_MAX).map(|most| most as u32)
    });
    Settings {
        seed: raw.seed.unwrap_or(SEED_DEFAULT),
        duration,
        warm_up,
        window,
        events_max: events_max.unwrap_or(EVENTS_MAX_DEFAULT),
        in_system_max: in_system_max.unwrap_or(IN_SYSTEM_MAX_DEFAULT),
        service_level: service_level(cx, raw.service_level.as_ref(), window),
    }
}

fn check_width(cx: &mut Context<'_>, duration: SimSpan, width: SimSpan) {
    let windows = duration.0.div_ceil(width.0);
    if windows > WINDOWS_MAX {
        let message = format!("windows of {width} over {duration} make {windows}, more than {WINDOWS_MAX}");
        let help = format!("leave `window` out for {}", width_for(duration));
        cx.error(codes::TOO_BIG, &At::scenario("window"), message, help);
    }
}

fn service_level(cx: &mut Context<'_>, raw: Option<&RawServiceLevel>, window: SimSpan) -> ServiceLevel {
    let at = At::scenario("service-level");
    let availability = raw.and_then(|raw| raw.availability.as_ref());
    let latency = raw.and_then(|raw| raw.latency_p99.as_ref());
    let hold = raw.and_then(|raw| raw.hold.as_ref());
    ServiceLevel {
        availability: availability
            .and_then(|text| cx.share(&at.key("availability"), text))
            .unwrap_or(AVAILABILITY_DEFAULT),
        latency_p99: latency
            .and_then(|text| cx.span_above_zero(&at.key("latency-p99"), "`latency-p99`", text)),
        hold: cx.span_or(&at.key("hold"), hold, SimSpan(window.0.saturating_mul(HOLD_WINDOWS_DEFAULT))),
    }
}

const MS: u64 = 1_000_000;
const SEC: u64 = 1000 * MS;
const MIN: u64 = 60 * SEC;
const HOUR: u64 = 60 * MIN;
const DAY: u64 = 24 * HOUR;

/// Widths that people would choose; none is more than two and a half times the one before.
const WIDTHS: [u64; 28] = [
    MS,
    2 * MS,
    5 * MS,
    10 * MS,
    20 * MS,
    50 * MS,
    100 * MS,
    200 * MS,
    500 * MS,
    SEC,
    2 * SEC,
    5 * SEC,
    10 * SEC,
    15 * SEC,
    20 * SEC,
    30 * SEC,
    MIN,
    2 * MIN,
    5 * MIN,
    10 * MIN,
    15 * MIN,
    20 * MIN,
    30 * MIN,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    6 * HOUR,
    12 * HOUR,
];

/// A round width that gives 120 to 300 windows; whole days when the run is longer than that allows.
fn width_for(duration: SimSpan) -> SimSpan {
    let is_fine = |width: u64| duration.0 / width >= WINDOWS_WANTED;
    if is_fine(2 * DAY) {
        return SimSpan(DAY * (duration.0 / DAY / WINDOWS_WANTED));
    }
    if is_fine(DAY) {
        return SimSpan(DAY);
    }
    SimSpan(WIDTHS.into_iter().rev().find(|width| is_fine(*width)).unwrap_or(MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_width_is_round_and_gives_120_to_300_windows() {
        let mut duration = 120 * MS;
        while duration < 3000 * DAY {
            let width = width_for(SimSpan(duration));
            let windows = duration.div_ceil(width.0);
            assert!((120..=301).contains(&windows), "{} gives {windows} of {width}", SimSpan(duration));
            duration += duration / 7;
        }
        for (duration, width) in
            [(600 * SEC, 5 * SEC), (3 * HOUR, MIN), (DAY, 10 * MIN), (7 * DAY, HOUR), (SEC, 5 * MS)]
        {
            assert_eq!(width_for(SimSpan(duration)), SimSpan(width));
        }
        assert_eq!(width_for(SimSpan(5)), SimSpan(MS), "a run shorter than a window has one");
    }
}
