//! Files in, plans or problems out.
