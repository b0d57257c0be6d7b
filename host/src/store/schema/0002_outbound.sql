-- Events, and their way out. Columns that may be large stand last: reading one that follows them means walking through them.

-- What happened, written in the transaction in which it happened. The newest row is never deleted, so that `seq` never goes back.
CREATE TABLE events (
    seq         INTEGER PRIMARY KEY,
    event_id    TEXT    NOT NULL UNIQUE,
    type        TEXT    NOT NULL,
    timestamp   TEXT,
    instance_id TEXT,
    session_key TEXT,
    created_at  INTEGER NOT NULL,
    data        TEXT    NOT NULL
) STRICT;

INSERT INTO events (seq, event_id, type, session_key, created_at, data)
    SELECT seq, event_id, type, owner_key, created_at, data FROM outbox ORDER BY seq;
DROP TABLE outbox;

CREATE INDEX events_by_age ON events (created_at);

-- One row. Events above `dispatched` have yet to be made into deliveries; the lease `leases` was the last one given; events up to
-- (`swept_at`, `swept_seq`) in the order of their age are there for the sake of a delivery, and go with the last one.
CREATE TABLE outbound (
    only_row   INTEGER PRIMARY KEY CHECK (only_row = 1),
    dispatched INTEGER NOT NULL,
    leases     INTEGER NOT NULL,
    swept_at   INTEGER NOT NULL,
    swept_seq  INTEGER NOT NULL
) STRICT;

INSERT INTO outbound VALUES (1, 0, 0, 0, 0);

-- Makes handing in the same thing twice the same as once. `events` is a JSON array of event ids.
CREATE TABLE handed_in (
    key        TEXT    PRIMARY KEY,
    request    BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    events     TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX handed_in_by_age ON handed_in (created_at);

-- The intent to bring one event to one endpoint. `hold` tells what a held one waits for: 'order' (an earlier one of its key) or
-- 'transform' (another version of it). `attempts` counts all tries, the present one included; `tries` and `excused` those of
-- this series.
CREATE TABLE deliveries (
    seq              INTEGER PRIMARY KEY,
    delivery_id      TEXT    NOT NULL UNIQUE,
    event            INTEGER NOT NULL REFERENCES events (seq),
    endpoint         TEXT    NOT NULL,
    endpoint_version BLOB    NOT NULL,
    transform        BLOB,
    ordering_key     TEXT,
    state            TEXT    NOT NULL,
    hold             TEXT,
    reason           TEXT,
    due_at           INTEGER,
    lease            INTEGER,
    leased_at        INTEGER,
    attempts         INTEGER NOT NULL DEFAULT 0,
    tries            INTEGER NOT NULL DEFAULT 0,
    excused          INTEGER NOT NULL DEFAULT 0,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT;

-- An event reaches an endpoint by one delivery, whoever makes it and however often.
CREATE UNIQUE INDEX deliveries_of_event ON deliveries (event, endpoint);
-- The two lines of an endpoint: those that were never tried, and those that were.
CREATE INDEX deliveries_due_first ON deliveries (endpoint, due_at) WHERE state = 'due' AND attempts = 0;
CREATE INDEX deliveries_due_again ON deliveries (endpoint, due_at) WHERE state = 'due' AND attempts > 0;
-- Order: who comes next, and that of one key never two are under way.
CREATE INDEX deliveries_in_order ON deliveries (endpoint, ordering_key, seq)
    WHERE ordering_key IS NOT NULL AND state IN ('due', 'leased', 'held');
CREATE UNIQUE INDEX deliveries_under_way ON deliveries (endpoint, ordering_key)
    WHERE ordering_key IS NOT NULL AND state IN ('due', 'leased');
-- Lists and counts.
CREATE INDEX deliveries_by_state ON deliveries (endpoint, state);
-- What changed lately, and what may go.
CREATE INDEX deliveries_open_by_time ON deliveries (updated_at) WHERE state IN ('due', 'leased', 'held');
CREATE INDEX deliveries_ended_by_time ON deliveries (updated_at)
    WHERE state IN ('delivered', 'skipped', 'dead', 'cancelled');

-- How many have ended, because counting a million delivered rows takes as long as a hundred deliveries. Open ones are counted when
-- somebody asks.
CREATE TABLE ended_counts (
    endpoint TEXT    NOT NULL,
    state    TEXT    NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (endpoint, state)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER deliveries_end AFTER UPDATE OF state ON deliveries
    WHEN new.state <> old.state AND new.state IN ('delivered', 'skipped', 'dead', 'cancelled')
BEGIN
    INSERT INTO ended_counts VALUES (new.endpoint, new.state, 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER deliveries_revive AFTER UPDATE OF state ON deliveries
    WHEN new.state <> old.state AND old.state IN ('delivered', 'skipped', 'dead', 'cancelled')
BEGIN
    UPDATE ended_counts SET count = count - 1 WHERE endpoint = old.endpoint AND state = old.state;
END;

CREATE TRIGGER deliveries_forget AFTER DELETE ON deliveries
    WHEN old.state IN ('delivered', 'skipped', 'dead', 'cancelled')
BEGIN
    UPDATE ended_counts SET count = count - 1 WHERE endpoint = old.endpoint AND state = old.state;
END;

-- One try, as a fact; never changed. `response_headers` is a JSON array of pairs.
CREATE TABLE attempts (
    delivery         INTEGER NOT NULL REFERENCES deliveries (seq) ON DELETE CASCADE,
    number           INTEGER NOT NULL,
    started_at       INTEGER NOT NULL,
    outcome          TEXT    NOT NULL,
    status           INTEGER,
    error            TEXT,
    transform_us     INTEGER,
    dns_us           INTEGER,
    connect_us       INTEGER,
    tls_us           INTEGER,
    headers_us       INTEGER,
    body_us          INTEGER,
    total_us         INTEGER NOT NULL,
    address          TEXT,
    transform        BLOB,
    body_digest      BLOB,
    body_bytes       INTEGER NOT NULL,
    response_cut     INTEGER NOT NULL,
    response_headers TEXT    NOT NULL,
    response_body    BLOB    NOT NULL,
    PRIMARY KEY (delivery, number)
) STRICT;

-- What is remembered of an endpoint over restarts. The file says what it is.
CREATE TABLE endpoints (
    name          TEXT    PRIMARY KEY,
    version       BLOB    NOT NULL,
    disabled_at   INTEGER,
    disabled_why  TEXT,
    failures      INTEGER NOT NULL,
    failing_since INTEGER,
    opens         INTEGER NOT NULL,
    rests_until   INTEGER
) STRICT, WITHOUT ROWID;

-- Every event since a time that an endpoint wants and did not get, up to `until`; those up to `cursor` have been looked at.
CREATE TABLE recoveries (
    seq        INTEGER PRIMARY KEY,
    job_id     TEXT    NOT NULL UNIQUE,
    endpoint   TEXT    NOT NULL,
    since      INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    cursor     INTEGER NOT NULL,
    revived    INTEGER NOT NULL,
    created    INTEGER NOT NULL,
    is_done    INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
