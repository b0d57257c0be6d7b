//! (b) One call in a fresh instance, and (c) durable creates, both inside this process: no HTTP, the sandbox and the store alone.

use std::sync::Arc;
use std::time::Instant;

use sandclaw::auth::secret::{Resolver, SecretWatch};
use sandclaw::auth::{Caller, authenticate};
use sandclaw::clock::Clock;
use sandclaw::config::{Config, Env, Format, RouteLimits};
use sandclaw::json;
use sandclaw::limits::{Admission, Admissions, Budget, InFlight};
use sandclaw::model::{Grant, Power, RouteId};
use sandclaw::sandbox::{
    CompileCache, Compiler, Outcome, Plugins, PoolSize, RequestHead, SandboxEngine, Slot, Source, tell_nobody,
};
use sandclaw::taskflow::Session;
use serde_json::Value;

use crate::{Effort, median, native, quantile, verdict};

const CREATE: &str =
    r#"{"action":"create_flow","goal":"Review inbound queue","stateJson":{"source":"bench","attempt":1}}"#;

struct NoHead;

impl RequestHead for NoHead {
    fn header(&self, _name: &str) -> Option<String> {
        None
    }

    fn headers(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    fn query(&self) -> &str {
        ""
    }
}

/// The built-in action in a slot, with what a run needs.
struct Sandbox {
    slot: Arc<Slot>,
    caller: Caller,
    admissions: Admissions,
    in_flight: InFlight,
    limits: RouteLimits,
}

impl Sandbox {
    async fn new(session: Session, cache: &std::path::Path) -> Self {
        let limits = RouteLimits { in_flight: 1024, ..RouteLimits::default() };
        let engine =
            SandboxEngine::new(PoolSize { runs: 512, memory_max_bytes: limits.memory_max_bytes, pagemap_scan: false })
                .expect("an engine");
        let compiler = Compiler::new(engine, Some(CompileCache::open(cache).expect("a cache")));
        let grants = Power::ALL.into_iter().filter(|power| !power.functions().is_empty()).map(Grant::whole).collect();
        let slot = Arc::new(Slot::new(
            RouteId::new("bench"),
            Source::BuiltIn,
            grants,
            session,
            Budget::from(&limits),
            Clock::system(),
            tell_nobody(),
        ));
        Plugins::new(compiler, None, vec![slot.clone()], Vec::new()).load_all().await;
        let caller = caller().await;
        Self { slot, caller, admissions: Admissions::new(512), in_flight: InFlight::default(), limits }
    }

    fn admission(&self) -> Admission {
        let place = self
            .in_flight
            .enter(&"/bench".into(), std::net::Ipv4Addr::LOCALHOST.into(), self.limits.in_flight)
            .expect("a place");
        self.admissions.admit(&self.caller, place, &self.limits).expect("an admission")
    }

    async fn call(&self, body: &str) -> String {
        let body = json::canonical(body.as_bytes()).expect("a body");
        match self.slot.run(self.admission(), Box::new(NoHead), body, None).await.map(|ran| ran.outcome) {
            Ok(Outcome::Replied(reply)) => reply.result.into_string(),
            other => panic!("the bench's calls are answered: {other:?}"),
        }
    }
}

/// Nobody runs a guest without having presented a secret, not even a bench.
async fn caller() -> Caller {
    let text = r#"{ plugins: { entries: { webhooks: { enabled: true, config: { routes: { bench: { sessionKey: "s", secret: "secret-bench" } } } } } } }"#;
    let config = Config::parse(text, Format::Json5, "bench.json5".as_ref(), &Env::process()).expect("a config");
    let secrets = SecretWatch::start(&config, Resolver::new(config.providers().clone(), Env::process())).await;
    let secret = secrets.secret(&RouteId::new("bench")).expect("the route's secret");
    authenticate(&secret, Some("secret-bench")).expect("the right secret")
}

/// (b)
///
/// # Panics
/// If nothing can be measured.
pub fn one_call(effort: Effort) {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (mut sandboxed, mut natives) = (Vec::new(), Vec::new());
    runtime.block_on(async {
        let session = native::session(folder.path());
        let created: Value =
            serde_json::from_str(&session.create_flow(r#"{"goal":"g"}"#).await.expect("a flow")).expect("JSON");
        let body = format!(r#"{{"action":"get_flow","flowId":{}}}"#, created["flowId"]);
        let sandbox = Sandbox::new(session.clone(), &folder.path().join("cache")).await;
        for call in 0..effort.calls + effort.calls / 10 {
            let began = Instant::now();
            let answer = sandbox.call(&body).await;
            let fresh = began.elapsed();
            let began = Instant::now();
            let same = native::act(&session, serde_json::from_str(&body).expect("JSON")).await;
            let plain = began.elapsed();
            assert!(same.contains(&answer[..answer.len() - 1]), "both say the same: {answer} {same}");
            // The first tenth warms caches and pages up.
            if call >= effort.calls / 10 {
                sandboxed.push(fresh.as_secs_f64() * 1e6);
                natives.push(plain.as_secs_f64() * 1e6);
            }
        }
    });
    sandboxed.sort_by(f64::total_cmp);
    natives.sort_by(f64::total_cmp);
    println!("\n(b) one `get_flow` inside the process: a fresh store and instance, beside the native call (us)");
    println!("{:<22} {:>9} {:>9}", "", "median", "p99");
    println!("  {:<20} {:>9.1} {:>9.1}", "native", quantile(&natives, 0.5), quantile(&natives, 0.99));
    println!("  {:<20} {:>9.1} {:>9.1}", "fresh instance", quantile(&sandboxed, 0.5), quantile(&sandboxed, 0.99));
    let middle = quantile(&sandboxed, 0.5);
    println!("  aim: at most 20 us median: {middle:.1} {}", verdict(middle <= 20.0));
}

/// (c)
///
/// # Panics
/// If nothing can be measured.
pub fn durable_creates(effort: Effort) {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let session = native::session(&folder.path().join("state"));
    let sandbox = Arc::new(runtime.block_on(Sandbox::new(session.clone(), &folder.path().join("cache"))));
    println!(
        "\n(c) durable `create_flow`, callers waiting for their own answer: through the sandbox, beside the store alone (creates/s)"
    );
    println!("{:<22} {:>9} {:>9} {:>9}", "  callers", "store", "sandbox", "ratio");
    let fields = r#"{"goal":"Review inbound queue","stateJson":{"source":"bench","attempt":1}}"#;
    for callers in [1, 16, 64, 256] {
        let (mut alone, mut through) = (Vec::new(), Vec::new());
        for _ in 0..effort.rounds {
            let session = session.clone();
            alone.push(runtime.block_on(rate(callers, effort, move || {
                let session = session.clone();
                async move { drop(session.create_flow(fields).await.expect("a created flow")) }
            })));
            let sandbox = sandbox.clone();
            through.push(runtime.block_on(rate(callers, effort, move || {
                let sandbox = sandbox.clone();
                async move { drop(sandbox.call(CREATE).await) }
            })));
        }
        let ratio = median(through.iter().zip(&alone).map(|(through, alone)| through / alone).collect());
        println!("  {callers:<20} {:>9.0} {:>9.0} {ratio:>9.2}", median(alone), median(through));
        if callers == 256 {
            println!("  aim: at least 0.7 of the store's limit at 256 callers: {ratio:.2} {}", verdict(ratio >= 0.7));
        }
    }
}

/// How often a second `callers` together get their call answered.
async fn rate<F: Future<Output = ()> + Send + 'static>(
    callers: usize,
    effort: Effort,
    call: impl Fn() -> F + Clone + Send + 'static,
) -> f64 {
    let began = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let call = call.clone();
            tokio::spawn(async move {
                let mut calls = 0_u32;
                while began.elapsed() < effort.length {
                    call().await;
                    calls += 1;
                }
                calls
            })
        })
        .collect();
    let mut calls = 0.0;
    for task in tasks {
        calls += f64::from(task.await.expect("a caller that lives"));
    }
    calls / began.elapsed().as_secs_f64()
}
