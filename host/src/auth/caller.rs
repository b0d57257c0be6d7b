//! From headers to a [`Caller`]. The rules of what counts as presented are OpenClaw's, to the letter, because senders are
//! configured against them.

use crate::model::js_trim;

use super::secret::{Door, DoorSecret, SecretState};

/// Somebody whom a door lets in: who presented its secret ([`authenticate`]), signed by its scheme
/// ([`DoorKeys::verify`](super::secret::DoorKeys::verify)), or knocked where nothing is asked ([`OpenDoor`](super::secret::OpenDoor)). Made
/// in this room alone.
#[derive(Clone, Debug)]
pub struct Caller {
    door: Door,
}

impl Caller {
    /// Only for those three.
    pub(super) fn at(door: Door) -> Self {
        Self { door }
    }

    /// The door that let them in.
    pub fn door(&self) -> &Door {
        &self.door
    }
}

/// The credential is missing or wrong, or the door has none to compare with. It does not tell which: nobody outside
/// is to learn the difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unauthorized")]
pub struct Unauthorized;

/// The secret that a request presents, from `Authorization` and the door's own header; never blank.
///
/// A Bearer credential wins even if it is wrong. Anything else in `Authorization` (another scheme, a bare `Bearer`, the raw
/// secret) is as good as nothing, and the other header is looked at.
pub fn presented_secret<'a>(authorization: Option<&'a str>, shared: Option<&'a str>) -> Option<&'a str> {
    const PREFIX: &str = "bearer ";
    let authorization = js_trim(authorization.unwrap_or_default());
    let presented = match authorization.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
        _ => shared.unwrap_or_default(),
    };
    Some(js_trim(presented)).filter(|presented| !presented.is_empty())
}

/// Compares what is presented with the secrets of the door; all of them, so that time tells nobody which one is near.
pub fn authenticate(secret: &DoorSecret, presented: Option<&str>) -> Result<Caller, Unauthorized> {
    let presented = presented.ok_or(Unauthorized)?;
    let is_known = match &**secret.state() {
        SecretState::Live(secrets) => secrets.iter().flatten().fold(false, |known, it| known | it.matches(presented)),
        SecretState::Lost | SecretState::Unresolved => false,
    };
    if is_known { Ok(Caller::at(secret.door().clone())) } else { Err(Unauthorized) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(authorization: Option<&str>, shared: Option<&str>, expected: Option<&str>) {
        assert_eq!(presented_secret(authorization, shared), expected, "{authorization:?} {shared:?}");
    }

    #[test]
    fn a_bearer_credential_wins_over_the_shared_header() {
        check(Some("Bearer x"), None, Some("x"));
        check(Some("bearer x"), Some("y"), Some("x"));
        check(Some("BEARER   x y  "), Some("y"), Some("x y"));
        check(Some("\u{feff} Bearer x\u{a0}"), None, Some("x"));
    }

    #[test]
    fn anything_else_falls_back_to_the_shared_header() {
        for authorization in [
            None,
            Some(""),
            Some("Basic eA=="),
            Some("Bearer"),
            Some("Bearer  "),
            Some("x"),
            Some("Bearer\tx"),
            Some("Bearerx"),
            Some("béarer x"),
        ] {
            check(authorization, Some(" y "), Some("y"));
            check(authorization, Some("  "), None);
            check(authorization, None, None);
        }
    }
}
