//! Ctrl-C, or another request to end (SIGTERM, SIGHUP): once to stop and keep what there is, twice to kill.

use super::exit::Exit;
use super::failure::Failure;
use super::terminal::tell;
use std::sync::atomic::{AtomicU32, Ordering};

static PRESSED: AtomicU32 = AtomicU32::new(0);

/// Begins to listen. To be called once, by commands that can stop half-way.
pub(super) fn listen() -> Result<(), Failure> {
    let handler = || {
        if PRESSED.fetch_add(1, Ordering::Relaxed) > 0 {
            std::process::exit(i32::from(Exit::Interrupted as u8));
        }
        tell("\ninterrupted: keeping what there is; once more to stop at once\n");
    };
    ctrlc::set_handler(handler).map_err(|error| Failure::input(format!("cannot listen for Ctrl-C: {error}")))
}

/// Whether the user wants to stop.
pub(super) fn is_wanted() -> bool {
    PRESSED.load(Ordering::Relaxed) > 0
}
