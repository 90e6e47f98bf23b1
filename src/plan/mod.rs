//! From files to a checked model: names resolved, defaults filled in,
//! every mistake reported at once.

mod model;

pub use model::*;
