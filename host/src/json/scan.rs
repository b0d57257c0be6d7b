//! The one pass: reads strict JSON, writes canonical JSON, keeps its own stack so that depth costs no thread stack.

use super::order::{Name, Order};
use super::{JsonError, MAX_DEPTH, literal, number};

/// The canonical text of the value that starts at byte `from` and ends with the text.
pub(super) fn canonical(text: &str, from: usize) -> Result<String, JsonError> {
    let mut scan = Scan {
        text,
        at: from,
        out: String::with_capacity(text.len() - from),
        open: Vec::new(),
        names: Vec::new(),
        order: Order::default(),
    };
    scan.document()?;
    Ok(scan.order.apply(scan.out))
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    out: String,
    open: Vec<Open>,
    /// The members of all open objects, those of the innermost last.
    names: Vec<Name>,
    order: Order,
}

/// An array or object that is not closed yet.
struct Open {
    object: bool,
    /// Where its bracket stands in `out`.
    starts: usize,
    /// Where its members begin in `names`.
    names_from: usize,
}

impl Scan<'_> {
    fn document(&mut self) -> Result<(), JsonError> {
        loop {
            if self.value()? {
                continue; // something was opened, and its first value comes next
            }
            if self.close_up()? {
                return Ok(());
            }
        }
    }

    /// Reads a scalar or an opening bracket. True if a value has to follow.
    fn value(&mut self) -> Result<bool, JsonError> {
        match self.next_token() {
            Some(b'"') => self.string()?,
            Some(b'{') => return self.open(true),
            Some(b'[') => return self.open(false),
            Some(b'-' | b'0'..=b'9') => self.at = number::copy(self.text, self.at, &mut self.out).map_err(syntax)?,
            Some(b't') => self.word("true")?,
            Some(b'f') => self.word("false")?,
            Some(b'n') => self.word("null")?,
            _ => return Err(syntax(self.at)),
        }
        Ok(false)
    }

    /// After a value: closes what ends here. False if another value has to follow, true at the end of the text.
    fn close_up(&mut self) -> Result<bool, JsonError> {
        loop {
            let token = self.next_token();
            let Some(top) = self.open.last() else {
                return if token.is_none() { Ok(true) } else { Err(syntax(self.at)) };
            };
            let object = top.object;
            if object && let Some(name) = self.names.last_mut() {
                name.value_ends = self.out.len();
            }
            match (token, object) {
                (Some(b','), _) => {
                    self.take(',');
                    if object {
                        self.name()?;
                    }
                    return Ok(false);
                }
                (Some(b'}'), true) => self.close('}'),
                (Some(b']'), false) => self.close(']'),
                _ => return Err(syntax(self.at)),
            }
        }
    }

    fn open(&mut self, object: bool) -> Result<bool, JsonError> {
        if self.open.len() == MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        self.open.push(Open { object, starts: self.out.len(), names_from: self.names.len() });
        self.take(if object { '{' } else { '[' });
        match (self.next_token(), object) {
            (Some(b'}'), true) => self.close('}'),
            (Some(b']'), false) => self.close(']'),
            (_, true) => {
                self.name()?;
                return Ok(true);
            }
            (_, false) => return Ok(true),
        }
        Ok(false)
    }

    fn close(&mut self, bracket: char) {
        self.take(bracket);
        if let Some(closed) = self.open.pop()
            && closed.object
        {
            let outermost = self.open.is_empty();
            self.order.settle(&self.out, closed.starts, &self.names[closed.names_from..], outermost);
            self.names.truncate(closed.names_from);
        }
    }

    /// Reads `"name":`.
    fn name(&mut self) -> Result<(), JsonError> {
        if self.next_token() != Some(b'"') {
            return Err(syntax(self.at));
        }
        let starts = self.out.len();
        self.string()?;
        self.names.push(Name { starts, ends: self.out.len(), value_ends: self.out.len() });
        if self.next_token() != Some(b':') {
            return Err(syntax(self.at));
        }
        self.take(':');
        Ok(())
    }

    fn string(&mut self) -> Result<(), JsonError> {
        self.at = literal::copy(self.text, self.at, &mut self.out).map_err(syntax)?;
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<(), JsonError> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(syntax(self.at));
        }
        self.out.push_str(word);
        self.at += word.len();
        Ok(())
    }

    /// Passes over an ASCII character and copies it.
    fn take(&mut self, c: char) {
        self.out.push(c);
        self.at += 1;
    }

    /// The next byte that is not JSON white space; it stays to be read.
    fn next_token(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(self.at) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }
}

fn syntax(offset: usize) -> JsonError {
    JsonError::Syntax { offset }
}
