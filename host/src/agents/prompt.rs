//! What an agent is told: a stranger's words wrapped, the operator's as they are.

use super::external;
use crate::model::{NewRun, Trust};

/// The message of a run, as an agent gets it.
pub(super) fn of(run: &NewRun) -> String {
    match run.trust {
        Trust::Operator => run.message.clone(),
        Trust::External => {
            external::wrapped(&run.id, external::source_of(&run.origin, run.session.as_str()), &run.message)
        }
    }
}
