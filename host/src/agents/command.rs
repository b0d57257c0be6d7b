//! The runner `command`: a program for each run, told the message on its standard input; what it prints is the answer. It gets an argument
//! list and never a shell, and of the environment only what the operator named. It and its children end with the run.

mod process;
mod talk;

use std::pin::Pin;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use self::process::{Exit, Stopped};
use super::Groups;
use super::runner::{Job, Runs, Telling};
use crate::auth::secret::KeptSecret;
use crate::config::Env;
use crate::config::agents::{CommandRunner, Stdin};
use crate::model::{AgentId, RunEnd, RunState};

/// What every program inherits: where programs and homes are, and in which language it is to speak.
const BASE: [&str; 3] = ["PATH", "HOME", "LANG"];

/// A value of the environment that is shorter is more often a word than a secret, and taking it out would garble the text.
const SECRET_MIN_BYTES: usize = 8;

/// The runner of one agent.
pub(super) struct Command {
    config: CommandRunner,
    inherited: Vec<(String, String)>,
    secrets: Vec<(String, Arc<KeptSecret>)>,
    groups: Groups,
}

impl Command {
    /// As the config has it; its programs are started among `groups`.
    pub fn new(agent: &AgentId, config: CommandRunner, env: &Env, groups: Groups) -> Self {
        let names = BASE.iter().copied().chain(config.pass_env.iter().map(String::as_str));
        let inherited = names.filter_map(|name| Some((name.to_owned(), env.get(name)?))).collect();
        let secret = |(name, spec): &(String, _)| {
            let place = format!("agents.{agent}.env.{name}");
            (name.clone(), Arc::new(KeptSecret::new(place, Clone::clone(spec))))
        };
        let secrets = config.env.iter().map(secret).collect();
        Self { config, inherited, secrets, groups }
    }

    /// The values that it needs, to be looked up and kept fresh.
    pub fn secrets(&self) -> impl Iterator<Item = Arc<KeptSecret>> + '_ {
        self.secrets.iter().map(|(_, secret)| secret.clone())
    }

    async fn carry_out(&self, job: Job) -> RunEnd {
        let env = match self.environment(&job) {
            Ok(env) => env,
            Err(why) => return failed(why),
        };
        let secrets = self.hidden(&env);
        let input = self.input(&job).into_bytes();
        let said = match process::run(&self.groups, &self.config, env, input, job.timeout, &job.stop).await {
            Ok(said) => said,
            Err(why) => return failed(why),
        };
        let reply = Some(said.reply).filter(|reply| !reply.is_empty());
        let (state, error) = match said.exit {
            Exit::Ended(status) if status.success() => (RunState::Succeeded, None),
            Exit::Ended(status) => {
                let errors = said.errors.into_line(&secrets);
                let tail = if errors.is_empty() { String::new() } else { format!(": {errors}") };
                (RunState::Failed, Some(format!("the program ended with {status}{tail}")))
            }
            Exit::Stopped(Stopped::TimedOut) => {
                (RunState::TimedOut, Some(format!("not ended after {} s", job.timeout.as_secs())))
            }
            Exit::Stopped(Stopped::Cancelled) => (RunState::Cancelled, Some("cancelled on request".to_owned())),
            Exit::Stopped(Stopped::Flooded) => {
                (RunState::Failed, Some("the program wrote more than 64 MiB and was stopped".to_owned()))
            }
        };
        RunEnd { state, reply, error, model: None, usage: None }
    }

    /// Everything that the program sees of its environment.
    fn environment(&self, job: &Job) -> Result<Vec<(String, SecretString)>, String> {
        let plain = |name: &str, value: &str| (name.to_owned(), SecretString::from(value));
        let mut env: Vec<_> = self.inherited.iter().map(|(name, value)| plain(name, value)).collect();
        env.push(plain("SANDCLAW_RUN_ID", job.run.as_str()));
        env.push(plain("SANDCLAW_AGENT_ID", job.agent.as_str()));
        env.push(plain("SANDCLAW_ATTEMPT", &job.attempt.to_string()));
        // No variable can hold a NUL; a session key may.
        if !job.session.as_str().contains('\0') {
            env.push(plain("SANDCLAW_SESSION_KEY", job.session.as_str()));
        }
        for (name, secret) in &self.secrets {
            let value =
                secret.value().ok_or_else(|| format!("env.{name} of the agent has no value: it cannot be resolved"))?;
            if value.expose_secret().contains('\0') {
                return Err(format!("env.{name} of the agent holds a NUL character, which no variable can"));
            }
            env.push((name.clone(), SecretString::clone(&value)));
        }
        Ok(env)
    }

    /// Values that are nobody's but the program's. What it complains of stands in logs and goes out with events.
    fn hidden(&self, env: &[(String, SecretString)]) -> Vec<SecretString> {
        let is_own = |name: &str| {
            self.config.env.iter().any(|(own, _)| own == name)
                || self.config.pass_env.iter().any(|passed| passed == name) && !BASE.contains(&name)
        };
        let own = env.iter().filter(|(name, value)| is_own(name) && value.expose_secret().len() >= SECRET_MIN_BYTES);
        own.map(|(_, value)| value.clone()).collect()
    }

    fn input(&self, job: &Job) -> String {
        match self.config.stdin {
            Stdin::Message => job.prompt.clone(),
            Stdin::Json => json!({
                "runId": job.run.as_str(),
                "agentId": job.agent.as_str(),
                "sessionKey": job.session.as_str(),
                "sessionMode": job.mode.as_str(),
                "kind": if job.is_wake { "wake" } else { "message" },
                "message": job.prompt,
                "options": job.options,
                "attempt": job.attempt,
                "timeoutSeconds": job.timeout.as_secs(),
            })
            .to_string(),
        }
    }
}

impl Runs for Command {
    fn run<'a>(&'a self, job: Job, _telling: Telling) -> Pin<Box<dyn Future<Output = RunEnd> + Send + 'a>> {
        Box::pin(self.carry_out(job))
    }
}

fn failed(why: String) -> RunEnd {
    RunEnd::without_reply(RunState::Failed, why)
}

#[cfg(test)]
mod tests;
