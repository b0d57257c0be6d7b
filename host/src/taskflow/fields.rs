//! Reading the `fields` that a guest passes. A guest's input is not truth: it is made canonical first, then every member must be
//! known and of its type. The first problem is the answer, and it names the member.

use std::borrow::Cow;

use super::refusal::Refusal;
use super::rules::{Field, Move};
use crate::json::{self, JsonKind, JsonText};
use crate::model::{FlowStatus, Millis, NotifyPolicy, TaskRuntime, TaskStatus};

/// Longest `fields` of one call. Four times the largest body a sender can post: a plugin may put more into a flow than it was sent.
const FIELDS_BYTES_MAX: usize = 1024 * 1024;

/// How much of an unknown member's name is repeated back.
const NAME_CHARS_SHOWN: usize = 64;

/// What `create-flow` takes.
pub(super) struct NewFlow {
    pub goal: JsonText,
    pub controller: Option<JsonText>,
    pub status: FlowStatus,
    pub notify: NotifyPolicy,
    pub current_step: Option<JsonText>,
    pub state: Option<JsonText>,
    pub wait: Option<JsonText>,
}

/// What `run-task` takes.
pub(super) struct NewTask {
    pub runtime: TaskRuntime,
    pub task: JsonText,
    pub source: Option<JsonText>,
    pub child_session: Option<JsonText>,
    pub parent_task: Option<JsonText>,
    pub agent: Option<JsonText>,
    pub run: Option<JsonText>,
    pub label: Option<JsonText>,
    pub prefer_metadata: bool,
    pub notify: NotifyPolicy,
    pub status: TaskStatus,
    pub started_at: Option<Millis>,
    pub last_event_at: Option<Millis>,
    pub progress_summary: Option<JsonText>,
}

pub(super) fn new_flow(text: &str) -> Result<NewFlow, Refusal> {
    let text = canonical(text)?;
    let known = ["goal", "controllerId", "status", "notifyPolicy", "currentStep", "stateJson", "waitJson"];
    let fields = Fields::of(&text, &known)?;
    let statuses = [FlowStatus::Queued, FlowStatus::Running, FlowStatus::Waiting, FlowStatus::Blocked];
    Ok(NewFlow {
        goal: fields.required("goal", fields.string("goal")?)?,
        controller: fields.string("controllerId")?,
        status: fields.word("status", &statuses, FlowStatus::as_str)?.unwrap_or(FlowStatus::Queued),
        notify: fields.notify()?,
        current_step: fields.text("currentStep")?.stored_text(),
        state: fields.json("stateJson")?.stored_json(),
        wait: fields.json("waitJson")?.stored_json(),
    })
}

pub(super) fn set_waiting(text: &str) -> Result<Move, Refusal> {
    let text = canonical(text)?;
    let fields = Fields::of(&text, &["currentStep", "stateJson", "waitJson", "blockedTaskId", "blockedSummary"])?;
    Ok(Move::Wait {
        current_step: fields.text("currentStep")?,
        state: fields.json("stateJson")?,
        wait: fields.json("waitJson")?,
        blocked_task: fields.text("blockedTaskId")?,
        blocked_summary: fields.text("blockedSummary")?,
    })
}

pub(super) fn resume(text: &str) -> Result<Move, Refusal> {
    let text = canonical(text)?;
    let fields = Fields::of(&text, &["status", "currentStep", "stateJson"])?;
    let statuses = [FlowStatus::Queued, FlowStatus::Running];
    Ok(Move::Resume {
        status: fields.word("status", &statuses, FlowStatus::as_str)?.unwrap_or(FlowStatus::Queued),
        current_step: fields.text("currentStep")?,
        state: fields.json("stateJson")?,
    })
}

pub(super) fn finish(text: &str) -> Result<Move, Refusal> {
    let text = canonical(text)?;
    let fields = Fields::of(&text, &["stateJson"])?;
    Ok(Move::Finish { state: fields.json("stateJson")? })
}

pub(super) fn fail(text: &str) -> Result<Move, Refusal> {
    let text = canonical(text)?;
    let fields = Fields::of(&text, &["stateJson", "blockedTaskId", "blockedSummary"])?;
    Ok(Move::Fail {
        state: fields.json("stateJson")?,
        blocked_task: fields.text("blockedTaskId")?,
        blocked_summary: fields.text("blockedSummary")?,
    })
}

pub(super) fn new_task(text: &str) -> Result<NewTask, Refusal> {
    const RUNNING_ONLY: [&str; 3] = ["startedAt", "lastEventAt", "progressSummary"];
    let text = canonical(text)?;
    let known = [
        "runtime",
        "sourceId",
        "childSessionKey",
        "parentTaskId",
        "agentId",
        "runId",
        "label",
        "task",
        "preferMetadata",
        "notifyPolicy",
        "status",
        RUNNING_ONLY[0],
        RUNNING_ONLY[1],
        RUNNING_ONLY[2],
    ];
    let fields = Fields::of(&text, &known)?;
    let runtimes = [TaskRuntime::Subagent, TaskRuntime::Acp];
    let statuses = [TaskStatus::Queued, TaskStatus::Running];
    let new = NewTask {
        runtime: fields.required("runtime", fields.word("runtime", &runtimes, TaskRuntime::as_str)?)?,
        source: fields.string("sourceId")?,
        child_session: fields.string("childSessionKey")?,
        parent_task: fields.string("parentTaskId")?,
        agent: fields.string("agentId")?,
        run: fields.string("runId")?,
        label: fields.string("label")?,
        task: fields.required("task", fields.string("task")?)?,
        prefer_metadata: fields.flag("preferMetadata")?,
        notify: fields.notify()?,
        status: fields.word("status", &statuses, TaskStatus::as_str)?.unwrap_or(TaskStatus::Queued),
        started_at: fields.time("startedAt")?,
        last_event_at: fields.time("lastEventAt")?,
        progress_summary: fields.text("progressSummary")?.stored_text().map(JsonText::collapsed),
    };
    match RUNNING_ONLY.iter().find(|name| fields.raw(name).is_some()) {
        Some(name) if new.status != TaskStatus::Running => {
            Err(Refusal::invalid("status", &format!("must be \"running\" when {name} is given")))
        }
        _ => Ok(new),
    }
}

impl Field {
    fn stored_text(self) -> Option<JsonText> {
        if let Self::Set(value) = self { Some(value) } else { None }
    }

    /// `null` is kept as `null`: it was set.
    fn stored_json(self) -> Option<JsonText> {
        match self {
            Self::Keep => None,
            Self::Clear => Some(JsonText::null()),
            Self::Set(value) => Some(value),
        }
    }
}

fn canonical(text: &str) -> Result<JsonText, Refusal> {
    if text.len() > FIELDS_BYTES_MAX {
        return Err(Refusal::invalid(
            "fields",
            &format!("must be at most {FIELDS_BYTES_MAX} bytes, got {}", text.len()),
        ));
    }
    json::canonical(text.as_bytes()).map_err(|error| Refusal::invalid("fields", &error.to_string()))
}

/// The members of the object, all of them known.
struct Fields<'a> {
    members: Vec<(Cow<'a, str>, &'a str)>,
}

impl<'a> Fields<'a> {
    fn of(text: &'a JsonText, known: &[&str]) -> Result<Self, Refusal> {
        let Some(members) = text.members() else {
            return Err(Refusal::invalid("fields", &format!("expected an object, got {}", text.kind().as_str())));
        };
        if let Some((unknown, _)) = members.iter().find(|(name, _)| !known.contains(&name.as_ref())) {
            let shown: String = unknown.chars().take(NAME_CHARS_SHOWN).collect();
            return Err(Refusal::invalid(&shown, &format!("unknown member; known are {}", known.join(", "))));
        }
        Ok(Self { members })
    }

    fn raw(&self, name: &str) -> Option<&'a str> {
        self.members.iter().find(|(member, _)| member == name).map(|(_, value)| *value)
    }

    fn value(&self, name: &str) -> Option<JsonText> {
        self.raw(name).map(JsonText::of_canonical)
    }

    fn required<T>(&self, name: &str, value: Option<T>) -> Result<T, Refusal> {
        value.ok_or_else(|| Refusal::invalid(name, "required"))
    }

    /// A string that may be absent.
    fn string(&self, name: &str) -> Result<Option<JsonText>, Refusal> {
        self.value(name).map(|value| non_blank(name, value)).transpose()
    }

    /// A string that may be absent or `null`.
    fn text(&self, name: &str) -> Result<Field, Refusal> {
        match self.value(name) {
            None => Ok(Field::Keep),
            Some(value) if value.is_null() => Ok(Field::Clear),
            Some(value) => non_blank(name, value).map(Field::Set),
        }
    }

    /// Any JSON, as long as its numbers are numbers.
    fn json(&self, name: &str) -> Result<Field, Refusal> {
        match self.value(name) {
            None => Ok(Field::Keep),
            Some(value) if value.is_null() => Ok(Field::Clear),
            Some(value) if value.has_out_of_range_number() => {
                Err(Refusal::invalid(name, "holds a number beyond the range of a double"))
            }
            Some(value) => Ok(Field::Set(value)),
        }
    }

    fn word<T: Copy>(&self, name: &str, legal: &[T], as_str: fn(T) -> &'static str) -> Result<Option<T>, Refusal> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let said = value.as_string_lossy();
        let found = legal.iter().copied().find(|word| said.as_deref() == Some(as_str(*word)));
        found.map(Some).ok_or_else(|| {
            let words: Vec<String> = legal.iter().map(|word| format!("\"{}\"", as_str(*word))).collect();
            Refusal::invalid(name, &format!("expected one of {}", words.join(", ")))
        })
    }

    fn notify(&self) -> Result<NotifyPolicy, Refusal> {
        let word = self.word("notifyPolicy", NotifyPolicy::ALL, NotifyPolicy::as_str)?;
        Ok(word.unwrap_or(NotifyPolicy::DoneOnly))
    }

    fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.raw(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Refusal::invalid(name, "expected a boolean")),
        }
    }

    fn time(&self, name: &str) -> Result<Option<Millis>, Refusal> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let millis = value.as_safe_integer().and_then(|value| i64::try_from(value).ok());
        millis.map(|millis| Some(Millis(millis))).ok_or_else(|| {
            Refusal::invalid(name, "expected milliseconds since 1970: an integer from 0 to 9007199254740991")
        })
    }
}

fn non_blank(name: &str, value: JsonText) -> Result<JsonText, Refusal> {
    if value.kind() != JsonKind::String {
        return Err(Refusal::invalid(name, &format!("expected a string, got {}", value.kind().as_str())));
    }
    let trimmed = value.trimmed();
    if trimmed.is_empty_string() { Err(Refusal::invalid(name, "must not be blank")) } else { Ok(trimmed) }
}
