//! Student's t law, computed for any number of degrees of freedom.

/// The value below which a share `p` of Student's t law with `degrees` degrees of freedom lies.
///
/// Good to about ten digits for `degrees >= 1` and `1e-9 < p < 1 - 1e-9`; infinite at 0 and 1.
#[must_use]
pub fn student_quantile(p: f64, degrees: f64) -> f64 {
    if p < 0.5 {
        return -student_quantile(1.0 - p, degrees);
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    let mut high = 1.0;
    while upper_tail(high, degrees) > 1.0 - p {
        high *= 2.0;
    }
    let mut low = 0.0;
    // Each step halves the bracket; 100 of them reach the last bit from any start.
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if upper_tail(middle, degrees) > 1.0 - p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// The value below which a share `p` of the standard normal law lies; infinite at 0 and 1.
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    if p < 0.5 {
        return -normal_quantile(1.0 - p);
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    let tail = |z: f64| 0.5 * libm::erfc(z * std::f64::consts::FRAC_1_SQRT_2);
    let (mut low, mut high) = (0.0, 40.0);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if tail(middle) > 1.0 - p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// P(T > t) for t >= 0.
fn upper_tail(t: f64, degrees: f64) -> f64 {
    0.5 * incomplete_beta(0.5 * degrees, 0.5, degrees / (degrees + t * t))
}

/// The regularised incomplete beta function.
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let log_front =
        libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * libm::log(x) + b * libm::log1p(-x);
    let front = libm::exp(log_front);
    // The continued fraction converges fast on this side of the mean only.
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, 1.0 - x) / b
    }
}

/// The continued fraction of the incomplete beta function, by Lentz's method.
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    const ROUNDS: u32 = 500;
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for round in 1..=ROUNDS {
        let m = f64::from(round);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for term in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + term * d);
            c = away_from_zero(1.0 + term / c);
            change = c * d;
            fraction *= change;
        }
        if (change - 1.0).abs() < 1e-15 {
            break;
        }
    }
    fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_quantiles_agree_with_published_tables() {
        for (p, expected) in
            [(0.5, 0.0), (0.9, 1.281_551_565_5), (0.975, 1.959_963_984_5), (0.9995, 3.290_526_731_5)]
        {
            let got = normal_quantile(p);
            assert!((got - expected).abs() < 1e-9, "z({p}) = {got}");
            assert!((normal_quantile(1.0 - p) + got).abs() < 1e-9);
        }
    }

    #[test]
    fn quantiles_agree_with_published_tables() {
        let published = [
            (0.975, 1.0, 12.706_204_736),
            (0.975, 2.0, 4.302_652_730),
            (0.975, 4.0, 2.776_445_105),
            (0.975, 9.0, 2.262_157_163),
            (0.995, 29.0, 2.756_385_904),
            (0.95, 120.0, 1.657_650_899),
            (0.975, 1e6, 1.959_966_357),
        ];
        for (p, degrees, expected) in published {
            let got = student_quantile(p, degrees);
            assert!((got - expected).abs() < 1e-7, "t({p}, {degrees}) = {got}, not {expected}");
            assert!((student_quantile(1.0 - p, degrees) + got).abs() < 1e-7);
        }
    }

    #[test]
    fn with_two_degrees_of_freedom_it_is_the_closed_form() {
        for p in [0.5, 0.6, 0.9, 0.99, 0.9999] {
            let alpha: f64 = 4.0 * p * (1.0 - p);
            let expected = 2.0 * (p - 0.5) * (2.0 / alpha).sqrt();
            let got = student_quantile(p, 2.0);
            assert!((got - expected).abs() <= 1e-8 * (1.0 + expected), "{p}: {got} {expected}");
        }
    }
}
