//! The component that a mapping may ask what to make of a request. This room says what it is asked and what its answer changes; who runs it
//! is handed in.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

use crate::json::JsonText;

/// What a transform is told of a request. It has no credential in it.
#[derive(Clone, Debug)]
pub struct HookRequest {
    /// The body, with one item where the mapping goes through an array.
    pub payload: JsonText,
    /// Names in lower case, each once.
    pub headers: Vec<(String, String)>,
    /// Path and query as they came.
    pub url: String,
    /// What stands behind the path of the door.
    pub path: String,
    /// The body's bytes.
    pub raw_body: Bytes,
}

/// What a transform says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookOutcome {
    /// The mapping's action is carried out.
    Unchanged,
    /// Nothing is done.
    Skip,
    /// The mapping's action is carried out with these members: a JSON object.
    Override(JsonText),
    /// It failed, or could not be run. Why is in the log already.
    Failed,
}

/// Runs the transforms of a door's mappings.
pub trait Transforms: Send + Sync {
    /// Asks the transform of the mapping at this place of the door's list.
    fn transform<'a>(
        &'a self,
        mapping: usize,
        request: HookRequest,
    ) -> Pin<Box<dyn Future<Output = HookOutcome> + Send + 'a>>;
}
