-- One row per run, that is per seed. The runs of one command are a batch: its
-- first run, replication 0, has the batch's own id, verdict and expectations.
CREATE TABLE runs (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    batch       INTEGER NOT NULL,
    replication INTEGER NOT NULL,
    created_at  TEXT NOT NULL,
    scenario    TEXT NOT NULL,
    topology    TEXT NOT NULL,
    environment TEXT,
    seed        TEXT NOT NULL,   -- decimal; may be larger than an INTEGER holds
    digest      TEXT NOT NULL,
    verdict     TEXT NOT NULL CHECK (verdict IN ('pass', 'inconclusive', 'fail')),
    engine      TEXT NOT NULL,
    events      INTEGER NOT NULL,
    duration_ns INTEGER NOT NULL,
    warm_up_ns  INTEGER NOT NULL,
    ended_at_ns INTEGER NOT NULL,
    truncated   TEXT,            -- the bound that stopped it, if one did
    command     TEXT NOT NULL,
    outcome     TEXT NOT NULL    -- everything, as JSON
) STRICT;
CREATE INDEX runs_by_digest ON runs (digest);
CREATE INDEX runs_by_batch ON runs (batch);

-- The files that went in, by batch.
CREATE TABLE inputs (
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    path   TEXT NOT NULL,
    text   TEXT NOT NULL,
    PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE expectations (
    run_id     INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number     INTEGER NOT NULL,
    text       TEXT NOT NULL,
    location   TEXT NOT NULL,
    verdict    TEXT NOT NULL CHECK (verdict IN ('pass', 'inconclusive', 'fail')),
    measured   REAL,
    half_width REAL,
    comparison TEXT NOT NULL CHECK (comparison IN ('<', '<=', '>', '>=')),
    target     REAL NOT NULL,
    unit       TEXT NOT NULL CHECK (unit IN ('seconds', 'share', 'per-second', 'number')),
    reason     TEXT,
    PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;

-- The parts of a run that expectations can tell apart; `slot` below refers to them.
-- `number` is the place in the outcome's lists: names alone need not be unique.
CREATE TABLE slots (
    run_id    INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    slot      INTEGER NOT NULL,
    from_ns   INTEGER NOT NULL,
    to_ns     INTEGER NOT NULL,
    time_ns   INTEGER NOT NULL,
    phase     TEXT NOT NULL CHECK (phase IN ('before', 'during', 'between', 'after')),
    recovered INTEGER NOT NULL,
    PRIMARY KEY (run_id, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE traffic (
    run_id   INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number   INTEGER NOT NULL,
    workload TEXT NOT NULL,
    client   TEXT NOT NULL,
    journey  TEXT NOT NULL,
    slot     INTEGER NOT NULL,
    arrived  INTEGER NOT NULL,
    ok       INTEGER NOT NULL,
    degraded INTEGER NOT NULL,
    failed   INTEGER NOT NULL,
    open     INTEGER NOT NULL,
    mean_ns  REAL,
    p50_ns   REAL,
    p90_ns   REAL,
    p99_ns   REAL,
    p999_ns  REAL,
    max_ns   INTEGER,
    PRIMARY KEY (run_id, number, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE errors (
    run_id   INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number   INTEGER NOT NULL,
    workload TEXT NOT NULL,
    journey  TEXT NOT NULL,
    slot     INTEGER NOT NULL,
    class    TEXT NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (run_id, number, slot, class)
) STRICT, WITHOUT ROWID;

CREATE TABLE components (
    run_id         INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number         INTEGER NOT NULL,
    name           TEXT NOT NULL,
    kind           TEXT NOT NULL,
    place          TEXT NOT NULL,
    replicas       INTEGER NOT NULL,
    slot           INTEGER NOT NULL,
    arrived        INTEGER NOT NULL,
    completed      INTEGER NOT NULL,
    failed         INTEGER NOT NULL,
    shed           INTEGER NOT NULL,
    throttled      INTEGER NOT NULL,
    refused        INTEGER NOT NULL,
    reneged        INTEGER NOT NULL,
    cancelled      INTEGER NOT NULL,
    lost           INTEGER NOT NULL,
    inside         INTEGER NOT NULL,
    wasted         INTEGER NOT NULL,
    utilization    REAL,             -- NULL when unlimited
    queue_mean     REAL NOT NULL,
    queue_max      INTEGER NOT NULL,
    in_system_mean REAL NOT NULL,
    in_system_max  INTEGER NOT NULL,
    wait_mean_ns   REAL,
    wait_p99_ns    REAL,
    sojourn_p50_ns REAL,             -- over all operations
    sojourn_p99_ns REAL,
    hit_ratio      REAL,             -- NULL when it is no cache or nothing was looked up
    unknown_writes INTEGER,          -- NULL when it is no store
    PRIMARY KEY (run_id, number, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE edges (
    run_id         INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number         INTEGER NOT NULL,
    name           TEXT NOT NULL,
    caller         TEXT NOT NULL,
    target         TEXT NOT NULL,
    slot           INTEGER NOT NULL,
    calls          INTEGER NOT NULL,
    calls_ok       INTEGER NOT NULL,
    attempts       INTEGER NOT NULL,
    answered_ok    INTEGER NOT NULL,
    answered_error INTEGER NOT NULL,
    refused        INTEGER NOT NULL,
    timed_out      INTEGER NOT NULL,
    lost           INTEGER NOT NULL,
    cancelled      INTEGER NOT NULL,
    open           INTEGER NOT NULL,
    pool_timeouts  INTEGER NOT NULL,
    budget_denied  INTEGER NOT NULL,
    connects       INTEGER NOT NULL,
    PRIMARY KEY (run_id, number, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE faults (
    run_id  INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number  INTEGER NOT NULL,
    name    TEXT NOT NULL,
    kind    TEXT NOT NULL,
    target  TEXT NOT NULL,
    from_ns INTEGER NOT NULL,
    to_ns   INTEGER NOT NULL,
    PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE incidents (
    run_id           INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number           INTEGER NOT NULL,
    from_ns          INTEGER NOT NULL,
    to_ns            INTEGER,        -- NULL when service never held again
    availability_min REAL NOT NULL,
    p99_max_ns       INTEGER,        -- NULL when nothing was answered
    failed           INTEGER NOT NULL,
    PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;

-- Values over time. `answered` and `failed` are by window of the end, `arrived` by window of arrival.
CREATE TABLE windows (
    run_id   INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number   INTEGER NOT NULL,
    start_ns INTEGER NOT NULL,
    workload TEXT NOT NULL,
    journey  TEXT NOT NULL,
    arrived  INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    failed   INTEGER NOT NULL,
    p50_ns   INTEGER NOT NULL,
    p90_ns   INTEGER NOT NULL,
    p99_ns   INTEGER NOT NULL,
    p999_ns  INTEGER NOT NULL,
    PRIMARY KEY (run_id, number, start_ns)
) STRICT, WITHOUT ROWID;

CREATE TABLE component_windows (
    run_id      INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number      INTEGER NOT NULL,
    start_ns    INTEGER NOT NULL,
    name        TEXT NOT NULL,
    utilization REAL NOT NULL,
    queue       REAL NOT NULL,
    in_system   REAL NOT NULL,
    arrived     INTEGER NOT NULL,
    rejected    INTEGER NOT NULL,
    hit_ratio   REAL,
    PRIMARY KEY (run_id, number, start_ns)
) STRICT, WITHOUT ROWID;
