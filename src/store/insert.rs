//! Writing a run down, all of it or nothing.

use super::words::{sign, word};
use super::{Record, Store, StoreError};
use crate::outcome::{ComponentOutcome, ComponentSlot, Edge, Outcome, Traffic};
use crate::stats::Histogram;
use crate::units::SimTime;
use crate::verdict;
use rusqlite::{Connection, Result, Statement, TransactionBehavior, params};

impl Store {
    /// Stores a run, or the replications of one, and returns its number.
    ///
    /// # Errors
    /// When it cannot be written; nothing of it is stored then.
    pub fn insert(&mut self, record: &Record<'_>) -> Result<i64, StoreError> {
        insert(&mut self.connection, record).map_err(|error| StoreError::of(&self.path, &error))
    }
}

fn insert(connection: &mut Connection, record: &Record<'_>) -> Result<i64> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut batch = None;
    for (replication, outcome) in record.outcomes.iter().enumerate() {
        let run = insert_run(&transaction, record, replication, outcome)?;
        let first = *batch.get_or_insert(run);
        transaction.execute("UPDATE runs SET batch = ?1 WHERE id = ?2", [first, run])?;
        insert_parts(&transaction, run, outcome)?;
    }
    let batch = batch.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    insert_inputs(&transaction, batch, record)?;
    insert_expectations(&transaction, batch, record)?;
    transaction.commit()?;
    Ok(batch)
}

/// A statement that adds a row of these columns to a table.
fn into<'c>(c: &'c Connection, table: &str, columns: &str) -> Result<Statement<'c>> {
    let marks = vec!["?"; columns.split(',').count()].join(", ");
    c.prepare(&format!("INSERT INTO {table} ({columns}) VALUES ({marks})"))
}

/// Counts beyond what a column holds are as good as its largest number.
fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn nanos(time: SimTime) -> i64 {
    count(time.0)
}

fn insert_run(c: &Connection, record: &Record<'_>, replication: usize, outcome: &Outcome) -> Result<i64> {
    let json = serde_json::to_string(outcome)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    into(
        c,
        "runs",
        "batch, replication, created_at, scenario, topology, environment, seed, digest, verdict, engine, \
         events, duration_ns, warm_up_ns, ended_at_ns, truncated, command, outcome",
    )?
    .execute(params![
        0,
        count(replication as u64),
        record.created_at,
        outcome.scenario,
        outcome.topology,
        outcome.environment,
        outcome.seed.to_string(),
        outcome.digest,
        verdict::worst(record.judgements).word(),
        outcome.engine,
        count(outcome.events),
        count(outcome.duration.0),
        count(outcome.warm_up.0),
        nanos(outcome.ended_at),
        outcome.truncated.as_ref().map(|truncation| word(&truncation.bound)),
        record.command,
        json,
    ])?;
    Ok(c.last_insert_rowid())
}

fn insert_inputs(c: &Connection, batch: i64, record: &Record<'_>) -> Result<()> {
    let mut insert = into(c, "inputs", "run_id, number, path, text")?;
    for (number, (path, text)) in record.inputs.iter().enumerate() {
        insert.execute(params![batch, number as i64, path, text])?;
    }
    Ok(())
}

fn insert_expectations(c: &Connection, batch: i64, record: &Record<'_>) -> Result<()> {
    let mut insert = into(
        c,
        "expectations",
        "run_id, number, text, location, verdict, measured, half_width, comparison, target, unit, \
         reason",
    )?;
    for (number, judgement) in record.judgements.iter().enumerate() {
        insert.execute(params![
            batch,
            number as i64,
            judgement.text,
            judgement.location,
            judgement.verdict.word(),
            judgement.measured,
            judgement.half_width,
            sign(judgement.comparison),
            judgement.target,
            word(&judgement.unit),
            judgement.reason,
        ])?;
    }
    Ok(())
}

fn insert_parts(c: &Connection, run: i64, outcome: &Outcome) -> Result<()> {
    insert_schedule(c, run, outcome)?;
    for (number, traffic) in outcome.traffic.iter().enumerate() {
        insert_traffic(c, run, number as i64, traffic)?;
    }
    for (number, component) in outcome.components.iter().enumerate() {
        insert_component(c, run, number as i64, component, outcome)?;
    }
    for (number, edge) in outcome.edges.iter().enumerate() {
        insert_edge(c, run, number as i64, edge)?;
    }
    insert_windows(c, run, outcome)
}

fn insert_schedule(c: &Connection, run: i64, outcome: &Outcome) -> Result<()> {
    let mut insert = into(c, "slots", "run_id, slot, from_ns, to_ns, time_ns, phase, recovered")?;
    for (number, slot) in outcome.slots.iter().enumerate() {
        let (from, to, time) = (nanos(slot.from), nanos(slot.to), count(slot.time.0));
        insert.execute(params![run, number as i64, from, to, time, word(&slot.phase), slot.recovered])?;
    }
    let mut insert = into(c, "faults", "run_id, number, name, kind, target, from_ns, to_ns")?;
    for (number, fault) in outcome.faults.iter().enumerate() {
        let (from, to) = (nanos(fault.from), nanos(fault.to));
        insert.execute(params![run, number as i64, fault.name, fault.kind, fault.target, from, to])?;
    }
    let mut insert =
        into(c, "incidents", "run_id, number, from_ns, to_ns, availability_min, p99_max_ns, failed")?;
    for (number, incident) in outcome.incidents.iter().enumerate() {
        insert.execute(params![
            run,
            number as i64,
            nanos(incident.from),
            incident.to.map(nanos),
            incident.availability_min,
            incident.latency_p99_max.map(|span| count(span.0)),
            count(incident.failed),
        ])?;
    }
    Ok(())
}

fn insert_traffic(c: &Connection, run: i64, number: i64, traffic: &Traffic) -> Result<()> {
    let Traffic { workload, client, journey, slots } = traffic;
    let mut insert = into(
        c,
        "traffic",
        "run_id, number, workload, client, journey, slot, arrived, ok, degraded, failed, open, \
         mean_ns, p50_ns, p90_ns, p99_ns, p999_ns, max_ns",
    )?;
    let mut insert_error = into(c, "errors", "run_id, number, workload, journey, slot, class, count")?;
    for (slot, counts) in slots.iter().enumerate() {
        let latency = &counts.latency;
        insert.execute(params![
            run,
            number,
            workload,
            client,
            journey,
            slot as i64,
            count(counts.arrived),
            count(counts.ok),
            count(counts.degraded),
            count(counts.errors.values().sum()),
            count(counts.open),
            latency.mean(),
            latency.quantile(0.5),
            latency.quantile(0.9),
            latency.quantile(0.99),
            latency.quantile(0.999),
            (latency.count() > 0).then(|| count(latency.max())),
        ])?;
        for (class, errors) in &counts.errors {
            let class = word(class);
            insert_error.execute(params![
                run,
                number,
                workload,
                journey,
                slot as i64,
                class,
                count(*errors)
            ])?;
        }
    }
    Ok(())
}

fn insert_component(
    c: &Connection,
    run: i64,
    number: i64,
    component: &ComponentOutcome,
    outcome: &Outcome,
) -> Result<()> {
    let mut insert = into(
        c,
        "components",
        "run_id, number, name, kind, place, replicas, slot, arrived, completed, failed, shed, \
         throttled, refused, reneged, cancelled, lost, inside, wasted, utilization, queue_mean, \
         queue_max, in_system_mean, in_system_max, wait_mean_ns, wait_p99_ns, sojourn_p50_ns, \
         sojourn_p99_ns, hit_ratio, unknown_writes",
    )?;
    for (slot, counts) in component.slots.iter().enumerate() {
        let time = outcome.slots.get(slot).map_or(0, |slot| slot.time.0).max(1) as f64;
        let mut sojourn = Histogram::default();
        component.operations.iter().filter_map(|op| op.sojourn.get(slot)).for_each(|h| sojourn.merge(h));
        insert.execute(params![
            run,
            number,
            component.name,
            component.kind,
            component.place,
            component.replicas,
            slot as i64,
            count(counts.arrived),
            count(counts.completed),
            count(counts.failed),
            count(counts.shed),
            count(counts.throttled),
            count(counts.refused),
            count(counts.reneged),
            count(counts.cancelled),
            count(counts.lost),
            count(counts.inside),
            count(counts.wasted),
            ratio(counts.busy_area, counts.capacity_area),
            counts.queue_area as f64 / time,
            count(counts.queue_max),
            counts.in_system_area as f64 / time,
            count(counts.in_system_max),
            counts.wait.mean(),
            counts.wait.quantile(0.99),
            sojourn.quantile(0.5),
            sojourn.quantile(0.99),
            hit_ratio(counts),
            counts.store.as_ref().map(|store| count(store.unknown)),
        ])?;
    }
    Ok(())
}

fn ratio(part: u128, whole: u128) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn hit_ratio(counts: &ComponentSlot) -> Option<f64> {
    let cache = counts.cache.as_ref()?;
    ratio(cache.hits.into(), u128::from(cache.hits) + u128::from(cache.misses))
}

fn insert_edge(c: &Connection, run: i64, number: i64, edge: &Edge) -> Result<()> {
    let mut insert = into(
        c,
        "edges",
        "run_id, number, name, caller, target, slot, calls, calls_ok, attempts, answered_ok, \
         answered_error, refused, timed_out, lost, cancelled, open, pool_timeouts, budget_denied, \
         connects",
    )?;
    for (slot, counts) in edge.slots.iter().enumerate() {
        insert.execute(params![
            run,
            number,
            edge.name,
            edge.caller,
            edge.target,
            slot as i64,
            count(counts.calls),
            count(counts.calls_ok),
            count(counts.attempts),
            count(counts.answered_ok),
            count(counts.answered_error),
            count(counts.refused),
            count(counts.timed_out),
            count(counts.lost),
            count(counts.cancelled),
            count(counts.open),
            count(counts.pool_timeouts),
            count(counts.budget_denied),
            count(counts.connects),
        ])?;
    }
    Ok(())
}

fn insert_windows(c: &Connection, run: i64, outcome: &Outcome) -> Result<()> {
    let windows = &outcome.windows;
    let at = |values: &[u64], window: usize| count(values.get(window).copied().unwrap_or(0));
    let mut insert = into(
        c,
        "windows",
        "run_id, number, start_ns, workload, journey, arrived, answered, failed, p50_ns, p90_ns, \
         p99_ns, p999_ns",
    )?;
    for (number, (series, traffic)) in windows.traffic.iter().zip(&outcome.traffic).enumerate() {
        for (window, start) in windows.start.iter().enumerate() {
            insert.execute(params![
                run,
                number as i64,
                nanos(*start),
                traffic.workload,
                traffic.journey,
                at(&series.arrived, window),
                at(&series.answered, window),
                at(&series.failed, window),
                at(&series.p50_ns, window),
                at(&series.p90_ns, window),
                at(&series.p99_ns, window),
                at(&series.p999_ns, window),
            ])?;
        }
    }
    let mut insert = into(
        c,
        "component_windows",
        "run_id, number, start_ns, name, utilization, queue, in_system, arrived, rejected, \
         hit_ratio",
    )?;
    let level = |values: &[f64], window: usize| values.get(window).copied().unwrap_or(0.0);
    for (number, (series, component)) in windows.components.iter().zip(&outcome.components).enumerate() {
        for (window, start) in windows.start.iter().enumerate() {
            insert.execute(params![
                run,
                number as i64,
                nanos(*start),
                component.name,
                level(&series.utilization, window),
                level(&series.queue, window),
                level(&series.in_system, window),
                at(&series.arrived, window),
                at(&series.rejected, window),
                series.hit_ratio.get(window),
            ])?;
        }
    }
    Ok(())
}
