//! Which programs take a word for a program, behind what.

use super::*;

fn refusal(line: &str) -> String {
    parse(line).expect_err(line).to_string()
}

fn argv(words: &[&str]) -> Result<Argv, CommandError> {
    let words = words.iter().map(|word| Text::parse(word, &scope()).unwrap()).collect();
    Argv::new(words, &Given::default())
}

#[test]
fn a_program_that_runs_its_words_is_known_behind_what_starts_it() {
    for line in [
        "timeout -s KILL 5 bash -c \"echo $x\"",
        "nice -n 5 sh -c \"$x\"",
        "sudo -u bob sh -c \"$x\"",
        "nohup setsid bash -lc \"$x\"",
        "bash -eo pipefail -c \"$x\"",
        "find . -exec sh -c \"echo $x\" \\;",
        "busybox sh -c \"$x\"",
        "time eval \"$x\"",
        "command eval \"$x\"",
        "exec ssh host \"$x\"",
        "docker exec app sh -c \"$x\"",
        "kubectl exec pod -- node -e \"$x\"",
        "watch \"echo $x\"",
        "sed -e p -e \"$x\"",
        "sed p -e \"$x\"",
        "perl -ne \"$x\"",
        "python3 -W ignore \"$x\"",
        "python3 -m \"$x\"",
        "node --require \"$x\" a.js",
        "make deploy BRANCH=$x",
        "jq \".a == \\\"$x\\\"\"",
        "psql -d app -c \"select '$x'\"",
        "sqlite3 a.db \"select $x\"",
        "echo a | xargs sh -c \"$x\"",
        "find . -name a -exec $x \\;",
        "sudo -u bob $x",
        "chroot /mnt $x",
        "timeout -s KILL 5 $x",
        "env -u A $x",
        "env -S \"$x\"",
        "source $x",
        ". $x",
        "xargs -n 1 $x",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
    for words in [
        &["timeout", "5", "bash", "-c", "echo $x"][..],
        &["env", "A=1", "$x"],
        &["sudo", "-u", "bob", "$x"],
        &["env", "LD_PRELOAD=$x", "ls"],
        &["awk", "/$x/"],
        &["git", "-c", "core.pager=$x", "log"],
    ] {
        assert!(argv(words).is_err(), "{words:?}");
    }
}

#[test]
fn what_programs_read_as_a_program_holds_no_value() {
    for line in [
        "echo $x | bash",
        "echo $x | tee a | sudo sh -s",
        "echo $x | { read -r A; sh; }",
        "sh < $x",
        "bash <<< $x",
        "echo $x | ssh host",
        "echo $x | ssh -p 22 host",
        "echo $x | psql -v a=b",
        "echo $x | xargs sudo",
        "echo $x | xargs ssh host",
        "echo $x | xargs -I{} {}",
        "echo $x | at now",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
    let given = Given { stdin_carries: true, ..Given::default() };
    for line in ["bash", "cat | sh", "ssh host", "python3 -", "perl", "psql -h db", "xargs -n1 sh -c"] {
        assert!(ShellLine::parse(line, &scope(), &given).is_err(), "{line}");
    }
    for line in ["python3 a.py", "ssh host 'A=$(cat); deploy \"$A\"'", "jq .a", "sh a.sh", "psql -f a.sql", "xargs ls"]
    {
        let refusal = ShellLine::parse(line, &scope(), &given).err();
        let is_expected = line.starts_with("psql") || refusal.is_none();
        assert!(is_expected, "{line}: {refusal:?}");
    }
    assert!(Argv::new(vec![Text::plain("sh")], &given).is_err());
}

#[test]
fn a_value_behind_an_option_for_programs_is_refused_unless_it_is_known_to_be_data() {
    for line in [
        "mytool -c $x",
        "mytool -c$x",
        "mytool -c'run $x'",
        "mytool --command $x",
        "mytool --command=$x",
        "mytool --eval=\"a $x\"",
        "mytool --exec $x",
        "sudo mytool -c $x",
        "git -c core.sshCommand=$x fetch",
        "git clone --upload-pack=$x a b",
        "tar --to-command=$x -xf a",
        "rsync -e $x a b",
        "kubectl exec pod -- mytool -c $x",
    ] {
        let refusal = refusal(line);
        assert!(refusal.contains("with which programs are told what to run"), "{line}: {refusal}");
    }
    for line in [
        "grep -e $x a",
        "grep -e$x a",
        "sudo grep -e $x a",
        "timeout 5 grep -c $x a",
        "gzip -dc $x",
        "head -c $x a",
        "cut -c $x",
        "wc -lc $x",
        "git switch -c $x",
        "git commit -m $x",
        "docker run -e BRANCH=$x image",
        "curl -r $x https://example.org",
        "rm -r -- $x",
    ] {
        parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
}

#[test]
fn what_is_only_data_to_a_program_stands_where_it_is_data() {
    for line in [
        "python3 deploy.py $x --branch=$x",
        "sh -c 'deploy \"$1\"' sh $x",
        "perl -e 'print @ARGV' $x",
        "awk -v v=$x '{ print v }' a",
        "awk '{ print }' $x",
        "sed -n p $x",
        "jq --arg name $x '.a == $$name' a.json",
        "psql -v name=$x -f a.sql",
        "echo make sure that python3 and ssh $x",
        "echo building $x && make",
        "kubectl drain node $x",
        "find $x -name \"$x\" -exec rm {} +",
        "sudo -u bob ls $x",
        "timeout 5 ls $x",
        "env A=$x ls",
        "git log $x | python3 -m json.tool",
    ] {
        parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
    assert!(argv(&["sh", "-c", "deploy \"$$1\"", "sh", "$x"]).is_ok());
    assert!(argv(&["python3", "deploy.py", "--branch=$x"]).is_ok());
}

#[test]
fn a_refusal_says_what_is_right_for_that_program() {
    for (line, advice) in [
        ("bash -c \"deploy $x\"", "in single quotes here: `bash -c 'deploy \"$NAME\"'`"),
        ("ssh host \"deploy $x\"", "`ssh host 'NAME=$(cat); deploy \"$NAME\"'`"),
        ("eval $x", "leave `eval` out"),
        ("awk \"/$x/\"", "read `ENVIRON[\"NAME\"]` in the program"),
        ("sed \"s/a/$x/\"", "`sed` has no way to take a value as data"),
        ("python3 -c \"$x\"", "read `os.environ[\"NAME\"]`"),
        ("perl -e \"$x\"", "read `$ENV{NAME}`"),
        ("ruby -e \"$x\"", "read `ENV[\"NAME\"]`"),
        ("node -e \"$x\"", "read `process.env.NAME`"),
        ("jq \".$x\"", "`--arg name \"$NAME\"`"),
        ("psql -c \"$x\"", "`psql -v name=\"$NAME\" -f FILE` with `:'name'`"),
        ("make $x", "`make` expands a value"),
        ("[[ $x -eq 1 ]]", "compare with `[ \"$NAME\" = … ]`"),
    ] {
        let refusal = refusal(line);
        assert!(refusal.contains(advice), "{line}: {refusal}");
    }
}

#[test]
fn a_value_names_no_variable_of_the_shell() {
    for line in [
        "export $x",
        "read $x",
        "unset $x",
        "printf -v $x a",
        "test -v $x",
        "[ -v $x ]",
        "for $x in a; do true; done",
        "export PATH=$x",
        "env GIT_SSH=$x git fetch",
        "for PATH in $x; do ls; done",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
    parse("export BRANCH=$x; test -n $x").unwrap();
}
