//! Loss that comes in bursts: a path that is good for a while and bad for a while.
//!
//! E. N. Gilbert, Capacity of a Burst-Noise Channel (1960), in continuous time: the mean share of
//! time in the bad state is that of its mean length in a whole round.

use crate::dist::{Law, Sampler};
use crate::rng;

const SALT_ON: u64 = rng::name_hash("fault/burst-on");
const SALT_OFF: u64 = rng::name_hash("fault/burst-off");
const SALT_FIRST: u64 = rng::name_hash("fault/burst-first");

/// The two states of a path, followed when somebody sends.
#[derive(Clone, Debug)]
pub(super) struct Bursts {
    salt: u64,
    on: Sampler,
    off: Sampler,
    /// Chance of beginning in a burst.
    share: f64,
    acts: bool,
    /// When the present state ends.
    until: u64,
    /// States so far.
    count: u64,
}

impl Bursts {
    pub(super) fn new(salt: u64, on: &Law, off: &Law) -> Self {
        let share = on.mean() / (on.mean() + off.mean());
        let (on, off) = (Sampler::new(on), Sampler::new(off));
        Self { salt, on, off, share, acts: false, until: 0, count: 0 }
    }

    /// Whether messages are lost at an instant; instants never go back.
    pub(super) fn acts_at(&mut self, now: u64) -> bool {
        while self.until <= now {
            self.acts = match self.count {
                0 => rng::unit(rng::key(self.salt, SALT_FIRST)) < self.share,
                _ => !self.acts,
            };
            let (law, salt) = if self.acts { (&self.on, SALT_ON) } else { (&self.off, SALT_OFF) };
            let length = law.sample(rng::nth(rng::key(self.salt, salt), self.count));
            // The first look may be long after the start: the states begin with it.
            let from = if self.count == 0 { now } else { self.until };
            self.until = from.saturating_add((length + 0.5) as u64);
            self.count += 1;
        }
        self.acts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The share of time in bursts is that of their mean length in a round.
    #[test]
    fn bursts_take_their_share_of_the_time() {
        let law = |mean: f64| Law::Exponential { mean };
        let mut bursts = Bursts::new(7, &law(1e6), &law(9e6));
        let looks = 2_000_000u64;
        let hits = (0..looks).filter(|look| bursts.acts_at(look * 100_000)).count();
        let share = hits as f64 / looks as f64;
        assert!((share - 0.1).abs() < 0.004, "{share}");
    }
}
