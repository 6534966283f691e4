//! Functions of one element with many fused multiply-adds.

use super::map::{Elementwise, Lane, Loops};
use super::simd::{Level, vectorized};
use crate::base::real::Real;

/// A function of one element in which fused multiply-adds are many. `of` is to be `#[inline(always)]`: it becomes vector
/// code, where a long closure is compiled apart, without the machine's instructions, and each multiply-add is a call.
pub(crate) trait Fused<F: Real>: Copy + Send + Sync + 'static {
    fn of(self, x: F) -> F;
}

struct Of<U>(U);

impl<F: Real, U: Fused<F>> Loops<F> for Of<U> {
    fn operands(&self) -> usize {
        1
    }

    #[inline]
    fn number(&self, a: F, _: F, _: F) -> F {
        self.0.of(a)
    }

    fn row(&self, level: Level, inputs: &[Lane<'_, F>], output: &mut [F]) {
        match *inputs {
            [Lane::Row(a)] => each_of::at(level, output, a, self.0),
            [Lane::Number(a)] => output.fill(self.0.of(a)),
            _ => {}
        }
    }
}

vectorized! {
    fn each_of(output: &mut [F], x: &[F], function: impl Fused<F>) {
        // Not by `for_each`, whose closure would be compiled apart.
        for (y, x) in output.iter_mut().zip(x) {
            *y = function.of(*x);
        }
    }
}

impl<F: Real> Elementwise<F> {
    /// A function of which single numbers go through the loops, too.
    pub(crate) fn fused(function: impl Fused<F>) -> Self {
        Elementwise::of_fused(Of(function))
    }
}
