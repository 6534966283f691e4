//! Memory for packed panels.

use std::cell::Cell;
use std::mem::MaybeUninit;

/// As wide as a line of the cache and the widest vector, so that a panel's rows do not straddle lines.
#[repr(align(64))]
#[derive(Clone, Copy)]
struct Line {
    _bytes: [MaybeUninit<u8>; 64],
}

/// What small products take from the stack: 16 KiB.
const ON_STACK: usize = 256;

thread_local! {
    // The one thing a thread keeps between products: memory to work in. It is written before it is read in every product,
    // so it is no state; keeping it saves the page faults of allocating up to a mebibyte again and again.
    static KEPT: Cell<Vec<Line>> = const { Cell::new(Vec::new()) };
}

/// `body` with room for `count` numbers, aligned to a line, of unspecified contents.
pub(super) fn with<F, R>(count: usize, body: impl FnOnce(*mut F) -> R) -> R {
    let lines = (count * size_of::<F>()).div_ceil(size_of::<Line>());
    if lines <= ON_STACK {
        let mut room = MaybeUninit::<[Line; ON_STACK]>::uninit();
        return body(room.as_mut_ptr().cast());
    }
    // Taken, not borrowed: while a thread is ending there may be nothing to take, and then there is nothing to keep.
    let mut room = KEPT.try_with(Cell::take).unwrap_or_default();
    room.reserve(lines);
    let result = body(room.as_mut_ptr().cast());
    let _ = KEPT.try_with(|kept| kept.set(room));
    result
}
