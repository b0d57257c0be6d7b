//! What the agent tells and asks while it works on an answer. Read member by member and not by the library's types: an agent that is newer
//! than they are, or laxer, is to be understood as far as it can be.

use std::fmt::Debug;
use std::sync::Arc;

use agent_client_protocol::v1::schema::CLIENT_METHOD_NAMES;
use agent_client_protocol::{Agent, ConnectionTo, Dispatch, Error, HandleDispatchFrom, Handled};
use serde_json::json;

use super::heard::Heard;
use super::permission::Policy;
use crate::config::agents::AcpRunner;

/// Hears everything, and never waits: the next message is read when this has returned.
pub(super) struct Listener {
    pub heard: Arc<Heard>,
    pub config: Arc<AcpRunner>,
}

impl HandleDispatchFrom<Agent> for Listener {
    async fn handle_dispatch_from(
        &mut self,
        message: Dispatch,
        _: ConnectionTo<Agent>,
    ) -> Result<Handled<Dispatch>, Error> {
        match message {
            Dispatch::Request(asked, answer) if asked.method() == CLIENT_METHOD_NAMES.session_request_permission => {
                let outcome = Policy(&self.config.allow).permit(&self.heard, asked.params());
                answer.respond(json!({"outcome": outcome}))?;
            }
            // Files and terminals of ours.
            Dispatch::Request(_, answer) => answer.respond_with_error(Error::method_not_found())?,
            Dispatch::Notification(told) if told.method() == CLIENT_METHOD_NAMES.session_update => {
                self.heard.take(&told.params()["update"]);
            }
            // Claimed all the same: the library keeps what nobody wants for those who come later.
            Dispatch::Notification(_) => {}
            Dispatch::Response(..) => return Ok(Handled::No { message, retry: false }),
        }
        Ok(Handled::Yes)
    }

    fn describe_chain(&self) -> impl Debug {
        "sandclaw"
    }
}
