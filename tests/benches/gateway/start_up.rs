//! (d) From the start of the process to its `listening` line, with a warm compile cache, and what it then holds in memory.

use std::time::Instant;

use gateway_tests::{Gateway, Process};

use crate::{Effort, median, proc_stat, verdict};

/// Prints the table.
///
/// # Panics
/// If the program does not come up.
pub fn measure(effort: Effort) {
    let (config, _folder) = Gateway::builder().route("bench", "agent:bench:main", "").write();
    let program = env!("CARGO_BIN_EXE_sandclaw-under-test");
    let began = Instant::now();
    Process::serve(program, &config).kill();
    let cold = began.elapsed().as_secs_f64() * 1e3;
    let (mut warm, mut resident, mut anonymous) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..effort.rounds.max(3) {
        let began = Instant::now();
        let process = Process::serve(program, &config);
        warm.push(began.elapsed().as_secs_f64() * 1e3);
        let (all, own) = proc_stat::memory_mib(process.id());
        resident.push(all);
        anonymous.push(own);
        process.kill();
    }
    let (warm, resident) = (median(warm), median(resident));
    println!("\n(d) start-up and idle memory");
    println!("  ready, first start (compiles the built-in component)  {cold:>7.0} ms");
    println!("  ready, warm cache                                     {warm:>7.0} ms");
    println!(
        "  idle memory                                           {resident:>7.1} MiB, {:.1} MiB of it not backed by files",
        median(anonymous)
    );
    println!("  aim: under 150 ms: {warm:.0} {}", verdict(warm < 150.0));
    println!("  aim: under 60 MiB: {resident:.1} {}", verdict(resident < 60.0));
}
