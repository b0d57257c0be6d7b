//! The contract of the real OpenClaw's hooks: its recorded answers, compared one by one by the comparer that came with them.

use std::path::Path;
use std::process::Command;

use gateway_tests::Process;
use serde_json::Value;
use tempfile::TempDir;

use crate::PROGRAM;

#[test]
fn hooks_answer_as_openclaw_2026_9_6_did() {
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/hooks");
    let cases: Value = serde_json::from_slice(&std::fs::read(recorded.join("cases.json")).unwrap()).unwrap();
    let ((a, _a), (b, _b)) = (serve(&cases["servers"]["a"]), serve(&cases["servers"]["b"]));
    let compared = Command::new("python3")
        .current_dir(&recorded)
        .args(["compare.py", "--a", &format!("http://{}", a.address), "--b", &format!("http://{}", b.address)])
        .output()
        .expect("python3 is needed for the recorded exchanges: apt-get install python3");
    let report = String::from_utf8_lossy(&compared.stdout);
    assert!(compared.status.success(), "{report}\n{}", String::from_utf8_lossy(&compared.stderr));
    assert!(report.contains("TOTAL 31/31 passed"), "{report}");
}

/// A gateway with this config as it stands.
fn serve(config: &Value) -> (Process, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandclaw.json");
    std::fs::write(&file, config.to_string()).unwrap();
    let mut serve = Command::new(PROGRAM);
    serve.arg("serve").arg("--config").arg(&file).args(["--listen", "127.0.0.1:0"]);
    serve.arg("--state-dir").arg(folder.path().join("state"));
    (Process::spawn(&mut serve, &file), folder)
}
