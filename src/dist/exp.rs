//! The exponential function, for draws: a third of the instructions of the general one.

use std::sync::OnceLock;

/// Steps per octave, as a power of two.
const STEP_BITS: u32 = 7;
const STEPS: usize = 1 << STEP_BITS;
/// Adding it to a number below 2^51 in size leaves the nearest integer in the lowest bits.
const TO_INTEGER: f64 = 6_755_399_441_055_744.0;
/// ln 2 / [`STEPS`] in two parts, the first with so few bits that whole multiples of it are exact.
const STEP_HIGH: f64 = f64::from_bits(0x3F76_2E42_FEE0_0000);
const STEP_LOW: f64 = std::f64::consts::LN_2 / STEPS as f64 - STEP_HIGH + LN_2_REST / STEPS as f64;
/// What a double cannot hold of ln 2.
const LN_2_REST: f64 = 2.319_046_813_846_299_6e-17;
/// Beyond this in size the result is near the ends of what a number can be.
const LARGE: f64 = 700.0;

/// `2^(k / STEPS)`.
fn powers() -> &'static [f64; STEPS] {
    static POWERS: OnceLock<[f64; STEPS]> = OnceLock::new();
    POWERS.get_or_init(|| std::array::from_fn(|step| libm::exp2(step as f64 / STEPS as f64)))
}

/// `e^x` to two units in the last place; the same bits on every machine.
///
/// Tang's method: `x = (128 n + k) ln 2 / 128 + r`, and `e^x = 2^n 2^(k/128) e^r` with a short series for `e^r`
/// (P. T. P. Tang, ACM TOMS 15(2), 1989).
#[inline]
pub(super) fn exp(x: f64) -> f64 {
    if x.abs() >= LARGE || x.is_nan() {
        return libm::exp(x);
    }
    let shifted = x * (STEPS as f64 / std::f64::consts::LN_2) + TO_INTEGER;
    let whole = shifted - TO_INTEGER;
    let r = (x - whole * STEP_HIGH) - whole * STEP_LOW;
    let series = r + r * r * (0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0))));
    let steps = shifted.to_bits().wrapping_sub(TO_INTEGER.to_bits()) as i64;
    let power = powers()[(steps & (STEPS as i64 - 1)) as usize];
    let octave = f64::from_bits((((steps >> STEP_BITS) + 1023) as u64) << 52);
    (power + power * series) * octave
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;

    #[test]
    fn it_is_the_exponential_function() {
        let known = [(0.0, 1.0), (1.0, std::f64::consts::E), (-1.0, 1.0 / std::f64::consts::E)];
        known.iter().for_each(|(x, y)| assert!((exp(*x) / y - 1.0).abs() < 3e-16, "{x}"));
        for n in 0..1_000_000 {
            let x = (rng::unit(rng::nth(rng::name_hash("exp"), n)) - 0.5) * 1420.0;
            let (found, expected) = (exp(x), libm::exp(x));
            assert!(
                found == expected || (found / expected - 1.0).abs() < 5e-16,
                "{x}: {found} is not {expected}"
            );
        }
        assert_eq!((exp(f64::NEG_INFINITY), exp(1e9)), (0.0, f64::INFINITY));
        assert!(exp(f64::NAN).is_nan());
    }
}
