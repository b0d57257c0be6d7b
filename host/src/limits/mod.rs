//! How much is too much. Two turnstiles before the credential is looked at (the rate window and the requests in flight), then the admission: the
//! token without which the sandbox runs nothing. The numbers come from `config/limits.rs`.

mod admission;
mod failures;
mod in_flight;
mod rate;

pub use admission::{Admission, Admissions, Budget, Full};
pub use failures::{Failed, FailedCredentials};
pub use in_flight::{InFlight, InFlightSlot};
pub use rate::RateWindows;
