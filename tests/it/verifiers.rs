//! The verifiers that receivers have: the function that OpenClaw's users copy, and `standardwebhooks` from npm and from PyPI. What we sign,
//! they must accept; their scripts are `tests/verifiers/`, where the libraries stand too that senders sign with.
//!
//! The packages are fetched once into the target folder, pinned by hash. That is the one time that a test needs a network; where there is
//! none the tests fail, because a signature that nobody else has checked is not known to be right.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use crate::documents::root;

/// Who verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verifier {
    /// `X-OpenClaw-Signature`, in Node.js.
    OpenClaw,
    /// `webhook-signature`, `standardwebhooks` from npm.
    StandardNode,
    /// `webhook-signature`, `standardwebhooks` from PyPI.
    StandardPython,
}

/// Whether the verifier accepts a delivery. Those of Standard Webhooks want a timestamp within five minutes of the machine's clock.
///
/// # Panics
/// If it cannot be asked: the program is not installed, the package cannot be fetched.
#[track_caller]
pub fn verify(verifier: Verifier, secret: &str, headers: &[(&str, &str)], body: &str) -> bool {
    let (program, script, place) = match verifier {
        Verifier::OpenClaw => ("node", "openclaw.js", None),
        Verifier::StandardNode => ("node", "standard.js", Some(("NODE_PATH", packages()))),
        Verifier::StandardPython => ("python3", "standard.py", Some(("PYTHONPATH", PYPI.clone()))),
    };
    let mut command = Command::new(program);
    command.arg(scripts().join(script)).envs(place).env("PYTHONDONTWRITEBYTECODE", "1");
    let mut child = command
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} cannot be started: {error}; .ci/run installs it"));
    let headers: serde_json::Map<_, _> =
        headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let delivery = serde_json::json!({"secret": secret, "headers": headers, "body": body});
    child.stdin.take().unwrap().write_all(delivery.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    match output.status.code() {
        Some(0) => true,
        Some(1) => false,
        _ => panic!("{script} could not tell: {}", String::from_utf8_lossy(&output.stderr)),
    }
}

/// Node.js with one of the scripts, which finds the packages.
pub fn node(script: &str) -> Command {
    let mut node = Command::new("node");
    node.arg(scripts().join(script)).env("NODE_PATH", packages());
    node
}

/// The folder of the packages from npm.
pub fn packages() -> PathBuf {
    NPM.join("node_modules")
}

fn scripts() -> PathBuf {
    root().join("tests/verifiers")
}

static NPM: LazyLock<PathBuf> =
    LazyLock::new(|| fetched("npm", &scripts(), &["package-lock.json", "package.json"], npm));

/// Fetches what a lock file pins. Nothing of it runs.
pub fn npm(folder: &Path) -> Command {
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]).current_dir(folder);
    npm
}

static PYPI: LazyLock<PathBuf> = LazyLock::new(|| {
    fetched("pypi", &scripts(), &["requirements.txt"], |folder| {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries=1", "--no-deps"]);
        pip.args(["--require-hashes", "--only-binary=:all:", "--requirement=requirements.txt", "--target=."]);
        pip.current_dir(folder);
        pip
    })
});

/// The folder of the packages that these files in `from` pin, filled by the command if it is not there. It appears whole or not at all, whoever else does
/// the same at the same time.
pub fn fetched(registry: &str, from: &Path, pins: &[&str], fetch: impl FnOnce(&Path) -> Command) -> PathBuf {
    let texts: Vec<Vec<u8>> = pins.iter().map(|name| fs::read(from.join(name)).unwrap()).collect();
    let digest = format!("{:x}", Sha256::digest(texts.concat()));
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("verifiers");
    let folder = target.join(format!("{registry}-{}", &digest[..16]));
    if folder.exists() {
        return folder;
    }
    fs::create_dir_all(&target).unwrap();
    let part = tempfile::tempdir_in(&target).unwrap();
    for (name, text) in pins.iter().zip(texts) {
        fs::write(part.path().join(name), text).unwrap();
    }
    let done = fetch(part.path()).output();
    let said = match &done {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Some(format!("the client of {registry} cannot be started: {error}; .ci/run installs it")),
    };
    if let Some(said) = said {
        panic!("what a test needs could not be fetched from {registry}, which it needs to reach once:\n{said}");
    }
    // If another process was faster, its folder holds the same.
    let renamed = fs::rename(part.path(), &folder);
    assert!(renamed.is_ok() || folder.exists(), "{renamed:?}");
    folder
}

mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use hmac::{Hmac, Mac};
    use sandclaw::clock::Clock;

    use super::*;

    const SECRET: &str = "whsec_xxxxxxxxxxxxxxxx";
    const BODY: &str = r#"{"id":"evt_abc123def456","data":{"message":{"content":"这是AI的回复内容... \" \\ é 😀"}}}"#;

    fn hmac(key: &[u8], signed: &str) -> Vec<u8> {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(signed.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }

    /// The headers of an honest delivery of [`BODY`] at this moment.
    fn signed(verifier: Verifier) -> Vec<(&'static str, String)> {
        let seconds = (Clock::system().now().0 / 1_000).to_string();
        if verifier == Verifier::OpenClaw {
            let mac = hmac(SECRET.as_bytes(), &format!("{seconds}.{BODY}"));
            let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
            return vec![("X-OpenClaw-Timestamp", seconds), ("X-OpenClaw-Signature", format!("sha256={hex}"))];
        }
        let key = BASE64_STANDARD.decode(SECRET.strip_prefix("whsec_").unwrap()).unwrap();
        let mac = BASE64_STANDARD.encode(hmac(&key, &format!("dlv_1.{seconds}.{BODY}")));
        vec![("webhook-id", "dlv_1".into()), ("webhook-timestamp", seconds), ("webhook-signature", format!("v1,{mac}"))]
    }

    /// Accepted as it is; refused with one bit of the body, of any header or of the secret flipped.
    #[track_caller]
    fn check(verifier: Verifier) {
        let honest = signed(verifier);
        let ask = |secret: &str, headers: &[(&'static str, String)], body: &str| {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            verify(verifier, secret, &headers, body)
        };
        assert!(ask(SECRET, &honest, BODY), "{verifier:?} refuses what is signed well");
        assert!(!ask(SECRET, &honest, &flipped(BODY, 2)), "{verifier:?} accepts another body");
        assert!(!ask(&flipped(SECRET, 10), &honest, BODY), "{verifier:?} accepts another secret");
        for at in 0..honest.len() {
            let mut headers = honest.clone();
            // The middle: the first letters of a signature are its version, the last ones may be padding.
            headers[at].1 = flipped(&headers[at].1, headers[at].1.len() / 2);
            assert!(!ask(SECRET, &headers, BODY), "{verifier:?} accepts {headers:?}");
        }
    }

    /// The text with the lowest bit of one ASCII character flipped.
    fn flipped(text: &str, at: usize) -> String {
        let mut bytes = text.as_bytes().to_vec();
        bytes[at] ^= 1;
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_function_that_users_copy_accepts_what_is_signed_and_no_flipped_bit() {
        check(Verifier::OpenClaw);
    }

    #[test]
    fn standardwebhooks_of_npm_accepts_what_is_signed_and_no_flipped_bit() {
        check(Verifier::StandardNode);
    }

    #[test]
    fn standardwebhooks_of_pypi_accepts_what_is_signed_and_no_flipped_bit() {
        check(Verifier::StandardPython);
    }

    #[test]
    fn the_function_that_users_copy_accepts_the_published_vector() {
        let headers = [
            ("x-openclaw-timestamp", "1710400200"),
            ("x-openclaw-signature", "sha256=72efd2c3247d7634da7f995434b2d61fe0fa19ccaf29adbcf911b20cfcfcae97"),
        ];
        assert!(verify(Verifier::OpenClaw, SECRET, &headers, r#"{"id":"evt_abc123def456"}"#));
    }
}
