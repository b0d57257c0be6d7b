//! What an agent tells while it works. Updates come in as fast as it likes; they are kept small (text is joined, a newer line on what it is
//! doing takes the place of an older one) and told on in rounds, as fast as somebody takes them.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use agent_client_protocol::v1::schema::{ContentBlock, PlanEntryStatus, SessionUpdate, ToolCallStatus};
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
        self.state().tools.get(id).map(|tool| tool.kind)
    }

    /// Takes in an update of the session.
    pub(super) fn take(&self, update: SessionUpdate) {
        let mut state = self.state();
        if !state.is_answering {
            return;
        }
        match update {
            SessionUpdate::AgentMessageChunk(chunk) => state.text(text_of(chunk.content)),
            SessionUpdate::AgentThoughtChunk(chunk) => state.think(&text_of(chunk.content)),
            SessionUpdate::ToolCall(call) => {
                let name = call.name.unwrap_or(call.title);
                let id = call.tool_call_id.to_string();
                state.tool(id, Some(name), Some(permission::kind(call.kind)), Some(call.status));
            }
            SessionUpdate::ToolCallUpdate(update) => {
                let fields = update.fields;
                let kind = fields.kind.map(permission::kind);
                state.tool(update.tool_call_id.to_string(), fields.name.or(fields.title), kind, fields.status);
            }
            SessionUpdate::Plan(plan) => {
                let done = plan.entries.iter().filter(|entry| entry.status == PlanEntryStatus::Completed).count();
                let next = plan.entries.iter().find(|entry| entry.status != PlanEntryStatus::Completed);
                let next = next.map(|entry| entry.content.as_str()).unwrap_or("done");
                state.push(Progress::Summary(line(&format!("step {done} of {}: {next}", plan.entries.len()))));
            }
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
    fn text(&mut self, text: String) {
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

    fn tool(&mut self, id: String, name: Option<String>, kind: Option<ToolKind>, status: Option<ToolCallStatus>) {
        let id = line(&id);
        if !self.tools.contains_key(&id) {
            let name = line(name.as_deref().unwrap_or("tool"));
            self.remember(id.clone(), Tool { name: name.clone(), kind: ToolKind::Other, is_ended: false });
            self.push(Progress::ToolCalled { id: id.clone(), name });
        }
        let Some(tool) = self.tools.get_mut(&id) else { return };
        tool.kind = kind.unwrap_or(tool.kind);
        let is_over = matches!(status, Some(ToolCallStatus::Completed | ToolCallStatus::Failed));
        if is_over && !tool.is_ended {
            tool.is_ended = true;
            let (name, ok) = (tool.name.clone(), status == Some(ToolCallStatus::Completed));
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

fn text_of(content: ContentBlock) -> String {
    match content {
        ContentBlock::Text(text) => text.text,
        ContentBlock::ResourceLink(link) => link.uri,
        // Images and sounds have no place in a text.
        _ => String::new(),
    }
}

/// One line of bounded length.
pub(super) fn line(text: &str) -> String {
    let words = text.split(char::is_control).flat_map(str::split_whitespace);
    words.collect::<Vec<_>>().join(" ").chars().take(LINE_MAX_CHARS).collect()
}
