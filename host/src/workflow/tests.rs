//! Files in, plans or problems out.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::*;
use crate::config::ConfigErrors;

fn parse_as(file: &str, text: &str) -> Result<Plan, ConfigErrors> {
    Plan::parse(text, Path::new(file))
}

fn parse(text: &str) -> Result<Plan, ConfigErrors> {
    parse_as("w/flow.yaml", text)
}

/// The plan in lines: each step with its kind, what its failure does and when it runs.
fn picture(plan: &Plan) -> String {
    fn line(step: &Step, indent: &str, out: &mut String) {
        let _ = write!(out, "{indent}{} {} {:?}", step.id, step.kind(), step.failure);
        if let Some(when) = &step.when {
            let _ = write!(out, " when {}", when.as_str());
        }
        out.push('\n');
        step.inside().iter().for_each(|inside| line(inside, &format!("{indent}  "), out));
    }
    let mut out = String::new();
    plan.steps.iter().for_each(|step| line(step, "", &mut out));
    out
}

#[test]
fn the_published_workflows_load_and_go_on_where_they_should() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/it/seeds/000/workflows");
    let workflows = Workflows::load(&dir).map_err(|errors| errors[0].to_string()).unwrap();
    let plan = |name: &str| {
        let plan = workflows.get(name).unwrap();
        assert_eq!(plan.warnings, Vec::<String>::new(), "{name}");
        plan
    };
    let asked = |by: &str| format!("AskedFor {{ by: \"{by}\", field: \"success\" }}");
    assert_eq!(
        picture(plan("deploy-workflow")),
        format!(
            "notify tool Stop\npull command Stop\ntest command {}\ndeploy command {} when $test.success\nreport tool Stop\n",
            asked("deploy"),
            asked("report")
        )
    );
    assert_eq!(
        picture(plan("ci-deploy")),
        "step1 command Stop\nstep2 command Stop\nstep3 command Stop\nstep4 command Stop\nstep5 tool Stop\n"
    );
    assert_eq!(picture(plan("ticket-triage")), "classify tool Stop\nassign tool Stop\n");
    assert_eq!(picture(plan("alert-diagnosis")), "step1 command Stop\nstep2 command Stop\nstep3 tool Stop\n");

    let needs = &plan("deploy-workflow").needs;
    assert!(needs.commands && !needs.people);
    assert_eq!(needs.tools.iter().collect::<Vec<_>>(), ["message"]);
    assert_eq!(needs.channels.iter().collect::<Vec<_>>(), ["feishu:dev"]);
    assert!(plan("ticket-triage").needs.channels.is_empty());
    let Body::Shell(line) = &plan("alert-diagnosis").steps[0].body else { panic!("a command") };
    assert_eq!(line.script(), "kubectl get pods -A | grep -v Running");
}

const LOBSTER: &str = r#"
name: Nightly jobs
description: what a Lobster file may have
unknown: passed over
args:
  region: { default: eu, description: where }
  limit: { default: 3 }
env: { STAGE: prod, REGION: "${region}" }
cwd: /srv
cost_limit: { max_usd: 1.5, action: warn }
steps:
  - id: fetch
    run: curl -s https://example.com/$$STAGE
    retry: { max: 3, backoff: exponential, jitter: true }
    timeout_ms: 5000
    note: passed over
  - id: clean
    run: [jq, ".", "${fetch.json.0.file}"]
    stdin: $fetch.json
    on_error: continue
  - id: gate
    approval: { prompt: "clean $clean.stdout?", items: $fetch.json, requiredApprover: ana, approvers: [ana, bo], expires_ms: 60000 }
    condition: $fetch.json.0.size > 3 && !($clean.skipped)
  - id: both
    parallel:
      wait: any
      timeout_ms: 1000
      branches:
        - { id: left, run: "echo $fetch.stdout" }
        - { run: "true" }
  - id: loop
    for_each: $fetch.json
    item_var: file
    batch_size: 2
    steps:
      - { id: show, run: "echo $file.name ${index + 1}" }
      - run: echo "$show.stdout"
        when: $show.success
  - id: ask
    input: { prompt: "which, $left.stdout?", responseSchema: { type: object }, defaults: { a: 1 } }
  - id: sub
    workflow: other.lobster
    workflow_args: { choice: $ask.choice, all: $loop.json }
    on_error: skip_rest
  - id: shown
    run: echo done
    approval: "saw $shown.stdout?"
    retry: safe
    when: $both.left.exitCode == 0 || $gate.approved
"#;

#[test]
fn a_lobster_file_is_a_plan_too() {
    let plan = parse_as("w/nightly.lobster", LOBSTER).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(
        picture(&plan),
        "fetch command Stop\n\
         clean command Continue\n\
         gate approval Stop when $fetch.json.0.size > 3 && !($clean.skipped)\n\
         both parallel Stop\n  left command Stop\n  both-branch2 command Stop\n\
         loop for_each Stop\n  show command AskedFor { by: \"loop-step2\", field: \"success\" }\n  loop-step2 command Stop when $show.success\n\
         ask input Stop\nsub workflow SkipRest\n\
         shown command Stop when $both.left.exitCode == 0 || $gate.approved\n"
    );
    let [unknown, note] = &plan.warnings[..] else { panic!("{:?}", plan.warnings) };
    assert!(
        unknown.starts_with("w/nightly.lobster:4: unknown: unknown key `unknown`; the keys here are name, "),
        "{unknown}"
    );
    assert!(note.starts_with("w/nightly.lobster:16: steps[0].note: unknown key `note`"), "{note}");
    assert!(plan.needs.people && plan.needs.commands);
    assert_eq!(plan.calls[0].name, "other");
    let gate = plan.steps[2].approval.as_ref().unwrap();
    assert_eq!(gate.approvers.as_deref(), Some(&["ana".to_owned(), "bo".to_owned()][..]));
    assert!(plan.steps[7].retry.unwrap().safe && plan.steps[0].retry.unwrap().max == 3);
}

/// A file with these lines under `steps:`.
fn steps(lines: &str) -> String {
    format!("steps:\n{lines}")
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_its_path() {
    for (text, expected) in [
        ("{}", "w/flow.yaml:1: steps: required, a list with at least one step"),
        ("steps: []", "w/flow.yaml:1: steps: required, a list with at least one step"),
        ("stepz: []\nsteps:\n- run: a", "w/flow.yaml:1: stepz: unknown key `stepz`; did you mean `steps`?"),
        ("trigger: cron\nsteps:\n- run: a", "w/flow.yaml:1: trigger: must be one of webhook, found `cron`"),
        (
            "cost_limit: { max_usd: -1 }\nsteps:\n- run: a",
            "w/flow.yaml:1: cost_limit.max_usd: must be a number of US dollars",
        ),
        ("args: { a b: {} }\nsteps:\n- run: a", "w/flow.yaml:1: args[\"a b\"]: `a b` is no name"),
        ("env: { SANDCLAW_X: a }\nsteps:\n- run: a", "w/flow.yaml:1: env.SANDCLAW_X: names that start with SANDCLAW_"),
        ("env: { PATH: $webhook.path }\nsteps:\n- run: a", "w/flow.yaml:1: env.PATH: PATH decides which programs run"),
        (&steps("- id: a"), "w/flow.yaml:2: steps[0]: does nothing; give it one of command, run, tool"),
        (&steps("- 5"), "w/flow.yaml:2: steps[0]: must be a map with what the step does, found a number"),
        (&steps("- run: a\n  tool: b"), "w/flow.yaml:2: steps[0]: has run and tool; a step has one body"),
        (&steps("- comand: a"), "w/flow.yaml:2: steps[0].comand: unknown key `comand`; did you mean `command`?"),
        (
            &steps("- pipeline: a | b"),
            "w/flow.yaml:2: steps[0].pipeline: pipelines of Lobster are not run here; write each stage as a step",
        ),
        (
            &steps("- run: a\n  args: {}"),
            "w/flow.yaml:3: steps[0].args: has no use here: it belongs to `tool` and `plugin`",
        ),
        (
            &steps("- tool: message\n  stdin: a"),
            "w/flow.yaml:3: steps[0].stdin: has no use here: only commands have it",
        ),
        (&steps("- tool: $webhook.body.tool"), "w/flow.yaml:2: steps[0].tool: must be the name of a tool"),
        (&steps("- plugin: ../x.wasm"), "w/flow.yaml:2: steps[0].plugin: must be the file name of a component"),
        (
            &steps("- plugin: x.js"),
            "w/flow.yaml:2: steps[0].plugin: must be the file name of a component and end in .wasm",
        ),
        (&steps("- run: []"), "w/flow.yaml:2: steps[0].run: must have from 1 to 256 words, found 0"),
        (
            &steps("- run: a\n  on_error: ignore"),
            "w/flow.yaml:3: steps[0].on_error: must be one of stop, continue, skip_rest",
        ),
        (&steps("- run: a\n  retry: twice"), "w/flow.yaml:3: steps[0].retry: must be `safe`, or a map with max"),
        (
            &steps("- run: a\n  retry: { max: 0 }"),
            "w/flow.yaml:3: steps[0].retry.max: must be a whole number from 1 to 20",
        ),
        (
            &steps("- run: a\n  timeout_ms: 0"),
            "w/flow.yaml:3: steps[0].timeout_ms: must be a whole number from 1 to 2147483647",
        ),
        (
            &steps("- { id: a, run: a }\n- { id: a, run: b }"),
            "w/flow.yaml:3: steps[1].id: `a` is the name of what is on line 2 already; choose another",
        ),
        (
            &steps("- { id: step2, run: a }\n- run: b"),
            "w/flow.yaml:3: steps[1]: `step2` is the name of what is on line 2 already; give this step an `id`",
        ),
        (&steps("- { id: webhook, run: a }"), "w/flow.yaml:2: steps[0].id: `webhook` is a word of expressions"),
        (&steps("- { id: 'a b', run: a }"), "w/flow.yaml:2: steps[0].id: `a b` is no id; a name has letters"),
        (
            &steps("- run: a\n- run: b\n  when: $step3.success\n- run: c"),
            "w/flow.yaml:4: steps[1].when: `step3` cannot be used here: it runs later",
        ),
        (&steps("- run: a\n  when: $step1.success"), "w/flow.yaml:3: steps[0].when: `step1` cannot be used here"),
        (
            &steps("- run: a\n- run: b\n  when: $step1.sucess"),
            "w/flow.yaml:4: steps[1].when: `step1` has no `sucess`; did you mean `success`?",
        ),
        (
            &steps("- tool: m\n  args:\n    a:\n    - $webhok.body"),
            "w/flow.yaml:5: steps[0].args.a[0]: there is no `webhok` here; did you mean `webhook`?",
        ),
        (
            &steps("- run: echo $item"),
            "w/flow.yaml:2: steps[0].run: `item` cannot be used here: it is known only inside `for_each`",
        ),
        (
            &steps("- run: echo $webhook.body.x | sh"),
            "w/flow.yaml:2: steps[0].run: `$webhook.body.x` stands in a line with a program",
        ),
        (
            &steps("- for_each: a\n  steps: [{ run: a }]"),
            "w/flow.yaml:2: steps[0].for_each: must be one reference to a list",
        ),
        (
            &steps("- for_each: $webhook.body\n"),
            "w/flow.yaml:2: steps[0].steps: required, a list with at least one step",
        ),
        (
            &steps("- for_each: [1]\n  steps: [{ id: in1, run: a }]\n- run: echo $in1.stdout"),
            "w/flow.yaml:4: steps[1].run: `in1` cannot be used here: it belongs to one item of `step1`",
        ),
        (
            &steps("- for_each: [1]\n  steps: [{ approval: true }]"),
            "w/flow.yaml:3: steps[0].steps[0].approval: cannot be asked inside",
        ),
        (
            &steps("- parallel: { branches: [{ for_each: [1], steps: [{ run: a }] }] }"),
            "w/flow.yaml:2: steps[0].parallel.branches[0].for_each: cannot stand inside `parallel`",
        ),
        (
            &steps("- parallel: { branches: [{ id: l, run: a }, { run: echo $l.stdout }] }"),
            "w/flow.yaml:2: steps[0].parallel.branches[1].run: `l` cannot be used here",
        ),
        (
            &steps("- parallel: { branches: [] }"),
            "w/flow.yaml:2: steps[0].parallel.branches: must be a list of 1 to 32 steps, found 0",
        ),
        (
            &steps("- run: a\n  approval: { approver: x }"),
            "w/flow.yaml:3: steps[0].approval.approver: unknown key `approver`; did you mean `approvers`?",
        ),
        (&steps("- input: {}"), "w/flow.yaml:2: steps[0].input.prompt: required, the question that is asked"),
        (&steps("- run: !x a"), "w/flow.yaml:2: tags"),
    ] {
        let errors = parse(text).map(|_| ()).expect_err(text).to_string();
        assert!(errors.starts_with(expected), "{text}:\n{errors}");
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let text = "nme: x\nsteps:\n- { id: a, run: 'echo $nothing' }\n- tool: message\n  args: { text: $b.success, other: $a.sdtout }\n  when: ${a.success\n  retry: 5\n";
    let errors = parse(text).unwrap_err();
    let paths: Vec<&str> = errors.problems().iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(
        paths,
        ["nme", "steps[0].run", "steps[1].args.text", "steps[1].args.other", "steps[1].when", "steps[1].retry"]
    );
}

#[test]
fn too_many_steps_are_refused() {
    let many = |count: usize| steps(&"- run: a\n".repeat(count));
    assert!(parse(&many(200)).is_ok());
    assert!(parse(&many(201)).unwrap_err().to_string().contains("has 201 steps, and a workflow has at most 200"));
}

#[test]
fn an_author_who_says_stop_is_heard() {
    let plan = parse(&steps("- { id: a, run: a, on_error: stop }\n- { run: b, when: $a.success }")).unwrap();
    assert!(!plan.steps[0].continues_on_failure());
}

#[test]
fn a_definition_is_known_by_its_digest() {
    let digest = |file: &str, text: &str| parse_as(file, text).unwrap().digest;
    let text = steps("- run: a");
    assert_eq!(digest("w/a.yaml", &text), digest("other/a.yaml", &text));
    assert_ne!(digest("w/a.yaml", &text), digest("w/b.yaml", &text));
    assert_ne!(digest("w/a.yaml", &text), digest("w/a.yaml", &steps("- run: b")));
    assert!(parse_as("w/a.txt", &text).is_err() && parse_as("w/a.json", r#"{"steps": [{"run": "a"}]}"#).is_ok());
}

#[test]
fn workflows_that_call_each_other_are_checked_together() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    let load =
        || Workflows::load(dir.path()).map_err(|errors| errors.iter().map(ToString::to_string).collect::<String>());
    assert!(load().unwrap().iter().next().is_none());
    write("a.yaml", &steps("- workflow: b"));
    write("b.lobster", &steps("- { id: x, workflow: c.json }"));
    write("c.json", r#"{"steps": [{"run": "true"}]}"#);
    assert_eq!(load().unwrap().iter().count(), 3);
    assert_eq!(Workflows::load_one(&dir.path().join("b.lobster")).unwrap().1.iter().count(), 2);
    write("c.json", r#"{"steps": [{"workflow": "a"}]}"#);
    assert!(load().unwrap_err().contains("calls itself in the end (a → b → c → a)"), "{}", load().unwrap_err());
    assert!(Workflows::load_one(&dir.path().join("b.lobster")).is_err());
    write("c.json", r#"{"steps": [{"workflow": "aa"}]}"#);
    assert!(load().unwrap_err().contains("there is no workflow `aa` in this folder; did you mean `a`?"));
    write("c.yaml", &steps("- run: a"));
    assert!(load().unwrap_err().contains("is `c` too; rename one of them"));
}

#[test]
fn a_plan_is_drawn_in_three_ways() {
    let text = "steps:\n- { id: test, run: npm test }\n- { id: go-live, run: 'echo \"a|b\" <x', when: $test.success, approval: sure? }\n- for_each: [1]\n  steps: [{ run: echo $item }]\n";
    let plan = parse(text).unwrap();
    assert_eq!(
        graph(&plan, GraphFormat::Mermaid),
        "flowchart TD\n  start([webhook])\n  s_test[\"test: command npm test\"]\n  start --> s_test\n  \
         s_go__live[\"go-live: command echo #quot;a#124;b#quot; #lt;x, then approval\"]\n  \
         s_test -->|\"even if it fails; when $test.success\"| s_go__live\n  s_step3[\"step3: for_each each item\"]\n  \
         s_go__live --> s_step3\n  s_step3__step1[\"step3-step1: command echo $item\"]\n  s_step3 -.-> s_step3__step1\n  s_step3 --> finish([end])\n"
    );
    assert_eq!(
        graph(&plan, GraphFormat::Dot),
        "digraph \"flow\" {\n  rankdir=TB;\n  node [shape=box];\n  \"webhook\" [shape=oval];\n  \"s_test\" [label=\"test: command npm test\"];\n  \
         \"webhook\" -> \"s_test\";\n  \"s_go__live\" [label=\"go-live: command echo \\\"a|b\\\" <x, then approval\"];\n  \
         \"s_test\" -> \"s_go__live\" [label=\"even if it fails; when $test.success\"];\n  \"s_step3\" [label=\"step3: for_each each item\"];\n  \
         \"s_go__live\" -> \"s_step3\";\n  \"s_step3__step1\" [label=\"step3-step1: command echo $item\"];\n  \
         \"s_step3\" -> \"s_step3__step1\" [style=dashed];\n}\n"
    );
    assert_eq!(
        graph(&plan, GraphFormat::Ascii),
        "flow\n  |\n  1. test: command npm test\n  |  even if it fails; when $test.success\n  2. go-live: command echo \"a|b\" <x, then approval\n  |\n  \
         3. step3: for_each each item\n  |   1. step3-step1: command echo $item\n"
    );
}
