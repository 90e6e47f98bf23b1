//! The command line.

use super::exit;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Rehearse a cloud architecture before production does: load it, break it, recover it, and see what happens.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, after_help = exit::HELP, max_term_width = 100)]
pub(super) struct Cli {
    /// Never use colours (NO_COLOR does the same).
    #[arg(long, global = true)]
    pub(super) no_color: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run scenarios and judge what they promise.
    Run(super::run::RunArgs),
    /// Say everything that is wrong with files, without running them.
    Check(super::check::CheckArgs),
    /// Show where every value of a model comes from.
    Explain(super::explain::ExplainArgs),
    /// Show the kinds that components can be of.
    Catalogue(super::catalogue::CatalogueArgs),
    /// Print the JSON Schema of a kind of file, for editors.
    Schema(super::schema::SchemaArgs),
    /// Look at runs kept in the history.
    Runs(super::runs::RunsArgs),
    /// Run a scenario several times and prove that it repeats, event by event.
    Verify(super::verify::VerifyArgs),
    /// Tell how long a trigger a system survives: the probability of collapse for each length.
    Tip(super::tip::TipArgs),
    /// Write a small topology and scenario to begin with.
    Init(super::init::InitArgs),
}

/// What changes what files say.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct InputArgs {
    /// Root of all randomness, instead of the scenario's; `random` draws one and says which.
    #[arg(long, value_name = "N|random", value_parser = parse_seed)]
    pub(super) seed: Option<u64>,
    /// Environment of the topology, instead of the scenario's.
    #[arg(long = "env", value_name = "NAME")]
    pub(super) environment: Option<String>,
    /// Set a value, such as `duration=30s` or `components.app.replicas=3`. May be given again.
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = parse_set)]
    pub(super) sets: Vec<(String, String)>,
    /// Folder with kinds of your own, added to the catalogue. May be given again.
    #[arg(long, value_name = "DIR")]
    pub(super) catalogue: Vec<PathBuf>,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum TextOrJson {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// A seed, or the word for drawing one: the only randomness of the program that is not the run's own.
fn parse_seed(text: &str) -> Result<u64, String> {
    if text == "random" {
        return Ok(rand::random());
    }
    text.parse().map_err(|_| "write a whole number of 0 or more, or `random`".to_owned())
}

fn parse_set(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((path, value)) if !path.is_empty() => Ok((path.to_owned(), value.to_owned())),
        _ => Err("expected PATH=VALUE, such as components.app.replicas=3".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        for command in Cli::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let example = format!("shakedown {}", command.get_name());
            assert!(help.contains(&example), "{} has no example", command.get_name());
        }
    }
}
