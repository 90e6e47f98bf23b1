//! `explain`: shows where every value of a model comes from.

use super::args::{InputArgs, TextOrJson};
use super::catalogue::confidence;
use super::diagnostics;
use super::exit::Exit;
use super::explain_calls::{ExplainedCall, calls};
use super::failure::Failure;
use super::inputs;
use super::terminal::{Terminal, print};
use crate::diag::Location;
use crate::plan::{Plan, Schedule};
use crate::spec::{Catalogue, Figure, FileKind, Input, Part};
use clap::Args;
use serde::Serialize;
use serde_json::Value;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  shakedown explain topologies/shop.yaml
  shakedown explain scenarios/black-friday.yaml --component database --env staging
  shakedown explain a.yaml --format json";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ExplainArgs {
    /// A topology, or a scenario whose topology is meant.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    inputs: InputArgs,
    /// Only this component.
    #[arg(long, value_name = "NAME")]
    component: Option<String>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    format: TextOrJson,
}

/// One component: its values, and how it is called.
#[derive(Debug, Serialize)]
struct Explained<'a> {
    component: &'a str,
    kind: &'a str,
    place: &'a str,
    values: Vec<Explanation<'a>>,
    calls: Vec<ExplainedCall<'a>>,
}

/// One value, where it was written, and what a catalogue figure says of it.
#[derive(Debug, Serialize)]
pub(super) struct Explanation<'a> {
    pub(super) path: String,
    pub(super) value: Value,
    pub(super) at: Location,
    pub(super) figure: Option<&'a Figure>,
}

pub(super) fn run(args: &ExplainArgs, terminal: &Terminal) -> Result<Exit, Failure> {
    let catalogue = inputs::catalogue(&args.inputs.catalogue, terminal)?;
    let kind = inputs::kind_of(&args.file, terminal)?;
    if kind == FileKind::Kind {
        let message = "a kind is no model; `shakedown catalogue show` explains it";
        return Err(Failure::input(message));
    }
    let looked = inputs::look(&args.file, kind, &catalogue, &args.inputs);
    diagnostics::show(&looked.diags, &looked.sources, terminal);
    let Some((input, plan)) = looked.found else { return Err(Failure::told()) };
    let components = explained(&input, &plan, &catalogue, args.component.as_deref())?;
    print(&match args.format {
        TextOrJson::Json => format!("{:#}\n", serde_json::json!(components)),
        TextOrJson::Text => {
            let all: String = components.iter().map(text).collect();
            if args.component.is_none() { all + &names(&plan) + &faults(&plan) } else { all }
        }
    })?;
    Ok(Exit::Pass)
}

fn explained<'a>(
    input: &Input,
    plan: &'a Plan,
    catalogue: &'a Catalogue,
    only: Option<&str>,
) -> Result<Vec<Explained<'a>>, Failure> {
    if let Some(name) = only
        && plan.component(name).is_none()
    {
        let known: Vec<&str> = plan.components.iter().map(|component| component.name.as_str()).collect();
        return Err(Failure::input(format!(
            "there is no component `{name}`; there are {}",
            known.join(", ")
        )));
    }
    let wanted = plan.components.iter().filter(|component| only.is_none_or(|name| name == component.name));
    let one = |component: &'a crate::plan::Component| {
        let pointer = format!("components/{}", component.name);
        let mut values = Vec::new();
        if let Some(document) = input.document.get("components").and_then(|all| all.get(&component.name)) {
            leaves("", document, &mut |path, value| {
                let at = input.origins.locate(Part::Topology, &format!("{pointer}/{path}"));
                let figure = catalogue.figure(&component.kind, path, &at.file);
                values.push(Explanation { path: path.to_owned(), value: value.clone(), at, figure });
            });
        }
        Explained {
            component: &component.name,
            kind: &component.kind,
            place: &plan.places[component.place].name,
            values,
            calls: calls(input, plan, catalogue, &component.name),
        }
    };
    Ok(wanted.map(one).collect())
}

/// What each name stands for, and for how long that is believed.
fn names(plan: &Plan) -> String {
    let line = |name: &crate::plan::DnsName| {
        let targets: Vec<&str> =
            name.targets.iter().map(|(id, _)| plan.components[*id].name.as_str()).collect();
        format!(
            "  {} = {}  kept for {} by {} resolvers\n",
            name.name,
            targets.join(" or "),
            name.ttl,
            name.resolvers
        )
    };
    let lines: String = plan.names.iter().map(line).collect();
    if lines.is_empty() { lines } else { format!("names\n{lines}") }
}

/// What goes wrong and when, nemeses as the faults they are made of.
fn faults(plan: &Plan) -> String {
    let line = |fault: &crate::plan::Fault| {
        let when = match &fault.schedule {
            Schedule::Once { at, length: None, .. } => format!("from {at}"),
            Schedule::Once { at, length: Some(length), .. } => format!("from {at} for {length}"),
            Schedule::Recurring { at, .. } => format!("again and again from {at}"),
        };
        format!("  {} = {} of {}  {when}\n", fault.name, fault.kind, plan.fault_target(fault))
    };
    let lines: String = plan.faults.iter().map(line).collect();
    if lines.is_empty() { lines } else { format!("faults\n{lines}") }
}

/// Shows every plain value of a document; lists of plain values count as one.
pub(super) fn leaves(path: &str, value: &Value, show: &mut impl FnMut(&str, &Value)) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}/{key}") };
    match value {
        Value::Object(map) if !map.is_empty() => {
            map.iter().for_each(|(key, value)| leaves(&below(key), value, show));
        }
        Value::Array(list) if list.iter().any(|item| item.is_object() || item.is_array()) => {
            list.iter()
                .enumerate()
                .for_each(|(index, value)| leaves(&below(&index.to_string()), value, show));
        }
        _ => show(path, value),
    }
}

fn text(explained: &Explained<'_>) -> String {
    let mut text = format!("{} ({}, in {})\n", explained.component, explained.kind, explained.place);
    text.push_str(&lines("  ", &explained.values));
    for ExplainedCall { call, policy, values } in &explained.calls {
        text.push_str(&format!("  {call}: {policy}\n"));
        text.push_str(&lines("    ", values));
    }
    text.push('\n');
    text
}

/// A line for each value, with what the catalogue says of it below.
fn lines(indent: &str, values: &[Explanation<'_>]) -> String {
    let mut text = String::new();
    let shown: Vec<(String, &Explanation<'_>)> =
        values.iter().map(|value| (format!("{} = {}", value.path, plain(&value.value)), value)).collect();
    let width = shown.iter().map(|(left, _)| left.chars().count()).max().unwrap_or(0).min(60);
    for (left, value) in shown {
        text.push_str(&format!("{indent}{left:<width$}  {}\n", place(&value.at)));
        if let Some(figure) = value.figure {
            let state = if figure.verified { "looked up" } else { "assumed" };
            text.push_str(&format!(
                "{indent}    {} {}: {state}, confidence {}, {}\n",
                figure.value,
                figure.unit,
                confidence(figure),
                figure.source
            ));
        }
    }
    text
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn place(at: &Location) -> String {
    match (at.file.as_str(), at.line) {
        ("", _) => String::new(),
        (file, 0) => file.to_owned(),
        (file, line) => format!("{file}:{line}"),
    }
}
