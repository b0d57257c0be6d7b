//! What starts another program, whose name stands behind its own: the way from word to word to each program of a command.

use super::carriers::Carriers;
use super::choosers::chooser;
use super::programs::RUNS_NEXT;
use super::rules::BEFORE;
use super::words::Word;

/// Starts the program that follows: its options with a value, and how many words it takes before that program.
pub(super) struct Wrapper {
    names: &'static str,
    pub values: &'static str,
    pub operands: usize,
}

const fn wrapper_of(names: &'static str, values: &'static str, operands: usize) -> Wrapper {
    Wrapper { names, values, operands }
}

const WRAPPERS: &[Wrapper] = &[
    wrapper_of(
        "sudo doas",
        "-u -g -p -C -h -r -t -T -U -D -R -a --user --group --prompt --chdir --chroot --host --role --type --close-from --command-timeout \
         --other-user --auth-type",
        0,
    ),
    wrapper_of("env", "-u -C -a --unset --chdir --argv0", 0),
    wrapper_of("exec", "-a", 0),
    wrapper_of(
        "nohup command builtin setsid fakeroot unbuffer dumb-init tini caffeinate coproc busybox toybox catchsegv eatmydata nocache \
         dbus-run-session winpty daemonize valgrind firejail cross-env wsl wine",
        "",
        0,
    ),
    wrapper_of("nice", "-n --adjustment", 0),
    wrapper_of("ionice", "-c -n --class --classdata", 0),
    wrapper_of("time", "-f -o --output --format", 0),
    wrapper_of("strace ltrace", "-o -e -s -p -E -u -a -b -I -O -P -S -X -l -n", 0),
    wrapper_of(
        "xargs",
        "-I -n -P -L -d -E -a -s -J -R -S --max-args --max-procs --max-chars --delimiter --arg-file --process-slot-var",
        0,
    ),
    wrapper_of("timeout", "-s -k --signal --kill-after", 1),
    wrapper_of("stdbuf", "-i -o -e --input --output --error", 0),
    wrapper_of("chroot", "--userspec --groups", 1),
    wrapper_of("flock", "-w -E --timeout --wait --conflict-exit-code", 1),
    wrapper_of("taskset", "", 1),
    wrapper_of("chrt", "-T -P -D --sched-runtime --sched-period --sched-deadline", 1),
    wrapper_of("gosu su-exec setarch s6-setuidgid setuidgid faketime", "-f", 1),
    wrapper_of("runuser", "-u -g -G -s -w --user --group --supp-group --shell --whitelist-environment", 0),
    wrapper_of(
        "setpriv",
        "--reuid --regid --groups --ruid --euid --rgid --egid --securebits --pdeathsig --selinux-label --apparmor-profile --inh-caps \
         --ambient-caps --bounding-set",
        0,
    ),
    wrapper_of(
        "unshare",
        "-S -G -R -w -l --setuid --setgid --root --wd --propagation --setgroups --map-user --map-users --map-group --map-groups --boottime \
         --monotonic --load-interp",
        0,
    ),
    wrapper_of("nsenter", "-t -S -G -W --target --setuid --setgid --wdns", 0),
    wrapper_of(
        "systemd-run",
        "-p -u -E -M -H --property --unit --setenv --machine --host --description --slice --uid --gid --nice --working-directory \
         --service-type --on-active --on-boot --on-startup --on-unit-active --on-unit-inactive --on-calendar --timer-property --path-property \
         --socket-property",
        0,
    ),
    wrapper_of("chpst", "-u -U -b -e -/ -n -l -L -m -d -o -p -f -c -r -t -C", 0),
    wrapper_of("choom", "-n -p --adjust --pid", 0),
    wrapper_of("prlimit", "-p --pid -o --output", 0),
    wrapper_of("numactl", "-C -m -N -i -p --physcpubind --membind --cpunodebind --interleave --preferred", 0),
    wrapper_of("cpulimit", "-l -p -e -P -c --limit --pid --exe --path", 0),
    wrapper_of(
        "xvfb-run",
        "-n -s -f -e -p -w --server-num --server-args --auth-file --error-file --xauth-protocol --wait",
        0,
    ),
    wrapper_of("dotenv", "-f -e -v -c -p", 0),
    wrapper_of("npx bunx pnpx uvx", "-p --package -w --workspace --from --with --python", 0),
    wrapper_of("cgexec", "-g", 0),
    wrapper_of("pkexec", "--user", 0),
    wrapper_of("proot", "-r -b -w -m -q -k -R -S", 0),
];

pub(super) fn wrapper(name: &str) -> Option<&'static Wrapper> {
    WRAPPERS.iter().find(|wrapper| wrapper.names.split(' ').any(|known| known == name))
}

/// Whether the word behind an option belongs to it. Of several letters the first with a value counts, and has the others for one.
pub(super) fn has_value(values: &str, option: &str) -> bool {
    let is_known = |option: &str| values.split(' ').any(|known| known == option);
    let letters = option.strip_prefix('-').filter(|letters| !letters.starts_with('-')).unwrap_or_default();
    let first = letters.char_indices().find(|(_, letter)| is_known(&format!("-{letter}")));
    is_known(option) || first.is_some_and(|(at, letter)| at + letter.len_utf8() == letters.len())
}

/// The programs of a command, and what there is to say against it.
#[derive(Default)]
pub(super) struct Programs {
    pub at: Vec<usize>,
    /// A word with a value that would choose one.
    pub chosen: Option<usize>,
    /// A word with a value that is read as a line again, and by what.
    pub joined: Option<usize>,
}

/// Goes from program to program. [`Word`]s that hold a value stand for the program where one is due.
pub(super) fn programs(words: &[&Word], names: &[&str], carriers: &Carriers<'_>) -> Programs {
    let mut found = Programs::default();
    // The options with a value and the words that still come before the program.
    let mut around: Option<&str> = None;
    let mut operands = 0;
    let mut is_program = true;
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let (here, name) = (at, names[at]);
        at += 1;
        if RUNS_NEXT.contains(&word.plain.as_str()) {
            (is_program, around, operands) = (true, None, 0);
            continue;
        }
        if !is_program || word.assigns().is_some() {
            continue;
        }
        if carriers.carried(word).is_some() {
            let is_option = around.is_some() && carriers.before(word).starts_with('-');
            if is_option || operands > 0 {
                operands -= usize::from(!is_option);
                continue;
            }
            found.chosen = Some(here);
            return found;
        }
        if let Some(wrapper) = wrapper(name).filter(|_| operands == 0) {
            (around, operands) = (Some(wrapper.values), wrapper.operands);
        } else if let Some(values) = around.filter(|_| word.plain.starts_with(['-', '+'])) {
            at += usize::from(has_value(values, &word.plain));
        } else if operands > 0 {
            operands -= 1;
        } else if !BEFORE.contains(&name) {
            found.at.push(here);
            is_program = false;
            let Some((chooser, behind)) = chooser(names, here) else { continue };
            if chooser.joins {
                found.joined = (behind..words.len()).find(|at| carriers.carried(words[*at]).is_some());
                return found;
            }
            (is_program, around, operands, at) = (true, Some(chooser.values), chooser.operands, behind);
        }
    }
    found
}
