//! The texts through their door.
