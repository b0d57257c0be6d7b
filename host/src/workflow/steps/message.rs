//! `tool: message`: says something in a channel. What is said is an event, stored together with the step's result, and so neither lost nor said
//! twice; bringing it to the channel's receiver is the outbound engine's work.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Done, Work};
use crate::config::LOG_CHANNEL;
use crate::expr::as_text;
use crate::model::{EventId, EventKind, NewEvent, visible, visible_line};
use crate::workflow::engine::result::StepResult;
use crate::workflow::engine::summary::{cut, json_text};

/// Of a message. The longest that a chat takes is a tenth of it.
const TEXT_MAX_CHARS: usize = 100_000;
/// Of a message in the log: half a screen. Whoever has more to say has a channel.
const LOG_MAX_CHARS: usize = 2_000;

pub(super) fn send(work: &Work<'_>, args: &Value) -> Done {
    let failed = |why: String| Done::of(StepResult::failed("message", why));
    let Some(channel) = args["channel"].as_str().filter(|channel| !channel.is_empty()) else {
        return failed("`channel` must be a text such as \"feishu:dev\"".to_owned());
    };
    let text = noted(&visible(&as_text(args["text"].clone())), TEXT_MAX_CHARS);
    if text.trim().is_empty() {
        return failed("`text` is empty".to_owned());
    }
    if !work.kit.channels.has(channel) {
        let channel = cut(channel, 100);
        return failed(format!(
            "there is no channel {channel}: add channels: {{ \"{channel}\": {{ url: \"…\" }} }} to the config"
        ));
    }
    if channel.strip_prefix(LOG_CHANNEL).is_some_and(|rest| rest.starts_with(':')) {
        let (flow, step) = (work.flow, &work.step.id);
        tracing::info!(channel, %flow, workflow = work.plan.name, step, "{}", visible_line(&noted(&text, LOG_MAX_CHARS)));
        return Done::of(StepResult::of_json(json!({ "queued": false, "logged": true })));
    }
    let id = event_id(work);
    let data = json!({
        "channel": channel,
        "text": text,
        "workflow": work.plan.name,
        "flowId": work.flow.as_str(),
        "step": work.step.id,
    });
    let data = json_text(&data).into_string();
    let event = NewEvent {
        session: Some(work.owner.clone()),
        ..NewEvent::new(id.clone(), EventKind::ChannelMessage.as_str(), data)
    };
    let result = StepResult::of_json(json!({ "eventId": id.as_str(), "queued": true }));
    Done { result, events: vec![event] }
}

/// So many characters, and in front of them how many there were.
fn noted(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((at, _)) => format!("[cut: {chars_max} of {} characters] {}…", text.chars().count(), &text[..at]),
        None => text.to_owned(),
    }
}

/// The same for the same step of the same run, however often it is begun.
fn event_id(work: &Work<'_>) -> EventId {
    let digest = Sha256::digest(format!("{}/{}", work.flow, work.path));
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    EventId::new(format!("evt_{hex}"))
}

#[cfg(test)]
mod tests {
    use super::noted;

    #[test]
    fn a_message_that_is_cut_says_so_in_front() {
        assert_eq!(noted("工单工单", 4), "工单工单");
        assert_eq!(noted("工单工单", 2), "[cut: 2 of 4 characters] 工单…");
    }
}
