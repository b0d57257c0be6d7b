//! What a step has when it has run, and what a request is: the shapes that references are checked against, and the keys of the JSON that the engine
//! hands to [`crate::expr::Values`].

use std::collections::BTreeMap;

use crate::expr::Shape;

/// Under which name of the values the flow itself is found, whatever it is called: `{result, status}`.
pub const FLOW: &str = "$flow";

/// The fields of a step's result, in the order of the documentation. All of them are there after every step, `null` where they say nothing.
pub const STEP_FIELDS: [&str; 15] = [
    "stdout",
    "stderr",
    "json",
    "exitCode",
    "success",
    "skipped",
    "error",
    "errorMessage",
    "approved",
    "response",
    "subject",
    "initiatedBy",
    "approvedBy",
    "result",
    "status",
];
/// Those of them that are JSON of any kind.
const OPEN: [&str; 4] = ["json", "response", "subject", "result"];
/// Those of which a later step asks how this one went: then the flow goes on when it fails.
pub const ASKING_FIELDS: [&str; 4] = ["success", "error", "exitCode", "skipped"];
/// What a request is made of.
const WEBHOOK: [(&str, Shape); 5] = [
    ("body", Shape::Any),
    ("headers", Shape::Headers),
    ("query", Shape::Any),
    ("path", Shape::Plain),
    ("method", Shape::Plain),
];

/// A step's result. Other names are members of the field `others`, if there is one.
pub(super) fn step(others: Option<&str>) -> Shape {
    let shape = |field: &str| if OPEN.contains(&field) { Shape::Any } else { Shape::Plain };
    let known = STEP_FIELDS.iter().map(|&field| (field.to_owned(), shape(field))).collect();
    Shape::Members { known, others: others.map(str::to_owned) }
}

/// The request that started the run.
pub(super) fn webhook() -> Shape {
    members(WEBHOOK.iter().map(|(name, shape)| (*name, shape.clone())))
}

/// The flow so far.
pub(super) fn flow() -> Shape {
    members([("result", Shape::Any), ("status", Shape::Plain)])
}

/// An object with these members and no others.
pub(super) fn members<'a>(known: impl IntoIterator<Item = (&'a str, Shape)>) -> Shape {
    let known: BTreeMap<_, _> = known.into_iter().map(|(name, shape)| (name.to_owned(), shape)).collect();
    Shape::Members { known, others: None }
}
