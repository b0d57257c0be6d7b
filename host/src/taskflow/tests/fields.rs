use super::super::fields;
use super::super::{Refusal, RefusalCode};

#[track_caller]
fn check<T>(read: Result<T, Refusal>, message: &str) {
    let refusal = read.err().unwrap();
    assert_eq!(
        (refusal.code, refusal.message.as_str(), refusal.data.as_str()),
        (RefusalCode::InvalidArgument, message, "{}")
    );
}

#[test]
fn the_whole_must_be_an_object() {
    check(fields::new_flow(""), "fields: expected a JSON value, found nothing");
    check(fields::new_flow("{bad"), "fields: not valid JSON: unexpected input at byte 1");
    check(fields::new_flow("[]"), "fields: expected an object, got array");
    check(fields::new_flow("null"), "fields: expected an object, got null");
    let deep = format!(r#"{{"goal":"g","stateJson":{}{}}}"#, "[".repeat(1_000), "]".repeat(1_000));
    check(fields::new_flow(&deep), "fields: not accepted: JSON nested deeper than 1000 levels");
    let large = format!(r#"{{"goal":"{}"}}"#, "x".repeat(1024 * 1024));
    check(fields::new_flow(&large), "fields: must be at most 1048576 bytes, got 1048587");
}

#[test]
fn unknown_members_are_refused() {
    let known = "unknown member; known are status, currentStep, stateJson";
    check(fields::resume(r#"{"waitJson":1}"#), &format!("waitJson: {known}"));
    check(fields::resume(r#"{"__proto__":1}"#), &format!("__proto__: {known}"));
    check(fields::resume(&format!(r#"{{"{}":1}}"#, "é".repeat(100))), &format!("{}: {known}", "é".repeat(64)));
    check(fields::finish(r#"{"blockedSummary":"s"}"#), "blockedSummary: unknown member; known are stateJson");
    check(
        fields::fail(r#"{"waitJson":1}"#),
        "waitJson: unknown member; known are stateJson, blockedTaskId, blockedSummary",
    );
    assert!(fields::new_flow(r#"{"goal":"g","ownerKey":"x"}"#).is_err());
    assert!(fields::new_task(r#"{"runtime":"acp","task":"t","flowId":"x"}"#).is_err());
}

#[test]
fn strings_are_strings_and_say_something() {
    check(fields::new_flow("{}"), "goal: required");
    check(fields::new_flow(r#"{"goal":5}"#), "goal: expected a string, got number");
    check(fields::new_flow(r#"{"goal":null}"#), "goal: expected a string, got null");
    check(fields::new_flow(r#"{"goal":" \u00a0\u3000\ufeff\n"}"#), "goal: must not be blank");
    check(fields::new_flow(r#"{"goal":"g","controllerId":null}"#), "controllerId: expected a string, got null");
    check(fields::set_waiting(r#"{"currentStep":""}"#), "currentStep: must not be blank");
    check(fields::set_waiting(r#"{"blockedTaskId":[]}"#), "blockedTaskId: expected a string, got array");
    check(fields::new_task(r#"{"runtime":"acp","task":"t","label":null}"#), "label: expected a string, got null");
}

#[test]
fn words_are_of_their_list() {
    let statuses = r#"status: expected one of "queued", "running", "waiting", "blocked""#;
    for wrong in [r#""succeeded""#, "null", "1", r#"" queued""#, r#""QUEUED""#] {
        check(fields::new_flow(&format!(r#"{{"goal":"g","status":{wrong}}}"#)), statuses);
    }
    check(fields::resume(r#"{"status":"waiting"}"#), r#"status: expected one of "queued", "running""#);
    let policies = r#"notifyPolicy: expected one of "done_only", "state_changes", "silent""#;
    check(fields::new_flow(r#"{"goal":"g","notifyPolicy":"all"}"#), policies);
    check(fields::new_task(r#"{"task":"t"}"#), "runtime: required");
    check(fields::new_task(r#"{"runtime":"cli","task":"t"}"#), r#"runtime: expected one of "subagent", "acp""#);
    assert!(fields::resume(r#"{"status":"\u0072unning"}"#).is_ok());
}

#[test]
fn json_holds_no_number_out_of_range() {
    check(fields::finish(r#"{"stateJson":{"a":[1e400]}}"#), "stateJson: holds a number beyond the range of a double");
    assert!(fields::finish(r#"{"stateJson":{"a":["1e999",1e308]}}"#).is_ok());
}

#[test]
fn flags_and_times_are_of_their_type() {
    let task = |more: &str| fields::new_task(&format!(r#"{{"runtime":"acp","task":"t","status":"running",{more}}}"#));
    check(task(r#""preferMetadata":"yes""#), "preferMetadata: expected a boolean");
    check(task(r#""preferMetadata":null"#), "preferMetadata: expected a boolean");
    for wrong in ["-1", "1.5", "null", "\"1\"", "9007199254740992", "1e400"] {
        let message = "startedAt: expected milliseconds since 1970: an integer from 0 to 9007199254740991";
        check(task(&format!(r#""startedAt":{wrong}"#)), message);
    }
    assert_eq!(task(r#""lastEventAt":1e3"#).ok().unwrap().last_event_at, Some(crate::model::Millis(1000)));
}

#[test]
fn only_a_running_task_tells_how_far_it_is() {
    for (member, value) in [("startedAt", "1"), ("lastEventAt", "1"), ("progressSummary", "null")] {
        for status in ["", r#","status":"queued""#] {
            let text = format!(r#"{{"runtime":"acp","task":"t","{member}":{value}{status}}}"#);
            check(fields::new_task(&text), &format!("status: must be \"running\" when {member} is given"));
        }
    }
}
