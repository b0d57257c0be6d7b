//! The room `limits`.
