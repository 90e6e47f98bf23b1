//! Confidence intervals of means over independent replications.

use super::student_quantile;

/// A mean and how far the true one may be from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The mean of the values.
    pub mean: f64,
    /// Half the interval's width; infinite for a single value.
    pub half_width: f64,
}

impl Interval {
    /// Lower end.
    #[must_use]
    pub fn low(&self) -> f64 {
        self.mean - self.half_width
    }

    /// Upper end.
    #[must_use]
    pub fn high(&self) -> f64 {
        self.mean + self.half_width
    }

    /// Whether a value lies within, ends included.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        (self.mean - value).abs() <= self.half_width
    }
}

/// Student's t interval for the mean of independent values, at a confidence
/// such as 0.95. The mean of no values is NaN.
#[must_use]
pub fn mean_interval(values: &[f64], confidence: f64) -> Interval {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    if values.len() < 2 {
        return Interval { mean, half_width: f64::INFINITY };
    }
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    let deviation = (squares / (count - 1.0)).sqrt();
    let t = student_quantile(0.5 + 0.5 * confidence, count - 1.0);
    Interval { mean, half_width: t * deviation / count.sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;

    #[test]
    fn an_interval_over_five_values_uses_four_degrees_of_freedom() {
        let got = mean_interval(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.95);
        let half_width = 2.776_445_105 * 2.5f64.sqrt() / 5.0f64.sqrt();
        assert!((got.mean - 3.0).abs() < 1e-12 && (got.half_width - half_width).abs() < 1e-6, "{got:?}");
        assert!(got.contains(1.1) && !got.contains(5.0));
    }

    #[test]
    fn equal_values_give_a_point_and_one_value_says_nothing() {
        assert_eq!(mean_interval(&[7.0; 4], 0.95), Interval { mean: 7.0, half_width: 0.0 });
        assert_eq!(mean_interval(&[7.0], 0.95).half_width, f64::INFINITY);
    }

    #[test]
    fn ninety_five_per_cent_intervals_cover_the_mean_that_often() {
        const TRIALS: u64 = 4000;
        let nearly_normal = |n: u64| (0..12).map(|i| rng::unit(rng::nth(7, n * 12 + i))).sum::<f64>() - 6.0;
        let covers = |trial: u64| {
            let values: Vec<f64> = (0..5).map(|i| nearly_normal(trial * 5 + i)).collect();
            mean_interval(&values, 0.95).contains(0.0)
        };
        let covered = (0..TRIALS).filter(|trial| covers(*trial)).count() as f64;
        let (expected, deviation) = (0.95 * TRIALS as f64, (0.95 * 0.05 * TRIALS as f64).sqrt());
        assert!((covered - expected).abs() < 4.0 * deviation, "{covered} of {TRIALS}");
    }
}
