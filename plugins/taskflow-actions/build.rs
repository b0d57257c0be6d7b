//! What the linker is told when this becomes a component.
//!
//! A stack of 16 KiB instead of 1 MiB: the host wipes an instance's memory after every request, so each page that is not there
//! is time saved; nothing here recurses. And `libc` by name, for `memcmp` and its kind: without `std` nobody else asks for it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("wasm32") {
        println!("cargo::rustc-link-arg-cdylib=-zstack-size=16384");
        println!("cargo::rustc-link-arg-cdylib=-lc");
    }
}
