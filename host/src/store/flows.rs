//! Flows: what can be read of them, and the named transactions that change them.

use rusqlite::{Connection, OptionalExtension, Row};

use super::outbox::{self, Stamp};
use super::rows::{self, flow_columns};
use super::{Op, Store, StoreError, TaskRules, runs, tasks, workflows, writer};
use crate::model::{EventKind, Flow, FlowId, FlowStatus, SessionKey, Task};

/// A page of a list ends after this much text, also when fewer flows than asked for are in it: a guest has to hold it.
const PAGE_BYTES: usize = 1024 * 1024;

/// What to do with a flow, decided by pure rules between reading and writing. May be asked for twice.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one at a time, moved twice; a box would only be one more allocation")]
pub enum Decision<R> {
    /// Leave it as it is; that is fine.
    Keep,
    /// Write it as it is here, and note this event.
    Write(Flow, EventKind),
    /// Leave it as it is, for this reason.
    Refuse(R),
}

/// How a change went.
#[derive(Debug)]
pub enum Changed<R> {
    /// The session has no such flow.
    Missing,
    /// Nothing changed; this is the flow.
    Refused(Flow, R),
    /// Durable (if anything had to change); this is the flow now.
    Done(Flow),
}

/// A run of flows as a JSON array.
#[derive(Debug)]
pub struct FlowViews {
    /// The array.
    pub flows: String,
    /// The last flow in it, if more follow.
    pub next: Option<FlowId>,
}

impl Store {
    /// What callers may see of the session's flow, as JSON.
    pub fn flow_view(&self, owner: &SessionKey, id: &str) -> Result<Option<String>, StoreError> {
        const SQL: &str = concat!("SELECT ", flow_columns!(), " FROM flows WHERE flow_id = ?1 AND owner_key = ?2");
        self.0.readers.read(|db| one(db, SQL, (id, owner.as_str()), view))
    }

    /// What callers may see of the session's flow that was created last, as JSON.
    pub fn latest_flow_view(&self, owner: &SessionKey) -> Result<Option<String>, StoreError> {
        self.0.readers.read(|db| one(db, LATEST, [owner.as_str()], view))
    }

    /// The session's flows behind `after` (a flow id), newest created first, at most `limit`; `None` if it has no such flow.
    pub fn flow_views(
        &self,
        owner: &SessionKey,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Option<FlowViews>, StoreError> {
        self.0.readers.read_at_once(|db| {
            let (at, seq) = match after {
                None => (i64::MAX, -1),
                Some(id) => match place(db, owner, id)? {
                    Some(place) => place,
                    None => return Ok(None),
                },
            };
            page(db, owner, at, seq, limit).map(Some)
        })
    }

    /// The flow with this id, or else the latest of the session with this key. For the operator: whose it is does not matter.
    pub fn find_flow(&self, token: &str) -> Result<Option<Flow>, StoreError> {
        const BY_ID: &str = concat!("SELECT ", flow_columns!(), " FROM flows WHERE flow_id = ?1");
        self.0.readers.read_at_once(|db| match one(db, BY_ID, [token], rows::flow)? {
            Some(flow) => Ok(Some(flow)),
            None => one(db, LATEST, [token], rows::flow),
        })
    }

    /// All flows of all sessions, newest created first, or those of one status. For the operator.
    pub fn all_flows(&self, status: Option<FlowStatus>) -> Result<Vec<Flow>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            flow_columns!(),
            " FROM flows WHERE ?1 IS NULL OR status = ?1 ORDER BY created_at DESC, seq"
        );
        self.0.readers.read(|db| {
            let mut select = db.prepare_cached(SQL)?;
            let mut found = select.query([status.map(FlowStatus::as_str)])?;
            let mut flows = Vec::new();
            while let Some(row) = found.next()? {
                flows.push(rows::flow(row)?);
            }
            Ok(flows)
        })
    }

    /// Stores a new flow. Its id must be new.
    pub fn create_flow(flow: Flow) -> Op<Flow> {
        Op::new(move |db, stamp| {
            rows::put_flow(db, INSERT, &flow)?;
            outbox::note(db, stamp, EventKind::FlowCreated, &flow, None)?;
            Ok(flow.clone())
        })
    }

    /// Changes the session's flow as `decide` says.
    pub fn change_flow<R, D>(owner: &SessionKey, id: &str, mut decide: D) -> Op<Changed<R>>
    where
        D: FnMut(&Flow) -> Decision<R> + Send + 'static,
    {
        let (owner, id) = (owner.clone(), FlowId::new(id));
        Op::new(move |db, stamp| change(db, stamp, &owner, &id, &mut decide))
    }

    /// As [`change_flow`](Self::change_flow), to cancel it: first the runs behind its tasks are cancelled, then `decide` gets the number of
    /// its tasks that are still active. Also returns its tasks, newest first, at most [`tasks::LISTED_MAX`].
    pub fn cancel_flow<R, D>(
        owner: &SessionKey,
        id: &str,
        rules: TaskRules,
        mut decide: D,
    ) -> Op<(Changed<R>, Vec<Task>)>
    where
        D: FnMut(&Flow, u64) -> Decision<R> + Send + 'static,
    {
        let (owner, id) = (owner.clone(), FlowId::new(id));
        Op::new(move |db, stamp| {
            if get(db, &owner, &id)?.is_none() {
                return Ok((Changed::Missing, Vec::new()));
            }
            let had_runs = runs::cancel_of_flow(db, stamp, &id, rules)?;
            // A workflow's run that is carried out counts as one: it ends its step first.
            let active = tasks::count_active(db, &id)? + u64::from(workflows::is_under_way(db, &id)?);
            let changed = change(db, stamp, &owner, &id, &mut |flow| decide(flow, active))?;
            if had_runs && matches!(changed, Changed::Refused(..)) {
                writer::undo(db)?;
            }
            let listed = if matches!(changed, Changed::Missing) { Vec::new() } else { tasks::of_flow(db, &id)? };
            Ok((changed, listed))
        })
    }
}

const LATEST: &str =
    concat!("SELECT ", flow_columns!(), " FROM flows WHERE owner_key = ?1 ORDER BY created_at DESC, seq LIMIT 1");

pub(super) const INSERT: &str = concat!(
    "INSERT INTO flows (",
    flow_columns!(),
    ") VALUES (:flow_id, :owner_key, :sync_mode, :controller_id, :current_step, \
     :blocked_task_id, :blocked_summary, :revision, :status, :notify_policy, :goal, :state_json, :wait_json, \
     :cancel_requested_at, :created_at, :updated_at, :ended_at)"
);

const UPDATE: &str = "UPDATE flows SET sync_mode = :sync_mode, controller_id = :controller_id, current_step = :current_step, \
     blocked_task_id = :blocked_task_id, blocked_summary = :blocked_summary, revision = :revision, status = :status, \
     notify_policy = :notify_policy, goal = :goal, state_json = :state_json, wait_json = :wait_json, \
     cancel_requested_at = :cancel_requested_at, created_at = :created_at, updated_at = :updated_at, ended_at = :ended_at \
     WHERE flow_id = :flow_id AND owner_key = :owner_key";

/// The session's flow in full.
pub(super) fn get(db: &Connection, owner: &SessionKey, id: &FlowId) -> Result<Option<Flow>, StoreError> {
    const SQL: &str = concat!("SELECT ", flow_columns!(), " FROM flows WHERE flow_id = ?1 AND owner_key = ?2");
    one(db, SQL, (id.as_str(), owner.as_str()), rows::flow)
}

/// Writes a changed flow and notes what happened to it.
pub(super) fn put(db: &Connection, stamp: &Stamp, flow: &Flow, kind: EventKind) -> Result<(), StoreError> {
    rows::put_flow(db, UPDATE, flow)?;
    outbox::note(db, stamp, kind, flow, None)
}

fn change<R>(
    db: &Connection,
    stamp: &Stamp,
    owner: &SessionKey,
    id: &FlowId,
    decide: &mut dyn FnMut(&Flow) -> Decision<R>,
) -> Result<Changed<R>, StoreError> {
    let Some(flow) = get(db, owner, id)? else { return Ok(Changed::Missing) };
    Ok(match decide(&flow) {
        Decision::Keep => Changed::Done(flow),
        Decision::Refuse(why) => Changed::Refused(flow, why),
        Decision::Write(new, kind) => {
            put(db, stamp, &new, kind)?;
            Changed::Done(new)
        }
    })
}

/// Where the session's flow stands in its list.
fn place(db: &Connection, owner: &SessionKey, id: &str) -> Result<Option<(i64, i64)>, StoreError> {
    let mut select = db.prepare_cached("SELECT created_at, seq FROM flows WHERE flow_id = ?1 AND owner_key = ?2")?;
    Ok(select.query_row((id, owner.as_str()), |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

fn page(db: &Connection, owner: &SessionKey, at: i64, seq: i64, limit: u32) -> Result<FlowViews, StoreError> {
    // `created_at <= ?2` lets the index find the start; the rest only skips those of the same millisecond.
    const SQL: &str = concat!(
        "SELECT ",
        flow_columns!(),
        " FROM flows WHERE owner_key = ?1 AND created_at <= ?2 AND (created_at < ?2 OR seq > ?3) \
         ORDER BY created_at DESC, seq LIMIT ?4"
    );
    let mut select = db.prepare_cached(SQL)?;
    // One more than asked for, to know whether there is more.
    let mut found = select.query((owner.as_str(), at, seq, i64::from(limit) + 1))?;
    let mut views = FlowViews { flows: String::from("["), next: None };
    let mut last = None;
    let mut count = 0;
    while let Some(row) = found.next()? {
        if count == limit || views.flows.len() > PAGE_BYTES {
            views.next = last;
            break;
        }
        if count > 0 {
            views.flows.push(',');
        }
        let flow = rows::flow_view(row)?;
        flow.write(&mut views.flows);
        last = Some(FlowId::new(flow.id));
        count += 1;
    }
    views.flows.push(']');
    Ok(views)
}

fn view(row: &Row<'_>) -> Result<String, StoreError> {
    Ok(rows::flow_view(row)?.to_text())
}

/// The first row, if there is one.
pub(super) fn one<T>(
    db: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut select = db.prepare_cached(sql)?;
    let mut found = select.query(params)?;
    found.next()?.map(read).transpose()
}
