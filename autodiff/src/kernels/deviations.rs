//! Deviations from a weighted mean, dᵢ − Σⱼ wⱼdⱼ, and their adjoint, gᵢ − wᵢ·Σⱼ gⱼ: what the derivatives of softmax and its
//! logarithm are made of.
//!
//! Computed as they are written, both would cancel at an element m that has nearly all of the weight. With weights that sum to
//! 1, the first is (dᵢ − dₘ) − Σⱼ wⱼ(dⱼ − dₘ), and the second, at m, gₘ·Σ_{j≠m} wⱼ − wₘ·Σ_{j≠m} gⱼ. What the weights lack of
//! a sum of 1 is added, unless it is no more than their rounding.

use super::copy::copy_to;
use super::lanes::with_block;
use super::pair::strong_product as product;
use super::simd::vectorized;
use super::softmax::along;
use super::sum::{CHUNK, chunk, tree};
use super::tile::{self, First, SIDE, Tile};
use super::view::{View, ViewMut};
use crate::base::real::Real;

/// dᵢ − Σⱼ wⱼdⱼ along `axis`. `memory` has room for w and d.
pub fn deviations<F: Real>([w, d]: [View<'_, F>; 2], axis: usize, output: ViewMut<'_, F>, memory: &mut [F]) {
    each_lane([w, d], axis, output, memory, deviations_of_rows, |y, w, d, m, block| {
        let own = own_of(w.at(m), d.at(m));
        let mean = sum(d.length, block, |j| product(w.at(j), d.at(j) - own));
        let missing = missing(sum(d.length, block, |j| w.at(j)), d.length);
        let mean = mean - product(missing, own);
        for j in 0..d.length {
            y[j * d.step] = (d.at(j) - own) - mean;
        }
    });
}

/// gᵢ − wᵢ·Σⱼ gⱼ along `axis`: the adjoint of [`deviations`]. `memory` has room for w and g.
pub fn deviations_adjoint<F: Real>([w, g]: [View<'_, F>; 2], axis: usize, output: ViewMut<'_, F>, memory: &mut [F]) {
    each_lane([w, g], axis, output, memory, adjoint_of_rows, |y, w, g, m, block| {
        let weights = sum(g.length, block, |j| if j == m { F::zero() } else { w.at(j) });
        let others = sum(g.length, block, |j| if j == m { F::zero() } else { g.at(j) });
        let (rest, total) = (weights + missing(weights + w.at(m), g.length), others + g.at(m));
        for j in 0..g.length {
            y[j * g.step] = g.at(j) - product(w.at(j), total);
        }
        y[m * g.step] = product(rest, g.at(m)) - product(w.at(m), others);
    });
}

/// The element that others are measured from, if it has most of the weight; else 0.
#[inline(always)]
fn own_of<F: Real>(w: F, d: F) -> F {
    if w.abs() > F::of(0.5) { d } else { F::zero() }
}

/// What weights of this sum lack of 1; 0 where it may be their rounding.
#[inline(always)]
fn missing<F: Real>(sum: F, length: usize) -> F {
    let missing = F::one() - sum;
    let rounding = F::of(f64::from(16 + 4 * (usize::BITS - length.leading_zeros()))) * F::epsilon();
    if missing.abs() <= rounding { F::zero() } else { missing }
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

    /// The first element of the largest magnitude. A NaN is larger than nothing, and spoils its lane whatever this is.
    #[inline(always)]
    fn heaviest(&self) -> usize {
        (1..self.length).fold(0, |m, j| if self.at(j).abs() > self.at(m).abs() { j } else { m })
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

vectorized! {
    /// [`deviations`] of rows of up to 1,024 elements.
    fn deviations_of_rows(y: &mut [F], w: &[F], d: &[F], length: usize, block: &mut [F]) {
        if length <= SIDE {
            let mut tiles = [[[F::zero(); SIDE]; SIDE]; 2];
            let size = SIDE * length;
            for ((y, w), d) in y.chunks_mut(size).zip(w.chunks(size)).zip(d.chunks(size)) {
                deviations_of_tile(y, w, d, length, &mut tiles);
            }
            return;
        }
        let block = &mut block[..length];
        for ((y, w), d) in y.chunks_exact_mut(length).zip(w.chunks_exact(length)).zip(d.chunks_exact(length)) {
            let m = Along { data: w, length, step: 1 }.heaviest();
            let own = own_of(w[m], d[m]);
            block.iter_mut().zip(w).zip(d).for_each(|((term, w), d)| *term = product(*w, *d - own));
            let mean = chunk(block) - product(missing(chunk(w), length), own);
            y.iter_mut().zip(d).for_each(|(y, d)| *y = (*d - own) - mean);
        }
    }
}

vectorized! {
    /// [`deviations_adjoint`] of rows of up to 1,024 elements.
    fn adjoint_of_rows(y: &mut [F], w: &[F], g: &[F], length: usize, block: &mut [F]) {
        if length <= SIDE {
            let mut tiles = [[[F::zero(); SIDE]; SIDE]; 2];
            let size = SIDE * length;
            for ((y, w), g) in y.chunks_mut(size).zip(w.chunks(size)).zip(g.chunks(size)) {
                adjoint_of_tile(y, w, g, length, &mut tiles);
            }
            return;
        }
        let block = &mut block[..length];
        for ((y, w), g) in y.chunks_exact_mut(length).zip(w.chunks_exact(length)).zip(g.chunks_exact(length)) {
            let m = Along { data: w, length, step: 1 }.heaviest();
            let mut without = |x: &[F]| {
                block.copy_from_slice(x);
                block[m] = F::zero();
                chunk(block)
            };
            let (weights, others) = (without(w), without(g));
            let (rest, total) = (weights + missing(weights + w[m], length), others + g[m]);
            for ((y, w), g) in y.iter_mut().zip(w).zip(g) {
                *y = *g - product(*w, total);
            }
            y[m] = product(rest, g[m]) - product(w[m], others);
        }
    }
}

/// The largest magnitude of each row.
#[inline(always)]
fn largest_magnitudes<F: Real>(w: &[[F; SIDE]]) -> [F; SIDE] {
    let mut most = [F::zero(); SIDE];
    for w in w {
        most.iter_mut().zip(w).for_each(|(most, w)| *most = if w.abs() > *most { w.abs() } else { *most });
    }
    most
}

#[inline(always)]
fn deviations_of_tile<F: Real>(y: &mut [F], w: &[F], d: &[F], length: usize, [tile, weights]: &mut [Tile<F>; 2]) {
    tile::load(weights, w, length, length, y.len() / length);
    tile::load(tile, d, length, length, y.len() / length);
    let (w, d) = (&weights[..length], &mut tile[..length]);
    let most = largest_magnitudes(w);
    let (mut first, mut own) = (First::<F>::new(), d[0]);
    for (w, d) in w.iter().zip(&*d) {
        for r in 0..SIDE {
            own[r] = if first.is(r, w[r].abs() == most[r]) { own_of(w[r], d[r]) } else { own[r] };
        }
    }
    let (mut mean, mut weight) = ([F::neg_zero(); SIDE], [F::neg_zero(); SIDE]);
    for (w, d) in w.iter().zip(&mut *d) {
        for r in 0..SIDE {
            d[r] = d[r] - own[r];
            mean[r] = mean[r] + product(w[r], d[r]);
            weight[r] = weight[r] + w[r];
        }
    }
    for r in 0..SIDE {
        mean[r] = mean[r] - product(missing(weight[r], length), own[r]);
    }
    for d in &mut *d {
        for r in 0..SIDE {
            d[r] = d[r] - mean[r];
        }
    }
    tile::store(tile, y, length);
}

#[inline(always)]
fn adjoint_of_tile<F: Real>(y: &mut [F], w: &[F], g: &[F], length: usize, [tile, weights]: &mut [Tile<F>; 2]) {
    tile::load(weights, w, length, length, y.len() / length);
    tile::load(tile, g, length, length, y.len() / length);
    let (w, g) = (&weights[..length], &mut tile[..length]);
    let most = largest_magnitudes(w);
    let (mut weights, mut others) = ([F::neg_zero(); SIDE], [F::neg_zero(); SIDE]);
    let (mut first, mut own_w, mut own_g) = (First::<F>::new(), w[0], g[0]);
    for (w, g) in w.iter().zip(&*g) {
        for r in 0..SIDE {
            let is = first.is(r, w[r].abs() == most[r]);
            (own_w[r], own_g[r]) = if is { (w[r], g[r]) } else { (own_w[r], own_g[r]) };
            let (w, g) = if is { (F::zero(), F::zero()) } else { (w[r], g[r]) };
            (weights[r], others[r]) = (weights[r] + w, others[r] + g);
        }
    }
    let (mut rest, mut total) = (weights, others);
    for r in 0..SIDE {
        rest[r] = weights[r] + missing(weights[r] + own_w[r], length);
        total[r] = others[r] + own_g[r];
    }
    let mut first = First::<F>::new();
    for (w, g) in w.iter().zip(g) {
        for r in 0..SIDE {
            let is = first.is(r, w[r].abs() == most[r]);
            let own = if is { product(rest[r], g[r]) } else { g[r] };
            g[r] = own - product(w[r], if is { others[r] } else { total[r] });
        }
    }
    tile::store(tile, y, length);
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
                f(&mut y[column..], w, d, w.heaviest(), block);
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
