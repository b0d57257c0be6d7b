//! From a definition to a [`Plan`]: names first, then step by step in the order in which they run, each with what is known by then. Problems are
//! collected and the walk goes on.

use std::path::Path;

use super::fields::ASKING_FIELDS;
use super::names::Names;
use super::needs::Needs;
use super::plan::{AfterFailure, Call, Plan, Step};
use super::shell::{Given, is_deciding};
use crate::config::ConfigErrors;
use crate::config::workflow::{Data, Definition, Findings, Written};
use crate::expr::{Condition, Reference, Scope, Template, Text};

impl Plan {
    /// Reads and checks a file. Workflows that it calls are not looked for: [`super::Workflows`] does.
    pub fn load(file: &Path) -> Result<Self, ConfigErrors> {
        let (definition, findings) = Definition::load(file)?;
        Self::compile(definition, findings)
    }

    /// Checks a workflow from its text. `file` is what problems name, and tells dialect and name.
    pub fn parse(text: &str, file: &Path) -> Result<Self, ConfigErrors> {
        let (definition, findings) = Definition::parse(text, file)?;
        Self::compile(definition, findings)
    }

    fn compile(definition: Definition, mut findings: Findings) -> Result<Self, ConfigErrors> {
        let names = Names::of(&definition, &mut findings);
        let mut compiler = Compiler {
            names: &names,
            scope: names.scope.clone(),
            findings,
            needs: Needs::default(),
            calls: Vec::new(),
            asks: Vec::new(),
            variables: Vec::new(),
            carrying: Vec::new(),
            stdin_carries: false,
            step: String::new(),
        };
        let env = compiler.env(&definition.env);
        let cwd = definition.cwd.as_ref().map(|cwd| compiler.text(cwd));
        let mut steps = compiler.steps(&definition.steps);
        let Compiler { findings, needs, calls, asks, .. } = compiler;
        steps.iter_mut().for_each(|step| asked_for(step, &asks));
        let warnings = findings.finish()?;
        Ok(Self {
            name: definition.name,
            file: definition.file,
            source: definition.source,
            digest: definition.digest,
            description: definition.description,
            args: definition.args,
            env,
            cwd,
            cost_limit: definition.cost_limit,
            steps,
            needs,
            calls,
            warnings,
        })
    }
}

/// Who asks how a step went.
struct Ask {
    of: String,
    by: String,
    field: String,
}

/// A step whose success somebody asks for does not end the flow when it fails, unless its author says what happens.
fn asked_for(step: &mut Step, asks: &[Ask]) {
    if step.failure == AfterFailure::Stop
        && !step.says_stop
        && let Some(ask) = asks.iter().find(|ask| ask.of == step.id)
    {
        step.failure = AfterFailure::AskedFor { by: ask.by.clone(), field: ask.field.clone() };
    }
    step.inside_mut().iter_mut().for_each(|inside| asked_for(inside, asks));
}

pub(super) struct Compiler<'a> {
    pub names: &'a Names,
    /// What is known where the walk is.
    pub scope: Scope,
    pub findings: Findings,
    pub needs: Needs,
    pub calls: Vec<Call>,
    asks: Vec<Ask>,
    /// Names of the environment that the author gives.
    pub variables: Vec<String>,
    /// Those of them whose value holds a reference.
    pub carrying: Vec<String>,
    /// Whether what the step reads holds one.
    pub stdin_carries: bool,
    /// The id of the step where the walk is.
    pub step: String,
}

impl Compiler<'_> {
    /// Notes what a text asks of other steps.
    pub fn note<'r>(&mut self, references: impl IntoIterator<Item = &'r Reference>) {
        for reference in references {
            if let Some(field) = reference.first_member()
                && ASKING_FIELDS.contains(&field)
                && reference.root() != self.step
            {
                self.asks.push(Ask { of: reference.root().to_owned(), by: self.step.clone(), field: field.to_owned() });
            }
        }
    }

    /// A text; one that is wrong is reported, and empty.
    pub fn text(&mut self, written: &Written) -> Text {
        match Text::parse(&written.text, &self.scope) {
            Ok(text) => {
                self.note(text.references());
                text
            }
            Err(error) => {
                self.findings.problem(&written.at, error.to_string());
                Text::plain("")
            }
        }
    }

    pub fn optional(&mut self, written: Option<&Written>) -> Option<Text> {
        written.map(|written| self.text(written))
    }

    pub fn condition(&mut self, written: &Written) -> Option<Condition> {
        match Condition::parse(&written.text, &self.scope) {
            Ok(condition) => {
                self.note(condition.references());
                Some(condition)
            }
            Err(error) => {
                self.findings.problem(&written.at, error.to_string());
                None
            }
        }
    }

    pub fn template(&mut self, data: &Data) -> Template {
        match data {
            Data::Plain(value) => Template::Plain(value.clone()),
            Data::Text(written) => Template::Text(self.text(written)),
            Data::List(items) => Template::List(items.iter().map(|item| self.template(item)).collect()),
            Data::Map(members) => {
                Template::Map(members.iter().map(|(name, member)| (name.clone(), self.template(member))).collect())
            }
        }
    }

    /// The arguments of a tool, a component or a workflow: an object, if only an empty one.
    pub fn object(&mut self, data: Option<&Data>) -> Template {
        data.map_or_else(|| Template::Map(Vec::new()), |data| self.template(data))
    }

    /// What a command has beside its words.
    pub fn given(&self) -> Given<'_> {
        Given { variables: &self.variables, carrying: &self.carrying, stdin_carries: self.stdin_carries }
    }

    /// An environment; its names are known from here on.
    pub fn env(&mut self, env: &[(String, Written)]) -> Vec<(String, Text)> {
        let mut variables = Vec::new();
        for (name, written) in env {
            let text = self.text(written);
            let carries = text.references().next().is_some();
            if is_deciding(name) && carries {
                let message = format!(
                    "{name} decides which programs run or what they do, so its value cannot come from elsewhere; write it out, or take a name of your own"
                );
                self.findings.problem(&written.at, message);
            }
            self.variables.push(name.clone());
            self.carrying.retain(|known| known != name);
            if carries {
                self.carrying.push(name.clone());
            }
            variables.push((name.clone(), text));
        }
        variables
    }
}
