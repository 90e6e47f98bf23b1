//! A 4-ary heap of 16-byte keys.

use super::Agenda;

/// Children of a node: four keys fill one cache line.
const ARITY: usize = 4;

/// A heap whose keys hold the time in the upper half and the event's code in
/// the lower, so that one comparison orders both.
pub(super) struct Heap4 {
    keys: Vec<u128>,
}

/// Joins time and code.
#[inline]
pub(super) fn key(at: u64, what: u64) -> u128 {
    u128::from(at) << 64 | u128::from(what)
}

/// Splits a key into time and code.
#[inline]
pub(super) fn parts(key: u128) -> (u64, u64) {
    ((key >> 64) as u64, key as u64)
}

impl Heap4 {
    pub(super) fn new() -> Self {
        Self { keys: Vec::with_capacity(1024) }
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u128> {
        self.keys.first().copied()
    }

    #[inline]
    pub(super) fn push(&mut self, key: u128) {
        let hole = self.keys.len();
        self.keys.push(key);
        self.rise(hole, key);
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<u128> {
        let last = self.keys.pop()?;
        let Some(&top) = self.keys.first() else {
            return Some(last);
        };
        let hole = self.sink_hole();
        self.rise(hole, last);
        Some(top)
    }

    /// Moves the hole at the root down to a leaf along the smallest children.
    /// The key to be placed came from a leaf and nearly always belongs there
    /// again, so comparing it on the way down would be wasted.
    #[inline]
    fn sink_hole(&mut self) -> usize {
        let keys = self.keys.as_mut_slice();
        let mut hole = 0;
        loop {
            let first = hole * ARITY + 1;
            let smallest = if let Some(&[a, b, c, d]) = keys.get(first..first + ARITY) {
                let (left, left_key) = if b < a { (1, b) } else { (0, a) };
                let (right, right_key) = if d < c { (3, d) } else { (2, c) };
                first + if right_key < left_key { right } else { left }
            } else if first < keys.len() {
                (first + 1..keys.len()).fold(first, |least, i| if keys[i] < keys[least] { i } else { least })
            } else {
                return hole;
            };
            keys[hole] = keys[smallest];
            hole = smallest;
        }
    }

    /// Places `key` at or above the hole.
    #[inline]
    fn rise(&mut self, mut hole: usize, key: u128) {
        let keys = self.keys.as_mut_slice();
        while hole > 0 {
            let parent = (hole - 1) / ARITY;
            if keys[parent] <= key {
                break;
            }
            keys[hole] = keys[parent];
            hole = parent;
        }
        keys[hole] = key;
    }
}

impl Agenda for Heap4 {
    #[inline]
    fn schedule(&mut self, at: u64, what: u64) {
        self.push(key(at, what));
    }

    #[inline]
    fn next(&mut self) -> Option<(u64, u64)> {
        self.pop().map(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::Sampler;

    #[test]
    fn pops_in_order_while_it_grows_and_shrinks() {
        let mut sampler = Sampler::new(5);
        let mut heap = Heap4::new();
        let mut model = std::collections::BTreeSet::new();
        for step in 0..20_000_u64 {
            let at = sampler.below(1000) as u64;
            heap.push(key(at, step));
            model.insert(key(at, step));
            for _ in 0..sampler.below(3) {
                assert_eq!(heap.pop(), model.pop_first());
            }
            assert_eq!(heap.peek(), model.first().copied());
        }
    }
}
