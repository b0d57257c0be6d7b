//! The guides that people copy from: every config and every request in them, one row each, and the test that proves what the row is promised. The
//! files of `seeds/` are the text of the guides; only indentation that YAML needs was put back.

mod agents;
mod both_ways;
mod reader;
mod readme;
mod taskflows;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{scenarios, workflows};

/// Something to copy.
struct Row {
    /// The guide and the file in `seeds/`.
    file: &'static str,
    text: &'static str,
    fate: Fate,
}

enum Fate {
    /// The test that does what the guide says with the text of the file.
    Tried(&'static str),
    /// Why nobody does.
    NotOurs(&'static str),
}

/// A row with its test. Names that lead nowhere do not compile.
macro_rules! tried {
    ($file:literal, $test:path) => {
        Row {
            file: $file,
            text: include_str!(concat!("seeds/", $file)),
            fate: Fate::Tried({
                const _: fn() = $test;
                stringify!($test)
            }),
        }
    };
}

macro_rules! not_ours {
    ($file:literal, $reason:literal) => {
        Row { file: $file, text: include_str!(concat!("seeds/", $file)), fate: Fate::NotOurs($reason) }
    };
}

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // Workflows behind doors.
    tried!("000/sandclaw.yaml", taskflows::a_deployment_runs_once_its_commands_are_granted),
    tried!("000/workflows/deploy-workflow.yaml", workflows::seed::a_deployment_whose_test_fails_is_skipped_and_reported),
    tried!("000/curl.sh", taskflows::a_deployment_runs_once_its_commands_are_granted),
    tried!("000/github-actions.yaml", taskflows::what_is_sent_is_what_the_workflow_is_told),
    tried!("000/alert.yaml", taskflows::an_alert_begins_the_incident_response),
    tried!("000/workflows/ci-deploy.yaml", workflows::seed::a_pipeline_stops_at_the_step_that_fails),
    tried!("000/workflows/ticket-triage.yaml", workflows::models::a_ticket_goes_to_the_team_that_the_model_names),
    tried!("000/workflows/alert-diagnosis.yaml", workflows::seed::an_alert_is_shown_to_a_model),
    tried!("000/token.yaml", taskflows::a_token_that_is_a_command_is_refused_with_what_to_do_instead),
    tried!("000/allowed-ips.yaml", taskflows::only_the_listed_networks_knock),
    tried!("000/local.sh", taskflows::what_is_sent_is_what_the_workflow_is_told),
    tried!("000/tasks.sh", taskflows::a_deployment_runs_once_its_commands_are_granted),
    not_ours!("000/tunnel.sh", "tunnels are programs of their own, and lead to the port at which local.sh knocks"),
    tried!("000/logs.sh", taskflows::logs_are_the_business_of_whoever_starts_the_gateway),
    // Agents that are told.
    tried!("002/quick.json5", agents::the_first_request_is_answered_as_shown),
    not_ours!("002/start.sh", "the command is `sandclaw serve`, with which each test here begins"),
    tried!("002/agent.sh", agents::the_first_request_is_answered_as_shown),
    tried!("002/answer.json", agents::the_first_request_is_answered_as_shown),
    tried!("002/wake.sh", agents::a_wake_up_needs_no_words),
    tried!("002/agent-session.sh", agents::a_session_of_the_senders_choice_needs_leave),
    tried!("002/authorization.http", agents::statuses_are_those_of_the_table),
    tried!("002/statuses.md", agents::statuses_are_those_of_the_table),
    tried!("002/fixed.json5", agents::messages_share_the_session_that_the_config_names),
    tried!("002/dynamic.sh", agents::a_session_of_the_senders_choice_needs_leave),
    tried!("002/full.json5", agents::the_alarm_script_tells_the_agent),
    tried!("002/github-actions.yaml", agents::a_deployment_is_told_from_github_actions),
    tried!("002/alarm.sh", agents::the_alarm_script_tells_the_agent),
    not_ours!("002/secret.sh", "openssl's; what it prints is taken as a secret by the tests of the config"),
    // Events out, messages in.
    tried!("003/basic.json5", scenarios::the_main_webhook_gets_its_seven_kinds_and_no_others),
    tried!("003/event.json", scenarios::the_main_webhook_is_signed_for_the_function_that_users_copy_and_tried_three_times),
    tried!("003/headers.txt", scenarios::the_main_webhook_is_signed_for_the_function_that_users_copy_and_tried_three_times),
    tried!("003/verify.js", scenarios::the_main_webhook_is_signed_for_the_function_that_users_copy_and_tried_three_times),
    tried!("003/inbound.json5", both_ways::templates_tell_agents_once_there_is_a_secret_or_none_is_wanted),
    tried!("003/deploy.sh", both_ways::templates_tell_agents_once_there_is_a_secret_or_none_is_wanted),
    tried!("003/audit.json5", scenarios::the_audit_log_hears_what_two_agents_say_and_are_told),
    tried!("003/slack.json5", scenarios::slack_is_told_of_an_error_in_the_very_words_of_the_template),
    tried!("003/crm.json5", scenarios::the_crm_is_shown_the_key_from_the_environment_and_nobody_else_is),
    tried!("003/tickets.json5", both_ways::a_ticket_that_changes_is_told_to_the_support_bot),
    tried!("003/list.sh", both_ways::deliveries_are_listed_as_the_guide_asks_for_them),
    not_ours!("003/ngrok.sh", "a tunnel is a program of its own; what it leads to is any receiver"),
];

/// Rows that nobody tries, at most.
const NOT_OURS_MAX: usize = 4;

/// The text of a row.
#[track_caller]
pub fn snippet(file: &str) -> &'static str {
    ROWS.iter().find(|row| row.file == file).unwrap_or_else(|| panic!("{file} has no row")).text
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn every_snippet_has_one_row_and_a_test_that_reads_it() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let seeds = tests.join("it/seeds");
    let is_source = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    let there: Vec<PathBuf> = files(&seeds).into_iter().filter(|path| !is_source(path)).collect();
    let there: BTreeSet<&str> = there.iter().map(|path| path.strip_prefix(&seeds).unwrap().to_str().unwrap()).collect();
    let rows: BTreeSet<&str> = ROWS.iter().map(|row| row.file).collect();
    assert_eq!((rows.len(), &rows), (ROWS.len(), &there));

    let sources = files(&tests.join("it")).into_iter().filter(is_source).filter(|path| !path.ends_with("it/seeds.rs"));
    let sources: Vec<String> = sources.map(|path| fs::read_to_string(path).unwrap()).collect();
    let mut not_ours = 0;
    for Row { file, text, fate } in ROWS {
        assert!(!text.trim().is_empty(), "{file}");
        match fate {
            Fate::Tried(test) => {
                let declared = format!("fn {}()", test.rsplit([':', ' ']).next().unwrap());
                let source = sources.iter().find(|source| source.contains(&declared));
                let source = source.unwrap_or_else(|| panic!("{file}: there is no {declared}"));
                assert!(source.contains(file), "{file} is not read where {test} is");
            }
            Fate::NotOurs(reason) => {
                assert!(!reason.is_empty(), "{file}");
                not_ours += 1;
            }
        }
    }
    assert!(not_ours <= NOT_OURS_MAX, "{not_ours} rows are not tried");
}
