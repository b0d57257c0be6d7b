//! The desk at which questions are looked at and answered: by the operator's commands and by links, over a gateway that runs or its store alone.

use std::path::Path;

use serde_json::Value;

use super::decision;
use super::shown::AskView;
use super::token::{LinkKey, Linked, TokenError};
use super::who::Who;
use crate::clock::Clock;
use crate::config::Workflows;
use crate::json::value_lossy;
use crate::model::{Answer, Ask, AskKind, AskState};
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
    who: Who,
    /// Who goes on with runs, if they go on in this process.
    engine: Option<Begin>,
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

/// Why a link leads nowhere.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LinkError {
    /// It is none, or its time is over.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Whose it is may not answer any more.
    #[error("{0}")]
    NotYours(String),
    /// The store cannot tell now.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Approvals {
    /// The desk of a state folder. `workflows` say who may answer now, where the config is known.
    pub fn new(store: Store, clock: Clock, state_dir: &Path, workflows: Option<Workflows>) -> std::io::Result<Self> {
        Ok(Self { store, clock, key: LinkKey::open(state_dir)?, who: Who::new(workflows), engine: None })
    }

    /// The same desk over an engine that has started since, which is told of answers.
    #[must_use]
    pub fn going_on_with(self, engine: Begin) -> Self {
        Self { engine: Some(engine), ..self }
    }

    /// The questions that are open, or the last ones of all, each on a line.
    pub fn list(&self, only_open: bool) -> Result<Vec<AskView>, StoreError> {
        Ok(self.store.asks(only_open)?.iter().map(|ask| AskView::listed(ask, self.who.shown(ask))).collect())
    }

    /// One question, whole.
    pub fn show(&self, id: &str) -> Result<AskView, DecideError> {
        Ok(self.view(&self.get(id)?))
    }

    /// A link's token with which this person can answer.
    pub fn link(&self, id: &str, name: &str) -> Result<String, DecideError> {
        let ask = self.open(id)?;
        self.who.may_answer(&ask, name).map_err(DecideError::NotYours)?;
        Ok(self.key.sign(&Linked { ask: ask.id, name: name.to_owned(), expires_at: ask.expires_at.0 }))
    }

    /// What a link's token is for. Looking answers nothing, and shows nothing to who may not answer any more.
    pub fn linked(&self, token: &str) -> Result<(AskView, String), LinkError> {
        let linked = self.key.check(token, self.clock.now())?;
        let ask = self.store.ask(&linked.ask)?.ok_or(TokenError::Unknown)?;
        if ask.state == AskState::Open {
            self.who.may_answer(&ask, &linked.name).map_err(LinkError::NotYours)?;
        }
        Ok((self.view(&ask), linked.name))
    }

    /// Answers as `name`. Whoever calls has made sure who that is. Rejecting is everybody's: nothing runs then.
    pub async fn decide(&self, id: &str, name: &str, said: Asked) -> Result<AskView, DecideError> {
        let ask = self.open(id)?;
        let answer = match said {
            Asked::No => Answer { state: AskState::Rejected, by: Some(name.to_owned()), response: None },
            Asked::Yes(response) => {
                self.who.may_answer(&ask, name).map_err(DecideError::NotYours)?;
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

    fn view(&self, ask: &Ask) -> AskView {
        AskView::of(ask, self.who.shown(ask))
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
