//! DingTalk's custom robots: `timestamp` and `sign` in the query, HMAC-SHA256 under the secret over the time and the secret. The body is
//! not signed.

use base64::Engine as _;
use hmac::{Hmac, Mac};
use secrecy::SecretString;
use sha2::Sha256;
use url::Url;

use super::SignError;
use super::keys::{BASE64, any_shared, hmac, shared};
use super::verify::{Claim, Problem, stamp};
use crate::model::Millis;

pub(super) fn sign(secrets: &[SecretString], at: Millis, url: &mut Url) -> Result<(), SignError> {
    let timestamp = at.0.to_string();
    let sign = BASE64.encode(mac(shared(secrets)?, &timestamp).finalize().into_bytes());
    url.query_pairs_mut().append_pair("timestamp", &timestamp).append_pair("sign", &sign);
    Ok(())
}

/// What the query claims, if it claims anything.
pub(super) fn claim(secrets: &[SecretString], url: &Url) -> Option<Claim> {
    let value = |wanted: &str| url.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value);
    let (timestamp, sign) = (value("timestamp")?, value("sign")?);
    let check = || {
        let signed_at = stamp(&timestamp, 1)?;
        let sign =
            BASE64.decode(sign.as_bytes()).map_err(|_| Problem::Malformed("`sign` in the query is not base64"))?;
        let is_good = any_shared(secrets, |secret| mac(secret, &timestamp).verify_slice(&sign).is_ok());
        Ok((signed_at, is_good.ok_or(Problem::NoKey)?))
    };
    Some(check())
}

fn mac(secret: &[u8], timestamp: &str) -> Hmac<Sha256> {
    hmac(secret, &[timestamp.as_bytes(), b"\n", secret])
}
