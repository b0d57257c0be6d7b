//! What the body of a request must be, action by action, and the sentence that tells the first thing wrong with it: the tables of OpenClaw 2026.4.7 at
//! the front door. What the actions do with a good body stands in `records.rs`.

use Kind::{Flag, Json, Nullable, OneOf, Text, Whole};
use gateway_tests::Gateway;
use serde_json::Value;

/// What a member must be.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Nullable,
    Json,
    Whole,
    Flag,
    OneOf(&'static [&'static str]),
}

/// A member: its name, what it must be, and whether it must be there.
type Member = (&'static str, Kind, bool);

const POLICY: Kind = OneOf(&["done_only", "state_changes", "silent"]);
const FLOW: Member = ("flowId", Text, true);
const REVISION: Member = ("expectedRevision", Whole, true);
const STEP: Member = ("currentStep", Nullable, false);
const STATE: Member = ("stateJson", Json, false);
const WAIT: Member = ("waitJson", Json, false);
const BLOCKED_TASK: Member = ("blockedTaskId", Nullable, false);
const BLOCKED_SUMMARY: Member = ("blockedSummary", Nullable, false);
const RESUMED: Kind = OneOf(&["queued", "running"]);
const CREATED: Kind = OneOf(&["queued", "running", "waiting", "blocked"]);

/// Each action and its members besides `action`, in the order in which they are checked.
const ACTIONS: &[(&str, &[Member])] = &[
    (
        "create_flow",
        &[
            ("controllerId", Text, false),
            ("goal", Text, true),
            ("status", CREATED, false),
            ("notifyPolicy", POLICY, false),
            STEP,
            STATE,
            WAIT,
        ],
    ),
    ("get_flow", &[FLOW]),
    ("list_flows", &[]),
    ("find_latest_flow", &[]),
    ("resolve_flow", &[("token", Text, true)]),
    ("get_task_summary", &[FLOW]),
    ("set_waiting", &[FLOW, REVISION, STEP, STATE, WAIT, BLOCKED_TASK, BLOCKED_SUMMARY]),
    ("resume_flow", &[FLOW, REVISION, ("status", RESUMED, false), STEP, STATE]),
    ("finish_flow", &[FLOW, REVISION, STATE]),
    ("fail_flow", &[FLOW, REVISION, STATE, BLOCKED_TASK, BLOCKED_SUMMARY]),
    ("request_cancel", &[FLOW, REVISION]),
    ("cancel_flow", &[FLOW]),
    (
        "run_task",
        &[
            FLOW,
            ("runtime", OneOf(&["subagent", "acp"]), true),
            ("sourceId", Text, false),
            ("childSessionKey", Text, false),
            ("parentTaskId", Text, false),
            ("agentId", Text, false),
            ("runId", Text, false),
            ("label", Text, false),
            ("task", Text, true),
            ("preferMetadata", Flag, false),
            ("notifyPolicy", POLICY, false),
            ("status", RESUMED, false),
            ("startedAt", Whole, false),
            ("lastEventAt", Whole, false),
            ("progressSummary", Nullable, false),
        ],
    ),
];

/// One value of each type, with the type's name in messages; the empty text is no value at all.
const ONE_OF_EACH: [(&str, &str); 7] = [
    ("", "undefined"),
    ("null", "null"),
    ("true", "boolean"),
    ("7", "number"),
    ("\"x\"", "string"),
    ("[]", "array"),
    ("{}", "object"),
];

impl Kind {
    fn good(self) -> String {
        match self {
            Text | Nullable | Json => "\" x \"".into(),
            Whole => "7".into(),
            Flag => "true".into(),
            OneOf(names) => format!("{:?}", names[0]),
        }
    }

    /// Values that are none of this kind, and what is said of each.
    fn wrong(self, required: bool) -> Vec<(&'static str, String)> {
        let of_type = |fits: &[&str], said: &dyn Fn(&str) -> String| -> Vec<_> {
            let misfits =
                ONE_OF_EACH.iter().filter(|(value, kind)| !fits.contains(kind) && (required || !value.is_empty()));
            misfits.map(|(value, kind)| (*value, said(kind))).collect()
        };
        let expected =
            |name: &'static str| move |kind: &str| format!("Invalid input: expected {name}, received {kind}");
        let more = |mut wrong: Vec<_>, more: &[(&'static str, &str)]| {
            wrong.extend(more.iter().map(|(value, said)| (*value, (*said).to_owned())));
            wrong
        };
        let blank = "Too small: expected string to have >=1 characters";
        let blanks = [("\"\"", blank), ("\" \\n\\u000b\"", blank), ("\"\u{a0}\u{3000}\\ufeff\\u2028\"", blank)];
        match self {
            Text => more(of_type(&["string"], &expected("string")), &blanks),
            Nullable => more(of_type(&["string", "null"], &expected("string")), &blanks),
            Flag => of_type(&["boolean"], &expected("boolean")),
            Json => ["1e400", "-1e400", r#"[{"a":[1e999]}]"#].map(|value| (value, "Invalid input".to_owned())).into(),
            Whole => more(
                of_type(&["number"], &expected("number")),
                &[
                    ("1.5", "Invalid input: expected int, received number"),
                    ("-1e-7", "Invalid input: expected int, received number"),
                    ("-1", "Too small: expected number to be >=0"),
                    ("9007199254740992", "Too big: expected int to be <=9007199254740991"),
                    ("1e300", "Too big: expected int to be <=9007199254740991"),
                    ("-9007199254740993", "Too small: expected int to be >=-9007199254740991"),
                    ("1e400", "Invalid input: expected number, received number"),
                ],
            ),
            OneOf(names) => {
                let said = format!("Invalid option: expected one of \"{}\"", names.join("\"|\""));
                let mut wrong = of_type(&[], &|_| said.clone());
                wrong.extend(["\" queued\"", "\"QUEUED\"", "\"lost\"", "\"\""].map(|value| (value, said.clone())));
                wrong
            }
        }
    }
}

async fn door() -> Gateway {
    Gateway::builder().route("a", "agent:a:main", "limits: { rateRequests: 1000000 }").start().await
}

/// A body of these members; a member without a value is left out.
fn body(action: &str, members: &[(&str, String)]) -> String {
    let mut body = format!("{{\"action\":\"{action}\"");
    for (name, value) in members.iter().filter(|(_, value)| !value.is_empty()) {
        body.push_str(&format!(",\"{name}\":{value}"));
    }
    body.push('}');
    body
}

/// What an action cannot do without.
fn needed(members: &[Member]) -> Vec<(&'static str, String)> {
    members.iter().filter(|(.., required)| *required).map(|(name, kind, _)| (*name, kind.good())).collect()
}

async fn refused(gateway: &Gateway, body: &str, error: &str) {
    let answer = gateway.client.route("a", body).send().await;
    let expected = format!(r#"{{"ok":false,"code":"invalid_request","error":{}}}"#, Value::from(error));
    assert_eq!((answer.status.as_u16(), answer.text), (400, expected), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_member_of_every_action_is_checked() {
    let gateway = door().await;
    for (action, members) in ACTIONS {
        for (name, kind, required) in *members {
            for (value, said) in kind.wrong(*required) {
                let mut given = needed(members);
                given.retain(|(given, _)| given != name);
                given.push((name, value.to_owned()));
                refused(&gateway, &body(action, &given), &format!("{name}: {said}")).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_wrong_members_the_first_of_the_table_is_told() {
    let gateway = door().await;
    for (action, members) in ACTIONS {
        for (at, (first, kind, required)) in members.iter().enumerate() {
            for (later, later_kind, later_required) in &members[at + 1..] {
                let (value, said) = kind.wrong(*required).pop().unwrap();
                let later_value = later_kind.wrong(*later_required).pop().unwrap().0;
                let mut given = vec![("unknown", "1".to_owned()), (*later, later_value.to_owned())];
                given.extend(needed(members).into_iter().filter(|(name, _)| name != first && name != later));
                given.push((first, value.to_owned()));
                refused(&gateway, &body(action, &given), &format!("{first}: {said}")).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_action_knows_its_own_members_and_no_other() {
    let gateway = door().await;
    let mut names: Vec<&str> = ACTIONS.iter().flat_map(|(_, members)| members.iter().map(|(name, ..)| *name)).collect();
    names.extend(["ownerKey", "sessionKey", "routeId", "limit", "Action", "goal ", "", "__proto__", "toString", "7"]);
    names.sort_unstable();
    names.dedup();
    for (action, members) in ACTIONS {
        for name in names.iter().filter(|name| members.iter().all(|(known, ..)| known != *name)) {
            let given = [vec![(*name, "null".to_owned())], needed(members)].concat();
            refused(&gateway, &body(action, &given), &format!("Unrecognized key: \"{name}\"")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_an_object_with_one_of_thirteen_actions() {
    let gateway = door().await;
    for (value, kind) in &ONE_OF_EACH[1..6] {
        refused(&gateway, value, &format!("Invalid input: expected object, received {kind}")).await;
    }
    refused(&gateway, "1e400", "Invalid input: expected object, received number").await;
    refused(&gateway, r#"[{"action":"list_flows"}]"#, "Invalid input: expected object, received array").await;
    for action in [
        "null",
        "5",
        "[]",
        r#"["list_flows"]"#,
        r#"{"list_flows":1}"#,
        "\"\"",
        "\"list_flows \"",
        "\"LIST_FLOWS\"",
        "\"toString\"",
    ] {
        refused(&gateway, &format!(r#"{{"action":{action}}}"#), "action: Invalid input").await;
    }
    for members in ["{}", r#"{"goal":"x"}"#, r#"{"Action":"list_flows"}"#, r#"{"action":"list_flows","action":"x"}"#] {
        refused(&gateway, members, "action: Invalid input").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_members_are_all_named_as_javascript_lists_them() {
    let gateway = door().await;
    for (members, named) in [
        (r#""foo":1,"bar":2"#, r#"keys: "foo", "bar""#),
        (r#""foo":1,"foo":2"#, r#"key: "foo""#),
        (r#""b":1,"10":1,"9":1,"":0"#, r#"keys: "9", "10", "b", """#),
        (r#""4294967295":1,"4294967294":1,"-1":1,"01":1"#, r#"keys: "4294967294", "4294967295", "-1", "01""#),
        (r#""a\"b\\":1"#, "key: \"a\"b\\\""),
        (r#""\u0066\u006fo\n":1"#, "key: \"foo\n\""),
        (r#""é\ud83e\udd80":1"#, "key: \"é🦀\""),
        (r#""x":1e400"#, r#"key: "x""#),
    ] {
        refused(&gateway, &format!(r#"{{{members},"action":"list_flows"}}"#), &format!("Unrecognized {named}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_for_running_tasks_and_told_last() {
    let gateway = door().await;
    let rule = "status: status must be running when startedAt, lastEventAt, or progressSummary is provided";
    for member in [r#""startedAt":0"#, r#""lastEventAt":7"#, r#""progressSummary":"p""#, r#""progressSummary":null"#] {
        let run =
            |more: &str| format!(r#"{{"action":"run_task","flowId":"x","runtime":"acp","task":"t",{member}{more}}}"#);
        refused(&gateway, &run(""), rule).await;
        refused(&gateway, &run(r#","status":"queued""#), rule).await;
        refused(&gateway, &run(r#","extra":1"#), "Unrecognized key: \"extra\"").await;
        let passed = gateway.client.route("a", run(r#","status":"running""#)).send().await;
        assert_eq!((passed.status.as_u16(), passed.code().as_str()), (404, "not_found"), "{member}");
    }
}
