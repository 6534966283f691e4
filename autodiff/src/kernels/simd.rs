//! The loops that become vector code. Each is compiled for AVX-512, for AVX2 and for the baseline of the architecture, and
//! the machine it runs on chooses. All three compute the same numbers: nothing is reassociated, and fused
//! multiply-adds, where a body asks for them, are exact everywhere.

#![allow(unsafe_code)]

use crate::real::Real;

/// What the machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// What every machine of the architecture has.
    Baseline,
    /// AVX2 and FMA.
    Avx2,
    /// AVX-512: F, VL, DQ and BW.
    Avx512,
}

/// The best of what the machine has.
pub(super) fn level() -> Level {
    // One load and one test each: the macro caches what the processor answers.
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        let wide = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw");
        return if wide { Level::Avx512 } else { Level::Avx2 };
    }
    Level::Baseline
}

/// `output[i] = f([x₀[i], …])`. An operand shorter than the output leaves the output as it is.
pub(crate) fn each<F: Real, const N: usize>(output: &mut [F], inputs: [&[F]; N], f: &impl Fn([F; N]) -> F) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
        fn avx512<F: Real, const N: usize>(output: &mut [F], inputs: [&[F]; N], f: &impl Fn([F; N]) -> F) {
            body(output, inputs, f);
        }
        #[target_feature(enable = "avx2,fma")]
        fn avx2<F: Real, const N: usize>(output: &mut [F], inputs: [&[F]; N], f: &impl Fn([F; N]) -> F) {
            body(output, inputs, f);
        }
        match level() {
            // SAFETY: the machine has the features.
            Level::Avx512 => return unsafe { avx512(output, inputs, f) },
            // SAFETY: the machine has the features.
            Level::Avx2 => return unsafe { avx2(output, inputs, f) },
            Level::Baseline => {}
        }
    }
    body(output, inputs, f);
}

/// Inlined into each of the three, and compiled anew there.
#[inline(always)]
fn body<F: Real, const N: usize>(output: &mut [F], inputs: [&[F]; N], f: &impl Fn([F; N]) -> F) {
    if inputs.iter().any(|x| x.len() < output.len()) {
        return;
    }
    for (i, y) in output.iter_mut().enumerate() {
        // SAFETY: i < output.len() ≤ the length of each operand, by the test above.
        *y = f(std::array::from_fn(|k| unsafe { *inputs[k].get_unchecked(i) }));
    }
}

/// How many elements are gathered at a time where an operand does not lie in a row.
const BLOCK: usize = 256;

/// [`each`] for operands read at a stride: `output[i] = f([x₀[i·s₀], …])`. What does not lie in a row is gathered block by
/// block, so that one loop does all the arithmetic.
pub(crate) fn each_strided<F: Real, const N: usize>(
    output: &mut [F],
    inputs: [(&[F], usize); N],
    f: &impl Fn([F; N]) -> F,
) {
    let mut blocks = [[F::zero(); BLOCK]; N];
    for (block, (x, stride)) in blocks.iter_mut().zip(&inputs) {
        if *stride == 0 {
            block.fill(x.first().copied().unwrap_or(F::zero()));
        }
    }
    for (b, row) in output.chunks_mut(BLOCK).enumerate() {
        let start = b * BLOCK;
        for (block, (x, stride)) in blocks.iter_mut().zip(&inputs) {
            if *stride > 1 {
                let from = x.iter().skip(start * stride).step_by(*stride);
                block.iter_mut().zip(from).take(row.len()).for_each(|(to, from)| *to = *from);
            }
        }
        let lanes = std::array::from_fn(|k| match inputs[k] {
            (x, 1) => x.get(start..).unwrap_or(&[]),
            _ => &blocks[k][..],
        });
        each(row, lanes, f);
    }
}
