//! Functions of two elements that are cheaper where elements are common.

use super::map::{Elementwise, Lane, Loops};
use super::simd::{self, Level};
use crate::base::real::Real;

/// How many elements are looked at together.
const PIECE: usize = 64;

/// A function of two elements, and what it is where elements are common.
struct Usually<I, C, G> {
    is_common: I,
    common: C,
    general: G,
}

impl<F, I, C, G> Loops<F> for Usually<I, C, G>
where
    F: Real,
    I: Fn(F, F) -> bool + Send + Sync,
    C: Fn(F, F) -> F + Send + Sync,
    G: Fn(F, F) -> F + Send + Sync,
{
    fn operands(&self) -> usize {
        2
    }

    #[inline]
    fn number(&self, a: F, b: F, _: F) -> F {
        if (self.is_common)(a, b) {
            return (self.common)(a, b);
        }
        // By the loops, which have the machine's fused multiply-adds.
        let mut y = [F::zero()];
        self.row(Level::of_machine(), &[Lane::Row(&[a]), Lane::Row(&[b])], &mut y);
        y[0]
    }

    fn row(&self, level: Level, inputs: &[Lane<'_, F>], output: &mut [F]) {
        match *inputs {
            [Lane::Row(a), Lane::Row(b)] => {
                let is_common = |[a, b]: [F; 2]| (self.is_common)(a, b);
                let common = |[a, b]: [F; 2]| (self.common)(a, b);
                if simd::each_and_whether::at(level, output, [a, b], &common, &is_common) {
                    return;
                }
                for ((y, a), b) in output.chunks_mut(PIECE).zip(a.chunks(PIECE)).zip(b.chunks(PIECE)) {
                    if !simd::each_and_whether::at(level, y, [a, b], &common, &is_common) {
                        simd::each(level, y, [a, b], &|[a, b]| (self.general)(a, b));
                    }
                }
            }
            [Lane::Number(a), Lane::Row(b)] => simd::each(level, output, [b], &|[b]| (self.general)(a, b)),
            [Lane::Row(a), Lane::Number(b)] => simd::each(level, output, [a], &|[a]| (self.general)(a, b)),
            [Lane::Number(a), Lane::Number(b)] => output.fill((self.general)(a, b)),
            _ => {}
        }
    }
}

impl<F: Real> Elementwise<F> {
    /// The function `general` of two elements, which chooses for each and is `common` where `is_common` says so: pieces of
    /// nothing else are computed by `common` alone. So its results do not depend on what lies beside an element.
    pub(crate) fn usually(
        is_common: impl Fn(F, F) -> bool + Send + Sync + 'static,
        common: impl Fn(F, F) -> F + Send + Sync + 'static,
        general: impl Fn(F, F) -> F + Send + Sync + 'static,
    ) -> Self {
        Elementwise::of(Usually { is_common, common, general })
    }
}
