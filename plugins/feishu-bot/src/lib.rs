//! Events as messages of a Feishu (or Lark) custom bot: as a post with a title, as plain text, or as a card.
//!
//! `timestamp` and `sign` are not here: the host adds them to the body, because a transform knows neither the time nor a secret.

use sandclaw_sdk::{Decision, Event, Failure, Message, Settings, Summary, Tone, Transform, text};
use serde_json::{Value, json};

/// Feishu takes 20 000 bytes a request. The detail is what may be long; the other 8 000 bytes are room for the title, ten facts, the
/// people to be called, and the `timestamp` and `sign` that the host adds.
const DETAIL_MAX_BYTES: usize = 12_000;

/// Ten facts are then at most 4 000 bytes with all that is around them.
const FACT_MAX_BYTES: usize = 300;

/// More people than this are a group, and for that there is `atAll`.
const USERS_MAX: usize = 20;

/// Longer than any id there is.
const USER_ID_MAX_BYTES: usize = 64;

/// Whether it is one word or several: it has to stand in every message.
const KEYWORD_MAX_CHARS: usize = 60;

/// Looks like a `<` and means nothing.
const WIDE_LESS_THAN: &str = "\u{ff1c}";

/// The component.
pub struct FeishuBot;

/// The config.
struct Style {
    format: &'static str,
    keyword: Option<String>,
    /// Ids, and `all` for everybody.
    users: Vec<String>,
}

impl Transform for FeishuBot {
    fn transform(event: &str, config: &str) -> Result<Decision, Failure> {
        let style = Style::read(config)?;
        let summary = Event::parse(event)?.summary();
        let keyword = style.keyword.as_ref().map(|keyword| format!("{keyword} ")).unwrap_or_default();
        let title = format!("{keyword}{}{}", summary.tone.mark(), summary.title);
        let body = match style.format {
            "text" => plain(&title, &summary, &style.users),
            "interactive" => card(&title, &summary, &style.users),
            _ => post(&title, &summary, &style.users),
        };
        Ok(Decision::Send(Message::json(body.to_string())))
    }
}

sandclaw_sdk::export_transform!(FeishuBot);
sandclaw_sdk::lean_runtime!();

impl Style {
    fn read(config: &str) -> Result<Self, Failure> {
        let bad = |message: &str| Failure::new("bad_config", message);
        let mut settings = Settings::parse(config)?;
        let format = settings.choice("format", &["post", "text", "interactive"])?;
        let keyword = settings.text("keyword")?;
        let mut users = settings.texts("atUserIds")?;
        if settings.flag("atAll")? {
            users.insert(0, "all".into());
        }
        settings.finish()?;
        if keyword.as_ref().is_some_and(|keyword| keyword.chars().count() > KEYWORD_MAX_CHARS) {
            return Err(bad("`keyword` is longer than 60 characters"));
        }
        if users.len() > USERS_MAX {
            return Err(bad("`atUserIds` names more than 20 people"));
        }
        // They stand inside of markup.
        let is_id = |id: &String| id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        match users.iter().find(|id| !is_id(id) || id.len() > USER_ID_MAX_BYTES) {
            Some(id) => Err(bad(&format!("`atUserIds`: {id:?} is no id, as ou_18eac8 is one"))),
            None => Ok(Self { format, keyword, users }),
        }
    }
}

/// Rich text. A `text` element is shown as it is, whatever it holds.
fn post(title: &str, summary: &Summary, users: &[String]) -> Value {
    let line = |text: &str| json!([{"tag": "text", "text": text}]);
    let mut lines: Vec<Value> = detail(summary).as_deref().map(line).into_iter().collect();
    lines.extend(facts(summary).iter().map(|fact| line(fact)));
    if !users.is_empty() {
        lines.push(users.iter().map(|id| json!({"tag": "at", "user_id": id})).collect());
    }
    json!({"msg_type": "post", "content": {"post": {"zh_cn": {"title": title, "content": lines}}}})
}

/// Plain text, in which Feishu still reads `<at …>`: what comes from the event may not say that.
fn plain(title: &str, summary: &Summary, users: &[String]) -> Value {
    let mut lines = vec![title.to_owned()];
    lines.extend(detail(summary));
    lines.extend(facts(summary));
    let mut text = lines.join("\n").replace('<', WIDE_LESS_THAN);
    for id in users {
        text.push_str(&format!("\n<at user_id=\"{id}\"></at>"));
    }
    json!({"msg_type": "text", "content": {"text": text}})
}

/// A card, its head red or green by what happened.
fn card(title: &str, summary: &Summary, users: &[String]) -> Value {
    let plain = |text: &str| json!({"tag": "div", "text": {"tag": "plain_text", "content": text}});
    let colour = match summary.tone {
        Tone::Bad => "red",
        Tone::Good => "green",
        Tone::Plain => "blue",
    };
    let mut elements: Vec<Value> = detail(summary).as_deref().map(plain).into_iter().collect();
    elements.push(plain(&facts(summary).join("\n")));
    if !users.is_empty() {
        let all: String = users.iter().map(|id| format!("<at id={id}></at>")).collect();
        elements.push(json!({"tag": "div", "text": {"tag": "lark_md", "content": all}}));
    }
    let header = json!({"template": colour, "title": {"tag": "plain_text", "content": title}});
    json!({"msg_type": "interactive", "card": {"header": header, "elements": elements}})
}

/// The detail as it fits; a `<` may become the wide one, which takes three bytes.
fn detail(summary: &Summary) -> Option<String> {
    summary.detail.as_deref().map(|detail| text::cut(detail, DETAIL_MAX_BYTES, size).into_owned())
}

fn facts(summary: &Summary) -> Vec<String> {
    let fact = |(label, fact): &(&str, String)| format!("{label}: {}", text::cut(fact, FACT_MAX_BYTES, size));
    summary.facts.iter().map(fact).collect()
}

fn size(c: char) -> usize {
    if c == '<' { WIDE_LESS_THAN.len() } else { text::json_len(c) }
}
