//! `tip`: how long a trigger a system survives.

use super::args::{InputArgs, TextOrJson};
use super::exit::Exit;
use super::failure::Failure;
use super::progress::Bar;
use super::terminal::{Terminal, print};
use super::{inputs, interrupt, replay};
use crate::plan::Plan;
use crate::run::{TipRow, Tipping, tip};
use crate::sim::Flow;
use crate::units::{SimSpan, parse};
use clap::Args;
use clap::builder::RangedU64ValueParser;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  shakedown tip scenarios/retry-storm.yaml --lengths 5s,10s,20s,40s
  shakedown tip a.yaml --trigger 'database pauses' --lengths 0,10s,30s --seeds 200
  shakedown tip a.yaml --lengths 10s,20s --format json

A run counts as collapsed when users are still hurt at its end; give it time enough after the
trigger. The n-th run of every length has the same seed.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct TipArgs {
    /// The scenario.
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,
    #[command(flatten)]
    inputs: InputArgs,
    /// Name of the fault whose length is varied. Default: the only one.
    #[arg(long, value_name = "FAULT")]
    trigger: Option<String>,
    /// Lengths to try, separated by commas; 0 leaves the fault out.
    #[arg(long, value_name = "SPAN,...", required = true, value_delimiter = ',', value_parser = parse_length)]
    lengths: Vec<SimSpan>,
    /// Runs for each length, each with a seed of its own.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    seeds: u32,
    /// Threads; the results do not depend on it. Default: one per core.
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=1024))]
    jobs: Option<usize>,
    /// How to print the table.
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    format: TextOrJson,
}

fn parse_length(text: &str) -> Result<SimSpan, String> {
    parse::span(text).map_err(|problem| problem.message)
}

pub(super) fn run(args: &TipArgs, terminal: &Terminal) -> Result<Exit, Failure> {
    let ready = inputs::ready(std::slice::from_ref(&args.scenario), &args.inputs, terminal)?.remove(0);
    let fault = trigger(&ready.plan, args.trigger.as_deref())?;
    let command = command(args, &ready);
    replay::note(&command);
    interrupt::listen()?;
    let what =
        Tipping { fault, lengths: args.lengths.clone(), seeds: args.seeds, jobs: args.jobs.unwrap_or(0) };
    let runs = u32::try_from(args.lengths.len()).unwrap_or(u32::MAX).saturating_mul(args.seeds);
    let bar = Bar::new(&ready.plan.scenario, runs, false, terminal);
    let watch = |number, progress| {
        bar.update(number, progress);
        if interrupt::is_wanted() { Flow::Stop } else { Flow::Continue }
    };
    let found = tip(&ready.plan, &what, &watch).map_err(|error| Failure::input(error.to_string()));
    bar.clear();
    let Some(rows) = found? else {
        return Err(Failure {
            exit: Exit::Interrupted,
            message: "interrupted: no table was made".to_owned(),
        });
    };
    print(&match args.format {
        TextOrJson::Text => text(&ready.plan, fault, &rows, &command),
        TextOrJson::Json => document(&ready.plan, fault, &rows, &command),
    })?;
    Ok(Exit::Pass)
}

fn trigger(plan: &Plan, name: Option<&str>) -> Result<usize, Failure> {
    let names: Vec<&str> = plan.faults.iter().map(|fault| fault.name.as_str()).collect();
    match (name, names.as_slice()) {
        (_, []) => Err(Failure::input("the scenario has no faults, so there is nothing to vary")),
        (None, [_]) => Ok(0),
        (None, several) => Err(Failure::input(format!("say which --trigger: {}", several.join(", ")))),
        (Some(name), _) => names.iter().position(|other| *other == name).ok_or_else(|| {
            Failure::input(format!("no fault is called `{name}`; there are: {}", names.join(", ")))
        }),
    }
}

fn command(args: &TipArgs, ready: &inputs::Ready) -> String {
    let lengths: Vec<String> = args.lengths.iter().map(ToString::to_string).collect();
    let mut more = vec![("--lengths", lengths.join(",")), ("--seeds", args.seeds.to_string())];
    more.extend(args.trigger.iter().map(|name| ("--trigger", name.clone())));
    replay::command("tip", &ready.path, ready.plan.seed, &args.inputs, &more)
}

fn text(plan: &Plan, fault: usize, rows: &[TipRow], command: &str) -> String {
    let mut text = format!(
        "{}: how long `{}` may last\n\n{:>10}  {:>6}  {:>9}  {:>11}  {:>16}  {:>22}  {:>8}\n",
        plan.scenario,
        plan.faults[fault].name,
        "lasting",
        "runs",
        "collapsed",
        "probability",
        "95 % interval",
        "recovery time (mean)",
        "longest"
    );
    for row in rows {
        let seconds =
            |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.1}s"));
        let mean = match (row.recovery_mean_secs, row.recovery_half_width_secs) {
            (Some(mean), Some(half)) => format!("{mean:.1}s ± {half:.1}s"),
            (mean, _) => seconds(mean),
        };
        let percent = |share: f64| format!("{:.1} %", share * 100.0);
        let interval = format!("{:.1} to {}", row.probability_low * 100.0, percent(row.probability_high));
        text.push_str(&format!(
            "{:>9}s  {:>6}  {:>9}  {:>11}  {:>16}  {:>22}  {:>8}\n",
            row.length_secs,
            row.runs,
            row.collapsed,
            percent(row.probability),
            interval,
            mean,
            seconds(row.recovery_max_secs),
        ));
    }
    let stopped: u32 = rows.iter().map(|row| row.stopped).sum();
    if stopped > 0 {
        text.push_str(&format!("\n{stopped} runs stopped at a bound and count as collapsed.\n"));
    }
    text + &format!("\nreplay  {command}\n")
}

fn document(plan: &Plan, fault: usize, rows: &[TipRow], command: &str) -> String {
    let whole = serde_json::json!({
        "scenario": plan.scenario,
        "trigger": plan.faults[fault].name,
        "seed": plan.seed,
        "command": command,
        "rows": rows,
    });
    format!("{whole:#}\n")
}
