//! The order of an object's members, where it is not the written one: duplicates, array-index names, `__proto__`.
//!
//! The scan writes members as they come. An object that must look otherwise leaves a note here, and one pass at the end
//! puts all notes into effect, so that each byte moves at most once however deeply such objects are nested.

use std::collections::HashMap;
use std::ops::Range;

/// Up to this many names are compared pair by pair, which beats hashing them.
const FEW: usize = 12;

/// The largest array index of ECMAScript, 2^32 - 2.
const MAX_INDEX: u64 = 4_294_967_294;

/// A member, by places in the text that is being written.
pub(super) struct Name {
    pub starts: usize,
    pub ends: usize,
    pub value_ends: usize,
}

/// The objects whose members have to move.
#[derive(Default)]
pub(super) struct Order(Vec<Moved>);

struct Moved {
    opens: usize,
    closes: usize,
    members: Vec<Range<usize>>,
}

impl Order {
    /// Looks at an object that was just written in full: its bracket stands at `opens`, its members are `names`.
    pub fn settle(&mut self, written: &str, opens: usize, names: &[Name], outermost: bool) {
        let unwanted = |name: &Name| !outermost && name_text(written, name) == "\"__proto__\"";
        let in_order = !names.iter().any(|name| index(written, name).is_some() || unwanted(name))
            && !has_duplicates(written, names);
        if in_order {
            return;
        }
        let mut place = HashMap::with_capacity(names.len());
        let mut kept: Vec<&Name> = Vec::with_capacity(names.len());
        for name in names.iter().filter(|name| !unwanted(name)) {
            let at = *place.entry(name_text(written, name)).or_insert(kept.len());
            match kept.get_mut(at) {
                Some(earlier) => *earlier = name,
                None => kept.push(name),
            }
        }
        // Stable: what is no index stays in its order, behind all that are.
        kept.sort_by_cached_key(|name| index(written, name).unwrap_or(u64::MAX));
        let members = kept.iter().map(|name| name.starts..name.value_ends).collect();
        self.0.push(Moved { opens, closes: written.len() - 1, members });
    }

    /// The text with every object's members where they belong.
    pub fn apply(mut self, written: String) -> String {
        if self.0.is_empty() {
            return written;
        }
        self.0.sort_unstable_by_key(|moved| moved.opens);
        let mut out = String::with_capacity(written.len());
        let mut pieces = vec![Piece::Text(0..written.len())];
        while let Some(piece) = pieces.pop() {
            let span = match piece {
                Piece::Comma => {
                    out.push(',');
                    continue;
                }
                Piece::Text(span) => span,
            };
            let next = self.0.partition_point(|moved| moved.opens < span.start);
            let Some(moved) = self.0.get(next).filter(|moved| moved.opens < span.end) else {
                out.push_str(&written[span]);
                continue;
            };
            out.push_str(&written[span.start..=moved.opens]);
            pieces.push(Piece::Text(moved.closes..span.end));
            for (at, member) in moved.members.iter().enumerate().rev() {
                pieces.push(Piece::Text(member.clone()));
                if at > 0 {
                    pieces.push(Piece::Comma);
                }
            }
        }
        out
    }
}

enum Piece {
    Text(Range<usize>),
    Comma,
}

fn name_text<'a>(written: &'a str, name: &Name) -> &'a str {
    &written[name.starts..name.ends]
}

/// The number of a name such as `"7"`: only the canonical spelling of an array index counts.
fn index(written: &str, name: &Name) -> Option<u64> {
    let digits = written.as_bytes().get(name.starts + 1..name.ends - 1)?;
    if digits.is_empty() || digits.len() > 10 || (digits[0] == b'0' && digits.len() > 1) {
        return None;
    }
    let value = digits.iter().try_fold(0, |value: u64, b| b.is_ascii_digit().then(|| value * 10 + u64::from(b - b'0')));
    value.filter(|&value| value <= MAX_INDEX)
}

fn has_duplicates(written: &str, names: &[Name]) -> bool {
    if names.len() <= FEW {
        return names.iter().enumerate().any(|(at, name)| {
            names[..at].iter().any(|earlier| name_text(written, earlier) == name_text(written, name))
        });
    }
    let mut seen = std::collections::HashSet::with_capacity(names.len());
    names.iter().any(|name| !seen.insert(name_text(written, name)))
}
