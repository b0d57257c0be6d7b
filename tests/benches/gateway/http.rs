//! (a) The same action over HTTP, sandboxed and native, in interleaved rounds.

use std::path::Path;
use std::process::Command;

use gateway_tests::{Gateway, Process};

use crate::{Effort, load, median, proc_stat, quantile, verdict};

const PATH: &str = "/plugins/webhooks/bench";
const CREATE: &str = r#"{"action":"create_flow","goal":"Review inbound queue","stateJson":{"source":"bench","attempt":1,"labels":["a","b"]}}"#;

struct Side {
    name: &'static str,
    process: Process,
    per_second: Vec<f64>,
    cpu_us: Vec<f64>,
    p50_us: Vec<f64>,
    p99_us: Vec<f64>,
}

/// Prints the table.
///
/// # Panics
/// If a server does not come up.
pub async fn measure(effort: Effort) {
    let limits = "limits: { rateRequests: 1000000, rateWindowMs: 100, inFlight: 1024 }";
    let (config, folder) = Gateway::builder().route("bench", "agent:bench:main", limits).write();
    println!("\n(a) over HTTP: sandclaw (guards, fresh sandbox) beside a plain axum handler on the same store code");
    println!("{:<22} {:>11} {:>8} {:>9} {:>9} {:>10}", "", "requests/s", "x native", "p50 us", "p99 us", "CPU us/req");
    for (action, connections, throughput_aim, cpu_aim) in [
        ("get_flow", 1, None, None),
        ("get_flow", 64, Some(0.5), Some(2.2)),
        ("create_flow", 1, None, None),
        ("create_flow", 64, Some(0.85), None),
    ] {
        let mut sides = [native(folder.path()), sandboxed(&config)];
        let requests = [body(action, &sides[0]).await, body(action, &sides[1]).await];
        for _ in 0..effort.rounds {
            for (side, request) in sides.iter_mut().zip(&requests) {
                side.round(request.clone(), connections, effort);
            }
        }
        print(action, connections, &sides, throughput_aim, cpu_aim);
    }
}

fn native(folder: &Path) -> Side {
    let state = folder.join("native-state");
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.arg("--native-server").arg(&state);
    side("native axum", Process::spawn(&mut command, &folder.join("native.json5")))
}

fn sandboxed(config: &Path) -> Side {
    side("sandclaw", Process::serve(env!("CARGO_BIN_EXE_sandclaw-under-test"), config))
}

fn side(name: &'static str, process: Process) -> Side {
    Side { name, process, per_second: Vec::new(), cpu_us: Vec::new(), p50_us: Vec::new(), p99_us: Vec::new() }
}

/// The request: for `get_flow` one that finds a flow made for it.
async fn body(action: &str, side: &Side) -> String {
    if action == "create_flow" {
        return load::request(PATH, CREATE);
    }
    let created = side.process.client.route("bench", CREATE).send().await.result();
    let id = created["flow"]["flowId"].as_str().expect("a created flow").to_owned();
    load::request(PATH, &format!(r#"{{"action":"get_flow","flowId":"{id}"}}"#))
}

impl Side {
    fn round(&mut self, request: String, connections: usize, effort: Effort) {
        let (address, id) = (self.process.address, self.process.id());
        let cpu = proc_stat::cpu_seconds(id);
        let load = std::thread::spawn(move || load::run(address, request, connections, effort.length))
            .join()
            .expect("a finished load");
        #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
        self.cpu_us.push((proc_stat::cpu_seconds(id) - cpu) * 1e6 / load.answers as f64);
        self.per_second.push(load.per_second);
        self.p50_us.push(quantile(&load.latencies_us, 0.5));
        self.p99_us.push(quantile(&load.latencies_us, 0.99));
    }
}

fn print(action: &str, connections: usize, sides: &[Side; 2], throughput_aim: Option<f64>, cpu_aim: Option<f64>) {
    // Ratios are taken round by round: what disturbs the machine disturbs both halves of a round.
    let ratio = |of: fn(&Side) -> &Vec<f64>| {
        median(of(&sides[1]).iter().zip(of(&sides[0])).map(|(ours, native)| ours / native).collect())
    };
    let (throughput, cpu) = (ratio(|side| &side.per_second), ratio(|side| &side.cpu_us));
    println!("{action}, {connections} connections");
    for (side, times) in sides.iter().zip([1.0, throughput]) {
        let middle = |values: &Vec<f64>| median(values.clone());
        println!(
            "  {:<20} {:>11.0} {:>8.2} {:>9.0} {:>9.0} {:>10.1}",
            side.name,
            middle(&side.per_second),
            times,
            middle(&side.p50_us),
            middle(&side.p99_us),
            middle(&side.cpu_us)
        );
    }
    if let Some(aim) = throughput_aim {
        println!("  aim: at least {aim} of the native throughput: {throughput:.2} {}", verdict(throughput >= aim));
    }
    if let Some(aim) = cpu_aim {
        println!("  aim: at most {aim} times the native CPU: {cpu:.2} {}", verdict(cpu <= aim));
    }
}
