//! "Did you mean", from the room of those who misspell most.

pub use crate::expr::closest;
