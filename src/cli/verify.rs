//! `verify`: proves that a scenario repeats, event by event.

use super::args::{InputArgs, TextOrJson};
use super::exit::Exit;
use super::failure::Failure;
use super::files::PendingFile;
use super::progress::Bar;
use super::terminal::{Terminal, print};
use super::{inputs, interrupt, replay};
use crate::run::{Checkpoints, Divergence, Verification, verify};
use crate::sim::{Flow, TracedEvent};
use clap::Args;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  shakedown verify scenarios/black-friday.yaml
  shakedown verify a.yaml --save a.checkpoints.json       # on one machine
  shakedown verify a.yaml --against a.checkpoints.json    # on another";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct VerifyArgs {
    /// The scenario.
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,
    #[command(flatten)]
    inputs: InputArgs,
    /// Write the run's checkpoints, to compare with on another machine or another day.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Compare with checkpoints saved before.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Stop each run after this many events, instead of the scenario's bound.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    events_max: Option<u64>,
    /// How to print what is found.
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    format: TextOrJson,
}

pub(super) fn run(args: &VerifyArgs, terminal: &Terminal) -> Result<Exit, Failure> {
    let saved = args.against.as_deref().map(read).transpose()?;
    let mut all = inputs::ready(std::slice::from_ref(&args.scenario), &args.inputs, terminal)?;
    let ready = all.remove(0);
    let save = args.save.as_deref().map(PendingFile::create).transpose()?;
    replay::note(&replay::command("verify", &ready.path, ready.plan.seed, &args.inputs, &[]));
    interrupt::listen()?;
    let bar = Bar::new(&ready.plan.scenario, 1, false, terminal);
    let watch = |progress| {
        bar.update(0, progress);
        if interrupt::is_wanted() { Flow::Stop } else { Flow::Continue }
    };
    let found = verify(&ready.plan, args.events_max, saved.as_ref(), &watch)
        .map_err(|error| Failure::input(format!("these runs cannot be compared: {error}")))?;
    bar.clear();
    if interrupt::is_wanted() {
        return Err(Failure {
            exit: Exit::Interrupted,
            message: "interrupted: nothing was compared".to_owned(),
        });
    }
    print(&match args.format {
        TextOrJson::Text => text(&found),
        TextOrJson::Json => document(&found),
    })?;
    if !found.divergences.is_empty() {
        return Ok(Exit::NotDeterministic);
    }
    if let Some(file) = save {
        let text = serde_json::to_string_pretty(&found.checkpoints)
            .map_err(|error| Failure::input(format!("the checkpoints cannot be written: {error}")))?;
        file.fill(format!("{text}\n").as_bytes())?;
    }
    Ok(Exit::Pass)
}

fn read(path: &Path) -> Result<Checkpoints, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::input(format!("{} holds no checkpoints: {error}", path.display())))
}

fn text(found: &Verification) -> String {
    let outcome = &found.outcome;
    let mut text = format!(
        "{}, seed {}: {} events, digest {}\n",
        outcome.scenario, outcome.seed, outcome.events, outcome.digest
    );
    for side in &found.compared {
        match found.divergences.iter().find(|divergence| divergence.side == *side) {
            None => text.push_str(&format!("  equal to {}\n", side.words())),
            Some(divergence) => text.push_str(&described(divergence)),
        }
    }
    text
}

fn described(divergence: &Divergence) -> String {
    let side = divergence.side.words();
    let block = format!("events {} to {}", divergence.events.start, divergence.events.end - 1);
    match (&divergence.here, &divergence.there) {
        (None, None) => format!("  DIFFERS from {side} within {block}, in results that no event shows\n"),
        (here, there) => {
            let told = |event: &Option<TracedEvent>| event.as_ref().map_or("nothing".to_owned(), event_text);
            let mut text =
                format!("  DIFFERS from {side} within {block}; first:\n    here:  {}\n", told(here));
            if divergence.side != crate::run::Side::Saved {
                text.push_str(&format!("    there: {}\n", told(there)));
            }
            text
        }
    }
}

fn event_text(event: &TracedEvent) -> String {
    format!(
        "event {} at {} ns, phase {}: {} ({:016x})",
        event.number, event.at.0, event.phase, event.who, event.identity
    )
}

fn document(found: &Verification) -> String {
    let whole = serde_json::json!({
        "scenario": found.outcome.scenario,
        "seed": found.outcome.seed,
        "events": found.outcome.events,
        "digest": found.outcome.digest,
        "compared": found.compared,
        "divergences": found.divergences,
    });
    format!("{whole:#}\n")
}
