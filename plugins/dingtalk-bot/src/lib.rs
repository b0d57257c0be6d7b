//! Events as messages of a DingTalk custom robot: as Markdown, or as plain text.
//!
//! The `timestamp` and `sign` of the URL are not here: the host adds them, because a transform can neither change the URL nor see a secret.

use sandclaw_sdk::{Decision, Event, Failure, Message, Settings, Summary, Transform, text};
use serde_json::json;

/// DingTalk takes 20 000 bytes a message. The detail is what may be long; the other 8 000 bytes are room for the title (twice), ten facts
/// and the people to be called (twice).
const DETAIL_MAX_BYTES: usize = 12_000;

/// Ten facts are then at most 3 500 bytes with all that is around them.
const FACT_MAX_BYTES: usize = 300;

/// More people than this are a group, and for that there is `atAll`.
const PEOPLE_MAX: usize = 20;

/// Longer than any number or id there is.
const PERSON_MAX_BYTES: usize = 32;

/// Whether it is one word or several: it has to stand in every message.
const KEYWORD_MAX_CHARS: usize = 60;

/// Looks like a `<` and means nothing.
const WIDE_LESS_THAN: &str = "\u{ff1c}";

/// The component.
pub struct DingTalkBot;

/// The config.
struct Style {
    is_markdown: bool,
    keyword: Option<String>,
    mobiles: Vec<String>,
    users: Vec<String>,
    at_all: bool,
}

impl Transform for DingTalkBot {
    fn transform(event: &str, config: &str) -> Result<Decision, Failure> {
        let style = Style::read(config)?;
        let summary = Event::parse(event)?.summary();
        let keyword = style.keyword.as_ref().map(|keyword| format!("{keyword} ")).unwrap_or_default();
        let title = format!("{keyword}{}{}", summary.tone.mark(), summary.title);
        let mut message = if style.is_markdown {
            let text = markdown(&title, &summary) + &style.calls("\n\n");
            json!({"msgtype": "markdown", "markdown": {"title": title, "text": text}})
        } else {
            json!({"msgtype": "text", "text": {"content": plain(&title, &summary) + &style.calls("\n")}})
        };
        message["at"] = json!({"atMobiles": style.mobiles, "atUserIds": style.users, "isAtAll": style.at_all});
        Ok(Decision::Send(Message::json(message.to_string())))
    }
}

sandclaw_sdk::export_transform!(DingTalkBot);
sandclaw_sdk::lean_runtime!();

impl Style {
    fn read(config: &str) -> Result<Self, Failure> {
        let bad = |message: String| Failure::new("bad_config", message);
        let mut settings = Settings::parse(config)?;
        let style = Self {
            is_markdown: settings.choice("format", &["markdown", "text"])? == "markdown",
            keyword: settings.text("keyword")?,
            mobiles: settings.texts("atMobiles")?,
            users: settings.texts("atUserIds")?,
            at_all: settings.flag("atAll")?,
        };
        settings.finish()?;
        if style.keyword.as_ref().is_some_and(|keyword| keyword.chars().count() > KEYWORD_MAX_CHARS) {
            return Err(bad("`keyword` is longer than 60 characters".into()));
        }
        for (name, people, marks) in [("atMobiles", &style.mobiles, "+-"), ("atUserIds", &style.users, "_-.@$:")] {
            if people.len() > PEOPLE_MAX {
                return Err(bad(format!("`{name}` names more than 20 people")));
            }
            let is_of =
                |c: char| c.is_ascii_digit() || marks.contains(c) || name == "atUserIds" && c.is_ascii_alphabetic();
            if let Some(wrong) = people.iter().find(|one| !one.chars().all(is_of) || one.len() > PERSON_MAX_BYTES) {
                return Err(bad(format!("`{name}`: {wrong:?} is none")));
            }
        }
        Ok(style)
    }

    /// DingTalk calls only those whom the text names, too.
    fn calls(&self, before: &str) -> String {
        let called: Vec<String> = self.mobiles.iter().chain(&self.users).map(|one| format!("@{one}")).collect();
        if called.is_empty() { String::new() } else { format!("{before}{}", called.join(" ")) }
    }
}

fn markdown(title: &str, summary: &Summary) -> String {
    let mut text = format!("### {}", unlinked(title));
    if let Some(detail) = &summary.detail {
        // Two spaces, or DingTalk makes one line of two.
        let quoted = unlinked(&text::cut(detail, DETAIL_MAX_BYTES, size)).replace('\n', "  \n> ");
        text.push_str(&format!("\n\n> {quoted}"));
    }
    text.push('\n');
    for (label, fact) in &summary.facts {
        text.push_str(&format!("\n- **{label}**: {}", unlinked(&text::cut(fact, FACT_MAX_BYTES, size))));
    }
    text
}

fn plain(title: &str, summary: &Summary) -> String {
    let mut lines = vec![title.to_owned()];
    lines.extend(summary.detail.as_deref().map(|detail| text::cut(detail, DETAIL_MAX_BYTES, size).into_owned()));
    lines.extend(
        summary.facts.iter().map(|(label, fact)| format!("{label}: {}", text::cut(fact, FACT_MAX_BYTES, size))),
    );
    lines.join("\n")
}

/// What comes from an event makes neither links, which may lead elsewhere than they say, nor pictures, which tell their server who looks.
fn unlinked(text: &str) -> String {
    text.replace("](", "] (").replace('<', WIDE_LESS_THAN)
}

/// The bytes of a character in the message, whatever becomes of it in `markdown`.
fn size(c: char) -> usize {
    match c {
        '\n' => r"  \n> ".len(),
        '<' => WIDE_LESS_THAN.len(),
        ']' => "] ".len(),
        c => text::json_len(c),
    }
}
