//! Addressed randomness: a draw is a function of who asks, never of when.
//!
//! Every address is a 64-bit key. Keys are derived from keys by SplitMix64's
//! finaliser (Steele, Lea and Flood, 2014), which passes for independent
//! uniform bits; names enter by a fixed hash. So adding a retry, a fault or a
//! component changes no other draw, and two variants of a model see the same
//! demand.

/// The golden ratio in 64 bits: the increment that keeps neighbouring keys apart.
pub const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// SplitMix64's finaliser: a bijection that spreads every bit over all others.
#[inline]
#[must_use]
pub const fn mix(key: u64) -> u64 {
    let z = (key ^ (key >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A fixed hash of a name: FNV-1a, finished by [`mix`].
#[must_use]
pub const fn name_hash(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01B3);
        at += 1;
    }
    mix(hash)
}

/// The key of something named within something else.
#[inline]
#[must_use]
pub const fn key(parent: u64, salt: u64) -> u64 {
    mix(parent ^ salt)
}

/// The key of the `n`-th of something.
#[inline]
#[must_use]
pub const fn nth(parent: u64, n: u64) -> u64 {
    mix(parent.wrapping_add((n.wrapping_add(1)).wrapping_mul(GAMMA)))
}

/// A uniform value in `[0, 1)`, of 53 bits.
#[inline]
#[must_use]
pub fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// A uniform value in `(0, 1]`, of 53 bits.
#[inline]
#[must_use]
pub fn unit_open(bits: u64) -> f64 {
    ((bits >> 11) + 1) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// A uniform integer below `n`; its bias is below `n / 2^64`.
#[inline]
#[must_use]
pub fn below(bits: u64, n: u64) -> u64 {
    ((u128::from(bits) * u128::from(n)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published test vector of SplitMix64 with seed 1234567: the generator adds GAMMA and mixes.
    #[test]
    fn keys_are_splitmix64() {
        let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        for (n, value) in (0u64..).zip(expected) {
            assert_eq!(nth(1_234_567, n), value);
        }
    }

    #[test]
    fn names_hash_the_same_for_ever() {
        assert_eq!(name_hash(""), mix(0xCBF2_9CE4_8422_2325));
        assert_ne!(name_hash("orders/step#1"), name_hash("orders/step#2"));
    }

    #[test]
    fn uniform_values_stay_in_their_range() {
        assert_eq!(unit(0), 0.0);
        assert!(unit(u64::MAX) < 1.0);
        assert_eq!(unit_open(u64::MAX), 1.0);
        assert!(unit_open(0) > 0.0);
        assert_eq!(below(u64::MAX, 10), 9);
        assert_eq!(below(0, 10), 0);
    }
}
