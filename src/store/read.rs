//! Finding runs again.

use super::words::{comparison, meaning};
use super::{Store, StoreError};
use crate::outcome::{Outcome, SCHEMA};
use crate::verdict::{Judgement, Verdict};
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;

/// Which runs are meant; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of the scenario with this name.
    pub scenario: Option<String>,
    /// Of the topology with this name.
    pub topology: Option<String>,
    /// With this verdict.
    pub verdict: Option<Verdict>,
}

/// One stored run, or the replications of one, in short.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Its number.
    pub id: i64,
    /// When it was made.
    pub created_at: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Name of the topology.
    pub topology: String,
    /// The environment overlay, if any.
    pub environment: Option<String>,
    /// Root of all randomness of the first replication.
    pub seed: u64,
    /// How many replications there are.
    pub replications: u32,
    /// Digest of the first replication.
    pub digest: String,
    /// The overall verdict.
    pub verdict: Verdict,
    /// Events of the first replication.
    pub events: u64,
    /// The bound that stopped the first replication, if one did.
    pub truncated: Option<String>,
}

/// Everything stored of a run, or of the replications of one.
#[derive(Clone, Debug, Serialize)]
pub struct Stored {
    /// In short.
    #[serde(flatten)]
    pub summary: Summary,
    /// The command line that repeats it.
    pub command: String,
    /// What became of the expectations.
    pub judgements: Vec<Judgement>,
    /// `(path, text)` of the files that went in.
    pub inputs: Vec<(String, String)>,
    /// One per replication.
    pub outcomes: Vec<Outcome>,
}

const SUMMARY: &str = "SELECT id, created_at, scenario, topology, environment, seed,
    (SELECT count(*) FROM runs AS other WHERE other.batch = runs.id) AS replications,
    digest, verdict, events, truncated FROM runs WHERE id = batch";

fn summary(row: &Row<'_>) -> rusqlite::Result<Summary> {
    Ok(Summary {
        id: row.get(0)?,
        created_at: row.get(1)?,
        scenario: row.get(2)?,
        topology: row.get(3)?,
        environment: row.get(4)?,
        seed: from_text(row, 5, |text| text.parse().ok())?,
        replications: row.get(6)?,
        digest: row.get(7)?,
        verdict: from_text(row, 8, |text| meaning(text.to_owned()))?,
        events: row.get::<_, i64>(9)?.unsigned_abs(),
        truncated: row.get(10)?,
    })
}

fn from_text<T>(row: &Row<'_>, column: usize, read: impl FnOnce(&str) -> Option<T>) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    read(&text).ok_or_else(|| {
        let problem = format!("`{text}` means nothing here");
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, problem.into())
    })
}

fn judgement(row: &Row<'_>) -> rusqlite::Result<Judgement> {
    Ok(Judgement {
        text: row.get(0)?,
        location: row.get(1)?,
        verdict: from_text(row, 2, |text| meaning(text.to_owned()))?,
        measured: row.get(3)?,
        half_width: row.get(4)?,
        comparison: from_text(row, 5, comparison)?,
        target: row.get(6)?,
        unit: from_text(row, 7, |text| meaning(text.to_owned()))?,
        reason: row.get(8)?,
    })
}

impl Store {
    /// The latest runs that fit, latest first; replications are listed as one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn list(&self, filter: &Filter, limit: u32) -> Result<Vec<Summary>, StoreError> {
        let query = format!(
            "{SUMMARY} AND (?1 IS NULL OR scenario = ?1) AND (?2 IS NULL OR topology = ?2)
                AND (?3 IS NULL OR verdict = ?3) ORDER BY id DESC LIMIT ?4"
        );
        let verdict = filter.verdict.map(Verdict::word);
        let read = || -> rusqlite::Result<Vec<Summary>> {
            let mut query = self.connection.prepare(&query)?;
            let rows = query.query_map(params![filter.scenario, filter.topology, verdict, limit], summary)?;
            rows.collect()
        };
        read().map_err(|error| self.told(&error))
    }

    /// Everything of one run, by its number or by the start of its digest. Of
    /// several runs with the same whole digest, the latest.
    ///
    /// # Errors
    /// When no run or several different ones are meant, or one of another format.
    pub fn get(&self, key: &str) -> Result<Stored, StoreError> {
        let id = self.find(key)?;
        self.load(id).map_err(|error| self.told(&error))?.into_stored()
    }

    fn find(&self, key: &str) -> Result<i64, StoreError> {
        let told = |error: rusqlite::Error| self.told(&error);
        if let Ok(number) = key.parse::<i64>() {
            let mut query = self.connection.prepare("SELECT batch FROM runs WHERE id = ?1").map_err(told)?;
            let batch = query.query_row([number], |row| row.get(0)).optional().map_err(told)?;
            if let Some(batch) = batch {
                return Ok(batch);
            }
        }
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(StoreError::NoSuchRun(key.to_owned()));
        }
        let read = || -> rusqlite::Result<Vec<i64>> {
            let mut query = self.connection.prepare(
                "SELECT max(batch) FROM runs WHERE substr(digest, 1, length(?1)) = ?1 GROUP BY digest LIMIT 2",
            )?;
            query.query_map([key.to_ascii_lowercase()], |row| row.get(0))?.collect()
        };
        match read().map_err(told)?.as_slice() {
            [] => Err(StoreError::NoSuchRun(key.to_owned())),
            [batch] => Ok(*batch),
            _ => Err(StoreError::Ambiguous(key.to_owned())),
        }
    }

    fn load(&self, id: i64) -> rusqlite::Result<Loaded> {
        let summary = self.connection.query_row(&format!("{SUMMARY} AND id = ?1"), [id], summary)?;
        let command =
            self.connection.query_row("SELECT command FROM runs WHERE id = ?1", [id], |row| row.get(0))?;
        let mut query = self.connection.prepare(
            "SELECT text, location, verdict, measured, half_width, comparison, target, unit, reason
             FROM expectations WHERE run_id = ?1 ORDER BY number",
        )?;
        let judgements = query.query_map([id], judgement)?.collect::<rusqlite::Result<_>>()?;
        let mut query =
            self.connection.prepare("SELECT path, text FROM inputs WHERE run_id = ?1 ORDER BY number")?;
        let inputs =
            query.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
        let mut query =
            self.connection.prepare("SELECT id, outcome FROM runs WHERE batch = ?1 ORDER BY replication")?;
        let outcomes =
            query.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
        Ok(Loaded { summary, command, judgements, inputs, outcomes })
    }
}

/// A run as it is in the file, its outcomes not yet read.
struct Loaded {
    summary: Summary,
    command: String,
    judgements: Vec<Judgement>,
    inputs: Vec<(String, String)>,
    outcomes: Vec<(i64, String)>,
}

/// Every format of outcomes has this.
#[derive(serde::Deserialize)]
struct Format {
    schema: u32,
}

impl Loaded {
    fn into_stored(self) -> Result<Stored, StoreError> {
        let Self { summary, command, judgements, inputs, outcomes } = self;
        let read = |(id, json): (i64, String)| {
            let unreadable = |found| StoreError::OutcomeFormat { id, found, known: SCHEMA };
            let found = serde_json::from_str::<Format>(&json).map_err(|_| unreadable(0))?.schema;
            if found != SCHEMA {
                return Err(unreadable(found));
            }
            serde_json::from_str(&json).map_err(|_| unreadable(found))
        };
        let outcomes = outcomes.into_iter().map(read).collect::<Result<_, _>>()?;
        Ok(Stored { summary, command, judgements, inputs, outcomes })
    }
}
