//! Memory: one counting allocator watches training loops, reverse passes, plans and the evaluation of each primitive.

// A global allocator cannot be written without `unsafe`: its contract is handed on to the system's, call by call.
#![allow(unsafe_code)]

#[path = "../nn/catalogue.rs"]
#[allow(dead_code)]
mod catalogue;
mod evaluate;
mod files;
mod memory;
mod steady;
mod weights;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    static CALLS: Cell<usize> = const { Cell::new(0) };
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

/// Notes that `size` bytes were asked for.
fn taken(size: usize) {
    LIVE.set(LIVE.get() + size as isize);
    PEAK.set(PEAK.get().max(LIVE.get()));
    CALLS.set(CALLS.get() + 1);
    LARGEST.set(LARGEST.get().max(size));
}

/// Notes that `size` bytes were given back.
fn given_back(size: usize) {
    LIVE.set(LIVE.get() - size as isize);
}

// SAFETY: every call is passed on to the system's allocator as it is; counting touches no memory that it manages.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        given_back(layout.size());
        // SAFETY: the caller's.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        taken(size);
        given_back(layout.size());
        // SAFETY: the caller's.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often `body` asks for memory, in this thread.
fn requests(body: impl FnOnce()) -> usize {
    let before = CALLS.get();
    body();
    CALLS.get() - before
}

/// What `body` answers, and the bytes of the largest block that it asks for, in this thread.
fn largest<R>(body: impl FnOnce() -> R) -> (R, usize) {
    LARGEST.set(0);
    let result = body();
    (result, LARGEST.get())
}
