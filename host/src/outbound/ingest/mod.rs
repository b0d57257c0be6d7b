//! Where a Gateway hands its events in. What is wrong with a request is said before anything is stored; what is stored is durable
//! before anybody is told so; a request that comes twice counts once. Who wants the events is decided later, by whoever dispatches.

mod read;
mod timestamp;

use std::sync::atomic::{AtomicBool, Ordering};

use crate::auth::Caller;
use crate::json::JsonText;
use crate::model::{EventId, Ids};
use crate::store::{HandedIn, Once, Store, StoreError};

/// Takes events into the store.
pub struct Intake {
    store: Store,
    ids: Ids,
    /// Whether the last write failed, so that a full disk is one line in the log and not one a request.
    is_failing: AtomicBool,
}

/// Events that are durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Their ids, in the order of the request.
    pub ids: Vec<EventId>,
    /// Whether an earlier request of the same key brought them.
    pub is_repeated: bool,
}

/// Why events were not taken. None of them was. Safe to send.
#[derive(Clone, Debug, thiserror::Error)]
pub enum IngestError {
    /// The request is wrong; the sentence says where and what to do.
    #[error("{0}")]
    Invalid(String),
    /// The idempotency key belongs to another request.
    #[error("this idempotency key was used for another request; send the same body again, or take a new key")]
    OtherRequest,
    /// The id belongs to another event.
    #[error("there is an event {0} already and it says something else; take a new id")]
    OtherEvent(EventId),
    /// The store cannot write now; the reason is in the log.
    #[error("the event store cannot write now; send the request again later")]
    Unavailable,
}

impl Intake {
    /// Takes events into this store.
    pub fn new(store: Store, ids: Ids) -> Self {
        Self { store, ids, is_failing: AtomicBool::new(false) }
    }

    /// Takes the event, or the events, that the body is: all or none. `key` makes the request count once however often it comes.
    pub async fn take(&self, _caller: &Caller, body: &JsonText, key: Option<&str>) -> Result<Taken, IngestError> {
        let once = key.map(|key| once(key, body)).transpose()?;
        let events = read::events(body, self.ids).map_err(|wrong| IngestError::Invalid(wrong.to_string()))?;
        match self.store.hand_in(events, once).await {
            Ok(handed_in) => {
                self.note_success();
                match handed_in {
                    HandedIn::Stored(ids) => Ok(Taken { ids, is_repeated: false }),
                    HandedIn::Repeated(ids) => Ok(Taken { ids, is_repeated: true }),
                    HandedIn::OtherRequest => Err(IngestError::OtherRequest),
                    HandedIn::OtherEvent(id) => Err(IngestError::OtherEvent(id)),
                }
            }
            Err(error) => {
                self.note_failure(&error);
                Err(IngestError::Unavailable)
            }
        }
    }

    fn note_success(&self) {
        // Read first: this is a line of memory that every request touches.
        if self.is_failing.load(Ordering::Relaxed) && self.is_failing.swap(false, Ordering::Relaxed) {
            tracing::info!("events are stored again");
        }
    }

    fn note_failure(&self, error: &StoreError) {
        if !self.is_failing.swap(true, Ordering::Relaxed) {
            tracing::error!(%error, "events are answered 503: {error}");
        }
    }
}

fn once(key: &str, body: &JsonText) -> Result<Once, IngestError> {
    // Of no scope: these keys have a table of their own.
    Once::new("", key, body.as_str()).map_err(|rule| IngestError::Invalid(format!("Idempotency-Key: {rule}")))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::auth::authenticate;
    use crate::auth::secret::{Door, DoorGuard, Resolver, SecretWatch};
    use crate::clock::Clock;
    use crate::config::{Config, Env, Format};
    use crate::json::canonical;

    #[test]
    fn a_key_is_1_to_255_visible_ascii_characters() {
        let body = JsonText::null();
        for (key, is_good) in [
            ("k", true),
            (&*"k".repeat(255), true),
            ("9f8b~!{}", true),
            ("", false),
            (&*"k".repeat(256), false),
            ("a b", false),
            ("a\tb", false),
            ("é", false),
        ] {
            assert_eq!(once(key, &body).is_ok(), is_good, "{key:?}");
        }
    }

    #[tokio::test]
    async fn a_store_that_cannot_write_is_no_fault_of_the_sender() {
        let text = "{ webhooks: { ingest: { secret: 's' } } }";
        let config = Config::parse(text, Format::Json5, Path::new("x"), &Env::new(|_| None)).unwrap();
        let resolver = Resolver::new(config.providers().clone(), Env::new(|_| None));
        let watch = SecretWatch::start(&config, resolver).await;
        let Some(DoorGuard::Bearer(secret)) = watch.guard(&Door::Events) else { panic!("a secret") };
        let caller = authenticate(secret, Some("s")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Clock::system()).unwrap();
        let intake = Intake::new(store.clone(), Ids);
        let body = canonical(br#"{"type":"a.b","data":{}}"#).unwrap();
        assert_eq!(intake.take(&caller, &body, None).await.unwrap().ids.len(), 1);
        store.close().await;
        assert!(matches!(intake.take(&caller, &body, None).await, Err(IngestError::Unavailable)));
    }

    #[test]
    fn the_same_request_in_another_spelling_is_the_same_request() {
        let of = |body: &str| once("k", &canonical(body.as_bytes()).unwrap()).unwrap();
        assert_eq!(of(r#"{"type":"a.b","data":{"n":1}}"#), of(r#" { "type" : "a\u002eb", "data": {"n": 1.0} } "#));
        assert_ne!(of(r#"{"type":"a.b","data":{"n":1}}"#), of(r#"{"type":"a.b","data":{"n":2}}"#));
    }
}
