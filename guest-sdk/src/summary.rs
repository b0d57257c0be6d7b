//! An event, told to people: one sentence, what was said, and the facts. Whatever the type and the data, there is a sentence: types that
//! are not known here are told by their name.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::{Event, text};

/// What chat programs show of a message in a list and in a notification.
const TITLE_MAX_CHARS: usize = 150;

/// Ids, names and short words; nothing that is longer is worth reading in a list.
const FACT_MAX_CHARS: usize = 200;

/// Facts that come from the data, beside the three that every event has.
const DATA_FACTS_MAX: usize = 7;

/// What people are told of an [`Event`]. All of it is [clean](text::clean) text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Whether it is good news.
    pub tone: Tone,
    /// One line of at most 150 characters.
    pub title: String,
    /// The message, the error, the reason; may be long, may have several lines.
    pub detail: Option<String>,
    /// At most ten short ones, each with its label: agent, session, flow, …, and always instance, time and event.
    pub facts: Vec<(&'static str, String)>,
}

/// Whether an event is good news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Something failed.
    Bad,
    /// Something came to a good end.
    Good,
    /// Neither.
    Plain,
}

impl Tone {
    /// What a title begins with: `🚨 `, `✅ ` or nothing.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Bad => "🚨 ",
            Self::Good => "✅ ",
            Self::Plain => "",
        }
    }
}

/// Where an event may tell why.
const REASON: &[&str] = &["error.message", "error", "reason", "message"];

impl Event {
    /// What people are told of it.
    pub fn summary(&self) -> Summary {
        let (tone, title, detail) = self.told();
        let title = text::cut(&text::one_line(&title), TITLE_MAX_CHARS, char::len_utf16).into_owned();
        Summary { tone, title, detail: self.text(detail), facts: self.facts() }
    }

    /// Its tone, its sentence, and where its detail is.
    fn told(&self) -> (Tone, String, &'static [&'static str]) {
        use Tone::{Bad, Good, Plain};
        let tool = || self.name("The tool", &["tool.name", "toolName", "tool", "name"]);
        let flow = |what: &str| self.about(what, &["flow.goal"]);
        let plugin = || self.name("The plugin", &["plugin.file", "plugin", "file"]);
        let endpoint = &["endpoint.name", "endpoint"];
        match self.kind.as_str() {
            "error.occurred" => (Bad, "An error occurred".into(), REASON),
            "message.received" => (Plain, "A message was received".into(), &["message.content", "message"]),
            "message.sent" => (Plain, "A message was sent".into(), &["message.content", "message"]),
            "session.created" => (Plain, "A session was created".into(), &[]),
            "session.ended" => (Plain, "A session ended".into(), &["reason"]),
            "tool.called" => (Plain, format!("{} was called", tool()), &[]),
            "tool.completed" if self.tool_failed() => (Bad, format!("{} failed", tool()), REASON),
            "tool.completed" => (Plain, format!("{} completed", tool()), &[]),
            "flow.created" => (Plain, flow("A flow was created"), &[]),
            "flow.updated" => (Plain, flow("A flow changed"), &[]),
            "flow.waiting" => (Plain, flow("A flow waits"), &["flow.blockedSummary"]),
            "flow.resumed" => (Plain, flow("A flow goes on"), &[]),
            "flow.finished" => (Good, flow("A flow is finished"), &[]),
            "flow.failed" => (Bad, flow("A flow failed"), &["flow.blockedSummary"]),
            "flow.cancelled" => (Plain, flow("A flow was cancelled"), &[]),
            "task.created" => (Plain, self.about("A task was recorded", &["task.label", "task.task"]), &[]),
            "task.updated" => self.task_updated(),
            "plugin.refused" => (Bad, format!("{} was refused", plugin()), REASON),
            "plugin.poisoned" => (Bad, format!("{} crashed too often and rests", plugin()), REASON),
            "plugin.swapped" => (Plain, format!("{} was replaced by a new version", plugin()), &[]),
            "endpoint.disabled" => (Bad, format!("{} was disabled", self.name("The endpoint", endpoint)), REASON),
            "delivery.dead" => (Bad, format!("A delivery to {} was given up", self.name("endpoint", endpoint)), REASON),
            kind => (Plain, format!("Event {kind}"), REASON),
        }
    }

    fn task_updated(&self) -> (Tone, String, &'static [&'static str]) {
        let status = self.text(&["task.status"]).unwrap_or_default();
        let (tone, what) = match status.as_str() {
            "succeeded" => (Tone::Good, "A task succeeded"),
            "failed" => (Tone::Bad, "A task failed"),
            "timed_out" => (Tone::Bad, "A task timed out"),
            "lost" => (Tone::Bad, "A task was lost"),
            "cancelled" => (Tone::Plain, "A task was cancelled"),
            "running" => (Tone::Plain, "A task is running"),
            _ => (Tone::Plain, "A task changed"),
        };
        let detail = &["task.error", "task.terminalSummary", "task.progressSummary"];
        (tone, self.about(what, &["task.label", "task.task"]), detail)
    }

    fn tool_failed(&self) -> bool {
        let told = |path| self.member(path).and_then(serde_json::Value::as_bool);
        told("success") == Some(false)
            || told("isError") == Some(true)
            || self.text(&["error.message", "error"]).is_some_and(|error| error != "false")
    }

    /// `A flow failed: its goal`.
    fn about(&self, what: &str, paths: &[&str]) -> String {
        self.text(paths).map_or_else(|| String::from(what), |name| format!("{what}: {name}"))
    }

    /// `The tool search`.
    fn name(&self, what: &str, paths: &[&str]) -> String {
        // Short enough for the verb after it to be read, too.
        let name = self.text(paths).map(|name| format!("{what} {}", text::cut(&name, 60, char::len_utf16)));
        name.unwrap_or_else(|| String::from(what))
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        const PLACES: [(&str, &[&str]); 18] = [
            ("Agent", &["agentId"]),
            ("Session", &["sessionId"]),
            ("Channel", &["channel"]),
            ("User", &["userId"]),
            ("Model", &["model"]),
            ("Flow", &["flow.flowId"]),
            ("Step", &["flow.currentStep"]),
            ("Task", &["task.taskId"]),
            ("Duration, ms", &["durationMs"]),
            ("Tokens in", &["usage.inputTokens"]),
            ("Tokens out", &["usage.outputTokens"]),
            ("Delivery", &["deliveryId"]),
            ("Attempts", &["attempts"]),
            ("Route", &["route"]),
            ("Endpoint", &["endpoint.name", "endpoint"]),
            ("File", &["file"]),
            ("Serving", &["serving", "to"]),
            ("Rests until", &["restsUntil"]),
        ];
        let short = |text: &str| text::cut(&text::one_line(text), FACT_MAX_CHARS, char::len_utf16).into_owned();
        let from_data = PLACES.iter().filter_map(|(label, paths)| Some((*label, short(&self.text(paths)?))));
        let mut facts: Vec<_> = from_data.take(DATA_FACTS_MAX).collect();
        facts.push(("Instance", short(&self.instance_id)));
        facts.push(("Time", self.timestamp.as_str().map_or_else(|| format!("{}", self.timestamp), short)));
        facts.push(("Event", short(&self.id)));
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(kind: &str, data: &str) -> Summary {
        let event = format!(
            r#"{{"id":"evt_1","type":"{kind}","timestamp":"2026-03-14T10:30:00Z","instanceId":"node-1","data":{data}}}"#
        );
        Event::parse(&event).unwrap().summary()
    }

    #[track_caller]
    fn check(kind: &str, data: &str, tone: Tone, title: &str, detail: Option<&str>) {
        let told = summary(kind, data);
        assert_eq!((told.tone, told.title.as_str(), told.detail.as_deref()), (tone, title, detail));
    }

    #[test]
    fn every_type_has_its_sentence() {
        use Tone::{Bad, Good, Plain};
        check("error.occurred", r#"{"error":{"message":"boom\nat x"}}"#, Bad, "An error occurred", Some("boom\nat x"));
        check("message.sent", r#"{"message":{"content":"hi"}}"#, Plain, "A message was sent", Some("hi"));
        check("session.ended", r#"{"reason":"idle"}"#, Plain, "A session ended", Some("idle"));
        check("tool.called", r#"{"tool":"search"}"#, Plain, "The tool search was called", None);
        check("tool.completed", r#"{"toolName":"x"}"#, Plain, "The tool x completed", None);
        check("tool.completed", r#"{"tool":{"name":"x"},"error":"no"}"#, Bad, "The tool x failed", Some("no"));
        check("flow.finished", r#"{"flow":{"goal":"Review"}}"#, Good, "A flow is finished: Review", None);
        check("flow.failed", r#"{"flow":{"blockedSummary":"why"}}"#, Bad, "A flow failed", Some("why"));
        let task = r#"{"task":{"task":"Sum up","status":"lost","error":"gone"}}"#;
        check("task.updated", task, Bad, "A task was lost: Sum up", Some("gone"));
        check("plugin.refused", r#"{"file":"z.wasm","reason":"r"}"#, Bad, "The plugin z.wasm was refused", Some("r"));
        check("endpoint.disabled", r#"{"endpoint":"crm"}"#, Bad, "The endpoint crm was disabled", None);
        check("delivery.dead", r#"{"endpoint":"crm"}"#, Bad, "A delivery to endpoint crm was given up", None);
        check("deploy.done", "[1]", Plain, "Event deploy.done", None);
    }

    #[test]
    fn facts_are_few_short_and_end_with_what_every_event_has() {
        let long = "漢".repeat(5_000);
        let data = format!(
            r#"{{"agentId":"{long}","sessionId":"s","channel":"c","userId":5,"model":"m\nn","flow":{{"flowId":"f","currentStep":"x"}},
               "task":{{"taskId":"t"}},"usage":{{"inputTokens":200}}}}"#
        );
        let told = summary("message.sent", &data);
        let labels: Vec<_> = told.facts.iter().map(|(label, _)| *label).collect();
        assert_eq!(labels.join(" "), "Agent Session Channel User Model Flow Step Instance Time Event");
        assert_eq!(told.facts[0].1.chars().count(), FACT_MAX_CHARS);
        assert_eq!(told.facts[4].1, "m n");
        assert_eq!(told.facts[8].1, "2026-03-14T10:30:00Z");
    }

    #[test]
    fn a_title_is_one_line_however_long_the_goal() {
        let told = summary("flow.failed", &format!(r#"{{"flow":{{"goal":"a\nb {}"}}}}"#, "😀".repeat(500)));
        assert!(told.title.starts_with("A flow failed: a b 😀") && told.title.ends_with('…'), "{}", told.title);
        assert!(told.title.encode_utf16().count() <= TITLE_MAX_CHARS);
    }
}
