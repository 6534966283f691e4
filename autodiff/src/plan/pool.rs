//! Handing out ranges of one long array for as long as they are needed.

use std::collections::{BTreeMap, BTreeSet};

/// The free ranges of an array that grows when none fits.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    /// Length by start.
    free: BTreeMap<usize, usize>,
    /// (Length, start): the smallest that fits comes first.
    by_length: BTreeSet<(usize, usize)>,
    /// Single elements that were given back.
    cells: Vec<usize>,
    /// The length of the array.
    length: usize,
    /// Ranges start at multiples of this.
    align: usize,
}

impl Pool {
    pub(crate) fn new(start: usize, align: usize) -> Self {
        Pool { length: start.next_multiple_of(align.max(1)), align: align.max(1), ..Pool::default() }
    }

    /// The length that serves all ranges that were ever taken.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// The start of a range of `length` elements. Single elements share a cache line.
    pub(crate) fn take(&mut self, length: usize) -> usize {
        if length == 1 {
            return match self.cells.pop() {
                Some(cell) => cell,
                None => {
                    let start = self.take_range(self.align);
                    self.cells.extend((start + 1..start + self.align).rev());
                    start
                }
            };
        }
        self.take_range(length.next_multiple_of(self.align))
    }

    fn take_range(&mut self, length: usize) -> usize {
        if let Some((found, start)) = self.by_length.range((length, 0)..).next().copied() {
            self.remove(start, found);
            if found > length {
                self.insert(start + length, found - length);
            }
            return start;
        }
        // The last range, if it is free, grows.
        if let Some((start, found)) = self.free.last_key_value().map(|(start, found)| (*start, *found))
            && start + found == self.length
        {
            self.remove(start, found);
            self.length = start + length;
            return start;
        }
        let start = self.length;
        self.length += length;
        start
    }

    /// Gives a range back.
    pub(crate) fn give(&mut self, start: usize, length: usize) {
        if length == 1 {
            self.cells.push(start);
            return;
        }
        let (mut start, mut length) = (start, length.next_multiple_of(self.align));
        if length == 0 {
            return;
        }
        if let Some((before, found)) = self.free.range(..start).next_back().map(|(before, found)| (*before, *found))
            && before + found == start
        {
            self.remove(before, found);
            (start, length) = (before, length + found);
        }
        if let Some(found) = self.free.get(&(start + length)).copied() {
            self.remove(start + length, found);
            length += found;
        }
        self.insert(start, length);
    }

    fn insert(&mut self, start: usize, length: usize) {
        self.free.insert(start, length);
        self.by_length.insert((length, start));
    }

    fn remove(&mut self, start: usize, length: usize) {
        self.free.remove(&start);
        self.by_length.remove(&(length, start));
    }
}

#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod tests {
    use super::Pool;
    use proptest::prelude::*;

    const CASES: u32 = if cfg!(miri) { 8 } else { 256 };
    const REQUESTS: usize = if cfg!(miri) { 40 } else { 200 };

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(CASES))]

        /// Ranges that are held at the same time do not overlap, start aligned, and lie within the length.
        fn what_is_held_is_apart(requests in prop::collection::vec((0usize..100, any::<bool>()), 1..REQUESTS)) {
            let mut pool = Pool::new(3, 16);
            let mut held: Vec<(usize, usize)> = Vec::new();
            for (length, give) in requests {
                if give && !held.is_empty() {
                    let (start, length) = held.swap_remove(length % held.len());
                    pool.give(start, length);
                    continue;
                }
                let start = pool.take(length);
                prop_assert!(start + length <= pool.length() && (length == 1 || start.is_multiple_of(16)));
                for (other, n) in &held {
                    prop_assert!(start + length <= *other || other + n <= start, "{start}+{length} {other}+{n}");
                }
                if length > 0 {
                    held.push((start, length));
                }
            }
            let longest = pool.length();
            for (start, length) in held.drain(..).filter(|(_, length)| *length > 1) {
                pool.give(start, length);
            }
            // What came back serves again.
            let large = pool.free.values().copied().max().unwrap_or(0);
            if large > 16 {
                pool.take(large);
            }
            prop_assert_eq!(pool.length(), longest);
        }
    }

    self_tests!(what_is_held_is_apart);
}
