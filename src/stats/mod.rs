//! Histograms, means and intervals.

mod histogram;
mod interval;
mod student;

pub use histogram::Histogram;
pub use interval::{Interval, mean_interval};
pub use student::student_quantile;
