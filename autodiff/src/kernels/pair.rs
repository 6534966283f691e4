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
        }
    }
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
            Arithmetic::Add => self.with(|a: F, b| Arithmetic::Add.of(a, b))?,
            Arithmetic::Sub => self.with(|a: F, b| Arithmetic::Sub.of(a, b))?,
            Arithmetic::Mul => self.with(|a: F, b| Arithmetic::Mul.of(a, b))?,
            Arithmetic::Div => self.with(|a: F, b| Arithmetic::Div.of(a, b))?,
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
            (Arithmetic::Div, _) => return None,
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
            [a, b, c] => {
                let at = |lane: Lane<'_, F>, i: usize| match lane {
                    Lane::Row(row) => row[i],
                    Lane::Number(x) => x,
                };
                output.iter_mut().enumerate().for_each(|(i, y)| *y = f(at(a, i), at(b, i), at(c, i)));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pair, with each operand a row or a number, is one operation after the other, to the bit.
    #[test]
    fn a_pair_is_one_after_the_other() {
        let rows = [
            [0.1f32, -2.5, 3.0, 1e20, 0.7, f32::NAN],
            [1.3, 0.0, -0.3, 1e20, 1e-30, 2.0],
            [7.1, 0.2, 9.0, -1e30, 3.0, 1.0],
        ];
        let operations = [Arithmetic::Add, Arithmetic::Sub, Arithmetic::Mul, Arithmetic::Div];
        let mut pairs = 0;
        for (first, second, right) in
            operations.iter().flat_map(|a| operations.iter().flat_map(|b| [(*a, *b, false), (*a, *b, true)]))
        {
            let Some(both) = (Pair { first, second, right }).elementwise::<f32>() else { continue };
            pairs += 1;
            let [first, second] = [first, second].map(Elementwise::<f32>::arithmetic);
            for numbers in 0..8 {
                let lane =
                    |k: usize| if numbers >> k & 1 == 1 { Lane::Number(rows[k][0]) } else { Lane::Row(&rows[k]) };
                let (mut middle, mut expected, mut got) = ([0.0; 6], [0.0; 6], [0.0; 6]);
                first.row(&[lane(0), lane(1)], &mut middle);
                let (l, r) = (Lane::Row(&middle[..]), lane(2));
                second.row(&if right { [r, l] } else { [l, r] }, &mut expected);
                both.row(&[lane(0), lane(1), lane(2)], &mut got);
                assert_eq!(got.map(f32::to_bits), expected.map(f32::to_bits), "{both:?}, numbers {numbers:b}");
            }
        }
        assert_eq!(pairs, 24);
    }
}
