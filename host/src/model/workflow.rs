//! Runs of workflows and what they ask people, as they are kept. What a step means is the `workflow` room's business.

use super::words::words;
use super::{Digest, Flow, FlowId, Millis, NewEvent, SessionKey};

words! {
    /// What a run asks a person for.
    AskKind {
        /// Whether it may go on.
        Approval = "approval",
        /// What it is to go on with.
        Input = "input",
    }
}

words! {
    /// Where a question stands.
    AskState {
        /// Nobody has answered.
        Open = "open",
        /// Yes, or an answer.
        Approved = "approved",
        /// No.
        Rejected = "rejected",
        /// Its time ran out.
        Expired = "expired",
        /// The run ended before anybody answered.
        Void = "void",
    }
}

words! {
    /// Where a step that was begun stands.
    StepState {
        /// Begun. After a crash: it may have run.
        Started = "started",
        /// It failed and is tried again at a time.
        Again = "again",
        /// It asked a person and waits.
        Asked = "asked",
        /// It has a result.
        Ended = "ended",
    }
}

/// A run that is to be begun.
#[derive(Clone, Debug)]
pub struct NewWorkflowRun {
    /// Its flow, new.
    pub flow: Flow,
    /// The workflow's name.
    pub workflow: String,
    /// Of the definition's text.
    pub definition: Digest,
    /// The definition.
    pub text: String,
    /// What it is begun with: a JSON value.
    pub input: String,
}

/// A run that somebody carries out.
#[derive(Clone, Debug)]
pub struct ClaimedWorkflow {
    /// Its flow.
    pub flow: FlowId,
    /// The session that the flow belongs to.
    pub owner: SessionKey,
    /// The workflow's name.
    pub workflow: String,
    /// The text it was begun with.
    pub text: String,
    /// What it was begun with: a JSON value.
    pub input: String,
    /// When it was begun.
    pub created_at: Millis,
    /// Fences whoever carries it out.
    pub lease: i64,
    /// Whether somebody wants it cancelled.
    pub is_to_end: bool,
    /// The steps that were begun, by their paths.
    pub steps: Vec<StepRow>,
}

/// A step that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRow {
    /// Where it stands in its run.
    pub path: String,
    /// Its id in its workflow.
    pub id: String,
    /// How often it was begun, crashes not counted.
    pub attempt: u32,
    /// Where it stands.
    pub state: StepState,
    /// Whether it may be begun again when it is not known whether it ran.
    pub is_safe: bool,
    /// When the next attempt is due.
    pub wake_at: Option<Millis>,
    /// What came of it: a JSON object.
    pub result: Option<String>,
}

/// What is to be written of a run, in one transaction.
#[derive(Clone, Debug, Default)]
pub struct RunRecord {
    /// The step that is written, if one is.
    pub step: Option<StepRow>,
    /// A question that the step asks.
    pub ask: Option<NewAsk>,
    /// Events that the step raises.
    pub events: Vec<NewEvent>,
}

/// A question that is to be asked.
#[derive(Clone, Debug)]
pub struct NewAsk {
    /// Its id.
    pub id: String,
    /// What for.
    pub kind: AskKind,
    /// The words.
    pub prompt: String,
    /// More to look at.
    pub preview: Option<String>,
    /// Who may answer.
    pub approvers: Vec<String>,
    /// The workflow whose operator's list they are from; nothing if the file names them.
    pub approvers_of: Option<String>,
    /// Who began it, if that is known.
    pub initiated_by: Option<String>,
    /// Who may not answer.
    pub not_by: Option<String>,
    /// What an answer must look like: a JSON schema.
    pub schema: Option<String>,
    /// When nobody can answer it any more.
    pub expires_at: Millis,
}

/// A question as it is stored.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Its id.
    pub id: String,
    /// The flow that waits for it.
    pub flow: FlowId,
    /// The session that the flow belongs to.
    pub owner: SessionKey,
    /// The step that asks.
    pub path: String,
    /// What for.
    pub kind: AskKind,
    /// The workflow's name.
    pub workflow: String,
    /// Where it stands.
    pub state: AskState,
    /// The words. In a list of questions their beginning.
    pub prompt: String,
    /// How many characters all of them have.
    pub prompt_chars: u64,
    /// More to look at. In a list its beginning.
    pub preview: Option<String>,
    /// How many characters all of it has.
    pub preview_chars: u64,
    /// Who was asked. Of an operator's list only those can answer who are on it still.
    pub approvers: Vec<String>,
    /// The workflow whose operator's list that is; nothing if the file names them.
    pub approvers_of: Option<String>,
    /// Who began the run, if that is known.
    pub initiated_by: Option<String>,
    /// Who may not answer.
    pub not_by: Option<String>,
    /// What an answer must look like.
    pub schema: Option<String>,
    /// What was answered: a JSON value.
    pub response: Option<String>,
    /// When it was asked.
    pub created_at: Millis,
    /// When nobody can answer it any more.
    pub expires_at: Millis,
    /// When it was answered.
    pub decided_at: Option<Millis>,
    /// Who answered.
    pub decided_by: Option<String>,
}

/// An answer to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// `Approved`, `Rejected` or `Expired`.
    pub state: AskState,
    /// Who answers; nobody if its time ran out.
    pub by: Option<String>,
    /// What is answered: a JSON value.
    pub response: Option<String>,
}
