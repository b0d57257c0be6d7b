//! Secrets: from a name in the config to a value that requests are compared with. A value is never printed, logged or
//! put into an error. What leaves this room is whether a presented secret matches, and, for what is signed or sent along, the value itself
//! as a [`secrecy::SecretString`].

mod credential;
mod door;
mod door_secret;
mod exec;
mod file;
mod guard;
mod kept;
mod pace;
mod resolver;
#[cfg(test)]
mod tests;
mod watch;

pub use credential::Credential;
pub use door::Door;
pub use door_secret::{DoorSecret, Key, Remembered, SecretState};
pub use guard::{DoorGuard, DoorKeys, Knock, OpenDoor};
pub use kept::{KeptSecret, keep_fresh, look_up_all};
pub use resolver::{Reason, Resolver, Unresolved};
pub use watch::{SecretWatch, refresh_loop};

/// A new secret: 256 bits from the kernel, as 64 hexadecimal digits.
pub fn new_secret() -> std::io::Result<String> {
    use std::fmt::Write as _;
    let mut bytes = [0_u8; 32];
    let mut filled = 0;
    while filled < bytes.len() {
        filled += rustix::rand::getrandom(&mut bytes[filled..], rustix::rand::GetRandomFlags::empty())?;
    }
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
