//! `runs`: looks at the history.

use super::args::TextOrJson;
use super::exit::Exit;
use super::failure::Failure;
use super::files::PendingFile;
use super::run::HISTORY;
use super::terminal::{Terminal, print};
use crate::report::{self, Sheet, Style};
use crate::store::{Filter, Missing, Store, Stored, Summary};
use crate::verdict::Verdict;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  shakedown runs list --scenario black-friday --limit 5
  shakedown runs show 12
  shakedown runs export 12 --out run12.json
  shakedown runs --db other.sqlite list --format json

The history is an SQLite file with plain tables: runs, expectations, traffic, components, edges.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RunsArgs {
    /// The history.
    #[arg(long, value_name = "FILE", default_value = HISTORY, global = true)]
    db: PathBuf,
    #[command(subcommand)]
    command: RunsCommand,
}

#[derive(Debug, Subcommand)]
enum RunsCommand {
    /// List runs, latest first.
    List(ListArgs),
    /// Show one run as it was shown when it was made.
    Show {
        /// Its number, or the start of its digest.
        #[arg(value_name = "RUN")]
        run: String,
        /// How to print it.
        #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
        format: TextOrJson,
    },
    /// Write everything kept of one run as JSON.
    Export {
        /// Its number, or the start of its digest.
        #[arg(value_name = "RUN")]
        run: String,
        /// File to write instead of standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Only of this scenario.
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
    /// Only of this topology.
    #[arg(long, value_name = "NAME")]
    topology: Option<String>,
    /// Only with this verdict.
    #[arg(long, value_enum)]
    verdict: Option<VerdictArg>,
    /// At most this many.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
    /// How to print them.
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    format: TextOrJson,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum VerdictArg {
    Pass,
    Inconclusive,
    Fail,
}

pub(super) fn run(args: &RunsArgs, terminal: &Terminal) -> Result<Exit, Failure> {
    let store = Store::open(&args.db, Missing::Refuse)?;
    match &args.command {
        RunsCommand::List(list) => print(&listed(&store, list)?)?,
        RunsCommand::Show { run, format } => {
            let stored = store.get(run)?;
            print(&shown(&stored, *format, terminal)?)?;
        }
        RunsCommand::Export { run, out } => {
            let text = serde_json::to_string_pretty(&store.get(run)?)
                .map_err(|error| Failure::input(format!("run {run} cannot be written as JSON: {error}")))?;
            match out {
                Some(path) => PendingFile::create(path)?.fill(format!("{text}\n").as_bytes())?,
                None => print(&format!("{text}\n"))?,
            }
        }
    }
    Ok(Exit::Pass)
}

fn listed(store: &Store, args: &ListArgs) -> Result<String, Failure> {
    let verdict = args.verdict.map(|verdict| match verdict {
        VerdictArg::Pass => Verdict::Pass,
        VerdictArg::Inconclusive => Verdict::Inconclusive,
        VerdictArg::Fail => Verdict::Fail,
    });
    let filter = Filter { scenario: args.scenario.clone(), topology: args.topology.clone(), verdict };
    let rows = store.list(&filter, args.limit)?;
    if args.format == TextOrJson::Json {
        return Ok(format!("{:#}\n", serde_json::json!(rows)));
    }
    if rows.is_empty() {
        return Ok("no runs\n".to_owned());
    }
    let width = rows.iter().map(|row| row.scenario.chars().count()).max().unwrap_or(0).clamp(8, 40);
    let mut text = format!(
        "{:>5}  {:<20}  {:<12}  {:<width$}  {:<20}  {:<16}  {}\n",
        "run", "made", "verdict", "scenario", "seed", "digest", "notes"
    );
    for row in &rows {
        text.push_str(&line(row, width));
    }
    Ok(text)
}

fn line(row: &Summary, width: usize) -> String {
    let mut notes = Vec::new();
    notes.extend(row.environment.as_ref().map(|name| format!("environment {name}")));
    notes.extend((row.replications > 1).then(|| format!("{} replications", row.replications)));
    notes.extend(row.truncated.as_ref().map(|bound| format!("stopped: {bound}")));
    let name: String = row.scenario.chars().filter(|c| !c.is_control()).take(width).collect();
    let text = format!(
        "{:>5}  {:<20}  {:<12}  {name:<width$}  {:<20}  {:<16}  {}",
        row.id,
        row.created_at,
        row.verdict.word(),
        row.seed,
        row.digest,
        notes.join(", ")
    );
    format!("{}\n", text.trim_end())
}

fn shown(stored: &Stored, format: TextOrJson, terminal: &Terminal) -> Result<String, Failure> {
    let Some((outcome, others)) = stored.outcomes.split_first() else {
        return Err(Failure::input("the run has no outcome"));
    };
    let sheet = Sheet {
        outcome,
        others,
        judgements: &stored.judgements,
        command: stored.command.clone(),
        inputs: stored.inputs.clone(),
    };
    Ok(match format {
        TextOrJson::Json => report::json(&sheet),
        TextOrJson::Text => {
            report::terminal(&sheet, Style { colour: terminal.stdout_colour, width: terminal.width })
        }
    })
}
