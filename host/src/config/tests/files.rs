use std::fs;

use super::super::find;
use super::*;

#[test]
fn a_config_file_is_loaded_by_its_extension() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("a.json5", "{stateDir:'x',}"),
        ("a.json", "{\"stateDir\":\"x\"}"),
        ("a.yaml", "stateDir: x"),
        ("a.yml", "stateDir: x"),
    ] {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        assert_eq!(Config::load(&path).unwrap().state_dir, dir.path().join("x"), "{name}");
    }
}

#[test]
fn a_file_that_cannot_be_a_config_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let check = |name: &str, bytes: Option<&[u8]>, expected: &str| {
        let path = dir.path().join(name);
        if let Some(bytes) = bytes {
            fs::write(&path, bytes).unwrap();
        }
        let errors = Config::load(&path).unwrap_err().to_string();
        assert!(errors.starts_with(&format!("{}: {expected}", path.display())), "{name}: {errors}");
    };
    check("a.toml", Some(b""), "the name of a config file ends in .json5, ");
    check("missing.json5", None, "cannot be read: ");
    check("latin1.json5", Some(b"{ stateDir: '\xe9' }"), "cannot be read: not UTF-8 text");
    check("large.json5", Some(&vec![b' '; 1024 * 1024 + 1]), "cannot be read: larger than 1024 KiB");
}

#[test]
fn the_one_config_of_a_folder_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let errors = find(dir.path()).unwrap_err().to_string();
    assert!(errors.contains("there is no sandclaw.json5, sandclaw.json, sandclaw.yaml, sandclaw.yml"), "{errors}");
    fs::write(dir.path().join("sandclaw.yml"), "").unwrap();
    assert_eq!(find(dir.path()).unwrap(), dir.path().join("sandclaw.yml"));
    fs::write(dir.path().join("sandclaw.json"), "").unwrap();
    let errors = find(dir.path()).unwrap_err().to_string();
    assert!(errors.contains("sandclaw.json and sandclaw.yml are both there"), "{errors}");
}
