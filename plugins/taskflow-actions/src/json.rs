//! JSON without trees. A request is a flat object whose values are handed on, so it is split into slices of its own text and
//! nothing is copied; a parser that builds values would cost more than the action itself.
//!
//! The text is canonical (the host wrote it): numbers are as ECMAScript prints them, with one beyond a double as `1e999`. Text that is
//! not JSON at all is noticed where it matters and never more than refused.

use alloc::string::String;
use alloc::vec::Vec;

/// A value, as the text it came as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a> {
    pub text: &'a str,
    /// No number in it, at any depth, is beyond a double.
    pub is_finite: bool,
}

/// A member of an object. The name is between its quotes, its escapes as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    pub name: &'a str,
    pub value: Value<'a>,
}

/// Members that most objects do not exceed; more only cost a move.
const MEMBERS_EXPECTED: usize = 20;

/// What `typeof` would say, and `array` and `null`.
pub fn kind(text: &str) -> &'static str {
    match text.as_bytes().first() {
        Some(b'{') => "object",
        Some(b'[') => "array",
        Some(b'"') => "string",
        Some(b't' | b'f') => "boolean",
        Some(b'n') => "null",
        _ => "number",
    }
}

/// The members of an object, in the order they are written; nothing if the text is no object.
pub fn members(text: &str) -> Option<Vec<Member<'_>>> {
    let mut reader = Reader { text, at: 0 };
    let mut members = Vec::with_capacity(MEMBERS_EXPECTED);
    reader.skip(b'{')?;
    if reader.skip(b'}').is_some() {
        return reader.is_at_end().then_some(members);
    }
    loop {
        let name = reader.string()?;
        reader.skip(b':')?;
        members.push(Member { name, value: reader.value()? });
        if reader.skip(b',').is_none() {
            reader.skip(b'}')?;
            return reader.is_at_end().then_some(members);
        }
    }
}

/// The text of one member of an object.
pub fn member<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    members(object)?.iter().find(|member| member.name == name).map(|member| member.value.text)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Steps over this byte, and over white space around it.
    fn skip(&mut self, byte: u8) -> Option<()> {
        self.space();
        if self.peek()? != byte {
            return None;
        }
        self.at += 1;
        self.space();
        Some(())
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    /// A string: what is between its quotes.
    fn string(&mut self) -> Option<&'a str> {
        if self.peek()? != b'"' {
            return None;
        }
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        self.text.get(start..self.at - 1)
    }

    /// A value of any kind. Nesting is counted and not followed, so a deep one costs no stack.
    fn value(&mut self) -> Option<Value<'a>> {
        let start = self.at;
        let mut is_finite = true;
        let mut depth = 0_u32;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                    continue;
                }
                b'}' | b']' | b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' if depth > 0 => {
                    let is_close = matches!(self.peek()?, b'}' | b']');
                    self.at += 1;
                    depth -= u32::from(is_close);
                    if !is_close {
                        continue;
                    }
                }
                _ => is_finite &= is_finite_number(self.word()?),
            }
            if depth == 0 {
                return Some(Value { text: self.text.get(start..self.at)?, is_finite });
            }
        }
    }

    /// A number or one of the three names.
    fn word(&mut self) -> Option<&'a str> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9' | b'a'..=b'z' | b'.' | b'-' | b'+' | b'E')) {
            self.at += 1;
        }
        self.text.get(start..self.at).filter(|word| !word.is_empty())
    }
}

/// A double ends before 10^309, and that is where ECMAScript's notation has an exponent.
fn is_finite_number(word: &str) -> bool {
    !matches!(word.as_bytes(), [b'0'..=b'9' | b'-', ..]) || exponent(word).is_none_or(|exponent| exponent < 309)
}

/// The exponent of a number that is written with one.
fn exponent(number: &str) -> Option<i32> {
    let (_, exponent) = number.split_once(['e', 'E'])?;
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, exponent.strip_prefix('+').unwrap_or(exponent)),
    };
    let digits = digits.bytes().fold(0_i32, |sum, digit| sum.saturating_mul(10).saturating_add(i32::from(digit & 15)));
    Some(sign * digits)
}

/// What a number is to someone who wants an integer from 0 to 2^53 - 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whole {
    Is(u64),
    NotFinite,
    NotInteger,
    Negative,
    /// Beyond 2^53 - 1, where not every integer is a double.
    TooBig,
    /// The same, below zero.
    TooSmall,
}

const SAFE_INTEGER_MAX: u64 = (1 << 53) - 1;

/// Reads a number as ECMAScript prints it: an integer below 10^21 in full, everything larger with an exponent.
pub fn whole(number: &str) -> Whole {
    let is_negative = number.starts_with('-');
    let digits = number.trim_start_matches('-');
    let value = match exponent(digits) {
        Some(309..) => return Whole::NotFinite,
        Some(..0) => return Whole::NotInteger,
        Some(_) => u64::MAX,
        None if digits.contains('.') => return Whole::NotInteger,
        None => digits.bytes().fold(0_u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit & 15))),
    };
    match (is_negative, value) {
        (false, ..=SAFE_INTEGER_MAX) => Whole::Is(value),
        (false, _) => Whole::TooBig,
        (true, 0) => Whole::Is(0),
        (true, ..=SAFE_INTEGER_MAX) => Whole::Negative,
        (true, _) => Whole::TooSmall,
    }
}

/// Writes text as a JSON string.
pub fn quoted(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut token = String::with_capacity(text.len() + 2);
    token.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => token.extend(['\\', char]),
            ..' ' => {
                let [high, low] = [char as usize >> 4, char as usize & 15].map(|digit| char::from(HEX[digit]));
                token.push_str("\\u00");
                token.extend([high, low]);
            }
            _ => token.push(char),
        }
    }
    token.push('"');
    token
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(object: &str, expected: &[(&str, &str)]) {
        let members = members(object).unwrap();
        let found: Vec<_> = members.iter().map(|member| (member.name, member.value.text)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn members_are_slices_of_the_text() {
        check("{}", &[]);
        check(
            r#"{"a":1,"b\"":"x,}\"","c":{"d":[1,"]"]},"e":[]}"#,
            &[("a", "1"), (r#"b\""#, r#""x,}\"""#), ("c", r#"{"d":[1,"]"]}"#), ("e", "[]")],
        );
    }

    #[test]
    fn white_space_between_tokens_is_stepped_over() {
        check(" { \"a\" : [ 1 , 2 ] ,\n\"b\":null } ", &[("a", "[ 1 , 2 ]"), ("b", "null")]);
    }

    #[test]
    fn deep_nesting_costs_no_stack() {
        let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
        check(&["{\"a\":", &deep, "}"].concat(), &[("a", &deep)]);
    }

    #[test]
    fn a_member_is_found_by_its_name_at_the_top_only() {
        assert_eq!(member(r#"{"x":{"flow":1},"flow":{"y":2}}"#, "flow"), Some(r#"{"y":2}"#));
        assert_eq!(member(r#"{"x":{"flow":1}}"#, "flow"), None);
        assert_eq!(member("[]", "flow"), None);
    }

    #[test]
    fn text_becomes_a_string_with_its_escapes() {
        assert_eq!(quoted("a\"\\\n\u{1f}é"), r#""a\"\\\u000a\u001fé""#);
    }
}
