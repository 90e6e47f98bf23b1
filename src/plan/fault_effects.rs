//! Effects of faults on language models and clocks.

use super::codes;
use super::context::{At, Context};
use super::faults::World;
use super::model::{Effect, ReplicaRef};
use crate::spec::raw::{RawBadOutput, RawClockSkew};
use crate::spec::scalar::ShareText;
use crate::units::SimSpan;

/// Furthest that a clock is off; sums of such offsets still fit.
const OFFSET_MAX: SimSpan = SimSpan::from_secs(366 * 24 * 3_600);

/// Answers of language models are bad.
pub(super) fn bad_output(
    cx: &mut Context<'_>,
    world: &World<'_>,
    at: &At,
    raw: &RawBadOutput,
    replicas: Option<Vec<ReplicaRef>>,
) -> Option<Effect> {
    let mut share =
        |key: &str, text: Option<&ShareText>| text.map_or(Some(0.0), |text| cx.share(&at.key(key), text));
    let malformed = share("malformed", raw.malformed.as_ref());
    let wrong = share("wrong", raw.wrong.as_ref());
    let cut = share("cut", raw.cut.as_ref());
    if raw.malformed.is_none() && raw.wrong.is_none() && raw.cut.is_none() {
        let message = "a `bad-output` fault without `malformed`, `wrong` and `cut` does nothing";
        cx.error(codes::MISSING, at, message, "add `cut: 10%`");
    }
    let replicas = replicas?;
    let mut targets: Vec<_> = replicas.iter().map(|replica| replica.component).collect();
    targets.dedup();
    for component in targets.into_iter().map(|id| &world.components[id]) {
        if component.model.is_none() {
            let message = format!("`{}` is no language model", component.name);
            cx.error(codes::NO_MECHANISM, &at.key("target"), message, "hit a component that has `model:`");
        }
    }
    Some(Effect::BadOutput { replicas, malformed: malformed?, wrong: wrong?, cut: cut? })
}

/// Clocks are ahead or behind.
pub(super) fn clock_skew(
    cx: &mut Context<'_>,
    at: &At,
    raw: &RawClockSkew,
    replicas: Option<Vec<ReplicaRef>>,
) -> Option<Effect> {
    let (key, text, sign) = match (&raw.ahead, &raw.behind) {
        (Some(text), None) => ("ahead", text, 1),
        (None, Some(text)) => ("behind", text, -1),
        _ => {
            let message = "`clock-skew` has exactly one of `ahead` and `behind`";
            cx.error(codes::CONTRADICTION, at, message, "such as `ahead: 5m`");
            return None;
        }
    };
    let at = at.key(key);
    let offset = cx.span_above_zero(&at, &format!("`{key}`"), text)?;
    let offset = cx.within(&at, &format!("`{key}`"), offset, SimSpan::ZERO..=OFFSET_MAX)?;
    Some(Effect::ClockSkew { replicas: replicas?, offset: sign * offset.0 as i64 })
}
