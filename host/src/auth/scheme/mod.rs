//! Senders that sign: whether a request is by somebody who has the secret, is fresh, and was not here before. Pure: times, secrets and the
//! request are handed in; what must not come twice is told, and the store keeps it.
//!
//! The rule about repeats:
//!
//! - *The signature covers a time.* What was signed comes once. The [`Nonce`] is the digest of what was signed, not of how the header was
//!   spelt, and has no owner: the same again while the time is good is refused. A sender that delivers again signs anew, with the same id.
//! - *It covers no time.* A repeat of the sender's delivery id is answered like the first. The nonce has that id as its owner, with query and
//!   body: the same bytes under the same id are a redelivery, under another id (which an unsigned header can claim) or with another query a
//!   replay, and refused. Without any id, the digest of what was signed and of the body is the id.
//! - *GitLab's token* is the same in every request and proves nothing about one of them; whoever saw it can write new ones. There is no nonce.

mod feishu;
mod fields;
mod follow;
mod presented;
mod presets;
mod proof;
mod shows;
mod slack;
mod standard;
#[cfg(test)]
mod tests;
mod token;
mod twilio;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::mac::{hex, sha256};
use crate::config::auth::{PublicUrl, Recipe, SchemeConfig, Source};
use crate::model::Millis;

pub use presented::{HeaderLookup, Presented};
pub use proof::{Delivery, Handshake, Nonce, Proof, Reason, Refused, Verified};
pub use shows::Shows;

/// A scheme, ready to check requests.
#[derive(Clone, Debug)]
pub struct Scheme {
    /// The word in the config; also what keeps the nonces of schemes apart.
    name: &'static str,
    form: Form,
    shows: Shows,
    tolerance: Duration,
    replay_window: Duration,
}

#[derive(Clone, Debug)]
enum Form {
    Recipe { recipe: Recipe, url: Option<PublicUrl>, special: Special },
    Standard(standard::Names),
    Token,
}

/// What a preset does beside its recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Special {
    None,
    Slack,
    Twilio,
    Feishu,
}

/// The values of a door's secrets as they are now.
#[derive(Clone, Copy)]
pub struct Keys<'a> {
    /// Each of them lets in.
    pub secrets: &'a [Arc<SecretString>],
    /// What an unsigned handshake must show.
    pub tokens: &'a [Arc<SecretString>],
}

impl Scheme {
    /// The scheme of a config.
    pub fn new(config: &SchemeConfig) -> Self {
        let preset = presets::of(&config.kind);
        Self {
            name: preset.name,
            form: preset.form,
            shows: preset.shows,
            tolerance: config.tolerance.unwrap_or(preset.tolerance),
            replay_window: config.replay_window,
        }
    }

    /// Its name, as the config writes it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What its requests show that goes no further. The body of a [`Proof`] is without it already.
    pub fn shows(&self) -> Shows {
        self.shows
    }

    /// Checks a request. A handshake is to be answered as it says and goes no further.
    pub fn verify<'a>(&self, keys: Keys<'_>, presented: &Presented<'a>, now: Millis) -> Result<Verified<'a>, Refused> {
        Ok(match self.check(keys, presented, now)? {
            // Only now: what is signed, and what tells repeats apart, are the bytes that came.
            Verified::Request(proof) => Verified::Request(proof.without(self.shows, presented.is_form())),
            handshake @ Verified::Handshake(_) => handshake,
        })
    }

    fn check<'a>(&self, keys: Keys<'_>, presented: &Presented<'a>, now: Millis) -> Result<Verified<'a>, Refused> {
        match &self.form {
            Form::Token => Ok(Verified::Request(token::verify(keys.secrets, presented)?)),
            Form::Standard(names) => {
                let (signed, id) = standard::check(self.name, names, keys.secrets, presented)?;
                let nonce = self.nonce_of_time(&signed, now)?;
                let delivery = Some(Delivery::named(&id));
                Ok(Verified::Request(Proof::new(Some(nonce), delivery, Cow::Borrowed(presented.body))))
            }
            Form::Recipe { recipe, url, special } => self.follow(recipe, url.as_ref(), *special, keys, presented, now),
        }
    }

    fn follow<'a>(
        &self,
        recipe: &Recipe,
        url: Option<&PublicUrl>,
        special: Special,
        keys: Keys<'_>,
        presented: &Presented<'a>,
        now: Millis,
    ) -> Result<Verified<'a>, Refused> {
        if special == Special::Feishu
            && let Some(handshake) = feishu::unsigned_handshake(recipe, keys, presented)
        {
            return handshake.map(Verified::Handshake);
        }
        let signed = match special {
            Special::Twilio => twilio::check(self.name, recipe, url, keys.secrets, presented)?,
            Special::None | Special::Slack | Special::Feishu => {
                let url = url.map(|url| url.of_request(presented.url));
                follow::check(self.name, recipe, url.as_deref(), keys.secrets, presented)?
            }
        };
        let nonce = recipe.signs_time().then(|| self.nonce_of_time(&signed, now)).transpose()?;
        let mut body = Cow::Borrowed(presented.body);
        match special {
            Special::Slack => {
                if let Some(handshake) = slack::handshake(presented.body) {
                    return Ok(Verified::Handshake(handshake));
                }
            }
            Special::Feishu => {
                body = feishu::opened(&keys.secrets[signed.by], presented.body)?;
                if let Some(handshake) = feishu::handshake(keys.tokens, &body) {
                    return handshake.map(Verified::Handshake);
                }
            }
            Special::None | Special::Twilio => {}
        }
        let id = fields::delivery_id(&recipe.ids, presented, &body)?;
        Ok(Verified::Request(match (nonce, id) {
            (Some(nonce), id) => Proof::new(Some(nonce), id.map(|id| Delivery::named(&id)), body),
            (None, id) => {
                let unnamed = || Delivery::unnamed(&[&signed.digest, presented.body]);
                let delivery = id.map_or_else(unnamed, |id| Delivery::named(&id));
                let owner = Some(owner(&delivery, presented));
                let nonce = Nonce { digest: signed.digest, owner, expires_at: after(now, self.replay_window) };
                Proof::new(Some(nonce), Some(delivery), body)
            }
        }))
    }

    /// The nonce of what signs a time, if that is near enough to ours.
    fn nonce_of_time(&self, signed: &Signed, now: Millis) -> Result<Nonce, Refused> {
        let signed_at = signed.at.ok_or(Reason::Malformed("the time is missing"))?;
        if Duration::from_millis(now.0.abs_diff(signed_at.0)) > self.tolerance {
            return Err(Reason::Stale { ago_s: now.0.saturating_sub(signed_at.0) / 1_000 }.into());
        }
        Ok(Nonce { digest: signed.digest, owner: None, expires_at: after(signed_at, self.tolerance) })
    }
}

/// Whose a signature without a time is: the delivery, with the query and the body that it came with. Components read the query, which hardly
/// anybody signs, and Twilio's signature is the same for `ab=c` and `a=bc`.
fn owner(delivery: &Delivery, presented: &Presented<'_>) -> String {
    let (_, query) = presented.url.split_once('?').unwrap_or_default();
    // A URL has no line break in it.
    format!("{} {}", delivery.id(), hex(&sha256(&[query.as_bytes(), b"\n", presented.body])))
}

/// What a good signature is about.
struct Signed {
    /// Of the scheme and all that is signed, without the secret.
    digest: [u8; 32],
    /// The time, if there is one.
    at: Option<Millis>,
    /// Which of the secrets it is by.
    by: usize,
}

fn after(at: Millis, time: Duration) -> Millis {
    Millis(at.0.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)))
}
