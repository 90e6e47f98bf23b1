//! Writing to the user: colours only where they are wanted, and no fuss when
//! the reader has gone.

use super::failure::Failure;
use std::io::{ErrorKind, IsTerminal, Write};

/// How to write to one of the two streams.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terminal {
    /// Whether standard output gets colours.
    pub(super) stdout_colour: bool,
    /// Whether standard error gets colours.
    pub(super) stderr_colour: bool,
    /// Whether somebody watches standard error.
    pub(super) is_watched: bool,
    /// Columns of standard output.
    pub(super) width: usize,
}

/// Columns when standard output is no terminal.
const WIDTH_DEFAULT: usize = 100;

impl Terminal {
    /// Looks at the streams and the environment.
    pub(super) fn detect(no_color: bool) -> Self {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let colour = !no_color && !is_set("NO_COLOR") && !is_dumb;
        let width = terminal_size::terminal_size().map_or(WIDTH_DEFAULT, |(width, _)| usize::from(width.0));
        Self {
            stdout_colour: colour && std::io::stdout().is_terminal(),
            stderr_colour: colour && std::io::stderr().is_terminal(),
            is_watched: std::io::stderr().is_terminal() && !is_dumb,
            width,
        }
    }
}

/// Writes to standard output. A reader that has gone is no failure.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::input(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes to standard error, where nothing can be done about failures.
pub(super) fn tell(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}
