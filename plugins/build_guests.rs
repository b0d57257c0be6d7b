//! Builds WebAssembly components from a build script: used by `host/build.rs` and `tests/build.rs`, so that `cargo build` and `cargo test` alone do everything.

#![expect(clippy::expect_used, reason = "a build script that cannot go on stops the build")]

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-wasip2";

/// Builds the components of one package (`--lib` or `--examples`) and returns the folder of the `.wasm` files. One package a call: in one build of two,
/// cargo would give both the features that either asks for.
pub fn build(package: &str, what: &str) -> PathBuf {
    let target_dir = guests_target_dir();
    ensure_target();
    let mut cargo = cargo(&target_dir);
    cargo.args(["-p", package, what]);
    let status = cargo.status().unwrap_or_else(|cause| panic!("cannot run cargo for the guests: {cause}"));
    assert!(
        status.success(),
        "the guests could not be built; if the target is missing, run: rustup target add {TARGET}"
    );
    target_dir.join(TARGET).join("guest")
}

/// A cargo of its own: own target folder (so that debug, release, clippy and test builds share the guests), and nothing of the outer build's environment.
fn cargo(target_dir: &Path) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let kept = ["CARGO_HOME", "CARGO_NET_OFFLINE", "CARGO_TERM_COLOR"].contains(&text.as_ref())
            || text.starts_with("CARGO_REGISTRIES")
            || text.starts_with("CARGO_HTTP");
        let outer = text.starts_with("CARGO")
            || text.starts_with("RUSTFLAGS")
            || text.starts_with("RUSTC")
            || ["TARGET", "HOST", "PROFILE", "OPT_LEVEL", "OUT_DIR", "NUM_JOBS", "DEBUG"].contains(&text.as_ref());
        if outer && !kept {
            cargo.env_remove(&name);
        }
    }
    cargo
        .current_dir(workspace())
        .args(["build", "--target", TARGET, "--profile", "guest", "--target-dir"])
        .arg(target_dir);
    if Path::new(&workspace()).join("Cargo.lock").exists() {
        cargo.arg("--locked");
    }
    cargo
}

/// `rust-toolchain.toml` names the target, but rustup installs it by itself only where it may.
fn ensure_target() {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let installed = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .is_ok_and(|found| Path::new(String::from_utf8_lossy(&found.stdout).trim()).is_dir());
    if !installed {
        let added = Command::new("rustup").current_dir(workspace()).args(["target", "add", TARGET]).status();
        assert!(
            added.is_ok_and(|status| status.success()),
            "the {TARGET} target is missing; run: rustup target add {TARGET}"
        );
    }
}

fn workspace() -> PathBuf {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    manifest.parent().expect("every package stands inside the workspace").to_owned()
}

/// `<target>/guests`, found from OUT_DIR (`<target>/<profile>/build/<package>/out`).
fn guests_target_dir() -> PathBuf {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    out.ancestors().nth(4).expect("OUT_DIR lies four folders deep").join("guests")
}
