//! Ziggurat tables for the exponential and the normal distribution.
//!
//! The area under a falling density is cut into 256 layers of equal area; a
//! draw picks a layer and a place in it, and nearly always both lie wholly under
//! the density, so that the draw is one multiplication and one comparison.

use std::sync::LazyLock;

/// Number of layers.
pub(crate) const LAYERS: usize = 256;

/// Right edge of each layer, and the density there.
#[derive(Debug)]
pub(crate) struct Layers {
    pub(crate) x: [f64; LAYERS + 1],
    pub(crate) f: [f64; LAYERS + 1],
}

/// The tables of both distributions.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) exponential: Layers,
    pub(crate) normal: Layers,
}

/// Where the exponential's tail begins, and the area of its layers.
pub(crate) const EXPONENTIAL_TAIL: f64 = 7.697_117_470_131_05;
const EXPONENTIAL_AREA: f64 = 0.003_949_659_822_581_557;
/// Where the normal's tail begins, and the area of its layers.
pub(crate) const NORMAL_TAIL: f64 = 3.654_152_885_361_009;
const NORMAL_AREA: f64 = 0.004_928_673_233_99;

static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables {
    exponential: layers(EXPONENTIAL_TAIL, EXPONENTIAL_AREA, |x| (-x).exp(), |f| -f.ln()),
    normal: layers(NORMAL_TAIL, NORMAL_AREA, |x| (-0.5 * x * x).exp(), |f| (-2.0 * f.ln()).sqrt()),
});

/// The tables, built on first use; holders keep the reference, so that a draw
/// does not ask again whether they are built.
pub(crate) fn tables() -> &'static Tables {
    &TABLES
}

/// Stacks the layers up from the tail: each is as wide as the density's inverse
/// at the height reached so far.
fn layers(tail: f64, area: f64, density: fn(f64) -> f64, inverse: fn(f64) -> f64) -> Layers {
    let mut x = [0.0; LAYERS + 1];
    // The bottom layer holds the tail too, hence its fictitious width.
    x[0] = area / density(tail);
    x[1] = tail;
    for i in 2..LAYERS {
        x[i] = inverse(area / x[i - 1] + density(x[i - 1]));
    }
    Layers { x, f: x.map(density) }
}
