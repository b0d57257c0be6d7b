//! What the linker is told when the guests become components: a stack of 64 KiB instead of 1 MiB, as `docs/plugins.md` advises. The host
//! wipes an instance's memory after every run.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("wasm32") {
        println!("cargo::rustc-link-arg-examples=-zstack-size=65536");
    }
}
