use serde_json::json;

use super::*;
use crate::model::{RunKind, SessionMode, Trust};

/// A mapping at `x` with these members.
fn mapping(members: &str) -> Bench {
    Bench::new(&hooks(&format!(
        "allowRequestSessionKey: true, allowedSessionKeyPrefixes: ['hook:'], mappings: [{{ match: {{ path: '/x/' }}, {members} }}]"
    )))
}

async fn fills(template: &str, body: &str, expected: &str) {
    let bench = mapping(&format!("messageTemplate: {}", json!(template)));
    bench.ask("x?kind=K&kind=L", &[("x-github-event", "push")], body).await;
    assert_eq!(bench.run().asked.message, expected, "{template}");
}

#[tokio::test]
async fn templates_are_filled_as_openclaw_does() {
    let body = r#"{"n":7,"big":1e21,"t":true,"none":null,"s":"{{n}}","o":{"b":1,"a":"x","2":0},"l":[{"name":"bug"},[1]],
        "path":"mine","body":{"x":"inner"},"a b":1,"constructor":{"x":1}}"#;
    for (template, expected) in [
        ("{{n}}|{{ payload.n }}|{{big}}|{{t}}|{{none}}|{{missing.x}}|.", "7|7|1e+21|true|||."),
        ("{{s}}", "{{n}}"),
        ("{{o}} {{l}}", r#"{"2":0,"b":1,"a":"x"} [{"name":"bug"},[1]]"#),
        ("{{l[0].name}} {{l.1[0]}} {{l[9]}}{{l[0][1]}}.", "bug 1 ."),
        ("{{path}} {{payload.path}}", "x mine"),
        ("{{body.x}} {{payload.body.x}}", "inner inner"),
        ("{{headers.x-github-event}} {{headers.x-other}}{{query.kind}}", "push L"),
        ("{{now}}", "2026-11-18T11:06:40.000Z"),
        ("{{a b}}", "1"),
        ("{{l.length}} {{l[1].length}} {{o.length}}{{s.length}}{{l.length.x}}.", "2 1 ."),
        ("{{constructor.x}}{{__proto__.x}}{{o.prototype}}.", "."),
        ("{{}} {{n} {n}} {{{n}}", "{{}} {{n} {n}} "),
        ("{{headers.x-github-event.x}}{{headers.x-github-event[0]}}{{headers..}}{{headers.[x-github-event]}}", "push"),
        ("{{query.kind.x}}{{query.kind[0]}}{{query.}}{{query.[kind]}}", "L"),
        ("{{l.00}}{{l.+0}}{{l[00].name}}", "bug"),
        ("{{\u{feff}n\u{3000}}}", "7"),
    ] {
        fills(template, body, expected).await;
    }
}

#[tokio::test]
async fn a_path_of_no_steps_is_the_whole_payload_and_no_path_is_nothing() {
    let body = r#"{"l":[1,-1e999,"1e999 \\\"-1e999"],"big":1e999,"low":-1e999}"#;
    let whole = r#"{"l":[1,null,"1e999 \\\"-1e999"],"big":null,"low":null}"#;
    for template in ["{{.}}", "{{[]}}", "{{payload..}}", "{{ ] }}"] {
        fills(template, body, whole).await;
    }
    fills(".{{ }}{{payload.}}{{big}} {{low}}", body, ".Infinity -Infinity").await;
    fills("{{length}} {{[1].x}} {{1.x}} {{.}}", r#"["a",{"x":1}]"#, r#"2 1 1 ["a",{"x":1}]"#).await;
    let one = mapping("forEach: 'l', messageTemplate: '{{.}}{{l}}'");
    one.accepts("x", r#"{"a":1,"l":[1e999]}"#).await;
    assert_eq!(one.run().asked.message, r#"{"a":1,"l":[null]}[null]"#);
}

#[tokio::test]
async fn the_first_mapping_that_matches_is_the_one() {
    let bench = Bench::new(&hooks(
        "mappings: [{ match: { path: 'm', source: 's1' }, messageTemplate: 'one' }, { match: { path: 'm' }, messageTemplate: 'two' },
          { match: { path: '/' , source: 'any' }, messageTemplate: 'any' }]",
    ));
    for (path, body) in
        [("m", r#"{"source":"s1"}"#), ("m", r#"{"source":5}"#), ("m/", "{}"), ("other/deep", r#"{"source":"any"}"#)]
    {
        bench.accepts(path, body).await;
    }
    assert_eq!(bench.post("other", "{}").await.status, 404);
    assert_eq!(bench.post("wake/", r#"{"text":"x"}"#).await.status, 404);
    let said: Vec<_> = bench.runs().iter().map(|run| (run.asked.message.clone(), run.asked.origin.clone())).collect();
    let expected = [("one", "hooks/m"), ("two", "hooks/m"), ("two", "hooks/m"), ("any", "hooks/other/deep")];
    assert_eq!(said, expected.map(|(message, origin)| (message.to_owned(), origin.to_owned())));
}

/// A sender that has only the credential of its own name must not reach what stands behind the door's.
#[tokio::test]
async fn a_mapping_for_any_name_is_not_reached_through_the_gate_of_another() {
    let bench = Bench::new(&hooks(
        "mappings: [{ match: { source: 'ops' }, messageTemplate: 'any' }, { match: { path: 'own' }, auth: 'none', messageTemplate: 'own' }]",
    ));
    for path in ["own", "own/", "other"] {
        bench.accepts(path, r#"{"source":"ops"}"#).await;
    }
    let said: Vec<_> = bench.runs().into_iter().map(|run| run.asked.message).collect();
    assert_eq!(said, ["own", "own", "any"]);
}

#[tokio::test]
async fn what_a_mapping_cannot_be_is_refused_in_openclaws_words() {
    for (members, body, expected) in [
        ("messageTemplate: '{{gone}} '", "{}", "hook mapping requires message"),
        ("", "{}", "hook mapping requires message"),
        ("action: 'wake', textTemplate: '{{gone}}'", "{}", "hook mapping requires text"),
        ("sessionKey: '{{gone}}'", "{}", "hook mapping sessionKey template rendered empty"),
        ("messageTemplate: 'x', sessionKey: 'other:{{n}}'", r#"{"n":1}"#, "sessionKey must start with one of: hook:"),
        ("messageTemplate: 'x', sessionKey: 'static'", "{}", "sessionKey must start with one of: hook:"),
        ("messageTemplate: 'x', channel: 'telegram'", "{}", "channel must be last"),
        (
            "action: 'wake', textTemplate: 'x', wakeMode: 'next-heartbeat', sessionKey: 'hook:a'",
            "{}",
            "hook mapping sessionKey requires wakeMode=now",
        ),
    ] {
        mapping(members).refuses("x", body, expected).await;
    }
    let closed = Bench::new(&hooks(
        "allowedSessionKeyPrefixes: ['hook:'], mappings: [{ match: { path: 'x' }, messageTemplate: 'x', sessionKey: 'hook:{{n}}' }]",
    ));
    let disabled = "sessionKey is disabled for externally supplied hook payload values; set hooks.allowRequestSessionKey=true to enable";
    closed.refuses("x", r#"{"n":1}"#, disabled).await;
    let huge = format!(r#"{{"n":"{}"}}"#, "x".repeat(250_000));
    mapping("messageTemplate: '{{n}}{{n}}{{n}}{{n}}{{n}}'").refuses("x", &huge, "hook mapping message too large").await;
    let many = format!(r#"{{"n":"{}","l":[{}0]}}"#, "x".repeat(250_000), "0,".repeat(99));
    let members = "forEach: 'l', messageTemplate: '{{l[0]}}', to: '{{n}}'";
    mapping(members).refuses("x", &many, "hook mapping message too large").await;
}

#[tokio::test]
async fn a_mapping_says_what_becomes_of_its_message() {
    let bench = mapping(
        "messageTemplate: 'm', name: 'GH {{action}}', agentId: 'reader', sessionKey: 'hook:gh', sessionMode: 'persistent', model: '{{gone}}',
         to: '{{n}}', thinking: 'low', timeoutSeconds: 9, allowUnsafeExternalContent: true",
    );
    bench.accepts("x", r#"{"action":"opened","n":5}"#).await;
    let asked = bench.run().asked;
    assert_eq!((asked.agent.as_str(), asked.name.as_str(), asked.session.as_str()), ("reader", "GH opened", "hook:gh"));
    assert_eq!((asked.mode, asked.trust), (SessionMode::Persistent, Trust::Operator));
    let options = serde_json::to_value(&asked.options).unwrap();
    assert_eq!(options, json!({"thinking": "low", "timeoutSeconds": 9, "channel": "last", "to": "5"}));
}

#[tokio::test]
async fn a_label_is_one_line_whatever_is_sent_for_it() {
    let bench = mapping("messageTemplate: 'm', name: 'GH {{action}}'");
    let long = serde_json::json!({"action": format!("a\n\u{2028}\u{0} b{}", "x".repeat(600))}).to_string();
    bench.accepts("x", &long).await;
    let name = bench.run().asked.name;
    assert!(name.starts_with("GH a bxxx") && name.chars().count() == 500, "{name}");
}

#[tokio::test]
async fn a_note_with_words_of_a_stranger_in_it_is_a_strangers() {
    for (template, trust) in [("all is well", Trust::Operator), ("alert {{title}}", Trust::External)] {
        let bench = mapping(&format!("action: 'wake', textTemplate: '{template}'"));
        let told = bench.accepts("x", r#"{"title":"T"}"#).await;
        assert_eq!(told, json!({"ok": true, "mode": "now", "eventOutcome": "queued"}));
        assert_eq!((bench.run().asked.kind, bench.run().asked.trust), (RunKind::Wake, trust));
    }
}

#[tokio::test]
async fn a_signed_delivery_that_comes_again_wakes_nobody_again() {
    let bench = mapping("action: 'wake', textTemplate: 'alert {{title}}'");
    let first = bench.deliver("x", "d-1", r#"{"title":"T"}"#).await;
    let again = bench.deliver("x", "d-1", r#"{"title":"U"}"#).await;
    assert_eq!((first.is_replayed, again.is_replayed, &again.body), (false, true, &first.body));
    assert!(!bench.deliver("x", "d-2", r#"{"title":"T"}"#).await.is_replayed);
    assert_eq!(bench.runs().len(), 2);
}

/// Nothing signs the path, and all of these match.
#[tokio::test]
async fn a_signed_delivery_is_one_however_many_slashes_stand_behind_the_name() {
    for members in ["messageTemplate: 'm'", "action: 'wake', textTemplate: 'w'", "forEach: 'l', messageTemplate: 'm'"] {
        let bench = mapping(members);
        let first = bench.deliver("x", "d-1", r#"{"l":[1]}"#).await;
        for path in ["x/", "x//"] {
            let again = bench.deliver(path, "d-1", r#"{"l":[1]}"#).await;
            assert_eq!((again.is_replayed, &again.body), (true, &first.body), "{members} {path}");
        }
        assert_eq!(bench.runs().len(), 1);
    }
    // A key that a sender chooses is of the path as it came, as in OpenClaw.
    let bench = mapping("messageTemplate: 'm'");
    for path in ["x", "x/", "x"] {
        bench.ask(path, &[("idempotency-key", "k")], "{}").await;
    }
    assert_eq!(bench.runs().len(), 2);
}

#[tokio::test]
async fn each_item_of_an_array_becomes_a_run() {
    let bench = mapping(
        "forEach: 'items', messageTemplate: '{{items[0].id}} of {{all}}: {{items}}', name: 'of {{items.length}}'",
    );
    let told = bench.accepts("x", r#"{"items":[{"id":1},{"id":2},{"id":2}],"all":3}"#).await;
    let (runs, ids) = (bench.runs(), told["runIds"].as_array().unwrap());
    assert_eq!((ids.len(), &told["dispatched"], &told["runId"]), (3, &json!(3), &ids[0]));
    let said: Vec<_> = runs.iter().map(|run| run.asked.message.as_str()).collect();
    assert_eq!(said, [r#"1 of 3: [{"id":1}]"#, r#"2 of 3: [{"id":2}]"#, r#"2 of 3: [{"id":2}]"#]);

    assert!(runs.iter().all(|run| run.asked.name == "of 1"));
    for nothing in [r#"{"items":[]}"#, r#"{"items":{"a":1}}"#, "{}"] {
        assert_eq!(bench.post("x", nothing).await.status, 204);
    }
    let one = bench.accepts("x", r#"{"items":[{"id":9}]}"#).await;
    assert_eq!(one.as_object().unwrap().len(), 2, "{one}");
    let many = json!({"items": (0..250).collect::<Vec<_>>()}).to_string();
    assert_eq!(bench.accepts("x", &many).await["dispatched"], 200);
    let bad = mapping("forEach: 'items', messageTemplate: '{{items[0]}}'");
    bad.refuses("x", r#"{"items":["a",""]}"#, "hook mapping requires message").await;
    assert_eq!(bad.runs(), []);
}

#[tokio::test]
async fn a_batch_that_comes_again_soon_is_the_same_batch() {
    let bench = mapping("forEach: 'items', messageTemplate: '{{items[0]}}'");
    let first = bench.post("x", r#"{"items":["a","a","b"]}"#).await;
    let again = bench.post("x", r#"{"items":["a","a","b"]}"#).await;
    assert_eq!((&again.body, again.is_replayed), (&first.body, true));
    // One of it is new.
    let more = bench.post("x", r#"{"items":["a","c"]}"#).await;
    assert_eq!((more.is_replayed, &more.body["runId"]), (false, &first.body["runId"]));
    assert_eq!(bench.runs().len(), 4);
    bench.clock.advance(16 * 60 * 1_000);
    assert!(!bench.post("x", r#"{"items":["a","a","b"]}"#).await.is_replayed);
    assert_eq!(bench.runs().len(), 7);
}

#[tokio::test]
async fn a_mapped_request_under_a_key_is_one_run() {
    let bench = mapping("messageTemplate: '{{m}}'");
    let key = &[("idempotency-key", "k")][..];
    let first = bench.ask("x", key, r#"{"m":"a"}"#).await;
    assert_eq!(bench.ask("x", key, r#"{"m":"a","other":1}"#).await.body, first.body);
    assert_ne!(bench.ask("x", key, r#"{"m":"b"}"#).await.body, first.body);
    bench.post("x", r#"{"m":"a"}"#).await;
    assert_eq!(bench.runs().len(), 3);
}

#[tokio::test]
async fn the_gmail_preset_comes_behind_the_operators_own_mappings() {
    let rules = "allowRequestSessionKey: true, allowedSessionKeyPrefixes: ['hook:'], presets: ['gmail']";
    let bench = Bench::new(&hooks(rules));
    bench.accepts("gmail", r#"{"messages":[{"id":"m1","from":"a@b","subject":"S","snippet":"sn","body":"B"}]}"#).await;
    let asked = bench.run().asked;
    assert_eq!((asked.session.as_str(), asked.name.as_str()), ("hook:gmail:m1", "Gmail"));
    assert_eq!(asked.message, "New email from a@b\nSubject: S\nsn\nB");
    let own =
        Bench::new(&hooks(&format!("{rules}, mappings: [{{ match: {{ path: 'gmail' }}, messageTemplate: 'own' }}]")));
    own.accepts("gmail", r#"{"messages":[{}]}"#).await;
    assert_eq!(own.run().asked.message, "own");
}
