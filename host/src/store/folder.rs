//! The state folder: who may read it, and who holds it.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::StoreError;

const DATABASE: &str = "sandclaw.db";
const LOCK: &str = "sandclaw.lock";

/// Only the owner: flows hold whatever callers put into them.
const DIR_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// A process id has at most ten digits; whatever else stands in the lock file is not ours to print.
const PID_BYTES_MAX: u64 = 20;

/// A server that is killed while it starts an agent's program leaves a copy of itself that has the lock until it becomes that program:
/// microseconds, or a moment on a machine with much to do. That long the lock of a dead process is waited for.
const ORPHAN: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Where the database of a state folder is.
pub(super) fn database(dir: &Path) -> PathBuf {
    dir.join(DATABASE)
}

/// Makes the folder and an empty database file if they are missing, both for the owner alone. SQLite gives the files it puts
/// beside the database (`-wal`, `-shm`) the same mode.
pub(super) fn prepare(dir: &Path) -> Result<PathBuf, StoreError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(DIR_MODE);
    builder.create(dir).map_err(|why| StoreError::folder("create", dir, &why))?;
    let path = database(dir);
    open_private(&path)?;
    Ok(path)
}

/// The right to be the one server of this folder; given back when dropped, also when the process dies.
pub(super) struct FolderLock {
    _held: File,
}

/// Takes the folder for this process, or says who has it.
#[expect(clippy::disallowed_methods, reason = "a lock of a file tells nobody that it is free")]
pub(super) fn lock(dir: &Path) -> Result<FolderLock, StoreError> {
    let path = dir.join(LOCK);
    let mut file = open_private(&path)?;
    let asked = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(why)) => return Err(StoreError::folder("lock", &path, &why)),
        }
        let pid = holder(&mut file);
        if is_alive(&pid) || asked.elapsed() >= ORPHAN {
            return Err(StoreError::InUse { dir: dir.to_owned(), pid });
        }
        thread::sleep(LOOK_AGAIN);
    }
    // The text is for people; the lock itself is what counts.
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(|why| StoreError::folder("write", &path, &why))?;
    Ok(FolderLock { _held: file })
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.take(PID_BYTES_MAX).read_to_string(&mut text));
    let pid = text.trim();
    if read.is_ok() && !pid.is_empty() && pid.bytes().all(|b| b.is_ascii_digit()) {
        pid.into()
    } else {
        "unknown".into()
    }
}

fn is_alive(pid: &str) -> bool {
    Path::new("/proc").join(pid).exists()
}

fn open_private(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(FILE_MODE);
    let file = options.open(path).map_err(|why| StoreError::folder("open", path, &why))?;
    file.set_permissions(Permissions::from_mode(FILE_MODE))
        .map_err(|why| StoreError::folder("set the permissions of", path, &why))?;
    Ok(file)
}
