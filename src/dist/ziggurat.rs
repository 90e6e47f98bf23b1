//! Exponential and normal variates by the ziggurat method (Marsaglia and Tsang,
//! 2000), with 256 layers and disjoint bits for layer and position.

use crate::rng;
use std::sync::OnceLock;

const LAYERS: usize = 256;
/// Rightmost layer edge and layer area of the exponential, for 256 layers.
const EXP_R: f64 = 7.697_117_470_131_05;
const EXP_AREA: f64 = 0.003_949_659_822_581_572;
/// The same of the half normal.
const NORMAL_R: f64 = 3.654_152_885_361_009;
const NORMAL_AREA: f64 = 0.004_928_673_233_974_655;

struct Tables {
    /// Layer edges, widest first; the last is 0.
    x: [f64; LAYERS + 1],
    /// Density at the edges.
    f: [f64; LAYERS + 1],
}

impl Tables {
    fn new(r: f64, area: f64, density: fn(f64) -> f64, inverse: fn(f64) -> f64) -> Self {
        let (mut x, mut f) = ([0.0; LAYERS + 1], [0.0; LAYERS + 1]);
        x[0] = area / density(r);
        x[1] = r;
        for i in 2..LAYERS {
            x[i] = inverse(density(x[i - 1]) + area / x[i - 1]);
        }
        x[LAYERS] = 0.0;
        for i in 0..=LAYERS {
            f[i] = density(x[i]);
        }
        Self { x, f }
    }
}

fn exp_tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| Tables::new(EXP_R, EXP_AREA, |x| libm::exp(-x), |y| -libm::log(y)))
}

fn normal_tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    let density = |x: f64| libm::exp(-0.5 * x * x);
    let inverse = |y: f64| libm::sqrt(-2.0 * libm::log(y));
    TABLES.get_or_init(|| Tables::new(NORMAL_R, NORMAL_AREA, density, inverse))
}

/// Layer from the low 8 bits, position from the high 53.
#[inline]
fn split(bits: u64) -> (usize, f64) {
    ((bits & 0xFF) as usize, rng::unit(bits))
}

/// Standard exponential from one key.
#[inline]
pub(super) fn exponential(key: u64) -> f64 {
    let tables = exp_tables();
    let (layer, u) = split(key);
    let x = u * tables.x[layer];
    if x < tables.x[layer + 1] {
        return x;
    }
    exponential_slow(tables, key, layer, x)
}

#[cold]
fn exponential_slow(tables: &Tables, key: u64, mut layer: usize, mut x: f64) -> f64 {
    let mut draw = key;
    let mut shift = 0.0;
    loop {
        draw = rng::nth(draw, 1);
        if layer == 0 {
            // Beyond the last edge the tail is an exponential again.
            shift += EXP_R;
        } else {
            let height = tables.f[layer] + rng::unit(draw) * (tables.f[layer + 1] - tables.f[layer]);
            if height < libm::exp(-x) {
                return shift + x;
            }
            draw = rng::nth(draw, 2);
        }
        let (next, u) = split(draw);
        layer = next;
        x = u * tables.x[layer];
        if x < tables.x[layer + 1] {
            return shift + x;
        }
    }
}

/// Standard normal from one key.
#[inline]
pub(super) fn normal(key: u64) -> f64 {
    let tables = normal_tables();
    let layer = (key & 0xFF) as usize;
    // Position in (-1, 1) from the high 53 bits: bit 8 to 10 are unused.
    let u = 2.0 * rng::unit(key) - 1.0;
    let x = u * tables.x[layer];
    if x.abs() < tables.x[layer + 1] {
        return x;
    }
    normal_slow(tables, key, layer, u, x)
}

#[cold]
fn normal_slow(tables: &Tables, key: u64, mut layer: usize, mut u: f64, mut x: f64) -> f64 {
    let mut draw = key;
    loop {
        draw = rng::nth(draw, 1);
        if layer == 0 {
            return if u < 0.0 { -normal_tail(draw) } else { normal_tail(draw) };
        }
        let height = tables.f[layer] + rng::unit(draw) * (tables.f[layer + 1] - tables.f[layer]);
        if height < libm::exp(-0.5 * x * x) {
            return x;
        }
        draw = rng::nth(draw, 2);
        layer = (draw & 0xFF) as usize;
        u = 2.0 * rng::unit(draw) - 1.0;
        x = u * tables.x[layer];
        if x.abs() < tables.x[layer + 1] {
            return x;
        }
    }
}

/// A normal beyond the last edge (Marsaglia, 1964).
fn normal_tail(mut draw: u64) -> f64 {
    loop {
        let x = -libm::log(rng::unit_open(draw)) / NORMAL_R;
        draw = rng::nth(draw, 3);
        let y = -libm::log(rng::unit_open(draw));
        if y + y > x * x {
            return NORMAL_R + x;
        }
        draw = rng::nth(draw, 3);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_layer_has_the_common_area() {
        for (tables, area) in [(exp_tables(), EXP_AREA), (normal_tables(), NORMAL_AREA)] {
            let top = tables.x[LAYERS - 1] * (1.0 - tables.f[LAYERS - 1]);
            assert!((top / area - 1.0).abs() < 1e-6, "{top} against {area}");
        }
    }
}
