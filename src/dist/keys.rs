//! Which key of a population is chosen.

use crate::rng;

/// How a key is chosen among a population.
#[derive(Clone, Debug, PartialEq)]
pub enum Popularity {
    /// All keys alike.
    Uniform,
    /// Rank `r` has weight `r^-exponent`.
    Zipf {
        /// Skew, 0 (uniform) or more.
        exponent: f64,
    },
    /// A share of requests goes to a small set of hot keys.
    HotSet {
        /// Number of hot keys.
        hot: u64,
        /// Probability that a request picks a hot key.
        share: f64,
    },
}

/// Populations up to this size get an exact table of 8 bytes per key.
const TABLE_MAX: u64 = 1 << 20;

/// A popularity law made ready for drawing. Keys are ranks, 0 the most popular.
#[derive(Clone, Debug)]
pub struct KeySampler {
    population: u64,
    rule: Rule,
}

#[derive(Clone, Debug)]
enum Rule {
    Uniform,
    Table(AliasTable),
    Zipf(RejectionInversion),
    HotSet { hot: u64, share: f64 },
}

impl KeySampler {
    /// Prepares a law over `population` keys, at least 1.
    #[must_use]
    pub fn new(popularity: &Popularity, population: u64) -> Self {
        let rule = match popularity {
            Popularity::Zipf { exponent } if *exponent == 0.0 => Rule::Uniform,
            Popularity::Zipf { exponent } if population <= TABLE_MAX => {
                Rule::Table(AliasTable::zipf(*exponent, population))
            }
            Popularity::Zipf { exponent } => Rule::Zipf(RejectionInversion::new(*exponent, population)),
            Popularity::Uniform => Rule::Uniform,
            Popularity::HotSet { hot, share } => Rule::HotSet { hot: *hot, share: *share },
        };
        Self { population, rule }
    }

    /// The key that belongs to an address.
    #[must_use]
    pub fn sample(&self, key: u64) -> u64 {
        match &self.rule {
            Rule::Uniform => rng::below(key, self.population),
            Rule::Table(table) => table.sample(key),
            Rule::Zipf(zipf) => zipf.sample(key),
            Rule::HotSet { hot, share } => {
                let rank = rng::nth(key, 1);
                if rng::unit(key) < *share || *hot >= self.population {
                    rng::below(rank, *hot)
                } else {
                    hot + rng::below(rank, self.population - hot)
                }
            }
        }
    }
}

/// Exact sampling in constant time (Walker 1977, Vose 1991).
#[derive(Clone, Debug)]
struct AliasTable {
    /// Probability of keeping a cell's own key, in 2^-32, and the other key.
    cells: Vec<(u32, u32)>,
}

impl AliasTable {
    fn zipf(exponent: f64, population: u64) -> Self {
        let weights: Vec<f64> = (1..=population).map(|rank| libm::pow(rank as f64, -exponent)).collect();
        let scale = population as f64 / weights.iter().sum::<f64>();
        let mut scaled: Vec<f64> = weights.iter().map(|weight| weight * scale).collect();
        let (mut small, mut large): (Vec<u32>, Vec<u32>) =
            (0..population as u32).partition(|i| scaled[*i as usize] < 1.0);
        let mut cells: Vec<(u32, u32)> = (0..population as u32).map(|own| (u32::MAX, own)).collect();
        while let (Some(low), Some(high)) = (small.pop(), large.last().copied()) {
            cells[low as usize] = ((scaled[low as usize] * 4_294_967_296.0) as u32, high);
            scaled[high as usize] -= 1.0 - scaled[low as usize];
            if scaled[high as usize] < 1.0 {
                large.pop();
                small.push(high);
            }
        }
        Self { cells }
    }

    fn sample(&self, key: u64) -> u64 {
        let wide = u128::from(key) * self.cells.len() as u128;
        let cell = (wide >> 64) as usize;
        // What the cell's choice left over is uniform again and decides within the cell.
        let within = (wide as u64 >> 32) as u32;
        let (keep, other) = self.cells[cell];
        if within < keep { cell as u64 } else { u64::from(other) }
    }
}

/// Exact sampling without a table (Hoermann and Derflinger, 1996).
#[derive(Clone, Debug)]
struct RejectionInversion {
    exponent: f64,
    low: f64,
    high: f64,
    squeeze: f64,
    population: f64,
}

impl RejectionInversion {
    fn new(exponent: f64, population: u64) -> Self {
        let mut zipf = Self { exponent, low: 0.0, high: 0.0, squeeze: 0.0, population: population as f64 };
        zipf.low = zipf.integral(1.5) - 1.0;
        zipf.high = zipf.integral(population as f64 + 0.5);
        zipf.squeeze = 2.0 - zipf.inverse(zipf.integral(2.5) - zipf.weight(2.0));
        zipf
    }

    fn weight(&self, x: f64) -> f64 {
        libm::exp(-self.exponent * libm::log(x))
    }

    /// Integral of the weight from 1 to `x`; stable where the exponent is near 1.
    fn integral(&self, x: f64) -> f64 {
        let log = libm::log(x);
        let t = (1.0 - self.exponent) * log;
        let growth = if t.abs() > 1e-8 { libm::expm1(t) / t } else { 1.0 + t / 2.0 };
        growth * log
    }

    fn inverse(&self, y: f64) -> f64 {
        let t = (y * (1.0 - self.exponent)).max(-1.0);
        let growth = if t.abs() > 1e-8 { libm::log1p(t) / t } else { 1.0 - t / 2.0 };
        libm::exp(growth * y)
    }

    fn sample(&self, key: u64) -> u64 {
        let mut draw = key;
        loop {
            let u = self.high + rng::unit(draw) * (self.low - self.high);
            let x = self.inverse(u);
            let rank = (x + 0.5).floor().clamp(1.0, self.population);
            if rank - x <= self.squeeze || u >= self.integral(rank + 0.5) - self.weight(rank) {
                return rank as u64 - 1;
            }
            draw = rng::nth(draw, 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest tolerated chi-square over `cells` independent cells at about 1 in 10^5.
    fn chi_square_bound(cells: f64) -> f64 {
        let z = 4.27;
        let root = 1.0 - 2.0 / (9.0 * cells) + z * (2.0 / (9.0 * cells)).sqrt();
        cells * root * root * root
    }

    fn chi_square(sampler: &KeySampler, probabilities: &[f64]) -> f64 {
        let draws = 1_000_000u64;
        let mut counts = vec![0u64; probabilities.len()];
        for n in 0..draws {
            let key = sampler.sample(rng::nth(rng::name_hash("keys/chi-square"), n));
            counts[(key as usize).min(probabilities.len() - 1)] += 1;
        }
        let expected = |p: &f64| p * draws as f64;
        let term = |n: &u64, p: &f64| {
            let gap = *n as f64 - expected(p);
            gap * gap / expected(p)
        };
        counts.iter().zip(probabilities).map(|(n, p)| term(n, p)).sum()
    }

    /// First keys each in a cell of their own, the rest together.
    fn zipf_cells(exponent: f64, population: u64, cells: usize) -> Vec<f64> {
        let weight = |rank: u64| libm::pow(rank as f64, -exponent);
        let total: f64 = (1..=population).map(weight).sum();
        let mut p: Vec<f64> = (1..cells as u64).map(|rank| weight(rank) / total).collect();
        p.push(1.0 - p.iter().sum::<f64>());
        p
    }

    #[test]
    fn zipf_ranks_have_their_exact_probabilities_by_table_and_by_rejection() {
        for exponent in [0.6, 1.0, 1.3] {
            let p = zipf_cells(exponent, 5000, 200);
            let table = KeySampler::new(&Popularity::Zipf { exponent }, 5000);
            let rejection =
                KeySampler { population: 5000, rule: Rule::Zipf(RejectionInversion::new(exponent, 5000)) };
            for sampler in [table, rejection] {
                let statistic = chi_square(&sampler, &p);
                assert!(statistic < chi_square_bound(199.0), "exponent {exponent}: {statistic}");
            }
        }
    }

    #[test]
    fn a_hot_set_gets_its_share() {
        let sampler = KeySampler::new(&Popularity::HotSet { hot: 10, share: 0.7 }, 1010);
        let mut p = vec![0.07; 10];
        p.push(0.3);
        assert!(chi_square(&sampler, &p) < chi_square_bound(10.0));
    }
}
