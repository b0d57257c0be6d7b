//! What the linker is told when the guests become components, as `docs/plugins.md` advises: a stack of 64 KiB instead of 1 MiB, because the
//! host wipes an instance's memory after every run, and a memory that has room for a heap, because growing it costs more than a small run.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("wasm32") {
        println!("cargo::rustc-link-arg=-zstack-size=65536");
        println!("cargo::rustc-link-arg=--initial-memory=196608");
    }
}
