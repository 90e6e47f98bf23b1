//! Probability laws: what they are, their moments, and how one addressed
//! draw becomes a value.
//!
//! A [`Law`] is unit-free. Laws of time hold nanoseconds, laws of bytes hold
//! bytes, laws of counts hold counts; whoever resolves a file converts.
//! All transcendental functions go through `libm`, so the same seed gives the
//! same value on every platform.

mod backoff;
mod exp;
mod keys;
mod moments;
mod sampler;
mod ziggurat;

pub use backoff::Backoff;
pub use keys::{KeySampler, Popularity};
pub use sampler::Sampler;

use serde::{Deserialize, Serialize};

/// A probability law over non-negative values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Law {
    /// Always the same value.
    Constant(f64),
    /// Uniform between two values.
    Uniform {
        /// Smallest value.
        low: f64,
        /// Largest value.
        high: f64,
    },
    /// Exponential (memoryless).
    Exponential {
        /// The mean.
        mean: f64,
    },
    /// Lognormal: `exp(mu + sigma * Z)`, `Z` standard normal.
    LogNormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// Normal folded at zero: `|mean + sd * Z|`.
    FoldedNormal {
        /// Mean before folding.
        mean: f64,
        /// Standard deviation before folding.
        sd: f64,
    },
    /// Sum of `stages` exponentials with the given total mean.
    Erlang {
        /// Number of stages, at least 1.
        stages: u32,
        /// Mean of the sum.
        mean: f64,
    },
    /// One exponential chosen by weight.
    HyperExponential {
        /// `(probability, mean)` pairs; probabilities sum to 1.
        branches: Vec<(f64, f64)>,
    },
    /// Weibull: `scale * (-ln U)^(1/shape)`.
    Weibull {
        /// Shape, above 0; below 1 the tail is heavy.
        shape: f64,
        /// Scale, above 0.
        scale: f64,
    },
    /// Pareto cut off at both ends.
    BoundedPareto {
        /// Tail index, above 0.
        shape: f64,
        /// Smallest value, above 0.
        low: f64,
        /// Largest value.
        high: f64,
    },
    /// Geometric counts on 1, 2, 3, ...
    Geometric {
        /// The mean, at least 1.
        mean: f64,
    },
    /// Measured values, each as likely as the other.
    Empirical {
        /// The values, at least one.
        values: Vec<f64>,
    },
    /// One of several laws, chosen by weight.
    Mixture {
        /// `(probability, law)` pairs; probabilities sum to 1.
        parts: Vec<(f64, Law)>,
    },
}
