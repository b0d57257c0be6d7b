//! JSON as ECMAScript reads and writes it.
