//! The room `taskflow`.
