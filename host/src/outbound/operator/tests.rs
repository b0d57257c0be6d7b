//! The views over a real store, filled as the engine fills it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use tempfile::TempDir;

use super::views::{EndpointStatus, Readable};
use super::*;
use crate::config::{Config, Env, Format};
use crate::model::{
    Attempt, AttemptOutcome, Claimed, Digest, EndpointName, Millis, NewDelivery, NewEvent, Next, Timing,
};
use crate::store::Room;

const NOW: Millis = Millis(1_795_000_000_000);

/// A store with an operator before it.
struct Bench {
    operator: Operator,
    store: Store,
    clock: Clock,
    _folder: TempDir,
}

impl Bench {
    /// Endpoints `a`, `b`, and `off`, which the config switches off.
    fn new() -> Self {
        let text = "{ webhooks: { endpoints: [ \
            { name: 'a', url: 'https://a.example/hook?key=hush', secret: 'hush', events: ['x.*'] }, \
            { name: 'b', url: 'https://b.example/', events: ['x.y'] }, \
            { name: 'off', url: 'https://c.example/', events: ['x.y'], enabled: false } ] } }";
        let config = Config::parse(text, Format::Json5, Path::new("x"), &Env::new(|_| None)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::test(NOW);
        let store = Store::open(folder.path(), clock.clone()).unwrap();
        let wants: Wants = Arc::new(|_, event| event.kind == "x.y");
        let operator = Operator::new(store.clone(), clock.clone(), &config.webhooks.endpoints, wants);
        Self { operator, store, clock, _folder: folder }
    }

    async fn event(&self, kind: &str) -> EventIn {
        let event = NewEvent {
            id: Ids.event(),
            kind: kind.into(),
            timestamp: None,
            instance: None,
            session: None,
            data: r#"{"lone":"\ud800"}"#.into(),
        };
        let id = event.id.to_string();
        self.store.hand_in(vec![event], None).await.unwrap();
        let event = self.store.undispatched(1000).unwrap().into_iter().find(|event| event.id.as_str() == id).unwrap();
        EventIn { seq: event.seq }
    }

    /// A delivery of a new event to `endpoint`; its id.
    async fn delivery(&self, endpoint: &str) -> String {
        let EventIn { seq } = self.event("x.y").await;
        let id = Ids.delivery();
        let delivery = NewDelivery {
            id: id.clone(),
            event: seq,
            endpoint: EndpointName::new(endpoint),
            endpoint_version: Digest([7; 32]),
            transform: None,
            ordering_key: None,
            due_at: self.clock.now(),
        };
        self.store.dispatch(seq, vec![delivery]).await.unwrap();
        id.to_string()
    }

    async fn claim(&self, endpoint: &str) -> Claimed {
        let room = Room { endpoint: EndpointName::new(endpoint), first: 1, retries: 1 };
        self.store.claim(vec![room], self.clock.now()).await.unwrap().remove(0)
    }

    async fn complete(&self, endpoint: &str, attempt: Attempt, next: Next) {
        let claimed = self.claim(endpoint).await;
        self.store.complete(&claimed, attempt, next, None, Vec::new()).await.unwrap();
    }

    fn listed(&self, status: Option<Status>) -> Vec<(String, String)> {
        let list = self.operator.deliveries(&ListQuery { status, ..ListQuery::default() }).unwrap();
        list.deliveries.into_iter().map(|line| (line.id, line.status.to_string())).collect()
    }
}

struct EventIn {
    seq: i64,
}

fn attempt(outcome: AttemptOutcome, status: Option<u16>) -> Attempt {
    Attempt {
        started_at: NOW,
        outcome,
        status,
        error: status.filter(|status| *status >= 300).map(|status| format!("the receiver answered {status}")),
        timing: Timing { connect_us: Some(1200), total_us: 5000, ..Timing::default() },
        address: Some("192.0.2.1:443".into()),
        transform: None,
        body_digest: Some(Digest([1; 32])),
        body_bytes: 12,
        response_headers: vec![("server".into(), "x".into())],
        response_body: b"no\x1b[2J".to_vec(),
        response_cut: true,
    }
}

#[tokio::test]
async fn each_status_lists_what_people_mean_by_it() {
    let bench = Bench::new();
    let mut ids = BTreeMap::new();
    for (name, next) in [
        ("delivered", Next::Delivered),
        ("skipped", Next::Skipped("nothing".into())),
        ("dead", Next::Dead("too often".into())),
        ("failed", Next::Retry { at: Millis(NOW.0 + 60_000), is_excused: false }),
        ("held", Next::HeldForSwap),
    ] {
        ids.insert(name, bench.delivery("a").await);
        bench.complete("a", attempt(AttemptOutcome::Rejected, Some(500)), next).await;
    }
    ids.insert("leased", bench.delivery("b").await);
    bench.claim("b").await;
    ids.insert("due", bench.delivery("b").await);
    let shown = |names: &[(&str, &str)]| -> Vec<(String, String)> {
        names.iter().map(|(name, status)| (ids[name].clone(), (*status).to_owned())).collect()
    };
    for (status, expected) in [
        (Some(Status::Pending), shown(&[("due", "pending"), ("leased", "pending"), ("held", "pending")])),
        (Some(Status::Failed), shown(&[("failed", "failed"), ("dead", "dead")])),
        (Some(Status::Dead), shown(&[("dead", "dead")])),
        (Some(Status::Delivered), shown(&[("delivered", "delivered")])),
        (Some(Status::Skipped), shown(&[("skipped", "skipped")])),
        (Some(Status::Cancelled), Vec::new()),
    ] {
        assert_eq!(bench.listed(status), expected, "{status:?}");
    }
    assert_eq!(bench.listed(None).len(), 7);
    let of_b = ListQuery { endpoint: Some("b".into()), recent: 1, ..ListQuery::default() };
    let of_b = bench.operator.deliveries(&of_b).unwrap();
    assert_eq!((of_b.count, &of_b.deliveries[0].id), (1, &ids["due"]), "the newest");
}

#[tokio::test]
async fn one_delivery_tells_its_event_and_every_try() {
    let bench = Bench::new();
    let id = bench.delivery("a").await;
    let next = Next::Retry { at: NOW, is_excused: false };
    bench.complete("a", attempt(AttemptOutcome::Rejected, Some(503)), next).await;
    bench.complete("a", attempt(AttemptOutcome::Accepted, Some(200)), Next::Delivered).await;
    let detail = bench.operator.delivery(&id).unwrap();
    assert_eq!((detail.delivery.status, detail.delivery.attempts), (Status::Delivered, 2));
    assert_eq!(detail.event.data.get(), r#"{"lone":"\ud800"}"#, "as it is stored, which no Rust string could hold");
    let tries: Vec<_> = detail.attempts.iter().map(|it| (it.number, it.outcome.as_str(), it.status)).collect();
    assert_eq!(tries, [(1, "rejected", Some(503)), (2, "accepted", Some(200))]);
    assert_eq!(detail.attempts[0].error.as_deref(), Some("the receiver answered 503"));
    assert_eq!(detail.attempts[0].timing.connect_us, Some(1200));
    assert_eq!(detail.attempts[0].response_body, Readable::Text("no\\u{1b}[2J".into()));

    let missing = |id: &str| bench.operator.delivery(id).unwrap_err().to_string();
    assert_eq!(
        missing("dlv_x\u{7}"),
        "there is no delivery dlv_x\\u{7}; `sandclaw webhooks list` shows those there are"
    );
    assert!(missing("evt_1").contains("is an event, and this asks for a delivery (dlv_…)"));
}

#[tokio::test]
async fn what_ended_is_tried_again_and_what_is_on_its_way_is_not() {
    let bench = Bench::new();
    let id = bench.delivery("a").await;
    bench.complete("a", attempt(AttemptOutcome::Rejected, Some(400)), Next::Dead("400".into())).await;
    let answer = bench.operator.retry(&id).await.unwrap();
    assert_eq!((answer.is_due, answer.note), (true, None));
    let again = bench.operator.retry(&id).await.unwrap();
    assert!(!again.is_due && again.note.unwrap().starts_with("it is on its way already (due)"));
    assert!(matches!(bench.operator.retry("dlv_no").await, Err(OperatorError::NotFound(_))));

    bench.complete("a", attempt(AttemptOutcome::Rejected, Some(400)), Next::Dead("400".into())).await;
    bench.operator.disable("a").await.unwrap();
    let note = bench.operator.retry(&id).await.unwrap().note.unwrap();
    assert_eq!(note, "a is disabled (the operator disabled it); `sandclaw webhooks enable a` first");
}

#[tokio::test]
async fn endpoints_are_shown_with_their_state_and_without_their_secrets() {
    let bench = Bench::new();
    bench.delivery("a").await;
    bench.delivery("gone").await;
    bench.operator.disable("b").await.unwrap();
    let list = bench.operator.endpoints().unwrap();
    let text = serde_json::to_string(&list).unwrap();
    assert!(!text.contains("hush"), "{text}");
    let shown: Vec<_> = list.endpoints.iter().map(|it| (it.name.as_str(), it.status, it.counts.open())).collect();
    assert_eq!(
        shown,
        [
            ("a", EndpointStatus::Active, 1),
            ("b", EndpointStatus::Disabled, 0),
            ("off", EndpointStatus::Off, 0),
            ("gone", EndpointStatus::Gone, 1),
        ]
    );
    assert_eq!(list.endpoints[0].url.as_deref(), Some("https://a.example/…"));
    assert_eq!(list.endpoints[1].disabled_reason.as_deref(), Some("the operator disabled it"));
    let told = bench.store.undispatched(10).unwrap();
    assert_eq!(told.iter().filter(|event| event.kind == "endpoint.disabled").count(), 1, "others are told");

    bench.operator.enable("b").await.unwrap();
    assert_eq!(bench.operator.endpoints().unwrap().endpoints[1].status, EndpointStatus::Active);
    let unknown = bench.operator.enable("c").await.unwrap_err().to_string();
    assert_eq!(unknown, "there is no endpoint c in the config; it has a, b, off");
    assert!(matches!(bench.operator.enable("off").await, Err(OperatorError::Refused(_))));
    assert!(matches!(bench.operator.send_test("a").await, Err(OperatorError::NotRunning)));
}

#[tokio::test]
async fn a_forecast_counts_and_changes_nothing() {
    let bench = Bench::new();
    bench.delivery("a").await;
    bench.complete("a", attempt(AttemptOutcome::Rejected, Some(500)), Next::Dead("500".into())).await;
    bench.delivery("a").await;
    bench.complete("a", attempt(AttemptOutcome::Accepted, Some(200)), Next::Delivered).await;
    for kind in ["x.y", "x.y", "x.z"] {
        let EventIn { seq } = bench.event(kind).await;
        bench.store.dispatch(seq, Vec::new()).await.unwrap();
    }
    let forecast = bench.operator.forecast("a", Millis(NOW.0 - 1)).unwrap();
    assert_eq!((forecast.events, forecast.would_revive, forecast.would_create), (5, 1, 2));
    assert!(bench.operator.recoveries().unwrap().recoveries.is_empty());

    let noted = bench.operator.recover("a", NOW).await.unwrap();
    assert!(!noted.is_done && noted.id.starts_with("job_"));
    assert_eq!(bench.operator.recoveries().unwrap().recoveries, [noted]);
}

#[tokio::test]
async fn a_recovery_that_could_not_be_carried_out_is_refused() {
    let bench = Bench::new();
    let refused = async |name: &str, since| bench.operator.recover(name, since).await.unwrap_err().to_string();
    assert_eq!(refused("a", Millis(NOW.0 + 1)).await, "since: must not be in the future");
    assert_eq!(refused("off", NOW).await, "the config switches off off (`enabled: false`)");
    assert!(refused("nobody", NOW).await.starts_with("there is no endpoint nobody in the config"));
    bench.operator.disable("a").await.unwrap();
    let disabled = "a is disabled (the operator disabled it); `sandclaw webhooks enable a` first";
    assert_eq!(refused("a", NOW).await, disabled);
}

/// An engine that notes what it is told.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Notes {
    fn note(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }
}

impl Steer for Notes {
    fn wake(&self) {
        self.note("wake".into());
    }

    fn enable<'a>(&'a self, name: &'a EndpointName) -> Steering<'a, ()> {
        self.note(format!("enable {name}"));
        Box::pin(async { Ok(()) })
    }

    fn disable<'a>(&'a self, name: &'a EndpointName) -> Steering<'a, ()> {
        self.note(format!("disable {name}"));
        Box::pin(async { Ok(()) })
    }

    fn send_test<'a>(&'a self, name: &'a EndpointName) -> Steering<'a, DeliveryId> {
        self.note(format!("test {name}"));
        Box::pin(async { Ok(DeliveryId::new("dlv_test")) })
    }
}

#[tokio::test]
async fn a_running_engine_is_told_of_every_change() {
    let bench = Bench::new();
    let notes = Arc::new(Notes::default());
    let operator = bench.operator.clone().steering(notes.clone());
    let id = bench.delivery("a").await;
    bench.complete("a", attempt(AttemptOutcome::Rejected, Some(400)), Next::Dead("400".into())).await;
    operator.retry(&id).await.unwrap();
    operator.enable("a").await.unwrap();
    operator.disable("a").await.unwrap();
    assert_eq!(operator.send_test("b").await.unwrap().delivery, "dlv_test");
    operator.recover("b", NOW).await.unwrap();
    assert_eq!(*notes.0.lock().unwrap(), ["wake", "enable a", "disable a", "test b", "wake"]);
}
