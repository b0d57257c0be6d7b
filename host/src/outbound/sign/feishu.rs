//! Feishu's custom bots: `timestamp` and `sign` in the JSON body. Key and message have changed places: the time and the secret are the
//! key, and nothing at all is signed with it, the rest of the body included.

use std::fmt;

use base64::Engine as _;
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use sha2::Sha256;

use super::keys::{BASE64, any_shared, hmac, shared};
use super::verify::{Claim, Problem, stamp};
use super::{SignError, seconds};
use crate::json::quote;
use crate::model::Millis;

const TIMESTAMP: &str = "timestamp";
const SIGN: &str = "sign";

pub(super) fn sign(secrets: &[SecretString], at: Millis, body: &mut Vec<u8>) -> Result<(), SignError> {
    let timestamp = seconds(at).to_string();
    let sign = BASE64.encode(mac(shared(secrets)?, &timestamp).finalize().into_bytes());
    let Members(members) = serde_json::from_slice(body).map_err(|_| SignError::BodyNoObject)?;
    // Both are digits and base64: nothing in them needs an escape.
    let mut signed = format!("{{\"{TIMESTAMP}\":\"{timestamp}\",\"{SIGN}\":\"{sign}\"");
    for (name, value) in members.iter().filter(|(name, _)| name != TIMESTAMP && name != SIGN) {
        signed.push(',');
        quote(name, &mut signed);
        signed.push(':');
        signed.push_str(value.get());
    }
    signed.push('}');
    *body = signed.into_bytes();
    Ok(())
}

/// What the body claims, if it is JSON and claims anything.
pub(super) fn claim(secrets: &[SecretString], body: &[u8]) -> Option<Claim> {
    let Members(members) = serde_json::from_slice(body).ok()?;
    let value = |wanted: &str| members.iter().rfind(|(name, _)| name == wanted).map(|(_, value)| value.get());
    let (timestamp, sign) = (value(TIMESTAMP)?, value(SIGN)?);
    let check = || {
        let timestamp = timestamp.trim_matches('"');
        let signed_at = stamp(timestamp, 1000)?;
        let sign: Option<String> = serde_json::from_str(sign).ok();
        let sign = sign.and_then(|sign| BASE64.decode(sign).ok());
        let sign = sign.ok_or(Problem::Malformed("`sign` in the body is not base64"))?;
        let is_good = any_shared(secrets, |secret| mac(secret, timestamp).verify_slice(&sign).is_ok());
        Ok((signed_at, is_good.ok_or(Problem::NoKey)?))
    };
    Some(check())
}

fn mac(secret: &[u8], timestamp: &str) -> Hmac<Sha256> {
    let key = SecretSlice::from([timestamp.as_bytes(), b"\n", secret].concat());
    hmac(key.expose_secret(), &[])
}

/// The members of an object in their order, with their values as they are written.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}
