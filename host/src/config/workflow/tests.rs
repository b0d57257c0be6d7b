//! Files in, definitions or problems out.
