//! A 4-ary min-heap of plain entries.

/// A min-heap with four children per node. After a pop the root is left as a
/// hole: in a simulation the next operation is nearly always a push, which
/// then costs one sift instead of two.
#[derive(Clone, Debug)]
pub(super) struct Heap<T> {
    items: Vec<T>,
    has_hole: bool,
}

impl<T: Copy + Ord> Heap<T> {
    pub(super) fn new() -> Self {
        Self { items: Vec::new(), has_hole: false }
    }

    pub(super) fn len(&self) -> usize {
        self.items.len() - usize::from(self.has_hole)
    }

    #[inline]
    pub(super) fn push(&mut self, item: T) {
        if self.has_hole {
            self.has_hole = false;
            self.sift_down(item);
        } else {
            self.items.push(item);
            self.sift_up(self.items.len() - 1, item);
        }
    }

    /// The smallest item.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<T> {
        if self.has_hole {
            self.fill_hole();
        }
        self.items.first().copied()
    }

    /// Takes the item that [`Heap::peek`] just showed.
    #[inline]
    pub(super) fn pop_peeked(&mut self) {
        self.has_hole = true;
    }

    /// Puts another item in the place of the one that [`Heap::peek`] just showed.
    #[inline]
    pub(super) fn replace_peeked(&mut self, item: T) {
        self.sift_down(item);
    }

    /// Keeps only the items that pass; the order of pops does not change.
    pub(super) fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        if self.has_hole {
            self.fill_hole();
        }
        self.items.retain(keep);
        // A sorted array is a heap.
        self.items.sort_unstable();
    }

    fn fill_hole(&mut self) {
        self.has_hole = false;
        if let Some(last) = self.items.pop()
            && !self.items.is_empty()
        {
            self.sift_down(last);
        }
    }

    #[inline]
    fn sift_up(&mut self, mut at: usize, item: T) {
        while at > 0 {
            let parent = (at - 1) / 4;
            if self.items[parent] <= item {
                break;
            }
            self.items[at] = self.items[parent];
            at = parent;
        }
        self.items[at] = item;
    }

    /// Moves the hole at the root down until `item` fits.
    #[inline]
    fn sift_down(&mut self, item: T) {
        let items = &mut self.items[..];
        let mut at = 0;
        loop {
            let first = 4 * at + 1;
            let smallest = if let Some(four) = items.get(first..first + 4) {
                let left = usize::from(four[1] < four[0]);
                let right = 2 + usize::from(four[3] < four[2]);
                first + if four[right] < four[left] { right } else { left }
            } else if first < items.len() {
                let mut best = first;
                for other in first + 1..items.len() {
                    if items[other] < items[best] {
                        best = other;
                    }
                }
                best
            } else {
                break;
            };
            if item <= items[smallest] {
                break;
            }
            items[at] = items[smallest];
            at = smallest;
        }
        items[at] = item;
    }
}
