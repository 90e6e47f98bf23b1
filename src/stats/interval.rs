//! Confidence intervals of means and shares.

use super::{normal_quantile, student_quantile};

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

/// Student's t interval for the mean of one long correlated series: the means
/// of `batches` equal consecutive parts count as independent values.
///
/// Left-over values at the end are not used. `None` with fewer than two batches or
/// fewer values than batches.
#[must_use]
pub fn batch_means(series: &[f64], batches: usize, confidence: f64) -> Option<Interval> {
    let length = series.len().checked_div(batches)?;
    if batches < 2 || length == 0 {
        return None;
    }
    let mean = |part: &[f64]| part.iter().sum::<f64>() / length as f64;
    let means: Vec<f64> = series.chunks_exact(length).take(batches).map(mean).collect();
    Some(mean_interval(&means, confidence))
}

/// Wilson's score interval for a probability, from `hits` of `total` independent
/// trials. It stays within 0..=1 and is honest near both ends, where the
/// usual normal interval is not. Its `mean` is its middle, not `hits / total`.
#[must_use]
pub fn proportion_interval(hits: u64, total: u64, confidence: f64) -> Interval {
    if total == 0 {
        return Interval { mean: 0.5, half_width: 0.5 };
    }
    let count = total as f64;
    let share = hits.min(total) as f64 / count;
    let z = normal_quantile(0.5 + 0.5 * confidence);
    let z2 = z * z;
    let scale = 1.0 / (1.0 + z2 / count);
    let spread = (share * (1.0 - share) / count + z2 / (4.0 * count * count)).sqrt();
    Interval { mean: scale * (share + z2 / (2.0 * count)), half_width: scale * z * spread }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;

    #[test]
    fn wilson_intervals_agree_with_published_ones() {
        // Newcombe (1998), table I, method 3: score without continuity correction, 95 %.
        let published = [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ];
        for (hits, total, low, high) in published {
            let got = proportion_interval(hits, total, 0.95);
            assert!(
                (got.low() - low).abs() < 5e-5 && (got.high() - high).abs() < 5e-5,
                "{hits}/{total}: {got:?}"
            );
        }
        assert_eq!(
            (proportion_interval(0, 0, 0.95).low(), proportion_interval(0, 0, 0.95).high()),
            (0.0, 1.0)
        );
    }

    #[test]
    fn batches_of_a_series_are_averaged_before_they_count() {
        let series: Vec<f64> = (0..23).map(|i| f64::from(i / 5)).collect();
        let got = batch_means(&series, 4, 0.95).unwrap();
        assert_eq!(got, mean_interval(&[0.0, 1.0, 2.0, 3.0], 0.95));
        assert_eq!(batch_means(&series, 1, 0.95), None);
        assert_eq!(batch_means(&series[..3], 4, 0.95), None);
        assert_eq!(batch_means(&series, 0, 0.95), None);
    }

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
