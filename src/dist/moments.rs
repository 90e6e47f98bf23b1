//! Means and variances in closed form, and laws on another scale.

use super::Law;

impl Law {
    /// The mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.moment(1)
    }

    /// The variance.
    #[must_use]
    pub fn variance(&self) -> f64 {
        let mean = self.mean();
        (self.moment(2) - mean * mean).max(0.0)
    }

    /// The first or second moment about zero.
    fn moment(&self, order: i32) -> f64 {
        let is_first = order == 1;
        let power = |x: f64| if is_first { x } else { x * x };
        match self {
            Self::Constant(value) => power(*value),
            Self::Uniform { low, high } if is_first => f64::midpoint(*low, *high),
            Self::Uniform { low, high } => (low * low + low * high + high * high) / 3.0,
            Self::Exponential { mean } => power(*mean) * f64::from(order),
            Self::LogNormal { mu, sigma } => {
                let n = f64::from(order);
                libm::exp(n * mu + n * n * sigma * sigma / 2.0)
            }
            Self::FoldedNormal { mean, sd } if is_first => {
                let z = mean / sd;
                let density = libm::exp(-z * z / 2.0) * (2.0 / std::f64::consts::PI).sqrt();
                sd * density + mean * libm::erf(z / std::f64::consts::SQRT_2)
            }
            Self::FoldedNormal { mean, sd } => mean * mean + sd * sd,
            Self::Erlang { mean, .. } if is_first => *mean,
            Self::Erlang { stages, mean } => mean * mean * (1.0 + 1.0 / f64::from(*stages)),
            Self::HyperExponential { branches } => {
                branches.iter().map(|(p, m)| p * power(*m) * f64::from(order)).sum()
            }
            Self::Weibull { shape, scale } => power(*scale) * libm::tgamma(1.0 + f64::from(order) / shape),
            Self::BoundedPareto { shape, low, high } => pareto_moment(*shape, *low, *high, f64::from(order)),
            Self::Geometric { mean } if is_first => *mean,
            Self::Geometric { mean } => mean * (2.0 * mean - 1.0),
            Self::Empirical { values } => values.iter().map(|x| power(*x)).sum::<f64>() / values.len() as f64,
            Self::Mixture { parts } => parts.iter().map(|(p, law)| p * law.moment(order)).sum(),
        }
    }

    /// The law of a multiple of the value. Counts (geometric) cannot be scaled
    /// and become a mixture of nothing else: they are returned as they are.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        match self {
            Self::Constant(value) => Self::Constant(value * factor),
            Self::Uniform { low, high } => Self::Uniform { low: low * factor, high: high * factor },
            Self::Exponential { mean } => Self::Exponential { mean: mean * factor },
            Self::LogNormal { mu, sigma } => Self::LogNormal { mu: mu + libm::log(factor), sigma: *sigma },
            Self::FoldedNormal { mean, sd } => Self::FoldedNormal { mean: mean * factor, sd: sd * factor },
            Self::Erlang { stages, mean } => Self::Erlang { stages: *stages, mean: mean * factor },
            Self::HyperExponential { branches } => {
                Self::HyperExponential { branches: branches.iter().map(|(p, m)| (*p, m * factor)).collect() }
            }
            Self::Weibull { shape, scale } => Self::Weibull { shape: *shape, scale: scale * factor },
            Self::BoundedPareto { shape, low, high } => {
                Self::BoundedPareto { shape: *shape, low: low * factor, high: high * factor }
            }
            Self::Geometric { mean } => Self::Geometric { mean: *mean },
            Self::Empirical { values } => {
                Self::Empirical { values: values.iter().map(|x| x * factor).collect() }
            }
            Self::Mixture { parts } => {
                Self::Mixture { parts: parts.iter().map(|(p, law)| (*p, law.scaled(factor))).collect() }
            }
        }
    }
}

/// Moments of the Pareto law cut off at both ends; the order equal to the shape is a logarithm.
fn pareto_moment(shape: f64, low: f64, high: f64, order: f64) -> f64 {
    let cut = 1.0 - libm::pow(low / high, shape);
    let scale = shape * libm::pow(low, shape) / cut;
    if (order - shape).abs() < 1e-12 {
        return scale * libm::log(high / low);
    }
    scale * (libm::pow(high, order - shape) - libm::pow(low, order - shape)) / (order - shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dist::Sampler;
    use crate::rng;

    #[test]
    fn drawn_means_and_variances_agree_with_the_closed_forms() {
        let laws = [
            Law::Uniform { low: 1.0, high: 5.0 },
            Law::Exponential { mean: 3.0 },
            Law::LogNormal { mu: 0.5, sigma: 0.4 },
            Law::FoldedNormal { mean: 1.0, sd: 0.8 },
            Law::Erlang { stages: 3, mean: 2.0 },
            Law::HyperExponential { branches: vec![(0.7, 1.0), (0.3, 4.0)] },
            Law::Weibull { shape: 1.5, scale: 2.0 },
            Law::BoundedPareto { shape: 2.0, low: 1.0, high: 10.0 },
            Law::Geometric { mean: 4.0 },
            Law::Empirical { values: vec![1.0, 2.0, 6.0] },
            Law::Mixture { parts: vec![(0.5, Law::Constant(1.0)), (0.5, Law::Exponential { mean: 2.0 })] },
        ];
        for law in laws {
            let sampler = Sampler::new(&law);
            let n = 200_000u64;
            let stream = rng::name_hash(&format!("moments/{law:?}"));
            let values: Vec<f64> = (0..n).map(|i| sampler.sample(rng::nth(stream, i))).collect();
            let mean = values.iter().sum::<f64>() / n as f64;
            let squares: Vec<f64> = values.iter().map(|x| (x - mean) * (x - mean)).collect();
            let variance = squares.iter().sum::<f64>() / n as f64;
            // Standard errors from the sample itself; five of them.
            let of_mean = (variance / n as f64).sqrt();
            let of_variance =
                (squares.iter().map(|s| (s - variance) * (s - variance)).sum::<f64>() / n as f64 / n as f64)
                    .sqrt();
            assert!((mean - law.mean()).abs() < 5.0 * of_mean, "{law:?}: mean {mean} against {}", law.mean());
            assert!(
                (variance - law.variance()).abs() < 5.0 * of_variance,
                "{law:?}: variance {variance} against {}",
                law.variance()
            );
        }
    }

    #[test]
    fn scaling_scales_the_mean() {
        for law in [Law::LogNormal { mu: 1.0, sigma: 0.5 }, Law::Weibull { shape: 2.0, scale: 1.0 }] {
            assert!((law.scaled(3.0).mean() / law.mean() - 3.0).abs() < 1e-12);
        }
    }
}
