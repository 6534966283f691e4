//! Functions of two elements that are cheaper where elements are common.

use super::map::{Elementwise, Lane, Loops};
use super::simd::{self, Level, vectorized};
use crate::base::real::Real;

/// How many elements are looked at together.
const PIECE: usize = 64;

/// A function of two elements, computed in one way where they are common and in another elsewhere. Its methods are to be
/// `#[inline(always)]`: they become vector code.
pub(crate) trait Usually<F: Real>: Copy + Send + Sync + 'static {
    /// Whether elements are common.
    fn is_common(self, a: F, b: F) -> bool;

    /// The function of common elements, which costs little.
    fn common(self, a: F, b: F) -> F;

    /// The function of others, which may cost more.
    fn other(self, a: F, b: F) -> F;

    #[inline(always)]
    fn of(self, a: F, b: F) -> F {
        let other = self.other(a, b);
        if self.is_common(a, b) { self.common(a, b) } else { other }
    }
}

struct Chosen<U>(U);

impl<F: Real, U: Usually<F>> Loops<F> for Chosen<U> {
    fn operands(&self) -> usize {
        2
    }

    #[inline]
    fn number(&self, a: F, b: F, _: F) -> F {
        if self.0.is_common(a, b) {
            return self.0.common(a, b);
        }
        // By the loops, which have the machine's fused multiply-adds.
        let mut y = [F::zero()];
        self.row(Level::of_machine(), &[Lane::Row(&[a]), Lane::Row(&[b])], &mut y);
        y[0]
    }

    fn row(&self, level: Level, inputs: &[Lane<'_, F>], output: &mut [F]) {
        let function = self.0;
        match *inputs {
            [Lane::Row(a), Lane::Row(b)] => in_pieces::at(level, output, a, b, function),
            [Lane::Number(a), Lane::Row(b)] => simd::each(level, output, [b], &|[b]| function.of(a, b)),
            [Lane::Row(a), Lane::Number(b)] => simd::each(level, output, [a], &|[a]| function.of(a, b)),
            [Lane::Number(a), Lane::Number(b)] => output.fill(function.of(a, b)),
            _ => {}
        }
    }
}

vectorized! {
    fn in_pieces(output: &mut [F], a: &[F], b: &[F], function: impl Usually<F>) {
        for ((y, a), b) in output.chunks_mut(PIECE).zip(a.chunks(PIECE)).zip(b.chunks(PIECE)) {
            let mut all = true;
            for (y, (a, b)) in y.iter_mut().zip(a.iter().zip(b)) {
                all &= function.is_common(*a, *b);
                *y = function.common(*a, *b);
            }
            if !all {
                for (y, (a, b)) in y.iter_mut().zip(a.iter().zip(b)) {
                    *y = function.of(*a, *b);
                }
            }
        }
    }
}

impl<F: Real> Elementwise<F> {
    /// A function of two elements that chooses for each, so that its results do not depend on what lies beside an element:
    /// only where all of a piece are common is the other way left out.
    pub(crate) fn usually(function: impl Usually<F>) -> Self {
        Elementwise::of(Chosen(function))
    }
}
