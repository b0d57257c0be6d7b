//! Runs, wakes and tools at a real OpenClaw Gateway, driven directly, and from a webhook on. Its packages are 830 MB, so this is not among
//! the usual tests; it takes two minutes the first time, most of it for npm:
//!
//! ```text
//! cargo test -p gateway-tests -- --ignored real_openclaw
//! ```

use std::sync::Arc;
use std::time::Duration;

use sandclaw::agents::openclaw::{Gateway, OpenClaw, ToolCall, ToolError};
use sandclaw::agents::runner::Job;
use sandclaw::auth::secret::{Resolver, look_up_all};
use sandclaw::clock::Clock;
use sandclaw::config::agents::OpenClawRunner;
use sandclaw::config::{Env, Providers, SecretSpec};
use sandclaw::json::canonical;
use sandclaw::model::{RunId, RunState, SessionKey, SessionMode};
use sandclaw::outbound::egress::{Egress, EgressOptions, SystemNames};
use serde_json::json;

use crate::acp::{carry_out, job};
use crate::journeys::{House, kinds};
use crate::real_openclaw::{Model, RealGateway};

/// What is told of a run whose answer only the Gateway knows.
const OF_GATEWAY: [&str; 3] = ["message.received", "session.created", "session.ended"];

async fn gateway(config: OpenClawRunner) -> Gateway {
    let names = Arc::new(SystemNames::default());
    let gateway =
        Gateway::new(config, "agents.main", Egress::new(EgressOptions { extra_ca_pem: None, names }).unwrap());
    let resolver = Resolver::new(Providers::new(Default::default()), Env::new(|_| None));
    look_up_all(&gateway.secrets().collect::<Vec<_>>(), &resolver).await;
    gateway
}

async fn runner(config: OpenClawRunner) -> OpenClaw {
    OpenClaw::new(gateway(config).await, Clock::system())
}

fn call(tool: &str) -> ToolCall {
    ToolCall {
        tool: tool.to_owned(),
        action: None,
        args: canonical(b"{}").unwrap(),
        session_key: None,
        agent: None,
        idempotency_key: None,
        timeout: Duration::from_secs(60),
    }
}

#[tokio::test]
#[ignore = "fetches 830 MB; run it with `cargo test -p gateway-tests -- --ignored real_openclaw`"]
async fn a_real_openclaw_gateway_carries_out_runs_wakes_and_tools() {
    let model = Model::start();
    let real = RealGateway::start(&model);
    let main = runner(real.config()).await;

    // It is not there yet, so this one is asked again until it is. The Gateway wraps the message; ours must not be wrapped twice.
    let first = Job { prompt: "WRAPPED BY US".to_owned(), ..job("Water the plants in room 17.") };
    let (ending, _) = carry_out(&main, first.clone(), |_| {}).await;
    real.expect(&ending, RunState::Succeeded, "");
    let asked = model.asked();
    let about_plants = |asked: &[String]| asked.iter().filter(|asked| asked.contains("room 17")).count();
    assert_eq!(about_plants(&asked), 1, "{}", real.log());
    let prompt = asked.iter().find(|asked| asked.contains("room 17")).unwrap();
    assert!(prompt.contains("<<<EXTERNAL_UNTRUSTED_CONTENT") && !prompt.contains("WRAPPED BY US"));

    // The same run once more, as after a crash: the Gateway knows its key.
    let (ending, _) = carry_out(&main, first, |_| {}).await;
    real.expect(&ending, RunState::Succeeded, "");
    assert_eq!(about_plants(&model.asked()), 1, "it was run twice");

    // A session that goes on.
    let session = |run: &str, message: &str| Job {
        run: RunId::new(run),
        session: SessionKey::new("hook:garden"),
        mode: SessionMode::Persistent,
        ..job(message)
    };
    for (run, message) in [("run-2", "The key is under the mat."), ("run-3", "Where is the key?")] {
        let (ending, _) = carry_out(&main, session(run, message), |_| {}).await;
        real.expect(&ending, RunState::Succeeded, "");
    }
    let asked = model.asked();
    let last = asked.iter().find(|asked| asked.contains("Where is the key?")).unwrap();
    assert!(last.contains("under the mat"), "the session was forgotten");

    let wake = Job { run: RunId::new("run-4"), is_wake: true, ..job("Look around.") };
    real.expect(&carry_out(&main, wake, |_| {}).await.0, RunState::Succeeded, "");

    // What the Gateway refuses, in its own words.
    let nobody = runner(OpenClawRunner { agent_id: Some("nobody".to_owned()), ..real.config() }).await;
    let refused = Job { run: RunId::new("run-5"), ..job("Hello?") };
    real.expect(&carry_out(&nobody, refused.clone(), |_| {}).await.0, RunState::Failed, "unknown agentId \"nobody\"");
    let stranger = runner(OpenClawRunner { token: SecretSpec::Plain("wrong".into()), ..real.config() }).await;
    real.expect(&carry_out(&stranger, refused, |_| {}).await.0, RunState::Failed, "the Gateway refused `token`");

    // Tools.
    let tools = gateway(real.config()).await;
    let listed = tools.tools_invoke(&call("sessions_list")).await.unwrap();
    assert!(listed.as_str().contains("\"details\""), "{}", listed.as_str());
    assert!(matches!(tools.tools_invoke(&call("exec")).await, Err(ToolError::NoSuchTool(_))));
    let stranger = OpenClawRunner { gateway_token: Some(SecretSpec::Plain("wrong".into())), ..real.config() };
    assert_eq!(gateway(stranger).await.tools_invoke(&call("sessions_list")).await, Err(ToolError::Unauthorized));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "fetches 830 MB; run it with `cargo test -p gateway-tests -- --ignored real_openclaw`"]
async fn a_real_openclaw_gateway_carries_out_what_a_webhook_asks_for() {
    let model = Model::start();
    let real = RealGateway::start(&model);
    let house = House::new(&real.agent(), "").await;

    // A Gateway does not tell what its agent said. The first of them waits until it is there.
    let told = house.ask("main", "Water the plants in room 17.").await;
    let expected = json!({ "status": "ok", "replyDisposition": "empty" });
    assert_eq!(told["completion"], expected, "{told}; the Gateway's log:\n{}", real.log());
    let id = told["runId"].as_str().unwrap();
    assert_eq!(kinds(&house.events(id, OF_GATEWAY.len()).await), OF_GATEWAY);

    let (flow, run) = house.task("Feed the cat in room 18.").await;
    let record = house.record(&flow);
    for (member, expected) in [("status", "succeeded"), ("terminalOutcome", "succeeded"), ("runId", run.as_str())] {
        assert_eq!(record[member], expected, "{record}; the Gateway's log:\n{}", real.log());
    }
    assert_eq!(kinds(&house.events(&run, OF_GATEWAY.len()).await), OF_GATEWAY);
    let asked = model.asked();
    for message in ["room 17", "room 18"] {
        assert_eq!(asked.iter().filter(|asked| asked.contains(message)).count(), 1, "{}", real.log());
    }
}
