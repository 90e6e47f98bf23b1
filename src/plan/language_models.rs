//! Language models, what is counted of them, and the steps that use them.

use super::attributes::{amount, value};
use super::codes;
use super::context::{At, Context};
use super::directory::ComponentEntry;
use super::model::{Caller, ComponentId, Generate, Meter, Model, Step};
use super::steps::{List, Salts, StepBuilder};
use crate::spec::amount::parse_price;
use crate::spec::raw::{RawComponent, RawGenerate, RawModel};
use crate::spec::scalar::{AmountText, CountText, RateText, ShareText};
use indexmap::{IndexMap, IndexSet};

/// Meters that every language model has.
const INPUT_METER: &str = "input-tokens";
const OUTPUT_METER: &str = "output-tokens";

/// What is counted of a component for the bill; a model always counts its tokens.
pub(super) fn meters(
    cx: &mut Context<'_>,
    at: &At,
    raw: &RawComponent,
    component: &ComponentEntry,
) -> Vec<Meter> {
    let mut meters = Vec::with_capacity(component.meters.len());
    for name in &component.meters {
        let price = raw.meters.get(name).and_then(|text| {
            let at = at.key("meters").key(name);
            cx.value(&at, parse_price(text.as_str()))
        });
        meters.push(Meter { name: name.clone(), price: price.unwrap_or(0.0) });
    }
    meters
}

/// A language model.
pub(super) fn model(
    cx: &mut Context<'_>,
    at: &At,
    raw: &RawModel,
    component: &ComponentEntry,
) -> Option<Model> {
    let rate = |cx: &mut Context<'_>, key: &str, text: &RateText| {
        let rate = cx.rate(&at.key(key), text)?;
        cx.above_zero(&at.key(key), &format!("`{key}`"), rate)
    };
    let prefill = rate(cx, "prefill", &raw.prefill);
    let decode = rate(cx, "decode", &raw.decode);
    let window =
        raw.window.as_ref().and_then(|text: &CountText| cx.count_or_unlimited(&at.key("window"), text));
    let window = match window.flatten() {
        Some(window) => Some(cx.within(&at.key("window"), "`window`", window, 1..=u64::from(u32::MAX))?),
        None => None,
    };
    let mut share = |key: &str, text: Option<&ShareText>| {
        text.and_then(|text| cx.share(&at.key(key), text)).unwrap_or(0.0)
    };
    let (malformed, wrong) = (share("malformed", raw.malformed.as_ref()), share("wrong", raw.wrong.as_ref()));
    Some(Model {
        window,
        prefill_per_sec: prefill?,
        decode_per_sec: decode?,
        malformed,
        wrong,
        input_meter: component.meters.get_index_of(INPUT_METER)?,
        output_meter: component.meters.get_index_of(OUTPUT_METER)?,
    })
}

impl StepBuilder<'_, '_> {
    /// The component whose steps these are; complains of steps of a journey.
    fn own_component(&mut self, at: &At, word: &str) -> Option<ComponentId> {
        match self.caller.id {
            Caller::Component(id) => Some(id),
            Caller::Client(_) => {
                let message = format!("a journey runs outside any component and cannot `{word}`");
                self.cx.error(codes::MISPLACED_STEP, at, message, "call an operation that does");
                None
            }
        }
    }

    /// One answer of the component's language model.
    pub(super) fn generate(
        &mut self,
        at: &At,
        raw: &RawGenerate,
        list: &List,
        salts: &mut Salts,
    ) -> Option<Step> {
        let component = self.own_component(at, "generate")?;
        let entry = &self.directory.components[component];
        if !entry.is_model {
            let message = format!("`{}` is no language model", entry.name);
            self.cx.error(codes::NO_MECHANISM, at, message, "give it `model:` with `prefill` and `decode`");
        }
        let salt = salts.next(list, "generate");
        let prompt = value(self.cx, self.directory, &at.key("prompt"), &raw.prompt);
        let output = value(self.cx, self.directory, &at.key("output"), &raw.output);
        let output_max = match &raw.output_max {
            None => None,
            Some(text) => Some(amount(self.cx, self.directory, &at.key("output-max"), text)?),
        };
        Some(Step::Generate(Generate { salt, prompt: prompt?, output: output?, output_max }))
    }

    /// Units counted; one step for each meter.
    pub(super) fn meter(&mut self, at: &At, raw: &IndexMap<String, AmountText>) -> Vec<Step> {
        let Some(component) = self.own_component(at, "meter") else { return Vec::new() };
        let mut steps = Vec::with_capacity(raw.len());
        for (name, text) in raw {
            let at = at.key(name);
            let entry = &self.directory.components[component];
            let meter = entry.meters.get_index_of(name);
            if meter.is_none() {
                let what = format!("meter of `{}` called", entry.name);
                self.cx.unknown(&at, &what, name, entry.meters.iter().map(String::as_str));
            }
            let amount = amount(self.cx, self.directory, &at, text);
            steps.extend(meter.zip(amount).map(|(meter, amount)| Step::Meter { meter, amount }));
        }
        steps
    }
}

/// Names of everything that is counted of a component.
pub(super) fn meter_names(raw: &RawComponent) -> IndexSet<String> {
    let own = raw.meters.keys().cloned();
    let tokens = raw.model.iter().flat_map(|_| [INPUT_METER.to_owned(), OUTPUT_METER.to_owned()]);
    own.chain(tokens).collect()
}
