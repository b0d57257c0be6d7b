//! Where a delivery stands, in the words of people: whether it was tried matters to them, who holds its lease does not.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::DeliveryState;
use crate::store::DeliveryRow;

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Not tried yet, being tried, or waiting for something else.
    Pending,
    /// Tried in vain; it will be tried again.
    Failed,
    /// The receiver has it.
    Delivered,
    /// Its transform had nothing to send.
    Skipped,
    /// Given up.
    Dead,
    /// Its endpoint is gone from the config.
    Cancelled,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Failed, Self::Delivered, Self::Skipped, Self::Dead, Self::Cancelled];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Delivered => "delivered",
            Self::Skipped => "skipped",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status that this word names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Of a row.
    pub(super) fn of(row: &DeliveryRow) -> Self {
        match row.state {
            DeliveryState::Due if row.attempts > 0 => Self::Failed,
            DeliveryState::Due | DeliveryState::Leased | DeliveryState::Held => Self::Pending,
            DeliveryState::Delivered => Self::Delivered,
            DeliveryState::Skipped => Self::Skipped,
            DeliveryState::Dead => Self::Dead,
            DeliveryState::Cancelled => Self::Cancelled,
        }
    }

    /// Whether nothing more happens by itself.
    pub fn has_ended(self) -> bool {
        !matches!(self, Self::Pending | Self::Failed)
    }

    /// The rows that are listed for this word: states, and whether they have been tried. Who asks for what failed wants to see what was
    /// given up too.
    pub(super) fn listed(self) -> &'static [(&'static [DeliveryState], Option<bool>)] {
        use DeliveryState::{Cancelled, Dead, Delivered, Due, Held, Leased, Skipped};
        match self {
            Self::Pending => &[(&[Due], Some(false)), (&[Leased, Held], None)],
            Self::Failed => &[(&[Due], Some(true)), (&[Dead], None)],
            Self::Delivered => &[(&[Delivered], None)],
            Self::Skipped => &[(&[Skipped], None)],
            Self::Dead => &[(&[Dead], None)],
            Self::Cancelled => &[(&[Cancelled], None)],
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
