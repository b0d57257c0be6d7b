//! The links that people are sent. Looking at one shows a page and changes nothing, because mail scanners and chats look at links too; only the form
//! on it answers. What cannot be answered says so in a sentence, and a link that is none says nothing at all.

mod page;

use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Method, Response, StatusCode};
use url::form_urlencoded;

use super::answer::Refused;
use super::front::Front;
use super::{body, serve::Peer};
use crate::model::visible_line;
use crate::workflow::approvals::{Approvals, AskView, Asked, DecideError, LinkError, TokenError};
use page::{decided, form, later, not_yours, page};

/// What stands before a token.
pub(super) const PREFIX: &str = "/approvals/";

/// Requests of one address in a minute: a person needs two.
const RATE_REQUESTS: u32 = 60;
const RATE_WINDOW: Duration = Duration::from_secs(60);
/// A form with an answer in it.
const BODY_MAX_BYTES: usize = 128 << 10;
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

pub(super) async fn pass(
    desk: &Approvals,
    front: &Front,
    Peer(peer): Peer,
    head: &Parts,
    token: &str,
    body: &mut Body,
) -> Result<Response<Body>, Refused> {
    let client: IpAddr = front.client(peer, &head.headers);
    if !front.rate.allow(PREFIX, client, RATE_REQUESTS, RATE_WINDOW, Instant::now()) {
        return Err(Refused::RateLimited);
    }
    let _request = front.requests.try_acquire().map_err(|_| Refused::Busy)?;
    let (ask, name) = match desk.linked(token) {
        Ok(found) => found,
        Err(LinkError::Token(TokenError::Unknown)) => return Err(Refused::NotFound),
        Err(LinkError::Token(TokenError::Expired)) => {
            return Ok(page(StatusCode::GONE, "This link has expired.", ""));
        }
        Err(LinkError::NotYours(why)) => {
            tracing::info!("a link was not followed: {}", visible_line(&why));
            return Ok(not_yours());
        }
        Err(LinkError::Store(why)) => {
            tracing::error!("a question cannot be read: {why}");
            return Ok(later("The question cannot be shown now."));
        }
    };
    if ask.state != "open" {
        return Ok(decided(&ask.state));
    }
    if head.method == Method::GET || head.method == Method::HEAD {
        return Ok(page(StatusCode::OK, "A workflow asks you", &form(&ask, &name)));
    }
    if head.method != Method::POST {
        return Err(Refused::MethodNotAllowed);
    }
    let body = body::read(body, BODY_MAX_BYTES, BODY_TIMEOUT).await?;
    let said = match read(&body, &ask) {
        Ok(said) => said,
        Err(wrong) => return Ok(page(StatusCode::BAD_REQUEST, wrong, &form(&ask, &name))),
    };
    Ok(match desk.decide(&ask.id, &name, said).await {
        Ok(ask) => page(StatusCode::OK, &format!("Noted: {}.", ask.state), "<p>You can close this page.</p>"),
        Err(DecideError::Decided(state)) => decided(state.as_str()),
        Err(DecideError::Void) => decided("void"),
        Err(DecideError::Expired) => decided("expired"),
        Err(DecideError::NotYours(_) | DecideError::Missing(_)) => not_yours(),
        Err(DecideError::Invalid(wrong)) => page(StatusCode::UNPROCESSABLE_ENTITY, &wrong, &form(&ask, &name)),
        Err(DecideError::Store(why)) => {
            tracing::error!("an answer cannot be stored: {why}");
            later("Your answer cannot be stored now.")
        }
    })
}

/// What the form says.
fn read(body: &[u8], ask: &AskView) -> Result<Asked, &'static str> {
    let (mut decision, mut response) = (String::new(), String::new());
    for (name, value) in form_urlencoded::parse(body) {
        match &*name {
            "decision" => decision = value.into_owned(),
            "response" => response = value.into_owned(),
            _ => {}
        }
    }
    match decision.as_str() {
        "reject" => Ok(Asked::No),
        "approve" if ask.kind == "input" && !response.trim().is_empty() => {
            let json = serde_json::from_str(&response).map_err(|_| "The answer is no JSON.")?;
            Ok(Asked::Yes(Some(json)))
        }
        "approve" => Ok(Asked::Yes(None)),
        _ => Err("Choose one of the two."),
    }
}
