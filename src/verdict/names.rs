//! What names answered.

use super::Unit;
use super::measure::{Reading, View};
use crate::outcome::NameSlot;
use crate::plan::{Metric, NameMetric, Scope};

/// Measures a metric of one name, or of one of its answers.
pub(super) fn measure(view: &View<'_>, metric: Metric, scope: &Scope) -> Reading {
    let (Metric::Name(metric), Scope::Name(name) | Scope::Answer(name, _)) = (metric, scope) else {
        return Reading::TooLittle(format!("{metric:?} is not measured of names"));
    };
    let outcome = &view.outcome.names[*name];
    let mut total = NameSlot::default();
    view.of(&outcome.slots).for_each(|slot| total.add(slot));
    let nothing = || format!("nobody asked for {} in this window", outcome.name);
    match (metric, scope) {
        (NameMetric::LookupRate, _) => view.rate(total.lookups),
        (NameMetric::RememberedRatio, _) => Reading::share(total.remembered, total.asked(), nothing),
        (NameMetric::StaleAnswers, _) => Reading::share(total.stale, total.asked(), nothing),
        (NameMetric::Unresolved, _) => Reading::value((total.missing + total.unanswered) as f64),
        (NameMetric::AnswerShare, Scope::Answer(_, target)) => {
            let answers = total.answers.get(*target).copied().unwrap_or(0);
            Reading::share(answers, total.asked(), nothing)
        }
        (NameMetric::AnswerShare, _) => Reading::TooLittle("of which answer is not said".to_owned()),
    }
}

/// What kind of number it is.
pub(super) fn unit(metric: NameMetric) -> Unit {
    match metric {
        NameMetric::LookupRate => Unit::PerSecond,
        NameMetric::Unresolved => Unit::Number,
        NameMetric::RememberedRatio | NameMetric::StaleAnswers | NameMetric::AnswerShare => Unit::Share,
    }
}
