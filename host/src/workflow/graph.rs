//! A plan as a picture: mermaid, dot and plain text. The same plan draws the same picture.

use std::fmt::Write as _;

use super::plan::{AfterFailure, Body, Plan, Step};

/// Longest label of a step, in characters: what a box can show.
const LABEL_MAX_CHARS: usize = 48;

/// How a graph is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphFormat {
    /// For Markdown.
    Mermaid,
    /// For Graphviz.
    Dot,
    /// For a terminal.
    Ascii,
}

/// Draws a plan.
pub fn graph(plan: &Plan, format: GraphFormat) -> String {
    match format {
        GraphFormat::Mermaid => mermaid(plan),
        GraphFormat::Dot => dot(plan),
        GraphFormat::Ascii => ascii(plan),
    }
}

/// What a step does, in a few words.
pub fn summary(step: &Step) -> String {
    let text = match &step.body {
        Body::Shell(line) => line.as_written().to_owned(),
        Body::Argv(argv) => argv.shown().join(" "),
        Body::Tool { tool, .. } => tool.clone(),
        Body::Plugin { file, .. } => file.clone(),
        Body::Workflow { name, .. } => name.clone(),
        Body::Parallel { any, .. } => if *any { "the first of" } else { "all of" }.to_owned(),
        Body::ForEach(each) => format!("each {}", each.item_var),
        Body::Input { prompt, .. } => super::shell::shown(prompt),
        Body::Approval => {
            let prompt = step.approval.as_ref().and_then(|approval| approval.prompt.as_ref());
            prompt.map_or_else(|| "approve".to_owned(), super::shell::shown)
        }
    };
    short(&text)
}

/// On one line, and harmless to a terminal.
fn short(text: &str) -> String {
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.retain(|c| !c.is_control());
    match words.char_indices().nth(LABEL_MAX_CHARS) {
        Some((at, _)) => format!("{}…", &words[..at]),
        None => words,
    }
}

/// The id of a box; ids of steps may have hyphens, which end one in mermaid.
fn box_id(step: &Step) -> String {
    format!("s_{}", step.id.replace('-', "__"))
}

fn label(step: &Step) -> String {
    let asks = if step.approval.is_some() && !matches!(step.body, Body::Approval) { ", then approval" } else { "" };
    format!("{}: {} {}{asks}", step.id, step.kind(), summary(step))
}

/// What is drawn on the way into a step.
fn way_in(step: &Step) -> String {
    step.when.as_ref().map_or_else(String::new, |when| short(when.as_str()))
}

/// What is drawn on the way out of a step.
fn way_out(step: &Step) -> &'static str {
    match step.failure {
        AfterFailure::Stop => "",
        AfterFailure::Continue | AfterFailure::AskedFor { .. } => "even if it fails",
        AfterFailure::SkipRest => "if it fails, the rest is skipped",
    }
}

/// What stands on the way from one step to the next.
fn between(before: Option<&Step>, step: &Step) -> String {
    let mut parts: Vec<String> = Vec::new();
    let out = before.map_or("", way_out);
    if !out.is_empty() {
        parts.push(out.to_owned());
    }
    let when = way_in(step);
    if !when.is_empty() {
        parts.push(format!("when {when}"));
    }
    parts.join("; ")
}

fn mermaid(plan: &Plan) -> String {
    // Mermaid reads `#` and quotes in labels; entities are what it offers instead.
    let text = |text: &str| {
        text.replace('&', "#amp;")
            .replace('"', "#quot;")
            .replace('<', "#lt;")
            .replace('>', "#gt;")
            .replace('|', "#124;")
    };
    let mut out = String::from("flowchart TD\n  start([webhook])\n");
    let mut last: Option<&Step> = None;
    for step in &plan.steps {
        let (open, close) = if step.kind() == "approval" || step.kind() == "input" { ("{{", "}}") } else { ("[", "]") };
        let _ = writeln!(out, "  {}{open}\"{}\"{close}", box_id(step), text(&label(step)));
        let from = last.map_or_else(|| "start".to_owned(), box_id);
        let on_the_way = between(last, step);
        let arrow = if on_the_way.is_empty() { "-->".to_owned() } else { format!("-->|\"{}\"|", text(&on_the_way)) };
        let _ = writeln!(out, "  {from} {arrow} {}", box_id(step));
        let mut outer = box_id(step);
        for inside in step.inside() {
            let _ = writeln!(out, "  {}[\"{}\"]", box_id(inside), text(&label(inside)));
            let when = way_in(inside);
            let arrow = if when.is_empty() { "-.->".to_owned() } else { format!("-.->|\"when {}\"|", text(&when)) };
            let _ = writeln!(out, "  {outer} {arrow} {}", box_id(inside));
            if matches!(step.body, Body::ForEach(_)) {
                outer = box_id(inside);
            }
        }
        last = Some(step);
    }
    let _ = writeln!(out, "  {} --> finish([end])", last.map_or_else(|| "start".to_owned(), box_id));
    out
}

fn dot(plan: &Plan) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let mut out =
        format!("digraph {} {{\n  rankdir=TB;\n  node [shape=box];\n  \"webhook\" [shape=oval];\n", quoted(&plan.name));
    let mut last: Option<&Step> = None;
    let edge = |from: &str, to: &str, text: &str, style: &str| {
        let label = if text.is_empty() { String::new() } else { format!("label={}", quoted(text)) };
        let attributes =
            [label, style.to_owned()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        let attributes = if attributes.is_empty() { String::new() } else { format!(" [{attributes}]") };
        format!("  {} -> {}{attributes};\n", quoted(from), quoted(to))
    };
    for step in &plan.steps {
        let _ = writeln!(out, "  {} [label={}];", quoted(&box_id(step)), quoted(&label(step)));
        let from = last.map_or_else(|| "webhook".to_owned(), box_id);
        out.push_str(&edge(&from, &box_id(step), &between(last, step), ""));
        let mut outer = box_id(step);
        for inside in step.inside() {
            let when = way_in(inside);
            let when = if when.is_empty() { when } else { format!("when {when}") };
            let _ = writeln!(out, "  {} [label={}];", quoted(&box_id(inside)), quoted(&label(inside)));
            out.push_str(&edge(&outer, &box_id(inside), &when, "style=dashed"));
            if matches!(step.body, Body::ForEach(_)) {
                outer = box_id(inside);
            }
        }
        last = Some(step);
    }
    out.push_str("}\n");
    out
}

fn ascii(plan: &Plan) -> String {
    let mut out = format!("{}\n", plan.name);
    let mut last: Option<&Step> = None;
    for step in &plan.steps {
        let on_the_way = between(last, step);
        out.push_str("  |");
        if !on_the_way.is_empty() {
            let _ = write!(out, "  {on_the_way}");
        }
        let _ = writeln!(out, "\n  {}. {}", step.number, label(step));
        for inside in step.inside() {
            let when = way_in(inside);
            let when = if when.is_empty() { when } else { format!("  (when {when})") };
            let _ = writeln!(out, "  |   {}. {}{when}", inside.number, label(inside));
        }
        last = Some(step);
    }
    out
}
