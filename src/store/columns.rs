//! A run's figures in plain columns.

use super::NewRun;
use crate::outcome::{ComponentOutcome, EdgeSlot, Outcome, Phase, TrafficSlot};
use crate::stats::Histogram;
use crate::verdict::Unit;
use rusqlite::{Connection, params};

/// A named part of the run: its slots, and the time spent in them.
struct Part {
    name: &'static str,
    slots: Vec<usize>,
    time_ns: u64,
}

impl Part {
    fn of<'t, T>(&self, table: &'t [T]) -> impl Iterator<Item = &'t T> {
        self.slots.iter().filter_map(|slot| table.get(*slot))
    }
}

/// SQLite's integers have 63 bits; nothing counted here comes near.
pub(super) fn integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(super) fn insert(connection: &Connection, id: i64, run: &NewRun<'_>) -> rusqlite::Result<()> {
    expectations(connection, id, run)?;
    for part in parts(run.outcome) {
        traffic(connection, id, run.outcome, &part)?;
        components(connection, id, run.outcome, &part)?;
        edges(connection, id, run.outcome, &part)?;
    }
    windows(connection, id, run.outcome)
}

/// The whole run, then each part that occurred.
fn parts(outcome: &Outcome) -> Vec<Part> {
    let select = |name, is_in: &dyn Fn(Phase) -> bool| {
        let slots: Vec<usize> =
            (0..outcome.slots.len()).filter(|slot| is_in(outcome.slots[*slot].phase)).collect();
        let time_ns = slots.iter().map(|slot| outcome.slots[*slot].time.0).sum();
        Part { name, slots, time_ns }
    };
    let phases = [
        ("before", Phase::Before),
        ("during", Phase::During),
        ("between", Phase::Between),
        ("after", Phase::After),
    ];
    let mut all = vec![select("all", &|_| true)];
    all.extend(phases.into_iter().map(|(name, phase)| select(name, &|other| other == phase)));
    all.retain(|part| !part.slots.is_empty());
    all
}

fn expectations(connection: &Connection, id: i64, run: &NewRun<'_>) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare("INSERT INTO expectations VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?;
    for (position, judgement) in (0i64..).zip(run.judgements) {
        let unit = match judgement.unit {
            Unit::Seconds => "seconds",
            Unit::Share => "share",
            Unit::PerSecond => "per-second",
            Unit::Number => "number",
        };
        statement.execute(params![
            id,
            position,
            judgement.text,
            judgement.location,
            judgement.verdict.word(),
            judgement.measured,
            judgement.half_width,
            judgement.target,
            unit,
            judgement.reason,
        ])?;
    }
    Ok(())
}

fn traffic(connection: &Connection, id: i64, outcome: &Outcome, part: &Part) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(
        "INSERT INTO traffic VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
    )?;
    for journey in &outcome.traffic {
        let sum = |of: fn(&TrafficSlot) -> u64| integer(part.of(&journey.slots).map(of).sum());
        let latency = merged(part.of(&journey.slots).map(|slot| &slot.latency));
        statement.execute(params![
            id,
            part.name,
            journey.workload,
            journey.client,
            journey.journey,
            integer(part.time_ns),
            sum(|s| s.arrived),
            sum(|s| s.ok),
            sum(|s| s.degraded),
            sum(|s| s.errors.values().sum()),
            sum(|s| s.open),
            latency.mean(),
            latency.quantile(0.5),
            latency.quantile(0.9),
            latency.quantile(0.99),
            latency.quantile(0.999),
            (latency.count() > 0).then(|| integer(latency.max())),
        ])?;
    }
    Ok(())
}

fn components(connection: &Connection, id: i64, outcome: &Outcome, part: &Part) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(
        "INSERT INTO components VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, \
         ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28)",
    )?;
    for component in &outcome.components {
        let slots = || part.of(&component.slots);
        let area = |of: fn(&crate::outcome::ComponentSlot) -> u128| slots().map(of).sum::<u128>() as f64;
        let time = part.time_ns as f64;
        let mean = |area: f64| (time > 0.0).then(|| area / time);
        let capacity = area(|s| s.capacity_area);
        let sum = |of: fn(&crate::outcome::ComponentSlot) -> u64| integer(slots().map(of).sum());
        let cached = |of: fn(&crate::outcome::CacheSlot) -> u64| {
            slots().filter_map(|slot| slot.cache.as_ref()).map(of).reduce(|a, b| a + b).map(integer)
        };
        let unknown = slots().filter_map(|slot| slot.store.as_ref()).map(|store| store.unknown);
        let sojourn = sojourns(component, part);
        statement.execute(params![
            id,
            part.name,
            component.name,
            component.kind,
            component.place,
            component.replicas,
            integer(part.time_ns),
            sum(|s| s.arrived),
            sum(|s| s.completed),
            sum(|s| s.failed),
            sum(|s| s.shed),
            sum(|s| s.throttled),
            sum(|s| s.refused),
            sum(|s| s.reneged),
            sum(|s| s.cancelled),
            sum(|s| s.lost),
            sum(|s| s.wasted),
            (capacity > 0.0).then(|| area(|s| s.busy_area) / capacity),
            mean(area(|s| s.queue_area)),
            slots().map(|slot| integer(slot.queue_max)).max().unwrap_or(0),
            mean(area(|s| s.in_system_area)),
            mean(area(|s| s.up_area) / f64::from(component.replicas.max(1))),
            merged(slots().map(|slot| &slot.wait)).quantile(0.99),
            sojourn.quantile(0.5),
            sojourn.quantile(0.99),
            cached(|c| c.hits),
            cached(|c| c.misses),
            unknown.reduce(|a, b| a + b).map(integer),
        ])?;
    }
    Ok(())
}

fn edges(connection: &Connection, id: i64, outcome: &Outcome, part: &Part) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(
        "INSERT INTO edges VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, \
         ?19)",
    )?;
    for (position, edge) in (0i64..).zip(&outcome.edges) {
        let sum = |of: fn(&EdgeSlot) -> u64| integer(part.of(&edge.slots).map(of).sum());
        statement.execute(params![
            id,
            part.name,
            position,
            edge.name,
            edge.caller,
            edge.target,
            sum(|s| s.calls),
            sum(|s| s.attempts),
            sum(|s| s.answered_ok),
            sum(|s| s.answered_error),
            sum(|s| s.refused),
            sum(|s| s.timed_out),
            sum(|s| s.lost),
            sum(|s| s.cancelled),
            sum(|s| s.open),
            sum(|s| s.pool_timeouts),
            sum(|s| s.calls_ok),
            sum(|s| s.budget_denied),
            sum(|s| s.connects),
        ])?;
    }
    Ok(())
}

fn windows(connection: &Connection, id: i64, outcome: &Outcome) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare("INSERT INTO windows VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?;
    let at = |values: &[u64], window: usize| integer(values.get(window).copied().unwrap_or(0));
    for (journey, series) in outcome.traffic.iter().zip(&outcome.windows.traffic) {
        for (window, start) in outcome.windows.start.iter().enumerate() {
            statement.execute(params![
                id,
                journey.workload,
                journey.client,
                journey.journey,
                integer(start.0),
                at(&series.arrived, window),
                at(&series.answered, window),
                at(&series.failed, window),
                at(&series.p50_ns, window),
                at(&series.p99_ns, window),
            ])?;
        }
    }
    Ok(())
}

fn merged<'h>(histograms: impl Iterator<Item = &'h Histogram>) -> Histogram {
    let mut all = Histogram::default();
    histograms.for_each(|histogram| all.merge(histogram));
    all
}

fn sojourns(component: &ComponentOutcome, part: &Part) -> Histogram {
    merged(component.operations.iter().flat_map(|operation| part.of(&operation.sojourn)))
}
