//! Why a command cannot go on.

use super::exit::Exit;
use std::path::Path;

/// Ends a command: what to tell the user, and the exit code.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) exit: Exit,
    /// Empty when everything has been said already.
    pub(super) message: String,
}

impl Failure {
    /// The input, the command line or a file is at fault.
    pub(super) fn input(message: impl Into<String>) -> Self {
        Self { exit: Exit::BadInput, message: message.into() }
    }

    /// As [`Failure::input`], with diagnostics already shown.
    pub(super) fn told() -> Self {
        Self::input("")
    }

    /// A file cannot be read or written.
    pub(super) fn file(doing: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::input(format!("cannot {doing} {}: {error}", path.display()))
    }
}

impl From<crate::store::StoreError> for Failure {
    fn from(error: crate::store::StoreError) -> Self {
        Self::input(error.to_string())
    }
}

impl From<crate::run::RunError> for Failure {
    fn from(error: crate::run::RunError) -> Self {
        Self::input(error.to_string())
    }
}
