//! Which workflows can be run: the file is right, and what it needs is granted. Read when a run begins, and again only when a file that was looked
//! at has changed, so that a file that is written anew needs no restart and a wrong one costs each request no more than a right one.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::Workflows;
use super::engine::{Plans, runs_again};
use super::looked::Looked;
use super::plan::{Body, Plan, Step};
use super::steps::{LLM_TASK, MESSAGE};
use crate::config::agents::{Agent, Runner};
use crate::config::{self, Channels, Config, DEFAULT_LLM, GatewayTools, Llm};
use crate::model::AgentId;

/// The endings of workflow files.
const ENDINGS: [&str; 4] = ["yaml", "yml", "json", "lobster"];

/// Why a workflow cannot be run. Every reason, each with what to do.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the workflow `{workflow}` is not ready: {}", reasons.join("; "))]
pub struct NotReady {
    /// Its name.
    pub workflow: String,
    /// What is wrong.
    pub reasons: Vec<String>,
}

/// The workflows of the operator's folder, with what they may do.
pub struct Library {
    settings: config::Workflows,
    channels: Channels,
    llms: BTreeMap<String, Llm>,
    /// Agents that are Gateways whose tools can be called.
    gateways: BTreeSet<AgentId>,
    /// Each with a lock of its own: whoever needs one that is being read waits for that, and nobody else does.
    read: Mutex<HashMap<String, Arc<Mutex<Option<Read>>>>>,
}

/// What is known of a workflow, that it is wrong included.
struct Read {
    /// Its own file, the names that it could have too, and the workflows that it calls.
    looked: Looked,
    plans: Result<Arc<Plans>, NotReady>,
}

impl NotReady {
    pub(super) fn one(workflow: &str, reason: &str) -> Self {
        Self { workflow: workflow.to_owned(), reasons: vec![reason.to_owned()] }
    }
}

impl Library {
    /// The workflows that the config tells of.
    pub fn new(config: &Config) -> Self {
        let is_gateway = |agent: &&Agent| matches!(&agent.runner, Runner::OpenClaw(it) if it.gateway_token.is_some());
        let gateways = config.agents.list.iter().filter(is_gateway).map(|agent| agent.id.clone()).collect();
        Self {
            settings: config.workflows.clone(),
            channels: config.channels.clone(),
            llms: config.llms.clone(),
            gateways,
            read: Mutex::default(),
        }
    }

    /// The workflow of this name. Looks at files, and so is for threads that may wait.
    pub fn get(&self, name: &str) -> Result<Arc<Plans>, NotReady> {
        let mut all = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let read = all.entry(name.to_owned()).or_default().clone();
        drop(all);
        let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = read.as_ref().filter(|known| known.looked.is_unchanged()) {
            return known.plans.clone();
        }
        let fresh = read.insert(self.look(name));
        fresh.plans.clone()
    }

    /// A file anywhere, under its own name.
    pub fn file(&self, file: &Path) -> Result<Arc<Plans>, NotReady> {
        let name = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        self.load(name, file, &mut Looked::default())
    }

    /// What would keep runs of this workflow from beginning or from going on, each in a sentence; nothing if it can be run.
    pub fn trouble(&self, name: &str) -> Vec<String> {
        match self.get(name) {
            Ok(plans) => {
                let all = [(name, &plans.root)]
                    .into_iter()
                    .chain(plans.called.iter().map(|(name, plan)| (name.as_str(), plan)));
                let repeats = all.flat_map(|(name, plan)| self.not_repeatable(name, plan));
                self.unanswered(name, &plans.root).into_iter().chain(repeats).collect()
            }
            Err(why) => vec![why.to_string()],
        }
    }

    fn look(&self, name: &str) -> Read {
        let candidates: Vec<PathBuf> =
            ENDINGS.iter().map(|ending| self.settings.dir.join(format!("{name}.{ending}"))).collect();
        let mut looked = Looked::default();
        candidates.iter().for_each(|file| looked.note(file));
        let plans = match candidates.iter().find(|file| file.is_file()) {
            Some(file) => self.load(name, file, &mut looked),
            None => {
                let first = candidates[0].display();
                Err(NotReady::one(name, &format!("there is no {first}; write it, or set workflows.dir")))
            }
        };
        Read { looked, plans }
    }

    fn load(&self, name: &str, file: &Path, looked: &mut Looked) -> Result<Arc<Plans>, NotReady> {
        let not_ready = |reasons| NotReady { workflow: name.to_owned(), reasons };
        let (root, all) = Workflows::load_noting(file, looked)
            .map_err(|errors| not_ready(errors.iter().map(ToString::to_string).collect()))?;
        let called: BTreeMap<String, Arc<Plan>> = all
            .iter()
            .filter(|(other, _)| *other != name)
            .map(|(name, plan)| (name.to_owned(), plan.clone()))
            .collect();
        let mut reasons = self.lacking(name, &root);
        called.iter().for_each(|(name, plan)| reasons.extend(self.lacking(name, plan)));
        if !reasons.is_empty() {
            return Err(not_ready(reasons));
        }
        self.warn(name, &root);
        Ok(Arc::new(Plans { root, called }))
    }

    /// What a workflow needs and was not granted, as lines to add.
    fn lacking(&self, name: &str, plan: &Plan) -> Vec<String> {
        let rights = self.settings.rights(name);
        let mut lacking = Vec::new();
        if plan.needs.commands && !rights.command {
            lacking.push(format!(
                "`{name}` runs commands, which the operator grants: add workflows.flows[\"{name}\"].grants: [\"command\"]"
            ));
        }
        for tool in &plan.needs.tools {
            match tool.as_str() {
                MESSAGE => {}
                tool if rights.tools.as_ref().is_some_and(|tools| tools.allow.iter().any(|it| it == tool)) => {
                    lacking.extend(self.lacking_gateway(name, rights.tools.as_ref()));
                }
                LLM_TASK => {
                    let llm = rights.llm.as_deref().unwrap_or(DEFAULT_LLM);
                    if !self.llms.contains_key(llm) {
                        lacking.push(format!(
                            "`{name}` asks a model: add llm: {{ \"{llm}\": {{ model: \"…\", apiKey: … }} }}"
                        ));
                    }
                }
                other => lacking.push(format!(
                    "`{name}` uses the tool `{other}`, which is not {MESSAGE} or {LLM_TASK}: to call it at an OpenClaw Gateway, add \
                     workflows.flows[\"{name}\"].tools: {{ via: \"<agent>\", allow: [\"{other}\"] }}"
                )),
            }
        }
        for file in plan.needs.plugins.iter().filter(|file| !rights.plugins.contains_key(*file)) {
            lacking.push(format!(
                "`{name}` runs the component {file}: add workflows.flows[\"{name}\"].plugins: {{ \"{file}\": {{ grants: […] }} }}"
            ));
        }
        lacking
    }

    /// Steps that ask, and that nobody is asked by.
    fn unanswered(&self, name: &str, plan: &Plan) -> Vec<String> {
        let others = self.settings.rights(name).approvers.unwrap_or_default();
        let is_for_nobody = |step: &&Step| match (&step.approval, &step.body) {
            (Some(approval), _) if approval.required_approver.is_some() => false,
            (Some(approval), _) => approval.approvers.as_ref().unwrap_or(&others).is_empty(),
            (None, Body::Input { .. }) => others.is_empty(),
            (None, _) => false,
        };
        let told = |step: &Step| {
            format!(
                "nobody can answer what the step `{}` of `{name}` asks: it names no approvers. Give the step `approvers`, or add \
                 workflows.flows[\"{name}\"].approvers: [\"…\"]",
                step.id
            )
        };
        plan.steps.iter().filter(is_for_nobody).map(told).collect()
    }

    /// Components that a crash may cut off for good, because what they were granted lets them do something else the second time.
    fn not_repeatable(&self, name: &str, plan: &Plan) -> Vec<String> {
        let rights = self.settings.rights(name);
        let told = |step: &Step| match &step.body {
            Body::Plugin { file, .. } if !runs_again(step, &rights) => Some(format!(
                "the step `{}` of `{name}` runs {file}, which may make changes and is granted clock or random: run again it could make others, so if a \
                 crash cuts it off it fails as interrupted. Where two changes do no harm, give the step retry: {{ max: 1, safe: true }}",
                step.id
            )),
            _ => None,
        };
        plan.steps.iter().flat_map(|step| std::iter::once(step).chain(step.inside())).filter_map(told).collect()
    }

    fn lacking_gateway(&self, name: &str, tools: Option<&GatewayTools>) -> Option<String> {
        let via = &tools.filter(|tools| !self.gateways.contains(&tools.via))?.via;
        Some(format!(
            "`{name}` calls tools via the agent {via}, which needs runner: \"openclaw\" and a gatewayToken under agents.{via}"
        ))
    }

    fn warn(&self, name: &str, plan: &Plan) {
        for warning in self.unanswered(name, plan) {
            tracing::warn!("{warning}");
        }
        for warning in &plan.warnings {
            tracing::warn!("{warning}");
        }
        for channel in plan.needs.channels.iter().filter(|channel| !self.channels.has(channel)) {
            tracing::warn!(
                "the workflow `{name}` sends to {channel}, and there is no such channel: add channels: {{ \"{channel}\": {{ url: \"…\" }} }}"
            );
        }
        if plan.cost_limit.is_some() {
            tracing::warn!("the workflow `{name}` has a cost_limit, which is not looked at: nothing here knows prices");
        }
    }
}
