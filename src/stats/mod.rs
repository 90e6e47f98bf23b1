//! Histograms, means and intervals.

mod histogram;
mod interval;
mod student;

pub use histogram::Histogram;
pub use interval::{Interval, batch_means, mean_interval, proportion_interval};
pub use student::{normal_quantile, student_quantile};
