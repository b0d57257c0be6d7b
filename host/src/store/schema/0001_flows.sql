-- Text that a caller supplied is JSON text, quotes included: SQLite text cannot hold a lone surrogate, its escape can.
-- Words (statuses, policies) are spelled as in OpenClaw. Times are milliseconds since 1970.

CREATE TABLE flows (
    seq                 INTEGER PRIMARY KEY,
    flow_id             TEXT    NOT NULL UNIQUE,
    owner_key           TEXT    NOT NULL,
    sync_mode           TEXT    NOT NULL,
    controller_id       TEXT,
    current_step        TEXT,
    blocked_task_id     TEXT,
    blocked_summary     TEXT,
    revision            INTEGER NOT NULL,
    status              TEXT    NOT NULL,
    notify_policy       TEXT    NOT NULL,
    goal                TEXT    NOT NULL,
    state_json          TEXT,
    wait_json           TEXT,
    cancel_requested_at INTEGER,
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL,
    ended_at            INTEGER
) STRICT;

-- The order of lists: newest created first, and of one millisecond the earlier first.
CREATE INDEX flows_of_owner ON flows (owner_key, created_at DESC, seq);
-- The sweep: flows that were asked to end and have not.
CREATE INDEX flows_to_cancel ON flows (cancel_requested_at)
    WHERE cancel_requested_at IS NOT NULL AND status IN ('queued', 'running', 'waiting', 'blocked');

CREATE TABLE tasks (
    seq               INTEGER PRIMARY KEY,
    task_id           TEXT    NOT NULL UNIQUE,
    owner_key         TEXT    NOT NULL,
    flow_id           TEXT    NOT NULL REFERENCES flows (flow_id) ON DELETE CASCADE,
    runtime           TEXT    NOT NULL,
    source_id         TEXT,
    child_session_key TEXT,
    parent_task_id    TEXT,
    agent_id          TEXT,
    run_id            TEXT,
    label             TEXT,
    error             TEXT,
    progress_summary  TEXT,
    terminal_summary  TEXT,
    terminal_outcome  TEXT,
    scope_kind        TEXT    NOT NULL,
    task              TEXT    NOT NULL,
    status            TEXT    NOT NULL,
    delivery_status   TEXT    NOT NULL,
    notify_policy     TEXT    NOT NULL,
    created_at        INTEGER NOT NULL,
    started_at        INTEGER,
    ended_at          INTEGER,
    last_event_at     INTEGER,
    cleanup_after     INTEGER
) STRICT;

CREATE INDEX tasks_of_flow ON tasks (flow_id, created_at DESC, seq DESC);
CREATE INDEX tasks_of_run ON tasks (flow_id, run_id) WHERE run_id IS NOT NULL;
CREATE INDEX tasks_active ON tasks (flow_id) WHERE status IN ('queued', 'running');
-- The sweep: active tasks that somebody else should be working on, and records past their time.
CREATE INDEX tasks_backed ON tasks (last_event_at)
    WHERE status IN ('queued', 'running') AND child_session_key IS NOT NULL;
CREATE INDEX tasks_to_delete ON tasks (cleanup_after) WHERE cleanup_after IS NOT NULL;

-- What happened, written in the transaction in which it happened. `state` is 'new' until somebody has seen to it.
CREATE TABLE outbox (
    seq        INTEGER PRIMARY KEY,
    event_id   TEXT    NOT NULL UNIQUE,
    type       TEXT    NOT NULL,
    owner_key  TEXT    NOT NULL,
    flow_id    TEXT    NOT NULL,
    task_id    TEXT,
    data       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    state      TEXT    NOT NULL DEFAULT 'new'
) STRICT;

CREATE INDEX outbox_new ON outbox (seq) WHERE state = 'new';
CREATE INDEX outbox_by_age ON outbox (created_at);
