//! Values under a name of the environment: what `env:` gives them, and what a line hands on.

use std::fs;
use std::path::Path;

use super::*;
use crate::workflow::Plan;

/// What would leave a file if any of it ran.
const ATTACKS: [&str; 8] = [
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned",
    "\"; touch pwned; \"",
    "'; touch pwned; '",
    "a\ntouch pwned\n",
    "a[$(touch pwned)]",
    "x/e touch pwned;#",
];

/// A line in a step with `env: {BRANCH: $x, PLAIN: a}`.
fn given(line: &str) -> Result<ShellLine, CommandError> {
    let (variables, carrying) = (["BRANCH".to_owned(), "PLAIN".to_owned()], ["BRANCH".to_owned()]);
    ShellLine::parse(line, &scope(), &Given { variables: &variables, carrying: &carrying, stdin_carries: false })
}

#[test]
fn a_variable_that_holds_a_reference_is_refused_where_a_reference_is() {
    for (line, expected) in [
        ("ssh host \"deploy $BRANCH\"", "stands in a command of `ssh`"),
        ("bash -c \"deploy $BRANCH\"", "stands in a text that `bash` may run"),
        ("bash -c \"deploy ${BRANCH:-main}\"", "stands in a text that `bash` may run"),
        ("bash -c \"deploy ${PLAIN:-$BRANCH}\"", "stands in a text that `bash` may run"),
        ("bash -c \"deploy '\"$BRANCH\"'\"", "stands in a text that `bash` may run"),
        ("eval \"$BRANCH\"", "stands in a command of `eval`"),
        ("eval \"$(echo \"$BRANCH\")\"", "stands in a command of `eval`"),
        ("echo $(eval \"$BRANCH\")", "stands in a command of `eval`"),
        ("echo \"`eval \\\"$BRANCH\\\"`\"", "stands in a command of `eval`"),
        ("echo ${PLAIN:-$(eval \"$BRANCH\")}", "stands in a command of `eval`"),
        ("sed \"s/x/$BRANCH/\"", "stands in a text that `sed` may run"),
        ("awk \"/$BRANCH/\"", "stands in a text that `awk` may run"),
        ("\"$BRANCH\" a", "stands where it would choose the program"),
        ("echo \"$BRANCH\" | sh", "stands in a line with a program that runs what it reads"),
        ("bash <<EOF\necho $BRANCH\nEOF", "stands in a line with a program that runs what it reads"),
        ("source <(echo \"$BRANCH\")", "stands in a command of `source`"),
        ("echo $((BRANCH + 1))", "stands where the shell computes with it"),
        ("echo $(($BRANCH + 1))", "stands where the shell computes with it"),
        ("((BRANCH > 1)) && ls", "stands where the shell computes with it"),
        ("echo ${!BRANCH}", "stands where the shell computes with it"),
        ("echo ${BRANCH@P}", "stands where the shell computes with it"),
        ("echo ${PLAIN:BRANCH}", "stands where the shell computes with it"),
        ("echo $${a[BRANCH]}", "stands where the shell computes with it"),
        ("[[ $BRANCH -eq 1 ]]", "stands in a command of `[[`"),
        ("PATH=$BRANCH ls", "stands in PATH, which decides what programs do"),
        ("rm $BRANCH", "stands where the shell takes its value apart into words"),
        ("rm $(basename \"$BRANCH\")", "stands where the shell takes its value apart into words"),
        ("mytool --command=\"$BRANCH\"", "stands behind `--command`"),
        ("bash -c 'eval \"$BRANCH\"'", "stands in a command of `eval`"),
        ("bash -c 'bash -c \"$BRANCH\"'", "stands in a text that `bash` may run"),
        ("cat <<EOF\nit's\nEOF\neval \"$BRANCH\"", "stands in a command of `eval`"),
        ("cat <<'EOF' # it's\na\nEOF\neval \"$BRANCH\"", "stands in a command of `eval`"),
        ("echo $'a\\''; eval \"$BRANCH\" '", "stands "),
        ("let A=BRANCH+1", "stands where the shell computes with it"),
        ("echo $[BRANCH + 1]", "stands where the shell computes with it"),
        ("cat <<EOF\n$(eval \"$BRANCH\")\nEOF", "stands in a command of `eval`"),
        ("bash <<'EOF'\neval \"$BRANCH\"\nEOF", "stands in a command of `eval`"),
        ("bash <<EOF\neval \"\\$BRANCH\"\nEOF", "stands in a command of `eval`"),
        ("eval \"$LOBSTER_ARG_BRANCH\"", "stands in a command of `eval`"),
        ("eval \"$LOBSTER_ARGS_JSON\"", "stands in a command of `eval`"),
    ] {
        let refusal = given(line).expect_err(line).to_string();
        let name =
            if line.contains("LOBSTER") { "`$LOBSTER_ARG" } else { "`$BRANCH`, which holds a value from elsewhere, " };
        assert!(refusal.starts_with(name) && refusal.contains(expected), "{line}: {refusal}");
    }
}

#[test]
fn a_value_is_followed_through_the_variables_of_a_line() {
    for line in [
        "A=$x; eval \"$A\"",
        "A=$x; B=\"a $A\"; C=${B%a}; eval \"$C\"",
        "A=\"$(echo \"$BRANCH\")\"; eval \"$A\"",
        "while true; do eval \"$B\"; B=$A; A=$x; done",
        "export A=$x && bash -c 'eval \"$A\"'",
        ": \"${A:=$BRANCH}\"; eval \"$A\"",
        "for b in $BRANCH; do eval \"$$b\"; done",
        "echo \"$BRANCH\" | while read -r A B; do eval \"$B\"; done",
        "set -- \"$BRANCH\"; eval \"$1\"",
        "run() { eval \"$@\"; }; run \"$BRANCH\"",
        "printf -v A '%s' $x; eval \"$A\"",
        "bash -c 'eval \"$1\"' bash \"$BRANCH\"",
    ] {
        assert!(given(line).is_err(), "{line}");
    }
    let chain: String = (0..100).map(|n| format!("A{n}=$A{}; ", n + 1)).collect();
    assert!(given(&format!("{chain}A100=$x; eval \"$A0\"")).is_err());
    assert!(given(&format!("{chain}A100=a; eval \"$A0\"")).is_ok());
}

#[test]
fn a_variable_that_the_author_writes_out_is_the_shells_own() {
    for line in [
        "eval \"$PLAIN\"",
        "ssh host \"deploy $PLAIN\"",
        "$PLAIN a",
        "echo $((PLAIN + 1)) $x",
        "bash -c \"$PLAIN\"; echo \"$BRANCH\"",
        "rm $PLAIN",
    ] {
        let line = line.replace(" $x", "");
        given(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
}

/// Where an attack is only a text: what `/bin/sh` and programs do with each of them, and what comes out.
#[test]
fn what_the_advice_says_keeps_an_attack_a_text() {
    let lines = [
        "printf '%s' \"$BRANCH\"",
        "printf '%s' \"${BRANCH:-none}\"",
        "bash -c 'printf %s \"$BRANCH\"'",
        "sh -c 'printf %s \"$1\"' sh \"$BRANCH\"",
        "eval 'printf %s \"$BRANCH\"'",
        "A=\"$BRANCH\"; printf %s \"$A\"",
        "A=$BRANCH; (printf %s \"$A\")",
        "cat <<EOF | head -c -1\n$BRANCH\nEOF",
        "printf %s \"$(printf '%s.' \"$BRANCH\")\" | head -c -1",
        "case $BRANCH in *) printf %s \"$BRANCH\" ;; esac",
        "awk 'BEGIN { printf \"%s\", ENVIRON[\"BRANCH\"] }'",
        "perl -e 'print $ENV{BRANCH}'",
        "perl -e 'print @ARGV' -- \"$BRANCH\"",
        "printf %s \"$BRANCH\" | bash -c 'A=$(cat; echo .); printf %s \"$${A%.}\"'",
        "printf %s \"$BRANCH\" | xargs -0 printf %s",
        "if [ \"$BRANCH\" = main ]; then echo main; else printf %s \"$BRANCH\"; fi",
    ];
    for line in lines {
        let read = given(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        for attack in ATTACKS {
            let folder = tempfile::tempdir().unwrap();
            let mut shell = Command::new("/bin/sh");
            shell.arg("-c").arg(read.script()).current_dir(folder.path());
            shell.env_clear().env("PATH", "/usr/bin:/bin").env("BRANCH", attack);
            let output = shell.output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout), attack, "{line}: {output:?}");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{line}: {attack}");
        }
    }
}

#[test]
fn a_reference_stays_a_text_for_every_attack() {
    for line in [
        "printf %s $x",
        "printf %s \"$x\"",
        "printf %s '$x'",
        "A=$x; printf %s \"$A\"",
        "sh -c 'printf %s \"$1\"' sh $x",
        "awk -v a=b 'BEGIN { printf \"%s\", ARGV[1]; exit }' $x",
        "A=$x perl -e 'print $ENV{A}'",
    ] {
        for attack in ATTACKS {
            assert_eq!(run(line, &json!(attack)), attack, "{line}");
        }
    }
    assert!(!Path::new("pwned").exists());
}

#[test]
fn variables_that_decide_what_programs_do_are_known_by_name_and_by_family() {
    for name in [
        "PATH",
        "HOME",
        "IFS",
        "XDG_CONFIG_HOME",
        "GIT_SSH_COMMAND",
        "GIT_CONFIG_COUNT",
        "PAGER",
        "EDITOR",
        "VISUAL",
        "BROWSER",
        "PERL5LIB",
        "PERLLIB",
        "PERL5OPT",
        "RUBYLIB",
        "RUBYOPT",
        "NODE_PATH",
        "NODE_OPTIONS",
        "JAVA_TOOL_OPTIONS",
        "_JAVA_OPTIONS",
        "JDK_JAVA_OPTIONS",
        "CLASSPATH",
        "LESSOPEN",
        "LESSCLOSE",
        "MAKEFLAGS",
        "npm_config_registry",
        "NPM_CONFIG_REGISTRY",
        "PIP_INDEX_URL",
        "CARGO_HOME",
        "RUSTC_WRAPPER",
        "RUSTFLAGS",
        "PROMPT_COMMAND",
        "PS4",
        "GCONV_PATH",
        "LOCPATH",
        "SSH_ASKPASS",
        "DOCKER_HOST",
        "KUBECONFIG",
        "AWS_CONFIG_FILE",
        "http_proxy",
        "HTTPS_PROXY",
        "SSL_CERT_FILE",
        "CURL_HOME",
        "TMPDIR",
        "TERMINFO",
        "GOFLAGS",
        "LD_PRELOAD",
        "DYLD_INSERT_LIBRARIES",
        "BASH_FUNC_ls%%",
        "KRB5_CONFIG",
        "PYTHONINSPECT",
        "GLIBC_TUNABLES",
    ] {
        assert!(super::super::is_deciding(name), "{name}");
    }
    for name in ["BRANCH", "VERSION", "USER_NAME", "TZ", "LANG", "DOCKER_TAG", "PATHS", "PYTHO"] {
        assert!(!super::super::is_deciding(name), "{name}");
    }
}

#[test]
fn an_environment_that_holds_a_reference_is_no_way_around_the_rules_for_commands() {
    let load = |text: &str| Plan::parse(text, Path::new("w/flow.yaml")).map_err(|errors| errors.to_string());
    let refused = |text: &str, expected: &str| {
        let error = load(text).expect_err(text);
        assert!(error.contains(expected), "{text}: {error}");
    };
    let ssh = "stands in a command of `ssh`";
    refused("steps:\n- run: ssh host \"deploy $BRANCH\"\n  env: { BRANCH: $webhook.body.ref }", ssh);
    refused("env: { BRANCH: $webhook.body.ref }\nsteps:\n- run: ssh host \"deploy $BRANCH\"", ssh);
    refused("steps:\n- run: ssh host \"deploy $LOBSTER_ARG_BRANCH\"\nargs: { branch: {} }", ssh);
    refused(
        "steps:\n- run: bash\n  stdin: $webhook.body.ref",
        "stands in a line with a program that runs what it reads",
    );
    refused(
        "steps:\n- run: [sh]\n  stdin: $webhook.body.ref",
        "stands in a line with a program that runs what it reads",
    );
    refused(
        "steps:\n- run: [sh, -c, 'eval \"$$BRANCH\"']\n  env: { BRANCH: $webhook.body.ref }",
        "stands in a command of `eval`",
    );
    refused("steps:\n- run: ls\n  env: { git_dir: $webhook.body.ref }", "take a name of your own");
    for text in [
        "env: { BRANCH: $webhook.body.ref }\nsteps:\n- run: ssh host \"deploy $BRANCH\"\n  env: { BRANCH: main }",
        "steps:\n- run: ls\n  env: { BRANCH: $webhook.body.ref }\n- run: ssh host \"deploy $BRANCH\"",
        "steps:\n- run: bash -c 'deploy \"$BRANCH\"'\n  env: { BRANCH: $webhook.body.ref }",
        "steps:\n- run: ssh host 'NAME=$(cat); deploy \"$NAME\"'\n  stdin: $webhook.body.ref",
        "steps:\n- run: bash\n  stdin: echo hello",
    ] {
        load(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
}
