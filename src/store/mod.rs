//! The history of runs, in one SQLite file.
//!
//! Every run is written in one transaction, so that a crash, a full disk or a
//! second writer leaves it there completely or not at all. Its main numbers
//! are in plain columns (`migrations/` has the layout) so that people can ask
//! their own questions with SQL; the whole outcome is beside them as JSON.

mod error;
mod insert;
mod open;
mod read;
#[cfg(test)]
mod tests;
mod words;

pub use error::StoreError;
pub use open::Missing;
pub use read::{Filter, Stored, Summary};

use crate::outcome::Outcome;
use crate::verdict::Judgement;
use rusqlite::Connection;
use std::path::PathBuf;

/// An open file of runs.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

/// What is stored of one command: a run, or its replications.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// When it was made, as RFC 3339 text in UTC.
    pub created_at: &'a str,
    /// The command line that repeats it.
    pub command: &'a str,
    /// `(path, text)` of the files that went in.
    pub inputs: &'a [(String, String)],
    /// One outcome per replication, the run's own seed first; at least one.
    pub outcomes: &'a [Outcome],
    /// What became of the expectations.
    pub judgements: &'a [Judgement],
}

impl Store {
    fn told(&self, error: &rusqlite::Error) -> StoreError {
        StoreError::of(&self.path, error)
    }
}
