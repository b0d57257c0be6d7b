use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;

use serde_json::json;

use super::*;
use crate::hooks::{HookOutcome, HookRequest};
use crate::model::{RunKind, SessionMode, Trust};

/// Says one thing, and remembers what it was asked.
struct Says(HookOutcome, Arc<Mutex<Vec<String>>>);

impl Transforms for Says {
    fn transform<'a>(
        &'a self,
        mapping: usize,
        request: HookRequest,
    ) -> Pin<Box<dyn Future<Output = HookOutcome> + Send + 'a>> {
        self.1.lock().unwrap().push(format!("{mapping} {} {}", request.path, request.payload));
        Box::pin(std::future::ready(self.0.clone()))
    }
}

fn bench(members: &str, outcome: HookOutcome) -> (Bench, Arc<Mutex<Vec<String>>>) {
    let mut bench = Bench::new(&hooks(&format!(
        "allowedSessionKeyPrefixes: ['hook:'], mappings: [{{ match: {{ path: 'y' }}, messageTemplate: 'y' }},
          {{ match: {{ path: 'x' }}, transform: {{ plugin: 'x.wasm' }}, {members} }}]"
    )));
    let asked = Arc::<Mutex<Vec<String>>>::default();
    bench.transforms = Arc::new(Says(outcome, asked.clone()));
    (bench, asked)
}

fn members(text: &str) -> HookOutcome {
    HookOutcome::Override(json::canonical(text.as_bytes()).unwrap())
}

#[tokio::test]
async fn a_transform_may_leave_skip_or_fail() {
    let (unchanged, asked) = bench("messageTemplate: 'm {{a}}'", HookOutcome::Unchanged);
    unchanged.accepts("x", r#"{"a":1}"#).await;
    assert_eq!(unchanged.run().asked.message, "m 1");
    assert_eq!(*asked.lock().unwrap(), [r#"1 x {"a":1}"#]);

    let (skipped, _) = bench("", HookOutcome::Skip);
    assert_eq!(skipped.post("x", "{}").await.status, 204);

    let (failed, _) = bench("messageTemplate: 'm'", HookOutcome::Failed);
    let said = failed.post("x", "{}").await;
    assert_eq!((said.status, said.body), (500, json!({"ok": false, "error": "hook mapping failed"})));
    assert_eq!(failed.runs(), []);
}

#[tokio::test]
async fn members_of_an_override_take_the_place_of_the_mappings() {
    let all = r#"{"message":"new","name":null,"agentId":"reader","wakeMode":"next-heartbeat","sessionKey":"hook:s","sessionKeySource":"static",
        "sessionMode":"persistent","deliver":false,"allowUnsafeExternalContent":true,"model":"m","timeoutSeconds":5,"unknown":1}"#;
    let (bench, _) = bench("messageTemplate: 'old', name: 'N', thinking: 'low'", members(all));
    bench.accepts("x", "{}").await;
    let asked = bench.run().asked;
    assert_eq!((asked.message.as_str(), asked.name.as_str(), asked.agent.as_str()), ("new", "N", "reader"));
    assert_eq!((asked.session.as_str(), asked.mode, asked.trust), ("hook:s", SessionMode::Persistent, Trust::Operator));
    let options = serde_json::to_value(&asked.options).unwrap();
    let expected =
        json!({"model": "m", "thinking": "low", "timeoutSeconds": 5, "wakeMode": "next-heartbeat", "deliver": false});
    assert_eq!(options, expected);
}

#[tokio::test]
async fn an_override_is_held_to_the_operators_rules() {
    let disabled = "sessionKey is disabled for externally supplied hook payload values; set hooks.allowRequestSessionKey=true to enable";
    for (outcome, expected) in [
        // What a transform names counts as named by the request, unless it vouches for it.
        (r#"{"sessionKey":"hook:s"}"#, disabled),
        (r#"{"sessionKey":"other","sessionKeySource":"static"}"#, "sessionKey must start with one of: hook:"),
        (r#"{"message":" "}"#, "hook mapping requires message"),
        (r#"{"kind":"wake"}"#, "hook mapping requires text"),
        (r#"{"channel":"nochan"}"#, "channel must be last"),
        (r#"{"sessionMode":"shared"}"#, "hook mapping sessionMode must be isolated or persistent"),
        (
            r#"{"sessionMode":"persistent"}"#,
            "sessionKey or hooks.defaultSessionKey is required when mapped hook sessionMode is persistent",
        ),
    ] {
        let (bench, _) = bench("messageTemplate: 'm'", members(outcome));
        bench.refuses("x", "{}", expected).await;
    }
}

#[tokio::test]
async fn a_transform_makes_a_note_of_a_message_and_nothing_of_the_message_stays() {
    let (bench, _) =
        bench("messageTemplate: 'm', sessionKey: 'hook:a', name: 'N'", members(r#"{"kind":"wake","text":"up"}"#));
    let told = bench.accepts("x", "{}").await;
    assert_eq!(told, json!({"ok": true, "mode": "now", "eventOutcome": "queued"}));
    let asked = bench.run().asked;
    assert_eq!((asked.kind, asked.message.as_str(), asked.session.as_str()), (RunKind::Wake, "up", "agent:main:main"));
    assert_eq!(asked.trust, Trust::External, "what a transform says may be a stranger's");
}

#[tokio::test]
async fn a_transform_is_asked_about_each_item_by_itself() {
    let (bench, asked) = bench("forEach: 'l'", members(r#"{"message":"m"}"#));
    assert_eq!(bench.accepts("x", r#"{"k":0,"l":[1,"b"]}"#).await["dispatched"], 2);
    assert_eq!(*asked.lock().unwrap(), [r#"1 x {"k":0,"l":[1]}"#, r#"1 x {"k":0,"l":["b"]}"#]);
}
