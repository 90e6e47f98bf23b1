//! The command line: arguments, files, the clock, the terminal. One file per command.

mod args;
mod catalogue;
mod check;
mod clock;
mod diagnostics;
mod exit;
mod explain;
mod explain_calls;
mod failure;
mod files;
mod init;
mod inputs;
mod interrupt;
mod progress;
mod replay;
mod run;
mod runs;
mod schema;
mod selection;
mod terminal;
mod tip;
mod verify;

pub use exit::Exit;

use args::{Cli, Command};
use clap::Parser;
use failure::Failure;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use terminal::{Terminal, tell};

/// Reads the command line, does what it says, and gives the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::BadInput } else { Exit::Pass };
            // A reader that has gone is no failure.
            let _ = error.print();
            return exit.into();
        }
    };
    start_log();
    tell_of_panics();
    guarded(|| dispatch(&cli)).into()
}

fn dispatch(cli: &Cli) -> Result<Exit, Failure> {
    let terminal = Terminal::detect(cli.no_color);
    match &cli.command {
        Command::Run(args) => run::run(args, &terminal),
        Command::Check(args) => check::run(args, &terminal),
        Command::Explain(args) => explain::run(args, &terminal),
        Command::Catalogue(args) => catalogue::run(args, &terminal),
        Command::Schema(args) => schema::run(args),
        Command::Runs(args) => runs::run(args, &terminal),
        Command::Verify(args) => verify::run(args, &terminal),
        Command::Tip(args) => tip::run(args, &terminal),
        Command::Init(args) => init::run(args),
    }
}

/// Panics are bugs of this program: says so, and how to repeat what led there.
fn tell_of_panics() {
    std::panic::set_hook(Box::new(|panic| {
        tell(&format!(
            "internal error: {panic}\nThis is a bug in shakedown {}; please report it with the files and this command:\n  {}\n",
            env!("CARGO_PKG_VERSION"),
            replay::current(),
        ));
    }));
}

/// Does the work; tells of failures; a panic is an internal error.
fn guarded(work: impl FnOnce() -> Result<Exit, Failure>) -> Exit {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(exit)) => exit,
        Ok(Err(failure)) => {
            if !failure.message.is_empty() {
                tell(&format!("error: {}\n", failure.message));
            }
            failure.exit
        }
        Err(_) => Exit::Internal,
    }
}

/// Debug logs on standard error, when `SHAKEDOWN_LOG` asks for them.
fn start_log() {
    let Ok(filter) = tracing_subscriber::EnvFilter::try_from_env("SHAKEDOWN_LOG") else { return };
    // A second start in one process changes nothing.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_internal_error_and_a_failure_keeps_its_code() {
        assert_eq!(guarded(|| panic!("frame 7 in state Free")), Exit::Internal);
        assert_eq!(guarded(|| Err(Failure::input("no such file"))), Exit::BadInput);
        assert_eq!(guarded(|| Ok(Exit::Failed)), Exit::Failed);
    }
}
