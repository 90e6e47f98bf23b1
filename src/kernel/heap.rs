//! A 4-ary min-heap of plain entries.

/// A type with a value no smaller than any other, which fills empty places.
pub(super) trait Ceiling: Copy + Ord {
    /// That value; nothing put into a heap compares equal to it.
    const CEILING: Self;
}

/// A min-heap with four children per node, kept as whole groups of siblings
/// filled up with [`Ceiling::CEILING`]: the smallest of a group is found without
/// asking how many there are. After a pop the root is left as a hole: in a
/// simulation the next operation is nearly always a push, which then costs one
/// sift instead of two.
#[derive(Clone, Debug)]
pub(super) struct Heap<T> {
    root: T,
    /// The children of node `n` are group `n`; node `4n + 1 + k` is the `k`-th of group `n`.
    groups: Vec<[T; 4]>,
    /// Nodes, the root included, hole or not.
    nodes: usize,
    has_hole: bool,
}

impl<T: Ceiling> Heap<T> {
    pub(super) fn new() -> Self {
        Self { root: T::CEILING, groups: Vec::new(), nodes: 0, has_hole: false }
    }

    pub(super) fn len(&self) -> usize {
        self.nodes - usize::from(self.has_hole)
    }

    #[inline]
    pub(super) fn push(&mut self, item: T) {
        if self.has_hole {
            self.has_hole = false;
            self.sift_down(item);
        } else {
            self.append(item);
        }
    }

    /// The smallest item.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<T> {
        if self.has_hole {
            self.fill_hole();
        }
        (self.nodes > 0).then_some(self.root)
    }

    /// The smallest item, or the ceiling when there is none.
    #[inline]
    pub(super) fn first(&mut self) -> T {
        if self.has_hole {
            self.fill_hole();
        }
        self.root
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
        let mut items: Vec<T> = std::mem::replace(self, Self::new()).into_items().filter(keep).collect();
        // A sorted array is a heap.
        items.sort_unstable();
        for item in items {
            self.append(item);
        }
    }

    /// Everything in it, in no order.
    pub(super) fn into_items(mut self) -> impl Iterator<Item = T> {
        let root = self.peek();
        let others = self.groups.into_iter().flatten().take(self.nodes.saturating_sub(1));
        root.into_iter().chain(others)
    }

    #[inline]
    fn fill_hole(&mut self) {
        self.has_hole = false;
        self.nodes -= 1;
        let Some(last) = self.nodes.checked_sub(1) else {
            self.root = T::CEILING;
            return;
        };
        let item = std::mem::replace(&mut self.groups[last / 4][last % 4], T::CEILING);
        self.sift_down(item);
    }

    #[inline]
    fn append(&mut self, item: T) {
        let Some(place) = self.nodes.checked_sub(1) else {
            self.nodes = 1;
            self.root = item;
            return;
        };
        self.nodes += 1;
        if place / 4 == self.groups.len() {
            self.groups.push([T::CEILING; 4]);
        }
        self.sift_up(place, item);
    }

    /// Moves the empty place number `place`, which is node `place + 1`, up until `item` fits.
    #[inline]
    fn sift_up(&mut self, mut place: usize, item: T) {
        loop {
            let parent = place / 4;
            if parent == 0 {
                break;
            }
            let above = self.groups[(parent - 1) / 4][(parent - 1) % 4];
            if above <= item {
                self.groups[parent][place % 4] = item;
                return;
            }
            self.groups[parent][place % 4] = above;
            place = parent - 1;
        }
        if self.root <= item {
            self.groups[0][place % 4] = item;
        } else {
            self.groups[0][place % 4] = self.root;
            self.root = item;
        }
    }

    /// Moves the empty root down until `item` fits.
    #[inline]
    fn sift_down(&mut self, item: T) {
        let groups = &mut self.groups[..];
        let Some((at, least)) = least_of(groups, 0).filter(|(_, least)| *least < item) else {
            self.root = item;
            return;
        };
        self.root = least;
        let (mut group, mut slot) = (0, at);
        loop {
            let node = 4 * group + 1 + slot;
            match least_of(groups, node) {
                Some((at, least)) if least < item => {
                    groups[group][slot] = least;
                    (group, slot) = (node, at);
                }
                _ => break,
            }
        }
        groups[group][slot] = item;
    }
}

/// The smallest of a group and where it is.
#[inline(always)]
fn least_of<T: Copy + Ord>(groups: &[[T; 4]], group: usize) -> Option<(usize, T)> {
    let four = groups.get(group)?;
    let left = usize::from(four[1] < four[0]);
    let right = 2 + usize::from(four[3] < four[2]);
    let at = if four[right] < four[left] { right } else { left };
    Some((at, four[at]))
}
