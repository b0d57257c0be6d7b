//! What became of a trial, for people and for programs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::super::output::{self, BAD, DIM, GOOD, WARN};
use crate::app::TransformTried;
use crate::config::RouteLimits;
use crate::model::Digest;
use crate::sandbox::{Cost, Message, TransformOutcome};

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
    let rows: Vec<Vec<String>> = lines(&run.cost, limits)
        .into_iter()
        .map(|line| vec![line.name.to_owned(), line.unit.shown(line.used), line.unit.shown(line.limit)])
        .collect();
    output::print("");
    output::table(&["Cost", "Used", "Limit"], &rows);
}

fn print_message(message: &Message) {
    output::print(&format!("{GOOD}send{GOOD:#}       {}, {} bytes", message.content_type, message.body.len()));
    for (name, value) in &message.headers {
        output::print(&format!("header     {name}: {value}"));
    }
    match std::str::from_utf8(&message.body) {
        Ok(text) => output::print(&format!("\n{}\n", harmless(&pretty(text).unwrap_or_else(|| text.to_owned())))),
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
    let cost = lines(&run.cost, limits)
        .map(|line| (line.key.to_owned(), json!({ "used": saturated(line.used), "limit": saturated(line.limit) })));
    value["component"] = json!(run.digest.to_string());
    value["repeats"] = json!(repeats);
    value["cost"] = Value::Object(cost.into_iter().collect());
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

/// One thing that a run uses.
struct Line {
    name: &'static str,
    key: &'static str,
    unit: Unit,
    used: u128,
    limit: u128,
}

enum Unit {
    Micros,
    Bytes,
    Calls,
}

impl Unit {
    fn shown(&self, amount: u128) -> String {
        let tenths = |unit: u128, name: &str| format!("{}.{} {name}", amount / unit, amount % unit * 10 / unit);
        match self {
            Self::Micros => tenths(1_000, "ms"),
            Self::Bytes if amount >= 1 << 20 => tenths(1 << 20, "MiB"),
            Self::Bytes if amount >= 1 << 10 => tenths(1 << 10, "KiB"),
            Self::Bytes => format!("{amount} B"),
            Self::Calls => amount.to_string(),
        }
    }
}

fn lines(cost: &Cost, limits: &RouteLimits) -> [Line; 6] {
    let line = |name, key, unit, used, limit| Line { name, key, unit, used, limit };
    let bytes = |name, key, used: usize, limit: usize| line(name, key, Unit::Bytes, used as u128, limit as u128);
    [
        line("time", "wallUs", Unit::Micros, cost.wall.as_micros(), limits.deadline.as_micros()),
        line("processor", "cpuUs", Unit::Micros, cost.cpu.as_micros(), limits.cpu.as_micros()),
        bytes("memory", "memoryBytes", cost.memory_bytes, limits.memory_max_bytes),
        bytes("output", "outputBytes", cost.output_bytes, limits.output_max_bytes),
        bytes("log", "logBytes", cost.log_bytes, limits.log_max_bytes),
        line("host calls", "hostCalls", Unit::Calls, cost.host_calls.into(), limits.host_calls_max.into()),
    ]
}

fn saturated(amount: u128) -> u64 {
    u64::try_from(amount).unwrap_or(u64::MAX)
}

/// JSON with its members on lines of their own, in their order and with every character of theirs; nothing if it is none.
fn pretty(text: &str) -> Option<String> {
    serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
    let mut out = String::with_capacity(text.len() * 2);
    let (mut depth, mut in_string, mut escaped, mut opened) = (0usize, false, false, false);
    for c in text.chars() {
        if in_string {
            out.push(c);
            (in_string, escaped) = (escaped || c != '"', c == '\\' && !escaped);
            continue;
        }
        if c.is_ascii_whitespace() {
            continue;
        }
        let closes = matches!(c, '}' | ']');
        if closes {
            depth -= 1;
        }
        if opened != closes {
            break_line(&mut out, depth);
        }
        out.push(c);
        opened = matches!(c, '{' | '[');
        match c {
            '{' | '[' => depth += 1,
            ',' => break_line(&mut out, depth),
            ':' => out.push(' '),
            '"' => in_string = true,
            _ => {}
        }
    }
    Some(out)
}

fn break_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

/// Text of a guest for a terminal: its lines stay lines, all else that steers a terminal is escaped.
fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push(c),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.extend(c.escape_unicode()),
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_laid_out_and_not_changed() {
        let shown = pretty(r#" {"b":[1, 2.50],"a":{} ,"c":[],"d":"x,\"{\\","e":null}"#).unwrap();
        assert_eq!(
            shown,
            "{\n  \"b\": [\n    1,\n    2.50\n  ],\n  \"a\": {},\n  \"c\": [],\n  \"d\": \"x,\\\"{\\\\\",\n  \"e\": null\n}"
        );
        assert_eq!(pretty("not json"), None);
    }

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        assert_eq!(harmless("a\n\u{1b}[31m\u{9b}\u{202e}"), "a\n\\u{1b}[31m\\u{9b}\\u{202e}");
    }
}
