//! What steps work with: everything that the operator configured for them, ready to be used.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::llm::ANSWER_MAX_BYTES;
use crate::agents::Groups;
use crate::agents::openclaw::Gateways;
use crate::auth::secret::{KeptSecret, Resolver, keep_fresh, look_up_all};
use crate::config::{Channels, Config, Llm, WorkflowRights, Workflows};
use crate::limits::Admissions;
use crate::outbound::egress::{Egress, EndpointClient};
use crate::sandbox::StepSlot;
use crate::workflow::Library;

/// Connections to one model that wait for the next question.
const IDLE_MAX: usize = 4;

/// What steps work with.
pub struct Kit {
    /// The workflows as the operator allows them.
    pub settings: Workflows,
    /// Where messages go.
    pub channels: Channels,
    /// Which workflows can be run.
    pub library: Library,
    pub(super) admissions: Admissions,
    pub(super) models: HashMap<String, Model>,
    /// The Gateways whose tools can be called.
    pub(super) gateways: Gateways,
    pub(super) plugins: HashMap<(String, String), Arc<StepSlot>>,
    pub(super) groups: Groups,
    env: HashMap<String, Vec<(String, Arc<KeptSecret>)>>,
    fresh: Option<JoinHandle<()>>,
}

/// A model that can be asked.
pub(super) struct Model {
    pub config: Llm,
    pub client: EndpointClient,
    pub key: Option<Arc<KeptSecret>>,
}

impl Kit {
    /// As the config has it. Looks secrets up, and keeps them fresh. `plugins` are the slots of components, by workflow and file; programs are
    /// started among `groups`.
    pub async fn new(
        config: &Config,
        egress: &Egress,
        resolver: Resolver,
        admissions: Admissions,
        gateways: Gateways,
        plugins: HashMap<(String, String), Arc<StepSlot>>,
        groups: Groups,
    ) -> Self {
        let kept = |place: String, spec: &crate::config::SecretSpec| Arc::new(KeptSecret::new(place, spec.clone()));
        let models: HashMap<String, Model> = config
            .llms
            .iter()
            .map(|(name, llm)| {
                let key = llm.api_key.as_ref().map(|spec| kept(format!("llm.{name}.apiKey"), spec));
                let client = egress.client(llm.allow_private.clone(), llm.timeouts, IDLE_MAX);
                let client = client.keeping(ANSWER_MAX_BYTES);
                (name.clone(), Model { config: llm.clone(), client, key })
            })
            .collect();
        let env: HashMap<String, Vec<(String, Arc<KeptSecret>)>> = config
            .workflows
            .flows
            .iter()
            .map(|(flow, rights)| {
                let variable = |(name, spec): &(String, _)| {
                    (name.clone(), kept(format!("workflows.flows.{flow}.env.{name}"), spec))
                };
                (flow.clone(), rights.env.iter().map(variable).collect())
            })
            .collect();
        let keys = models.values().filter_map(|model| model.key.clone());
        let variables = env.values().flatten().map(|(_, secret)| secret.clone());
        let secrets: Vec<_> = keys.chain(variables).collect();
        look_up_all(&secrets, &resolver).await;
        let fresh = (!secrets.is_empty()).then(|| tokio::spawn(keep_fresh(secrets, resolver, config.secrets.refresh)));
        Self {
            settings: config.workflows.clone(),
            channels: config.channels.clone(),
            library: Library::new(config),
            admissions,
            models,
            gateways,
            plugins,
            groups,
            env,
            fresh,
        }
    }

    /// What a workflow may do.
    pub fn rights(&self, workflow: &str) -> WorkflowRights {
        self.settings.rights(workflow)
    }

    /// The operator's variables for the programs of a workflow; the name of one that has no value now is the error.
    pub(super) fn env(&self, workflow: &str) -> Result<Vec<(String, Arc<secrecy::SecretString>)>, String> {
        let variables = self.env.get(workflow).map(Vec::as_slice).unwrap_or_default();
        variables.iter().map(|(name, secret)| Ok((name.clone(), secret.value().ok_or_else(|| name.clone())?))).collect()
    }
}

impl Drop for Kit {
    fn drop(&mut self) {
        if let Some(fresh) = self.fresh.take() {
            fresh.abort();
        }
    }
}
