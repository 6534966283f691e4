//! Two operations of arithmetic in one pass: (a ∘ b) • c or c • (a ∘ b). On its own, such an operation takes as long as
//! loading its operands and storing its result; in a pair, what is between stays in a register.

use super::map::{Elementwise, Lane, Loops};
use super::simd::{self, Level};
use crate::base::real::Real;

/// What may be half of a pair.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
    StrongMul,
    StrongDiv,
}

impl Arithmetic {
    /// a ∘ b
    #[inline(always)]
    pub(crate) fn of<F: Real>(self, a: F, b: F) -> F {
        match self {
            Arithmetic::Add => a + b,
            Arithmetic::Sub => a - b,
            Arithmetic::Mul => a * b,
            Arithmetic::Div => a / b,
            Arithmetic::StrongMul => strong_product(a, b),
            Arithmetic::StrongDiv => strong_quotient(a, b),
        }
    }
}

/// a·b in IEEE arithmetic; 0 where that is NaN and a or b is 0. (Without `&&`, which becomes a branch for each element where
/// a loop is unrolled before it is made vector code.)
#[inline(always)]
pub(crate) fn strong_product<F: Real>(a: F, b: F) -> F {
    let y = a * b;
    if y.is_nan() & ((a == F::zero()) | (b == F::zero())) { F::zero() } else { y }
}

/// a/b in IEEE arithmetic; 0 where that is NaN and a is 0.
#[inline(always)]
pub(crate) fn strong_quotient<F: Real>(a: F, b: F) -> F {
    let y = a / b;
    if y.is_nan() & (a == F::zero()) { F::zero() } else { y }
}

/// Two of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Pair {
    pub(crate) first: Arithmetic,
    pub(crate) second: Arithmetic,
    /// Whether the result of the first is the right operand of the second.
    pub(crate) right: bool,
}

impl Pair {
    /// y = (a ∘ b) • c, or c • (a ∘ b) where the first is on the right; `None` for what no loop is compiled for.
    pub(crate) fn elementwise<F: Real>(self) -> Option<Elementwise<F>> {
        Some(match self.first {
            Arithmetic::Add => self.with(|a: F, b| a + b)?,
            Arithmetic::Sub => self.with(|a: F, b| a - b)?,
            Arithmetic::Mul => self.with(|a: F, b| a * b)?,
            Arithmetic::Div => self.with(|a: F, b| a / b)?,
            // Of strong operations, the pairs that chains of derivatives are made of: each pair takes time to compile.
            Arithmetic::StrongMul => match self.second {
                Arithmetic::Add => Elementwise::of(BothStrong {
                    plain: |a: F, b, c| a * b + c,
                    strong: |a, b, c| strong_product(a, b) + c,
                }),
                Arithmetic::StrongMul => Elementwise::of(BothStrong {
                    plain: |a: F, b, c| a * b * c,
                    strong: |a, b, c| strong_product(strong_product(a, b), c),
                }),
                _ => return None,
            },
            Arithmetic::StrongDiv => return None,
        })
    }

    fn with<F: Real>(self, first: impl Fn(F, F) -> F + Send + Sync + Copy + 'static) -> Option<Elementwise<F>> {
        Some(match (self.second, self.right) {
            // The order of these two is of no account: it does not change a bit.
            (Arithmetic::Add, _) => Elementwise::of(Both(move |a, b, c| first(a, b) + c)),
            (Arithmetic::Mul, _) => Elementwise::of(Both(move |a, b, c| first(a, b) * c)),
            (Arithmetic::Sub, false) => Elementwise::of(Both(move |a, b, c| first(a, b) - c)),
            (Arithmetic::Sub, true) => Elementwise::of(Both(move |a, b, c| c - first(a, b))),
            // A division takes longer than what a pair saves.
            (Arithmetic::Div | Arithmetic::StrongMul | Arithmetic::StrongDiv, _) => return None,
        })
    }
}

struct Both<C>(C);

impl<F: Real, C: Fn(F, F, F) -> F + Send + Sync> Loops<F> for Both<C> {
    fn operands(&self) -> usize {
        3
    }

    fn number(&self, a: F, b: F, c: F) -> F {
        (self.0)(a, b, c)
    }

    fn row(&self, level: Level, inputs: &[Lane<'_, F>], output: &mut [F]) {
        let f = &self.0;
        match *inputs {
            [Lane::Row(a), Lane::Row(b), Lane::Row(c)] => simd::each(level, output, [a, b, c], &|[a, b, c]| f(a, b, c)),
            [Lane::Number(a), Lane::Row(b), Lane::Row(c)] => simd::each(level, output, [b, c], &|[b, c]| f(a, b, c)),
            [Lane::Row(a), Lane::Number(b), Lane::Row(c)] => simd::each(level, output, [a, c], &|[a, c]| f(a, b, c)),
            [Lane::Row(a), Lane::Row(b), Lane::Number(c)] => simd::each(level, output, [a, b], &|[a, b]| f(a, b, c)),
            [a, b, c] => one_by_one(f, [a, b, c], output),
            _ => {}
        }
    }
}

/// `strong`, computed by `plain` where no element of its result is NaN. That suffices: addition and multiplication keep a NaN,
/// so a NaN in the first operation would be one in the result.
struct BothStrong<P, S> {
    plain: P,
    strong: S,
}

impl<F, P, S> Loops<F> for BothStrong<P, S>
where
    F: Real,
    P: Fn(F, F, F) -> F + Send + Sync,
    S: Fn(F, F, F) -> F + Send + Sync,
{
    fn operands(&self) -> usize {
        3
    }

    fn number(&self, a: F, b: F, c: F) -> F {
        (self.strong)(a, b, c)
    }

    fn row(&self, level: Level, inputs: &[Lane<'_, F>], output: &mut [F]) {
        let f = &self.plain;
        let is_done = match *inputs {
            [Lane::Row(a), Lane::Row(b), Lane::Row(c)] => {
                simd::each_unless_nan(level, output, [a, b, c], &|[a, b, c]| f(a, b, c))
            }
            [Lane::Number(a), Lane::Row(b), Lane::Row(c)] => {
                simd::each_unless_nan(level, output, [b, c], &|[b, c]| f(a, b, c))
            }
            [Lane::Row(a), Lane::Number(b), Lane::Row(c)] => {
                simd::each_unless_nan(level, output, [a, c], &|[a, c]| f(a, b, c))
            }
            [Lane::Row(a), Lane::Row(b), Lane::Number(c)] => {
                simd::each_unless_nan(level, output, [a, b], &|[a, b]| f(a, b, c))
            }
            _ => false,
        };
        if let ([a, b, c], false) = (inputs, is_done) {
            one_by_one(&self.strong, [*a, *b, *c], output);
        }
    }
}

fn one_by_one<F: Real>(f: &impl Fn(F, F, F) -> F, [a, b, c]: [Lane<'_, F>; 3], output: &mut [F]) {
    let at = |lane: Lane<'_, F>, i: usize| match lane {
        Lane::Row(row) => row[i],
        Lane::Number(x) => x,
    };
    output.iter_mut().enumerate().for_each(|(i, y)| *y = f(at(a, i), at(b, i), at(c, i)));
}

#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod tests {
    use super::*;

    /// Every pair, with each operand a row or a number, is one operation after the other, to the bit.
    fn a_pair_is_one_after_the_other() {
        let rows = [
            [0.1f32, -2.5, 3.0, 1e20, 0.7, f32::NAN, 0.0, f32::INFINITY, -0.0, 0.0, 2.0],
            [1.3, 0.0, -0.3, 1e20, 1e-30, 2.0, f32::INFINITY, 0.0, f32::NAN, 0.0, f32::INFINITY],
            [7.1, 0.2, 9.0, -1e30, 3.0, 1.0, 2.0, 0.5, 1.0, f32::NAN, 0.0],
        ];
        let operations = [
            Arithmetic::Add,
            Arithmetic::Sub,
            Arithmetic::Mul,
            Arithmetic::Div,
            Arithmetic::StrongMul,
            Arithmetic::StrongDiv,
        ];
        let mut pairs = 0;
        for (first, second, right) in
            operations.iter().flat_map(|a| operations.iter().flat_map(|b| [(*a, *b, false), (*a, *b, true)]))
        {
            let Some(both) = (Pair { first, second, right }).elementwise::<f32>() else { continue };
            pairs += 1;
            let [first, second] = [first, second].map(Elementwise::<f32>::arithmetic);
            // Numbers, from the first to the last; without the last rows nothing is NaN.
            for (numbers, at, length) in (0..8 * 11).flat_map(|n| [(n % 8, n / 8, 11), (n % 8, n / 8 % 5, 5)]) {
                let lane = |k: usize| match numbers >> k & 1 {
                    1 => Lane::Number(rows[k][at]),
                    _ => Lane::Row(&rows[k][..length]),
                };
                let (mut middle, mut expected, mut got) = ([0.0; 11], [0.0; 11], [0.0; 11]);
                let (middle, expected, got) = (&mut middle[..length], &mut expected[..length], &mut got[..length]);
                first.row(&[lane(0), lane(1)], middle);
                let (l, r) = (Lane::Row(&*middle), lane(2));
                second.row(&if right { [r, l] } else { [l, r] }, expected);
                both.row(&[lane(0), lane(1), lane(2)], got);
                let same = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
                assert!(got.iter().zip(&*expected).all(same), "{both:?}, numbers {numbers:b}: {got:?}, {expected:?}");
            }
        }
        assert_eq!(pairs, 28);
    }

    self_tests!(a_pair_is_one_after_the_other);
}
