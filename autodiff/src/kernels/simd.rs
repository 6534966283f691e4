//! The loops that become vector code. Each is compiled for AVX-512, for AVX2 and for the baseline of the architecture, and
//! the machine it runs on chooses. All three compute the same numbers: nothing is reassociated, and fused
//! multiply-adds, where a body asks for them, are exact everywhere.

#![allow(unsafe_code)]

use crate::base::real::Real;
use std::sync::atomic::{AtomicU8, Ordering};

/// A set of instructions that the machine has: only [`Level::of_machine`] and [`Level::all`] make one, so a value is the
/// proof. Nothing outside the kernels names it.
#[derive(Clone, Copy, Debug)]
pub enum Level {
    /// The baseline of the architecture.
    Base,
    /// AVX2 and fused multiply-adds.
    Avx2(Present),
    /// AVX-512 with byte, word, double-word and short-vector instructions.
    Avx512(Present),
}

/// That the machine has them.
#[derive(Clone, Copy, Debug)]
pub struct Present(());

impl Level {
    /// The best of what the machine has. It is asked once: small kernels run for less time than asking takes.
    #[inline]
    pub(crate) fn of_machine() -> Level {
        static KNOWN: AtomicU8 = AtomicU8::new(0);
        match KNOWN.load(Ordering::Relaxed) {
            1 => Level::Base,
            2 => Level::Avx2(Present(())),
            3 => Level::Avx512(Present(())),
            _ => {
                let level = Level::asked();
                KNOWN.store(1 + level.rank(), Ordering::Relaxed);
                level
            }
        }
    }

    fn rank(self) -> u8 {
        match self {
            Level::Base => 0,
            Level::Avx2(_) => 1,
            Level::Avx512(_) => 2,
        }
    }

    #[cold]
    fn asked() -> Level {
        // Miri interprets; what it checks is the portable way.
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            let wide = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512bw");
            return if wide { Level::Avx512(Present(())) } else { Level::Avx2(Present(())) };
        }
        Level::Base
    }

    /// All that the machine has, the baseline first: for tests, which compare them.
    #[cfg(all(feature = "self-tests", debug_assertions))]
    pub(crate) fn all() -> Vec<Level> {
        match Level::of_machine() {
            Level::Base => vec![Level::Base],
            Level::Avx2(_) => vec![Level::Base, Level::Avx2(Present(()))],
            Level::Avx512(_) => vec![Level::Base, Level::Avx2(Present(())), Level::Avx512(Present(()))],
        }
    }
}

/// A function whose loops become vector code. It has one type parameter `F: Real`, and constants
/// where it names them; what it calls is compiled with it where that is `#[inline(always)]`.
///
/// `name(…)` runs with the best of the machine's instructions, `name::at(level, …)` with those of a level.
macro_rules! vectorized {
    (
        $(#[$attribute:meta])*
        $visibility:vis fn $name:ident $([const $constant:ident])?
        ($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block
    ) => {
        $(#[$attribute])*
        #[inline]
        #[allow(dead_code)] // Some are only asked for a level.
        $visibility fn $name<F: Real $(, const $constant: usize)?>($($argument: $type),*) $(-> $result)? {
            $name::at::<F $(, $constant)?>(crate::kernels::simd::Level::of_machine(), $($argument),*)
        }

        pub(in crate::kernels) mod $name {
            #[allow(unused_imports)]
            use super::*;
            use crate::kernels::simd::Level;

            #[inline]
            #[allow(unsafe_code)]
            pub(in crate::kernels) fn at<F: Real $(, const $constant: usize)?>(
                level: Level,
                $($argument: $type),*
            ) $(-> $result)? {
                #[inline(always)]
                fn body<F: Real $(, const $constant: usize)?>($($argument: $type),*) $(-> $result)? $body
                #[cfg(target_arch = "x86_64")]
                {
                    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
                    fn avx512<F: Real $(, const $constant: usize)?>($($argument: $type),*) $(-> $result)? {
                        body::<F $(, $constant)?>($($argument),*)
                    }
                    #[target_feature(enable = "avx2,fma")]
                    fn avx2<F: Real $(, const $constant: usize)?>($($argument: $type),*) $(-> $result)? {
                        body::<F $(, $constant)?>($($argument),*)
                    }
                    match level {
                        // SAFETY: the machine has the features: there is such a level.
                        Level::Avx512(_) => return unsafe { avx512::<F $(, $constant)?>($($argument),*) },
                        // SAFETY: the machine has the features: there is such a level.
                        Level::Avx2(_) => return unsafe { avx2::<F $(, $constant)?>($($argument),*) },
                        Level::Base => {}
                    }
                }
                #[cfg(not(target_arch = "x86_64"))]
                let _ = level;
                body::<F $(, $constant)?>($($argument),*)
            }
        }
    };
}
pub(super) use vectorized;

/// `output[i] = f([x₀[i], …])`. An operand shorter than the output leaves the output as it is.
#[inline]
pub(crate) fn each<F: Real, const N: usize>(
    level: Level,
    output: &mut [F],
    inputs: [&[F]; N],
    f: &impl Fn([F; N]) -> F,
) {
    each_and_whether::at(level, output, inputs, f, &|_, _| true);
}

/// As [`each`], and whether no result is NaN.
#[inline]
pub(crate) fn each_unless_nan<F: Real, const N: usize>(
    level: Level,
    output: &mut [F],
    inputs: [&[F]; N],
    f: &impl Fn([F; N]) -> F,
) -> bool {
    each_and_whether::at(level, output, inputs, f, &|_, y: F| !y.is_nan())
}

vectorized! {
    /// As [`each`], and whether `test` holds of all operands and results. (It is given the result: the compiler would compute
    /// it twice.)
    pub(crate) fn each_and_whether[const N](
        output: &mut [F],
        inputs: [&[F]; N],
        f: &impl Fn([F; N]) -> F,
        test: &impl Fn([F; N], F) -> bool,
    ) -> bool {
        if inputs.iter().any(|x| x.len() < output.len()) {
            return false;
        }
        let mut all = true;
        for (i, y) in output.iter_mut().enumerate() {
            // SAFETY: i < output.len() ≤ the length of each operand, by the test above.
            let x = std::array::from_fn(|k| unsafe { *inputs[k].get_unchecked(i) });
            let result = f(x);
            all &= test(x, result);
            *y = result;
        }
        all
    }
}

vectorized! {
    /// Whether `test` holds of every element.
    pub(crate) fn all(x: &[F], test: &impl Fn(F) -> bool) -> bool {
        // No way out within a chunk, so that it becomes vector code.
        x.chunks(1024).all(|chunk| chunk.iter().fold(true, |all, x| all & test(*x)))
    }
}

/// Whether no number is NaN or of a larger magnitude than this.
pub(crate) fn all_within<F: Real>(x: &[F], largest: F) -> bool {
    all(x, &|x: F| x.abs() <= largest)
}

/// Asks the machine to bring so many bytes closer, which need not exist: all the lines they touch.
#[inline(always)]
pub(crate) fn fetch<F>(from: *const F, bytes: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint, which every machine of the architecture knows; it reads nothing.
        let line = |byte: usize| unsafe { _mm_prefetch::<_MM_HINT_T0>(from.cast::<i8>().wrapping_add(byte)) };
        let mut byte = 0;
        while byte < bytes {
            line(byte);
            byte += 64;
        }
        line(bytes.saturating_sub(1));
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (from, bytes);
}
