//! The world `hook-transform`: the trait to implement, the request it is given, what it decides, and the macro that exports it as a component.

use alloc::string::String;
use alloc::vec::Vec;

use crate::{Failure, Header, Json};

/// A transform of an agent hook: one authenticated request in, what to do about it out. It acts only through its answer.
pub trait HookTransform {
    /// Called once in a fresh instance for each request. `config` is what the operator wrote beside the component in the mapping, as JSON text;
    /// `null` if nothing. A [`Failure`] is the transform's own: the sender is answered 500, and its words go to the log.
    fn transform(request: &HookRequest, config: &str) -> Result<HookDecision, Failure>;
}

/// One authenticated request to a mapping. Credentials and cookies are never in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookRequest {
    payload: Json,
    headers: Vec<Header>,
    url: String,
    path: String,
    raw_body: Vec<u8>,
}

/// What becomes of the mapping's action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookDecision {
    /// It is carried out as the mapping says.
    Unchanged,
    /// Nothing is done; the sender is answered 204.
    Skip,
    /// It is carried out with these members instead of the mapping's: a JSON object of any of `kind`, `message`, `text`, `name`, `agentId`, `wakeMode`,
    /// `sessionKey`, `sessionKeySource`, `sessionMode`, `deliver`, `allowUnsafeExternalContent`, `channel`, `to`, `model`, `thinking`, `timeoutSeconds`. The
    /// operator's policy holds for what comes out.
    Override(Json),
}

impl HookRequest {
    /// A request with this body, a JSON value, and nothing else: for tests. The path is `test`.
    pub fn new(payload: impl Into<Json>) -> Self {
        let payload = payload.into();
        let raw_body = payload.clone().into_bytes();
        Self { payload, headers: Vec::new(), url: "/hooks/test".into(), path: "test".into(), raw_body }
    }

    /// One more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push(Header { name: name.to_ascii_lowercase(), value: value.into() });
        self
    }

    /// Another path and query, as they were received.
    #[must_use]
    pub fn with_url(self, url: impl Into<String>) -> Self {
        Self { url: url.into(), ..self }
    }

    /// Another path behind the base path of the hooks.
    #[must_use]
    pub fn with_path(self, path: impl Into<String>) -> Self {
        Self { path: path.into(), ..self }
    }

    /// Other bytes of the body than those of the payload.
    #[must_use]
    pub fn with_raw_body(self, raw_body: impl Into<Vec<u8>>) -> Self {
        Self { raw_body: raw_body.into(), ..self }
    }

    /// The body: one JSON value as canonical text.
    pub fn payload(&self) -> &str {
        &self.payload
    }

    /// The body as a type of yours, whatever is in it: lists and maps below the hundredth level become `null`, and halves of surrogate pairs U+FFFD.
    /// Fails with `bad_payload` if it does not fit.
    #[cfg(feature = "json")]
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, Failure> {
        use alloc::string::ToString;
        serde_json::from_str(&crate::mend::mended(&self.payload))
            .map_err(|error| Failure::new("bad_payload", error.to_string()))
    }

    /// The value of a header, several joined by `, `; the name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value.as_str())
    }

    /// All headers, names in lower case.
    pub fn headers(&self) -> &[Header] {
        &self.headers
    }

    /// Path and query as they were received, as in `/hooks/github?source=ci`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The path behind the base path of the hooks, without a slash in front: `github`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The body's bytes as they were received.
    pub fn raw_body(&self) -> &[u8] {
        &self.raw_body
    }
}

impl HookDecision {
    /// The mapping's action with this message for the agent.
    #[cfg(feature = "json")]
    pub fn message(message: &str) -> Self {
        use alloc::string::ToString;
        Self::Override(serde_json::json!({ "message": message }).to_string())
    }
}

/// Makes this crate the component that decides about the requests of a hook mapping. Outside WebAssembly it only checks the type.
#[cfg(target_arch = "wasm32")]
#[macro_export]
macro_rules! export_hook_transform {
    ($transform:ty) => {
        #[allow(unsafe_code, reason = "the exports of the component, as the canonical ABI wants them")]
        const _: () = {
            type Component = $crate::__private::HookTransformComponent<$transform>;
    $crate::__private::hook_transform::export!(Component with_types_in $crate::__private::hook_transform);
        };
    };
}

/// Makes this crate the component that decides about the requests of a hook mapping. Outside WebAssembly it only checks the type.
///
/// ```
/// use sandclaw_sdk::{Failure, HookDecision, HookRequest, HookTransform};
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Build {
///     status: String,
///     branch: String,
/// }
///
/// struct Builds;
///
/// impl HookTransform for Builds {
///     fn transform(request: &HookRequest, _config: &str) -> Result<HookDecision, Failure> {
///         let build: Build = request.json()?;
///         if build.status != "failed" {
///             return Ok(HookDecision::Skip);
///         }
///         Ok(HookDecision::message(&format!("The build of {} failed. Find out why.", build.branch)))
///     }
/// }
///
/// sandclaw_sdk::export_hook_transform!(Builds);
///
/// let passed = HookRequest::new(r#"{"status":"passed","branch":"main"}"#);
/// assert_eq!(Builds::transform(&passed, "null"), Ok(HookDecision::Skip));
///
/// let failed = HookRequest::new(r#"{"status":"failed","branch":"main"}"#);
/// let told = r#"{"message":"The build of main failed. Find out why."}"#;
/// assert_eq!(Builds::transform(&failed, "null"), Ok(HookDecision::Override(told.into())));
/// ```
#[cfg(not(target_arch = "wasm32"))]
#[macro_export]
macro_rules! export_hook_transform {
    ($transform:ty) => {
        const _: () = {
            const fn is_a_hook_transform<T: $crate::HookTransform>() {}
            is_a_hook_transform::<$transform>()
        };
    };
}

#[cfg(target_arch = "wasm32")]
pub use component::HookTransformComponent;

#[cfg(target_arch = "wasm32")]
mod component {
    use core::marker::PhantomData;

    use super::{Header, HookDecision, HookRequest, HookTransform};
    use crate::Json;
    use crate::bindings::hook_transform::exports::sandclaw::hooks::transform;

    /// What [`export_hook_transform!`](crate::export_hook_transform) exports.
    pub struct HookTransformComponent<T>(PhantomData<T>);

    impl<T: HookTransform> transform::Guest for HookTransformComponent<T> {
        fn transform(request: transform::Request, config: Json) -> Result<transform::Decision, transform::Error> {
            match T::transform(&request.into(), &config) {
                Ok(HookDecision::Unchanged) => Ok(transform::Decision::Unchanged),
                Ok(HookDecision::Skip) => Ok(transform::Decision::Skip),
                Ok(HookDecision::Override(members)) => Ok(transform::Decision::Override(members)),
                Err(failure) => Err(transform::Error { code: failure.code, message: failure.message }),
            }
        }
    }

    impl From<transform::Request> for HookRequest {
        fn from(request: transform::Request) -> Self {
            let header = |header: transform::Header| Header { name: header.name, value: header.value };
            Self {
                payload: request.payload,
                headers: request.headers.into_iter().map(header).collect(),
                url: request.url,
                path: request.path,
                raw_body: request.raw_body,
            }
        }
    }
}

#[cfg(all(test, feature = "json"))]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_what_it_was_given() {
        let request = HookRequest::new(r#"{"a":1}"#).with_header("X-GitHub-Event", "push").with_url("/h/g?x=1");
        assert_eq!((request.header("x-github-event"), request.header("x-none")), (Some("push"), None));
        assert_eq!((request.url(), request.path(), request.raw_body()), ("/h/g?x=1", "test", br#"{"a":1}"#.as_slice()));
        let other = request.with_raw_body(*b"a=1").with_path("form");
        assert_eq!((other.payload(), other.path(), other.raw_body()), (r#"{"a":1}"#, "form", b"a=1".as_slice()));
    }

    #[test]
    fn a_payload_is_read_though_half_an_emoji_stands_in_it() {
        let request = HookRequest::new(r#"{"title":"a\ud83d"}"#);
        assert_eq!(request.json::<serde_json::Value>().unwrap()["title"], "a\u{fffd}");
        assert_eq!(request.json::<Vec<u8>>().unwrap_err().code, "bad_payload");
    }
}
