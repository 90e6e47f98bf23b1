//! A history of runs in one SQLite file.
//!
//! The file holds each run whole (as JSON) and, for people who write SQL, its
//! figures in plain columns. Several processes may write to one file at the
//! same time; a command's runs appear together or not at all, whenever the
//! process is killed. Nothing is read back to influence a run.

mod columns;
mod error;
mod migrate;

pub use error::StoreError;
pub use migrate::VERSION;

use crate::outcome::Outcome;
use crate::spec::InputFile;
use crate::verdict::{Judgement, Verdict};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// An open history.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

/// A run to keep.
#[derive(Clone, Copy, Debug)]
pub struct NewRun<'a> {
    /// When it was made, as `2026-01-31T12:00:00Z`.
    pub created_at: &'a str,
    /// The command line that repeats it.
    pub command: &'a str,
    /// Which of the command's replications it is, from 0.
    pub replication: u32,
    /// What it found out.
    pub outcome: &'a Outcome,
    /// What became of the expectations, over all of the command's replications.
    pub judgements: &'a [Judgement],
    /// The worst of them.
    pub verdict: Verdict,
}

/// A run in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunRow {
    /// Its number in this history.
    pub id: i64,
    /// Number of its command's first run; its own for a single run.
    pub first_id: i64,
    /// When it was made.
    pub created_at: String,
    /// The scenario's name.
    pub scenario: String,
    /// The topology's name.
    pub topology: String,
    /// The environment overlay in force.
    pub environment: Option<String>,
    /// Root of all its randomness.
    pub seed: u64,
    /// Which of the command's replications it is, from 0.
    pub replication: u32,
    /// Fold over its events.
    pub digest: String,
    /// `pass`, `inconclusive` or `fail`, over all of the command's replications.
    pub verdict: String,
    /// Version of the program that ran it.
    pub engine: String,
    /// Events dispatched.
    pub events: u64,
    /// Planned length, in nanoseconds of virtual time.
    pub duration_ns: u64,
    /// Which bound stopped it, if one did.
    pub truncated: Option<String>,
    /// The command line that repeats it.
    pub command: String,
}

/// A run with everything it found out.
#[derive(Clone, Debug)]
pub struct StoredRun {
    /// Its row.
    pub row: RunRow,
    /// What it found out.
    pub outcome: Outcome,
    /// What became of the expectations.
    pub judgements: Vec<Judgement>,
    /// Files read, with fingerprints.
    pub inputs: Vec<InputFile>,
}

/// Which runs to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this scenario.
    pub scenario: Option<String>,
    /// Only this verdict.
    pub verdict: Option<Verdict>,
    /// At most this many, newest first; all when absent.
    pub limit: Option<u32>,
}

const ROW_COLUMNS: &str = "id, first_id, created_at, scenario, topology, environment, seed, replication, digest, \
                           verdict, engine, events, duration_ns, truncated, command";

impl Store {
    /// Opens a history, making the file and its folder if they do not exist.
    ///
    /// # Errors
    /// When the file cannot be made or read, is not a history of this program,
    /// was written by a newer version, or is damaged.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|error| StoreError::file(path, &error))?;
        }
        let connection = migrate::connect(path)?;
        Ok(Self { connection, path: path.to_owned() })
    }

    /// Opens a history that must exist.
    ///
    /// # Errors
    /// As [`Store::open`], and when there is no such file.
    pub fn open_existing(path: &Path) -> Result<Self, StoreError> {
        match std::fs::metadata(path) {
            Ok(_) => Self::open(path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(StoreError::Missing { path: path.to_owned() })
            }
            Err(error) => Err(StoreError::file(path, &error)),
        }
    }

    /// Keeps the runs of one command, all or none, and gives their numbers in order.
    ///
    /// # Errors
    /// When the file cannot be written; nothing was kept then.
    pub fn insert(&mut self, runs: &[NewRun<'_>]) -> Result<Vec<i64>, StoreError> {
        let path = self.path.clone();
        let failed = |error| StoreError::sqlite(&path, error);
        let texts: Vec<Texts> = runs.iter().map(|run| Texts::of(&path, run)).collect::<Result<_, _>>()?;
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let mut ids: Vec<i64> = Vec::new();
        for (run, texts) in runs.iter().zip(&texts) {
            let id = insert_run(&transaction, run, texts, ids.first().copied()).map_err(failed)?;
            columns::insert(&transaction, id, run).map_err(failed)?;
            ids.push(id);
        }
        transaction.commit().map_err(failed)?;
        Ok(ids)
    }

    /// The runs kept, newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn list(&self, filter: &Filter) -> Result<Vec<RunRow>, StoreError> {
        let query = format!(
            "SELECT {ROW_COLUMNS} FROM runs WHERE (?1 IS NULL OR scenario = ?1) AND (?2 IS NULL OR verdict = ?2) \
             ORDER BY id DESC LIMIT ?3"
        );
        let verdict = filter.verdict.map(Verdict::word);
        let limit = filter.limit.map_or(-1, i64::from);
        let rows = || -> rusqlite::Result<Vec<RunRow>> {
            let mut statement = self.connection.prepare(&query)?;
            statement.query_map(params![filter.scenario, verdict, limit], row)?.collect()
        };
        rows().map_err(|error| StoreError::sqlite(&self.path, error))
    }

    /// One run with everything it found out; `None` if there is none of that number.
    ///
    /// # Errors
    /// When the file cannot be read, or the run was written in a form that this version does not know.
    pub fn get(&self, id: i64) -> Result<Option<StoredRun>, StoreError> {
        let query = format!("SELECT {ROW_COLUMNS}, outcome, judgements, inputs FROM runs WHERE id = ?1");
        let found = self
            .connection
            .query_row(&query, [id], |r| {
                let json = |name: &str| r.get::<_, String>(name);
                Ok((row(r)?, json("outcome")?, json("judgements")?, json("inputs")?))
            })
            .optional()
            .map_err(|error| StoreError::sqlite(&self.path, error))?;
        let Some((row, outcome, judgements, inputs)) = found else { return Ok(None) };
        let unreadable = |error: serde_json::Error| StoreError::Unreadable {
            path: self.path.clone(),
            run: id,
            engine: row.engine.clone(),
            detail: error.to_string(),
        };
        Ok(Some(StoredRun {
            outcome: serde_json::from_str(&outcome).map_err(unreadable)?,
            judgements: serde_json::from_str(&judgements).map_err(unreadable)?,
            inputs: serde_json::from_str(&inputs).map_err(unreadable)?,
            row: row.clone(),
        }))
    }

    /// One run's document as it was kept, whatever version wrote it; `None` if there is none of that number.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn export(&self, id: i64) -> Result<Option<String>, StoreError> {
        let query = "SELECT json_object('id', id, 'created_at', created_at, 'command', command, 'verdict', verdict, \
                     'judgements', json(judgements), 'inputs', json(inputs), 'outcome', json(outcome)) \
                     FROM runs WHERE id = ?1";
        self.connection
            .query_row(query, [id], |row| row.get(0))
            .optional()
            .map_err(|error| StoreError::sqlite(&self.path, error))
    }
}

/// The parts of a run that are kept as JSON.
struct Texts {
    outcome: String,
    judgements: String,
    inputs: String,
}

impl Texts {
    fn of(path: &Path, run: &NewRun<'_>) -> Result<Self, StoreError> {
        let failed =
            |error: serde_json::Error| StoreError::Other { path: path.to_owned(), detail: error.to_string() };
        Ok(Self {
            outcome: serde_json::to_string(run.outcome).map_err(failed)?,
            judgements: serde_json::to_string(run.judgements).map_err(failed)?,
            inputs: serde_json::to_string(&run.outcome.inputs).map_err(failed)?,
        })
    }
}

fn insert_run(
    connection: &Connection,
    run: &NewRun<'_>,
    texts: &Texts,
    first: Option<i64>,
) -> rusqlite::Result<i64> {
    let outcome = run.outcome;
    let truncated = outcome.truncated.as_ref().map(|truncation| truncation.bound.word());
    connection.prepare(
        "INSERT INTO runs (first_id, created_at, scenario, topology, environment, seed, replication, digest, verdict, \
         engine, events, duration_ns, truncated, command, outcome, judgements, inputs) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
    )?
    .execute(params![
        first.unwrap_or(0),
        run.created_at,
        outcome.scenario,
        outcome.topology,
        outcome.environment,
        outcome.seed.to_string(),
        run.replication,
        outcome.digest,
        run.verdict.word(),
        outcome.engine,
        columns::integer(outcome.events),
        columns::integer(outcome.duration.0),
        truncated,
        run.command,
        texts.outcome,
        texts.judgements,
        texts.inputs,
    ])?;
    let id = connection.last_insert_rowid();
    if first.is_none() {
        connection.execute("UPDATE runs SET first_id = id WHERE id = ?1", [id])?;
    }
    Ok(id)
}

fn row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    let count = |name: &str| row.get::<_, i64>(name).map(|value| u64::try_from(value).unwrap_or(0));
    Ok(RunRow {
        id: row.get("id")?,
        first_id: row.get("first_id")?,
        created_at: row.get("created_at")?,
        scenario: row.get("scenario")?,
        topology: row.get("topology")?,
        environment: row.get("environment")?,
        seed: row.get::<_, String>("seed")?.parse().unwrap_or(0),
        replication: row.get("replication")?,
        digest: row.get("digest")?,
        verdict: row.get("verdict")?,
        engine: row.get("engine")?,
        events: count("events")?,
        duration_ns: count("duration_ns")?,
        truncated: row.get("truncated")?,
        command: row.get("command")?,
    })
}
