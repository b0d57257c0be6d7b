//! What the system says of processes. It says so on Linux; elsewhere nothing is known, and nothing follows from it.

use std::fs;

/// A process as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub group: i32,
    pub session: i32,
    /// In ticks since the machine was started. With its number this is one process and no other.
    pub started: u64,
    /// It has ended, and nobody has waited for it.
    pub is_dead: bool,
}

/// One process and no other, as long as the machine runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub number: i32,
    pub started: u64,
}

impl Process {
    /// This one.
    pub fn own() -> Option<Self> {
        let number = i32::try_from(std::process::id()).ok()?;
        Some(Self { number, started: look(number)?.started })
    }

    /// Whether it goes on.
    pub fn is_alive(self) -> bool {
        look(self.number).is_some_and(|seen| seen.started == self.started && !seen.is_dead)
    }
}

/// The process of this number, if there is one.
pub(super) fn look(number: i32) -> Option<Seen> {
    parse(&String::from_utf8_lossy(&fs::read(format!("/proc/{number}/stat")).ok()?))
}

/// All processes.
pub(super) fn all() -> impl Iterator<Item = Seen> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| look(entry.file_name().to_str()?.parse().ok()?))
}

/// Within what the number of a process means anything: one run of the machine, and one namespace of it.
pub(super) fn world() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), namespace.display()))
}

fn parse(stat: &str) -> Option<Seen> {
    // The name of the program stands in parentheses, and may hold some itself.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    Some(Seen {
        is_dead: matches!(*fields.first()?, "Z" | "X"),
        group: fields.get(2)?.parse().ok()?,
        session: fields.get(3)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_program_is_called() {
        let stat = "77 (a) Z 1 2 (b) S 1 77 50 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 123456 1 1 18446744073709551615";
        let seen = Seen { group: 77, session: 50, started: 123_456, is_dead: false };
        assert_eq!(parse(stat), Some(seen));
        assert_eq!(parse("77 (a) Z"), None);
    }

    #[test]
    fn this_process_is_there() {
        let own = i32::try_from(std::process::id()).unwrap();
        let seen = look(own).unwrap();
        assert!(!seen.is_dead && all().any(|other| other == seen));
        assert!(world().is_some());
    }
}
