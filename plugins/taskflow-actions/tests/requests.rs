//! Bodies that are refused: every row of the contract's table of validation texts, through the door that the host uses.

use sandclaw_sdk::testing::MemorySession;
use sandclaw_sdk::{Action, Error, Request};
use taskflow_actions::TaskFlowActions;

#[track_caller]
fn refused(body: &str, expected: &str) {
    match TaskFlowActions::handle(&MemorySession::new(), &Request::new(body)) {
        Err(Error::Invalid(message)) => assert_eq!(message, expected, "{body}"),
        other => panic!("{body}: {other:?}"),
    }
}

/// The status of a body that passes the checks; there is no flow `x`, so most are 404.
#[track_caller]
fn passes(body: &str, status: u16) {
    match TaskFlowActions::handle(&MemorySession::new(), &Request::new(body)) {
        Ok(reply) => assert_eq!(reply.status, status, "{body}: {reply:?}"),
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn a_body_that_is_no_object_is_named_by_its_type() {
    for (body, received) in [
        ("[]", "array"),
        ("null", "null"),
        (r#""create_flow""#, "string"),
        ("5", "number"),
        ("-1e999", "number"),
        ("true", "boolean"),
        ("false", "boolean"),
    ] {
        refused(body, &format!("Invalid input: expected object, received {received}"));
    }
}

#[test]
fn text_that_is_no_json_is_refused_and_nothing_panics() {
    for body in [
        "{",
        r#"{"a"#,
        r#"{"a":"#,
        r#"{"a":1"#,
        r#"{"a":1}x"#,
        r#"{"a\"#,
        r#"{"a":"\"#,
        "{}}",
        r#"{"a":[1,{"b":"}"#,
        "{,}",
    ] {
        refused(body, "invalid request body");
    }
}

#[test]
fn an_action_is_one_of_the_thirteen_to_the_letter() {
    for body in [
        "{}",
        r#"{"goal":"x"}"#,
        r#"{"action":"delete_flow"}"#,
        r#"{"action":" create_flow","goal":"x"}"#,
        r#"{"action":"CREATE_FLOW","goal":"x"}"#,
        r#"{"action":null}"#,
        r#"{"action":["create_flow"]}"#,
    ] {
        refused(body, "action: Invalid input");
    }
}

#[test]
fn a_text_is_there_is_a_string_and_is_not_blank() {
    for (value, received) in
        [("5", "number"), ("null", "null"), ("[]", "array"), ("{}", "object"), ("true", "boolean"), ("1e999", "number")]
    {
        let body = format!(r#"{{"action":"create_flow","goal":{value}}}"#);
        refused(&body, &format!("goal: Invalid input: expected string, received {received}"));
    }
    refused(r#"{"action":"create_flow"}"#, "goal: Invalid input: expected string, received undefined");
    for blank in [
        "",
        " ",
        r"\n\t\f\r",
        r"\u000b\u00A0",
        "\u{a0}\u{1680}\u{2000}\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{feff}",
    ] {
        let body = format!(r#"{{"action":"create_flow","goal":"{blank}"}}"#);
        refused(&body, "goal: Too small: expected string to have >=1 characters");
    }
    for (action, field) in
        [("get_flow", "flowId"), ("resolve_flow", "token"), ("get_task_summary", "flowId"), ("cancel_flow", "flowId")]
    {
        let body = format!(r#"{{"action":"{action}"}}"#);
        refused(&body, &format!("{field}: Invalid input: expected string, received undefined"));
    }
}

#[test]
fn only_a_nullable_text_may_be_null() {
    passes(r#"{"action":"create_flow","goal":"g","currentStep":null,"stateJson":null,"waitJson":null}"#, 200);
    passes(
        r#"{"action":"set_waiting","flowId":"x","expectedRevision":0,"currentStep":null,"blockedTaskId":null,"blockedSummary":null}"#,
        404,
    );
    refused(
        r#"{"action":"create_flow","goal":"g","controllerId":null}"#,
        "controllerId: Invalid input: expected string, received null",
    );
    refused(
        r#"{"action":"create_flow","goal":"g","currentStep":""}"#,
        "currentStep: Too small: expected string to have >=1 characters",
    );
    refused(
        r#"{"action":"create_flow","goal":"g","currentStep":1}"#,
        "currentStep: Invalid input: expected string, received number",
    );
    for field in ["sourceId", "childSessionKey", "parentTaskId", "agentId", "runId", "label"] {
        let body = format!(r#"{{"action":"run_task","flowId":"x","runtime":"acp","task":"t","{field}":null}}"#);
        refused(&body, &format!("{field}: Invalid input: expected string, received null"));
    }
}

#[test]
fn an_option_is_named_with_all_it_could_have_been() {
    let four = r#"status: Invalid option: expected one of "queued"|"running"|"waiting"|"blocked""#;
    for value in [r#""succeeded""#, r#""Queued""#, r#"" queued""#, "null", "1"] {
        refused(&format!(r#"{{"action":"create_flow","goal":"g","status":{value}}}"#), four);
    }
    let two = r#"status: Invalid option: expected one of "queued"|"running""#;
    refused(r#"{"action":"resume_flow","flowId":"x","expectedRevision":0,"status":"waiting"}"#, two);
    refused(r#"{"action":"run_task","flowId":"x","runtime":"acp","task":"t","status":"succeeded"}"#, two);
    let policy = r#"notifyPolicy: Invalid option: expected one of "done_only"|"state_changes"|"silent""#;
    refused(r#"{"action":"create_flow","goal":"g","notifyPolicy":null}"#, policy);
    let runtime = r#"runtime: Invalid option: expected one of "subagent"|"acp""#;
    refused(r#"{"action":"run_task","flowId":"x","task":"t"}"#, runtime);
    refused(r#"{"action":"run_task","flowId":"x","task":"t","runtime":"cli"}"#, runtime);
}

#[test]
fn a_revision_is_an_integer_that_a_double_can_hold() {
    for (value, problem) in [
        ("true", "Invalid input: expected number, received boolean"),
        (r#""0""#, "Invalid input: expected number, received string"),
        ("null", "Invalid input: expected number, received null"),
        ("1e999", "Invalid input: expected number, received number"),
        ("1.5", "Invalid input: expected int, received number"),
        ("1e-7", "Invalid input: expected int, received number"),
        ("-1", "Too small: expected number to be >=0"),
        ("9007199254740992", "Too big: expected int to be <=9007199254740991"),
        ("12345678901234567000", "Too big: expected int to be <=9007199254740991"),
        ("1e+21", "Too big: expected int to be <=9007199254740991"),
        ("1.7976931348623157e+308", "Too big: expected int to be <=9007199254740991"),
        ("-1e+21", "Too small: expected int to be >=-9007199254740991"),
    ] {
        let body = format!(r#"{{"action":"finish_flow","flowId":"x","expectedRevision":{value}}}"#);
        refused(&body, &format!("expectedRevision: {problem}"));
    }
    let missing = "expectedRevision: Invalid input: expected number, received undefined";
    for action in ["set_waiting", "resume_flow", "finish_flow", "fail_flow", "request_cancel"] {
        refused(&format!(r#"{{"action":"{action}","flowId":"x"}}"#), missing);
    }
    for value in ["0", "-0", "7", "9007199254740991"] {
        passes(&format!(r#"{{"action":"request_cancel","flowId":"x","expectedRevision":{value}}}"#), 404);
    }
}

#[test]
fn json_may_be_anything_but_beyond_a_double() {
    for value in ["1e999", "-1e999", "[1,[2,{\"a\":1e999}]]", "{\"1e999\":-1e999}"] {
        refused(&format!(r#"{{"action":"create_flow","goal":"g","stateJson":{value}}}"#), "stateJson: Invalid input");
        refused(&format!(r#"{{"action":"create_flow","goal":"g","waitJson":{value}}}"#), "waitJson: Invalid input");
    }
    for value in [
        "1e+21",
        "1.7976931348623157e+308",
        "5e-324",
        r#""1e999""#,
        r#"{"1e999":"\"1e999"}"#,
        "[true,false,null]",
        "{}",
    ] {
        passes(&format!(r#"{{"action":"create_flow","goal":"g","stateJson":{value}}}"#), 200);
    }
    let deep = "[".repeat(900) + &"]".repeat(900);
    passes(&format!(r#"{{"action":"create_flow","goal":"g","stateJson":{deep}}}"#), 200);
}

#[test]
fn unknown_members_are_all_named_after_the_fields_have_passed() {
    refused(r#"{"action":"create_flow","goal":"x","foo":1,"bar":2}"#, r#"Unrecognized keys: "foo", "bar""#);
    refused(r#"{"foo":1,"action":"create_flow"}"#, "goal: Invalid input: expected string, received undefined");
    refused(r#"{"action":"list_flows","__proto__":{"x":1}}"#, r#"Unrecognized key: "__proto__""#);
    refused(r#"{"action":"find_latest_flow","flowId":"x"}"#, r#"Unrecognized key: "flowId""#);
    refused(r#"{"action":"cancel_flow","flowId":"x","expectedRevision":0}"#, r#"Unrecognized key: "expectedRevision""#);
    refused(
        r#"{"action":"finish_flow","flowId":"x","expectedRevision":0,"waitJson":0}"#,
        r#"Unrecognized key: "waitJson""#,
    );
    refused(
        r#"{"action":"list_flows","a\"\n\u00e9\ud83e\udd80\ud800":0}"#,
        "Unrecognized key: \"a\"\n\u{e9}\u{1f980}\u{fffd}\"",
    );
}

#[test]
fn the_first_problem_in_the_order_of_the_fields_is_told() {
    refused(
        r#"{"action":"create_flow","goal":5,"controllerId":null}"#,
        "controllerId: Invalid input: expected string, received null",
    );
    refused(
        r#"{"action":"set_waiting","expectedRevision":-1,"blockedSummary":"","x":0}"#,
        "flowId: Invalid input: expected string, received undefined",
    );
    refused(
        r#"{"action":"set_waiting","flowId":"x","blockedSummary":"","expectedRevision":-1}"#,
        "expectedRevision: Too small: expected number to be >=0",
    );
    refused(
        r#"{"action":"run_task","flowId":"x","runtime":"acp","preferMetadata":"yes","task":"","label":"l"}"#,
        "task: Too small: expected string to have >=1 characters",
    );
    refused(
        r#"{"action":"run_task","flowId":"x","runtime":"acp","preferMetadata":"yes","task":"t"}"#,
        "preferMetadata: Invalid input: expected boolean, received string",
    );
}

#[test]
fn progress_belongs_to_running_tasks_and_is_checked_last() {
    let rule = "status: status must be running when startedAt, lastEventAt, or progressSummary is provided";
    for member in [r#""startedAt":1"#, r#""lastEventAt":1"#, r#""progressSummary":"p""#, r#""progressSummary":null"#] {
        refused(&format!(r#"{{"action":"run_task","flowId":"x","runtime":"acp","task":"t",{member}}}"#), rule);
        refused(
            &format!(r#"{{"action":"run_task","flowId":"x","runtime":"acp","task":"t","status":"queued",{member}}}"#),
            rule,
        );
        passes(
            &format!(r#"{{"action":"run_task","flowId":"x","runtime":"acp","task":"t","status":"running",{member}}}"#),
            404,
        );
    }
    refused(
        r#"{"action":"run_task","flowId":"x","runtime":"acp","task":"t","startedAt":1,"y":2}"#,
        r#"Unrecognized key: "y""#,
    );
    refused(
        r#"{"action":"run_task","flowId":"x","runtime":"acp","task":"t","startedAt":null}"#,
        "startedAt: Invalid input: expected number, received null",
    );
    refused(
        r#"{"action":"run_task","flowId":"x","runtime":"acp","task":"t","lastEventAt":-1}"#,
        "lastEventAt: Too small: expected number to be >=0",
    );
}
