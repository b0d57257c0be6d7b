//! From events to deliveries. Events are taken in the order of their commits, many in one transaction; the cursor moves with the deliveries, so a
//! crash in between does it again and never twice.

use std::sync::Arc;
use std::time::Duration;

use super::super::destination::Destination;
use super::super::wants::Candidate;
use super::Engine;
use crate::config::webhooks::Ordering;
use crate::model::{Event, NewDelivery};
use crate::store::StoreError;

/// Events in one transaction.
const BATCH: u32 = 256;

/// The command line writes events beside the server and cannot wake it.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A store that refuses is asked again after this.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

pub(super) async fn run(engine: Arc<Engine>) {
    loop {
        match dispatch_some(&engine).await {
            Ok(0) => {
                // Both are fine: news, or a look now and then.
                let _ = tokio::time::timeout(LOOK_AGAIN, engine.store.news()).await;
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!("events cannot be dispatched and will be again: {error}");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
}

/// One transaction. Returns how many events it took.
async fn dispatch_some(engine: &Engine) -> Result<usize, StoreError> {
    let events = engine.store.undispatched(BATCH)?;
    let Some(last) = events.last() else { return Ok(0) };
    let (up_to, count) = (last.seq, events.len());
    let deliveries: Vec<NewDelivery> = events.iter().flat_map(|event| wanted(engine, event)).collect();
    let endpoints: Vec<_> = deliveries.iter().map(|delivery| delivery.endpoint.clone()).collect();
    engine.store.dispatch(up_to, deliveries).await?;
    let now = engine.clock.now();
    for to in engine.destinations.iter().filter(|to| endpoints.contains(to.name())) {
        to.lane.is_due(now);
    }
    if !endpoints.is_empty() {
        engine.room.notify_one();
    }
    engine.dispatched.send_replace(up_to);
    Ok(count)
}

/// The deliveries of one event.
fn wanted(engine: &Engine, event: &Event) -> Vec<NewDelivery> {
    let candidate = Candidate::new(event, &engine.instance_id);
    let wants = |to: &&Arc<Destination>| !to.lane.is_disabled() && to.wants.wants(&candidate);
    engine.destinations.iter().filter(wants).map(|to| delivery(engine, to, event)).collect()
}

/// The intent to bring the event there, due at once.
pub(super) fn delivery(engine: &Engine, to: &Destination, event: &Event) -> NewDelivery {
    let session = event.session.as_ref().map(|session| session.as_str().to_owned());
    NewDelivery {
        id: engine.ids.delivery(),
        event: event.seq,
        endpoint: to.name().clone(),
        endpoint_version: to.version,
        transform: to.body.digest(),
        ordering_key: session.filter(|_| to.config.ordering == Ordering::Session),
        due_at: engine.clock.now(),
    }
}
