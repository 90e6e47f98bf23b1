//! How a component protects itself: standing queues and limits on requests inside.

use super::codes;
use super::context::{At, Context};
use super::model::{ConcurrencyLimit, Contention, Holding, LimitLaw, LimitRange, Standing};
use crate::spec::raw::{
    RawAdmission, RawAimd, RawConcurrency, RawContention, RawDiscipline, RawGradient, RawQueue, RawVegas,
};
use crate::spec::scalar::{ShareText, SpanText};
use crate::units::SimSpan;

/// The published settings of controlled delay (Maurer, "Fail at Scale", 2015).
const INTERVAL_DEFAULT: SimSpan = SimSpan(100_000_000);
const TARGET_DEFAULT: SimSpan = SimSpan(5_000_000);
/// Starting value and bounds of Netflix' concurrency-limits library, which has 200 to 1000 as the
/// largest value, by algorithm.
const LIMIT_INITIAL: u32 = 20;
const LIMIT_MIN: u32 = 1;
const LIMIT_MAX: u32 = 1000;
/// The same library's: sampling window, what is left after a decrease, tolerance of the gradient.
const LIMIT_WINDOW: SimSpan = SimSpan::from_secs(1);
const AIMD_BACKOFF: f64 = 0.9;
const GRADIENT_TOLERANCE: f64 = 1.5;

/// How crowding slows a component down.
pub(super) fn contention(
    cx: &mut Context<'_>,
    at: &At,
    raw: &RawContention,
    holding: &Holding,
) -> Option<Contention> {
    let at = at.key("contention");
    let mut share =
        |key: &str, text: Option<&ShareText>| text.map_or(Some(0.0), |text| cx.share(&at.key(key), text));
    let serial = share("serial", raw.serial.as_ref());
    let crosstalk = share("crosstalk", raw.crosstalk.as_ref());
    if !matches!(holding, Holding::Threads { cores: None, .. }) {
        let message = "`contention` needs a core for each thread, so that it alone says how work slows down";
        cx.error(codes::CONTRADICTION, &at, message, "remove `cores`, `async` or `processor-sharing`");
    }
    let contention = Contention { serial: serial?, crosstalk: crosstalk? };
    if contention.factor(2) == 1.0 {
        cx.warning(codes::NO_EFFECT, &at, "nothing slows down", "give `serial` or `crosstalk`");
    }
    Some(contention)
}

/// What changes while a queue stands, if its discipline cares.
pub(super) fn standing(cx: &mut Context<'_>, at: &At, raw: &RawQueue) -> Option<Standing> {
    let default = match raw.discipline {
        Some(RawDiscipline::Codel) => Some(TARGET_DEFAULT),
        Some(RawDiscipline::AdaptiveLifo) => None,
        _ => {
            for (key, is_set) in [("interval", raw.interval.is_some()), ("target", raw.target.is_some())] {
                if is_set {
                    let message = format!("`{key}` belongs to the disciplines `codel` and `adaptive-lifo`");
                    cx.error(codes::CONTRADICTION, &at.key(key), message, "set `discipline`");
                }
            }
            return None;
        }
    };
    let mut span = |key: &str, text: Option<&SpanText>| {
        text.and_then(|text| cx.span_above_zero(&at.key(key), &format!("`{key}`"), text))
    };
    let interval = span("interval", raw.interval.as_ref()).unwrap_or(INTERVAL_DEFAULT);
    let target = span("target", raw.target.as_ref()).or(default);
    if let Some(target) = target
        && target > interval
    {
        let message = format!("a `target` of {target} is longer than the `interval` of {interval}");
        let help = "a standing queue should allow shorter waits than another: lower `target`";
        cx.error(codes::CONTRADICTION, &at.key("target"), message, help);
    }
    Some(Standing { interval, target })
}

/// The limit on requests inside, if there is one.
pub(super) fn resolve_concurrency(
    cx: &mut Context<'_>,
    at: &At,
    raw: &[RawAdmission],
) -> Option<ConcurrencyLimit> {
    let mut found = None;
    for (index, raw) in raw.iter().enumerate() {
        let RawAdmission::Concurrency(raw) = raw else { continue };
        let at = at.index(index).key("concurrency");
        if found.is_some() {
            let message = "there is already a limit on requests inside";
            cx.error(codes::DUPLICATE, &at, message, "keep the one that is reached first");
        }
        found = Some(limit(cx, &at, raw));
    }
    found.flatten()
}

fn limit(cx: &mut Context<'_>, at: &At, raw: &RawConcurrency) -> Option<ConcurrencyLimit> {
    let law = match (&raw.fixed, &raw.aimd, &raw.vegas, &raw.gradient) {
        (Some(fixed), None, None, None) => {
            cx.within(&at.key("fixed"), "`fixed`", *fixed, 1..=u32::MAX).map(LimitLaw::Fixed)
        }
        (None, Some(raw), None, None) => aimd(cx, &at.key("aimd"), raw),
        (None, None, Some(raw), None) => vegas(cx, &at.key("vegas"), raw),
        (None, None, None, Some(raw)) => gradient(cx, &at.key("gradient"), raw),
        _ => {
            let message = "`concurrency` has exactly one of `fixed`, `aimd`, `vegas` and `gradient`";
            cx.error(
                codes::CONTRADICTION,
                at,
                message,
                "write `concurrency: { fixed: 64 }` for a given limit",
            );
            None
        }
    };
    let least_urgent = cx.share_or(&at.key("least-urgent"), raw.least_urgent.as_ref(), 1.0);
    Some(ConcurrencyLimit { law: law?, least_urgent: least_urgent? })
}

fn range(cx: &mut Context<'_>, at: &At, [initial, min, max]: [Option<u32>; 3]) -> Option<LimitRange> {
    let min = cx.within(&at.key("min"), "`min`", min.unwrap_or(LIMIT_MIN), 1..=u32::MAX)?;
    let max = cx.within(&at.key("max"), "`max`", max.unwrap_or(LIMIT_MAX.max(min)), min..=u32::MAX)?;
    let start = initial.unwrap_or(LIMIT_INITIAL.clamp(min, max));
    let initial = cx.within(&at.key("initial"), "`initial`", start, min..=max)?;
    Some(LimitRange { initial, min, max })
}

fn window(cx: &mut Context<'_>, at: &At, text: Option<&SpanText>) -> Option<SimSpan> {
    match text {
        None => Some(LIMIT_WINDOW),
        Some(text) => cx.span_above_zero(&at.key("window"), "`window`", text),
    }
}

fn aimd(cx: &mut Context<'_>, at: &At, raw: &RawAimd) -> Option<LimitLaw> {
    let range = range(cx, at, [raw.initial, raw.min, raw.max]);
    let timeout = cx.span_above_zero(&at.key("timeout"), "`timeout`", &raw.timeout);
    let backoff = match &raw.backoff {
        None => Some(AIMD_BACKOFF),
        Some(text) => cx
            .share(&at.key("backoff"), text)
            .and_then(|share| cx.within(&at.key("backoff"), "`backoff`", share, 0.01..=0.99)),
    };
    Some(LimitLaw::Aimd { range: range?, timeout: timeout?, backoff: backoff? })
}

fn vegas(cx: &mut Context<'_>, at: &At, raw: &RawVegas) -> Option<LimitLaw> {
    let range = range(cx, at, [raw.initial, raw.min, raw.max]);
    let window = window(cx, at, raw.window.as_ref());
    Some(LimitLaw::Vegas { range: range?, window: window? })
}

fn gradient(cx: &mut Context<'_>, at: &At, raw: &RawGradient) -> Option<LimitLaw> {
    let range = range(cx, at, [raw.initial, raw.min, raw.max]);
    let window = window(cx, at, raw.window.as_ref());
    let tolerance = match &raw.tolerance {
        None => Some(GRADIENT_TOLERANCE),
        Some(text) => cx
            .number(&at.key("tolerance"), text)
            .and_then(|number| cx.within(&at.key("tolerance"), "`tolerance`", number, 1.0..=100.0)),
    };
    Some(LimitLaw::Gradient { range: range?, tolerance: tolerance?, window: window? })
}
