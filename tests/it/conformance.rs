//! The contract of the real OpenClaw: its recorded answers, compared one by one by the comparer that came with them.

use std::path::Path;
use std::process::Command;

use gateway_tests::Process;
use serde_json::{Value, json};

use crate::PROGRAM;

#[test]
fn plugin_routes_answer_as_openclaw_2026_4_7_did() {
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/webhooks");
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("sandclaw.json");
    std::fs::write(&config, config_of(&recorded.join("routes.json")).to_string()).unwrap();
    let mut serve = Command::new(PROGRAM);
    serve.arg("serve").arg("--config").arg(&config);
    serve.env("OPENCLAW_WEBHOOK_SECRET_OK", "secret-env-0008").env_remove("OPENCLAW_WEBHOOK_SECRET_MISSING");
    let gateway = Process::spawn(&mut serve, &config);

    let compared = Command::new("python3")
        .current_dir(&recorded)
        .args([
            "compare.py",
            "--quiet",
            "--slow",
            "--strict-order",
            "--all-headers",
            "--base-url",
            &format!("http://{}", gateway.address),
        ])
        .output()
        .expect("python3 is needed for the recorded exchanges: apt-get install python3");
    let report = String::from_utf8_lossy(&compared.stdout);
    assert!(compared.status.success(), "{report}\n{}", String::from_utf8_lossy(&compared.stderr));
    assert!(report.contains("TOTAL 153/153 passed"), "{report}");
}

/// The routes as recorded, without the comparer's own member.
fn config_of(routes: &Path) -> Value {
    let mut routes: Value = serde_json::from_slice(&std::fs::read(routes).unwrap()).unwrap();
    for route in routes.as_object_mut().unwrap().values_mut() {
        route.as_object_mut().unwrap().remove("secretValue");
    }
    json!({
        "gateway": { "listen": "127.0.0.1:0" },
        "plugins": { "entries": { "webhooks": { "enabled": true, "config": { "routes": routes } } } },
    })
}
