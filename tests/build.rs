//! Builds the guests of `tests/guests` and the plugins, and tells the harness where they are. `guests.rs` in OUT_DIR lists them, so that a guest without a
//! test does not compile.

use std::path::Path;
use std::{env, fs};

#[path = "../plugins/build_guests.rs"]
mod build_guests;

fn main() {
    for input in ["guests", "../guest-sdk", "../wit", "../plugins", "../Cargo.lock"] {
        println!("cargo::rerun-if-changed={input}");
    }
    build_guests::build("test-guests", "--examples");
    let plugins = ["hello-route", "slack", "feishu-bot", "dingtalk-bot", "alertmanager-digest", "github-hook"];
    let built = plugins.map(|plugin| build_guests::build(plugin, "--lib"))[0].clone();
    let out = env::var("OUT_DIR").expect("cargo sets it");
    let wat = Path::new(&out).join("wat");
    fs::create_dir_all(&wat).expect("OUT_DIR is writable");

    let mut names = Vec::new();
    for entry in fs::read_dir("guests")
        .expect("the guests are there")
        .chain(fs::read_dir("guests/src").expect("and their sources"))
        .flatten()
    {
        let path = entry.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") if stem != "build" => names.push(stem),
            Some("wat") => {
                let bytes = wat::parse_file(&path).unwrap_or_else(|error| panic!("{error}"));
                fs::write(wat.join(format!("{stem}.wasm")), bytes).expect("OUT_DIR is writable");
                names.push(stem);
            }
            _ => {}
        }
    }
    names.sort();
    // Used by tests/it/guests.rs: naming a test function that is not there is a compile error.
    let uses: String = names.iter().map(|name| format!("    use super::{name} as _;\n")).collect();
    fs::write(Path::new(&out).join("every_guest_has_its_test.rs"), format!("#[expect(unused_imports, reason = \"naming them is the point\")]\nmod every_guest_has_its_test {{\n{uses}}}\n")).expect("OUT_DIR is writable");
    println!("cargo::rustc-env=GUESTS_WASM={}", built.join("examples").display());
    println!("cargo::rustc-env=PLUGINS_WASM={}", built.display());
    println!("cargo::rustc-env=GUESTS_WAT={}", wat.display());
}
