//! The event queue, its total order, and the digest over dispatched events.
//!
//! Knows time and order, and nothing of components, requests or faults.

mod calendar;
mod digest;
mod heap;
mod queue;

pub use digest::{CHECKPOINT_EVERY, Digest, first_difference};
pub use queue::{Entry, EventQueue, INDEX_MAX, Lane, Phase, SEQUENCE_MAX};
