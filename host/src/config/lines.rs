//! On which line each key and value of a JSON5 text starts. Knows just enough of the syntax to tell strings, comments,
//! brackets and bare words apart; whether the text is valid, the `json5` crate says.

/// The lines of keys and values in the order of the text, and where it nests how deep.
pub(super) struct Lines {
    starts: std::vec::IntoIter<usize>,
    /// The line on which each new depth was first reached.
    depths: Vec<usize>,
    last: usize,
}

impl Lines {
    /// The line of the next key or value.
    pub fn next(&mut self) -> usize {
        self.last = self.starts.next().unwrap_or(self.last);
        self.last
    }

    /// The line on which the text nests deeper than `levels`, if it does.
    pub fn deeper_than(&self, levels: usize) -> Option<usize> {
        self.depths.get(levels).copied()
    }
}

pub(super) fn scan(text: &str) -> Lines {
    let mut scanner = Scanner { chars: text.chars().peekable(), line: 1 };
    let (mut starts, mut depths, mut depth) = (Vec::new(), Vec::new(), 0_usize);
    while let Some(c) = scanner.chars.peek().copied() {
        let line = scanner.line;
        match c {
            '/' => scanner.skip_comment(),
            '{' | '[' => {
                starts.push(line);
                depth += 1;
                if depth > depths.len() {
                    depths.push(line);
                }
                scanner.next();
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                scanner.next();
            }
            '"' | '\'' => {
                starts.push(line);
                scanner.skip_string(c);
            }
            c if is_between(c) => {
                scanner.next();
            }
            _ => {
                starts.push(line);
                scanner.skip_word();
            }
        }
    }
    Lines { starts: starts.into_iter(), depths, last: 1 }
}

struct Scanner<'a> {
    chars: std::iter::Peekable<std::str::Chars<'a>>,
    line: usize,
}

impl Scanner<'_> {
    /// The next character, counting lines as JSON5 does: a CR LF is one end of line.
    fn next(&mut self) -> Option<char> {
        let c = self.chars.next()?;
        if is_line_end(c) && !(c == '\r' && self.chars.peek() == Some(&'\n')) {
            self.line += 1;
        }
        Some(c)
    }

    fn skip_comment(&mut self) {
        self.next();
        match self.next() {
            Some('/') => while self.next().is_some_and(|c| !is_line_end(c)) {},
            Some('*') => {
                while let Some(c) = self.next() {
                    if c == '*' && self.chars.peek() == Some(&'/') {
                        self.next();
                        break;
                    }
                }
            }
            _ => {}
        }
    }

    fn skip_string(&mut self, quote: char) {
        self.next();
        while let Some(c) = self.next() {
            match c {
                '\\' => {
                    self.next();
                }
                c if c == quote => break,
                _ => {}
            }
        }
    }

    fn skip_word(&mut self) {
        while self
            .chars
            .peek()
            .is_some_and(|c| !is_between(*c) && !matches!(c, '{' | '[' | '}' | ']' | '"' | '\'' | '/'))
        {
            self.next();
        }
    }
}

fn is_between(c: char) -> bool {
    c.is_whitespace() || matches!(c, ',' | ':' | '\u{feff}')
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}
