//! Threads that share the work of one action after another.
//!
//! To wake a thread takes longer than most actions do. So the helpers of a run stay awake for as long as it lasts, and look
//! again and again whether there is work. No one waits for a helper to come: the thread that has the work takes pieces of
//! it, too, until none is left, and waits only for those that others have begun.

#![allow(unsafe_code)]

use crate::base::error::Refusal;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How often one looks, some tens of microseconds, before others get the processor between two looks.
const LOOKS: usize = if cfg!(miri) { 2 } else { 2000 };

type Run<'a> = &'a (dyn Fn(usize) -> Result<(), Refusal> + Sync + 'a);

/// The work that is shared now.
#[derive(Default)]
struct Work {
    run: Option<Run<'static>>,
    /// The next piece that nobody has begun.
    next: usize,
    pieces: usize,
    /// The refusal of the first piece of those that refused.
    refused: Option<(usize, Refusal)>,
}

/// A run's thread and its helpers.
#[derive(Default)]
pub(in crate::plan) struct Team {
    work: Mutex<Work>,
    /// How many works there have been: helpers look here, where nobody locks.
    works: AtomicUsize,
    /// The pieces of this work that are not done.
    left: AtomicUsize,
    is_over: AtomicBool,
}

impl Team {
    /// Runs `run` with the threads of the pool as helpers.
    pub(in crate::plan) fn of<R>(pool: Option<&rayon::ThreadPool>, run: impl FnOnce(&Team) -> R) -> R {
        let team = Team::default();
        match pool {
            None => run(&team),
            Some(pool) => pool.in_place_scope(|scope| {
                for _ in 0..pool.current_num_threads() {
                    scope.spawn(|_| team.help());
                }
                let _over = Over(&team);
                run(&team)
            }),
        }
    }

    /// Runs the pieces of this work, each once, by all threads there are; the refusal of the first that refuses.
    pub(super) fn divide(
        &self,
        pieces: usize,
        run: &(impl Fn(usize) -> Result<(), Refusal> + Sync),
    ) -> Result<(), Refusal> {
        let run: Run<'_> = run;
        // SAFETY: nobody calls it when this function is left, be it by a panic: `Done` waits for all pieces that were begun, and
        // leaves none to begin.
        let run: Run<'static> = unsafe { std::mem::transmute::<Run<'_>, Run<'static>>(run) };
        let done = Done(self);
        self.left.store(pieces, Ordering::Relaxed);
        *self.work() = Work { run: Some(run), next: 0, pieces, refused: None };
        self.works.fetch_add(1, Ordering::Release);
        self.take_part();
        drop(done);
        self.work().refused.take().map_or(Ok(()), |(_, refusal)| Err(refusal))
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        // Nothing panics while it is locked.
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes pieces of the work until none is left to begin.
    fn take_part(&self) {
        let next = || {
            let mut work = self.work();
            let piece = work.next;
            let run = work.run.filter(|_| piece < work.pieces)?;
            work.next += 1;
            Some((run, piece))
        };
        while let Some((run, piece)) = next() {
            let _end = PieceEnd(&self.left);
            if let Err(refusal) = run(piece) {
                let mut work = self.work();
                if work.refused.as_ref().is_none_or(|(first, _)| piece < *first) {
                    work.refused = Some((piece, refusal));
                }
            }
        }
    }

    fn help(&self) {
        let (mut known, mut looks) = (0, 0);
        while !self.is_over.load(Ordering::Acquire) {
            let works = self.works.load(Ordering::Acquire);
            if works == known {
                wait(&mut looks);
            } else {
                (known, looks) = (works, 0);
                self.take_part();
            }
        }
    }
}

fn wait(looks: &mut usize) {
    if *looks < LOOKS {
        *looks += 1;
        std::hint::spin_loop();
    } else {
        std::thread::yield_now();
    }
}

/// Sends the helpers home when the run ends, by a panic, too.
struct Over<'a>(&'a Team);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::Release);
    }
}

/// Counts a piece as done when it ends, by a panic, too.
struct PieceEnd<'a>(&'a AtomicUsize);

impl Drop for PieceEnd<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

/// Waits until nobody works at a piece, and leaves none to begin.
struct Done<'a>(&'a Team);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        let never_begun = {
            let mut work = self.0.work();
            work.run = None;
            work.pieces - work.next
        };
        let mut looks = 0;
        while self.0.left.load(Ordering::Acquire) > never_begun {
            wait(&mut looks);
        }
    }
}

#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn pool(helpers: usize) -> Option<rayon::ThreadPool> {
        (helpers > 0).then(|| rayon::ThreadPoolBuilder::new().num_threads(helpers).build().unwrap())
    }

    /// No primitive of this crate that is divided refuses, so the pieces are tried by themselves.
    fn each_piece_runs_once_and_the_first_refusal_is_that_of_all() {
        for helpers in 0..3 {
            Team::of(pool(helpers).as_ref(), |team| {
                for (pieces, refusing) in (0..6).flat_map(|pieces| (0..=pieces).map(move |refusing| (pieces, refusing)))
                {
                    let ran = AtomicUsize::new(0);
                    let run = |piece: usize| {
                        ran.fetch_add(1usize << (4 * piece), Ordering::Relaxed);
                        if piece < refusing { Ok(()) } else { Err(Refusal::new(piece.to_string())) }
                    };
                    let refused = team.divide(pieces, &run).err().map(|refusal| refusal.message.to_string());
                    assert_eq!(refused, (refusing < pieces).then(|| refusing.to_string()), "{pieces} pieces");
                    assert_eq!(ran.into_inner(), (0..pieces).map(|piece| 1 << (4 * piece)).sum(), "each piece once");
                }
            });
        }
    }

    /// Many works in a row, each of which sees what the one before wrote.
    fn works_follow_one_another() {
        let (works, pieces) = if cfg!(miri) { (5, 3) } else { (2000, 4) };
        let numbers: Vec<AtomicUsize> = (0..pieces).map(|_| AtomicUsize::new(0)).collect();
        Team::of(pool(2).as_ref(), |team| {
            for work in 0..works {
                let run = |piece: usize| {
                    // Of the piece beside it, which another thread may have run.
                    let beside = numbers[(piece + work) % pieces].fetch_add(1, Ordering::Relaxed);
                    if beside == work { Ok(()) } else { Err(Refusal::new(format!("{beside} after {work} works"))) }
                };
                team.divide(pieces, &run).unwrap();
            }
        });
    }

    /// A panic in a piece, of the run's thread or of a helper, ends the run with that panic, and no one waits for ever.
    fn a_panic_ends_the_run() {
        for helpers in 0..3 {
            let pool = pool(helpers);
            for panicking in 0..4 {
                let ended = catch_unwind(AssertUnwindSafe(|| {
                    Team::of(pool.as_ref(), |team| {
                        let run = |piece: usize| if piece == panicking { panic!("piece") } else { Ok(()) };
                        drop(team.divide(4, &run));
                    });
                }));
                assert!(ended.is_err(), "{helpers} helpers, piece {panicking}");
            }
            assert_eq!(Team::of(pool.as_ref(), |team| team.divide(3, &|_| Ok(()))), Ok(()));
        }
    }

    self_tests!(
        each_piece_runs_once_and_the_first_refusal_is_that_of_all,
        works_follow_one_another,
        a_panic_ends_the_run,
    );
}
