//! Questions whose time is over: nobody answered, which is an answer too.

use std::sync::Arc;

use super::Shared;
use crate::model::{Answer, AskState, Millis};
use crate::store::patience::until_stored;
use crate::store::{AskAnswered, StoreError};
use crate::workflow::approvals::decision;

/// Answers every question whose time is over.
pub(super) async fn overdue(engine: &Arc<Shared>) {
    let now = engine.clock.now();
    let answer = || some(engine, now);
    while let Some(1..) = until_stored(&engine.draining, "questions whose time is over cannot be closed", answer).await
    {
        engine.changed();
    }
}

/// Answers some of them. Returns for how many that counted: a person may have been faster.
async fn some(engine: &Shared, now: Millis) -> Result<usize, StoreError> {
    let asks = engine.store.overdue_asks(now)?;
    let mut expired = 0;
    for ask in &asks {
        let answer = Answer { state: AskState::Expired, by: None, response: None };
        let (result, decide) = decision(ask, &answer, now);
        if let AskAnswered::Done = engine.store.answer(&ask.id, answer, result, decide).await? {
            expired += 1;
        }
    }
    Ok(expired)
}
