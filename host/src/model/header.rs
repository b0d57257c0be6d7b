//! Names of HTTP headers: what one looks like, which belong to the connection and to nobody who only adds a header, and which carry credentials.

/// What says where a message ends and how the connection is used, in lower case: smuggling starts here.
pub const CONNECTION_HEADERS: [&str; 9] =
    ["host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer", "expect"];

/// Whether the header (in lower case) is one of those, or one between a client and its proxy.
pub fn is_of_connection(name: &str) -> bool {
    CONNECTION_HEADERS.contains(&name) || name.starts_with("proxy-")
}

/// What carries a credential by itself, whatever the door, in lower case: kept from every guest. Signatures are none: they are of no use with another body.
pub const CREDENTIAL_HEADERS: [&str; 6] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "x-openclaw-webhook-secret",
    "x-openclaw-token",
    // GitLab's secret token, as it stands.
    "x-gitlab-token",
];

/// Whether the header, in any case, is one of those.
pub fn is_credential(name: &str) -> bool {
    CREDENTIAL_HEADERS.iter().any(|credential| name.eq_ignore_ascii_case(credential))
}

/// Whether this is a `token` (RFC 9110, section 5.6.2), as names of headers and halves of media types are.
pub fn is_token(text: &str) -> bool {
    let is_tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_tchar)
}
