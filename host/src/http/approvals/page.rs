//! The pages behind a link: plain HTML without a script. Everything of the question is on its page, and the page says how much that is, because what
//! scrolls out of view is what somebody would like to have approved unseen.

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::super::answer::STORE_RETRY_SECONDS;
use crate::model::visible;
use crate::workflow::approvals::AskView;

/// Long lines are broken instead of running out of view.
const STYLE: &str =
    "pre{max-height:60vh;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid;padding:1em}";

/// Nothing is loaded, nothing runs but that style, nobody frames it, and its address goes nowhere.
const POLICY: &str = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

static POLICY_WITH_STYLE: LazyLock<Option<HeaderValue>> = LazyLock::new(|| {
    let digest = STANDARD.encode(Sha256::digest(STYLE));
    HeaderValue::try_from(format!("{POLICY}; style-src 'sha256-{digest}'")).ok()
});

/// The question, and the form that answers it.
pub(super) fn form(ask: &AskView, name: &str) -> String {
    let mut html = format!(
        "<p>Workflow <b>{}</b>, for {}</p>{}",
        escaped(&ask.workflow),
        escaped(name),
        whole("The question", &ask.prompt)
    );
    if let Some(preview) = &ask.preview {
        html.push_str(&whole("What it is about", preview));
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

fn whole(what: &str, text: &str) -> String {
    let (chars, lines) = (text.chars().count(), text.lines().count());
    format!("<p>{what}, all of it: {chars} characters in {lines} lines.</p><pre>{}</pre>", escaped(text))
}

/// Nobody can answer it any more.
pub(super) fn decided(state: &str) -> Response<Body> {
    let words = match state {
        "void" => "Nobody waits for an answer to this any more.".to_owned(),
        "expired" => "The time of this question is over.".to_owned(),
        _ => format!("This was answered already: {state}."),
    };
    page(StatusCode::GONE, &words, "")
}

/// The link of somebody who may not answer any more.
pub(super) fn not_yours() -> Response<Body> {
    page(StatusCode::FORBIDDEN, "This is not yours to answer any more.", "")
}

/// The store does not do it now.
pub(super) fn later(title: &str) -> Response<Body> {
    let mut response = page(StatusCode::SERVICE_UNAVAILABLE, title, "<p>Try again later.</p>");
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(STORE_RETRY_SECONDS));
    response
}

/// A page under a title.
pub(super) fn page(status: StatusCode, title: &str, content: &str) -> Response<Body> {
    let title = escaped(title);
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>{content}</body></html>"
    );
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        // The token is in the address.
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(policy) = &*POLICY_WITH_STYLE {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
    }
    response
}

/// Text that is only text to a browser, with nothing in it that its reader does not see.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_kept_nowhere_framed_by_nobody_and_tells_nobody_its_address() {
        let response = later("x");
        assert_eq!(response.status(), 503);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("retry-after"), "10");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("x-frame-options"), "DENY");
        let policy = header("content-security-policy");
        for part in ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "style-src 'sha256-"] {
            assert!(policy.contains(part), "{policy}");
        }
    }

    #[test]
    fn text_is_only_text() {
        assert_eq!(escaped("<b a='1'>\u{202e}\u{1b}&"), "&lt;b a=&#39;1&#39;&gt;\\u{202e}\\u{1b}&amp;");
    }
}
