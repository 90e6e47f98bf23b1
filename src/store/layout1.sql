-- Runs, one row each. Runs of one command share first_id and verdict.
CREATE TABLE runs (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  first_id    INTEGER NOT NULL,
  created_at  TEXT NOT NULL,
  scenario    TEXT NOT NULL,
  topology    TEXT NOT NULL,
  environment TEXT,
  seed        TEXT NOT NULL, -- decimal; may exceed 63 bits
  replication INTEGER NOT NULL,
  digest      TEXT NOT NULL,
  verdict     TEXT NOT NULL,
  engine      TEXT NOT NULL,
  events      INTEGER NOT NULL,
  duration_ns INTEGER NOT NULL,
  truncated   TEXT,
  command     TEXT NOT NULL,
  outcome     TEXT NOT NULL, -- JSON
  judgements  TEXT NOT NULL, -- JSON
  inputs      TEXT NOT NULL  -- JSON
) STRICT;
CREATE INDEX runs_by_scenario ON runs (scenario, id);

-- Over all of the command's replications.
CREATE TABLE expectations (
  run_id     INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  position   INTEGER NOT NULL,
  text       TEXT NOT NULL,
  location   TEXT NOT NULL,
  verdict    TEXT NOT NULL,
  measured   REAL,
  half_width REAL,
  target     REAL NOT NULL,
  unit       TEXT NOT NULL,
  reason     TEXT,
  PRIMARY KEY (run_id, position)
) STRICT, WITHOUT ROWID;

-- The tables below have one row per part of the run: all, before, during, between, after (the faults).
CREATE TABLE traffic (
  run_id      INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  part        TEXT NOT NULL,
  workload    TEXT NOT NULL,
  client      TEXT NOT NULL,
  journey     TEXT NOT NULL,
  time_ns     INTEGER NOT NULL,
  arrived     INTEGER NOT NULL,
  ok          INTEGER NOT NULL,
  degraded    INTEGER NOT NULL,
  failed      INTEGER NOT NULL,
  open        INTEGER NOT NULL,
  mean_ns     REAL,
  p50_ns      REAL,
  p90_ns      REAL,
  p99_ns      REAL,
  p999_ns     REAL,
  max_ns      INTEGER,
  PRIMARY KEY (run_id, part, workload, client, journey)
) STRICT, WITHOUT ROWID;

CREATE TABLE components (
  run_id         INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  part           TEXT NOT NULL,
  component      TEXT NOT NULL,
  kind           TEXT NOT NULL,
  place          TEXT NOT NULL,
  replicas       INTEGER NOT NULL,
  time_ns        INTEGER NOT NULL,
  arrived        INTEGER NOT NULL,
  completed      INTEGER NOT NULL,
  failed         INTEGER NOT NULL,
  shed           INTEGER NOT NULL,
  throttled      INTEGER NOT NULL,
  refused        INTEGER NOT NULL,
  reneged        INTEGER NOT NULL,
  cancelled      INTEGER NOT NULL,
  lost           INTEGER NOT NULL,
  wasted         INTEGER NOT NULL,
  utilization    REAL, -- null when unlimited
  queue_mean     REAL,
  queue_max      INTEGER NOT NULL,
  in_system_mean REAL,
  uptime         REAL,
  wait_p99_ns    REAL,
  sojourn_p50_ns REAL,
  sojourn_p99_ns REAL,
  hits           INTEGER, -- null when it is no cache
  misses         INTEGER,
  unknown_writes INTEGER, -- null when it is no store
  PRIMARY KEY (run_id, part, component)
) STRICT, WITHOUT ROWID;

CREATE TABLE edges (
  run_id         INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  part           TEXT NOT NULL,
  position       INTEGER NOT NULL,
  edge           TEXT NOT NULL,
  caller         TEXT NOT NULL,
  target         TEXT NOT NULL,
  calls          INTEGER NOT NULL,
  attempts       INTEGER NOT NULL,
  answered_ok    INTEGER NOT NULL,
  answered_error INTEGER NOT NULL,
  refused        INTEGER NOT NULL,
  timed_out      INTEGER NOT NULL,
  lost           INTEGER NOT NULL,
  cancelled      INTEGER NOT NULL,
  open           INTEGER NOT NULL,
  pool_timeouts  INTEGER NOT NULL,
  calls_ok       INTEGER NOT NULL,
  budget_denied  INTEGER NOT NULL,
  connects       INTEGER NOT NULL,
  PRIMARY KEY (run_id, part, position)
) STRICT, WITHOUT ROWID;

-- Users' requests over time; p50 and p99 are 0 where nothing was answered.
CREATE TABLE windows (
  run_id   INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  workload TEXT NOT NULL,
  client   TEXT NOT NULL,
  journey  TEXT NOT NULL,
  start_ns INTEGER NOT NULL,
  arrived  INTEGER NOT NULL,
  answered INTEGER NOT NULL,
  failed   INTEGER NOT NULL,
  p50_ns   INTEGER NOT NULL,
  p99_ns   INTEGER NOT NULL,
  PRIMARY KEY (run_id, workload, client, journey, start_ns)
) STRICT, WITHOUT ROWID;
