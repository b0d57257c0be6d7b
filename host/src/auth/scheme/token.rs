//! GitLab's classic token: the secret itself in a header. It says who sends and nothing about what is sent.

use std::borrow::Cow;
use std::sync::Arc;

use secrecy::SecretString;

use super::super::secret::Credential;
use super::{Delivery, Presented, Proof, Reason, Refused, fields};
use crate::config::auth::Source;
use crate::model::js_trim;

const TOKEN: &str = "x-gitlab-token";
/// The first is the same whenever it delivers again, the second for each event.
const IDS: [Source; 2] =
    [Source::Header(Cow::Borrowed("idempotency-key")), Source::Header(Cow::Borrowed("x-gitlab-event-uuid"))];

pub(super) fn verify<'a>(secrets: &[Arc<SecretString>], presented: &Presented<'a>) -> Result<Proof<'a>, Refused> {
    let token = js_trim(presented.header(TOKEN)?);
    if secrets.is_empty() {
        return Err(Reason::NoKey.into());
    }
    // All of them are compared: which one it is tells nobody anything.
    if !secrets.iter().fold(false, |good, secret| good | Credential::of(secret).matches(token)) {
        return Err(Reason::NoMatch.into());
    }
    let delivery = match fields::delivery_id(&IDS, presented, presented.body)? {
        Some(id) => Delivery::named(&id),
        None => Delivery::unnamed(&[presented.body]),
    };
    Ok(Proof::new(None, Some(delivery), Cow::Borrowed(presented.body)))
}
