//! Laws that hold exactly.

use serde::{Deserialize, Serialize};

/// A law that must hold exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConservationCheck {
    /// The law and where it was checked.
    pub law: String,
    /// One side.
    pub left: u128,
    /// The other side.
    pub right: u128,
}

impl ConservationCheck {
    /// Whether the law held.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.left == self.right
    }
}
