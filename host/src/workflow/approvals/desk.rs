//! The desk at which questions are looked at and answered: by the operator's commands and by links, over a gateway that runs or its store alone.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::decision;
use super::token::{LinkKey, Linked, TokenError};
use crate::clock::Clock;
use crate::json::value_lossy;
use crate::model::{Answer, Ask, AskKind, AskState, Millis};
use crate::store::{AskAnswered, Store, StoreError};
use crate::workflow::engine::Begin;
use crate::workflow::steps::complaint;

/// Longest answer to a question for input, as JSON. It becomes a value of the run.
const RESPONSE_MAX_BYTES: usize = 64 << 10;

/// The desk.
#[derive(Clone)]
pub struct Approvals {
    store: Store,
    clock: Clock,
    key: LinkKey,
    /// Who goes on with runs, if they go on in this process.
    engine: Option<Begin>,
}

/// A question as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AskView {
    /// Its id.
    pub id: String,
    /// `approval` or `input`.
    pub kind: String,
    /// The workflow that asks.
    pub workflow: String,
    /// Its run's flow.
    pub flow_id: String,
    /// `open`, `approved`, `rejected`, `expired`, `void`.
    pub state: String,
    /// The words.
    pub prompt: String,
    /// More to look at.
    pub preview: Option<String>,
    /// Who may answer; nobody if it is empty.
    pub approvers: Vec<String>,
    /// Who may not, whatever the list says.
    pub not_by: Option<String>,
    /// What an answer must look like: a JSON Schema.
    pub schema: Option<Value>,
    /// When it was asked, milliseconds since 1970.
    pub created_at: i64,
    /// When nobody can answer it any more.
    pub expires_at: i64,
    /// Who answered.
    pub decided_by: Option<String>,
}

/// What a person says to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Yes; to a question for input with this JSON.
    Yes(Option<Value>),
    /// No.
    No,
}

/// Why an answer does not count.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DecideError {
    /// There is no such question.
    #[error("there is no question {0}; `sandclaw approvals list` has those that are open")]
    Missing(String),
    /// Somebody answered.
    #[error("this question was answered already: {0}")]
    Decided(AskState),
    /// Its run has gone on without it, or ended.
    #[error("nobody waits for an answer to this any more")]
    Void,
    /// Its time is over.
    #[error("the time of this question is over")]
    Expired,
    /// Somebody else is asked.
    #[error("{0}")]
    NotYours(String),
    /// The answer is no answer to this.
    #[error("{0}")]
    Invalid(String),
    /// The store cannot do it now.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Approvals {
    /// The desk of a state folder. `engine` is told of answers, where there is one.
    pub fn new(store: Store, clock: Clock, state_dir: &Path, engine: Option<Begin>) -> std::io::Result<Self> {
        Ok(Self { store, clock, key: LinkKey::open(state_dir)?, engine })
    }

    /// The same desk over an engine that has started since, which is told of answers.
    #[must_use]
    pub fn going_on_with(self, engine: Begin) -> Self {
        Self { engine: Some(engine), ..self }
    }

    /// The questions that are open, or the last ones of all.
    pub fn list(&self, only_open: bool) -> Result<Vec<AskView>, StoreError> {
        Ok(self.store.asks(only_open)?.iter().map(view).collect())
    }

    /// One question.
    pub fn show(&self, id: &str) -> Result<AskView, DecideError> {
        Ok(view(&self.get(id)?))
    }

    /// A link's token with which this person can answer.
    pub fn link(&self, id: &str, name: &str) -> Result<String, DecideError> {
        let ask = self.open(id)?;
        may_answer(&ask, name)?;
        Ok(self.key.sign(&Linked { ask: ask.id, name: name.to_owned(), expires_at: ask.expires_at.0 }))
    }

    /// What a link's token is for. Looking answers nothing.
    pub fn linked(&self, token: &str) -> Result<(AskView, String), TokenError> {
        let linked = self.key.check(token, self.clock.now())?;
        let ask = self.store.ask(&linked.ask).ok().flatten().ok_or(TokenError::Unknown)?;
        Ok((view(&ask), linked.name))
    }

    /// Answers as `name`. Whoever calls has made sure who that is. Rejecting is everybody's: nothing runs then.
    pub async fn decide(&self, id: &str, name: &str, said: Asked) -> Result<AskView, DecideError> {
        let ask = self.open(id)?;
        let answer = match said {
            Asked::No => Answer { state: AskState::Rejected, by: Some(name.to_owned()), response: None },
            Asked::Yes(response) => {
                may_answer(&ask, name)?;
                let response = response_to(&ask, response)?;
                Answer { state: AskState::Approved, by: Some(name.to_owned()), response }
            }
        };
        let (result, decide) = decision(&ask, &answer, self.clock.now());
        match self.store.answer(&ask.id, answer, result, decide).await? {
            AskAnswered::Done => {}
            AskAnswered::Missing => return Err(DecideError::Missing(id.to_owned())),
            AskAnswered::TooLate(ask) => return Err(too_late(&ask)),
        }
        if let Some(engine) = &self.engine {
            engine.answered();
        }
        self.show(&ask.id)
    }

    fn get(&self, id: &str) -> Result<Ask, DecideError> {
        self.store.ask(id)?.ok_or_else(|| DecideError::Missing(id.chars().take(40).collect()))
    }

    fn open(&self, id: &str) -> Result<Ask, DecideError> {
        let ask = self.get(id)?;
        let is_over = self.clock.now() >= ask.expires_at;
        if ask.state != AskState::Open || is_over { Err(too_late(&ask)) } else { Ok(ask) }
    }
}

fn too_late(ask: &Ask) -> DecideError {
    match ask.state {
        AskState::Open | AskState::Expired => DecideError::Expired,
        AskState::Void => DecideError::Void,
        state => DecideError::Decided(state),
    }
}

fn may_answer(ask: &Ask, name: &str) -> Result<(), DecideError> {
    let no = |why: String| Err(DecideError::NotYours(why));
    if ask.approvers.is_empty() {
        return no(format!(
            "nobody can approve this: it names no approvers. Give the step `approvers`, or the operator workflows.flows[\"{}\"].approvers",
            ask.workflow
        ));
    }
    if !ask.approvers.iter().any(|approver| approver == name) {
        return no(format!("{name} is not asked here; {} may answer", ask.approvers.join(", ")));
    }
    let is_same = |other: &String| other.trim().to_lowercase() == name.trim().to_lowercase();
    if ask.not_by.as_ref().is_some_and(is_same) {
        return no(format!("{name} began this, and another person has to approve it"));
    }
    Ok(())
}

/// The answer to a question for input, as JSON that fits its schema.
fn response_to(ask: &Ask, response: Option<Value>) -> Result<Option<String>, DecideError> {
    if ask.kind == AskKind::Approval {
        return Ok(None);
    }
    let defaults = ask.preview.as_deref().map(value_lossy).unwrap_or_default();
    let mut response = response.unwrap_or(Value::Null);
    match (&mut response, defaults) {
        (Value::Object(said), Value::Object(defaults)) => {
            for (name, value) in defaults {
                said.entry(name).or_insert(value);
            }
        }
        (said @ Value::Null, defaults) => *said = defaults,
        _ => {}
    }
    if let Some(schema) = &ask.schema
        && let Some(wrong) = complaint(&value_lossy(schema), &response)
    {
        return Err(DecideError::Invalid(format!("the answer does not fit: {wrong}")));
    }
    let text = response.to_string();
    if text.len() > RESPONSE_MAX_BYTES {
        return Err(DecideError::Invalid(format!("the answer is longer than {} KiB", RESPONSE_MAX_BYTES >> 10)));
    }
    Ok(Some(text))
}

fn view(ask: &Ask) -> AskView {
    let Millis(created_at) = ask.created_at;
    AskView {
        id: ask.id.clone(),
        kind: ask.kind.as_str().to_owned(),
        workflow: ask.workflow.clone(),
        flow_id: ask.flow.as_str().to_owned(),
        state: ask.state.as_str().to_owned(),
        prompt: ask.prompt.clone(),
        preview: ask.preview.clone(),
        approvers: ask.approvers.clone(),
        not_by: ask.not_by.clone(),
        schema: ask.schema.as_deref().map(value_lossy),
        created_at,
        expires_at: ask.expires_at.0,
        decided_by: ask.decided_by.clone(),
    }
}
