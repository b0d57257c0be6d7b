//! One claimed delivery, from its turn to the row of its attempt.

use std::sync::Arc;
use std::time::Duration;

use super::super::deliver::{self, Tried};
use super::super::destination::Destination;
use super::super::retry;
use super::super::words;
use super::{EXCUSED_MAX, Engine, upkeep};
use crate::model::{Attempt, AttemptOutcome, Claimed, EndpointState, EventKind, Millis, NewEvent, Next, Timing};
use crate::store::{Completion, StoreError};

/// A store that refuses is asked again after this.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

pub(super) async fn run(engine: Arc<Engine>, to: Arc<Destination>, claimed: Claimed) {
    let is_retry = claimed.attempt > 1;
    // Deliveries are claimed ahead; each waits here for its turn.
    let turn = to.turns.acquire().await;
    if engine.is_draining() || !to.lane.begin(is_retry, engine.clock.now()) {
        if engine.is_draining() {
            to.lane.drop_waiting(is_retry);
        }
        drop(turn);
        give_back(&engine, &to, &claimed).await;
        return;
    }
    let tried = match claimed.tries > to.config.retry.max_attempts {
        // Process after process ended in the middle of it: it is not tried once more.
        true => not_tried(&engine, AttemptOutcome::Host, "every try was cut off when the gateway ended"),
        false => guarded(&engine, &to, &claimed).await,
    };
    let now = engine.clock.now();
    let (health, was_disabled) = to.lane.end(is_retry, tried.showed, &to.config, now);
    drop(turn);
    engine.room.notify_one();

    let next = judge(&to, &claimed, &tried, now);
    let events =
        consequences(&engine, &to, &claimed, &tried, &next, was_disabled.then_some(&health).and_then(Option::as_ref));
    tell(&to, &claimed, &tried.attempt, &next);
    let again = match &next {
        Next::Retry { at, .. } => Some(*at),
        _ => None,
    };
    let failed_with = (next == Next::HeldForSwap).then_some(tried.attempt.transform);
    write_end(&engine, &to, &claimed, End { attempt: tried.attempt, next, health, events }).await;
    to.lane.confirm();
    if let Some(at) = again {
        to.lane.is_due_again(at);
    }
    if to.config.ordering == crate::config::webhooks::Ordering::Session {
        // The next of its session may have become due with its end.
        to.lane.is_due(now);
    }
    if failed_with.is_some_and(|component| component != to.body.digest()) {
        // The swap was heard of before this row was there to be released, and there may never be another.
        upkeep::release_held(&engine, &to).await;
    }
    if was_disabled {
        let why = to.lane.health().disabled.map(|(_, why)| why).unwrap_or_default();
        let name = to.name();
        tracing::error!(endpoint = %name, "disabled, it gets nothing until `sandclaw webhooks enable {name}`: {why}");
    }
    end_if_disabled(&engine, &to);
    engine.room.notify_one();
}

/// What is written of a try.
#[derive(Clone)]
struct End {
    attempt: Attempt,
    next: Next,
    health: Option<EndpointState>,
    events: Vec<NewEvent>,
}

/// Writes it. While the disk is full the try waits here with its outcome: its lease is nobody else's, and what the receiver took is not to
/// be sent again.
async fn write_end(engine: &Engine, to: &Destination, claimed: &Claimed, end: End) {
    let mut has_failed = false;
    loop {
        let End { attempt, next, health, events } = end.clone();
        // Others may have taught more since the last time.
        let health = if has_failed { health.map(|_| to.lane.health()) } else { health };
        let delivery = &claimed.id;
        match engine.store.complete(claimed, attempt, next, health, events).await {
            Ok(Completion::Done) | Err(StoreError::Closed) => return,
            Ok(Completion::Stale) => {
                tracing::warn!(%delivery, "the lease was lost before the try ended; its outcome is not written");
                return;
            }
            Err(error) if passes(&error) && !engine.is_draining() => {
                if !has_failed {
                    tracing::error!(%delivery, "the outcome of a try cannot be written and will be again: {error}");
                }
                has_failed = true;
                tokio::time::sleep(AFTER_FAILURE).await;
            }
            // The row stays leased; the next start finds it, as a try of unknown outcome.
            Err(error) => {
                tracing::error!(%delivery, "the outcome of a try could not be written: {error}");
                return;
            }
        }
    }
}

/// Whether the store may write later what it cannot write now.
fn passes(error: &StoreError) -> bool {
    matches!(error, StoreError::Full | StoreError::Io(_) | StoreError::Busy)
}

/// Tries in a task of its own: a panic is this gateway's failure, and ends nothing but the try.
async fn guarded(engine: &Arc<Engine>, to: &Arc<Destination>, claimed: &Claimed) -> Tried {
    let started_at = engine.clock.now();
    let (inner, there, delivery) = (engine.clone(), to.clone(), claimed.clone());
    let tried = tokio::spawn(async move { deliver::attempt(&inner, &there, &delivery).await });
    tried.await.unwrap_or_else(|_| Tried {
        attempt: Attempt {
            started_at,
            ..not_tried(engine, AttemptOutcome::Host, "the try panicked in the gateway").attempt
        },
        showed: None,
        asked_for: None,
        not_before: None,
    })
}

/// A try that never was one, as a fact like the others.
fn not_tried(engine: &Engine, outcome: AttemptOutcome, why: &str) -> Tried {
    let attempt = Attempt {
        started_at: engine.clock.now(),
        outcome,
        status: None,
        error: Some(why.to_owned()),
        timing: Timing::default(),
        address: None,
        transform: None,
        body_digest: None,
        body_bytes: 0,
        response_headers: Vec::new(),
        response_body: Vec::new(),
        response_cut: false,
    };
    Tried { attempt, showed: None, asked_for: None, not_before: None }
}

async fn give_back(engine: &Engine, to: &Destination, claimed: &Claimed) {
    loop {
        match engine.store.give_back(vec![(claimed.seq, claimed.lease)]).await {
            Ok(()) | Err(StoreError::Closed) => break,
            Err(error) if passes(&error) && !engine.is_draining() => tokio::time::sleep(AFTER_FAILURE).await,
            Err(error) => {
                tracing::error!(delivery = %claimed.id, "a lease could not be given back: {error}");
                break;
            }
        }
    }
    end_if_disabled(engine, to);
    // It is due as before; the lane knows by itself when it may be claimed again.
    if claimed.attempt > 1 {
        to.lane.is_due_again(engine.clock.now())
    } else {
        to.lane.is_due(engine.clock.now())
    }
    engine.room.notify_one();
}

/// Who was in hand when the endpoint was disabled, and is open again now, is given up with the rest, which may have been before.
fn end_if_disabled(engine: &Engine, to: &Destination) {
    if to.lane.is_disabled() {
        engine.chores.notify_one();
    }
}

/// What becomes of the delivery.
fn judge(to: &Destination, claimed: &Claimed, tried: &Tried, now: Millis) -> Next {
    let retry = &to.config.retry;
    let said = || tried.attempt.error.clone().unwrap_or_else(|| tried.attempt.outcome.to_string());
    let transform_failed = || match to.body.waits_for_swap() {
        true => Next::HeldForSwap,
        false => Next::Dead(format!("the transform failed: {}", said())),
    };
    match tried.attempt.outcome {
        _ if claimed.tries > retry.max_attempts => Next::Dead(said()),
        AttemptOutcome::Accepted => Next::Delivered,
        AttemptOutcome::Skipped => Next::Skipped(said()),
        AttemptOutcome::Transform => transform_failed(),
        // Its turn came in one rest after the other: the component does not recover.
        AttemptOutcome::Host if claimed.excused >= EXCUSED_MAX && tried.not_before.is_some() => transform_failed(),
        AttemptOutcome::Host | AttemptOutcome::Unknown if claimed.excused >= EXCUSED_MAX => {
            Next::Dead(format!("this gateway failed to try it {} times: {}", claimed.excused + 1, said()))
        }
        AttemptOutcome::Host | AttemptOutcome::Unknown => {
            let at = retry::next_excused_try(retry, &claimed.id, claimed.excused, now);
            Next::Retry { at: at.max(tried.not_before.unwrap_or(at)), is_excused: true }
        }
        _ if tried.attempt.status == Some(410) => Next::Dead(said()),
        _ => {
            if let Some((_, why)) = to.lane.health().disabled {
                return Next::Dead(format!("{}; the endpoint is disabled: {why}", said()));
            }
            match retry::next_try(retry, &claimed.id, claimed.tries, tried.asked_for, now) {
                Some(at) => Next::Retry { at, is_excused: false },
                None => Next::Dead(format!("{}, the last of {}", said(), words::count(claimed.tries, "try", "tries"))),
            }
        }
    }
}

/// The events that this try causes.
fn consequences(
    engine: &Engine,
    to: &Destination,
    claimed: &Claimed,
    tried: &Tried,
    next: &Next,
    disabled: Option<&EndpointState>,
) -> Vec<NewEvent> {
    let mut events = Vec::new();
    if let Next::Dead(reason) = next
        // The end of telling of an end is told no further.
        && EventKind::parse(&claimed.event.kind) != Some(EventKind::DeliveryDead)
    {
        events.push(words::event(
            engine.ids,
            EventKind::DeliveryDead,
            &serde_json::json!({
                "deliveryId": claimed.id.as_str(),
                "eventId": claimed.event.id.as_str(),
                "eventType": claimed.event.kind,
                "endpoint": to.name().as_str(),
                "attempts": claimed.attempt,
                "status": tried.attempt.status,
                "reason": reason,
            }),
        ));
    }
    if let Some((_, why)) = disabled.and_then(|state| state.disabled.as_ref()) {
        events.push(words::disabled(engine.ids, to.name(), why));
    }
    events
}

fn tell(to: &Destination, claimed: &Claimed, attempt: &Attempt, next: &Next) {
    let (endpoint, delivery, tries) = (to.name(), &claimed.id, claimed.attempt);
    let why = attempt.error.as_deref().unwrap_or_default();
    match next {
        Next::Delivered | Next::Skipped(_) => tracing::debug!(%endpoint, %delivery, tries, "delivered"),
        Next::Retry { at, .. } => {
            let at = super::super::envelope::iso(*at);
            tracing::info!(%endpoint, %delivery, tries, outcome = attempt.outcome.as_str(), "not delivered, next try at {at}: {why}");
        }
        Next::HeldForSwap => tracing::warn!(%endpoint, %delivery, "held until the transform is another: {why}"),
        Next::Dead(reason) => {
            tracing::warn!(%endpoint, %delivery, tries, outcome = attempt.outcome.as_str(), "given up: {reason}")
        }
    }
}
