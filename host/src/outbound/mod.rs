//! Events on their way out: which endpoint wants them, what it gets, how it is signed, whether it arrived, and when to try again.

pub mod egress;
pub mod ingest;
pub mod operator;
pub mod sign;
