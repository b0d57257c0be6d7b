//! Lines through a real shell.
