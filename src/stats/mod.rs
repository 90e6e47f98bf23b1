//! Histograms, means and intervals.

mod histogram;

pub use histogram::Histogram;
