//! Printing: colours where a person looks, plain text in a pipe, columns that line up.

use std::fmt::Write as _;
use std::io::Write as _;

use anstream::{eprintln, stdout};
use anstyle::{AnsiColor, Style};

pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const WARN: Style = AnsiColor::Yellow.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(super) const DIM: Style = Style::new().dimmed();
const HEADING: Style = Style::new().bold();

/// An error, with its causes, to stderr.
pub(super) fn error(error: &anyhow::Error) {
    eprintln!("{BAD}error:{BAD:#} {error:#}");
}

/// Text to stdout. A reader that went away (`| head`) is no error.
pub(super) fn print(text: &str) {
    let _ = writeln!(stdout(), "{text}");
}

/// A JSON value to stdout, indented.
pub(super) fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    print(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Rows under headings, each column as wide as its widest cell; the last one as wide as it likes.
pub(super) fn table(headings: &[&str], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([headings[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for (cell, width) in cells.zip(&widths) {
            let _ = write!(text, "{cell:<width$}  ");
        }
        text.trim_end().to_owned()
    };
    print(&format!("{HEADING}{}{HEADING:#}", line(&mut headings.iter().copied())));
    for row in rows {
        print(&line(&mut row.iter().map(String::as_str)));
    }
}

/// A time of so many milliseconds since 1970, in UTC to the second.
pub(super) fn time(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).map_or_else(|_| "-".to_owned(), |at| format!("{at:.0}"))
}

/// So many microseconds, with three digits: `850 µs`, `12.3 ms`, `1.25 s`.
pub(super) fn duration(us: u64) -> String {
    let (value, unit) = match us {
        0..1_000 => return format!("{us} µs"),
        // No count of microseconds that a try can take is too large for this.
        1_000..1_000_000 => (us as f64 / 1e3, "ms"),
        _ => (us as f64 / 1e6, "s"),
    };
    let decimals = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.decimals$} {unit}")
}

/// The colour of a delivery's status.
pub(super) fn of_status(status: &str) -> Style {
    match status {
        "delivered" => GOOD,
        "failed" | "skipped" | "cancelled" => WARN,
        "dead" => BAD,
        _ => Style::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_have_three_digits() {
        for (us, expected) in [
            (0, "0 µs"),
            (999, "999 µs"),
            (1_000, "1.00 ms"),
            (12_340, "12.3 ms"),
            (123_400, "123 ms"),
            (1_250_000, "1.25 s"),
            (90_000_000, "90.0 s"),
        ] {
            assert_eq!(duration(us), expected);
        }
    }
}
