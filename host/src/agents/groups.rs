//! The programs of this gateway, noted in its state folder while they run: a gateway that is killed takes none of them with it, and the next one
//! must not begin a step again beside the program that is still at it.
//!
//! A note is a file `groups/<number of the group>`, written when a program has started and removed when it is dead. It is not made to outlast
//! a power cut, which ends programs too. Not covered: what has left its group, and a program whose gateway dies in the
//! moment between its start and the note.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, getpgrp, kill_process_group};
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use super::group::Group;
use super::proc::{self, Process};

/// Inside the state folder.
const FOLDER: &str = "groups";
/// What is killed is gone at once, unless it hangs in the system; whoever starts does not wait for that any longer.
const GONE_WITHIN: Duration = Duration::from_secs(2);
/// Between two looks whether it is.
const LOOK_PACE: Duration = Duration::from_millis(5);

/// Starts programs and notes them. Cheap to clone. The default notes nothing.
#[derive(Clone, Default)]
pub struct Groups(Option<Arc<Folder>>);

struct Folder {
    path: PathBuf,
    /// This gateway.
    owner: Process,
    world: String,
}

/// That a group runs. Dropped, it is taken back.
pub(super) struct Note(PathBuf);

/// What a note says.
#[derive(Debug, PartialEq, Eq)]
struct Noted {
    /// When the leader was started.
    started: u64,
    /// The session that the group is in, which is the gateway's.
    session: i32,
    /// The gateway that started it.
    owner: Process,
    world: String,
}

impl Groups {
    /// Kills what a dead process has left running, and notes programs from now on. Only for whoever has the lock of the state folder.
    pub async fn take_over(state_dir: &Path) -> io::Result<Self> {
        let (Some(world), Some(owner)) = (proc::world(), Process::own()) else { return Ok(Self::default()) };
        let path = state_dir.join(FOLDER);
        DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
        let ended = end_left(&path, &world, owner)?;
        if !ended.is_empty() {
            tracing::warn!("{} programs of the last process were still running and were killed", ended.len());
            until_gone(&ended).await;
        }
        Ok(Self(Some(Arc::new(Folder { path, owner, world }))))
    }

    /// Starts a program with three pipes, in a group of its own.
    pub fn start(&self, command: Command) -> io::Result<Group> {
        let mut group = Group::start(command)?;
        if let Some(folder) = &self.0 {
            group.noted(folder.note(group.pid()));
        }
        Ok(group)
    }
}

impl Folder {
    /// Without a note the program runs all the same: a full disk is no reason to do nothing.
    fn note(&self, pid: Pid) -> Option<Note> {
        let number = pid.as_raw_nonzero().get();
        // Until somebody waits for it its number is its own.
        let seen = proc::look(number)?;
        let noted =
            Noted { started: seen.started, session: seen.session, owner: self.owner, world: self.world.clone() };
        let note = Note(self.path.join(number.to_string()));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let written = options.open(&note.0).and_then(|mut file| file.write_all(noted.to_text().as_bytes()));
        if let Err(error) = written {
            tracing::warn!(
                "a program could not be noted in {}: {error}; if the gateway is killed it runs on",
                note.0.display()
            );
        }
        Some(note)
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        // What is left of it means nothing once the program is dead.
        let _ = fs::remove_file(&self.0);
    }
}

impl Noted {
    fn to_text(&self) -> String {
        let Self { started, session, owner, world } = self;
        format!("{started} {session} {} {} {world}\n", owner.number, owner.started)
    }

    fn of_text(text: &str) -> Option<Self> {
        let mut words = text.strip_suffix('\n')?.splitn(5, ' ');
        Some(Self {
            started: words.next()?.parse().ok()?,
            session: words.next()?.parse().ok()?,
            owner: Process { number: words.next()?.parse().ok()?, started: words.next()?.parse().ok()? },
            world: words.next()?.to_owned(),
        })
    }

    /// Whether the group of this number is still the one that was noted. While its leader lives the time of its start says so. A number is not
    /// given away while a group has it: one whose leader is gone is the same if it is in the session that the dead gateway was in, and nobody in
    /// it is older than the leader was.
    fn is_alive(&self, number: i32) -> bool {
        match proc::look(number) {
            Some(leader) => leader.started == self.started && leader.group == number,
            None => {
                let mut members = proc::all().filter(|seen| seen.group == number && !seen.is_dead).peekable();
                members.peek().is_some()
                    && members.all(|seen| seen.session == self.session && seen.started >= self.started)
            }
        }
    }
}

/// Kills the groups that are noted, if they are still those; their numbers.
fn end_left(path: &Path, world: &str, own: Process) -> io::Result<Vec<i32>> {
    let mut ended = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        // A note is a file. What else is there is not ours, and to be opened by nobody.
        if !entry.file_type()?.is_file() {
            tracing::warn!("{} is no note of a program and is left alone", entry.path().display());
            continue;
        }
        // 0 and 1 would be ourselves and everybody.
        let number = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()).filter(|number| *number > 1);
        let Some((number, pid)) = number.and_then(|number| Some((number, Pid::from_raw(number)?))) else { continue };
        let noted = fs::read_to_string(entry.path()).ok().and_then(|text| Noted::of_text(&text));
        let is_left = noted.is_some_and(|noted| {
            // In a copy of somebody's folder are notes of programs that are nobody's but theirs.
            let is_orphan = noted.owner == own || !noted.owner.is_alive();
            noted.world == world && is_orphan && noted.is_alive(number)
        });
        if is_left && pid != getpgrp() && kill_process_group(pid, Signal::KILL).is_ok() {
            ended.push(number);
        }
        if let Err(error) = fs::remove_file(entry.path()) {
            tracing::warn!("{} cannot be removed: {error}", entry.path().display());
        }
    }
    Ok(ended)
}

async fn until_gone(groups: &[i32]) {
    let asked = Instant::now();
    while proc::all().any(|seen| groups.contains(&seen.group) && !seen.is_dead) {
        if asked.elapsed() >= GONE_WITHIN {
            return tracing::warn!("some of them have not ended within {} s", GONE_WITHIN.as_secs());
        }
        sleep(LOOK_PACE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that a gateway has left, with its note.
    async fn left(script: &str) -> (tempfile::TempDir, Group, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let groups = Groups::take_over(dir.path()).await.unwrap();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        let group = groups.start(command).unwrap();
        let note = dir.path().join(FOLDER).join(group.pid().to_string());
        (dir, group, note)
    }

    fn lives(group: &Group) -> bool {
        let number = group.pid().as_raw_nonzero().get();
        proc::all().any(|seen| seen.group == number && !seen.is_dead)
    }

    #[tokio::test]
    async fn what_is_noted_is_ended_and_a_note_goes_with_its_program() {
        let (dir, mut group, note) = left("exec sleep 600").await;
        assert!(note.exists());
        let groups = Groups::take_over(dir.path()).await.unwrap();
        assert!(!lives(&group) && !note.exists());
        group.end().await.unwrap();

        let mut again = groups.start(Command::new("true")).unwrap();
        again.end().await.unwrap();
        drop(groups.start(Command::new("true")).unwrap());
        assert_eq!(fs::read_dir(note.parent().unwrap()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_group_whose_leader_is_gone_is_ended_with_its_note() {
        let (dir, mut group, note) = left("sleep 600 & exit 0").await;
        group.has_ended().await;
        let text = fs::read_to_string(&note).unwrap();
        // As if somebody else had waited for it, as the system does for what a dead gateway leaves.
        group.wait_for_leader().await;
        fs::write(&note, text).unwrap();
        assert!(lives(&group));
        Groups::take_over(dir.path()).await.unwrap();
        assert!(!lives(&group) && !note.exists());
    }

    #[tokio::test]
    async fn a_number_that_somebody_else_has_now_is_left_alone() {
        let (dir, mut group, note) = left("exec sleep 600").await;
        let noted = fs::read_to_string(&note).unwrap();
        let right = Noted::of_text(&noted).unwrap();
        let earlier = Noted { started: right.started - 1, world: right.world.clone(), ..right };
        let elsewhere = Noted { world: "another boot".to_owned(), ..right };
        // As in a copy of the folder of a gateway that lives: the test's parent is one.
        let parent = rustix::process::getppid().unwrap().as_raw_nonzero().get();
        let owner = Process { number: parent, started: proc::look(parent).unwrap().started };
        let copied = Noted { owner, world: right.world.clone(), ..right };
        for wrong in [&earlier.to_text(), &elsewhere.to_text(), &copied.to_text(), "", "nonsense\n", noted.trim_end()] {
            fs::write(&note, wrong).unwrap();
            Groups::take_over(dir.path()).await.unwrap();
            assert!(lives(&group), "{wrong:?}");
        }
        // Names that are no numbers of groups, two of which would mean everybody.
        for name in ["0", "1", "-1", "x"] {
            fs::write(note.with_file_name(name), &noted).unwrap();
        }
        fs::create_dir(note.with_file_name("999999")).unwrap();
        Groups::take_over(dir.path()).await.unwrap();
        assert!(lives(&group));
        group.end().await.unwrap();
    }
}
