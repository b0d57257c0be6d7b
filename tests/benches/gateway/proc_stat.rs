//! What the kernel says of a process.

use std::fs;

/// CPU seconds that a process has used, user and system.
///
/// # Panics
/// If it is gone.
pub fn cpu_seconds(id: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).expect("the process is there");
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let fields: Vec<f64> = after_name.split(' ').map(|field| field.parse().unwrap_or_default()).collect();
    // utime and stime, in ticks of a hundredth of a second: USER_HZ, a constant of Linux.
    (fields[11] + fields[12]) / 100.0
}

/// Resident memory of a process in MiB: all of it, and the part that no file backs.
///
/// # Panics
/// If it is gone.
pub fn memory_mib(id: u32) -> (f64, f64) {
    let status = fs::read_to_string(format!("/proc/{id}/status")).expect("the process is there");
    let kib = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|number| number.parse::<f64>().ok()).unwrap_or_default()
    };
    (kib("VmRSS:") / 1024.0, kib("RssAnon:") / 1024.0)
}
