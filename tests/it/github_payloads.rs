//! What GitHub really sends: the examples that the community keeps in `@octokit/webhooks-examples`, each signed as GitHub signs and posted through
//! the gate to a component that keeps it, and each told to an agent by `plugins/github-hook`.

use std::collections::HashSet;

use gateway_tests::{Answer, Gateway, plugin};
use hmac::{Hmac, Mac};
use sandclaw::model::Grants;
use sandclaw::sandbox::HookOutcome;
use serde_json::Value;
use sha2::Sha256;

use crate::hook_slots::Github;
use crate::verifiers::packages;

const SECRET: &str = "it-is-a-secret-to-everybody";

/// Examples in the pinned package, so that a package of another shape does not pass by having none.
const EXAMPLES: usize = 329;
/// And so many of them are equal to an earlier one of their event.
const REPEATS: usize = 5;

/// The longest message that the transform makes of anything: a head, ten lines of commits and a link, each of at most some 200 characters.
const MESSAGE_MAX_CHARS: usize = 4_000;

struct Example {
    event: String,
    payload: Value,
}

fn examples() -> Vec<Example> {
    let file = packages().join("@octokit/webhooks-examples/api.github.com/index.json");
    let events: Vec<Value> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let of_event = |event: &Value| -> Vec<Example> {
        let name = event["name"].as_str().unwrap().to_owned();
        let payloads = event["examples"].as_array().unwrap().iter().cloned();
        payloads.map(|payload| Example { event: name.clone(), payload }).collect()
    };
    let examples: Vec<_> = events.iter().flat_map(of_event).collect();
    assert_eq!(examples.len(), EXAMPLES);
    examples
}

/// A form or a JSON text, as the content type of a webhook at GitHub says.
#[derive(Clone, Copy)]
enum As {
    Json,
    Form,
}

impl As {
    fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Form => "application/x-www-form-urlencoded",
        }
    }

    fn body(self, payload: &Value) -> String {
        let text = payload.to_string();
        let encoded = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
            b' ' => "+".into(),
            _ => format!("%{byte:02X}"),
        };
        match self {
            Self::Json => text,
            Self::Form => format!("payload={}", text.bytes().map(encoded).collect::<String>()),
        }
    }
}

fn signature(body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

async fn post(gateway: &Gateway, form: As, event: &str, delivery: &str, signature: &str, body: &str) -> Answer {
    let post = gateway.client.post("/plugins/webhooks/keeps_what_comes", body).content_type(form.content_type());
    let post = post.header("user-agent", "GitHub-Hookshot/044aadd").header("x-github-hook-id", "292430182");
    let post = post.header("x-github-event", event).header("x-github-delivery", delivery);
    post.header("x-hub-signature-256", signature).send().await
}

/// Posts every example: with one bit of it flipped, as it is, and once more.
async fn check(form: As) {
    let route = format!(
        "keeps_what_comes: {{ sessionKey: 'agent:a:main', auth: {{ scheme: 'github', secret: '{SECRET}' }}, \
         plugin: 'keeps_what_comes.wasm', grants: ['flow/create'], limits: {{ rateRequests: 1000000 }} }},"
    );
    let guest = gateway_tests::guest("keeps_what_comes");
    let gateway = Gateway::builder().file("keeps_what_comes.wasm", &guest).raw_route(&route).start().await;
    let (examples, mut seen) = (examples(), HashSet::new());
    for (n, Example { event, payload }) in examples.iter().enumerate() {
        let (body, delivery) = (form.body(payload), format!("72d3162e-cc78-11e3-81ab-{n:012x}"));
        let signature = signature(&body);
        let send = async |body: &str| {
            let answer = post(&gateway, form, event, &delivery, &signature, body).await;
            (answer.status.as_u16(), answer.headers.contains_key("idempotency-replayed"))
        };
        if !seen.insert(body.clone()) {
            // Equal to an earlier example, and so signed alike: under another name it is a replay, until that is long ago.
            assert_eq!(send(&body).await, (401, false), "{event} {n}: the bytes of another delivery");
            gateway.clock.advance(301_000);
        }
        assert_eq!(send(&flipped(&body, n)).await, (401, false), "{event} {n}: one bit is flipped");
        assert_eq!(send(&body).await, (201, false), "{event} {n}: {body}");
        assert_eq!(send(&body).await, (201, true), "{event} {n}: delivered again");
    }
    assert_eq!(seen.len(), EXAMPLES - REPEATS);
    arrived(&gateway, &examples);
}

/// Each example is in the store once, equal by value, under its event.
fn arrived(gateway: &Gateway, examples: &[Example]) {
    let flows = gateway.store().all_flows(None).unwrap();
    assert_eq!(flows.len(), examples.len(), "each makes one flow");
    for flow in flows {
        let delivery: String = serde_json::from_str(flow.goal.as_str()).unwrap();
        let n = usize::from_str_radix(delivery.rsplit('-').next().unwrap(), 16).unwrap();
        let kept: Value = serde_json::from_str(flow.state.unwrap().as_str()).unwrap();
        assert_eq!(kept, examples[n].payload, "{delivery}");
        assert_eq!(flow.current_step.unwrap().as_str(), format!("\"{}\"", examples[n].event));
    }
}

/// With the lowest bit of one ASCII character flipped, another one for each example.
fn flipped(body: &str, n: usize) -> String {
    let mut bytes = body.as_bytes().to_vec();
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at].is_ascii()).collect();
    bytes[places[n * 7_919 % places.len()]] ^= 1;
    String::from_utf8(bytes).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_of_every_event_arrives_as_it_was_sent_and_once() {
    check(As::Json).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_of_every_event_arrives_as_a_form_too() {
    check(As::Form).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_transform_for_github_fails_on_no_example_and_drops_every_ping() {
    let github = Github::of(&plugin("github_hook"), Grants::default()).await;
    let (mut told, mut skipped, mut unchanged) = (0, 0, 0);
    for (n, Example { event, payload }) in examples().iter().enumerate() {
        let headers = vec![("x-github-event".to_owned(), event.clone())];
        let outcome = github.run_on(headers, payload.to_string().as_bytes()).await.unwrap().outcome;
        match &outcome {
            HookOutcome::Override(members) => {
                check_message(serde_json::from_str(members.as_str()).unwrap(), payload);
                told += 1;
            }
            HookOutcome::Skip => skipped += 1,
            HookOutcome::Unchanged => unchanged += 1,
            HookOutcome::Failed(failure) => panic!("{event} {n}: {failure:?} on {payload}"),
        }
        let is_told = matches!(outcome, HookOutcome::Override(_));
        match event.as_str() {
            "ping" => assert_eq!(outcome, HookOutcome::Skip),
            "issues" | "pull_request" => assert!(is_told, "{event} {n}: {outcome:?} of {payload}"),
            "push" | "workflow_run" => assert_ne!(outcome, HookOutcome::Unchanged, "{event} {n}"),
            _ => assert_eq!(outcome, HookOutcome::Unchanged, "{event} {n}"),
        }
    }
    let counts = format!("of {EXAMPLES} examples {told} were told, {skipped} dropped, {unchanged} left to the mapping");
    assert_eq!(counts, "of 329 examples 66 were told, 8 dropped, 255 left to the mapping");
}

/// Nothing but a message, of a bounded length, that says where it was.
#[track_caller]
fn check_message(members: Value, payload: &Value) {
    let message = members["message"].as_str().unwrap_or_else(|| panic!("no message: {members}"));
    assert_eq!(members.as_object().unwrap().len(), 1, "{members}");
    let chars = message.chars().count();
    assert!((20..=MESSAGE_MAX_CHARS).contains(&chars), "{chars} characters: {message}");
    let place = payload["repository"]["full_name"].as_str().unwrap();
    assert!(message.lines().next().unwrap().contains(place), "{place} is not in {message}");
}
