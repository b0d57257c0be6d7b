//! (e) Events accepted over HTTP, and (f) deliveries from the event's POST to the receiver: with nothing done to the body, with a template, with
//! components; and to twenty endpoints of which one hangs.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use gateway_tests::{Client, Gateway, GatewayBuilder, Process, guest, plugin};
use tempfile::TempDir;

use crate::sink::Sink;
use crate::{Effort, load, median, proc_stat, verdict};

/// The message event of the documents, as a Gateway hands it in.
const EVENT: &str = r#"{"type":"message.sent","data":{"agentId":"my-agent","sessionId":"session-001","channel":"telegram","userId":"user_12345","message":{"role":"assistant","content":"The deployment is done, and all checks are green.","messageId":"msg_xyz789"},"model":"claude-sonnet-4","usage":{"inputTokens":200,"outputTokens":450}}}"#;

/// Events in one request of the feed, and how many deliveries may be on their way: enough to keep the engine busy, not so many that what is
/// measured is a backlog.
const FEED: usize = 100;
const ON_THEIR_WAY: u64 = 4_000;

/// (e)
///
/// # Panics
/// If the server does not come up.
pub fn accepted(effort: Effort) {
    println!("\n(e) events accepted: POST /events, one event a request, durable before the 202");
    println!("{:<30} {:>11} {:>9} {:>9} {:>11}", "  callers", "events/s", "p50 us", "p99 us", "CPU us/ev.");
    let (config, _folder) = Gateway::builder().ingest().write();
    let process = Process::serve(env!("CARGO_BIN_EXE_sandclaw-under-test"), &config);
    for callers in [1, 64, 256] {
        let (mut per_second, mut p50, mut p99, mut cpu) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..effort.rounds {
            let before = proc_stat::cpu_seconds(process.id());
            let got = load::run(process.address, load::event(EVENT), callers, effort.length);
            #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
            cpu.push((proc_stat::cpu_seconds(process.id()) - before) * 1e6 / got.answers as f64);
            per_second.push(got.per_second);
            p50.push(crate::quantile(&got.latencies_us, 0.5));
            p99.push(crate::quantile(&got.latencies_us, 0.99));
        }
        let rate = median(per_second);
        println!("  {callers:<28} {rate:>11.0} {:>9.0} {:>9.0} {:>11.1}", median(p50), median(p99), median(cpu));
        if callers == 256 {
            println!("  aim: at least 20000 a second at 256 callers: {rate:.0} {}", verdict(rate >= 20_000.0));
        }
    }
    let batch = format!("[{}]", vec![EVENT; FEED].join(","));
    let got = load::run(process.address, load::event(&batch), 4, effort.length);
    #[expect(clippy::cast_precision_loss, reason = "a hundred")]
    let rate = got.per_second * FEED as f64;
    println!("  {:<28} {rate:>11.0}", format!("4, {FEED} events a request"));
    process.kill();
}

/// (f)
///
/// # Panics
/// If a server does not come up or something is not delivered.
pub async fn delivered(effort: Effort) {
    println!("\n(f) deliveries end to end: from the POST of the event to the receiver's hands, signed, one endpoint");
    println!("{:<30} {:>13} {:>11} {:>12}", "  body", "deliveries/s", "x template", "CPU us/del.");
    let sink = Sink::start();
    let secret = "secret: \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\", events: [\"*\"], maxInFlight: 64";
    let to = |path: &str, more: &str| {
        format!(
            "url: \"http://{0}/{path}\", allowPrivate: [\"127.0.0.1/32:{1}\"], {secret}, {more}",
            sink.address,
            sink.address.port()
        )
    };
    let text =
        r#"transform: { text: "{{data.agentId}} on {{data.channel}}: {{data.message.content}} ({{timestamp}})" }"#;
    let sides: [(&str, GatewayBuilder); 4] = [
        ("the event itself", Gateway::builder().endpoint("plain", &to("0", ""))),
        ("template", Gateway::builder().endpoint("template", &to("0", text))),
        (
            "component: echo",
            Gateway::builder()
                .file("transform_echo.wasm", &guest("transform_echo"))
                .endpoint("echo", &to("0", "transform: { plugin: \"transform_echo.wasm\" }")),
        ),
        (
            "component: slack",
            Gateway::builder()
                .file("slack.wasm", &plugin("slack"))
                .endpoint("slack", &to("0", "transform: { plugin: \"slack.wasm\" }")),
        ),
    ];
    let mut running: Vec<Side> = sides.into_iter().map(|(name, builder)| Side::start(name, builder.ingest())).collect();
    for _ in 0..effort.rounds {
        for side in &mut running {
            side.round(&sink, 1, effort).await;
        }
    }
    let template = median(running[1].per_second.clone());
    for side in &running {
        let rate = median(side.per_second.clone());
        println!("  {:<28} {rate:>13.0} {:>11.2} {:>12.1}", side.name, rate / template, median(side.cpu_us.clone()));
    }
    let rates: Vec<f64> = running.iter().map(|side| median(side.per_second.clone())).collect();
    println!("  aim: at least 5000 a second: {:.0} {}", rates[1], verdict(rates[1] >= 5_000.0));
    let share = rates[2] / rates[1];
    println!("  aim: a component at least 0.8 of the template: {share:.2} {}", verdict(share >= 0.8));
    running.into_iter().for_each(|side| side.process.kill());
    one_hangs(effort, &sink, &to).await;
}

/// The same nineteen endpoints, beside a twentieth that answers and beside one that hangs.
async fn one_hangs(effort: Effort, sink: &Sink, to: &impl Fn(&str, &str) -> String) {
    let twenty = |last: &str| {
        let builder = (1..20).fold(Gateway::builder().ingest(), |builder, at| {
            builder.endpoint(&format!("e{at}"), &to(&at.to_string(), ""))
        });
        builder.endpoint("last", &to(last, ""))
    };
    let mut good = Side::start("all twenty answer", twenty("20"));
    let mut hanging = Side::start("one of twenty hangs", twenty("hang"));
    for _ in 0..effort.rounds {
        good.round(sink, 20, effort).await;
        hanging.round(sink, 19, effort).await;
    }
    println!("{:<30} {:>13} {:>11}", "  twenty endpoints", "of the 19, /s", "x all good");
    let base = median(good.per_second.clone()) * 19.0 / 20.0;
    let rate = median(hanging.per_second.clone());
    println!("  {:<28} {base:>13.0}", good.name);
    println!("  {:<28} {rate:>13.0} {:>11.2}", hanging.name, rate / base);
    println!("  aim: at least 0.9: {:.2} {}", rate / base, verdict(rate / base >= 0.9));
    good.process.kill();
    hanging.process.kill();
}

/// One gateway with its endpoints.
struct Side {
    name: &'static str,
    process: Process,
    _folder: Arc<TempDir>,
    per_second: Vec<f64>,
    cpu_us: Vec<f64>,
}

impl Side {
    fn start(name: &'static str, builder: GatewayBuilder) -> Self {
        let (config, folder): (PathBuf, _) = builder.write();
        let process = Process::serve(env!("CARGO_BIN_EXE_sandclaw-under-test"), &config);
        Self { name, process, _folder: folder, per_second: Vec::new(), cpu_us: Vec::new() }
    }

    /// Feeds events for a while, as fast as they are delivered, and waits for the last; each event makes `fan_out` deliveries.
    async fn round(&mut self, sink: &Sink, fan_out: u64, effort: Effort) {
        let before = sink.total();
        let cpu = proc_stat::cpu_seconds(self.process.id());
        let began = Instant::now();
        let stop = Arc::new(AtomicBool::new(false));
        let fed: Vec<_> = (0..2)
            .map(|_| tokio::spawn(feed(self.process.client.clone(), sink.clone(), before, fan_out, stop.clone())))
            .collect();
        tokio::time::sleep(effort.length).await;
        stop.store(true, Ordering::Relaxed);
        let mut events = 0;
        for feeder in fed {
            events += feeder.await.expect("a feeder that lives");
        }
        sink.wait("everything is delivered", |sink| sink.total() - before >= events * fan_out).await;
        #[expect(clippy::cast_precision_loss, reason = "a count of deliveries")]
        let deliveries = (events * fan_out) as f64;
        self.per_second.push(deliveries / began.elapsed().as_secs_f64());
        self.cpu_us.push((proc_stat::cpu_seconds(self.process.id()) - cpu) * 1e6 / deliveries);
    }
}

/// Hands events in until it is stopped, never too far ahead of the receiver; how many they were.
async fn feed(client: Client, sink: Sink, before: u64, fan_out: u64, stop: Arc<AtomicBool>) -> u64 {
    let batch = format!("[{}]", vec![EVENT; FEED].join(","));
    let mut events = 0;
    while !stop.load(Ordering::Relaxed) {
        // Two feeders: each minds its own half.
        if (events * fan_out).saturating_sub((sink.total() - before) / 2) > ON_THEIR_WAY / 2 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            continue;
        }
        let answer = client.post("/events", batch.clone()).secret("ingest-secret").send().await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        events += FEED as u64;
    }
    events
}
