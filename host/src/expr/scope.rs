//! What a text may refer to at its place, and what is known of it before anything has run. A reference that leads nowhere is
//! found here, when the text is read, and never becomes an empty string at night.

use std::collections::BTreeMap;

use super::reference::{Part, Reference};
use super::suggest::closest;
use super::text_error::TextError;

/// What is known of a value before it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A text, a number, a flag: it has no members.
    Plain,
    /// Any JSON: it may have any member, or none.
    Any,
    /// Names to texts; upper and lower case of a name do not count.
    Headers,
    /// An object with these members.
    Members {
        /// The members that are known, each with its shape.
        known: BTreeMap<String, Shape>,
        /// Where a member of another name is looked for: the member `json` of this object, for instance. Without it there are no others.
        others: Option<String>,
    },
}

/// A name that a text may begin a reference with.
#[derive(Clone, Debug)]
struct Named {
    /// Where its value is found: a name of [`super::Values`] and the way on from there.
    root: String,
    way: Vec<String>,
    shape: Shape,
}

/// The names that can be referred to. Cheap enough to clone for each step.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    names: BTreeMap<String, Named>,
    /// Names that exist elsewhere, with the reason why they cannot be used here.
    not_here: BTreeMap<String, String>,
}

impl Scope {
    /// Adds a name whose value is the one of the same name.
    pub fn add(&mut self, name: &str, shape: Shape) {
        self.add_alias(name, name, &[], shape);
    }

    /// Adds a name for what is found at `root` and on along `way`, unless the name is there already.
    pub fn add_alias(&mut self, name: &str, root: &str, way: &[&str], shape: Shape) {
        self.not_here.remove(name);
        let way = way.iter().map(|&part| part.to_owned()).collect();
        self.names.entry(name.to_owned()).or_insert_with(|| Named { root: root.to_owned(), way, shape });
    }

    /// Says why a name that somebody may reach for cannot be used here: `runs later than this`.
    pub fn refuse(&mut self, name: &str, why: &str) {
        if !self.names.contains_key(name) {
            self.not_here.insert(name.to_owned(), why.to_owned());
        }
    }

    /// Takes a name away again.
    pub fn remove(&mut self, name: &str) {
        self.names.remove(name);
    }

    /// Whether a reference may begin with it.
    pub fn knows(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// Whether it is a name of this scope, usable or not.
    pub(super) fn has_heard_of(&self, name: &str) -> bool {
        self.knows(name) || self.not_here.contains_key(name)
    }

    /// How many bytes of `text` are the longest name of this scope; names may have hyphens, and `a-b` may be `a` and more.
    pub fn longest_name(&self, text: &str) -> Option<usize> {
        let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(text.len());
        let mut name = &text[..end];
        loop {
            if self.has_heard_of(name) {
                return Some(name.len());
            }
            name = &name[..name.rfind('-')?];
        }
    }

    /// Why there is no such name, and which one may be meant.
    pub(super) fn unknown(&self, name: &str) -> TextError {
        if let Some(why) = self.not_here.get(name) {
            return TextError::NotHere { name: short(name), why: why.clone() };
        }
        let names: Vec<&str> = self.names.keys().map(String::as_str).collect();
        let advice = match closest(name, &names) {
            Some(known) => format!("did you mean `{known}`?"),
            None => format!("there are {}", names.join(", ")),
        };
        TextError::UnknownName { name: short(name), advice }
    }

    /// The reference that starts at a name and goes on over members, if it can lead somewhere.
    pub(super) fn resolve(&self, name: &str, parts: &[Part]) -> Result<Reference, TextError> {
        let Some(named) = self.names.get(name) else { return Err(self.unknown(name)) };
        let mut way: Vec<Part> = named.way.iter().cloned().map(Part::Key).collect();
        let mut shape = &named.shape;
        let mut so_far = name.to_owned();
        // Whether the last member is one of ours.
        let mut is_known = false;
        for part in parts {
            is_known = matches!((shape, part), (Shape::Members { known, .. }, Part::Key(member)) if known.contains_key(member));
            shape = match (shape, part) {
                (Shape::Any, _) => {
                    way.push(part.clone());
                    &Shape::Any
                }
                (Shape::Headers, Part::Key(header)) => {
                    way.push(Part::Key(header.to_ascii_lowercase()));
                    &Shape::Plain
                }
                (Shape::Members { known, others }, Part::Key(member)) => {
                    if let Some(shape) = known.get(member) {
                        way.push(part.clone());
                        shape
                    } else {
                        let names: Vec<&str> = known.keys().map(String::as_str).collect();
                        let near = closest(member, &names).filter(|near| is_slip(member, near));
                        match (others, near) {
                            (Some(under), None) => {
                                way.extend([Part::Key(under.clone()), part.clone()]);
                                &Shape::Any
                            }
                            (others, near) => {
                                let advice = member_advice(
                                    near.or_else(|| closest(member, &names)),
                                    &names,
                                    others,
                                    &so_far,
                                    member,
                                );
                                return Err(TextError::NoMember { of: so_far, member: short(member), advice });
                            }
                        }
                    }
                }
                (Shape::Plain, _) => {
                    return Err(TextError::NoMember {
                        of: so_far,
                        member: short(&part.to_string()),
                        advice: "it is a plain value; where text follows it, write `${…}` around the reference"
                            .to_owned(),
                    });
                }
                (Shape::Headers | Shape::Members { .. }, Part::Index(_)) => {
                    let advice = "it is an object, not a list".to_owned();
                    return Err(TextError::NoMember { of: so_far, member: part.to_string(), advice });
                }
            };
            so_far = format!("{so_far}.{part}");
        }
        Ok(Reference::new(so_far, named.root.clone(), way, !parts.is_empty() && *shape == Shape::Any && !is_known))
    }
}

/// Whether the one is so near to the other that it is hardly a name of its own: `succes`, `stdOut`.
fn is_slip(word: &str, known: &str) -> bool {
    word.len().abs_diff(known.len()) <= 1 && word.chars().next().map(|c| c.to_ascii_lowercase()) == known.chars().next()
}

fn member_advice(near: Option<&str>, names: &[&str], others: &Option<String>, of: &str, member: &str) -> String {
    match (near, others) {
        (Some(near), Some(under)) => {
            format!("did you mean `{near}`? A member of that name in its JSON is `{of}.{under}.{}`", short(member))
        }
        (Some(near), None) => format!("did you mean `{near}`?"),
        (None, _) => format!("there are {}", names.join(", ")),
    }
}

/// A name of the text, fit for a message.
pub(super) fn short(name: &str) -> String {
    const NAME_MAX_CHARS: usize = 60;
    name.chars().take(NAME_MAX_CHARS).flat_map(char::escape_debug).collect()
}
