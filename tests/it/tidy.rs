//! The doors of the house: who may use whom, which foreign library lives where, and how long a file may grow. Textual and simple on purpose.

use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms it may use.
pub const ROOMS: &[(&str, &[&str])] = &[
    ("json", &[]),
    ("expr", &[]),
    ("model", &["json"]),
    ("clock", &["model"]),
    ("config", &["expr", "model", "json"]),
    ("store", &["model", "clock", "json"]),
    ("taskflow", &["store", "model", "clock", "json"]),
    ("auth", &["config", "model", "clock"]),
    ("limits", &["auth", "config", "model", "clock"]),
    ("sandbox", &["taskflow", "limits", "json", "model", "clock"]),
    ("outbound", &["sandbox", "limits", "auth", "expr", "store", "config", "json", "model", "clock"]),
    ("agents", &["outbound", "sandbox", "limits", "auth", "config", "taskflow", "store", "json", "clock", "model"]),
    (
        "workflow",
        &[
            "agents", "outbound", "sandbox", "limits", "auth", "expr", "config", "taskflow", "store", "json", "clock",
            "model",
        ],
    ),
    ("hooks", &["agents", "sandbox", "limits", "auth", "config", "store", "json", "clock", "model"]),
    (
        "http",
        &[
            "hooks", "workflow", "agents", "outbound", "auth", "limits", "sandbox", "taskflow", "config", "json",
            "model", "clock",
        ],
    ),
    (
        "app",
        &[
            "http", "hooks", "workflow", "agents", "outbound", "sandbox", "limits", "auth", "taskflow", "store",
            "config", "json", "clock", "model",
        ],
    ),
    (
        "cli",
        &[
            "app", "workflow", "agents", "outbound", "auth", "sandbox", "taskflow", "store", "config", "json", "clock",
            "model",
        ],
    ),
];

/// Each foreign library and the rooms it may be named in.
pub const LIBRARIES: &[(&str, &[&str])] = &[
    ("axum", &["http"]),
    ("hyper", &["http", "outbound"]),
    ("hyper_util", &["http", "outbound"]),
    ("rustls", &["outbound"]),
    ("tokio_rustls", &["outbound"]),
    ("rustls_platform_verifier", &["outbound"]),
    ("hmac", &["auth", "outbound"]),
    ("ed25519_dalek", &["auth", "outbound"]),
    ("agent_client_protocol", &["agents"]),
    ("jsonschema", &["workflow"]),
    ("async_openai", &["workflow"]),
    ("aes", &["auth"]),
    ("cbc", &["auth"]),
    ("sha1", &["auth"]),
    ("flate2", &["outbound"]),
    ("httpdate", &["outbound"]),
    ("tower_http", &["http"]),
    ("wasmtime", &["sandbox"]),
    ("wasmtime_wasi", &["sandbox"]),
    ("notify", &["sandbox"]),
    ("rusqlite", &["store"]),
    ("json5", &["config"]),
    ("cel", &["expr"]),
    ("saphyr", &["config"]),
    ("clap", &["cli"]),
    ("anstream", &["cli"]),
    ("tracing_subscriber", &["cli"]),
    ("anyhow", &["app", "cli"]),
];

/// Past this a second noun hides in the file.
const LINES_MAX: usize = 400;

fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let inside = path.strip_prefix(&root).unwrap();
                let room = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
                let text = fs::read_to_string(&path).unwrap();
                found.push((room, inside.to_owned(), text));
            }
        }
    }
    found.retain(|(room, ..)| room != "lib" && room != "main");
    found
}

/// What a line names after `crate::`, also inside a grouped import.
fn rooms_named(line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or_default();
    let mut named = Vec::new();
    for after in code.split("crate::").skip(1) {
        let group = after.strip_prefix('{').and_then(|group| group.split('}').next());
        for item in group.unwrap_or(after).split(',') {
            let name: String = item.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            named.push(name);
            if group.is_none() {
                break;
            }
        }
    }
    named
}

#[test]
fn a_room_uses_only_the_rooms_below_it() {
    let mut broken = Vec::new();
    for (room, file, text) in sources() {
        let Some((_, below)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            panic!("{} belongs to no room of this table", file.display());
        };
        for (number, line) in text.lines().enumerate() {
            for used in rooms_named(line) {
                let is_room = ROOMS.iter().any(|(name, _)| *name == used);
                if is_room && used != room && !below.contains(&used.as_str()) {
                    broken.push(format!("{}:{}: {room} may not use {used}", file.display(), number + 1));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn a_foreign_library_lives_in_its_room() {
    let mut broken = Vec::new();
    for (room, file, text) in sources() {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for (library, homes) in LIBRARIES {
                let names = code.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
                if names.into_iter().any(|word| word.starts_with(&format!("{library}::")))
                    && !homes.contains(&room.as_str())
                {
                    broken.push(format!("{}:{}: {library} lives in {homes:?}", file.display(), number + 1));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn no_file_hides_a_second_noun() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter(|(_, _, text)| text.lines().count() > LINES_MAX)
        .map(|(_, file, text)| format!("{}: {} lines", file.display(), text.lines().count()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}
