//! One step of the walk: its texts with what is known before it, its approval with its own result too, and then its name for those that follow.

use std::time::Duration;

use super::compile::Compiler;
use super::fields;
use super::plan::{AfterFailure, Approval, Body, Call, ForEach, Step};
use super::shell::{Argv, ShellLine};
use super::steps::LLM_TASK;
use crate::config::workflow::{ApprovalDefinition, BodyDefinition, Data, OnError, Spot, StepDefinition, Written};
use crate::expr::{Shape, Template};

/// The tool whose channels are looked at.
const MESSAGE: &str = "message";

impl Compiler<'_> {
    /// Steps that run one after the other.
    pub fn steps(&mut self, definitions: &[StepDefinition]) -> Vec<Step> {
        let mut steps = Vec::new();
        for (at, definition) in definitions.iter().enumerate() {
            let step = self.one(definition, at + 1);
            self.scope.add(&step.id, shape(&step.body));
            steps.push(step);
        }
        steps
    }

    fn one(&mut self, definition: &StepDefinition, number: usize) -> Step {
        let id = self.names.id(definition).to_owned();
        let around = std::mem::replace(&mut self.step, id.clone());
        let around_variables = (self.variables.clone(), self.carrying.clone());
        let when = definition.when.as_ref().and_then(|when| self.condition(when));
        let env = self.env(&definition.env);
        let cwd = self.optional(definition.cwd.as_ref());
        let stdin = definition.stdin.as_ref().map(|stdin| self.template(stdin));
        self.stdin_carries = stdin.as_ref().is_some_and(|stdin| !stdin.references().is_empty());
        let body = self.body(&definition.body);
        let approval = definition.approval.as_ref().map(|approval| {
            // It is asked after the step's own body, and shows what came of that.
            let before = self.scope.clone();
            if !matches!(body, Body::Approval) {
                self.scope.add(&id, shape(&body));
            }
            let approval = self.approval(approval);
            self.scope = before;
            approval
        });
        self.needs.people |= approval.is_some() || matches!(body, Body::Input { .. });
        (self.variables, self.carrying) = around_variables;
        self.step = around;
        Step {
            id,
            number,
            line: definition.at.line,
            body,
            approval,
            when,
            failure: AfterFailure::written(definition.on_error),
            says_stop: definition.on_error == Some(OnError::Stop),
            retry: definition.retry,
            timeout: definition.timeout_ms.map(milliseconds),
            env,
            stdin,
            cwd,
        }
    }

    fn body(&mut self, definition: &BodyDefinition) -> Body {
        match definition {
            BodyDefinition::None => Body::Approval,
            BodyDefinition::Shell(line) => self.shell(line),
            BodyDefinition::Argv(words) => self.argv(words),
            BodyDefinition::Tool { tool, args } => {
                if tool.text == LLM_TASK {
                    self.llm_args(args.as_ref());
                }
                let args = self.object(args.as_ref());
                self.needs.tools.insert(tool.text.clone());
                if tool.text == MESSAGE
                    && let Some(Template::Text(channel)) = args.member("channel")
                    && let Some(channel) = channel.as_plain()
                {
                    self.needs.channels.insert(channel.to_owned());
                }
                Body::Tool { tool: tool.text.clone(), args }
            }
            BodyDefinition::Plugin { file, args } => {
                self.needs.plugins.insert(file.text.clone());
                Body::Plugin { file: file.text.clone(), args: self.object(args.as_ref()) }
            }
            BodyDefinition::Workflow { name, args } => {
                let called = without_extension(&name.text).to_owned();
                self.needs.workflows.insert(called.clone());
                self.calls.push(Call { name: called.clone(), at: name.at.clone() });
                Body::Workflow { name: called, args: self.object(args.as_ref()) }
            }
            BodyDefinition::Parallel { any, timeout_ms, branches } => {
                // No branch knows another: they run at the same time.
                let branches: Vec<Step> =
                    branches.iter().enumerate().map(|(at, branch)| self.one(branch, at + 1)).collect();
                for branch in &branches {
                    self.scope.add(&branch.id, shape(&branch.body));
                }
                Body::Parallel { any: *any, timeout: timeout_ms.map(milliseconds), branches }
            }
            BodyDefinition::ForEach { over, at, item_var, index_var, batch_size, pause_ms, steps } => {
                let over = self.list(over, at);
                let before = self.scope.clone();
                self.scope.add(item_var, Shape::Any);
                self.scope.add(index_var, Shape::Plain);
                let steps = self.steps(steps);
                self.scope = before;
                for step in &steps {
                    let why =
                        format!("belongs to one item of `{}`; what came of all is in `${}.json`", self.step, self.step);
                    self.scope.refuse(&step.id, &why);
                }
                Body::ForEach(Box::new(ForEach {
                    over,
                    item_var: item_var.clone(),
                    index_var: index_var.clone(),
                    batch_size: usize::try_from(*batch_size).unwrap_or(1),
                    pause: milliseconds(*pause_ms),
                    steps,
                }))
            }
            BodyDefinition::Input { prompt, schema, defaults } => {
                Body::Input { prompt: self.text(prompt), schema: schema.clone(), defaults: defaults.clone() }
            }
        }
    }

    fn shell(&mut self, line: &Written) -> Body {
        self.needs.commands = true;
        match ShellLine::parse(&line.text, &self.scope, &self.given()) {
            Ok(shell) => {
                self.note(shell.references());
                Body::Shell(shell)
            }
            Err(error) => {
                self.findings.problem(&line.at, error.to_string());
                Body::Approval
            }
        }
    }

    fn argv(&mut self, words: &[Written]) -> Body {
        self.needs.commands = true;
        let at = words.first().map(|word| word.at.clone());
        let words = words.iter().map(|word| self.text(word)).collect();
        match (Argv::new(words, &self.given()), at) {
            (Ok(argv), _) => Body::Argv(argv),
            (Err(error), Some(at)) => {
                self.findings.problem(&at, error.to_string());
                Body::Approval
            }
            (Err(_), None) => Body::Approval,
        }
    }

    fn list(&mut self, over: &Data, at: &Spot) -> Template {
        let template = self.template(over);
        let is_text =
            matches!(&template, Template::Text(text) if text.as_formula().is_none() && text.as_plain() != Some(""));
        if is_text {
            self.findings.problem(at, "must be one reference to a list, such as `$fetch.json`, with no text around it");
        }
        template
    }

    fn approval(&mut self, definition: &ApprovalDefinition) -> Approval {
        Approval {
            prompt: self.optional(definition.prompt.as_ref()),
            items: definition.items.as_ref().map(|items| self.template(items)),
            preview: self.optional(definition.preview.as_ref()),
            initiated_by: self.optional(definition.initiated_by.as_ref()),
            required_approver: self.optional(definition.required_approver.as_ref()),
            require_different_approver: definition.require_different_approver,
            approvers: definition.approvers.clone(),
            expires: definition.expires_ms.map(milliseconds),
        }
    }
}

/// What is known of a step's result before it has run.
fn shape(body: &Body) -> Shape {
    fields::step(match body {
        Body::Tool { .. } | Body::Plugin { .. } | Body::Workflow { .. } | Body::Parallel { .. } => Some("json"),
        Body::Input { .. } => Some("response"),
        // What a program prints may be anything: whoever takes it for JSON says so.
        Body::Shell(_) | Body::Argv(_) | Body::ForEach(_) | Body::Approval => None,
    })
}

/// Lobster calls a workflow by its file.
fn without_extension(name: &str) -> &str {
    [".lobster", ".yaml", ".yml", ".json"].iter().find_map(|extension| name.strip_suffix(extension)).unwrap_or(name)
}

fn milliseconds(count: u32) -> Duration {
    Duration::from_millis(count.into())
}
