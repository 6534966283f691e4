//! Large pages for large arenas.

#![allow(unsafe_code)]

/// Memory from which large pages pay: some of them fit into it.
const LARGE: usize = 4 << 20;

/// Asks the system for large pages under `memory`, before it is touched for the first time: a program that streams through
/// megabytes then looks up five hundred times fewer addresses. A hint: nothing depends on the answer.
pub(super) fn advise<F>(memory: &mut Vec<F>) {
    let bytes = memory.capacity() * size_of::<F>();
    if bytes < LARGE {
        return;
    }
    #[cfg(all(target_os = "linux", not(miri)))]
    {
        // The advice is for whole pages inside the memory.
        const PAGE: usize = 4096;
        let start = memory.as_mut_ptr() as usize;
        let (first, last) = (start.next_multiple_of(PAGE), (start + bytes) / PAGE * PAGE);
        // SAFETY: the range lies inside memory that the vector owns, and this advice does not change what is in it.
        unsafe { libc::madvise(first as *mut libc::c_void, last - first, libc::MADV_HUGEPAGE) };
    }
}
