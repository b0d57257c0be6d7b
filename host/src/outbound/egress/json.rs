//! A request of this gateway's own, for rooms that know no HTTP: JSON with a bearer token.

use bytes::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{EndpointClient, Fault, Sent};
use crate::model::Timing;

impl EndpointClient {
    /// Sends this JSON once, with the token, if there is one, as `Authorization: Bearer`.
    pub async fn post_json(&self, url: &Url, token: Option<&SecretString>, json: String) -> Sent {
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        if let Some(token) = token {
            let Ok(mut bearer) = HeaderValue::try_from(format!("Bearer {}", token.expose_secret())) else {
                let fault = Fault::host("the token holds a character that no header can have");
                return Sent { result: Err(fault), timing: Timing::default(), address: None };
            };
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        self.post(url, headers, Bytes::from(json)).await
    }
}
