//! The guests are the examples of this package; there is nothing in its library.
