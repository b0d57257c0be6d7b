//! A plain HTTP/1.1 client with the credentials of a route.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// Knocks at one gateway.
#[derive(Clone)]
pub struct Client {
    address: SocketAddr,
    http: hyper_util::client::legacy::Client<HttpConnector, Full<Bytes>>,
}

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    /// If it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {} {}", self.status, self.text))
    }

    /// `code` of the envelope.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// `result` of the envelope.
    pub fn result(&self) -> Value {
        self.json()["result"].clone()
    }
}

/// A request on its way.
pub struct Post {
    client: Client,
    request: hyper::http::request::Builder,
    content_type: String,
    body: String,
}

impl Client {
    /// For the gateway at this address.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, http: hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build_http() }
    }

    /// A JSON POST to a path.
    pub fn post(&self, path: &str, body: impl Into<String>) -> Post {
        let request = Request::post(format!("http://{}{path}", self.address));
        Post { client: self.clone(), request, content_type: "application/json".into(), body: body.into() }
    }

    /// A JSON POST to a route of the harness, which all have `/plugins/webhooks/<id>` and the secret `secret-<id>`.
    pub fn route(&self, id: &str, body: impl Into<String>) -> Post {
        self.post(&format!("/plugins/webhooks/{id}"), body).secret(&format!("secret-{id}"))
    }

    /// A GET.
    ///
    /// # Panics
    /// If there is no answer.
    pub async fn get(&self, path: &str) -> Answer {
        let request = Request::get(format!("http://{}{path}", self.address)).body(Full::default()).expect("a request");
        send(&self.http, request).await.expect("an answer")
    }
}

impl Post {
    /// With this secret as Bearer.
    #[must_use]
    pub fn secret(self, secret: &str) -> Self {
        self.header("authorization", &format!("Bearer {secret}"))
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// With this content type instead of JSON's.
    #[must_use]
    pub fn content_type(mut self, content_type: &str) -> Self {
        content_type.clone_into(&mut self.content_type);
        self
    }

    /// The answer, or that the connection broke.
    pub async fn try_send(self) -> anyhow::Result<Answer> {
        let request = self.request.header("content-type", self.content_type).body(Full::from(self.body))?;
        send(&self.client.http, request).await
    }

    /// The answer.
    ///
    /// # Panics
    /// If there is none.
    pub async fn send(self) -> Answer {
        self.try_send().await.expect("an answer")
    }
}

async fn send(
    http: &hyper_util::client::legacy::Client<HttpConnector, Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> anyhow::Result<Answer> {
    let (head, body) = http.request(request).await?.into_parts();
    let text = String::from_utf8(body.collect().await?.to_bytes().to_vec())?;
    Ok(Answer { status: head.status, headers: head.headers, text })
}
