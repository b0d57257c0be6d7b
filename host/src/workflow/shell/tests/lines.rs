//! Lines as people write them, and lines in which a value would be more than data: what is told apart by where a word stands.

use std::path::Path;

use super::*;

/// A line in a step with a reference in `X` and in `DIR`, and with `$ref` known.
fn read(line: &str, stdin_carries: bool) -> Result<ShellLine, CommandError> {
    let names = ["X".to_owned(), "DIR".to_owned()];
    let mut scope = scope();
    scope.add("ref", Shape::Any);
    ShellLine::parse(line, &scope, &Given { variables: &names, carrying: &names, stdin_carries })
}

/// A value runs, chooses what runs, or is read by what runs it.
const HOSTILE: [&str; 84] = [
    "bash -c \\\n \"echo building $ref.branch\"",
    "sudo \\\n \"$X\"",
    "A=b \\\n LD_PRELOAD=\"$X\" ls",
    "ev\\\nal \"$X\"",
    "eval \"$\\\nX\"",
    "eval \"$X\\\nY\"; echo \"$X\"",
    "echo $(\\\n(X))",
    "bash <\\\n<EOF\n$X\nEOF",
    "bash <<EOF\necho $X \\\nEOF\nEOF",
    "LD_PRE\\\nLOAD=\"$X\" ls",
    "echo \"select '$X'\" | psql -h h -U u mydb",
    "echo \"select '$X'\" | psql -o out mydb",
    "echo \"select '$X'\" | mysql -uweb app",
    "echo \"select '$X'\" | docker exec -i db psql -U u app",
    "psql mydb <<EOF\nselect '$X'\nEOF",
    "sqlite3 my.db <<< \"select '$X'\"",
    "echo \"$X\" | su - postgres -c 'psql app'",
    "echo \"$X\" | ssh h 'bash -s'",
    "echo \"$X\" | sudo su - app",
    "psql -qAtXc \"select $X\"",
    "psql -qo \"$X\" db",
    "sqlite3 -cmd \"$X\" db",
    "ed f <<EOF\n$X\nEOF",
    "echo \"$X\" | sed -n -f- f",
    "echo \"$X\" | awk -f /dev/stdin f",
    "echo \"$X\" | make -f -",
    "echo \"$X\" | bash /proc/self/fd/0",
    "echo \"$X\" | { read -r PATH; ls; }",
    "mapfile PATH <<EOF\n$X\nEOF",
    "printf -v PATH \"%s\" \"$X\"",
    ": \"${LD_PRELOAD:=$X}\"; export LD_PRELOAD; ls",
    "sudo BASH_ENV=\"$X\" bash a",
    "echo \"$X\" | xargs -I% % a",
    "echo \"$X\" | xargs -0I% sh -c 'echo %'",
    "echo \"$X\" | xargs nice -n 5",
    "echo \"$X\" | xargs timeout",
    "echo \"$X\" | xargs -n 1 sudo -u app",
    "echo \"$X\" | xargs docker exec c",
    "taskset -c 0 \"$X\"",
    "sudo -iu app \"$X\"",
    "systemd-run --unit x \"$X\"",
    "flock --timeout 5 f \"$X\"",
    "nsenter --target 1 \"$X\"",
    "A=X; B=A; echo $((B))",
    "for A in X; do echo $((A)); done",
    "a[X]=1",
    "unset 'a[X]'",
    "A=X; eval \"echo \\$$A\"",
    "declare -i n; n=\"$X\"",
    "RANDOM=\"$X\"",
    "git submodule foreach \"git checkout $X\"",
    "git bisect run \"$X\"",
    "git rebase -i -x \"$X\" m",
    "git grep -nO \"$X\"",
    "git -c core.pager=\"$X\" log",
    "tar -cI \"$X\" -f a b",
    "tar -cf a --checkpoint-action=\"exec=$X\" f",
    "split --filter=\"$X\" f",
    "scp -oProxyCommand=\"$X\" a h:",
    "ip netns exec n \"$X\"",
    "npx -p pkg \"$X\"",
    "poetry run \"$X\"",
    "docker exec -it -u app c \"$X\"",
    "docker exec c mytool -c \"$X\"",
    "docker run --rm -it -v a:b img \"$X\"",
    "docker run --entrypoint \"$X\" img",
    "docker run --entrypoint node img -e \"$X\"",
    "docker run --entrypoint=node img -e \"$X\"",
    "docker compose -f a.yml run --rm app \"$X\"",
    "kubectl -n ns exec p -c web -- \"$X\"",
    "kubectl exec p -- sh -c \"echo $X\"",
    "gcloud compute ssh h -- ls \"$X\"",
    "deno eval \"$X\"",
    "pwsh -File \"$X\"",
    "yq eval \"$X\" f",
    "f() { sh; }; echo \"$X\" | f",
    "exec < \"$X\"; sh",
    "while read l; do sh; done <<EOF\n$X\nEOF",
    "if true; then echo \"$X\"; fi | sh",
    "echo \"$X\" |\n# more\n sh",
    "echo \"$X\" > >(sh)",
    "echo \"$X\" | cat \"$(sh)\"",
    "cat \"$X\" | sh",
    "env -S\"$X\"",
];

/// A value is data.
const EVERYDAY: [&str; 72] = [
    "curl -s \\\n  -d \"$ref.x\" \\\n  https://h",
    "docker run --rm \\\n  -e A=\"$X\" \\\n  img npm test",
    "./deploy.sh \\\n  --branch \"$X\" \\\n  --dir \"$DIR\"",
    "cat <<EOF > f\na $X \\\n b\nEOF\n./run \"$X\"",
    "cat > config.json <<'EOF'\nit's\nEOF\n./deploy.sh \"$ref.b\"",
    "psql -v b=\"$X\" app <<'SQL'\ninsert into t values (:'b');\nSQL",
    "psql -d \"$X\" -f q.sql",
    "mysql \"$X\" < dump.sql",
    "mysql -h \"$X\" -uapp app < q.sql",
    "gunzip < \"/backup/$X.sql.gz\" | psql app",
    "psql db < q.sql > \"$X.log\"",
    "sqlite3 \"$X\" .dump > out.sql",
    "redis-cli set k \"$X\"",
    "ls \"$DIR\" | xargs -I{} cp {} /dst",
    "ls \"$DIR\" | xargs -I{} mv {} {}.bak",
    "ls \"$DIR\" | xargs -n1 sh -c 'gzip \"$1\"' _",
    "find \"$DIR\" -name '*.py' | xargs python3 -m black",
    "kubectl get pods -n \"$X\" -o name | xargs -I{} kubectl delete {} -n prod",
    "ls \"$DIR\" | xargs nice -n 5 gzip",
    "ls \"$DIR\" | xargs sudo -u app rm -f",
    "rsync -az -e ssh ./dist/ \"host:/srv/$X/\"",
    "rsync -az -e 'ssh -p 22' ./dist/ \"host:/srv/$X/\"",
    "N=$(wc -l < f); echo $ref",
    "i=$(( (i + 1) * 2 )); ./run $ref",
    "V=${HOME:-'x'}; echo $ref",
    "echo $(ls cases) $ref",
    "N=$(wc -l < f); python3 x.py \"$X\"",
    "ssh h bash -s <<'EOF'\nuptime\nEOF\necho \"$X\"",
    "curl -s https://x/i.sh | bash; echo \"$X\"",
    "cd \"$DIR\" && cat q.sql | psql",
    "crontab -l | grep \"$X\"",
    "if [ \"$X\" = prod ]; then echo \"$X\"; curl -s https://x | bash; fi",
    "{ ./a.sh \"$X\"; } 2>&1 | tee log",
    "echo \"$X\" | su - app -c 'tee f'",
    "f() { echo \"deploying $1\"; }; f \"$X\"",
    "echo \"$X\" | ssh h 'NAME=$(cat); deploy \"$$NAME\"'",
    "echo \"$X\" | python3 -c 'import sys; print(sys.stdin.read())'",
    "bun run s.ts \"$X\"",
    "deno run --allow-net s.ts \"$X\"",
    "pwsh -File s.ps1 \"$X\"",
    "sudo apt-get install -y python3 \"$X\"",
    "gcloud compute ssh \"$X\" --command 'uptime'",
    "git -c user.name=\"$X\" commit -m x",
    "ffmpeg -i a.mp4 -c \"$X\" o.mp4",
    "pytest -c \"$X\"",
    "yq '.a' \"$X\"",
    "taskset -c 0-3 ./run \"$X\"",
    "sudo -iu app ./deploy.sh \"$X\"",
    "systemd-run --unit \"$X\" ./run",
    "flock --timeout 5 f ./run \"$X\"",
    "npx -y prettier --check \"$X\"",
    "poetry run pytest -k \"$X\"",
    "docker exec -it -u app c deploy \"$X\"",
    "docker run -d --name \"$X\" img",
    "docker run --rm img tool \"$X\"",
    "docker run --rm --entrypoint tool img \"$X\"",
    "docker run --rm --entrypoint=tool img \"$X\"",
    "docker compose up -d \"$X\"",
    "kubectl exec deploy/app -n \"$X\" -- ls",
    "kubectl exec deploy/app -- node migrate.js \"$X\"",
    "git submodule update --init; echo \"$X\"",
    "git rebase \"$X\"",
    "git push -u origin \"$X\"",
    "tar -xzf \"$X\" -C /srv",
    "ip addr show \"$X\"",
    "A=main; echo $((1 + 2)) \"$X\"",
    "echo \"$X\" | { read -r NAME; echo \"$NAME\"; }",
    "printf -v S '%s' \"$X\"; echo \"$S\"",
    "TF_VAR_version=\"$X\" terraform apply",
    "node -r dotenv/config app.js \"$X\"",
    "./a.sh \"$X\" &> log",
    "grep python3 f | grep \"$X\"",
];

#[test]
fn a_line_in_which_a_value_would_be_more_than_data_is_refused() {
    for line in HOSTILE {
        assert!(read(line, false).is_err(), "{line}");
    }
    for line in [
        "psql mydb",
        "read PATH; ls",
        "sed -f - f",
        "sh -c 'cat | sh'",
        "ssh h 'bash -s'",
        "xargs nice",
        "xargs -I% % a",
    ] {
        assert!(read(line, true).is_err(), "{line}");
    }
}

#[test]
fn a_line_in_which_a_value_is_data_is_read() {
    for line in EVERYDAY {
        read(line, false).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
    for line in ["bash x.sh", "cat > f", "xargs -I{} cp {} /d", "docker exec -i app cat", "psql -c 'select 1'"] {
        read(line, true).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
}

/// What each of these lines does with an attack, in each shell that is there.
#[test]
fn an_attack_in_a_line_that_goes_on_stays_a_text() {
    let attacks =
        ["x; touch P", "$(touch P)", "`touch P`", "b[$(touch P)]", "--version", "'; touch P; '", "a\ntouch P\n"];
    let lines = [
        "printf '<%s>' \\\n \"$X\"",
        "printf \\\n  '<%s>' \\\n  $ref",
        "printf '<%s>' \"$\\\nX\"",
        "A=$((1 + 2)); printf '<%s>' $ref",
        "N=$(wc -l < /dev/null); printf '<%s>' $ref",
        "V=${HOME:-'x'}; printf '<%s>' $ref",
        "cat > f <<EOF\n$X\nEOF\nrm f; printf '<%s>' $ref",
        "printf '%s' \"$X\" | xargs -0 -I{} printf '<%s>' {}",
        "printf '%s' \"$X\" | xargs -0 sh -c 'printf \"<%s>\" \"$1\"' _",
        "echo 'printf \"<%s>\" \"$X\"' | sh; true \"$X\"",
    ];
    for line in lines {
        let read = read(line, false).unwrap_or_else(|error| panic!("{line}: {error}"));
        for (shell, attack) in SHELLS.iter().flat_map(|shell| attacks.map(|attack| (shell, attack))) {
            let mut values = Values::default();
            values.set("ref", json!(attack));
            // A value with a hyphen in front is refused where it would be an option.
            let Ok(variables) = read.variables(&values) else { continue };
            let folder = tempfile::tempdir().unwrap();
            let mut command = Command::new(shell);
            command.arg("-c").arg(read.script()).current_dir(folder.path()).env_clear();
            let output = command.env("PATH", "/usr/bin:/bin").env("X", attack).envs(variables).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout), format!("<{attack}>"), "{line}: {output:?}");
            assert!(!folder.path().join("P").exists(), "{shell}: {line}: {attack}");
        }
    }
    assert!(!Path::new("P").exists());
}

/// Shells that a system may have for `/bin/sh`.
const SHELLS: [&str; 2] = ["/bin/sh", "/bin/bash"];

#[test]
fn names_that_are_only_data_may_hold_a_reference() {
    for name in ["TF_VAR_version", "PYTHON_VERSION", "GIT_REPO", "GIT_URL", "GIT_COMMIT_SHA", "SSH_HOST", "AWS_REGION"]
    {
        assert!(!super::super::is_deciding(name), "{name}");
    }
    for name in ["TF_CLI_ARGS", "GIT_SSH", "AWS_PROFILE", "COMPLUS_Version", "RANDOM", "SSH_ASKPASS"] {
        assert!(super::super::is_deciding(name), "{name}");
    }
}
