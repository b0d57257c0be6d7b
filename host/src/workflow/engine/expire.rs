//! Questions whose time is over: nobody answered, which is an answer too.

use std::sync::Arc;

use super::Shared;
use crate::model::{Answer, AskState};
use crate::workflow::approvals::decision;

/// Answers every question whose time is over.
pub(super) async fn overdue(engine: &Arc<Shared>) {
    let now = engine.clock.now();
    let open = match engine.store.asks(true) {
        Ok(open) => open,
        Err(error) => return tracing::error!("open questions cannot be read: {error}"),
    };
    for ask in open.into_iter().filter(|ask| ask.expires_at <= now) {
        let answer = Answer { state: AskState::Expired, by: None, response: None };
        let (result, decide) = decision(&ask, &answer, now);
        if let Err(error) = engine.store.answer(&ask.id, answer, result, decide).await {
            tracing::error!(approval = ask.id, "a question whose time is over cannot be closed: {error}");
        } else {
            engine.changed();
        }
    }
}
