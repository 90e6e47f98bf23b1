//! `run`: runs scenarios and judges what they promise.

use super::args::{InputArgs, TextOrJson};
use super::clock::{self, Stopwatch};
use super::exit::Exit;
use super::failure::Failure;
use super::files::PendingFile;
use super::inputs::{self, Ready};
use super::progress::Bar;
use super::terminal::{Terminal, print, tell};
use super::{interrupt, replay, selection};
use crate::outcome::Outcome;
use crate::report::{self, Format, Sheet, Style};
use crate::run::{Replications, diagnose, replicate};
use crate::sim::Flow;
use crate::spec::FileKind;
use crate::store::{Missing, Record, Store};
use crate::verdict::{self, Judgement, Verdict};
use clap::Args;
use clap::builder::RangedU64ValueParser;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  shakedown run scenarios/black-friday.yaml
  shakedown run scenarios --quiet
  shakedown run a.yaml --seed 7 --replications 20
  shakedown run a.yaml --env staging --set components.app.replicas=3
  shakedown run a.yaml --format json --no-store --no-report
  shakedown run a.yaml b.yaml --out markdown=reports/{scenario}.md";

/// Where the history is unless told otherwise.
pub(super) const HISTORY: &str = "reports/runs/shakedown.sqlite";
/// Room for a scenario's name in a file's name; file systems take 255 bytes in all.
const NAME_BYTES_MAX: usize = 150;
const REPORT: &str = "reports/runs/{scenario}-seed{seed}.html";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RunArgs {
    /// Scenario files, or folders whose scenarios are all meant.
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<PathBuf>,
    #[command(flatten)]
    inputs: InputArgs,
    /// Runs per scenario, each with a seed of its own; expectations are judged by the interval over them.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    replications: u32,
    /// Threads for replications; the results do not depend on it. Default: one per core.
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=1024))]
    jobs: Option<usize>,
    /// History to keep the runs in; folders that are missing are made.
    #[arg(long, value_name = "FILE", default_value = HISTORY)]
    db: PathBuf,
    /// Keep the runs in no history.
    #[arg(long, conflicts_with = "db")]
    no_store: bool,
    /// Where to write the HTML report; `{scenario}` and `{seed}` are filled in; folders that are missing are made.
    #[arg(long, value_name = "FILE", default_value = REPORT)]
    report: String,
    /// Write no HTML report.
    #[arg(long, conflicts_with = "report")]
    no_report: bool,
    /// Write results in a format: terminal, html, markdown or json; folders that are missing are made. May be given again.
    #[arg(long = "out", value_name = "FORMAT=FILE", value_parser = parse_out)]
    outs: Vec<(String, String)>,
    /// How to print results.
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    format: TextOrJson,
    /// Do not find out why a run did not recover, which repeats it a few times.
    #[arg(long)]
    no_diagnosis: bool,
    /// Print one line per scenario, and no progress.
    #[arg(long, short)]
    quiet: bool,
    /// Stop each run after this many events, instead of the scenario's bound.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    events_max: Option<u64>,
}

fn parse_out(text: &str) -> Result<(String, String), String> {
    let (format, file) = text.split_once('=').ok_or("expected FORMAT=FILE, such as markdown=summary.md")?;
    if report::format(format).is_none() {
        let known: Vec<&str> = report::FORMATS.iter().map(|format| format.name).collect();
        return Err(format!("no format `{format}`; there are {}", known.join(", ")));
    }
    if file.is_empty() {
        Err("the file's name is missing".to_owned())
    } else {
        Ok((format.to_owned(), file.to_owned()))
    }
}

/// One scenario's runs, judged.
struct Judged {
    command: String,
    /// `(path, text)` of the files read.
    inputs: Vec<(String, String)>,
    outcomes: Vec<Outcome>,
    judgements: Vec<Judgement>,
    exit: Exit,
}

pub(super) fn run(args: &RunArgs, terminal: &Terminal) -> Result<Exit, Failure> {
    let paths = selection::files(&args.scenarios, |kind| kind == FileKind::Scenario)?;
    if paths.is_empty() {
        return Err(Failure {
            exit: Exit::NothingSelected,
            message: "no scenario among what was named".to_owned(),
        });
    }
    let all = inputs::ready(&paths, &args.inputs, terminal)?;
    let mut files = prepare(args, &all)?;
    let mut store = if args.no_store { None } else { Some(Store::open(&args.db, Missing::Create)?) };
    interrupt::listen()?;
    let mut worst = Exit::Pass;
    let mut documents = Vec::new();
    for ready in &all {
        let judged = play(args, ready, terminal)?;
        worst = worst.max(judged.exit);
        let sheet = judged.sheet();
        let mut written = String::new();
        for (format, file) in files.remove(0) {
            written.push_str(&format!("  {:<7} {}\n", format.name, file.path().display()));
            file.fill(&(format.write)(&sheet))?;
        }
        match (args.format, args.quiet) {
            (TextOrJson::Json, _) => documents.push(report::json(&sheet)),
            (TextOrJson::Text, true) => print(&judged.line())?,
            (TextOrJson::Text, false) => print(&(judged.text(terminal) + &written))?,
        }
        // Last, so that a history that cannot be written costs nothing but the history.
        let kept = store.as_mut().map(|store| judged.keep(store)).transpose()?;
        if args.format == TextOrJson::Text && !args.quiet {
            let place = |id| format!("  kept    as run {id} in {}\n", args.db.display());
            print(&(kept.map(place).unwrap_or_default() + "\n"))?;
        }
        if interrupt::is_wanted() {
            worst = worst.max(Exit::Interrupted);
            break;
        }
    }
    match documents.as_slice() {
        [] => {}
        [one] if all.len() == 1 => print(one)?,
        several => print(&format!("[\n{}]\n", several.join(",\n")))?,
    }
    Ok(worst)
}

/// The files to be written for each scenario.
type Files = Vec<(&'static Format, PendingFile)>;

/// Makes sure that everything can be written before anything is run.
fn prepare(args: &RunArgs, all: &[Ready]) -> Result<Vec<Files>, Failure> {
    let mut wanted: Vec<(&str, &str)> = Vec::new();
    if !args.no_report {
        wanted.push(("html", &args.report));
    }
    wanted.extend(args.outs.iter().map(|(format, file)| (format.as_str(), file.as_str())));
    let mut taken: Vec<PathBuf> = Vec::new();
    let mut files = Vec::new();
    for ready in all {
        let mut mine: Files = Vec::new();
        for (format, pattern) in &wanted {
            let path = fill_in(pattern, ready);
            if taken.contains(&path) {
                let message = format!(
                    "{} would be written more than once; put {{scenario}} and {{seed}} into the file's name",
                    path.display()
                );
                return Err(Failure::input(message));
            }
            refuse_input(&path, all)?;
            taken.push(path.clone());
            if let Some(format) = report::format(format) {
                mine.push((format, PendingFile::create(&path)?));
            }
        }
        files.push(mine);
    }
    Ok(files)
}

/// A result never takes the place of what it was made from.
fn refuse_input(path: &Path, all: &[Ready]) -> Result<(), Failure> {
    let Ok(target) = path.canonicalize() else { return Ok(()) };
    let mut inputs = all.iter().flat_map(|ready| ready.sources.keys());
    if inputs.any(|input| Path::new(input).canonicalize().is_ok_and(|input| input == target)) {
        return Err(Failure::input(format!("cannot write {}: it is an input", path.display())));
    }
    Ok(())
}

fn fill_in(pattern: &str, ready: &Ready) -> PathBuf {
    let is_safe = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let mut name: String = ready.plan.scenario.chars().map(|c| if is_safe(c) { c } else { '-' }).collect();
    while name.len() > NAME_BYTES_MAX {
        name.pop();
    }
    PathBuf::from(pattern.replace("{scenario}", &name).replace("{seed}", &ready.plan.seed.to_string()))
}

/// Runs one scenario as often as asked for, and judges it.
fn play(args: &RunArgs, ready: &Ready, terminal: &Terminal) -> Result<Judged, Failure> {
    let command = command(args, &ready.path, ready.plan.seed);
    replay::note(&command);
    let bar = Bar::new(&ready.plan.scenario, args.replications, args.quiet, terminal);
    let watch = |index, progress| {
        bar.update(index, progress);
        if interrupt::is_wanted() { Flow::Stop } else { Flow::Continue }
    };
    let how =
        Replications { count: args.replications, jobs: args.jobs.unwrap_or(0), events_max: args.events_max };
    tracing::info!(scenario = ready.plan.scenario, seed = ready.plan.seed, "begins");
    let stopwatch = Stopwatch::start();
    let runs = replicate(&ready.plan, how, &watch)?;
    bar.clear();
    let mut outcomes: Vec<Outcome> = runs.into_iter().map(|run| run.outcome).collect();
    if let Some(first) = outcomes.first_mut().filter(|_| !args.no_diagnosis) {
        let watch = |_| if interrupt::is_wanted() { Flow::Stop } else { Flow::Continue };
        diagnose(&ready.plan, first, (how.jobs, args.events_max), &watch)?;
    }
    let events: u64 = outcomes.iter().map(|outcome| outcome.events).sum();
    tracing::info!(scenario = ready.plan.scenario, events, elapsed = ?stopwatch.elapsed(), "run");
    complain_of_broken_laws(&outcomes);
    let judgements = verdict::judge(&ready.plan, &outcomes);
    let exit = exit_of(&outcomes, verdict::worst(&judgements));
    let inputs = ready.sources.iter().map(|(path, text)| (path.clone(), text.clone())).collect();
    Ok(Judged { command, inputs, outcomes, judgements, exit })
}

/// A law that does not hold is a bug of the simulator, and the results are not to be trusted.
fn complain_of_broken_laws(outcomes: &[Outcome]) {
    for outcome in outcomes {
        for check in outcome.conservation.iter().filter(|check| !check.holds()) {
            tell(&format!(
                "internal error: seed {}: {} does not hold: {} against {}\n",
                outcome.seed, check.law, check.left, check.right
            ));
        }
    }
}

fn exit_of(outcomes: &[Outcome], verdict: Verdict) -> Exit {
    if outcomes.iter().flat_map(|outcome| &outcome.conservation).any(|check| !check.holds()) {
        return Exit::Internal;
    }
    outcomes.iter().map(|outcome| Exit::of(outcome, verdict)).max().unwrap_or(Exit::Interrupted)
}

fn command(args: &RunArgs, path: &Path, seed: u64) -> String {
    let mut more = Vec::new();
    if args.replications > 1 {
        more.push(("--replications", args.replications.to_string()));
    }
    if let Some(events_max) = args.events_max {
        more.push(("--events-max", events_max.to_string()));
    }
    replay::command("run", path, seed, &args.inputs, &more)
}

impl Judged {
    fn sheet(&self) -> Sheet<'_> {
        Sheet {
            outcome: &self.outcomes[0],
            others: &self.outcomes[1..],
            judgements: &self.judgements,
            command: self.command.clone(),
            inputs: self.inputs.clone(),
        }
    }

    /// The summary.
    fn text(&self, terminal: &Terminal) -> String {
        report::terminal(&self.sheet(), Style { colour: terminal.stdout_colour, width: terminal.width })
    }

    /// Verdict, name, seed and digest.
    fn line(&self) -> String {
        let outcome = &self.outcomes[0];
        let word = match self.exit {
            Exit::Stopped => "stopped",
            Exit::Interrupted => "interrupted",
            Exit::Internal => "internal error",
            _ => verdict::worst(&self.judgements).word(),
        };
        let name: String = outcome.scenario.chars().filter(|c| !c.is_control()).collect();
        format!("{word:<12}  {name}  seed {}  digest {}\n", outcome.seed, outcome.digest)
    }

    /// Keeps it in the history, and gives its number there.
    fn keep(&self, store: &mut Store) -> Result<i64, Failure> {
        let created_at = clock::stamp();
        Ok(store.insert(&Record {
            created_at: &created_at,
            command: &self.command,
            inputs: &self.inputs,
            outcomes: &self.outcomes,
            judgements: &self.judgements,
        })?)
    }
}
