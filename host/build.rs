//! Builds the built-in component, so that `cargo build` on a fresh clone makes a whole gateway.

#[path = "../plugins/build_guests.rs"]
mod build_guests;

fn main() {
    for input in
        ["../plugins/taskflow-actions", "../guest-sdk", "../wit", "../plugins/build_guests.rs", "../Cargo.lock"]
    {
        println!("cargo::rerun-if-changed={input}");
    }
    let component = build_guests::build("taskflow-actions", "--lib").join("taskflow_actions.wasm");
    println!("cargo::rustc-env=SANDCLAW_TASKFLOW_ACTIONS={}", component.display());
}
