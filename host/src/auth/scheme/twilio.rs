//! Twilio signs the URL that it posts to, and after it names and values of the form, by name. For other bodies the URL holds their hash.

use std::collections::BTreeSet;
use std::sync::Arc;

use secrecy::SecretString;
use subtle::ConstantTimeEq;
use url::form_urlencoded;

use super::super::mac::{sha256, unhex};
use super::{Presented, Reason, Refused, Signed, follow};
use crate::config::auth::{PublicUrl, Recipe};

const BODY_HASH: &str = "bodySHA256";

/// Checks the signature over the URL as the config has it, and with the usual port written or not: Twilio's products differ.
pub(super) fn check(
    name: &str,
    recipe: &Recipe,
    url: Option<&PublicUrl>,
    secrets: &[Arc<SecretString>],
    presented: &Presented<'_>,
) -> Result<Signed, Refused> {
    let url = url.ok_or(Reason::NoKey)?;
    let check = |url: &PublicUrl| follow::check(name, recipe, Some(&url.of_request(presented.url)), secrets, presented);
    let signed = match (check(url), url.with_other_port()) {
        (Err(Refused(Reason::NoMatch)), Some(other)) => check(&other)?,
        (checked, _) => checked?,
    };
    match body_hash(presented) {
        Some(hash) => {
            let is_its = unhex(&hash).is_some_and(|hash| sha256(&[presented.body]).ct_eq(&hash[..]).into());
            if is_its { Ok(signed) } else { Err(Reason::OtherBody.into()) }
        }
        None if presented.is_form() || presented.body.is_empty() => Ok(signed),
        None => {
            Err(Reason::Malformed("the body is no form, and the URL has no bodySHA256, so nobody signed it").into())
        }
    }
}

/// Names and values, sorted, each pair once: Twilio's own libraries do so. Nothing where the URL has the hash of the body.
pub(super) fn sorted_form(presented: &Presented<'_>) -> Vec<u8> {
    if body_hash(presented).is_some() || !presented.is_form() {
        return Vec::new();
    }
    let pairs: BTreeSet<_> = form_urlencoded::parse(presented.body).collect();
    pairs.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]).flatten().copied().collect()
}

fn body_hash(presented: &Presented<'_>) -> Option<String> {
    let (_, query) = presented.url.split_once('?')?;
    form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == BODY_HASH).map(|(_, value)| value.into_owned())
}
