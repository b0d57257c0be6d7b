-- Runs of agents, and what makes asking twice the same as asking once.

-- One message for one agent, from its acceptance to its end. `turn` is 1 while it is the next of its session to go: of the runs of a
-- session that have not ended, the first one is running or has its turn, and the others wait. `attempts` counts the times it was begun;
-- `lease` is the number of the one that is or was under way, and fences whoever works on it. `leased_until` is there if that is a client;
-- else it is the process that has the folder. `options` is a JSON object.
CREATE TABLE runs (
    seq           INTEGER PRIMARY KEY,
    run_id        TEXT    NOT NULL UNIQUE,
    agent_id      TEXT    NOT NULL,
    session_key   TEXT    NOT NULL,
    session_mode  TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    trust         TEXT    NOT NULL,
    origin        TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    state         TEXT    NOT NULL,
    turn          INTEGER NOT NULL DEFAULT 0,
    lease         INTEGER,
    leased_until  INTEGER,
    attempts      INTEGER NOT NULL DEFAULT 0,
    cancel_at     INTEGER,
    owner_key     TEXT,
    flow_id       TEXT,
    task_id       TEXT,
    callback_url  TEXT,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    started_at    INTEGER,
    ended_at      INTEGER,
    model         TEXT,
    input_tokens  INTEGER,
    output_tokens INTEGER,
    summary       TEXT,
    error         TEXT,
    options       TEXT    NOT NULL,
    message       TEXT    NOT NULL,
    reply         TEXT
) STRICT;

-- Runs of one session go one at a time and in order.
CREATE INDEX runs_open ON runs (agent_id, session_key, seq) WHERE state IN ('queued', 'running');
CREATE UNIQUE INDEX runs_first ON runs (agent_id, session_key) WHERE state = 'running' OR turn = 1;
CREATE INDEX runs_turn ON runs (agent_id, seq) WHERE turn = 1;
CREATE INDEX runs_leased ON runs (leased_until) WHERE state = 'running';
CREATE INDEX runs_to_stop ON runs (seq) WHERE state = 'running' AND cancel_at IS NOT NULL;
-- Lists, and what may go.
CREATE INDEX runs_by_state ON runs (agent_id, state, seq);
CREATE INDEX runs_ended_by_time ON runs (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX runs_of_task ON runs (task_id) WHERE task_id IS NOT NULL;

-- Where an event goes beside the endpoints that want it: the URL that was given with a run, for the end of it.
CREATE TABLE callbacks (
    event INTEGER PRIMARY KEY REFERENCES events (seq) ON DELETE CASCADE,
    url   TEXT    NOT NULL
) STRICT;

-- A session of an agent whose runs share their context. `runner_session` is what the runner calls it.
CREATE TABLE agent_sessions (
    agent_id       TEXT    NOT NULL,
    session_key    TEXT    NOT NULL,
    runner_session TEXT,
    created_at     INTEGER NOT NULL,
    used_at        INTEGER NOT NULL,
    PRIMARY KEY (agent_id, session_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX agent_sessions_by_use ON agent_sessions (used_at);

-- What was accepted under a key that the sender chose, and the answer it got: JSON. Written in the transaction of what was accepted.
CREATE TABLE accepted (
    key        TEXT    PRIMARY KEY,
    request    BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    answer     TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX accepted_by_age ON accepted (created_at);

-- Signatures that were accepted and must not come again before their time is over. `owner` is the delivery that came with it, if the
-- sender names its deliveries.
CREATE TABLE nonces (
    nonce      BLOB    PRIMARY KEY,
    owner      TEXT,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX nonces_by_expiry ON nonces (expires_at);

-- The changes that an accepted request made, each with the answer it got.
CREATE TABLE accepted_calls (
    key    TEXT    NOT NULL REFERENCES accepted (key) ON DELETE CASCADE,
    at     INTEGER NOT NULL,
    asked  BLOB    NOT NULL,
    answer TEXT    NOT NULL,
    PRIMARY KEY (key, at)
) STRICT, WITHOUT ROWID;
