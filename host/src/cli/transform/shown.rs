//! What became of the trial of an outbound transform, for people and for programs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::super::output::{self, BAD, DIM, GOOD, WARN};
use super::cost;
use super::text::pretty;
use crate::app::TransformTried;
use crate::model::Digest;
use crate::model::visible;
use crate::sandbox::{Message, TransformOutcome};

/// For people.
pub(super) fn print(tried: &TransformTried) {
    let (run, limits, repeats) = match tried {
        TransformTried::Refused(reason) => return output::print(&format!("{BAD}refused{BAD:#}    {reason}")),
        TransformTried::Ran { run, limits, repeats } => (run, limits, repeats),
    };
    match &run.outcome {
        TransformOutcome::Send(message) => print_message(message),
        TransformOutcome::Skip(reason) => output::print(&format!("{WARN}skip{WARN:#}       {reason}")),
        TransformOutcome::Failed(failure) => output::print(&format!("{BAD}failed{BAD:#}     {failure}")),
    }
    output::print(&format!("component  {}", run.digest));
    match repeats {
        Some(true) => output::print(&format!("repeats    {GOOD}yes{GOOD:#}, a second run ended the same")),
        Some(false) => {
            output::print(&format!("repeats    {WARN}no{WARN:#}, a second run on the same event ended differently"))
        }
        None => {}
    }
    cost::print(&run.cost, limits);
}

fn print_message(message: &Message) {
    output::print(&format!("{GOOD}send{GOOD:#}       {}, {} bytes", message.content_type, message.body.len()));
    for (name, value) in &message.headers {
        output::print(&format!("header     {name}: {value}"));
    }
    match std::str::from_utf8(&message.body) {
        Ok(text) => output::print(&format!("\n{}\n", visible(&pretty(text).unwrap_or_else(|| text.to_owned())))),
        Err(_) => output::print(&format!("\n{DIM}(no text: `--json` has it in Base64){DIM:#}\n")),
    }
    output::print(&format!("body       {}", digest_of(&message.body)));
}

/// For programs.
pub(super) fn as_json(tried: &TransformTried) -> Value {
    let (run, limits, repeats) = match tried {
        TransformTried::Refused(reason) => return json!({ "outcome": "refused", "reason": reason }),
        TransformTried::Ran { run, limits, repeats } => (run, limits, repeats),
    };
    let mut value = match &run.outcome {
        TransformOutcome::Send(message) => of_message(message),
        TransformOutcome::Skip(reason) => json!({ "outcome": "skip", "reason": reason }),
        TransformOutcome::Failed(failure) => {
            json!({ "outcome": "failed", "failure": failure.kind.as_str(), "reason": failure.detail })
        }
    };
    value["component"] = json!(run.digest.to_string());
    value["repeats"] = json!(repeats);
    value["cost"] = cost::as_json(&run.cost, limits);
    value
}

fn of_message(message: &Message) -> Value {
    let headers: Vec<Value> =
        message.headers.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    let text = std::str::from_utf8(&message.body).ok();
    json!({
        "outcome": "send",
        "contentType": message.content_type,
        "headers": headers,
        "body": text,
        "bodyBase64": text.is_none().then(|| STANDARD.encode(&message.body)),
        "bodyDigest": digest_of(&message.body).to_string(),
        "bodyBytes": message.body.len(),
    })
}

fn digest_of(body: &[u8]) -> Digest {
    Digest(Sha256::digest(body).into())
}
