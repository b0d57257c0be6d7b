//! Printing: colours where a person looks, plain text in a pipe, columns that line up. Everything that is printed goes through here, and so nothing
//! that a stranger wrote moves the cursor, turns a line around or hides in it.

use std::fmt::Write as _;
use std::io::Write as _;

use anstream::{stderr, stdout};
use anstyle::{AnsiColor, Style};

use crate::model::{visible, visible_json, visible_line};

pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const WARN: Style = AnsiColor::Yellow.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(super) const DIM: Style = Style::new().dimmed();
const HEADING: Style = Style::new().bold();

/// What our own styles are written with. Whoever writes these into a text makes it red, and nothing else.
const STYLES: [&str; 6] = ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[2m", "\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m"];

/// An error, with its causes, to stderr.
pub(super) fn error(error: &anyhow::Error) {
    note(&format!("{BAD}error:{BAD:#} {error:#}"));
}

/// Text to stderr, beside what is asked for. A terminal that went away is no error.
pub(super) fn note(text: &str) {
    let _ = writeln!(stderr(), "{}", clean(text));
}

/// Text to stdout. A reader that went away (`| head`) is no error.
pub(super) fn print(text: &str) {
    let _ = writeln!(stdout(), "{}", clean(text));
}

/// A JSON value to stdout, indented. Its texts are what they are to a program, and harmless on a terminal.
pub(super) fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    print(&visible_json(&serde_json::to_string_pretty(value)?));
    Ok(())
}

/// A JSON value to stdout, on one line.
pub(super) fn json_line(value: &impl serde::Serialize) -> anyhow::Result<()> {
    print(&visible_json(&serde_json::to_string(value)?));
    Ok(())
}

/// The text with our styles in it and nothing else that steers a terminal.
fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        clean.push_str(&visible(&rest[..at]));
        rest = &rest[at..];
        let style = STYLES.iter().find(|style| rest.starts_with(**style));
        let (kept, bytes) = style.map_or_else(|| (visible("\u{1b}"), 1), |style| ((*style).to_owned(), style.len()));
        clean.push_str(&kept);
        rest = &rest[bytes..];
    }
    clean + &visible(rest)
}

/// Rows under headings, each column as wide as its widest cell; the last one as wide as it likes.
pub(super) fn table(headings: &[&str], rows: &[Vec<String>]) {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| visible_line(cell)).collect()).collect();
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
    for row in &rows {
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
    use super::*;

    #[test]
    fn our_styles_are_printed_and_what_else_steers_a_terminal_is_not() {
        let ours = format!("{GOOD}a{GOOD:#}{WARN}b{WARN:#}{BAD}c{BAD:#}{DIM}d{DIM:#}{HEADING}e{HEADING:#}\n\tf");
        assert_eq!(clean(&ours), ours);
        let strangers = "\u{1b}[8mhidden\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}1A\u{202e}\r\u{1b}";
        let shown = "\\u{1b}[8mhidden\\u{1b}]0;title\\u{7}\\u{1b}[2J\\u{9b}1A\\u{202e}\\u{d}\\u{1b}";
        assert_eq!(clean(strangers), shown);
    }

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
