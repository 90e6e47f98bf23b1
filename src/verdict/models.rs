//! What language models do, and what it costs.

use super::components::Members;
use super::measure::{Reading, Statistic, View};
use crate::outcome::{ComponentOutcome, ModelSlot};
use crate::plan::{Metric, OperationId};
use crate::stats::Histogram;

/// Whether a metric is read from what a language model did.
pub(super) fn is_about_models(metric: Metric) -> bool {
    matches!(
        metric,
        Metric::FirstTokenQuantile(_)
            | Metric::FirstTokenMean
            | Metric::FirstTokenMax
            | Metric::TokenTimeQuantile(_)
            | Metric::TokenTimeMean
            | Metric::TokenRate
            | Metric::Tokens
            | Metric::MalformedRate
            | Metric::CutRate
            | Metric::OverflowRate
    )
}

/// Measures a language model's metric.
pub(super) fn of_component(view: &View<'_>, members: &Members<'_>, metric: Metric) -> Reading {
    let slots = || members.slots(view).filter_map(|slot| slot.model.as_ref());
    let count = |of: fn(&ModelSlot) -> u64| -> u64 { slots().map(of).sum() };
    let time = |of: fn(&ModelSlot) -> &Histogram, statistic| {
        let mut all = Histogram::default();
        slots().for_each(|slot| all.merge(of(slot)));
        Reading::time(&all, statistic, &format!("answers of {}", members.name))
    };
    let first = |statistic| time(|slot| &slot.first_token, statistic);
    let share = |of: fn(&ModelSlot) -> u64, among: fn(&ModelSlot) -> u64| {
        Reading::share(count(of), count(among), || format!("{} wrote nothing in this window", members.name))
    };
    match metric {
        Metric::FirstTokenQuantile(q) => first(Statistic::Quantile(q)),
        Metric::FirstTokenMean => first(Statistic::Mean),
        Metric::FirstTokenMax => first(Statistic::Max),
        Metric::TokenTimeQuantile(q) => time(|slot| &slot.token_time, Statistic::Quantile(q)),
        Metric::TokenTimeMean => time(|slot| &slot.token_time, Statistic::Mean),
        Metric::TokenRate => view.rate(count(|slot| slot.output_tokens)),
        Metric::Tokens => Reading::value(count(|slot| slot.prompt_tokens + slot.output_tokens) as f64),
        Metric::MalformedRate => share(|slot| slot.malformed, |slot| slot.generations),
        Metric::CutRate => share(|slot| slot.cut, |slot| slot.generations),
        Metric::OverflowRate => share(|slot| slot.overflowed, |slot| slot.generations + slot.overflowed),
        other => Reading::TooLittle(format!("{other:?} is not measured of language models")),
    }
}

/// US dollars for what some components' meters counted.
pub(super) fn cost(
    view: &View<'_>,
    components: &[&ComponentOutcome],
    operation: Option<OperationId>,
) -> Reading {
    let operations = components.iter().flat_map(|component| component.operations.iter().enumerate());
    let wanted = operations.filter(|(index, _)| operation.is_none_or(|wanted| wanted == *index));
    let meters = wanted.flat_map(|(_, operation)| &operation.meters);
    Reading::value(meters.map(|meter| meter.cost(&view.slots)).sum())
}
