//! "Did you mean", from the room of those who misspell most.

pub(super) use crate::expr::closest;
