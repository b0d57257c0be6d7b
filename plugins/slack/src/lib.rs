//! Events as messages of a Slack incoming webhook: a sentence, what was said, and the facts in small print.
//!
//! What comes from an event was written by anybody: it is escaped, so that it can mention nobody, and marked `verbatim`, so that Slack
//! makes no links of it.

use sandclaw_sdk::{Decision, Event, Failure, Message, Settings, Summary, Transform, text};
use serde_json::{Map, Value, json};

/// What Slack takes as the text of one section, escapes included; a webhook is answered 400 beyond it.
const SECTION_MAX_CHARS: usize = 3_000;

/// Ten facts and their labels are then well below the 3 000 of the text that they stand in, escapes included.
const FACT_MAX_CHARS: usize = 250;

/// A mention or two, and a word.
const PREFIX_MAX_CHARS: usize = 200;

/// The component.
pub struct Slack;

impl Transform for Slack {
    fn transform(event: &str, config: &str) -> Result<Decision, Failure> {
        let mut settings = Settings::parse(config)?;
        let prefix = match settings.text("prefix")? {
            Some(prefix) if prefix.chars().count() > PREFIX_MAX_CHARS => {
                return Err(Failure::new("bad_config", "`prefix` is longer than 200 characters"));
            }
            Some(prefix) => format!("{prefix} "),
            None => String::new(),
        };
        let mut message = Map::new();
        for (setting, member) in [("channel", "channel"), ("username", "username"), ("iconEmoji", "icon_emoji")] {
            if let Some(given) = settings.text(setting)? {
                message.insert(member.into(), given.into());
            }
        }
        settings.finish()?;

        let summary = Event::parse(event)?.summary();
        let title = format!("{prefix}{}{}", summary.tone.mark(), escaped(&summary.title, SECTION_MAX_CHARS / 2));
        message.insert("text".into(), fallback(&title, &summary).into());
        message.insert("blocks".into(), blocks(&title, &summary).into());
        Ok(Decision::Send(Message::json(Value::from(message).to_string())))
    }
}

sandclaw_sdk::export_transform!(Slack);
sandclaw_sdk::lean_runtime!();

/// What notifications and screen readers get: one line.
fn fallback(title: &str, summary: &Summary) -> String {
    let room = SECTION_MAX_CHARS.saturating_sub(title.chars().map(char::len_utf16).sum::<usize>() + ": ".len());
    let detail = summary.detail.as_deref().map(|detail| escaped(&text::one_line(detail), room));
    detail.map_or_else(|| title.to_owned(), |detail| format!("{title}: {detail}"))
}

fn blocks(title: &str, summary: &Summary) -> Vec<Value> {
    let text = |text: String| json!({"type": "mrkdwn", "text": text, "verbatim": true});
    let section = |content: String| json!({"type": "section", "text": text(content)});
    let mut blocks = vec![section(title.to_owned())];
    blocks.extend(summary.detail.as_deref().map(|detail| section(escaped(detail, SECTION_MAX_CHARS))));
    let facts = summary.facts.iter().map(|(label, fact)| format!("*{label}:* {}", escaped(fact, FACT_MAX_CHARS)));
    let facts = facts.collect::<Vec<_>>().join("\n");
    blocks.push(json!({"type": "context", "elements": [text(facts)]}));
    blocks
}

/// At most so much of it as Slack counts, with the three characters that mean something to Slack escaped.
fn escaped(text: &str, max_chars: usize) -> String {
    let size = |c: char| match c {
        '&' => "&amp;".len(),
        '<' | '>' => "&lt;".len(),
        c => c.len_utf16(),
    };
    text::cut(text, max_chars, size).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
