//! Numbers: doubles, printed as ECMAScript prints them.

/// Longest run of digits that is surely printed the way it was written: every integer below 10^15 is exact in a double.
const EXACT_DIGITS: usize = 15;

/// Appends the canonical form of the number at `at`. Returns where the text goes on, or the offset of what is wrong.
pub(super) fn copy(text: &str, at: usize, out: &mut String) -> Result<usize, usize> {
    let bytes = text.as_bytes();
    let is = |at: usize, wanted: &[u8]| bytes.get(at).is_some_and(|b| wanted.contains(b));
    let digits = |from: usize| {
        let mut at = from;
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        if at == from { Err(at) } else { Ok(at) }
    };

    let whole = if is(at, b"-") { at + 1 } else { at };
    let mut end = if is(whole, b"0") { whole + 1 } else { digits(whole)? };
    let integer_end = end;
    if is(end, b".") {
        end = digits(end + 1)?;
    }
    if is(end, b"eE") {
        end = digits(if is(end + 1, b"+-") { end + 2 } else { end + 1 })?;
    }

    let written = &text[at..end];
    if end == integer_end && end - whole <= EXACT_DIGITS && written != "-0" {
        out.push_str(written);
    } else {
        print(written.parse().map_err(|_| at)?, out);
    }
    Ok(end)
}

fn print(value: f64, out: &mut String) {
    if value == 0.0 {
        out.push('0'); // minus zero loses its sign, as in `JSON.stringify`
    } else if value.is_finite() {
        out.push_str(ryu_js::Buffer::new().format_finite(value));
    } else {
        out.push_str(if value > 0.0 { "1e999" } else { "-1e999" });
    }
}
