//! Markers of external content inside external content: whoever writes one wants to be taken for somebody else.

use super::fold::{Folded, folded, is_invisible, narrow, plain_bracket};

const START: &str = "[[MARKER_SANITIZED]]";
const END: &str = "[[END_MARKER_SANITIZED]]";

/// The text with a word in place of every marker.
pub(super) fn replaced(text: &str) -> String {
    let seen = folded(text, |c| (!is_invisible(c)).then(|| plain_bracket(narrow(c))));
    let mut out = String::with_capacity(text.len());
    let (mut at, mut copied) = (0, 0);
    while at < seen.len() {
        let Some((length, word)) = marker(&seen[at..]) else {
            at += 1;
            continue;
        };
        out.push_str(&text[copied..seen[at].from]);
        out.push_str(word);
        at += length;
        copied = seen[at - 1].to;
    }
    out.push_str(&text[copied..]);
    out
}

/// How many characters of the marker stand here, and what is to stand in their place.
fn marker(seen: &[Folded]) -> Option<(usize, &'static str)> {
    let mut rest = Rest(seen);
    rest.all("<<<")?;
    rest.spaces(|_| false);
    let word = if rest.all("end").is_some() {
        rest.gap()?;
        END
    } else {
        START
    };
    rest.all("external")?;
    rest.gap()?;
    rest.all("untrusted")?;
    rest.gap()?;
    rest.all("content")?;
    let before_id = rest.0;
    if rest.id().is_none() {
        rest.0 = before_id;
    }
    rest.spaces(|_| false);
    rest.all(">>>")?;
    Some((seen.len() - rest.0.len(), word))
}

/// What is still to be read.
struct Rest<'a>(&'a [Folded]);

impl Rest<'_> {
    /// This ASCII text, upper or lower case; if it is another, nothing is read.
    fn all(&mut self, text: &str) -> Option<()> {
        let (here, behind) = self.0.split_at_checked(text.len())?;
        let is_it = here.iter().zip(text.chars()).all(|(seen, wanted)| seen.char.eq_ignore_ascii_case(&wanted));
        is_it.then(|| self.0 = behind)
    }

    /// White space, and what else counts as such; how much of it.
    fn spaces(&mut self, or: impl Fn(char) -> bool) -> usize {
        let is = |seen: &&Folded| seen.char.is_whitespace() || or(seen.char);
        let length = self.0.iter().take_while(is).count();
        self.0 = &self.0[length..];
        length
    }

    /// What stands between the words of a marker.
    fn gap(&mut self) -> Option<()> {
        (self.spaces(|c| c == '_') > 0).then_some(())
    }

    /// ` id="…"`, the quotes perhaps behind backslashes.
    fn id(&mut self) -> Option<()> {
        (self.spaces(|_| false) > 0).then_some(())?;
        self.all("id=")?;
        let backslashes = self.0.iter().take_while(|seen| seen.char == '\\').count();
        self.0 = &self.0[backslashes..];
        self.all("\"")?;
        let value = self.0.iter().position(|seen| seen.char == '"')?;
        self.0 = &self.0[value + 1..];
        Some(())
    }
}
