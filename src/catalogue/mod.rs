//! The texts of the kinds that come with the program.

mod embedded;

pub use embedded::EMBEDDED;
