//! Where the commands ask: the gateway that runs on the state folder, or its database when none does.

use std::path::PathBuf;

use anyhow::Result;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::ConfigArgs;
use super::super::webhooks::encoded;
use crate::app;
use crate::config::Workflows;
use crate::workflow::approvals::{Approvals, AskView, Asked};

pub(super) struct Desk {
    state_dir: PathBuf,
    /// Who may answer what, if a config was read.
    workflows: Option<Workflows>,
}

#[derive(Deserialize)]
struct Listed {
    approvals: Vec<AskView>,
}

#[derive(Deserialize)]
struct Link {
    token: String,
}

impl Desk {
    /// With `--state-dir` alone no config is read.
    pub fn new(arguments: &ConfigArgs) -> Result<Self> {
        if let (None, Some(state_dir)) = (&arguments.config, &arguments.state_dir) {
            return Ok(Self { state_dir: state_dir.clone(), workflows: None });
        }
        let config = arguments.load()?;
        Ok(Self { state_dir: config.state_dir, workflows: Some(config.workflows) })
    }

    /// Where people reach the gateway, if the config says so.
    pub fn public_url(&self) -> Option<&str> {
        Some(self.workflows.as_ref()?.public_url.as_ref()?.as_str())
    }

    pub async fn list(&self, all: bool) -> Result<Vec<AskView>> {
        match app::ask_operator::<Listed>(&self.state_dir, &format!("/approvals?all={all}")).await? {
            Some(listed) => Ok(listed.approvals),
            None => Ok(self.beside()?.list(!all)?),
        }
    }

    pub async fn show(&self, id: &str) -> Result<AskView> {
        match app::ask_operator(&self.state_dir, &format!("/approvals/{}", encoded(id))).await? {
            Some(ask) => Ok(ask),
            None => Ok(self.beside()?.show(id)?),
        }
    }

    pub async fn decide(&self, id: &str, name: &str, approve: bool, response: Option<Value>) -> Result<AskView> {
        let body = json!({ "name": name, "approve": approve, "response": response });
        let path = format!("/approvals/{}/decide", encoded(id));
        match app::tell_operator(&self.state_dir, &path, &body, None).await? {
            Some(ask) => Ok(ask),
            None => {
                let said = if approve { Asked::Yes(response) } else { Asked::No };
                Ok(self.beside()?.decide(id, name, said).await?)
            }
        }
    }

    pub async fn link(&self, id: &str, name: &str) -> Result<String> {
        let path = format!("/approvals/{}/link", encoded(id));
        match app::tell_operator::<Link>(&self.state_dir, &path, &json!({ "name": name }), None).await? {
            Some(link) => Ok(link.token),
            None => Ok(self.beside()?.link(id, name)?),
        }
    }

    fn beside(&self) -> Result<Approvals> {
        app::approvals_beside(&self.state_dir, self.workflows.clone())
    }
}
