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
