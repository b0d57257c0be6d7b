//! What GitHub posts about pull requests, issues, pushes and workflow runs, as a message that an agent reads in a breath: what happened, where, by
//! whom, and the link. `ping` is dropped; what is not known here is left to the mapping's own template.
//!
//! Titles and descriptions were written by anybody, so each is kept to its own line and cut, and `allowUnsafeExternalContent` is never set.

use sandclaw_sdk::{Failure, HookDecision, HookRequest, HookTransform, Settings, text};
use serde_json::Value;

/// Titles, names and the first lines of commits: what GitHub's own lists show of them.
const LINE_MAX_CHARS: usize = 200;

/// The beginning of a description: enough to know what it is about. The rest is behind the link.
const EXCERPT_MAX_CHARS: usize = 600;

/// Commits of one push that are listed.
const COMMITS_MAX: usize = 10;

/// Labels of one issue that are listed.
const LABELS_MAX: usize = 10;

/// The component.
pub struct GithubHook;

impl HookTransform for GithubHook {
    fn transform(request: &HookRequest, config: &str) -> Result<HookDecision, Failure> {
        let mut settings = Settings::parse(config)?;
        let (events, ignored) = (settings.texts("events")?, settings.texts("ignoreSenders")?);
        settings.finish()?;

        let Some(event) = request.header("x-github-event") else { return Ok(HookDecision::Unchanged) };
        if event == "ping" || !events.is_empty() && !events.iter().any(|wanted| wanted == event) {
            return Ok(HookDecision::Skip);
        }
        let payload: Value = request.json()?;
        if text_at(&payload, "/sender/login").is_some_and(|sender| ignored.contains(&sender)) {
            return Ok(HookDecision::Skip);
        }
        let told = match event {
            "pull_request" => Some(pull_request(&payload)),
            "issues" => Some(issue(&payload)),
            "push" => push(&payload),
            "workflow_run" => workflow_run(&payload),
            _ => return Ok(HookDecision::Unchanged),
        };
        Ok(told.map_or(HookDecision::Skip, |lines| HookDecision::message(&lines.join("\n"))))
    }
}

sandclaw_sdk::export_hook_transform!(GithubHook);
sandclaw_sdk::lean_runtime!();

fn pull_request(payload: &Value) -> Vec<String> {
    let action = match text_at(payload, "/action") {
        Some(action) if action == "closed" && payload.pointer("/pull_request/merged") == Some(&Value::Bool(true)) => {
            "merged".to_owned()
        }
        action => action.unwrap_or_else(|| "changed".to_owned()).replace('_', " "),
    };
    let number = number_at(payload, "/pull_request/number");
    let mut lines = vec![
        format!("Pull request{number} {action}{}{}.", place(payload), sender(payload)),
        format!("Title: {}", or_none(text_at(payload, "/pull_request/title"))),
    ];
    if let (Some(head), Some(base)) =
        (text_at(payload, "/pull_request/head/ref"), text_at(payload, "/pull_request/base/ref"))
    {
        lines.push(format!("Branch: {head} into {base}"));
    }
    lines.extend(excerpt(payload, "/pull_request/body"));
    lines.extend(link(payload, "/pull_request/html_url"));
    lines
}

fn issue(payload: &Value) -> Vec<String> {
    let action = text_at(payload, "/action").unwrap_or_else(|| "changed".to_owned());
    let number = number_at(payload, "/issue/number");
    let mut lines = vec![
        format!("Issue{number} {action}{}{}.", place(payload), sender(payload)),
        format!("Title: {}", or_none(text_at(payload, "/issue/title"))),
    ];
    let labels = payload.pointer("/issue/labels").and_then(Value::as_array).into_iter().flatten();
    let labels: Vec<String> = labels.filter_map(|label| text_at(label, "/name")).take(LABELS_MAX).collect();
    if !labels.is_empty() {
        lines.push(format!("Labels: {}", labels.join(", ")));
    }
    lines.extend(excerpt(payload, "/issue/body"));
    lines.extend(link(payload, "/issue/html_url"));
    lines
}

/// Nothing for a push that brought no commit and removed nothing: a tag or a branch that points where another one does.
fn push(payload: &Value) -> Option<Vec<String>> {
    let git_ref = text_at(payload, "/ref").unwrap_or_default();
    let (what, name) = match (git_ref.strip_prefix("refs/heads/"), git_ref.strip_prefix("refs/tags/")) {
        (Some(branch), _) => ("branch", branch),
        (_, Some(tag)) => ("tag", tag),
        _ => ("ref", git_ref.as_str()),
    };
    if payload.get("deleted") == Some(&Value::Bool(true)) {
        return Some(vec![format!("The {what} {name} was deleted{}{}.", place(payload), sender(payload))]);
    }
    let commits = payload.get("commits").and_then(Value::as_array).filter(|commits| !commits.is_empty())?;
    let forced = if payload.get("forced") == Some(&Value::Bool(true)) { " by force" } else { "" };
    let count = if commits.len() == 1 { "1 commit".to_owned() } else { format!("{} commits", commits.len()) };
    let mut lines = vec![format!("{count} pushed{forced} to {what} {name}{}{}.", place(payload), sender(payload))];
    lines.extend(commits.iter().take(COMMITS_MAX).map(commit));
    if commits.len() > COMMITS_MAX {
        lines.push(format!("- and {} more", commits.len() - COMMITS_MAX));
    }
    lines.extend(link(payload, "/compare"));
    Some(lines)
}

fn commit(commit: &Value) -> String {
    let id: String = text_at(commit, "/id").unwrap_or_default().chars().take(7).collect();
    let message = commit.get("message").and_then(Value::as_str).unwrap_or_default();
    format!("- {id} {}", line(message.trim().lines().next().unwrap_or_default()))
}

/// Nothing until it is over: GitHub tells of each run three times.
fn workflow_run(payload: &Value) -> Option<Vec<String>> {
    let conclusion = text_at(payload, "/workflow_run/conclusion")?;
    if text_at(payload, "/action")? != "completed" {
        return None;
    }
    let name = or_none(text_at(payload, "/workflow_run/name"));
    let number = number_at(payload, "/workflow_run/run_number");
    let branch = text_at(payload, "/workflow_run/head_branch").map(|branch| format!(" on {branch}"));
    let mut lines = vec![format!(
        "Workflow {name}{number} ended with {}{}{}{}.",
        conclusion.replace('_', " "),
        branch.unwrap_or_default(),
        place(payload),
        sender(payload)
    )];
    lines.extend(text_at(payload, "/workflow_run/display_title").map(|title| format!("Title: {title}")));
    lines.extend(link(payload, "/workflow_run/html_url"));
    Some(lines)
}

fn place(payload: &Value) -> String {
    text_at(payload, "/repository/full_name").map(|repository| format!(" in {repository}")).unwrap_or_default()
}

fn sender(payload: &Value) -> String {
    text_at(payload, "/sender/login").map(|sender| format!(" by {sender}")).unwrap_or_default()
}

fn number_at(payload: &Value, pointer: &str) -> String {
    payload.pointer(pointer).and_then(Value::as_u64).map(|number| format!(" #{number}")).unwrap_or_default()
}

fn excerpt(payload: &Value, pointer: &str) -> Option<String> {
    let body = text::one_line(payload.pointer(pointer)?.as_str()?);
    let excerpt = text::cut(&body, EXCERPT_MAX_CHARS, |_| 1);
    (!excerpt.is_empty()).then(|| format!("Text: {excerpt}"))
}

/// Only what is a link to the web: the agent may follow it.
fn link(payload: &Value, pointer: &str) -> Option<String> {
    text_at(payload, pointer).filter(|url| url.starts_with("https://") || url.starts_with("http://"))
}

fn text_at(payload: &Value, pointer: &str) -> Option<String> {
    Some(line(payload.pointer(pointer)?.as_str()?)).filter(|text| !text.is_empty())
}

fn line(text: &str) -> String {
    text::cut(&text::one_line(text), LINE_MAX_CHARS, |_| 1).into_owned()
}

fn or_none(text: Option<String>) -> String {
    text.unwrap_or_else(|| "(none)".to_owned())
}
