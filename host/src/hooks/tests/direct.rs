use serde_json::json;

use super::*;
use crate::hooks::completion;
use crate::model::{AgentId, RunKind, RunState, SessionMode, Trust};
use crate::store::{RunRoom, TaskRules};

/// No task follows these runs.
const RULES: TaskRules = TaskRules {
    begin: |task, _| task.clone(),
    progress: |task, _, _| task.clone(),
    requeue: |task, _| task.clone(),
    end: |task, _, _| task.clone(),
    end_flow: |_, _| None,
};

#[tokio::test]
async fn a_message_is_refused_in_openclaws_words_and_order() {
    let bench = Bench::new(&hooks("channels: ['telegram'], allowedAgentIds: ['main']"));
    for (body, expected) in [
        (r#"{"waitForCompletion":1}"#, "waitForCompletion must be boolean"),
        (r#"{"message":"  ","agentId":7}"#, "message required"),
        (r#"{"message":5}"#, "message required"),
        (r#"[{"message":"x"}]"#, "message required"),
        (r#"{"message":"x","agentId":null}"#, "agentId must be a non-empty string"),
        (r#"{"message":"x","agentId":" ","sessionMode":"x"}"#, "agentId must be a non-empty string"),
        (r#"{"message":"x","sessionMode":null}"#, "sessionMode must be isolated or persistent"),
        (r#"{"message":"x","channel":5}"#, "channel must be last|telegram"),
        (r#"{"message":"x","channel":"nochan","to":""}"#, "channel must be last|telegram"),
        (r#"{"message":"x","to":" "}"#, "to must be a non-empty string for hook delivery"),
        (r#"{"message":"x","accountId":""}"#, "accountId must be a non-empty string for hook delivery"),
        (r#"{"message":"x","to":"1","accountId":"a"}"#, "accountId requires channel and to for hook delivery"),
        (r#"{"message":"x","to":"1"}"#, "channel and to must be set together for hook delivery"),
        (r#"{"message":"x","channel":"telegram"}"#, "channel and to must be set together for hook delivery"),
        (r#"{"message":"x","channel":"last","to":"1"}"#, "channel must name a concrete channel for hook delivery"),
        (r#"{"message":"x","model":null,"agentId":"nobody"}"#, "model required"),
        (r#"{"message":"x","agentId":"No Body"}"#, "unknown agentId \"no-body\""),
        (r#"{"message":"x","agentId":"日本"}"#, "unknown agentId \"日本\""),
        (r#"{"message":"x","agentId":"READER"}"#, "agentId is not allowed by hooks.allowedAgentIds"),
        (
            r#"{"message":"x","agent":"main","agentId":"reader"}"#,
            "agent and agentId name different agents; send one of them",
        ),
        (r#"{"message":"x","sessionMode":"persistent"}"#, "sessionKey is required when sessionMode is persistent"),
    ] {
        bench.refuses("agent", body, expected).await;
    }
    assert_eq!(bench.runs(), []);
}

#[tokio::test]
async fn a_message_becomes_a_run_with_all_that_it_asks_for() {
    let bench = Bench::new(&hooks("channels: ['telegram']"));
    let body = r#"{"message":" do it ","name":" CI ","agentId":"Reader","wakeMode":"next-heartbeat","channel":" Telegram ","to":" 1 ",
        "accountId":"a","model":"m","thinking":"high","timeoutSeconds":12.9,"x":1}"#;
    let told = bench.accepts("agent", body).await;
    let run = bench.run();
    assert_eq!(told, json!({"ok": true, "runId": run.asked.id.as_str()}));
    let asked = run.asked;
    assert_eq!((asked.agent.as_str(), asked.name.as_str(), asked.message.as_str()), ("reader", "CI", "do it"));
    assert_eq!((asked.kind, asked.trust, asked.mode), (RunKind::Message, Trust::External, SessionMode::Isolated));
    assert!(asked.session.as_str().starts_with("hook:") && asked.origin == "hooks/agent");
    let options = serde_json::to_value(&asked.options).unwrap();
    let expected = json!({"model": "m", "thinking": "high", "timeoutSeconds": 12, "wakeMode": "next-heartbeat",
        "channel": "telegram", "to": "1", "accountId": "a"});
    assert_eq!(options, expected);
}

#[tokio::test]
async fn what_is_not_to_be_delivered_is_not_even_looked_at() {
    let bench = Bench::new(&hooks(""));
    bench.accepts("agent", r#"{"message":"x","deliver":false,"channel":5,"to":""}"#).await;
    bench.accepts("agent", r#"{"message":"x","deliver":null,"timeoutSeconds":"soon","thinking":""}"#).await;
    let delivered: Vec<_> = bench.runs().iter().map(|run| run.asked.options.deliver).collect();
    assert_eq!(delivered, [Some(false), None]);
}

#[tokio::test]
async fn a_request_names_a_session_only_where_the_operator_allows_it() {
    let closed = Bench::new(&hooks(""));
    let disabled = "sessionKey is disabled for externally supplied hook payload values; set hooks.allowRequestSessionKey=true to enable";
    closed.refuses("agent", r#"{"message":"x","sessionKey":"a"}"#, disabled).await;
    closed.refuses("wake", r#"{"text":"x","sessionKey":"a"}"#, disabled).await;
    closed.accepts("agent", r#"{"message":"x","sessionKey":" "}"#).await;

    let open = Bench::new(&hooks("allowRequestSessionKey: true"));
    let prefixes = "hooks.allowedSessionKeyPrefixes is required when direct hook sessionMode is persistent";
    open.refuses("agent", r#"{"message":"x","sessionKey":"a","sessionMode":"persistent"}"#, prefixes).await;
    open.accepts("agent", r#"{"message":"x","sessionKey":" a "}"#).await;
    assert_eq!(open.run().asked.session.as_str(), "a");

    let bounded = Bench::new(&hooks(
        "allowRequestSessionKey: true, allowedSessionKeyPrefixes: [' Hook: ', '', 'agent:reader:hook:']",
    ));
    let must = "sessionKey must start with one of: hook:, agent:reader:hook:";
    bounded.refuses("agent", r#"{"message":"x","sessionKey":"other"}"#, must).await;
    // Re-scoped to the agent that gets it, the key is checked again.
    bounded.refuses("agent", r#"{"message":"x","sessionKey":"agent:reader:hook:1"}"#, must).await;
    bounded.accepts("agent", r#"{"message":"x","sessionKey":"agent:reader:hook:1","agentId":"reader"}"#).await;
    bounded.accepts("agent", r#"{"message":"x","sessionKey":"HOOK:p","sessionMode":"persistent"}"#).await;
    let sessions: Vec<_> = bounded.runs().iter().map(|run| (run.asked.session.to_string(), run.asked.mode)).collect();
    let expected = [("agent:reader:hook:1", SessionMode::Isolated), ("HOOK:p", SessionMode::Persistent)];
    assert_eq!(sessions, expected.map(|(key, mode)| (key.to_owned(), mode)));
}

#[tokio::test]
async fn a_key_is_another_word_for_the_main_session_or_is_re_scoped_as_openclaw_does() {
    let bench =
        Bench::new(&hooks("allowRequestSessionKey: true, allowedSessionKeyPrefixes: ['Main', 'hook:', 'agent:']"));
    for (key, agent, expected) in [
        ("main", "main", "agent:main:main"),
        ("MAIN", "reader", "agent:reader:main"),
        ("agent:reader:MAIN", "main", "agent:main:main"),
        ("AGENT:Reader:Hook:X", "main", "agent:main:hook:x"),
        ("agent:reader:signal:group:AbC", "main", "agent:main:signal:group:AbC"),
        // Not folded here, as in what OpenClaw's door hands on.
        ("hook:Abc", "main", "hook:Abc"),
        ("main:x", "main", "main:x"),
    ] {
        let body = json!({"text": "x", "sessionKey": key, "agentId": agent}).to_string();
        bench.accepts("wake", &body).await;
        let body = json!({"message": "x", "sessionKey": key, "agentId": agent}).to_string();
        bench.accepts("agent", &body).await;
        let runs = bench.runs();
        assert!(runs[runs.len() - 2..].iter().all(|run| run.asked.session.as_str() == expected), "{key} {runs:?}");
    }
}

#[tokio::test]
async fn without_a_default_agent_one_of_many_is_to_be_named() {
    let bench = Bench::new("{ agents: { list: [{ id: 'a' }, { id: 'b' }] }, hooks: { enabled: true, token: 't' } }");
    bench.refuses("agent", r#"{"message":"x"}"#, "agentId is required when multiple agents are configured").await;
    bench.accepts("agent", r#"{"message":"x","agentId":"b"}"#).await;
    let said = bench.post("agent", r#"{"message":"x","agent":"nobody"}"#).await;
    assert_eq!((said.status, said.body), (404, json!({"ok": false, "error": "unknown agent \"nobody\""})));
}

#[tokio::test]
async fn a_wake_up_is_a_note_for_the_main_session() {
    let bench = Bench::new(&hooks("allowRequestSessionKey: true"));
    for (body, expected) in [
        (r#"{"text":7}"#, "text required"),
        (r#"{"agent":"main"}"#, "text required"),
        (r#"{"text":"x","agentId":""}"#, "agentId must be a non-empty string"),
        (r#"{"text":"x","sessionKey":null}"#, "sessionKey must be a non-empty string"),
        (r#"{"text":"x","sessionKey":"a","mode":"next-heartbeat","agentId":"nobody"}"#, "sessionKey requires mode=now"),
        (r#"{"text":"x","agentId":"nobody"}"#, "unknown agentId \"nobody\""),
    ] {
        bench.refuses("wake", body, expected).await;
    }
    let told = bench.accepts("wake", r#"{"text":" hi ","mode":"next-heartbeat","idempotencyKey":"k"}"#).await;
    assert_eq!(told, json!({"ok": true, "mode": "next-heartbeat", "eventOutcome": "queued"}));
    let asked = bench.run().asked;
    assert_eq!((asked.session.as_str(), asked.message.as_str(), asked.kind), ("agent:main:main", "hi", RunKind::Wake));
    assert_eq!((asked.trust, asked.options.wake_mode.as_deref()), (Trust::Operator, Some("next-heartbeat")));
    bench.accepts("wake", r#"{"text":"x","sessionKey":"s"}"#).await;
    assert_eq!(bench.runs()[1].asked.session.as_str(), "s");
}

#[tokio::test]
async fn the_same_request_under_a_key_is_one_run_however_the_key_is_sent() {
    let bench = Bench::new(&hooks(""));
    let same = r#"{"message":"same","idempotencyKey":"in the body"}"#;
    let first = bench.ask("agent", &[("idempotency-key", "k"), ("x-openclaw-idempotency-key", "o")], same).await;
    for (headers, body) in [
        (&[("idempotency-key", " k ")][..], r#"{"message":"same"}"#),
        (&[("x-openclaw-idempotency-key", "k")], r#"{"message":"same","idempotencyKey":"other"}"#),
        (&[("idempotency-key", " ")], r#"{"message":" same ","idempotencyKey":"k"}"#),
        (&[], r#"{"idempotencyKey":"k","message":"same","waitForCompletion":false}"#),
    ] {
        let again = bench.ask("agent", headers, body).await;
        assert_eq!((again.status, &again.body, again.is_replayed), (200, &first.body, true), "{headers:?} {body}");
    }
    assert_eq!((first.is_replayed, bench.runs().len()), (false, 1));
    for body in [
        r#"{"message":"other","idempotencyKey":"k"}"#.to_owned(),
        r#"{"message":"same","idempotencyKey":"k","agentId":"reader"}"#.to_owned(),
        r#"{"message":"same","idempotencyKey":"k","model":"m"}"#.to_owned(),
        format!(r#"{{"message":"same","idempotencyKey":"{}"}}"#, "k".repeat(257)),
        format!(r#"{{"message":"same","idempotencyKey":"{}"}}"#, "k".repeat(257)),
    ] {
        assert!(!bench.post("agent", &body).await.is_replayed, "{body}");
    }
    assert_eq!(bench.runs().len(), 6);
}

#[tokio::test]
async fn what_cannot_be_stored_is_answered_503() {
    let bench = Bench::new(&hooks("mappings: [{ match: { path: 'b' }, forEach: 'l', messageTemplate: 'x' }]"));
    bench.store.close().await;
    assert_eq!(bench.post("agent", r#"{"message":"x"}"#).await.status, 503);
    assert_eq!(bench.post("wake", r#"{"text":"x"}"#).await.status, 503);
    let said = bench.post("b", r#"{"l":[1,2]}"#).await;
    assert_eq!(
        (said.status, &said.body["error"]),
        (503, &json!("hook fan-out incomplete: 0/2 dispatched, 2 failed, 0 pending"))
    );
}

#[tokio::test]
async fn an_agent_for_whom_too_much_waits_takes_no_more_until_something_is_begun() {
    let bench = Bench::new(&hooks("mappings: [{ match: { path: 'b' }, forEach: 'l', messageTemplate: 'x' }]"));
    bench.store.let_wait(3, 10);
    let (key, message) = (&[("idempotency-key", "k")][..], r#"{"message":"12345"}"#);
    let first = bench.ask("agent", key, message).await;
    bench.accepts("wake", r#"{"text":"x"}"#).await;
    let crowded = json!({"ok": false, "error": "too many runs wait for the agent; retry request"});
    let said = bench.post("agent", message).await;
    assert_eq!((said.status, said.body), (503, crowded), "their messages would be too long");
    let said = bench.post("b", r#"{"l":[1,2]}"#).await;
    assert_eq!((said.status, bench.runs().len()), (503, 2), "all of a batch, or none");
    // What was accepted is told again, and others are not kept out.
    assert_eq!(bench.ask("agent", key, message).await.body, first.body);
    bench.accepts("agent", r#"{"message":"x","agentId":"reader"}"#).await;
    let room = RunRoom { agent: AgentId::new("main"), limit: 9 };
    assert_eq!(bench.store.claim_runs(vec![room], 9, RULES).await.unwrap().len(), 2);
    bench.clock.advance(10_000);
    bench.accepts("b", r#"{"l":[1,2]}"#).await;
}

#[tokio::test]
async fn who_waits_is_told_how_it_ended_and_what_was_said_only_if_the_operator_lets() {
    let bench = Bench::new(&hooks(""));
    bench.accepts("agent", r#"{"message":"x"}"#).await;
    let mut run = bench.run();
    for (state, reply, told) in [
        (
            RunState::Succeeded,
            Some("hi \"you\""),
            json!({"status": "ok", "replyDisposition": "visible", "reply": "hi \"you\""}),
        ),
        (RunState::Succeeded, Some(""), json!({"status": "ok", "replyDisposition": "empty", "reply": ""})),
        (RunState::Succeeded, None, json!({"status": "ok", "replyDisposition": "empty"})),
        (RunState::TimedOut, None, json!({"status": "error", "replyDisposition": "empty"})),
        (RunState::Cancelled, None, json!({"status": "skipped", "replyDisposition": "empty"})),
    ] {
        (run.state, run.reply) = (state, reply.map(str::to_owned));
        let of = |include_reply| -> Value {
            serde_json::from_str(&completion(r#"{"ok":true,"runId":"r"}"#, &run, include_reply)).unwrap()
        };
        assert_eq!(of(true), json!({"ok": true, "runId": "r", "completion": told}));
        assert!(of(false)["completion"].get("reply").is_none());
    }
}

#[tokio::test]
async fn the_end_of_a_run_is_heard_by_who_waits_for_it() {
    let bench = Bench::new(&hooks(""));
    bench.accepts("agent", r#"{"message":"x"}"#).await;
    let (id, inbox) = (bench.run().asked.id, bench.inbox());
    let waiting = tokio::spawn({
        let id = id.clone();
        async move { inbox.ended(&id).await }
    });
    // Other changes do not wake it for good.
    bench.accepts("agent", r#"{"message":"y"}"#).await;
    bench.store.cancel_run(&id, RULES).await.unwrap();
    let ended = waiting.await.unwrap().unwrap().unwrap();
    assert_eq!((ended.asked.id, ended.state), (id, RunState::Cancelled));
    assert_eq!(bench.inbox().ended(&crate::model::RunId::new("none")).await.unwrap(), None);
}
