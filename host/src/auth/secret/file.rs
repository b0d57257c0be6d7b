//! Secrets in files. A file that anybody else could have read or written holds no secret, so it is refused; the checks are
//! made on the open file, because a path can be pointed elsewhere between a check and a read.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, Metadata, MetadataExt, OpenOptions, OpenOptionsExt};
use rustix::fs::OFlags;
use rustix::process::geteuid;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::config::FileMode;

use super::resolver::{Reason, VALUE_MAX_BYTES};

/// OpenClaw's number. A local file takes a millisecond; one on a network share that is gone takes for ever.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Permission bits that let the group or others read or write.
const OTHERS_READ_WRITE: u32 = 0o066;
/// Permission bits that let the group or others write.
const OTHERS_WRITE: u32 = 0o022;

const WHAT: &str = "the file";

/// Reads the file when it is its turn. Reading cannot be interrupted, so a turn ends with it and not at the timeout: files
/// on a share that is gone hold as many threads as there are turns.
pub(super) async fn read(path: &Path, turns: Arc<Semaphore>) -> Result<SecretString, Reason> {
    let path = path.to_owned();
    let reading = async {
        let turn = turns.acquire_owned().await;
        spawn_blocking(move || {
            let _turn = turn;
            read_now(&path)
        })
        .await
    };
    match timeout(TIMEOUT, reading).await {
        Err(_) => Err(Reason::TimedOut(TIMEOUT)),
        Ok(Err(_)) => Err(Reason::Io { what: "reading the file", kind: io::ErrorKind::Other }),
        Ok(Ok(result)) => result,
    }
}

fn read_now(path: &Path) -> Result<SecretString, Reason> {
    let file = open_private(path)?;
    let mut bytes = Vec::new();
    file.take(VALUE_MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| io_reason("reading the file", &error))?;
    if bytes.len() as u64 > VALUE_MAX_BYTES {
        return Err(Reason::TooLarge);
    }
    String::from_utf8(bytes).map(SecretString::from).map_err(|_| Reason::Malformed("the file is not UTF-8 text"))
}

/// Opens a regular file of our own that nobody else can read or write.
fn open_private(path: &Path) -> Result<File, Reason> {
    let (dir, name) = open_parent(path, WHAT)?;
    let found = dir.symlink_metadata(name).map_err(|error| io_reason("looking at the file", &error))?;
    must_be_own_file(&found, OTHERS_READ_WRITE, WHAT)?;
    let mut options = OpenOptions::new();
    // NOFOLLOW in case it has become a link since; NONBLOCK because opening a pipe would wait for its other end.
    options.read(true).custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    let file = dir.open_with(name, &options).map_err(|error| io_reason("opening the file", &error))?;
    let opened = file.metadata().map_err(|error| io_reason("looking at the file", &error))?;
    must_be_own_file(&opened, OTHERS_READ_WRITE, WHAT)?;
    Ok(file)
}

/// Refuses a program that anybody else could have put there. It is started by its path afterwards, so this is as strong as
/// the folder it lies in.
pub(super) fn must_be_own_program(path: &Path) -> Result<(), Reason> {
    const WHAT: &str = "the program";
    let (dir, name) = open_parent(path, WHAT)?;
    let found = dir.symlink_metadata(name).map_err(|error| io_reason("looking at the program", &error))?;
    must_be_own_file(&found, OTHERS_WRITE, WHAT)
}

fn open_parent<'a>(path: &'a Path, what: &'static str) -> Result<(Dir, &'a Path), Reason> {
    let (true, Some(parent), Some(name)) = (path.is_absolute(), path.parent(), path.file_name()) else {
        return Err(Reason::Unsafe { what, why: "must be named by an absolute path" });
    };
    let dir =
        Dir::open_ambient_dir(parent, ambient_authority()).map_err(|error| io_reason("opening the folder", &error))?;
    Ok((dir, Path::new(name)))
}

fn must_be_own_file(metadata: &Metadata, forbidden: u32, what: &'static str) -> Result<(), Reason> {
    let why = if metadata.is_symlink() {
        "is a symbolic link; name what it points to"
    } else if !metadata.is_file() {
        "is not a regular file"
    } else if metadata.uid() != geteuid().as_raw() {
        "does not belong to the user that the gateway runs as; chown it"
    } else if metadata.mode() & forbidden != 0 && forbidden == OTHERS_WRITE {
        "can be written by its group or others; chmod go-w it"
    } else if metadata.mode() & forbidden != 0 {
        "can be read or written by its group or others; chmod 600 it"
    } else {
        return Ok(());
    };
    Err(Reason::Unsafe { what, why })
}

pub(super) fn io_reason(what: &'static str, error: &io::Error) -> Reason {
    Reason::Io { what, kind: error.kind() }
}

/// Takes the value out of the text of the file.
pub(super) fn pick(text: SecretString, mode: FileMode, id: &str) -> Result<SecretString, Reason> {
    let text = text.expose_secret();
    match mode {
        FileMode::SingleValue => {
            let line = text.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
            Ok(SecretString::from(line.unwrap_or(text)))
        }
        FileMode::Json => {
            let json: serde_json::Value =
                serde_json::from_str(text).map_err(|_| Reason::Malformed("the file is not valid JSON"))?;
            let value = json.pointer(id).ok_or(Reason::Malformed("the file has no value at this JSON pointer"))?;
            let value = value.as_str().ok_or(Reason::Malformed("the value at this JSON pointer is not a string"))?;
            Ok(SecretString::from(value))
        }
    }
}
