//! The links that people are sent. Looking at one shows a page and changes nothing, because mail scanners and chats look at links too; only the form
//! on it answers. What cannot be answered says so in a sentence, and a link that is none says nothing at all.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Response, StatusCode, header};
use url::form_urlencoded;

use super::answer::Refused;
use super::front::Front;
use super::{body, serve::Peer};
use crate::workflow::approvals::{Approvals, AskView, Asked, DecideError, TokenError};

/// What stands before a token.
pub(super) const PREFIX: &str = "/approvals/";

/// Requests of one address in a minute: a person needs two.
const RATE_REQUESTS: u32 = 60;
const RATE_WINDOW: Duration = Duration::from_secs(60);
/// A form with an answer in it.
const BODY_MAX_BYTES: usize = 128 << 10;
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// Nothing is loaded, nothing runs, nobody frames it, and its address goes nowhere.
const POLICY: &str = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

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
        Err(TokenError::Unknown) => return Err(Refused::NotFound),
        Err(TokenError::Expired) => return Ok(page(StatusCode::GONE, "This link has expired.", "")),
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
        Err(DecideError::NotYours(_) | DecideError::Missing(_)) => {
            page(StatusCode::FORBIDDEN, "This is not yours to answer any more.", "")
        }
        Err(DecideError::Invalid(wrong)) => page(StatusCode::UNPROCESSABLE_ENTITY, &wrong, &form(&ask, &name)),
        Err(DecideError::Store(why)) => {
            tracing::error!("an answer cannot be stored: {why}");
            page(StatusCode::SERVICE_UNAVAILABLE, "Your answer cannot be stored now. Try again later.", "")
        }
    })
}

fn decided(state: &str) -> Response<Body> {
    let words = match state {
        "void" => "Nobody waits for an answer to this any more.".to_owned(),
        "expired" => "The time of this question is over.".to_owned(),
        _ => format!("This was answered already: {state}."),
    };
    page(StatusCode::GONE, &words, "")
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

fn form(ask: &AskView, name: &str) -> String {
    let mut html = format!(
        "<p>Workflow <b>{}</b>, for {}</p><p>{}</p>",
        escaped(&ask.workflow),
        escaped(name),
        escaped(&ask.prompt).replace('\n', "<br>")
    );
    if let Some(preview) = &ask.preview {
        html.push_str(&format!("<pre>{}</pre>", escaped(preview)));
    }
    html.push_str("<form method=\"post\">");
    if ask.kind == "input" {
        html.push_str("<p><label>Your answer, as JSON<br><textarea name=\"response\" rows=\"8\" cols=\"60\"></textarea></label></p>");
    }
    let yes = if ask.kind == "input" { "Answer" } else { "Approve" };
    html.push_str(&format!(
        "<button name=\"decision\" value=\"approve\">{yes}</button> <button name=\"decision\" value=\"reject\">Reject</button></form>"
    ));
    html
}

fn page(status: StatusCode, title: &str, content: &str) -> Response<Body> {
    let title = escaped(title);
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title}</title></head><body><h1>{title}</h1>{content}</body></html>"
    );
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Text that is only text to a browser.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c if c.is_control() && c != '\n' && c != '\t' => html.push('\u{fffd}'),
            c => html.push(c),
        }
    }
    html
}
