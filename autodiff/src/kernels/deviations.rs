//! Deviations from a weighted mean, Σⱼ wⱼ(dᵢ − dⱼ), and their adjoint, Σⱼ (wⱼgᵢ − wᵢgⱼ): what the derivatives of softmax and
//! its logarithm are made of.
//!
//! Written as dᵢ·Σw − Σ w·d and gᵢ·Σw − wᵢ·Σg, both would cancel at an element that has nearly all of the weight. So all is
//! measured from the element m of the largest |w|, whose own term is left out of every sum.

use super::copy::copy_to;
use super::lanes::with_block;
use super::pair::strong_product as product;
use super::simd::vectorized;
use super::softmax::along;
use super::sum::{CHUNK, chunk, tree};
use super::view::{View, ViewMut};
use crate::base::real::Real;

/// The elements of which the largest is sought at a time.
const WIDTH: usize = 8;

/// Σⱼ wⱼ(dᵢ − dⱼ) along `axis`. `memory` has room for w and d.
pub fn deviations<F: Real>(
    [w, d]: [View<'_, F>; 2],
    axis: usize,
    output: ViewMut<'_, F>,
    memory: &mut [F],
) {
    each_lane([w, d], axis, output, memory, deviations_of_rows, |y, w, d, m, block| {
        let own = d.at(m);
        let mean = sum(d.length, block, |j| product(w.at(j), d.at(j) - own));
        let weight = sum(d.length, block, |j| w.at(j));
        for j in 0..d.length {
            y[j * d.step] = product(weight, d.at(j) - own) - mean;
        }
    });
}

/// Σⱼ (wⱼgᵢ − wᵢgⱼ) along `axis`: the adjoint of [`deviations`]. `memory` has room for w and g.
pub fn deviations_adjoint<F: Real>(
    [w, g]: [View<'_, F>; 2],
    axis: usize,
    output: ViewMut<'_, F>,
    memory: &mut [F],
) {
    each_lane([w, g], axis, output, memory, adjoint_of_rows, |y, w, g, m, block| {
        let weights = sum(g.length, block, |j| if j == m { F::zero() } else { w.at(j) });
        let others = sum(g.length, block, |j| if j == m { F::zero() } else { g.at(j) });
        let (weight, total) = (weights + w.at(m), others + g.at(m));
        for j in 0..g.length {
            y[j * g.step] = product(weight, g.at(j)) - product(w.at(j), total);
        }
        y[m * g.step] = product(weights, g.at(m)) - product(w.at(m), others);
    });
}

/// The elements of a lane.
#[derive(Clone, Copy)]
struct Along<'a, F> {
    data: &'a [F],
    length: usize,
    step: usize,
}

impl<F: Real> Along<'_, F> {
    #[inline(always)]
    fn at(&self, j: usize) -> F {
        self.data[j * self.step]
    }
}

/// Σⱼ f(j), in the order of all sums.
#[inline(always)]
fn sum<F: Real>(length: usize, block: &mut [F], f: impl Fn(usize) -> F) -> F {
    let mut at = 0;
    tree(length, &mut |length| {
        let terms = &mut block[..length];
        terms.iter_mut().zip(at..).for_each(|(term, j)| *term = f(j));
        at += length;
        chunk(terms)
    })
}

/// The first element of the largest magnitude. A NaN is larger than nothing, and spoils its lane whatever this is.
#[inline(always)]
fn heaviest<F: Real>(w: &[F]) -> usize {
    let larger = |most: F, w: &F| if w.abs() > most { w.abs() } else { most };
    let (rows, rest) = w.as_chunks::<WIDTH>();
    let mut most = [F::zero(); WIDTH];
    for row in rows {
        most.iter_mut().zip(row).for_each(|(most, w)| *most = larger(*most, w));
    }
    let most = most.iter().chain(rest).fold(F::zero(), larger);
    w.iter().position(|w| w.abs() == most).unwrap_or(0)
}

vectorized! {
    /// [`deviations`] of short rows.
    fn deviations_of_rows(y: &mut [F], w: &[F], d: &[F], length: usize, block: &mut [F]) {
        let block = &mut block[..length];
        for ((y, w), d) in y.chunks_exact_mut(length).zip(w.chunks_exact(length)).zip(d.chunks_exact(length)) {
            let own = d[heaviest(w)];
            block.iter_mut().zip(w).zip(d).for_each(|((term, w), d)| *term = product(*w, *d - own));
            let (mean, weight) = (chunk(block), chunk(w));
            y.iter_mut().zip(d).for_each(|(y, d)| *y = product(weight, *d - own) - mean);
        }
    }
}

vectorized! {
    /// [`deviations_adjoint`] of short rows.
    fn adjoint_of_rows(y: &mut [F], w: &[F], g: &[F], length: usize, block: &mut [F]) {
        let block = &mut block[..length];
        for ((y, w), g) in y.chunks_exact_mut(length).zip(w.chunks_exact(length)).zip(g.chunks_exact(length)) {
            let m = heaviest(w);
            block.copy_from_slice(w);
            block[m] = F::zero();
            let weights = chunk(block);
            block.copy_from_slice(g);
            block[m] = F::zero();
            let others = chunk(block);
            let (weight, total) = (weights + w[m], others + g[m]);
            for ((y, w), g) in y.iter_mut().zip(w).zip(g) {
                *y = product(weight, *g) - product(*w, total);
            }
            y[m] = product(weights, g[m]) - product(w[m], others);
        }
    }
}

/// `f(y, w, d, m, block)` for each lane, and `rows(y, w, d, length, block)` for short rows; m is the first element of the
/// largest weight.
fn each_lane<F: Real>(
    [w, d]: [View<'_, F>; 2],
    axis: usize,
    output: ViewMut<'_, F>,
    memory: &mut [F],
    rows: impl Fn(&mut [F], &[F], &[F], usize, &mut [F]),
    f: impl Fn(&mut [F], Along<'_, F>, Along<'_, F>, usize, &mut [F]),
) {
    let (length, step) = along(w, axis);
    let y = output.into_slice();
    if y.is_empty() {
        return;
    }
    let (first, second) = memory.split_at_mut(y.len());
    let (w, d) = (whole(w, first), whole(d, second));
    with_block(length.min(CHUNK), |block| {
        if step == 1 && length <= CHUNK {
            return rows(y, w, d, length, block);
        }
        let lanes = y.chunks_mut(length * step).zip(w.chunks(length * step)).zip(d.chunks(length * step));
        for ((y, w), d) in lanes {
            for column in 0..step {
                let [w, d] = [w, d].map(|data| Along { data: &data[column..], length, step });
                let m = (1..length).fold(0, |m, j| if w.at(j).abs() > w.at(m).abs() { j } else { m });
                f(&mut y[column..], w, d, m, block);
            }
        }
    });
}

/// The elements of x one behind the other: where they lie, or copied to `memory`.
fn whole<'a, F: Real>(x: View<'a, F>, memory: &'a mut [F]) -> &'a [F] {
    match x.as_slice() {
        Some(x) => x,
        None => {
            copy_to(x, memory);
            memory
        }
    }
}
