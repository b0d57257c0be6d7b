//! What a step says to a model, looked at when its file is read. The file's author chooses model and task; a value that a request brings is what
//! the task is about, and has its own place.

use super::compile::Compiler;
use crate::config::workflow::{Data, Written};
use crate::expr::Text;

impl Compiler<'_> {
    /// Refuses a model that a value names, and warns of values where a model takes orders.
    pub(super) fn llm_args(&mut self, args: Option<&Data>) {
        let Some(Data::Map(members)) = args else { return };
        for (name, member) in members {
            let mut written = Vec::new();
            texts(member, &mut written);
            for text in written {
                let Some(reference) = self.first_reference(text) else { continue };
                match name.as_str() {
                    "model" => self.findings.problem(
                        &text.at,
                        format!(
                            "is named by `{reference}`, and which model is asked, and paid, is not for a value to say: write its name out, or \
                             leave it to the config's"
                        ),
                    ),
                    "prompt" | "schema" => self.findings.warn(
                        &text.at,
                        &format!(
                            "holds `{reference}`, whose value the model takes for a part of its task, whoever wrote it; put it into `input`, \
                             which is shown as data"
                        ),
                    ),
                    _ => {}
                }
            }
        }
    }

    fn first_reference(&self, written: &Written) -> Option<String> {
        // One that is wrong has been reported.
        let text = Text::parse(&written.text, &self.scope).ok()?;
        text.references().next().map(|reference| reference.as_str().to_owned())
    }
}

fn texts<'d>(data: &'d Data, found: &mut Vec<&'d Written>) {
    match data {
        Data::Plain(_) => {}
        Data::Text(written) => found.push(written),
        Data::List(items) => items.iter().for_each(|item| texts(item, found)),
        Data::Map(members) => members.iter().for_each(|(_, member)| texts(member, found)),
    }
}
