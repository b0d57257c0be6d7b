//! What an agent tells while it works. Updates come in as fast as it likes; they are kept small (text is joined, a newer line on what it is
//! doing takes the place of an older one) and told on in rounds, as fast as somebody takes them.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::permission;
use crate::agents::runner::{Progress, Telling};
use crate::config::agents::acp::ToolKind;

/// The longest answer that is kept. A book's chapter; what is longer belongs into a file.
pub(super) const REPLY_MAX_BYTES: usize = 256 << 10;
/// What stands at the end of a longer one.
const REPLY_CUT: &str = "\n[cut]";
/// What waits to be told. Agents have a few tools in hand at a time.
const WAITING_MAX: usize = 256;
/// Tools that are remembered by id. The oldest is forgotten, and with it only its name.
const TOOLS_MAX: usize = 1024;
/// Longest name of a tool, and longest line on what the agent is doing.
const LINE_MAX_CHARS: usize = 200;
/// Between two rounds of telling: a person sees ten changes a second as motion, and a store has to write each.
const ROUND: Duration = Duration::from_millis(100);

/// All that was heard of one run.
#[derive(Default)]
pub(super) struct Heard {
    state: Mutex<State>,
    news: Notify,
}

#[derive(Default)]
struct State {
    /// What came before the prompt is the past of a session that goes on, and no answer.
    is_answering: bool,
    /// The prompt is being taken back: nothing is allowed any more.
    is_cancelled: bool,
    reply: String,
    is_cut: bool,
    thought: String,
    waiting: VecDeque<Progress>,
    left_out: u64,
    tools: HashMap<String, Tool>,
    order: VecDeque<String>,
}

struct Tool {
    name: String,
    kind: ToolKind,
    is_ended: bool,
}

impl Heard {
    /// From now on text is the answer.
    pub(super) fn begin_answer(&self) {
        self.state().is_answering = true;
    }

    /// From now on no permission is given.
    pub(super) fn cancel(&self) {
        self.state().is_cancelled = true;
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.state().is_cancelled
    }

    /// The answer so far.
    pub(super) fn reply(&self) -> Option<String> {
        let state = self.state();
        let reply = state.reply.trim();
        match (reply.is_empty(), state.is_cut) {
            (true, _) => None,
            (false, false) => Some(reply.to_owned()),
            (false, true) => Some(format!("{reply}{REPLY_CUT}")),
        }
    }

    /// Something that this side has to tell.
    pub(super) fn tell(&self, progress: Progress) {
        self.state().push(progress);
        self.news.notify_one();
    }

    /// The kind of a tool call that was announced before, if any.
    pub(super) fn kind_of(&self, id: &str) -> Option<ToolKind> {
        self.state().tools.get(&line(id)).map(|tool| tool.kind)
    }

    /// Takes in an update of the session; one that says nothing about the work is passed over.
    pub(super) fn take(&self, update: &Value) {
        let mut state = self.state();
        if !state.is_answering {
            return;
        }
        match update["sessionUpdate"].as_str().unwrap_or_default() {
            "agent_message_chunk" => state.text(text_of(&update["content"])),
            "agent_thought_chunk" => state.think(text_of(&update["content"])),
            "tool_call" | "tool_call_update" => state.tool(update),
            "plan" => state.plan(&update["entries"]),
            _ => return,
        }
        drop(state);
        self.news.notify_one();
    }

    /// Tells on what is heard, round by round. Never returns: whoever hears the end drops it.
    pub(super) async fn tell_on(&self, telling: &Telling) -> Infallible {
        loop {
            self.news.notified().await;
            self.tell_rest(telling).await;
            sleep(ROUND).await;
        }
    }

    /// Tells what waits.
    pub(super) async fn tell_rest(&self, telling: &Telling) {
        loop {
            // One at a time: what is taken out and then not sent, because this is dropped, would be lost.
            let Ok(place) = telling.reserve().await else { return };
            let Some(next) = self.state().pop() else { return };
            place.send(next);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn text(&mut self, text: &str) {
        let room = REPLY_MAX_BYTES - self.reply.len();
        let kept = &text[..text.floor_char_boundary(room)];
        self.is_cut |= kept.len() < text.len();
        self.thought.clear();
        if !kept.is_empty() {
            self.reply.push_str(kept);
            self.push(Progress::Text(kept.to_owned()));
        }
    }

    /// Thoughts come in pieces; the line that is being written is the news.
    fn think(&mut self, piece: &str) {
        self.thought.push_str(piece);
        let start = self.thought.trim_end().rfind('\n').map_or(0, |at| at + 1);
        self.thought.drain(..start);
        let told = line(&self.thought);
        let end = self.thought.floor_char_boundary(LINE_MAX_CHARS * 4);
        self.thought.truncate(end);
        if !told.is_empty() {
            self.push(Progress::Summary(told));
        }
    }

    fn plan(&mut self, entries: &Value) {
        let entries = entries.as_array().map(Vec::as_slice).unwrap_or_default();
        let is_done = |entry: &&Value| entry["status"] == "completed";
        let done = entries.iter().filter(is_done).count();
        let next = entries.iter().find(|entry| !is_done(entry)).and_then(|entry| entry["content"].as_str());
        let next = next.unwrap_or("done");
        self.push(Progress::Summary(line(&format!("step {done} of {}: {next}", entries.len()))));
    }

    fn tool(&mut self, call: &Value) {
        let Some(id) = call["toolCallId"].as_str().map(line) else { return };
        if !self.tools.contains_key(&id) {
            let name = line(call["name"].as_str().or(call["title"].as_str()).unwrap_or("tool"));
            self.remember(id.clone(), Tool { name: name.clone(), kind: ToolKind::Other, is_ended: false });
            self.push(Progress::ToolCalled { id: id.clone(), name });
        }
        let Some(tool) = self.tools.get_mut(&id) else { return };
        tool.kind = permission::kind(&call["kind"]).unwrap_or(tool.kind);
        let ok = match call["status"].as_str() {
            Some("completed") => true,
            Some("failed") => false,
            _ => return,
        };
        if !std::mem::replace(&mut tool.is_ended, true) {
            let name = tool.name.clone();
            self.push(Progress::ToolCompleted { id, name, ok });
        }
    }

    fn remember(&mut self, id: String, tool: Tool) {
        if self.order.len() >= TOOLS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.tools.remove(&oldest);
        }
        self.order.push_back(id.clone());
        self.tools.insert(id, tool);
    }

    fn push(&mut self, progress: Progress) {
        let is_full = self.waiting.len() >= WAITING_MAX;
        match (self.waiting.back_mut(), progress) {
            (Some(Progress::Text(before)), Progress::Text(text)) => before.push_str(&text),
            (Some(Progress::Summary(before)), Progress::Summary(newer)) => *before = newer,
            // Text is in the reply all the same, and the rest is only news.
            _ if is_full => self.left_out += 1,
            (_, progress) => self.waiting.push_back(progress),
        }
    }

    fn pop(&mut self) -> Option<Progress> {
        let next = self.waiting.pop_front();
        if next.is_none() && self.left_out > 0 {
            let left_out = std::mem::take(&mut self.left_out);
            return Some(Progress::Summary(format!("{left_out} more updates came too fast to be told")));
        }
        next
    }
}

/// The text of a block of content; images and sounds have no place in a text.
fn text_of(content: &Value) -> &str {
    let member = if content["type"] == "resource_link" { "uri" } else { "text" };
    content[member].as_str().unwrap_or_default()
}

/// One line of bounded length.
pub(super) fn line(text: &str) -> String {
    let words = text.split(char::is_control).flat_map(str::split_whitespace);
    words.collect::<Vec<_>>().join(" ").chars().take(LINE_MAX_CHARS).collect()
}
