//! Steps that ask people: the question is written, and the run laid aside until somebody answers it or its time is over.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::result::StepResult;
use super::run::{Run, Wait};
use super::walk::{Place, Went};
use crate::expr::{Text, TextError};
use crate::model::{AskKind, Millis, NewAsk, StepState, is_hidden, visible, visible_json};
use crate::workflow::approvals::{TEXT_MAX_BYTES, excerpt};
use crate::workflow::{Approval, Step, StepPath};

/// Why nobody is asked.
#[derive(Debug, thiserror::Error)]
enum Unasked {
    #[error(transparent)]
    Expression(#[from] TextError),
    #[error(
        "its {what} has {} KiB, and a person is shown at most {}: nobody was asked. Ask about less, or about where it can be read",
        bytes.div_ceil(1 << 10), TEXT_MAX_BYTES >> 10
    )]
    TooLong { what: &'static str, bytes: usize },
}

impl From<Unasked> for StepResult {
    fn from(why: Unasked) -> Self {
        let word = if matches!(why, Unasked::Expression(_)) { "expression" } else { "approval" };
        Self::failed(word, why.to_string())
    }
}

/// Asks for approval; its answer, if there is one.
pub(super) async fn approval(
    run: &Arc<Run>,
    place: &Place,
    step: &Step,
    approval: &Approval,
    path: &StepPath,
) -> Result<StepResult, Went> {
    if let Some(answer) = answered(run, path, AskKind::Approval)? {
        return Ok(answer);
    }
    let ask = match new_approval(run, place, step, approval) {
        Ok(ask) => ask,
        Err(why) => return run.end(path, &step.id, (1, true), why.into(), Vec::new()).await,
    };
    put(run, step, ask, path).await
}

/// Asks for an answer.
pub(super) async fn input(
    run: &Arc<Run>,
    place: &Place,
    step: &Step,
    (prompt, schema, defaults): (&Text, Option<&Value>, Option<&Value>),
    path: &StepPath,
) -> Result<StepResult, Went> {
    if let Some(answer) = answered(run, path, AskKind::Input)? {
        return Ok(answer);
    }
    let rendered = prompt.render(&place.values).map_err(Unasked::from);
    let prompt = match rendered.and_then(|prompt| bounded("prompt", visible(&prompt))) {
        Ok(prompt) => prompt,
        Err(why) => return run.end(path, &step.id, (1, true), why.into(), Vec::new()).await,
    };
    let workflow = place.plan.key();
    let ask = NewAsk {
        id: run.engine.ids.ask(),
        kind: AskKind::Input,
        prompt,
        // It is also what an answer is filled up from, so it stays JSON.
        preview: defaults.map(|defaults| visible_json(&defaults.to_string())),
        approvers: run.engine.kit.rights(workflow).approvers.unwrap_or_default(),
        approvers_of: Some(workflow.to_owned()),
        initiated_by: None,
        not_by: None,
        schema: schema.map(Value::to_string),
        expires_at: until(run, None),
    };
    put(run, step, ask, path).await
}

/// What was answered to a question that was asked before; nothing if it was not.
fn answered(run: &Run, path: &StepPath, kind: AskKind) -> Result<Option<StepResult>, Went> {
    let Some(row) = run.row(path) else { return Ok(None) };
    match (row.state, row.wake_at) {
        (StepState::Ended, _) => Ok(Some(StepResult::of_text(row.result.as_deref()))),
        (StepState::Asked, Some(until)) => {
            let id = row.result.unwrap_or_default();
            let shown = shown(kind, &id, until, None);
            Err(run.wait(Wait { until, ask: Some((id, shown)) }))
        }
        _ => Ok(None),
    }
}

async fn put(run: &Run, step: &Step, ask: NewAsk, path: &StepPath) -> Result<StepResult, Went> {
    let shown = shown(ask.kind, &ask.id, ask.expires_at, Some(&ask.prompt));
    let wait = Wait { until: ask.expires_at, ask: Some((ask.id.clone(), shown)) };
    run.ask(path, &step.id, ask).await?;
    Err(run.wait(wait))
}

/// The flow's `waitJson`.
fn shown(kind: AskKind, id: &str, until: Millis, prompt: Option<&str>) -> Value {
    let mut shown = json!({ "kind": kind.as_str(), "approvalId": id, "expiresAt": until.0 });
    if let Some(prompt) = prompt {
        shown["prompt"] = excerpt(id, prompt, prompt.chars().count() as u64).into();
    }
    shown
}

/// The question, or why nobody is asked it.
fn new_approval(run: &Run, place: &Place, step: &Step, approval: &Approval) -> Result<NewAsk, Unasked> {
    let values = &place.values;
    let render = |text: &Option<Text>| {
        let rendered = text.as_ref().map(|text| text.render(values)).transpose()?;
        Ok::<_, Unasked>(rendered.filter(|text| !text.trim().is_empty()))
    };
    let prompt = render(&approval.prompt)?.unwrap_or_else(|| format!("May {} go on?", step.id));
    let items = approval.items.as_ref().map(|items| items.value(values)).transpose()?;
    let preview = match (render(&approval.preview)?, items) {
        (Some(preview), _) => Some(visible(&preview)),
        (None, items) => items.map(|items| visible_json(&items.to_string())),
    };
    let name = |text: &Option<Text>| {
        let name = render(text)?.map(|name| name.trim().to_owned());
        Ok::<_, Unasked>(name.filter(|name| !name.chars().all(is_hidden)))
    };
    let initiated_by = name(&approval.initiated_by)?;
    let required = name(&approval.required_approver)?;
    let workflow = place.plan.key();
    let list = approval.approvers.clone().or_else(|| run.engine.kit.rights(workflow).approvers);
    let is_written = approval.required_approver.as_ref().and_then(Text::as_plain).is_some();
    // A name that was to be known and is not: a request that leaves it out must not get around it.
    let is_unknown = approval.required_approver.is_some() && required.is_none()
        || approval.require_different_approver && approval.initiated_by.is_some() && initiated_by.is_none();
    let of_operator = approval.approvers.is_none().then(|| workflow.to_owned());
    let (approvers, approvers_of) = match required {
        _ if is_unknown => (Vec::new(), of_operator),
        // Somebody who is required answers alone, if the list knows them. Without a list, an empty one too, a name counts that the file says, and none
        // of a request's.
        Some(only) => match list {
            Some(list) if list.contains(&only) => (vec![only], of_operator),
            None if is_written => (vec![only], None),
            _ => (Vec::new(), of_operator),
        },
        None => (list.unwrap_or_default(), of_operator),
    };
    Ok(NewAsk {
        id: run.engine.ids.ask(),
        kind: AskKind::Approval,
        prompt: bounded("prompt", visible(&prompt))?,
        preview: preview.map(|preview| bounded("preview", preview)).transpose()?,
        approvers,
        approvers_of,
        not_by: initiated_by.clone().filter(|_| approval.require_different_approver),
        initiated_by,
        schema: None,
        expires_at: until(run, approval.expires),
    })
}

/// What a person can be shown whole. Nobody is asked about more than that: whoever approved it would have approved what nobody saw.
fn bounded(what: &'static str, text: String) -> Result<String, Unasked> {
    if text.len() <= TEXT_MAX_BYTES {
        return Ok(text);
    }
    Err(Unasked::TooLong { what, bytes: text.len() })
}

fn until(run: &Run, expires: Option<Duration>) -> Millis {
    let length = expires.unwrap_or(run.engine.kit.settings.approval_expires);
    Millis(run.now().0.saturating_add(i64::try_from(length.as_millis()).unwrap_or(i64::MAX)))
}
