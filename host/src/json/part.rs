//! A canonical value where it stands inside a larger one. Nothing is copied until somebody wants to own it.

use std::borrow::Cow;

use super::text::{JsonKind, kind_of};
use super::{JsonText, literal, read};

/// A borrowed JSON value, as canonical as the [`JsonText`] that it was cut from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonPart<'a>(&'a str);

impl<'a> JsonPart<'a> {
    /// The text.
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// Its type.
    pub fn kind(self) -> JsonKind {
        kind_of(self.0)
    }

    /// An object's members in order, names decoded (a lone surrogate as U+FFFD); none for other types.
    pub fn members(self) -> impl Iterator<Item = (Cow<'a, str>, Self)> {
        let text = if self.kind() == JsonKind::Object { self.0 } else { "" };
        read::each_member(text).map(|(name, value)| (name, Self(value)))
    }

    /// An array's elements in order; none for other types.
    pub fn elements(self) -> impl Iterator<Item = Self> {
        let text = if self.kind() == JsonKind::Array { self.0 } else { "" };
        read::each_element(text).map(Self)
    }

    /// What a string says, a lone surrogate as U+FFFD; `None` for other types.
    pub fn as_string_lossy(self) -> Option<Cow<'a, str>> {
        (self.kind() == JsonKind::String).then(|| literal::unquote_lossy(self.0))
    }

    /// Does a number beyond the range of doubles stand anywhere in it?
    pub fn has_out_of_range_number(self) -> bool {
        read::has_out_of_range_number(self.0)
    }
}

impl JsonText {
    /// The whole of it, to be taken apart.
    pub fn part(&self) -> JsonPart<'_> {
        JsonPart(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use crate::json::canonical;

    #[test]
    fn values_are_cut_out_of_larger_ones() {
        let text = canonical(br#"[ {"a":[1,{"b":"],}"}],"c":"\ud800\""}, [], "x", -1e5, true ]"#).unwrap();
        let elements: Vec<_> = text.part().elements().collect();
        let texts: Vec<_> = elements.iter().map(|part| part.as_str()).collect();
        assert_eq!(texts, [r#"{"a":[1,{"b":"],}"}],"c":"\ud800\""}"#, "[]", r#""x""#, "-100000", "true"]);
        let members: Vec<_> = elements[0].members().map(|(name, value)| (name, value.as_str())).collect();
        assert_eq!(members, [("a".into(), r#"[1,{"b":"],}"}]"#), ("c".into(), r#""\ud800\"""#)]);
        assert_eq!(elements[2].as_string_lossy().as_deref(), Some("x"));
        assert_eq!((elements[1].elements().count(), elements[2].elements().count()), (0, 0));
        assert_eq!((elements[1].members().count(), elements[3].members().count()), (0, 0));
    }
}
