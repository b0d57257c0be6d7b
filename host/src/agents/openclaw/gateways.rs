//! The Gateways of all agents: one each, whoever asks it, and its tokens are looked up once.

use std::collections::HashMap;
use std::sync::Arc;

use tokio_util::task::AbortOnDropHandle;

use super::Gateway;
use crate::auth::secret::{Resolver, keep_fresh, look_up_all};
use crate::config::Config;
use crate::config::agents::{Agent, Runner};
use crate::model::AgentId;
use crate::outbound::egress::Egress;

/// The Gateways, by their agents. Cheap to clone; the last one that goes ends the upkeep of the tokens.
#[derive(Clone)]
pub struct Gateways {
    by_agent: Arc<HashMap<AgentId, Arc<Gateway>>>,
    _fresh: Option<Arc<AbortOnDropHandle<()>>>,
}

impl Gateways {
    /// As the config has them. Looks the tokens up, and keeps them fresh.
    pub async fn start(config: &Config, egress: &Egress, resolver: &Resolver) -> Self {
        let gateway = |agent: &Agent| match &agent.runner {
            Runner::OpenClaw(runner) => {
                let place = format!("agents.{}", agent.id);
                Some((agent.id.clone(), Arc::new(Gateway::new(runner.clone(), &place, egress.clone()))))
            }
            _ => None,
        };
        let by_agent: HashMap<_, _> = config.agents.list.iter().filter_map(gateway).collect();
        let secrets: Vec<_> = by_agent.values().flat_map(|gateway| gateway.secrets()).collect();
        look_up_all(&secrets, resolver).await;
        let fresh = (!secrets.is_empty()).then(|| {
            let upkeep = keep_fresh(secrets, resolver.clone(), config.secrets.refresh);
            Arc::new(AbortOnDropHandle::new(tokio::spawn(upkeep)))
        });
        Self { by_agent: Arc::new(by_agent), _fresh: fresh }
    }

    /// The Gateway of this agent, if its runner is one.
    pub fn of(&self, agent: &AgentId) -> Option<&Arc<Gateway>> {
        self.by_agent.get(agent)
    }
}
