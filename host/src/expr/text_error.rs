//! Why a text with references cannot be used, or has no value. One line, fit for a log: it quotes the author's names, and nothing of a request.

use super::ExprError;
use super::text::RENDERED_MAX_BYTES;

/// Why a text with references cannot be used, or has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// A name that nobody knows.
    #[error("there is no `{name}` here; {advice} (a dollar sign that is only text is written `$$`)")]
    UnknownName {
        /// The name.
        name: String,
        /// What may be meant.
        advice: String,
    },
    /// A name that cannot be used at this place.
    #[error("`{name}` cannot be used here: it {why}")]
    NotHere {
        /// The name.
        name: String,
        /// Why not.
        why: String,
    },
    /// It has no such member.
    #[error("`{of}` has no `{member}`; {advice}")]
    NoMember {
        /// The value.
        of: String,
        /// The member.
        member: String,
        /// What may be meant.
        advice: String,
    },
    /// A hyphen after a member: it may be a part of the name, or text.
    #[error(
        "it is not clear whether `-{after}` belongs to `{reference}`; write `${{{reference}}}-{after}`, or `${{{of}[\"{member}-{after}\"]}}`"
    )]
    Hyphen {
        /// The reference up to the hyphen.
        reference: String,
        /// The reference before its last member.
        of: String,
        /// Its last member.
        member: String,
        /// What follows the hyphen.
        after: String,
    },
    /// `${` without an end.
    #[error("`${{` without its `}}`; write `$${{` for the text itself")]
    Unended,
    /// Something that no expression here may have.
    #[error("{what} is not part of an expression here; {advice}")]
    Unusual {
        /// What it is.
        what: String,
        /// What to write instead.
        advice: String,
    },
    /// What the expression's own language says of it.
    #[error("{0}")]
    Expression(ExprError),
    /// It asks for more than there is: a text where a number is needed, a member of nothing.
    #[error("the values do not fit the expression `{0}`")]
    DoesNotFit(String),
    /// It goes over more values than are gone over.
    #[error("the expression `{0}` would go over too many values, or too deep ones")]
    TooMuch(String),
    /// What it yields is no JSON.
    #[error("the expression `{0}` yields what JSON has no word for")]
    NoJson(String),
    /// What comes of it is too large.
    #[error("with its values put in, the text is longer than {RENDERED_MAX_BYTES} bytes")]
    TooLarge,
}
