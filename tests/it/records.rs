//! What the 13 actions do: stories at the front door, each request with its whole answer, as OpenClaw 2026.4.7 gives it.
//!
//! A story is a file of `stories/`, two lines a step. `set_waiting F1@0 "waitJson":1` is the action on the first flow at revision 0 with one more
//! member; `b:` before it takes a route of another session, `c:` another route of the same one, `=` lets no time pass, and `until` asks again and again
//! for what happens by itself. The answer is status, code and
//! result, whose members stand in their order: ids are `F1` and `T1`, `+3` is the third second, a flow or task that has not changed since it was shown
//! last is its id alone, members that nearly all have ([`USUAL`]) are left out, and so is the sentence that always goes with a code ([`SENTENCES`]).

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use gateway_tests::{Gateway, PATIENCE};
use serde_json::Value;

const USUAL: [&str; 6] = [
    r#""syncMode":"managed","#,
    r#""controllerId":"webhooks/a","#,
    r#""notifyPolicy":"done_only","#,
    r#""goal":"g","#,
    r#""scopeKind":"session","#,
    r#""deliveryStatus":"pending","#,
];

const SENTENCES: [(&str, &str); 2] = [
    ("not_found", "TaskFlow not found."),
    ("revision_conflict", "TaskFlow changed since the caller's expected revision."),
];

/// Names of members that are shown without quotes; those of `stateJson` and the like keep them.
const NAMES: &str = "flowId syncMode controllerId currentStep blockedTaskId blockedSummary revision status notifyPolicy goal stateJson waitJson \
    cancelRequestedAt createdAt updatedAt endedAt flow flows summary applied current found cancelled created reason tasks taskId runtime sourceId \
    childSessionKey parentFlowId parentTaskId agentId runId label error progressSummary scopeKind task deliveryStatus startedAt lastEventAt cleanupAfter \
    code total active terminal failures byStatus byRuntime";

struct Story {
    gateway: Gateway,
    began: i64,
    /// Real id, and how it is shown.
    ids: Vec<(String, String)>,
    /// What was shown of each flow and task last.
    seen: HashMap<String, String>,
}

async fn tell(story: &str) {
    let gateway = Gateway::builder().route("a", "agent:a:main", "").route("b", "agent:b:main", "");
    let gateway = gateway.route("c", "agent:a:main", "").start().await;
    let began = gateway.clock.now().0;
    let mut telling = Story { gateway, began, ids: Vec::new(), seen: HashMap::new() };
    let mut told = String::new();
    for (request, expected) in story.lines().step_by(2).zip(story.lines().skip(1).step_by(2)) {
        let answer = match request.strip_prefix("until ") {
            Some(request) => telling.until(request, expected.trim_start()).await,
            None => telling.step(request).await,
        };
        let _ = writeln!(told, "{request}\n    {answer}");
    }
    for (at, (found, expected)) in told.lines().zip(story.lines()).enumerate() {
        assert_eq!(found, expected, "line {}; the whole story:\n{told}", at + 1);
    }
}

impl Story {
    async fn until(&mut self, request: &str, expected: &str) -> String {
        let began = Instant::now();
        loop {
            let answer = self.step(&format!("={request}")).await;
            if answer == expected || began.elapsed() > PATIENCE {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn step(&mut self, request: &str) -> String {
        let (same_moment, request) = request.strip_prefix('=').map_or((false, request), |request| (true, request));
        if !same_moment {
            self.gateway.clock.advance(1_000);
        }
        let (route, request) = request.split_once(':').filter(|(route, _)| route.len() == 1).unwrap_or(("a", request));
        let answer = self.gateway.client.route(route, self.body(request)).send().await;
        self.note_ids(&answer.text);
        format!("{} {}", answer.status.as_u16(), self.shown(route, &answer.text))
    }

    /// `action flow@revision members`, of which all but the action may be missing.
    fn body(&self, request: &str) -> String {
        let (action, rest) = request.split_once(' ').unwrap_or((request, ""));
        let (target, members) =
            if rest.starts_with('F') { rest.split_once(' ').unwrap_or((rest, "")) } else { ("", rest) };
        let (flow, revision) = target.split_once('@').unwrap_or((target, ""));
        let mut body = format!(r#"{{"action":"{action}""#);
        let given = [("\"flowId\":\"", flow, "\""), ("\"expectedRevision\":", revision, ""), ("", members, "")];
        for (name, value, end) in given.into_iter().filter(|(_, value, _)| !value.is_empty()) {
            let _ = write!(body, ",{name}{value}{end}");
        }
        let body = self.ids.iter().fold(body, |body, (id, shown)| {
            body.replace(&format!("\"{shown}\""), &format!("\"{id}\""))
                .replace(&format!("\" {shown}\\n\""), &format!("\" {id}\\n\""))
        });
        body + "}"
    }

    fn note_ids(&mut self, text: &str) {
        for (name, letter) in [("\"flowId\":\"", 'F'), ("\"taskId\":\"", 'T')] {
            for (at, _) in text.match_indices(name) {
                let id = &text[at + name.len()..][..36];
                if self.ids.iter().all(|(known, _)| known != id) {
                    let number = self.ids.iter().filter(|(_, shown)| shown.starts_with(letter)).count() + 1;
                    self.ids.push((id.to_owned(), format!("{letter}{number}")));
                }
            }
        }
    }

    fn shown(&mut self, route: &str, text: &str) -> String {
        let text = self.ids.iter().fold(text.to_owned(), |text, (id, shown)| text.replace(id, shown));
        let (envelope, result) = text.split_once(",\"result\":").unwrap();
        let result = self.without_what_was_seen(result.strip_suffix('}').unwrap());
        let seconds = (0..=(self.gateway.clock.now().0 - self.began) / 1_000).rev();
        let result =
            seconds.fold(result, |result, n| result.replace(&(self.began + n * 1_000).to_string(), &format!("+{n}")));
        let result = USUAL.iter().fold(result, |result, usual| result.replace(usual, ""));
        let result =
            NAMES.split(' ').fold(result, |result, name| result.replace(&format!("\"{name}\":"), &format!("{name}:")));
        let envelope: Value = serde_json::from_str(&format!("{envelope}}}")).unwrap();
        assert_eq!(envelope["routeId"], route);
        let (code, error) = (envelope["code"].as_str().unwrap_or_default(), envelope["error"].as_str());
        let error = error.filter(|error| !SENTENCES.contains(&(code, error)));
        let mut shown = String::new();
        if !code.is_empty() {
            let _ = write!(shown, "{code} ");
        }
        if let Some(error) = error {
            let _ = write!(shown, "{error:?} ");
        }
        (shown + &result).chars().fold(String::new(), |text, c| {
            if c.is_ascii() { text + c.encode_utf8(&mut [0; 4]) } else { text + &c.escape_unicode().to_string() }
        })
    }

    /// The text with each flow and task that is as it was seen last replaced by its id.
    fn without_what_was_seen(&mut self, text: &str) -> String {
        const STARTS: [&str; 2] = ["{\"flowId\":\"", "{\"taskId\":\""];
        let mut shown = String::new();
        let mut rest = text;
        while let Some(at) = STARTS.iter().filter_map(|start| rest.find(start)).min() {
            let (view, after) = rest[at..].split_at(object_end(&rest[at..]));
            let id = view[STARTS[0].len()..].split('"').next().unwrap();
            shown.push_str(&rest[..at]);
            let before = self.seen.insert(id.to_owned(), view.to_owned());
            shown.push_str(if before.as_deref() == Some(view) { id } else { view });
            rest = after;
        }
        shown + rest
    }
}

/// Where the object that the text starts with ends.
fn object_end(text: &str) -> usize {
    serde_json::Deserializer::from_str(text)
        .into_iter::<Box<serde_json::value::RawValue>>()
        .next()
        .unwrap()
        .unwrap()
        .get()
        .len()
}

macro_rules! stories {
    ($($story:ident)+) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $story() {
                tell(include_str!(concat!("stories/", stringify!($story), ".txt"))).await;
            }
        )+
    };
}

stories! {
    a_flow_is_created_as_it_was_sent
    json_is_what_javascript_makes_of_it
    reads_find_what_is_the_sessions_own
    flows_of_one_moment_are_listed_older_first_and_tasks_newer_first
    a_flow_moves_along
    a_flow_is_blocked_when_this_call_says_so
    a_change_is_refused_to_strangers_and_to_those_who_missed_one
    a_task_is_recorded_and_nothing_runs
    a_run_of_acp_is_one_task_that_learns
    a_run_of_a_subagent_with_other_work_is_another_task
    a_cancelled_flow_ends_at_once_if_no_child_is_active
    an_active_child_holds_a_cancelled_flow_open
    a_wish_to_cancel_is_only_noted
    a_cancelled_flow_ends_by_itself_when_its_silent_children_are_lost
}
