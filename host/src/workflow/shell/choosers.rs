//! Programs with commands behind which another program follows: `docker exec app …`, `git bisect run …`.

/// A command of a program, behind which a program follows.
pub(super) struct Chooser {
    programs: &'static str,
    /// The words of the command.
    path: &'static [&'static str],
    /// Its options with a value.
    pub values: &'static str,
    /// How many words it takes before the program.
    pub operands: usize,
    /// Whether the program stands behind `--`, if there is one.
    has_dashes: bool,
    /// Whether its words are put together and read as a line.
    pub joins: bool,
}

const fn runs(programs: &'static str, path: &'static [&'static str], values: &'static str, operands: usize) -> Chooser {
    Chooser { programs, path, values, operands, has_dashes: false, joins: false }
}

const fn behind_dashes(programs: &'static str, path: &'static [&'static str], operands: usize) -> Chooser {
    Chooser { programs, path, values: POD, operands, has_dashes: true, joins: false }
}

const fn joins(programs: &'static str, path: &'static [&'static str]) -> Chooser {
    Chooser { programs, path, values: "", operands: 0, has_dashes: false, joins: true }
}

const EXEC: &str = "-e -u -w --env --user --workdir --env-file --detach-keys --index";
const RUN: &str = "-a -c -e -h -l -m -p -u -v -w --add-host --annotation --attach --blkio-weight --cap-add --cap-drop --cgroup-parent --cgroupns \
    --cidfile --cpu-period --cpu-quota --cpu-shares --cpus --cpuset-cpus --cpuset-mems --detach-keys --device --dns --dns-option --dns-search \
    --domainname --env --env-file --expose --gpus --group-add --health-cmd --health-interval --health-retries --health-timeout --hostname --ip \
    --ip6 --ipc --isolation --kernel-memory --label --label-file --link --log-driver --log-opt --mac-address --memory --memory-reservation \
    --memory-swap --memory-swappiness --mount --name --net --net-alias --network --network-alias --oom-score-adj --pid --pids-limit --platform \
    --publish --pull --restart --runtime --security-opt --shm-size --stop-signal --stop-timeout --storage-opt --sysctl --tmpfs --ulimit --user \
    --userns --uts --volume --volume-driver --volumes-from --workdir";
const POD: &str = "-n -c -f -s -l --namespace --container --context --cluster --user --kubeconfig --server --filename --selector --image \
    --pod-running-timeout --env --port --labels --restart --overrides --target --profile --duration";
const PYTHON: &str = "-n -p -C -e --name --prefix --cwd --python --with --with-requirements --extra --group --directory --project --env-file \
    --package --only-group --no-group --index --index-url --spec --env -m --module";

const CHOOSERS: &[Chooser] = &[
    runs("docker podman nerdctl", &["exec"], EXEC, 1),
    runs("docker podman nerdctl", &["container", "exec"], EXEC, 1),
    runs("docker podman nerdctl", &["run"], RUN, 1),
    runs("docker podman nerdctl", &["create"], RUN, 1),
    runs("docker podman nerdctl", &["container", "run"], RUN, 1),
    runs("docker podman nerdctl", &["compose", "exec"], EXEC, 1),
    runs("docker podman nerdctl", &["compose", "run"], RUN, 1),
    runs("docker-compose podman-compose", &["exec"], EXEC, 1),
    runs("docker-compose podman-compose", &["run"], RUN, 1),
    behind_dashes("kubectl oc", &["exec"], 1),
    behind_dashes("kubectl oc", &["debug"], 1),
    behind_dashes("kubectl oc", &["run"], 1),
    behind_dashes("kubectl oc", &["create", "job"], 1),
    behind_dashes("lxc incus", &["exec"], 1),
    behind_dashes("aws-vault chamber", &["exec"], 1),
    behind_dashes("op doppler", &["run"], 0),
    behind_dashes("mise asdf", &["exec"], 0),
    behind_dashes("guix", &["shell"], 0),
    runs("ip", &["netns", "exec"], "", 1),
    runs("direnv", &["exec"], "", 1),
    runs("npm", &["exec"], "-p -c -w --package --call --workspace", 0),
    runs("npm", &["x"], "-p -c -w --package --call --workspace", 0),
    runs("pnpm yarn", &["exec"], "-C -F --dir --filter", 0),
    runs("pnpm yarn", &["dlx"], "-p --package", 0),
    runs("lerna", &["exec"], "--scope --ignore --concurrency --since", 0),
    runs("bun", &["x"], "", 0),
    runs("bundle rbenv pyenv nodenv", &["exec"], "--gemfile", 0),
    runs("poetry uv pipenv conda mamba hatch rye pipx volta", &["run"], PYTHON, 0),
    runs("uv", &["tool", "run"], PYTHON, 0),
    runs("perf", &["stat"], "-e -p -r -o -a -C", 0),
    runs("perf", &["record"], "-e -p -F -o -C -c", 0),
    runs("git", &["bisect", "run"], "", 0),
    joins("git", &["submodule", "foreach"]),
    joins("git", &["filter-branch"]),
    joins("adb", &["shell"]),
    joins("heroku", &["run"]),
    joins("machinectl", &["shell"]),
    joins("vagrant", &["ssh"]),
    joins("aws", &["ssm", "send-command"]),
];

/// What a program runs by the command it is given, and the word behind that command.
pub(super) fn chooser(names: &[&str], program: usize) -> Option<(&'static Chooser, usize)> {
    let of_program = CHOOSERS.iter().filter(|chooser| chooser.programs.split(' ').any(|known| known == names[program]));
    let mut found = of_program.filter_map(|chooser| Some((chooser, behind(names, program, chooser.path)?)));
    let (chooser, behind) = found.next_back()?;
    // With `--entrypoint=tool` the words behind the image are the tool's; so they are with `--entrypoint tool`, where `tool` counts for the image.
    let is_told = chooser.values == RUN && names[behind..].iter().any(|name| name.starts_with("--entrypoint="));
    let dashes = names[behind..].iter().position(|name| chooser.has_dashes && *name == "--");
    match dashes {
        _ if is_told => Some((&TOLD, behind)),
        // What stands before `--` are operands; without any the program follows at once.
        Some(dashes) => Some((&DASHED, behind + dashes + 1)),
        None => Some((chooser, behind)),
    }
}

/// Behind `--`.
static DASHED: Chooser = runs("", &[], "", 0);
/// With a program that is written out.
static TOLD: Chooser = runs("", &[], RUN, 0);

/// The word behind a command of a program. Before and in it there may be options, each with one value.
pub(super) fn behind(names: &[&str], program: usize, path: &[&str]) -> Option<usize> {
    let mut at = program + 1;
    for word in path {
        loop {
            let name = names.get(at)?;
            at += 1;
            if name == word {
                break;
            }
            let is_value = at - 2 > program && names[at - 2].starts_with('-');
            if !name.starts_with('-') && !is_value {
                return None;
            }
        }
    }
    Some(at)
}
