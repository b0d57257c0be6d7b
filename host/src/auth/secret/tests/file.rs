use std::os::unix::fs::symlink;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::*;
use crate::config::FileMode;

async fn read(path: &Path, mode: FileMode, id: &str) -> String {
    resolved(Provider::File { path: path.to_owned(), mode }, &reference(SecretSource::File, "p", id)).await
}

#[tokio::test]
async fn a_file_with_one_value_is_the_secret_without_its_last_line_end() {
    let dir = tempfile::tempdir().unwrap();
    for (bytes, expected) in [
        ("s3cret", "s3cret"),
        ("s3cret\n", "s3cret"),
        ("s3cret\r\n", "s3cret"),
        ("two\nlines\n", "two\nlines"),
        ("", "!file:p:value: the value is blank"),
        ("\n", "!file:p:value: the value is blank"),
        (" \n\n", "!file:p:value: the value is blank"),
    ] {
        let path = write(dir.path(), "key", bytes, 0o600);
        assert_eq!(read(&path, FileMode::SingleValue, "value").await, expected, "{bytes:?}");
    }
}

#[tokio::test]
async fn a_json_file_is_read_by_pointer() {
    let dir = tempfile::tempdir().unwrap();
    let path = write(dir.path(), "keys", r#"{"a": {"b/c": " x ", "n": 5, "e": ""}, "l": ["y"]}"#, 0o400);
    for (id, expected) in [
        ("/a/b~1c", "x"),
        ("/l/0", "y"),
        ("/a/x", "!file:p:/a/x: the file has no value at this JSON pointer"),
        ("a", "!file:p:a: the file has no value at this JSON pointer"),
        ("/a/n", "!file:p:/a/n: the value at this JSON pointer is not a string"),
        ("/a", "!file:p:/a: the value at this JSON pointer is not a string"),
        ("/a/e", "!file:p:/a/e: the value is blank"),
    ] {
        assert_eq!(read(&path, FileMode::Json, id).await, expected);
    }
    let broken = write(dir.path(), "broken", "{s3cret", 0o600);
    assert_eq!(read(&broken, FileMode::Json, "/a").await, "!file:p:/a: the file is not valid JSON");
}

#[tokio::test]
async fn a_file_that_others_can_use_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for (mode, open) in [
        (0o600, true),
        (0o400, true),
        (0o700, true),
        (0o644, false),
        (0o640, false),
        (0o604, false),
        (0o602, false),
        (0o620, false),
    ] {
        let path = write(dir.path(), &format!("{mode:o}"), "x", mode);
        let expected = match open {
            true => "x",
            false => "!file:p:value: the file can be read or written by its group or others; chmod 600 it",
        };
        assert_eq!(read(&path, FileMode::SingleValue, "value").await, expected, "{mode:o}");
    }
}

#[tokio::test]
async fn what_is_no_private_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let target = write(dir.path(), "target", "x", 0o600);
    symlink(&target, dir.path().join("link")).unwrap();
    mknodat(CWD, dir.path().join("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    fs::create_dir(dir.path().join("folder")).unwrap();
    write(dir.path(), "large", vec![b'x'; 1024 * 1024 + 1], 0o600);
    write(dir.path(), "full", [&vec![b' '; 1024 * 1024 - 1][..], b"x"].concat(), 0o600);
    write(dir.path(), "binary", b"\xff", 0o600);
    for (name, expected) in [
        ("link", "!file:p:value: the file is a symbolic link; name what it points to"),
        ("pipe", "!file:p:value: the file is not a regular file"),
        ("folder", "!file:p:value: the file is not a regular file"),
        ("missing", "!file:p:value: looking at the file: entity not found"),
        ("no/such", "!file:p:value: opening the folder: entity not found"),
        ("large", "!file:p:value: larger than 1 MiB"),
        ("full", "x"),
        ("binary", "!file:p:value: the file is not UTF-8 text"),
    ] {
        assert_eq!(read(&dir.path().join(name), FileMode::SingleValue, "value").await, expected, "{name}");
    }
    let relative = read(Path::new("key"), FileMode::SingleValue, "value").await;
    assert_eq!(relative, "!file:p:value: the file must be named by an absolute path");
}

#[tokio::test]
async fn a_file_of_somebody_else_is_refused() {
    // Only root can give a file away; for everybody else a file of root shows the same.
    let dir = tempfile::tempdir().unwrap();
    let path = match rustix::process::geteuid().is_root() {
        true => {
            let path = write(dir.path(), "key", "x", 0o600);
            std::os::unix::fs::chown(&path, Some(65_534), None).unwrap();
            path
        }
        false => PathBuf::from("/etc/passwd"),
    };
    let expected = "!file:p:value: the file does not belong to the user that the gateway runs as; chown it";
    assert_eq!(read(&path, FileMode::SingleValue, "value").await, expected);
}
