//! One claimed delivery, from its turn to the row of its attempt.

use std::sync::Arc;
use std::time::Instant;

use tokio_util::task::AbortOnDropHandle;

use super::super::deliver::{self, Tried};
use super::super::destination::Destination;
use super::super::envelope::iso;
use super::super::health::Learned;
use super::super::{retry, words};
use super::{EXCUSED_MAX, Engine, state_now, upkeep};
use crate::config::webhooks::Ordering;
use crate::model::{Attempt, AttemptOutcome, Claimed, EventKind, Millis, NewEvent, Next};
use crate::store::Completion;
use crate::store::patience::until_stored;

pub(super) async fn run(engine: Arc<Engine>, to: Arc<Destination>, claimed: Claimed) {
    let is_retry = claimed.attempt > 1;
    // Deliveries are claimed ahead; each waits here for its turn.
    let turn = tokio::select! {
        biased;
        () = engine.draining.cancelled() => None,
        turn = to.turns.acquire() => turn.ok(),
    };
    let begins = match &turn {
        Some(_) => to.lane.begin(is_retry, engine.clock.now()),
        None => {
            to.lane.drop_waiting(is_retry);
            false
        }
    };
    if !begins {
        drop(turn);
        give_back(&engine, &to, &claimed).await;
        return;
    }
    let tried = match claimed.tries > to.config.retry.max_attempts {
        // Process after process ended in the middle of it, or the operator has allowed fewer since.
        true => not_tried(engine.clock.now(), "no try is left"),
        false => guarded(&engine, &to, &claimed).await,
    };
    let now = engine.clock.now();
    let learned = to.lane.end(is_retry, tried.showed, &to.config, now);
    drop(turn);
    engine.room.notify_one();

    let next = judge(&to, &claimed, &tried, now);
    let events = consequences(&engine, &to, &claimed, &tried, &next, &learned);
    tell(&to, &claimed, &tried.attempt, &next, &learned);
    let made_by = tried.attempt.transform;
    write(&engine, &to, &claimed, tried.attempt, &next, &learned, &events).await;
    to.lane.confirm();
    match next {
        Next::Retry { at, .. } => to.lane.is_due_again(at),
        // Another version may have begun to serve before this was held for it.
        Next::HeldForSwap if to.body.digest() != made_by => upkeep::release_held(&engine, &to).await,
        _ => {}
    }
    if to.config.ordering == Ordering::Session {
        // The next of its session may have become due with its end, tried before or not.
        to.lane.is_due(now);
        to.lane.is_due_again(now);
    }
    end_if_disabled(&engine, &to);
    engine.room.notify_one();
}

/// Whoever was in hand when the endpoint was disabled, and is open again now, is given up with the rest, which may have been before.
fn end_if_disabled(engine: &Engine, to: &Destination) {
    if to.lane.is_disabled() {
        engine.chores.notify_one();
    }
}

/// Writes what became of it, as soon as the store can. Until then the lane counts it, so that no receiver gets far ahead of the disk.
async fn write(
    engine: &Engine,
    to: &Arc<Destination>,
    claimed: &Claimed,
    attempt: Attempt,
    next: &Next,
    learned: &Learned,
    events: &[NewEvent],
) {
    let completed = until_stored(&engine.draining, "the outcome of a try could not be written", || {
        let state = (*learned != Learned::Nothing).then(|| state_now(to));
        engine.store.complete(claimed, attempt.clone(), next.clone(), state, events.to_vec())
    });
    // If it never is, the row stays leased, and the next start finds it as a try of unknown outcome.
    if completed.await == Some(Completion::Stale) {
        tracing::warn!(delivery = %claimed.id, "the lease was lost before the try ended; its outcome is not written");
    }
}

/// Tries in a task of its own: a panic is this gateway's failure, and ends nothing but the try.
async fn guarded(engine: &Arc<Engine>, to: &Arc<Destination>, claimed: &Claimed) -> Tried {
    let started_at = engine.clock.now();
    let (inner, there, delivery) = (engine.clone(), to.clone(), claimed.clone());
    let tried = tokio::spawn(async move { deliver::attempt(&inner, &there, &delivery).await });
    AbortOnDropHandle::new(tried).await.unwrap_or_else(|_| not_tried(started_at, "the try panicked in the gateway"))
}

/// A try that never was one, as a fact like the others.
fn not_tried(started_at: Millis, why: &str) -> Tried {
    let attempt = Attempt { error: Some(why.to_owned()), ..Attempt::begun(started_at, AttemptOutcome::Host) };
    Tried { attempt, showed: None, asked_for: None, not_before: None }
}

async fn give_back(engine: &Engine, to: &Destination, claimed: &Claimed) {
    let lease = (claimed.seq, claimed.lease);
    until_stored(&engine.draining, "a lease could not be given back", || engine.store.give_back(vec![lease])).await;
    end_if_disabled(engine, to);
    // It is due as before; the lane knows by itself when it may be claimed again.
    if claimed.attempt > 1 {
        to.lane.is_due_again(engine.clock.now())
    } else {
        to.lane.is_due(engine.clock.now())
    }
    engine.room.notify_one();
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
        _ if claimed.tries > retry.max_attempts => {
            Next::Dead(format!("{} of {}", said(), words::count(retry.max_attempts, "try", "tries")))
        }
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
    learned: &Learned,
) -> Vec<NewEvent> {
    let mut events = Vec::new();
    if let Next::Dead(reason) = next {
        match engine.store.event(claimed.event) {
            // The end of telling of an end is told no further.
            Ok(event) if EventKind::parse(&event.kind) == Some(EventKind::DeliveryDead) => {}
            Ok(event) => events.push(words::event(
                engine.ids,
                EventKind::DeliveryDead,
                &serde_json::json!({
                    "deliveryId": claimed.id.as_str(),
                    "eventId": event.id.as_str(),
                    "eventType": event.kind,
                    "endpoint": to.name().as_str(),
                    "attempts": claimed.attempt,
                    "status": tried.attempt.status,
                    "reason": reason,
                }),
            )),
            Err(error) => tracing::error!(delivery = %claimed.id, "nobody is told of its end: {error}"),
        }
    }
    if let Learned::Disabled(why) = learned {
        events.push(words::disabled(engine.ids, to.name(), why));
    }
    events
}

/// What changes with the endpoint is told each time, what becomes of single deliveries as often as a person can read.
fn tell(to: &Destination, claimed: &Claimed, attempt: &Attempt, next: &Next, learned: &Learned) {
    let (endpoint, delivery, tries) = (to.name(), &claimed.id, claimed.attempt);
    match learned {
        Learned::Opened(until) => tracing::warn!(%endpoint, "fails, and is left alone until {}", iso(*until)),
        Learned::Closed => tracing::info!(%endpoint, "works again"),
        Learned::Disabled(why) => {
            tracing::error!(%endpoint, "disabled, it gets nothing until `sandclaw webhooks enable {endpoint}`: {why}");
        }
        Learned::Nothing | Learned::Something => {}
    }
    if let Next::Delivered | Next::Skipped(_) = next {
        tracing::debug!(%endpoint, %delivery, tries, "delivered");
        return;
    }
    let Some(left_out) = to.telling.may_tell(Instant::now()) else { return };
    let (outcome, why) = (attempt.outcome.as_str(), attempt.error.as_deref().unwrap_or_default());
    match next {
        Next::Delivered | Next::Skipped(_) => {}
        Next::Retry { at, .. } => {
            tracing::info!(%endpoint, %delivery, tries, outcome, left_out, "not delivered, next try at {}: {why}", iso(*at));
        }
        Next::HeldForSwap => {
            tracing::warn!(%endpoint, %delivery, tries, left_out, "held until the transform is another: {why}");
        }
        Next::Dead(reason) => tracing::warn!(%endpoint, %delivery, tries, outcome, left_out, "given up: {reason}"),
    }
}
