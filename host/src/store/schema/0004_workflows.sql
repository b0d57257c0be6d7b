-- Runs of workflows: what each was begun with, what became of each of its steps, and whom it asked.

-- The text that a run was begun with, so that it goes on with it whatever became of the file.
CREATE TABLE workflow_definitions (
    digest BLOB PRIMARY KEY,
    text   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One run; its flow is its public face. 'ready' and 'waiting' runs are due at `due_at` ('waiting' without one waits for a person alone).
-- `lease` fences whoever carries it out. `input` is a JSON value.
CREATE TABLE workflow_runs (
    seq        INTEGER PRIMARY KEY,
    flow_id    TEXT    NOT NULL UNIQUE REFERENCES flows (flow_id) ON DELETE CASCADE,
    owner_key  TEXT    NOT NULL,
    workflow   TEXT    NOT NULL,
    definition BLOB    NOT NULL REFERENCES workflow_definitions (digest),
    state      TEXT    NOT NULL,
    due_at     INTEGER,
    lease      INTEGER NOT NULL DEFAULT 0,
    begun      INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    ended_at   INTEGER,
    input      TEXT    NOT NULL
) STRICT;

CREATE INDEX workflow_runs_due ON workflow_runs (workflow, due_at, seq) WHERE state IN ('ready', 'waiting') AND due_at IS NOT NULL;
CREATE INDEX workflow_runs_next ON workflow_runs (due_at) WHERE state IN ('ready', 'waiting') AND due_at IS NOT NULL;
CREATE INDEX workflow_runs_under_way ON workflow_runs (workflow) WHERE state = 'running';
CREATE INDEX workflow_runs_ended_by_time ON workflow_runs (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX workflow_runs_of_definition ON workflow_runs (definition);

-- One step of a run. 'started' and no end means that it may have run. `result` is a JSON object. `wake_at` is when a failed attempt is
-- followed by the next.
CREATE TABLE workflow_steps (
    flow_id    TEXT    NOT NULL REFERENCES flows (flow_id) ON DELETE CASCADE,
    path       TEXT    NOT NULL,
    step_id    TEXT    NOT NULL,
    attempt    INTEGER NOT NULL,
    state      TEXT    NOT NULL,
    is_safe    INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    wake_at    INTEGER,
    result     TEXT,
    PRIMARY KEY (flow_id, path)
) STRICT, WITHOUT ROWID;

-- A question to a person: may this run go on ('approval'), or with what ('input'). `approvers`, `schema` and `response` are JSON.
-- `approvers_of` is the workflow whose operator's list `approvers` is from; nothing if they are the file's own.
CREATE TABLE approvals (
    seq          INTEGER PRIMARY KEY,
    approval_id  TEXT    NOT NULL UNIQUE,
    flow_id      TEXT    NOT NULL REFERENCES flows (flow_id) ON DELETE CASCADE,
    path         TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    workflow     TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    approvers    TEXT    NOT NULL,
    approvers_of TEXT,
    initiated_by TEXT,
    not_by       TEXT,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    decided_at   INTEGER,
    decided_by   TEXT,
    prompt       TEXT    NOT NULL,
    preview      TEXT,
    schema       TEXT,
    response     TEXT,
    UNIQUE (flow_id, path)
) STRICT;

CREATE INDEX approvals_open ON approvals (seq) WHERE state = 'open';
CREATE INDEX approvals_open_by_time ON approvals (expires_at) WHERE state = 'open';

-- Whoever ends a flow ends its run and takes back its questions: an operator's cancellation, the sweep, or a route of the same session.
CREATE TRIGGER workflow_runs_end AFTER UPDATE OF status ON flows
    WHEN new.status IN ('succeeded', 'failed', 'cancelled', 'lost')
BEGIN
    UPDATE workflow_runs SET state = 'ended', due_at = NULL, ended_at = new.updated_at
        WHERE flow_id = new.flow_id AND state <> 'ended';
    UPDATE approvals SET state = 'void', decided_at = new.updated_at WHERE flow_id = new.flow_id AND state = 'open';
END;
