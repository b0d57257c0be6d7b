//! WASI: the interfaces that every stock toolchain pulls in, given empty; clocks and randomness where they are granted; nothing else. Sockets and
//! outgoing HTTP are never linked.

use wasmtime::component::Linker;
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, random};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView};

use super::super::guest::GuestState;
use super::super::kind::Kind;
use crate::model::{Grants, Power};

pub(super) fn link<K: Kind>(linker: &mut Linker<GuestState<K>>, grants: &Grants) -> wasmtime::Result<()> {
    ambient(linker)?;
    if grants.allows_whole(Power::Clock) {
        clocks::wall_clock::add_to_linker::<GuestState<K>, WasiClocks>(linker, GuestState::<K>::clocks)?;
        clocks::monotonic_clock::add_to_linker::<GuestState<K>, WasiClocks>(linker, GuestState::<K>::clocks)?;
    }
    if grants.allows_whole(Power::Random) {
        random::random::add_to_linker::<GuestState<K>, WasiRandom>(linker, GuestState::<K>::random)?;
    }
    Ok(())
}

fn ambient<K: Kind>(linker: &mut Linker<GuestState<K>>) -> wasmtime::Result<()> {
    wasmtime_wasi_io::add_to_linker_async(linker)?;
    cli::environment::add_to_linker::<GuestState<K>, WasiCli>(linker, GuestState::<K>::cli)?;
    cli::exit::add_to_linker::<GuestState<K>, WasiCli>(linker, GuestState::<K>::cli)?;
    cli::stdin::add_to_linker::<GuestState<K>, WasiCli>(linker, GuestState::<K>::cli)?;
    cli::stdout::add_to_linker::<GuestState<K>, WasiCli>(linker, GuestState::<K>::cli)?;
    cli::stderr::add_to_linker::<GuestState<K>, WasiCli>(linker, GuestState::<K>::cli)?;
    cli::terminal_input::add_to_linker::<GuestState<K>, WasiCli>(linker, GuestState::<K>::cli)?;
    cli::terminal_output::add_to_linker::<GuestState<K>, WasiCli>(linker, GuestState::<K>::cli)?;
    cli::terminal_stdin::add_to_linker::<GuestState<K>, WasiCli>(linker, GuestState::<K>::cli)?;
    cli::terminal_stdout::add_to_linker::<GuestState<K>, WasiCli>(linker, GuestState::<K>::cli)?;
    cli::terminal_stderr::add_to_linker::<GuestState<K>, WasiCli>(linker, GuestState::<K>::cli)?;
    filesystem::preopens::add_to_linker::<GuestState<K>, WasiFilesystem>(linker, GuestState::<K>::filesystem)?;
    filesystem::types::add_to_linker::<GuestState<K>, WasiFilesystem>(linker, GuestState::<K>::filesystem)?;
    random::insecure::add_to_linker::<GuestState<K>, WasiRandom>(linker, GuestState::<K>::random)?;
    random::insecure_seed::add_to_linker::<GuestState<K>, WasiRandom>(linker, GuestState::<K>::random)
}
